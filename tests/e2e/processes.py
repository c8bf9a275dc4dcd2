"""Starting, watching and ending the processes of an end-to-end test: nsd, weir, the Worker, and the clients.

Everything listens on 127.0.0.1 on ports that the kernel gave. Only processes that were started here are ended.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 60


def free_port():
    """A port that is free for UDP and TCP now."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no port is free for UDP and TCP")


def wait_until(condition, what, seconds=START_SECONDS_MAX):
    """Polls `condition` until it is true; the time bounds a failure, it is never what is tested."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


class Process:
    """A child whose output is kept, and which is gone at the latest when the test is."""

    def __init__(self, name, command, **options):
        self.name = name
        self.lines = []
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      errors="replace", cwd=ROOT, start_new_session=True, **options)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.child.stdout:
            self.lines.append(line.rstrip("\n"))

    def output(self):
        return "\n".join(self.lines)

    def wait_line(self, pattern):
        """The match of the first line that has the pattern; fails early if the process ends."""
        def find():
            for line in list(self.lines):
                match = re.search(pattern, line)
                if match:
                    return match
            if self.child.poll() is not None:
                self.reader.join(5)
                raise AssertionError(f"{self.name} ended with {self.child.returncode}:\n{self.output()}")
            return None
        try:
            return wait_until(find, f"{self.name} to print {pattern!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output()}") from None

    def stop(self, number=signal.SIGTERM, seconds=20):
        """Ends the process and returns its exit code."""
        if self.child.poll() is None:
            self.child.send_signal(number)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.name} did not stop within {seconds} s:\n{self.output()}") from None
        self.reader.join(5)
        self.child.stdout.close()
        return self.child.returncode

    def kill(self):
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
        self.reader.join(5)
        self.child.stdout.close()


def start_nsd(folder):
    """An authoritative server that answers every name below the root with an address."""
    nsd = shutil.which("nsd") or "/usr/sbin/nsd"
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "root.zone").write_text(
        ". 300 IN SOA ns.invalid. admin.invalid. 1 3600 600 86400 300\n"
        ". 300 IN NS ns.invalid.\n"
        "* 300 IN A 192.0.2.7\n* 300 IN AAAA 2001:db8::7\n* 300 IN TXT \"weir\"\n"
        "missing-type.invalid. 300 IN TXT \"only text\"\n")
    (folder / "nsd.conf").write_text(
        f'server:\n  ip-address: 127.0.0.1@{port}\n  zonesdir: "{folder}"\n  database: ""\n'
        f'  pidfile: "{folder}/nsd.pid"\n  xfrdfile: "{folder}/xfrd.state"\n  zonelistfile: "{folder}/zone.list"\n'
        f'  username: ""\n  chroot: ""\n  logfile: "{folder}/nsd.log"\n  server-count: 1\n  rrl-ratelimit: 0\n'
        f'remote-control:\n  control-enable: no\nzone:\n  name: "."\n  zonefile: "root.zone"\n')
    process = Process("nsd", [nsd, "-d", "-c", str(folder / "nsd.conf")])

    def answers():
        if process.child.poll() is not None:
            log = folder / "nsd.log"
            raise AssertionError(f"nsd ended:\n{process.output()}\n{log.read_text() if log.exists() else ''}")
        return dig(port, "ready.example").returncode == 0
    wait_until(answers, "nsd to answer")
    return process, port


def dig(port, *arguments, tool="dig"):
    return subprocess.run([tool, "@127.0.0.1", "-p", str(port), *arguments, "+time=2", *(["+tries=1"] if tool == "dig"
                          else ["+retry=0"])], capture_output=True, text=True, timeout=30, check=False)


def dnsperf(port, lines, folder, rate=4000):
    """Sends every line ("name type") once and returns how many were answered."""
    data = folder / "queries.txt"
    data.write_text("".join(f"{line}\n" for line in lines))
    done = subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(data), "-n", "1", "-c", "4",
                           "-q", "50", "-Q", str(rate), "-t", "5", "-l", "60"],
                          capture_output=True, text=True, timeout=120, check=False)
    sent = re.search(r"Queries sent:\s+(\d+)", done.stdout)
    completed = re.search(r"Queries completed:\s+(\d+)", done.stdout)
    if not sent or not completed:
        raise AssertionError(f"dnsperf failed:\n{done.stdout}\n{done.stderr}")
    return int(sent.group(1)), int(completed.group(1))


def http(method, url, body=None, headers=None, seconds=30):
    """Status, JSON or text body, and headers of an exchange; status 0 if no answer came."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            status, raw, fields = answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        status, raw, fields = error.code, error.read(), error.headers
    except (urllib.error.URLError, OSError):
        return 0, None, {}
    text = raw.decode("utf-8", "replace")
    try:
        return status, json.loads(text), fields
    except ValueError:
        return status, text, fields
