"""The commands that look after the database: backup, restore and fsck, with the real binary."""

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
        database = sqlite3.connect(self.folder / "data" / "weir.db")
        try:
            return database.execute("SELECT log_id FROM logs WHERE log_no > 0").fetchall()
        finally:
            database.close()

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

    def damage_segment(self):
        database = sqlite3.connect(self.folder / "data" / "weir.db")
        with database:
            database.execute("UPDATE segments SET data = zeroblob(length(data)) WHERE count > 0")
        database.close()

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


if __name__ == "__main__":
    unittest.main()
