"""The commands of the binary that end by themselves: exit codes, streams, and the very bytes of the API."""

import json
import os
import re
import sqlite3
import subprocess
import unittest

from weir_process import ROOT, WEIR, WeirTestCase, wait_until


class Cli(WeirTestCase):
    def test_version_is_one_line_or_json(self):
        self.assertRegex(self.run_weir("version").stdout, r"^weir \d+\.\d+\.\d+\n$")
        self.assertIn("version", json.loads(self.run_weir("version", "--json").stdout))

    def test_a_wrong_command_line_is_usage(self):
        for arguments in ((), ("dance",), ("query", "--nonsense")):
            done = self.run_weir(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertEqual(done.stdout, "")

    def test_check_config_prints_what_is_in_effect(self):
        done = self.run_weir("check-config")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("flush_interval: 100ms", done.stdout)
        self.assertEqual(json.loads(self.run_weir("check-config", "--json").stdout)["dns"]["threads"], 1)

    def test_check_config_reads_the_block_lists(self):
        self.write("lists.yaml", "blocking: {lists: [{name: ads, source: ./none.hosts}]}")
        done = self.run_weir("check-config", "-c", "lists.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("'ads' (none.hosts): cannot be opened", done.stderr)

    def test_check_config_reports_every_error_with_its_place(self):
        self.write("bad.yaml", "dns: {threads: many}\nqeury_log: {}\n")
        done = self.run_weir("check-config", "-c", "bad.yaml")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual([line.split(" ")[0] for line in done.stderr.splitlines()], ["bad.yaml:1:16:", "bad.yaml:2:1:"])
        self.assertIn("did you mean query_log?", done.stderr)
        errors = json.loads(self.run_weir("check-config", "-c", "bad.yaml", "--json").stdout)["errors"]
        self.assertEqual("\n".join(errors) + "\n", done.stderr)

    def test_the_example_is_accepted_and_every_key_is_documented(self):
        self.write("weir.example.yaml", (ROOT / "docs" / "weir.example.yaml").read_text())
        self.write("adservers.hosts", "0.0.0.0 ads.example\n")
        done = self.run_weir("check-config", "--config", "weir.example.yaml", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        manual = (ROOT / "docs" / "configuration.md").read_text()
        keys = set(re.findall(r"^\| `([a-z_.]+)` \|", manual, re.MULTILINE))
        shown = json.loads(done.stdout)
        for section, value in shown.items():
            paths = [f"{section}.{key}" for key in value] if isinstance(value, dict) else [section]
            for path in paths:
                self.assertIn(path, keys)
                keys.discard(path)
        self.assertEqual(keys, set(), "documented, and no key of the program")

    def test_secrets_are_not_printed(self):
        self.write("forward.yaml", 'forward: {url: "https://weir.example", site: home, token: "${TOKEN}"}\n')
        done = self.run_weir("check-config", "-c", "forward.yaml", env={**os.environ, "TOKEN": "s3cret"})
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("s3cret", done.stdout + done.stderr)

    def test_no_database_is_one_clear_line(self):
        for command in ("query", "stats", "top"):
            done = self.run_weir(command)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertEqual(done.stderr, "weir: there is no database at data/weir.db\n")

    def test_json_is_the_very_bytes_of_the_api(self):
        newest = self.log_queries("nas.home", "nas.home")
        done = self.run_weir("query", "--json")
        self.assertEqual((done.returncode, done.stdout), (0, newest + "\n"))

    def test_commands_read_while_the_server_runs(self):
        served = self.serve()
        self.assertEqual(served.ask("nas.home")[0], 0)
        wait_until(lambda: served.ledger()["stored"] == 1, "the event to be stored")
        self.assertEqual(json.loads(self.run_weir("stats", "--json").stdout)["total"], 1)
        self.assertEqual(served.stop(), 0)

    def test_tables_are_for_people(self):
        self.log_queries("nas.home")
        query = self.run_weir("query")
        self.assertIn("TIME (UTC)", query.stdout.splitlines()[0])
        self.assertRegex(query.stdout.splitlines()[1], r"127\.0\.0\.1 +A +nas\.home +local +NOERROR")
        stats = self.run_weir("stats").stdout
        self.assertRegex(stats, r"(?m)^total +1$")
        self.assertRegex(stats, r"(?m)^offered +1$")
        self.assertRegex(self.run_weir("top").stdout, r"(?m)^ +1 +0  nas\.home$")

    def test_filters_reach_the_api(self):
        self.log_queries("nas.home")
        self.assertNotIn("nas.home", self.run_weir("query", "--outcome", "blocked").stdout)
        self.assertIn("nas.home", self.run_weir("query", "--type", "AAAA", "--type", "A").stdout)

    def test_a_value_that_the_api_refuses_is_usage(self):
        self.log_queries("nas.home")
        done = self.run_weir("query", "--type", "NONSENSE")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertTrue(done.stderr.startswith("weir: --type: "))
        problem = self.run_weir("query", "--type", "NONSENSE", "--json")
        self.assertEqual((problem.returncode, json.loads(problem.stdout)["param"]), (2, "type"))

    def test_a_database_of_a_newer_version_is_one_clear_line(self):
        self.log_queries("nas.home")
        database = sqlite3.connect(self.folder / "data" / "weir.db")
        database.execute("INSERT INTO d1_migrations (name) VALUES ('9999_future.sql')")
        database.commit()
        database.close()
        done = self.run_weir("query")
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (1, "", 1))
        self.assertIn("newer", done.stderr)

    def test_data_replaces_the_configured_folder(self):
        self.write("weir.yaml", "nonsense: 1\n")
        done = self.run_weir("query", "--data", "elsewhere")
        self.assertEqual(done.stderr, "weir: there is no database at elsewhere/weir.db\n")

    def test_output_that_cannot_be_written_is_a_failure(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([WEIR, "version"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (1, "weir: the output could not be written\n"))


if __name__ == "__main__":
    unittest.main()
