"""The stage of an end-to-end test: one home (nsd, weir) and one edge (the Worker in Miniflare), with their files."""

import collections
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import urllib.parse

from processes import ROOT, Process, free_port, http, start_nsd, wait_until

WEIR = os.environ.get("WEIR_BINARY", str(ROOT / "build" / "dev" / "weir"))
DUMP = os.environ.get("WEIR_SEGMENT_DUMP", str(ROOT / "build" / "dev" / "segment_dump"))
SITE = "home"
TOKEN = "e2e-token-of-the-home-site"
TOP_LIMIT = 20

OWN_NAMES = [f"host{number}.example{number % 7}.test" for number in range(140)]
OWN_ADS = [f"ads{number}.tracker.test" for number in range(40)]


def shared_data():
    """The folder with real name lists, or None."""
    folder = pathlib.Path(os.environ.get("WEIR_SHARED_DATA", ROOT.parent / "shared" / "data"))
    return folder if (folder / "adservers.hosts").is_file() else None


def read_names():
    """Names to ask for, names of the block list, and the list's file text."""
    folder = shared_data()
    if folder is None:
        print("no real name lists here: using names of our own", file=sys.stderr)
        return OWN_NAMES, OWN_ADS, "".join(f"0.0.0.0 {name}\n" for name in OWN_ADS)
    text = (folder / "adservers.hosts").read_text()
    ads = [line.split()[1].lower() for line in text.splitlines()
           if line.startswith("0.0.0.0 ") and len(line.split()) == 2]
    blocked = set(ads)
    wanted = [name.strip().lower() for file in ("top-domains.txt", "random-domains.txt")
              for name in (folder / file).read_text().splitlines()[:75]]
    names = [name for name in dict.fromkeys(wanted) if name not in blocked]
    return names[:140], ads[100:40 * 500:500], text


def zipf(names, count, seed):
    """`count` names with a Zipf distribution of exponent 1 over the list's order."""
    return random.Random(seed).choices(names, [1 / (rank + 1) for rank in range(len(names))], k=count)


class Stage:
    """Owns the processes; `with Stage() as stage:` leaves none behind."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="weir-e2e-")
        self.folder = pathlib.Path(self.temporary.name)
        self.processes = []
        self.nsd_port = self.dns_port = self.http_port = self.edge_port = 0
        self.weir = self.edge = None

    def __enter__(self):
        try:
            nsd, self.nsd_port = start_nsd(self.folder / "nsd")
            self.processes.append(nsd)
            self.names, self.ads, list_text = read_names()
            (self.folder / "ads.hosts").write_text(list_text)
            self.dns_port, self.http_port, self.edge_port = free_port(), free_port(), free_port()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
        self.temporary.cleanup()

    # --- Parts ---

    def start_weir(self, forward_port=None, **options):
        """`weir serve`, ready to answer. Options are lines of the query_log section."""
        query_log = {"flush_interval": "200ms", "retention_days": 7, **options}
        config = (
            f'data_dir: {self.folder}/data\ndns: {{listen: ["127.0.0.1:{self.dns_port}"], threads: 2}}\n'
            f'upstreams: ["udp://127.0.0.1:{self.nsd_port}"]\n'
            f'blocking: {{lists: [{{name: ads, source: {self.folder}/ads.hosts}}]}}\n'
            'local_records: [{name: nas.home, type: A, content: 192.168.1.10, ttl: 300}]\n'
            f'http: {{listen: ["127.0.0.1:{self.http_port}"]}}\n'
            f"query_log: {json.dumps(query_log)}\n")
        if forward_port:
            config += (f'forward: {{url: "http://127.0.0.1:{forward_port}", site: {SITE}, '
                       'token: "${WEIR_E2E_TOKEN}", interval: 1s}\n')
        (self.folder / "weir.yaml").write_text(config)
        self.weir = Process("weir", [WEIR, "serve", "--config", str(self.folder / "weir.yaml")],
                            env={**os.environ, "WEIR_E2E_TOKEN": TOKEN})
        self.processes.append(self.weir)
        self._wait_ready()

    def start_edge(self):
        """The Worker in Miniflare; its database stays when it is stopped."""
        self.edge = Process("edge", ["node", "tools/edge.mjs", "--port", str(self.edge_port), "--site", SITE,
                                     "--token", TOKEN, "--state", str(self.folder / "edge")])
        self.processes.append(self.edge)
        self.edge.wait_line(f"http://127.0.0.1:{self.edge_port}")

    def _wait_ready(self):
        self.weir.wait_line("ready")
        status, body, _ = http("GET", f"http://127.0.0.1:{self.http_port}/readyz")
        if status != 200:
            raise AssertionError(f"/readyz answered {status}: {body}")

    # --- Reading ---

    def native(self, path, **parameters):
        return self._get(self.http_port, path, parameters)

    def at_edge(self, path, **parameters):
        return self._get(self.edge_port, path, parameters, {"Authorization": f"Bearer {TOKEN}"})

    @staticmethod
    def _get(port, path, parameters, headers=None):
        query = urllib.parse.urlencode(parameters)
        status, body, _ = http("GET", f"http://127.0.0.1:{port}/api/v1/{path}" + (f"?{query}" if query else ""),
                               headers=headers)
        if status != 200:
            raise AssertionError(f"GET {path} {parameters} answered {status}: {body}")
        return body

    def all_queries(self, reader, **parameters):
        """Every entry, by walking the cursor."""
        entries, cursor = [], None
        while True:
            page = reader("queries", limit=1000, **parameters, **({"cursor": cursor} if cursor else {}))
            entries += page["queries"]
            cursor = page["cursor"]
            if cursor is None:
                return entries

    def database(self):
        return self.folder / "data" / "weir.db"

    def dump(self):
        """Events and gaps by a plain decode of the segments in SQLite."""
        done = subprocess.run([DUMP, str(self.database())], capture_output=True, text=True, timeout=60, check=True)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return [row for row in rows if "n" in row], [row for row in rows if "gap" in row]

    def wait_total(self, reader, total):
        try:
            wait_until(lambda: reader("stats")["total"] >= total, f"{total} events")
        except AssertionError as error:
            raise AssertionError(f"{error}; there are {reader('stats')['total']}; ledger {reader('ledger')}\n"
                                 f"{self.weir.output()[-4000:]}\n{self.edge.output()[-4000:] if self.edge else ''}"
                                 ) from None


def top_of(names, limit=TOP_LIMIT):
    """The most frequent names as the API orders them: count descending, then name."""
    counts = collections.Counter(names)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def ledger_sum(ledger):
    return (ledger["stored"] + ledger["spooled"] + ledger["in_flight"] + ledger["collapsed"]
            + sum(ledger["dropped"].values()))
