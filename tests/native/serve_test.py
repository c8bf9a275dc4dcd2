"""`weir serve`: start, ready line, reload, stop; and everything that must keep it from starting."""

import shutil
import signal
import socket
import sqlite3
import subprocess
import unittest

from weir_process import CONFIG, SECONDS_MAX, WeirTestCase, wait_until

BLOCKED_NAME = "ads.example"


class Serve(WeirTestCase):
    def assert_fails(self, code, *words):
        """Serving ends with this code and one line on stderr that has the words."""
        done = self.run_weir("serve")
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_it_answers_dns_and_http_and_stops_in_order(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            served = self.serve()
            self.assertEqual(served.ask("nas.home")[0], 0)
            self.assertEqual(served.get("/readyz"), "ready\n")
            self.assertIn("weir_dns_queries_total", served.get("/metrics"))
            self.assertIn("weir_query_buffer_capacity", served.get("/metrics"))
            self.assertIn("weir_http_answers_total", served.get("/metrics"))
            self.assertEqual(served.stop(number), 0)

    def test_dig_gets_an_answer_over_udp_and_tcp(self):
        if not shutil.which("dig"):
            self.skipTest("dig is not installed")
        served = self.serve()
        for transport in ("+notcp", "+tcp"):
            done = subprocess.run(["dig", "@127.0.0.1", "-p", str(served.dns_port), "+short", transport, "nas.home"],
                                  capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
            self.assertEqual(done.stdout, "192.168.1.10\n")

    def test_what_was_answered_before_the_stop_is_in_the_log(self):
        self.write("weir.yaml", CONFIG.replace("100ms", "60s"))
        served = self.serve()
        for _ in range(50):
            served.ask("nas.home")
        self.assertEqual(served.stop(), 0)
        served = self.serve()
        ledger = served.ledger()
        self.assertEqual((ledger["offered"], ledger["stored"]), (50, 50))
        self.assertEqual(sum(ledger["dropped"].values()), 0)

    def test_a_second_signal_ends_it_at_once(self):
        served = self.serve()
        served.send(signal.SIGTERM)
        served.send(signal.SIGTERM)
        self.assertIn(served.child.wait(SECONDS_MAX), (0, -signal.SIGTERM))

    def test_data_replaces_the_configured_folder(self):
        served = self.serve("--data", "elsewhere")
        self.assertEqual(served.stop(), 0)
        self.assertTrue((self.folder / "elsewhere" / "weir.db").exists())
        self.assertFalse((self.folder / "data").exists())

    def test_a_bad_configuration_is_exit_2_with_its_place(self):
        self.write("weir.yaml", CONFIG + "nonsense: 1\n")
        self.assert_fails(2, "weir.yaml:7:1: found the unknown key")
        self.assertFalse((self.folder / "data").exists())

    def test_a_dns_port_in_use_is_one_line(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{other.getsockname()[1]}"
            self.write("weir.yaml", CONFIG.replace("127.0.0.1:0", address, 1))
            self.assert_fails(1, address, "in use")

    def test_an_http_port_in_use_is_one_line(self):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            address = f"127.0.0.1:{other.getsockname()[1]}"
            self.write("weir.yaml", CONFIG.replace('http: {listen: ["127.0.0.1:0"]}', f'http: {{listen: ["{address}"]}}'))
            self.assert_fails(1, address, "in use")

    def test_a_data_directory_that_cannot_be_made_is_one_line(self):
        self.write("file", "")
        self.write("weir.yaml", CONFIG.replace("./data", "./file/data"))
        self.assert_fails(1, "file/data")
        self.assertEqual((self.folder / "file").read_text(), "")

    def test_a_second_server_on_the_same_data_is_refused(self):
        served = self.serve()
        self.assert_fails(1, "data")
        self.assertEqual(served.stop(), 0)

    def test_nobody_else_may_read_the_log(self):
        self.assertEqual(self.serve().stop(), 0)
        data = self.folder / "data"
        for path in (data, *data.iterdir()):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_a_database_of_a_newer_version_is_refused_and_left_alone(self):
        self.assertEqual(self.serve().stop(), 0)
        path = self.folder / "data" / "weir.db"
        database = sqlite3.connect(path)
        database.execute("INSERT INTO d1_migrations (name) VALUES ('9999_future.sql')")
        database.commit()
        database.close()
        before = path.read_bytes()
        self.assert_fails(1, "newer")
        self.assertEqual(path.read_bytes(), before)

    def test_a_file_that_is_no_database_is_refused_and_left_alone(self):
        (self.folder / "data").mkdir()
        path = self.folder / "data" / "weir.db"
        path.write_bytes(b"these are not the bytes of a database" * 100)
        self.assert_fails(1)
        self.assertEqual(path.read_bytes(), b"these are not the bytes of a database" * 100)

    def test_a_list_that_cannot_be_read_is_one_line(self):
        self.write("weir.yaml", CONFIG + "blocking: {lists: [{name: ads, source: missing.hosts}]}\n")
        self.assert_fails(1, "missing.hosts")

    def test_reload_applies_a_valid_file(self):
        served = self.serve()
        self.write("ads.hosts", f"0.0.0.0 {BLOCKED_NAME}\n")
        self.write("weir.yaml", CONFIG.replace("192.168.1.10", "192.168.1.11")
                   + "blocking: {lists: [{name: ads, source: ads.hosts}], answer: nxdomain}\n")
        served.send(signal.SIGHUP)
        served.wait_log("reloaded")
        self.assertEqual(served.ask(BLOCKED_NAME)[0], 3)
        self.assertIn(bytes([192, 168, 1, 11]), served.ask("nas.home")[1])

    def test_reload_of_an_invalid_file_changes_nothing(self):
        served = self.serve()
        for text, complaint in ((CONFIG.replace("192.168.1.10", "192.168.1.11") + "nonsense: 1\n", "weir.yaml:7:1"),
                                (CONFIG.replace("192.168.1.10", "192.168.1.11")
                                 + "blocking: {lists: [{name: ads, source: missing.hosts}]}\n", "missing.hosts")):
            self.write("weir.yaml", text)
            served.send(signal.SIGHUP)
            served.wait_log(complaint)
            self.assertIn(bytes([192, 168, 1, 10]), served.ask("nas.home")[1])
        self.assertEqual(served.stop(), 0)

    def test_reload_says_what_needs_a_restart(self):
        served = self.serve()
        self.write("weir.yaml", CONFIG.replace("threads: 1", "threads: 2"))
        served.send(signal.SIGHUP)
        served.wait_log("dns.threads changes at the next start")

    def test_reload_switches_the_query_log(self):
        served = self.serve()
        self.write("weir.yaml", CONFIG.replace("flush_interval", "enabled: false, flush_interval"))
        served.send(signal.SIGHUP)
        served.wait_log("reloaded")
        served.ask("nas.home")
        wait_until(lambda: served.ledger()["dropped"]["disabled"] == 1, "the event to be counted")

    def test_reload_switches_the_adaptive_flush(self):
        self.write("weir.yaml", CONFIG.replace("100ms", "100ms, flush_interval_max: 60s"))
        served = self.serve()
        served.ask("nas.home")
        wait_until(lambda: served.ledger()["in_flight"] == 1, "the event to be held")
        self.write("weir.yaml", CONFIG.replace("100ms", "100ms, flush_interval_max: 60s, adaptive_flush: false"))
        served.send(signal.SIGHUP)
        wait_until(lambda: served.ledger()["stored"] == 1, "the event to be stored")

    def test_reload_changes_the_flush_interval(self):
        self.write("weir.yaml", CONFIG.replace("100ms", "60s"))
        served = self.serve()
        served.ask("nas.home")
        wait_until(lambda: served.ledger()["in_flight"] == 1, "the event to be held")
        self.write("weir.yaml", CONFIG)
        served.send(signal.SIGHUP)
        wait_until(lambda: served.ledger()["stored"] == 1, "the event to be stored")

    def test_reload_changes_the_days_of_retention(self):
        for _ in range(2):  # the newest segment stays, whatever its age
            self.log_queries("nas.home")
        self.in_database("UPDATE segments SET last_ms = last_ms - 3 * 86400000")
        served = self.serve()
        wait_until(lambda: self.in_database("SELECT min(rolled_through) FROM logs WHERE log_no > 0") == [(2,)],
                   "the events to be rolled up")
        self.assertEqual(served.ledger()["expired"]["retention"], 0)
        self.write("weir.yaml", CONFIG.replace("flush_interval", "retention_days: 1, flush_interval"))
        served.send(signal.SIGHUP)
        wait_until(lambda: served.ledger()["expired"]["retention"] == 1, "the older event to be removed")

    def in_database(self, statement):
        database = sqlite3.connect(self.folder / "data" / "weir.db")
        try:
            with database:
                return database.execute(statement).fetchall()
        finally:
            database.close()

    def test_reload_switches_the_hand_off_and_back(self):
        served = self.serve()
        served.ask("nas.home")
        for answers, mode in ((2, "inline"), (3, "ring")):
            self.write("weir.yaml", CONFIG.replace("flush_interval", f"handoff: {mode}, flush_interval"))
            served.send(signal.SIGHUP)
            wait_until(lambda count=answers - 1: served.log().count("reloaded") == count, "the reload")
            served.ask("nas.home")
            wait_until(lambda count=answers: served.ledger()["stored"] == count, "the event to be stored")


if __name__ == "__main__":
    unittest.main()
