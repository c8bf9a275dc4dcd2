#!/usr/bin/env python3
"""soak: does the log keep up with a steady load of real DNS queries, at what cost, and how does it grow?

Question: at 10,000 queries/s for 10 minutes through `weir serve` as it is configured by default, is an event dropped,
how full does the buffer get, how long do answers and flushes take, what CPU and memory does the whole process need,
what does an event take on the disk? And what does it cost when retention removes as many events as come?
Rival: the source documents of Weir allow a loss of 0.1 %; a log on and a log off run differ by what the log costs, and
one with clean-up and one without by what that costs. Times are upper edges of buckets, of the whole run with its
warm-up; an answer's counts from its query's arrival.

Four runs: the log on, for all of the time; off, for a tenth of it; with clean-up and without, for a fifth each. These
two begin with old events (aged_log), as many as will come, an hour of them on each of six days, merged. Six reloads at
even times change retention_days, in one run from 7 down to 1, so that each removes a sixth, in the other upwards, so
that nothing is removed and everything else is the same.

Load: dnsperf over a file of 200,000 lines, Zipf(1.0) over the names of shared/data where they are present (else names
of our own), one of 20 from the block list; nsd is the upstream. Server, client and upstream share the machine. The
buffer's fill and the files' sizes are read from /metrics four times a second.

  soak.py [--rate QPS] [--minutes N] [--smoke] [--json]      WEIR_BINARY and WEIR_AGED_LOG name the programs
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
os.environ.setdefault("WEIR_BINARY", str(ROOT / "build" / "release" / "weir"))

from processes import http, wait_until  # noqa: E402
from stage import WEIR, Stage, ledger_sum, zipf  # noqa: E402

AGED_LOG = os.environ.get("WEIR_AGED_LOG", str(ROOT / "build" / "release" / "bench" / "aged_log"))
OLD_DAYS = 6
MIB = 1 << 20
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


def disk_bytes(metrics):
    return metrics["weir_storage_database_bytes"] + metrics["weir_storage_wal_bytes"]


def run_load(stage, load, rate, seconds, each_time=lambda elapsed: None):
    """dnsperf at this rate; the buffer's highest fill in percent, the most bytes on the disk, and dnsperf's report."""
    client = subprocess.Popen(["dnsperf", "-s", "127.0.0.1", "-p", str(stage.dns_port), "-d", str(load), "-c", "8",
                               "-q", "1000", "-Q", str(rate), "-l", str(seconds)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    fill = disk = 0
    begin = time.monotonic()
    while client.poll() is None:
        now = Metrics(stage.http_port)
        fill = max(fill, 100 * now["weir_query_buffer_size"] / now["weir_query_buffer_capacity"])
        disk = max(disk, disk_bytes(now))
        each_time(time.monotonic() - begin)
        time.sleep(0.25)
    return fill, disk, client.communicate()[0]


def measure(stage, rate, seconds, each_time=lambda elapsed: None):
    """Of a weir that has started."""
    load = write_load(stage)
    pid = stage.weir.child.pid
    run_load(stage, load, rate, 2)  # the cache is warm, all memory that is always there is touched
    memory, cpu = resident_mib(pid, "VmRSS"), cpu_seconds(pid)
    fill, disk, report = run_load(stage, load, rate, seconds, each_time)
    completed = int(re.search(r"Queries completed:\s+(\d+)", report).group(1))
    lost = int(re.search(r"Queries lost:\s+(\d+)", report).group(1))
    cpu_us = (cpu_seconds(pid) - cpu) * 1e6 / completed
    wait_until(lambda: Metrics(stage.http_port)["weir_query_buffer_size"] == 0, "what is in the buffer to be stored")
    metrics = Metrics(stage.http_port)
    ledger = stage.native("ledger")
    if ledger["offered"] != ledger_sum(ledger):
        raise AssertionError(f"the ledger does not add up: {ledger}")
    peak = resident_mib(pid, "VmHWM")
    return {"cpu_us": cpu_us, "completed": completed, "unanswered": lost, "fill": fill, "disk": disk,
            "per_second": completed / seconds, "metrics": metrics, "peak": peak, "memory": peak - memory,
            "errors": stage.weir.output().count("[error]")}


def measure_logged(rate, seconds):
    with Stage() as stage:
        stage.start_weir(flush_interval="5s")
        return measure(stage, rate, seconds)


def measure_plain(rate, seconds):
    with Stage() as stage:
        stage.start_weir(flush_interval="5s", enabled=False)
        return measure(stage, rate, seconds)


def keep_days(stage, days):
    """Sets retention_days of a running weir, which then removes what is older at once."""
    config = stage.folder / "weir.yaml"
    config.write_text(re.sub(r'"retention_days": \d+', f'"retention_days": {days}', config.read_text()))
    stage.weir.child.send_signal(signal.SIGHUP)


def measure_aged(rate, seconds, days_step):
    """A log with old events, of which a reload each sixth of the time keeps `days_step` days more."""
    with Stage() as stage:
        data = str(stage.folder / "data")
        old = rate * seconds // OLD_DAYS * OLD_DAYS
        subprocess.run([AGED_LOG, data, str(old), str(OLD_DAYS)], check=True)
        subprocess.run([WEIR, "compact", "--data", data], check=True, stdout=subprocess.DEVNULL)
        stage.start_weir(flush_interval="5s", retention_days=OLD_DAYS + 1)
        reloads = 0

        def reload_in_time(elapsed):
            nonlocal reloads
            if reloads < OLD_DAYS and elapsed > (reloads + 0.5) * seconds / OLD_DAYS:
                reloads += 1
                keep_days(stage, OLD_DAYS + 1 + reloads * days_step)

        run = measure(stage, rate, seconds, reload_in_time)
        return {**run, "old": old, "expired": run["metrics"]['weir_expired_queries{reason="retention"}']}


def answer_ms(run, share):
    return 1000 * run["metrics"].percentile_bound("weir_dns_query_duration_seconds", share)


def flush_ms(run, share):
    return 1000 * run["metrics"].percentile_bound("weir_batch_flush_duration_seconds", share)


def dropped(run):
    return run["metrics"].sum("weir_dropped_queries_total")


def load_rows(rate, logged, plain):
    """Case, value, unit, rival, the rival's value."""
    return [
        ("answered", logged["per_second"], "queries/s", "asked", rate),
        ("unanswered", logged["unanswered"], "queries", "", None),
        ("dropped", dropped(logged), "events", "0.1 % of them", logged["completed"] / 1000),
        ("buffer, highest", logged["fill"], "% full", "", None),
        *[(f"answer p{100 * share:g}, at most", answer_ms(logged, share), "ms", "log off", answer_ms(plain, share))
          for share in (0.5, 0.99, 0.999)],
        ("flush p99, at most", flush_ms(logged, 0.99), "ms", "", None),
        ("storage retries", logged["metrics"]["weir_storage_retries_total"], "", "", None),
        ("errors logged", logged["errors"], "", "", None),
        ("CPU, log on", logged["cpu_us"], "us/query", "log off", plain["cpu_us"]),
        ("memory grown", logged["memory"], "MiB", "", None),
        ("memory, highest", logged["peak"], "MiB", "log off", plain["peak"]),
    ]


def growth_rows(logged):
    metrics = logged["metrics"]
    stored = metrics["weir_storage_events_total"]
    database = metrics["weir_storage_database_bytes"]
    return [
        ("stored", stored, "events", "", None),
        ("database at the end", database / stored, "bytes/event", "", None),
        ("database and WAL at the end", disk_bytes(metrics) / stored, "bytes/event", "", None),
        ("database and WAL, largest", max(logged["disk"], disk_bytes(metrics)) / MIB, "MiB", "", None),
    ]


def clean_up_rows(cleaned, kept):
    return [
        ("clean-up: expired", cleaned["expired"], "events", "old ones", cleaned["old"]),
        ("clean-up: dropped", dropped(cleaned), "events", "", None),
        ("clean-up: CPU", cleaned["cpu_us"], "us/query", "without", kept["cpu_us"]),
        ("clean-up: flush p99, at most", flush_ms(cleaned, 0.99), "ms", "without", flush_ms(kept, 0.99)),
        ("clean-up: buffer, highest", cleaned["fill"], "% full", "without", kept["fill"]),
    ]


def machine():
    """As the other benches name it."""
    models = re.findall(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return os.environ.get("WEIR_MACHINE") or f"{models[0] if models else 'unknown processor'} × {os.cpu_count()}"


def commit():
    return os.environ.get("WEIR_COMMIT") or "unknown"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=10_000, metavar="QPS")
    parser.add_argument("--minutes", type=int, default=10, metavar="N")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rate, seconds = arguments.rate, 60 * arguments.minutes
    if not arguments.json:
        print(f"soak on {machine()}, commit {commit()}")
    whole, tenth, fifth = (3, 3, 3) if arguments.smoke else (seconds, seconds // 10, seconds // 5)
    logged = measure_logged(rate, whole)
    rows = load_rows(rate, logged, measure_plain(rate, tenth)) + growth_rows(logged)
    rows += clean_up_rows(measure_aged(rate, fifth, -1), measure_aged(rate, fifth, 1))
    for name, value, unit, rival, rival_value in rows:
        ratio = value / rival_value if rival_value else None
        if arguments.json:
            print(json.dumps({"bench": "soak", "case": name, "value": value, "unit": unit, "rival": rival or None,
                              "rival_value": rival_value, "ratio": ratio,
                              "machine": machine(), "commit": commit()}))
        else:
            against = f"; {rival}: {rival_value:.6g}, ratio {ratio:.3g}" if rival_value else ""
            print(f"soak {name}: {value:.6g} {unit}{against}")


if __name__ == "__main__":
    main()
