"""The commands that look after the database: backup, restore, fsck and compact, with the real binary."""

import json
import signal
import sqlite3
import unittest

from weir_process import WeirTestCase, wait_until


class Care(WeirTestCase):
    def test_a_backup_is_made_while_the_server_runs_and_comes_back(self):
        with self.serve() as served:
            self.assertEqual(served.ask("nas.home")[0], 0)
            wait_until(lambda: served.ledger()["stored"] == 1, "the event to be stored")
            done = self.run_weir("backup", "copy.db")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"^wrote copy\.db, \d+ bytes\n$")
            refused = self.run_weir("restore", "copy.db")
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))
            self.assertIn("is in use by process", refused.stderr)
            self.assertEqual(served.ask("nas.home")[0], 0)
            wait_until(lambda: served.ledger()["stored"] == 2, "the second event to be stored")
            self.assertEqual(served.stop(), 0)
        done = self.run_weir("restore", "copy.db", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        kept = json.loads(done.stdout)["kept"]
        self.assertEqual(json.loads(self.run_weir("stats", "--json").stdout)["total"], 1)
        self.assertEqual(sqlite3.connect(self.folder / kept).execute("SELECT sum(count) FROM segments").fetchone(), (2,))
        self.check_new_log()

    def check_new_log(self):
        """The next start writes to a log of its own, and its ledger adds up."""
        before = self.logs()
        with self.serve() as served:
            self.assertEqual(served.ask("nas.home")[0], 0)
            wait_until(lambda: served.ledger()["stored"] == 2, "the event to be stored")
            self.assertEqual(served.stop(), 0)
        self.assertEqual(len(self.logs()), len(before) + 1)

    def logs(self):
        return self.in_database("SELECT log_id FROM logs WHERE log_no > 0")

    def test_a_backup_overwrites_nothing(self):
        self.log_queries("nas.home")
        self.write("copy.db", "precious")
        done = self.run_weir("backup", "copy.db")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "weir: copy.db exists and is not overwritten\n")
        self.assertEqual((self.folder / "copy.db").read_text(), "precious")

    def test_backup_and_restore_need_a_file(self):
        for command in ("backup", "restore"):
            self.assertEqual(self.run_weir(command).returncode, 2)

    def test_without_a_database_there_is_nothing_to_back_up(self):
        done = self.run_weir("backup", "copy.db")
        self.assertEqual((done.returncode, done.stderr), (1, "weir: there is no database at data/weir.db\n"))
        self.assertFalse((self.folder / "copy.db").exists())

    def in_database(self, *statements):
        """The rows of the last one."""
        database = sqlite3.connect(self.folder / "data" / "weir.db")
        try:
            with database:
                return [database.execute(statement).fetchall() for statement in statements][-1]
        finally:
            database.close()

    def damage_segment(self):
        self.in_database("UPDATE segments SET data = zeroblob(length(data)) WHERE count > 0")

    def test_fsck_finds_nothing_in_a_log_as_it_was_written(self):
        with self.serve() as served:
            self.assertEqual(served.ask("nas.home")[0], 0)
            wait_until(lambda: served.ledger()["stored"] == 1, "the event to be stored")
            done = self.run_weir("fsck")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"^\d segments? with 1 event and \d+ rollups?: no problems\n$")
            self.assertIn("is in use by process", self.run_weir("fsck", "--repair").stderr)
            self.assertEqual(served.stop(), 0)

    def test_damage_is_a_line_each_and_repaired_once(self):
        self.log_queries("nas.home")
        self.damage_segment()
        done = self.run_weir("fsck")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("event 0: the bytes fail their checks\n", done.stdout)
        self.assertTrue(done.stdout.endswith(": 1 problem\n"))
        found = json.loads(self.run_weir("fsck", "--json").stdout)
        self.assertEqual([finding["part"] for finding in found["findings"]], ["segment"])
        done = self.run_weir("fsck", "--repair")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("mended 1 row, counted 1 event as corrupt", done.stdout)
        self.assertTrue(done.stdout.endswith(": no problems\n"))
        again = json.loads(self.run_weir("fsck", "--repair", "--json").stdout)
        self.assertEqual((again["mended_rows"], again["after"]["problems"]), (0, 0))
        with self.serve() as served:
            self.assertEqual(served.ledger()["expired"]["corrupt"], 1)
            self.assertEqual(served.stop(), 0)

    def test_an_unclean_stop_is_followed_by_a_check(self):
        with self.serve() as served:
            self.assertEqual(served.ask("nas.home")[0], 0)
            wait_until(lambda: served.ledger()["stored"] == 1, "the event to be stored")
            served.stop(signal.SIGKILL)
        with self.serve() as served:
            served.wait_log("after an unclean stop: the newest 1 events are in order")
            served.stop(signal.SIGKILL)
        self.damage_segment()
        with self.serve() as served:
            served.wait_log("see weir fsck; the first: log 1, event 0: the bytes fail their checks")
            self.assertEqual(served.ask("nas.home")[0], 0)
            self.assertEqual(served.stop(), 0)
        with self.serve() as served:
            self.assertEqual(served.stop(), 0)
            self.assertNotIn("after an unclean stop", served.log())

    def log_three_segments(self):
        """A database that has been served three times, and whose statistics are of all events."""
        for _ in range(3):
            self.log_queries("nas.home", "nas.home")
        with self.serve() as served:
            rolled = "SELECT min(rolled_through) FROM logs WHERE log_no > 0"
            wait_until(lambda: self.in_database(rolled) == [(6,)], "the statistics")
            self.assertEqual(served.stop(), 0)

    def told(self):
        """All that the commands tell of the log, but for the time that they look back from."""
        answers = [json.loads(self.run_weir(command, "--json").stdout) for command in ("stats", "top", "query")]
        return [{key: value for key, value in answer.items() if key not in ("since", "until")} for answer in answers]

    def compact(self, *arguments):
        """The report, and how many bytes the file had before."""
        before = (self.folder / "data" / "weir.db").stat().st_size
        done = self.run_weir("compact", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout, before, (self.folder / "data" / "weir.db").stat().st_size

    def test_compacting_changes_no_answer_and_gives_space_back(self):
        self.log_three_segments()
        told = self.told()
        self.in_database("CREATE TABLE t(x)", "INSERT INTO t VALUES(zeroblob(1000000))", "DROP TABLE t")
        report, before, after = self.compact()
        self.assertRegex(report, rf"^merged \d segments into \d; {before} bytes before, {after} after\n$")
        self.assertLess(after + 900_000, before)
        self.assertEqual(self.told(), told)
        report, before, after = self.compact("--json")
        self.assertEqual(json.loads(report), {"segments_merged": 0, "segments_made": 0, "rebuilt_hours": 0,
                                              "incomplete_hours": 0, "bytes_before": before, "bytes_after": after})
        self.assertLessEqual(after, before)

    def test_rollups_that_are_rebuilt_tell_the_same(self):
        self.log_three_segments()
        told = self.told()
        self.in_database("UPDATE rollups SET local = local + 7")
        self.assertEqual(self.run_weir("fsck").returncode, 1)
        report, before, after = self.compact("--rebuild-rollups")
        self.assertRegex(report, r"; computed the rollups of [12] hours anew \(0 of them without all events\); ")
        self.assertLessEqual(after, before)
        self.assertEqual(self.run_weir("fsck").returncode, 0)
        self.assertEqual(self.told(), told)

    def test_compacting_needs_a_database_that_nobody_serves(self):
        done = self.run_weir("compact")
        self.assertEqual((done.returncode, done.stderr), (1, "weir: there is no database at data/weir.db\n"))
        self.assertFalse((self.folder / "data").exists())
        for wrong in ("weir.db", "--repair"):
            done = self.run_weir("compact", wrong)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(f"not expected: {wrong}", done.stderr)
        with self.serve() as served:
            done = self.run_weir("compact")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("is in use by process", done.stderr)
            self.assertEqual(served.ask("nas.home")[0], 0)
            self.assertEqual(served.stop(), 0)


if __name__ == "__main__":
    unittest.main()
