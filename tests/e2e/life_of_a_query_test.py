"""A query's whole life: client, weir, upstream, SQLite, forwarder, Worker, D1; and four witnesses who must agree."""

import collections
import unittest

from processes import dig, dnsperf
from stage import Stage, TOP_LIMIT, ledger_sum, top_of, zipf

QUERIES = 6000


def normal(name):
    return name.lower().rstrip(".")


class LifeOfAQuery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = cls.enterClassContext(Stage())
        cls.stage.start_edge()
        cls.stage.start_weir(forward_port=cls.stage.edge_port)
        cls.send()
        cls.stage.wait_total(cls.stage.native, len(cls.sent))
        cls.stage.wait_total(cls.stage.at_edge, len(cls.sent))

    @classmethod
    def send(cls):
        """What the client sends: a load of dnsperf, then single queries whose order is known."""
        stage = cls.stage
        names = zipf(stage.names + stage.ads, QUERIES, seed=7)
        lines = [f"{name} {'AAAA' if index % 4 == 0 else 'A'}" for index, name in enumerate(names)]
        sent, completed = dnsperf(stage.dns_port, lines, stage.folder)
        assert sent == completed == QUERIES, f"sent {sent}, answered {completed} of {QUERIES}"
        cls.sent = [normal(name) for name in names]
        cls.singles = [("dig", ["one.example.com", "A"]), ("kdig", ["two.example.com", "AAAA"]),
                       ("dig", ["+tcp", "three.example.com", "TXT"]), ("kdig", ["nas.home", "A"]),
                       ("dig", [stage.ads[0], "A"]), ("kdig", ["+tcp", stage.ads[1], "AAAA"]),
                       ("dig", ["we\\032ird.example.com", "TYPE65"]), ("dig", ["LAST.Example.com", "A"])]
        for tool, arguments in cls.singles:
            done = dig(stage.dns_port, *arguments, tool=tool)
            assert done.returncode == 0, done.stdout + done.stderr
        cls.single_names = [normal([word for word in arguments if "." in word][0]) for _, arguments in cls.singles]
        cls.sent += cls.single_names

    def test_totals_agree(self):
        events, gaps = self.stage.dump()
        self.assertEqual(len(events), len(self.sent))
        self.assertEqual(gaps, [])
        self.assertEqual(self.stage.native("stats")["total"], len(self.sent))
        self.assertEqual(self.stage.at_edge("stats")["total"], len(self.sent))

    def test_outcomes_agree(self):
        ads = set(self.stage.ads)
        blocked = sum(name in ads for name in self.sent)
        native = self.stage.native("stats")["outcomes"]
        decoded = collections.Counter(event["outcome"] for event in self.stage.dump()[0])
        self.assertEqual(native, self.stage.at_edge("stats")["outcomes"])
        self.assertEqual({name: count for name, count in native.items() if count}, dict(decoded))
        self.assertEqual(native["blocked"], blocked)
        self.assertEqual(native["local"], 1)
        self.assertEqual(native["forwarded"] + native["cached"], len(self.sent) - blocked - 1)
        self.assertGreater(native["cached"], native["forwarded"])

    def test_unique_names_agree(self):
        distinct = len(set(self.sent))
        self.assertLess(distinct, 256, "the count of distinct names is exact only below 256")
        self.assertEqual(len({event["domain"] for event in self.stage.dump()[0]}), distinct)
        self.assertEqual(self.stage.native("stats")["unique_domains"], distinct)
        self.assertEqual(self.stage.at_edge("stats")["unique_domains"], distinct)
        self.assertEqual(self.stage.native("stats")["unique_clients"], 1)

    def test_top_names_agree(self):
        expected = top_of(self.sent)
        self.assertEqual(top_of([event["domain"] for event in self.stage.dump()[0]]), expected)
        for reader in (self.stage.native, self.stage.at_edge):
            items = reader("stats/top", by="domain", limit=TOP_LIMIT)["items"]
            self.assertEqual([(item["key"], item["count"]) for item in items], expected)
            self.assertEqual({item["error"] for item in items}, {0})

    def test_newest_entries_agree(self):
        newest = list(reversed(self.single_names))
        count = len(newest)
        native = self.stage.native("queries", limit=count)["queries"]
        edge = self.stage.at_edge("queries", limit=count)["queries"]
        decoded = list(reversed(self.stage.dump()[0][-count:]))
        self.assertEqual([entry["domain"] for entry in native], newest)
        self.assertEqual([event["domain"] for event in decoded], newest)
        self.assertEqual(native, edge)
        self.assertEqual([(entry["time"], entry["outcome"], entry["duration_us"]) for entry in native],
                         [(event["time"], event["outcome"], event["duration_us"]) for event in decoded])
        self.assertEqual(native[0]["rcode"], "NOERROR")
        self.assertEqual(native[1]["type"], "HTTPS")
        self.assertEqual(native[2]["outcome"], "blocked")
        self.assertEqual(native[2]["list"], "ads")
        self.assertEqual(native[4]["outcome"], "local")

    def test_every_entry_is_the_same_at_the_edge(self):
        native = self.stage.all_queries(self.stage.native)
        edge = self.stage.all_queries(self.stage.at_edge)
        self.assertEqual(len(native), len(self.sent))
        self.assertEqual(len({entry["id"] for entry in native}), len(native))
        self.assertEqual(native, edge)

    def test_series_add_up(self):
        for reader in (self.stage.native, self.stage.at_edge):
            points = reader("stats/timeseries", step="1m")["points"]
            self.assertEqual(sum(point["total"] for point in points), len(self.sent))

    def test_the_ledger_adds_up(self):
        ledger = self.stage.native("ledger")
        self.assertEqual(ledger["offered"], len(self.sent))
        self.assertEqual(ledger["stored"], len(self.sent))
        self.assertEqual(ledger["acked"], len(self.sent))
        self.assertEqual(sum(ledger["dropped"].values()), 0)
        self.assertEqual(ledger["offered"], ledger_sum(ledger))
        edge = self.stage.at_edge("ledger")
        self.assertEqual(edge["stored"], len(self.sent))
        self.assertEqual(edge["offered"], ledger_sum(edge))


if __name__ == "__main__":
    unittest.main()
