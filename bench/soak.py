#!/usr/bin/env python3
"""soak: does the log keep up with a steady load of real DNS queries, and at what cost?

Question: at 10,000 queries/s for 10 minutes through `weir serve` as it is configured by default, is an event dropped,
how full does the buffer get, how long do answers and flushes take, what CPU and memory does the whole process need?
Rival: the source documents of Weir allow a loss of 0.1 %; a log on and a log off run differ by what the log costs.
Times are upper edges of buckets, of the whole run with its warm-up; an answer's counts from its query's arrival.

Load: dnsperf over a file of 200,000 lines, Zipf(1.0) over the names of shared/data where they are present (else names
of our own), one of 20 from the block list; nsd is the upstream. Server, client and upstream share the machine. The
buffer's fill is read from /metrics four times a second.

  soak.py [--smoke] [--json]      WEIR_BINARY names the binary
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
os.environ.setdefault("WEIR_BINARY", str(ROOT / "build" / "release" / "weir"))

from processes import http  # noqa: E402
from stage import Stage, ledger_sum, zipf  # noqa: E402

RATE = 10_000
LINES = 200_000
TICKS = os.sysconf("SC_CLK_TCK")


class Metrics:
    """One reading of /metrics."""

    def __init__(self, port):
        _, text, _ = http("GET", f"http://127.0.0.1:{port}/metrics")
        self.values = {name: float(value) for name, value in re.findall(r"^(weir_\S+) (\S+)$", text, re.MULTILINE)}

    def __getitem__(self, name):
        return self.values[name]

    def sum(self, prefix):
        return sum(value for name, value in self.values.items() if name.startswith(prefix))

    def percentile_bound(self, histogram, share):
        """The upper edge of the bucket that holds this share of a histogram."""
        wanted = share * self[f"{histogram}_count"]
        edges = {float(edge): value for name, value in self.values.items()
                 for edge in re.findall(rf'^{histogram}_bucket{{le="(.+)"}}$', name)}
        return min(edge for edge, value in edges.items() if value >= wanted)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(pid, which):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{which}:\s+(\d+) kB", status, re.MULTILINE).group(1)) / 1024


def write_load(stage):
    names = zipf(stage.names, LINES, seed=1)
    ads = zipf(stage.ads, LINES // 20, seed=2)
    names[::20] = ads
    path = stage.folder / "load.txt"
    path.write_text("".join(f"{name} A\n" for name in names))
    return path


def run_load(stage, load, seconds):
    """dnsperf at RATE; the highest fill of the buffer in percent, and what dnsperf printed."""
    client = subprocess.Popen(["dnsperf", "-s", "127.0.0.1", "-p", str(stage.dns_port), "-d", str(load), "-c", "8",
                               "-q", "1000", "-Q", str(RATE), "-l", str(seconds)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    fill = 0
    while client.poll() is None:
        now = Metrics(stage.http_port)
        fill = max(fill, 100 * now["weir_query_buffer_size"] / now["weir_query_buffer_capacity"])
        time.sleep(0.25)
    return fill, client.communicate()[0]


def measure(seconds, enabled):
    with Stage() as stage:
        load = write_load(stage)
        stage.start_weir(flush_interval="5s", enabled=enabled)
        pid = stage.weir.child.pid
        run_load(stage, load, 2)  # the cache is warm, all memory that is always there is touched
        memory, cpu = resident_mib(pid, "VmRSS"), cpu_seconds(pid)
        fill, report = run_load(stage, load, seconds)
        completed = int(re.search(r"Queries completed:\s+(\d+)", report).group(1))
        lost = int(re.search(r"Queries lost:\s+(\d+)", report).group(1))
        cpu_us = (cpu_seconds(pid) - cpu) * 1e6 / completed
        metrics = Metrics(stage.http_port)
        ledger = stage.native("ledger")
        if ledger["offered"] != ledger_sum(ledger):
            raise AssertionError(f"the ledger does not add up: {ledger}")
        peak = resident_mib(pid, "VmHWM")
        return {"cpu_us": cpu_us, "completed": completed, "unanswered": lost, "fill": fill,
                "per_second": completed / seconds, "metrics": metrics, "peak": peak, "memory": peak - memory,
                "errors": stage.weir.output().count("[error]")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    logged = measure(4 if arguments.smoke else 600, True)
    plain = measure(4 if arguments.smoke else 60, False)
    metrics = logged["metrics"]
    duration = "weir_batch_flush_duration_seconds"

    def answer_ms(run, share):
        return 1000 * run["metrics"].percentile_bound("weir_dns_query_duration_seconds", share)

    rows = [
        ("answered", logged["per_second"], "queries/s", "asked", RATE),
        ("unanswered", logged["unanswered"], "queries", "", None),
        ("dropped", metrics.sum("weir_dropped_queries_total"), "events", "0.1 % of them", logged["completed"] / 1000),
        ("buffer, highest", logged["fill"], "% full", "", None),
        *[(f"answer p{100 * share:g}, at most", answer_ms(logged, share), "ms", "log off", answer_ms(plain, share))
          for share in (0.5, 0.99, 0.999)],
        ("flush p99, at most", 1000 * metrics.percentile_bound(duration, 0.99), "ms", "", None),
        ("storage retries", metrics["weir_storage_retries_total"], "", "", None),
        ("errors logged", logged["errors"], "", "", None),
        ("CPU, log on", logged["cpu_us"], "us/query", "log off", plain["cpu_us"]),
        ("memory grown", logged["memory"], "MiB", "", None),
        ("memory, highest", logged["peak"], "MiB", "log off", plain["peak"]),
    ]
    for name, value, unit, rival, rival_value in rows:
        ratio = value / rival_value if rival_value else None
        if arguments.json:
            print(json.dumps({"bench": "soak", "case": name, "value": value, "unit": unit, "rival": rival or None,
                              "rival_value": rival_value, "ratio": ratio,
                              "machine": os.environ.get("WEIR_MACHINE", ""),
                              "commit": os.environ.get("WEIR_COMMIT", "")}))
        else:
            against = f"; {rival}: {rival_value:.6g}, ratio {ratio:.3g}" if rival_value else ""
            print(f"soak {name}: {value:.6g} {unit}{against}")


if __name__ == "__main__":
    main()
