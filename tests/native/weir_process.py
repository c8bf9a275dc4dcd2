"""The binary `weir` as tests see it: run to its end, or served on ports that the kernel chose."""

import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BINARY", str(ROOT / "build" / "dev" / "weir"))
SECONDS_MAX = 30
LOG_BYTES_MAX = 1 << 20  # more than any test makes it say
WINDOW = 64  # queries under way at a time: fewer than a socket's buffer takes

# Nothing listens at the upstream's port: a test that needs answers has local records.
CONFIG = """data_dir: ./data
dns: {listen: ["127.0.0.1:0"], threads: 1}
upstreams: ["udp://127.0.0.1:9"]
local_records: [{name: nas.home, type: A, content: 192.168.1.10}]
http: {listen: ["127.0.0.1:0"]}
query_log: {flush_interval: 100ms}
"""


def wait_until(condition, what):
    """Polls; the time bounds a failure, it is never what is tested."""
    end = time.monotonic() + SECONDS_MAX
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.01)


def query(number, labels, qtype):
    """The bytes of a question."""
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", qtype, 1)


def run(*arguments, cwd, env=None):
    """A command of weir, run to its end."""
    return subprocess.run([WEIR, *arguments], cwd=cwd, env=env, capture_output=True, text=True,
                          timeout=SECONDS_MAX, check=False)


class Served:
    """`weir serve` in a folder; `with` ends it."""

    def __init__(self, folder, *arguments, env=None):
        self.errors = tempfile.TemporaryFile()
        self.child = subprocess.Popen([WEIR, "serve", *arguments], cwd=folder, env=env, stdout=subprocess.PIPE,
                                      stderr=self.errors, text=True)
        self.ready_line = self.child.stdout.readline()
        found = re.fullmatch(r"weir is ready: dns 127\.0\.0\.1:(\d+), http://127\.0\.0\.1:(\d+)\n", self.ready_line)
        if not found:
            self.child.wait(SECONDS_MAX)
            raise AssertionError(f"not ready: {self.ready_line!r} {self.log()}")
        self.dns_port, self.http_port = int(found[1]), int(found[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()
        self.errors.close()

    def log(self):
        # The child writes at the offset of the same open file: reading must not move it.
        return os.pread(self.errors.fileno(), LOG_BYTES_MAX, 0).decode()

    def send(self, number):
        self.child.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        self.send(number)
        return self.child.wait(SECONDS_MAX)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=SECONDS_MAX) as answer:
            return answer.read().decode()

    def ledger(self):
        return json.loads(self.get("/api/v1/ledger"))

    def tried_to_commit(self):
        """How many events this process has tried to commit; a repeated attempt counts anew."""
        return float(re.search(r"^weir_batch_flush_size_sum (.+)$", self.get("/metrics"), re.MULTILINE)[1])

    def wait_log(self, text):
        """Waits until the log has the text."""
        wait_until(lambda: text in self.log() or self.child.poll() is not None, f"{text!r} in the log")
        if text not in self.log():
            raise AssertionError(f"ended with {self.child.returncode}: {self.log()}")

    def ask(self, name, qtype=1):
        """Asks over UDP; the response code and the bytes of the answer."""
        return self.ask_labels([label.encode() for label in name.split(".")], qtype)

    def ask_labels(self, labels, qtype=1):
        """The same for a name whose labels are of any bytes."""
        with self.client() as client:
            client.send(query(4242, labels, qtype))
            answer = client.recv(4096)
        return answer[3] & 15, answer

    def ask_many(self, name, count):
        """Asks for the name again and again, some at a time; each time an answer comes."""
        labels = [label.encode() for label in name.split(".")]
        with self.client() as client:
            for begin in range(0, count, WINDOW):
                ids = range(begin, min(begin + WINDOW, count))
                for number in ids:
                    client.send(query(number & 0xFFFF, labels, 1))
                answered = {client.recv(4096)[:2] for _ in ids}
                if len(answered) != len(ids):
                    raise AssertionError(f"{len(ids)} queries have {len(answered)} answers")

    def client(self, address="127.0.0.1"):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(SECONDS_MAX)
        client.bind((address, 0))
        client.connect(("127.0.0.1", self.dns_port))
        return client


class WeirTestCase(unittest.TestCase):
    """A folder with a configuration for each test."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="weir-test-")))
        self.write("weir.yaml", CONFIG)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def serve(self, *arguments, env=None):
        return self.enterContext(Served(self.folder, *arguments, env=env))

    def run_weir(self, *arguments, env=None):
        return run(*arguments, cwd=self.folder, env=env)

    def log_queries(self, *names):
        """Serves until these names are in the log; returns the API's newest queries."""
        with self.serve() as served:
            stored = served.ledger()["stored"] + len(names)
            for name in names:
                self.assertEqual(served.ask(name)[0], 0)
            wait_until(lambda: served.ledger()["stored"] == stored, "the events to be stored")
            newest = served.get("/api/v1/queries")
            self.assertEqual(served.stop(), 0)
            return newest
