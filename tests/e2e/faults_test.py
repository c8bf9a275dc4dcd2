"""What may go wrong between a query and D1: crashes, a lost network, repeated requests, an old copy of the database.

Every query asks for a name of its own, so that each event can be followed by its name: at the end no acknowledged
event is lost, none is there twice, every missing number is a declared gap, and the ledger adds up.
"""

import collections
import pathlib
import shutil
import signal
import sqlite3
import threading
import unittest

from bad_network import BadNetwork
from processes import dig, dnsperf, wait_until
from stage import Stage, ledger_sum

LOAD = 3000


class Faults(unittest.TestCase):
    def setUp(self):
        self.stage = self.enterContext(Stage())
        self.stage.start_edge()
        self.batch = 0

    def lines(self, count):
        """Queries for names that nobody asked for before, and their names."""
        self.batch += 1
        names = [f"q{number:06}.batch{self.batch}.test" for number in range(count)]
        return names

    def load(self, count=LOAD, rate=3000):
        """Sends `count` fresh names; all are answered. Returns the names."""
        names = self.lines(count)
        sent, completed = dnsperf(self.stage.dns_port, [f"{name} A" for name in names], self.stage.folder, rate)
        self.assertEqual((sent, completed), (count, count))
        return names

    def settle(self):
        """Waits until everything committed here is acknowledged by the edge, and returns the ledger."""
        def settled():
            ledger = self.stage.native("ledger")
            there = ledger["stored"] - ledger["expired"]["corrupt"]
            return ledger if ledger["in_flight"] == 0 and ledger["acked"] == there else None
        return wait_until(settled, "the edge to have everything", 90)

    def names_of(self, reader):
        entries = self.stage.all_queries(reader)
        self.assertEqual(len({entry["id"] for entry in entries}), len(entries), "an id is there twice")
        return collections.Counter(entry["domain"] for entry in entries)

    def assert_contiguous(self):
        """Every log's numbers are covered from 0 on, by events or by declared gaps, each once."""
        events, gaps = self.stage.dump()
        covered = collections.defaultdict(list)
        for event in events:
            covered[event["log"]].append((event["n"], event["n"] + 1))
        for gap in gaps:
            covered[gap["log"]].append((gap["first"], gap["end"]))
        for log, ranges in covered.items():
            ranges.sort()
            self.assertEqual(ranges[0][0], 0)
            for (_, end), (begin, _) in zip(ranges, ranges[1:]):
                self.assertEqual(end, begin, f"log {log} has a hole or an overlap")

    def assert_all_once(self, reader, names):
        counts = self.names_of(reader)
        self.assertEqual([name for name in names if counts[name] != 1], [])

    def test_kill_9_loses_nothing_that_was_acknowledged(self):
        self.stage.start_weir(forward_port=self.stage.edge_port)
        before = self.load()
        self.settle()
        names = self.lines(LOAD)
        sender = threading.Thread(target=dnsperf, args=(
            self.stage.dns_port, [f"{name} A" for name in names], self.stage.folder, 1500))
        sender.start()
        wait_until(lambda: self.stage.native("stats")["total"] > LOAD + 500, "the load to be under way")
        acked = self.names_of(self.stage.at_edge)
        self.stage.weir.stop(signal.SIGKILL)
        sender.join()
        self.stage.start_weir(forward_port=self.stage.edge_port)
        after = self.load()
        ledger = self.settle()
        for reader in (self.stage.native, self.stage.at_edge):
            self.assert_all_once(reader, [*acked, *before, *after])
        self.assertEqual(self.names_of(self.stage.native), self.names_of(self.stage.at_edge))
        self.assertEqual(ledger["offered"], ledger_sum(ledger))
        self.assertEqual(ledger["stored"], sum(self.names_of(self.stage.native).values()))
        self.assertGreaterEqual(ledger["offered"], ledger["stored"])
        self.assertEqual(ledger["dropped"]["crash"], ledger["offered"] - ledger["stored"])
        self.assert_contiguous()

    def test_an_edge_that_is_away_gets_everything_later(self):
        self.stage.start_weir(forward_port=self.stage.edge_port)
        names = self.load(500)
        self.stage.wait_total(self.stage.at_edge, 500)
        self.assertEqual(self.stage.edge.stop(), 0)
        names += self.load()
        self.stage.wait_total(self.stage.native, len(names))
        self.assertEqual(dig(self.stage.dns_port, "still.answering.test").returncode, 0)
        self.stage.start_edge()
        ledger = self.settle()
        self.assertEqual(ledger["offered"], ledger_sum(ledger))
        self.assertEqual(ledger["stored"], len(names) + 1)
        self.assert_all_once(self.stage.at_edge, names)
        self.assertEqual(self.names_of(self.stage.native), self.names_of(self.stage.at_edge))

    def test_repeated_requests_and_lost_answers_change_nothing(self):
        with BadNetwork(self.stage.edge_port) as network:
            self.stage.start_weir(forward_port=network.port)
            names = []
            for _ in range(4):
                names += self.load(700, rate=700)
            ledger = self.settle()
            self.assertEqual(ledger["offered"], ledger_sum(ledger))
            self.assertGreater(network.puts, 3)
            self.assertGreater(network.lost_answers, 0)
            self.assertTrue(any(first == again == 200 for first, again in network.verdicts))
            self.stage.weir.stop()
        edge = self.stage.at_edge("ledger")
        self.assertEqual(edge["offered"], ledger_sum(edge))
        self.assertEqual(self.stage.at_edge("stats")["total"], len(names))
        self.assert_all_once(self.stage.at_edge, names)

    def test_an_old_copy_of_the_database_goes_on_in_a_new_log(self):
        self.stage.start_weir(forward_port=self.stage.edge_port)
        first = self.load(800)
        self.settle()
        self.assertEqual(self.stage.weir.stop(), 0)
        copy = self.stage.folder / "old.db"
        shutil.copy(self.stage.database(), copy)
        self.stage.start_weir(forward_port=self.stage.edge_port)
        second = self.load(800)
        self.settle()
        self.assertEqual(self.stage.weir.stop(), 0)
        for suffix in ("", "-wal", "-shm"):
            pathlib.Path(f"{self.stage.database()}{suffix}").unlink(missing_ok=True)
        shutil.copy(copy, self.stage.database())
        self.stage.start_weir(forward_port=self.stage.edge_port)
        third = self.load(800)
        ledger = self.settle()
        self.assertEqual(ledger["offered"], ledger_sum(ledger))
        self.assertEqual(ledger["expired"]["corrupt"], len(second))
        self.assert_all_once(self.stage.at_edge, first + second + third)
        self.assertEqual(self.stage.at_edge("stats")["total"], 2400)
        self.assert_all_once(self.stage.native, first + third)
        self.assertEqual(len({event["log"] for event in self.stage.dump()[0]}), 2)
        self.assert_contiguous()

    def test_a_corrupt_segment_is_skipped_and_counted(self):
        self.stage.start_weir()
        self.load(600, rate=600)
        self.stage.wait_total(self.stage.native, 600)
        self.assertEqual(self.stage.weir.stop(), 0)
        database = sqlite3.connect(self.stage.database())
        row, count = database.execute(
            "SELECT id, count FROM segments WHERE count > 0 ORDER BY id LIMIT 1").fetchone()
        data = bytearray(database.execute("SELECT data FROM segments WHERE id = ?", (row,)).fetchone()[0])
        data[len(data) // 2] ^= 0xFF
        database.execute("UPDATE segments SET data = ? WHERE id = ?", (bytes(data), row))
        database.commit()
        database.close()
        self.stage.start_weir()
        self.load(100)
        self.stage.wait_total(self.stage.native, 700 - count)
        self.assertEqual(len(self.stage.all_queries(self.stage.native)), 700 - count)
        ledger = self.stage.native("ledger")
        self.assertEqual(ledger["offered"], ledger_sum(ledger))
        self.assertEqual(ledger["expired"]["corrupt"], count)


if __name__ == "__main__":
    unittest.main()
