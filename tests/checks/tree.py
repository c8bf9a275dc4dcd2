"""What the checks of the tree share: which files are ours, and their text."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
GENERATED = ("package-lock.json", "tests/golden/", "tests/fuzz/corpus/")


def files(*suffixes):
    """Files of the project with one of these suffixes, as paths relative to its root."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive
        skip = {"build", "node_modules", ".tools", "data", "dist", ".git", ".wrangler"}
        listed = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")
                  if path.is_file() and not skip & set(path.relative_to(ROOT).parts)]
    return sorted(pathlib.PurePosixPath(name) for name in listed
                  if name.endswith(suffixes) and not name.startswith(GENERATED)
                  and (ROOT / name).is_file())


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")
