"""The running server: its disk full, read-only, locked, deleted or damaged; its clock set; a flood of names; names of
any bytes.

Each fault is real: a small tmpfs, a read-only mount, another process with a lock, bytes overwritten on the disk, a
clock that steps under the process.
Whatever happens, DNS is answered, what is kept is kept, what is dropped is counted, and no hand is needed.
"""

import contextlib
import csv
import io
import json
import os
import shutil
import signal
import sqlite3
import struct
import unittest
import urllib.error
import urllib.parse
from datetime import datetime, timedelta, timezone

import private_mounts
from weir_process import CONFIG, ROOT, WINDOW, WeirTestCase, query, wait_until

BUFFER = 10_000  # the least that the configuration takes
PAGE_BYTES = 8192
FLOOD_NAMES = 30_000
FLOOD_CLIENTS = 10_000
CLOCK_OFFSET = os.environ.get("WEIR_CLOCK_OFFSET", str(ROOT / "build/dev/tests/support/libweir_clock_offset.so"))


def accounted(ledger):
    return sum(ledger[part] for part in ("stored", "spooled", "in_flight", "collapsed")) + sum(ledger["dropped"].values())


class Faults(WeirTestCase):
    def setUp(self):
        super().setUp()
        # All ask for the same name, and none of that is folded.
        keys = f"buffer_size: {BUFFER}, flood_repeats: 0, flush_interval"
        self.write("weir.yaml", CONFIG.replace("flush_interval", keys))
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)
        self.database = self.data / "weir.db"

    def ledger(self, served):
        """The ledger of a server that nobody asks anything; it must add up."""
        ledger = served.ledger()
        self.assertEqual(ledger["offered"], accounted(ledger), ledger)
        return ledger

    def ask(self, served, count):
        """Asks `count` times, and waits until each time is counted: that is after the answer."""
        before = served.ledger()["offered"]
        served.ask_many("nas.home", count)
        wait_until(lambda: served.ledger()["offered"] == before + count, "the events to be counted")

    def store(self, served, count):
        self.ask(served, count)
        wait_until(lambda: served.ledger()["in_flight"] == 0, "the events to be stored")

    def check_in_order(self, served):
        """A last event is stored, the server ends in order, and fsck finds nothing."""
        before = self.ledger(served)["stored"]
        self.store(served, 1)
        self.assertEqual(self.ledger(served)["stored"], before + 1)
        self.assertEqual(served.stop(), 0)
        done = self.run_weir("fsck")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def fill_disk(self):
        """Leaves not a byte; returns what to delete."""
        ballast = self.data / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return ballast

    def test_a_full_disk_drops_what_it_must_and_recovers_when_there_is_room(self):
        private_mounts.require(self)
        self.enterContext(private_mounts.small_tmpfs(self.data, "16m"))
        served = self.serve()
        self.store(served, 100)
        ballast = self.fill_disk()
        # What the files have got already is written first; after this line the writer only commits.
        while "the database fails" not in served.log():
            self.ask(served, 10)
        self.ask(served, BUFFER + 500)  # every one is answered, or this fails
        ledger = self.ledger(served)
        self.assertGreaterEqual(ledger["dropped"]["buffer_full"], 500)
        ballast.unlink()
        wait_until(lambda: served.ledger()["in_flight"] == 0, "what was held to be stored")
        after = self.ledger(served)
        self.assertEqual(after["dropped"], ledger["dropped"])
        self.assertEqual(after["expired"]["corrupt"], 0)
        self.assertEqual(json.loads(served.get("/api/v1/stats"))["total"], after["stored"])
        self.check_in_order(served)

    def test_a_disk_that_is_full_at_the_start_is_one_line_and_changes_nothing(self):
        private_mounts.require(self)
        self.enterContext(private_mounts.small_tmpfs(self.data, "1m"))
        ballast = self.fill_disk()
        done = self.run_weir("serve")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        ballast.unlink()
        self.check_in_order(self.serve())

    def test_a_read_only_directory_is_one_line_at_the_start(self):
        private_mounts.require(self)
        for made in ("nothing", "a database"):
            before = {path.name: path.read_bytes() for path in self.data.iterdir()}
            with self.subTest(made), private_mounts.read_only(self.data):
                done = self.run_weir("serve")
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn("cannot write to the data directory", done.stderr)
                self.assertEqual({path.name: path.read_bytes() for path in self.data.iterdir()}, before)
            self.check_in_order(self.serve())

    def test_a_directory_that_becomes_read_only_holds_nothing_up(self):
        private_mounts.require(self)
        served = self.serve()
        self.store(served, 10)
        with private_mounts.read_only(self.data):  # files that are open stay writable
            self.store(served, 10)
            self.assertEqual(self.ledger(served)["stored"], 20)
        self.database.unlink()
        with private_mounts.read_only(self.data):
            served.wait_log("there is no new database yet")
            served.ask_many("nas.home", 10)
            # Without a database there is nothing to read; what is held is counted in memory.
            self.assertIn("weir_query_buffer_size 10\n", served.get("/metrics"))
        wait_until(lambda: "weir_query_buffer_size 0\n" in served.get("/metrics"), "what was held to be stored")
        ledger = self.ledger(served)
        self.assertEqual((ledger["offered"], ledger["stored"], ledger["expired"]["corrupt"]), (30, 30, 20))
        self.check_in_order(served)

    def test_a_database_that_another_process_locks_is_written_when_it_is_free(self):
        served = self.serve()
        self.store(served, 10)
        other = sqlite3.connect(self.database, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        self.ask(served, 100)
        served.wait_log("cannot commit")
        self.ask(served, 100)
        ledger = self.ledger(served)
        self.assertEqual((ledger["stored"], ledger["in_flight"]), (10, 200))
        other.execute("ROLLBACK")
        other.close()
        wait_until(lambda: served.ledger()["in_flight"] == 0, "what was held to be stored")
        self.assertEqual(self.ledger(served)["stored"], 210)
        self.check_in_order(served)

    def test_a_database_that_is_deleted_makes_way_for_a_new_one(self):
        served = self.serve()
        self.store(served, 30)
        self.database.unlink()
        served.wait_log("events go on in a new log")
        self.store(served, 20)
        ledger = self.ledger(served)
        self.assertEqual((ledger["offered"], ledger["stored"], ledger["expired"]["corrupt"]), (50, 50, 30))
        self.assertEqual(json.loads(served.get("/api/v1/stats"))["total"], 20)
        self.check_in_order(served)

    def test_a_data_directory_that_is_deleted_is_made_anew(self):
        served = self.serve()
        self.store(served, 30)
        shutil.rmtree(self.data)
        served.wait_log("events go on in a new log")
        self.store(served, 20)
        ledger = self.ledger(served)
        self.assertEqual((ledger["offered"], ledger["stored"], ledger["expired"]["corrupt"]), (50, 50, 30))
        self.check_in_order(served)
        served = self.serve()
        ledger = self.ledger(served)
        self.assertEqual((ledger["stored"], ledger["expired"]["corrupt"]), (51, 30))
        self.check_in_order(served)

    def test_a_clock_that_jumps_a_day_holds_nothing_up_and_removes_nothing(self):
        clock = self.folder / "clock"
        clock.write_bytes(struct.pack("=q", 0))
        env = dict(os.environ, LD_PRELOAD=CLOCK_OFFSET, WEIR_TEST_CLOCK=str(clock))
        served = self.serve(env=env)
        day = 86_400
        for offset in (0, day, 0, -day, 0):
            with open(clock, "r+b") as file:
                file.write(struct.pack("=q", offset))
            self.store(served, 20)
        ledger = self.ledger(served)
        self.assertEqual((ledger["stored"], sum(ledger["expired"].values())), (100, 0))
        around = {days: (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
                  for days in (-1.5, -0.5, 0.5, 1.5)}
        totals = [json.loads(served.get(f"/api/v1/stats?since={around[begin]}&until={around[end]}"))["total"]
                  for begin, end in ((-1.5, -0.5), (-0.5, 0.5), (0.5, 1.5))]
        self.assertEqual(totals, [20, 60, 20])
        self.check_in_order(served)

    def test_a_corrupt_segment_is_skipped_counted_found_and_made_a_gap(self):
        with self.serve() as served:
            for _ in range(3):
                self.store(served, 100)
            self.assertEqual(served.stop(), 0)
        count = self.flip_a_byte()
        done = self.run_weir("fsck")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("the bytes fail their checks", done.stdout)
        served = self.serve()
        wait_until(lambda: self.ledger(served)["expired"]["corrupt"] == count, "the damage to be counted")
        self.assertEqual(json.loads(served.get("/api/v1/stats"))["total"], 300 - count)
        self.assertEqual(len(json.loads(served.get("/api/v1/queries?limit=1000"))["queries"]), 300 - count)
        self.assertEqual(served.stop(), 0)
        done = self.run_weir("fsck", "--repair")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        served = self.serve()
        self.assertEqual(self.ledger(served)["expired"]["corrupt"], count)
        self.check_in_order(served)

    def overwrite_pages(self, pages):
        """Garbage on the disk under whatever has the database open."""
        with open(self.database, "r+b", buffering=0) as file:
            for page in pages:
                file.seek((page - 1) * PAGE_BYTES)
                file.write(b"\x5a" * PAGE_BYTES)

    def page_count(self):
        return self.database.stat().st_size // PAGE_BYTES

    def test_a_corrupt_page_is_found_and_the_rest_is_salvaged(self):
        with self.serve() as served:
            for _ in range(5):
                self.store(served, 100)
            self.assertEqual(served.stop(), 0)
        self.overwrite_pages([self.page_count()])
        done = self.run_weir("fsck")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("file: ", done.stdout)
        done = self.run_weir("fsck", "--repair")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn("the damaged one is kept as data/weir.db.replaced-1", done.stdout)
        served = self.serve()
        ledger = self.ledger(served)
        total = json.loads(served.get("/api/v1/stats"))["total"]
        self.assertEqual((ledger["stored"], ledger["stored"] - ledger["expired"]["corrupt"]), (500, total))
        self.check_in_order(served)

    def test_a_page_of_garbage_at_the_start_is_no_reason_not_to_start(self):
        with self.serve() as served:
            self.store(served, 100)
            self.assertEqual(served.stop(), 0)
        sound = self.database.read_bytes()
        for page in range(1, self.page_count() + 1):
            with self.subTest(page):
                self.database.write_bytes(sound)
                self.overwrite_pages([page])
                with self.serve() as served:
                    self.store_through_damage(served, 10)
                    self.assertEqual(served.stop(), 0)

    def store_through_damage(self, served, count):
        """Asks `count` times, and waits until that is committed and nothing is set aside.

        A salvage changes what the ledger says of the past, so what it says is compared with the statistics only.
        """
        before = served.tried_to_commit()
        served.ask_many("nas.home", count)
        wait_until(lambda: served.tried_to_commit() >= before + count, "the events to be committed")
        self.wait_salvaged(served)

    def wait_salvaged(self, served):
        """Waits until no database is set aside any more; what the ledger says is stored is there, or counted as corrupt.

        What cannot be read of the old database may be kept.
        """
        def salvaged():
            if [*self.data.glob("weir.db.damaged-*"), *self.data.glob("weir.db.salvaging*")]:
                return False
            try:
                total = json.loads(served.get("/api/v1/stats"))["total"]
                ledger = served.ledger()
            except urllib.error.HTTPError:  # it met the damage, or a database that is being replaced
                return False
            return (ledger["in_flight"] == 0 and ledger["offered"] == accounted(ledger)
                    and ledger["stored"] - ledger["expired"]["corrupt"] == total)
        wait_until(salvaged, "the salvage")

    def test_a_header_that_is_overwritten_under_the_server_costs_nothing(self):
        served = self.serve()
        self.store(served, 300)
        with open(self.database, "r+b", buffering=0) as file:
            file.write(b"\x5a" * 100)
        served.wait_log("the database is damaged")
        self.store_through_damage(served, 20)
        self.assertEqual(json.loads(served.get("/api/v1/stats"))["total"], 320)
        self.check_in_order(served)

    def test_a_salvage_that_is_killed_is_begun_again(self):
        with self.serve() as served:
            for _ in range(5):
                self.store(served, 200)
            self.assertEqual(served.stop(), 0)
        self.overwrite_pages([1])
        for _ in range(3):  # wherever each of them is killed
            with self.serve() as served:
                served.stop(signal.SIGKILL)
        with self.serve() as served:
            self.wait_salvaged(served)
            ledger = self.ledger(served)
            self.assertEqual((ledger["stored"], ledger["expired"]["corrupt"]), (1000, 0))
            self.check_in_order(served)

    def test_pages_that_go_bad_under_the_server_hold_up_no_answer(self):
        served = self.serve()
        self.store(served, 500)
        self.overwrite_pages(range(2, self.page_count() + 1))
        served.ask_many("nas.home", 500)
        self.assertEqual(served.get("/healthz"), "ok\n")
        self.assertIn("weir_query_buffer_size", served.get("/metrics"))
        served.stop()
        served = self.serve()
        self.store_through_damage(served, 10)
        self.assertEqual(served.stop(), 0)
        done = self.run_weir("fsck", "--repair")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.check_in_order(self.serve())

    def flood(self, served):
        """Each query is for a name of its own, and from one of many addresses; each time an answer comes."""
        for begin in range(0, FLOOD_NAMES, WINDOW):
            numbers = range(begin, min(begin + WINDOW, FLOOD_NAMES))
            with contextlib.ExitStack() as stack:
                clients = []
                for number in numbers:
                    high, low = divmod(number % FLOOD_CLIENTS, 256)
                    clients.append(stack.enter_context(served.client(f"127.1.{high}.{low}")))
                    clients[-1].send(query(number, [b"n%d" % number, b"victim", b"example"], 1))
                for number, client in zip(numbers, clients):
                    answer = client.recv(4096)
                    self.assertEqual((int.from_bytes(answer[:2], "big"), answer[3] & 15), (number, 3))

    def test_a_flood_of_names_and_clients_is_answered_and_counted(self):
        self.write("victim.list", "||victim.example^\n")
        self.write("weir.yaml", CONFIG + "blocking: {lists: [{name: victim, source: victim.list}], answer: nxdomain}\n")
        served = self.serve()
        self.flood(served)
        wait_until(lambda: served.ledger()["stored"] == FLOOD_NAMES, "the events to be stored")
        ledger = self.ledger(served)
        self.assertEqual((ledger["offered"], sum(ledger["dropped"].values())), (FLOOD_NAMES, 0))
        stats = json.loads(served.get("/api/v1/stats"))
        self.assertEqual((stats["total"], stats["outcomes"]["blocked"]), (FLOOD_NAMES, FLOOD_NAMES))
        self.assertAlmostEqual(stats["unique_domains"], FLOOD_NAMES, delta=FLOOD_NAMES / 20)
        self.assertAlmostEqual(stats["unique_clients"], FLOOD_CLIENTS, delta=FLOOD_CLIENTS / 20)
        self.check_in_order(served)

    def flip_a_byte(self):
        """Damages the second segment with events; how many it has."""
        database = sqlite3.connect(self.database)
        with database:
            row, count, data = database.execute(
                "SELECT id, count, data FROM segments WHERE count > 0 ORDER BY id LIMIT 1, 1").fetchone()
            damaged = bytearray(data)
            damaged[len(data) // 2] ^= 0xFF
            database.execute("UPDATE segments SET data = ? WHERE id = ?", (bytes(damaged), row))
        database.close()
        return count


class Names(WeirTestCase):
    """Names of 255 bytes, of bytes of every value, in by a packet and out by every way there is."""

    @staticmethod
    def labels(first):
        values = [(first + i) % 256 for i in range(250)]
        return [bytes(values[:63]), bytes(values[63:126]), bytes(values[126:189]), bytes(values[189:])]

    @staticmethod
    def text(labels):
        """As the log has it: letters small, a backslash and three digits for what is no letter, digit, - or _."""
        def shown(byte):
            char = chr(byte).lower()
            return char if char in "abcdefghijklmnopqrstuvwxyz0123456789-_" else f"\\{byte:03d}"
        return ".".join("".join(shown(byte) for byte in label) for label in labels)

    def test_they_come_out_everywhere_as_they_went_in(self):
        served = self.serve()
        asked = [self.labels(first) for first in (0, 50, 100, 150, 200, 251)]
        names = sorted(self.text(labels) for labels in asked)
        for labels in asked:
            served.ask_labels(labels)
        wait_until(lambda: served.ledger()["stored"] == len(asked), "the events to be stored")
        self.assertEqual(self.domains(served.get("/api/v1/queries")), names)
        for name in names:
            for parameter, value in (("domain", name), ("contains", name.split(".")[0])):
                answer = served.get(f"/api/v1/queries?{parameter}={urllib.parse.quote(value)}")
                self.assertEqual(self.domains(answer), [name])
        top = json.loads(served.get("/api/v1/stats/top?by=domain"))
        self.assertEqual(sorted(item["key"] for item in top["items"]), names)
        self.assertEqual(served.stop(), 0)
        self.check_commands(names)

    @staticmethod
    def domains(answer):
        return sorted(query["domain"] for query in json.loads(answer)["queries"])

    def check_commands(self, names):
        self.assertEqual(self.domains(self.run_weir("query", "--json").stdout), names)
        exported = self.run_weir("export", "--csv").stdout
        self.assertEqual(sorted(row["domain"] for row in csv.DictReader(io.StringIO(exported))), names)
        lines = self.run_weir("export").stdout.splitlines()
        self.assertEqual(sorted(json.loads(line)["domain"] for line in lines), names)
        rows = json.loads(self.run_weir("sql", "--json", "SELECT domain FROM queries").stdout)["rows"]
        self.assertEqual(sorted(row[0] for row in rows), names)
        for command in ("query", "top", "fsck"):
            done = self.run_weir(command)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            self.assertTrue(done.stdout.replace("\n", "").isprintable())


if __name__ == "__main__":
    private_mounts.enter()
    unittest.main()
