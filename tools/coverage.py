#!/usr/bin/env python3
"""Prints which share of the lines of each folder ran, of gcovr's summary.

  coverage.py SUMMARY.json        as `gcovr --json-summary` writes it

A line counts if the compiler made code of it, so declarations and comments do not.
"""

import collections
import json
import pathlib
import sys


def folders(files):
    """Folder, lines that ran and lines in all, sorted; the sum of all of them stands last."""
    sums = collections.defaultdict(lambda: [0, 0])
    for file in files:
        for name in (str(pathlib.PurePosixPath(file["filename"]).parent), "total"):
            sums[name][0] += file["line_covered"]
            sums[name][1] += file["line_total"]
    total = sums.pop("total", [0, 0])
    return [*sorted(sums.items()), ("total", total)]


def main():
    summary = json.loads(pathlib.Path(sys.argv[1]).read_text())
    print(f"{'folder':<24}{'lines':>8}{'ran':>8}{'share':>9}")
    for name, (ran, lines) in folders(summary["files"]):
        print(f"{name:<24}{lines:>8}{ran:>8}{100 * ran / max(lines, 1):>7.1f} %")


if __name__ == "__main__":
    main()
