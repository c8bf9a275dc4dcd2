"""`weir sql`, `export`, `tail` and the loadable extension, with the real binary and the real sqlite3 shell."""

import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import unittest

from weir_process import ROOT, WEIR, WeirTestCase, wait_until

EXTENSION = os.environ.get("WEIR_SQLITE_EXTENSION", str(pathlib.Path(WEIR).with_name("weir_sqlite")))
MANUAL = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
EXAMPLES = [statement.strip() for block in re.findall(r"```sql\n(.*?)```", MANUAL, re.DOTALL)
            for statement in block.split(";") if statement.strip()]


class Sql(WeirTestCase):
    def setUp(self):
        super().setUp()
        self.log_queries("nas.home")

    def sql(self, *arguments):
        return self.run_weir("sql", *arguments)

    def shell(self, statement):
        """The answer of a sqlite3 shell that has loaded the extension."""
        if shutil.which("sqlite3") is None:
            self.skipTest("there is no sqlite3 shell")
        done = subprocess.run(
            ["sqlite3", "-readonly", "data/weir.db", "-cmd", f".load {EXTENSION}", statement],
            cwd=self.folder, capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_a_table_json_and_csv_show_the_same(self):
        statement = "SELECT domain, outcome, 0.5 AS half, NULL AS missing, 'a,\"b\"' AS quoted FROM queries"
        table = self.sql(statement)
        self.assertEqual((table.returncode, table.stderr), (0, ""))
        self.assertRegex(table.stdout.splitlines()[1], r'^nas\.home +local +0\.5 +- +a,"b"$')
        self.assertEqual(json.loads(self.sql(statement, "--json").stdout), {
            "columns": ["domain", "outcome", "half", "missing", "quoted"],
            "rows": [["nas.home", "local", 0.5, None, 'a,"b"']], "more": False})
        self.assertEqual(self.sql(statement, "--csv").stdout,
                         'domain,outcome,half,missing,quoted\nnas.home,local,0.5,,"a,""b"""\n')

    def test_what_is_not_reading_is_usage(self):
        for statement in ("DELETE FROM segments", "ATTACH 'x' AS y", "PRAGMA journal_mode=DELETE", "SELEC 1", ""):
            done = self.sql(statement)
            self.assertEqual((done.returncode, done.stdout), (2, ""), statement)
            self.assertRegex(done.stderr, r"^weir: [^\n]+\n$")
        self.assertFalse((self.folder / "x").exists())

    def test_left_out_rows_are_said(self):
        done = self.sql("SELECT 1 UNION ALL SELECT 2", "--limit", "1", "--csv")
        self.assertEqual((done.returncode, done.stdout), (0, "1\n1\n"))
        self.assertEqual(done.stderr, "weir: there are more than 1 rows; see --limit\n")

    def test_the_shell_sees_what_weir_sql_sees(self):
        for statement in ("SELECT domain, client_ip, outcome, timestamp FROM queries",
                          "SELECT hour, total, unique_domains FROM statistics",
                          "SELECT domain, query_count, last_queried FROM domain_stats"):
            rows = json.loads(self.sql(statement, "--json").stdout)["rows"]
            self.assertEqual(len(rows), 1)
            self.assertEqual(self.shell(statement), "|".join(str(value) for value in rows[0]) + "\n")

    def test_every_example_of_the_manual_runs(self):
        self.assertGreater(len(EXAMPLES), 6)
        for statement in EXAMPLES:
            with self.subTest(statement=statement):
                done = self.sql(statement, "--json")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(self.shell(statement).count("\n"), len(json.loads(done.stdout)["rows"]))

    def test_every_column_of_the_manual_is_there(self):
        for table in ("queries", "statistics", "domain_stats"):
            section = MANUAL.split(f"\n## {table}\n")[1].split("\n## ")[0]
            named = {name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
                     for name in re.findall(r"`([a-z0-9_]+)`", row)}
            columns = json.loads(self.sql(f"SELECT * FROM {table}", "--json").stdout)["columns"]
            self.assertTrue(named <= set(columns), named - set(columns))
            left = {name for name in columns if name not in named}
            self.assertTrue(left <= {"p95_response_time_ms", "p99_response_time_ms"}, left)


class Export(WeirTestCase):
    def test_every_query_is_a_line_as_the_api_shows_it(self):
        newest = json.loads(self.log_queries("nas.home", "nas.home"))
        done = self.run_weir("export")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([json.loads(line) for line in done.stdout.splitlines()], newest["queries"])

    def test_csv_has_the_same_fields(self):
        query = json.loads(self.log_queries("nas.home"))["queries"][0]
        head, line = self.run_weir("export", "--csv").stdout.splitlines()
        self.assertEqual(head.split(","), list(query))
        self.assertEqual(line.split(","), ["" if value is None else str(value) for value in query.values()])

    def test_more_than_a_page_comes_whole_and_once(self):
        with self.serve() as served:
            for _ in range(1005):
                served.ask("nas.home")
            wait_until(lambda: served.ledger()["stored"] + served.ledger()["collapsed"] == 1005, "events to be stored")
            stored = served.ledger()["stored"]
            self.assertEqual(served.stop(), 0)
        lines = self.run_weir("export").stdout.splitlines()
        self.assertEqual(len(lines), stored)
        self.assertEqual(len({json.loads(line)["id"] for line in lines}), stored)

    def test_events_that_cannot_be_read_are_not_left_out_in_silence(self):
        self.log_queries("nas.home")
        database = sqlite3.connect(self.folder / "data" / "weir.db")
        with database:
            database.execute("UPDATE segments SET data = zeroblob(length(data)) WHERE count > 0")
        database.close()
        done = self.run_weir("export")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "weir: some events could not be read, see weir fsck\n")

    def test_filters_and_their_mistakes_are_those_of_query(self):
        self.log_queries("nas.home")
        self.assertEqual(self.run_weir("export", "--outcome", "blocked").stdout, "")
        self.assertEqual(self.run_weir("export", "--until", "2020-01-01T00:00:00Z").stdout, "")
        done = self.run_weir("export", "--type", "NONSENSE")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertTrue(done.stderr.startswith("weir: --type: "))


class Tail(WeirTestCase):
    def follow(self, *arguments):
        child = subprocess.Popen([WEIR, "tail", *arguments], cwd=self.folder, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child.stdout

    def test_new_queries_are_shown_as_they_are_stored_after_the_newest_ones(self):
        served = self.serve()
        served.ask("nas.home")
        wait_until(lambda: served.ledger()["stored"] == 1, "the event to be stored")
        lines = self.follow("--json")
        first = json.loads(lines.readline())
        served.ask("nas.home", qtype=28)
        second = json.loads(lines.readline())
        self.assertEqual((first["type"], second["type"]), ("A", "AAAA"))
        self.assertEqual(json.loads(served.get("/api/v1/queries"))["queries"], [second, first])
        self.assertEqual(served.stop(), 0)

    def test_a_line_is_for_people_and_filters_hold(self):
        served = self.serve()
        lines = self.follow("--type", "AAAA")
        served.ask("nas.home")
        served.ask("nas.home", qtype=28)
        self.assertRegex(lines.readline(), r"^\d{4}-\d\d-\d\d [\d:.]+  127\.0\.0\.1  AAAA  nas\.home  local  NOERROR  ")
        self.assertEqual(served.stop(), 0)

    def test_a_mistake_in_a_filter_is_usage(self):
        self.log_queries("nas.home")
        done = self.run_weir("tail", "--type", "NONSENSE")
        self.assertEqual((done.returncode, done.stdout), (2, ""))


if __name__ == "__main__":
    unittest.main()
