"""Metrics and alerts: each metric is documented; promtool accepts and tests the rules, and what they speak of is there:
metrics, labels, runbook."""

import re
import shutil
import subprocess
import unittest

import tree

RULES = "packaging/prometheus/weir_alerts.yml"
RULES_TEST = "packaging/prometheus/weir_alerts_test.yml"
RUNBOOK = "docs/sizing.md"
REFERENCE = "docs/metrics.md"

METRIC = re.compile(r"\bweir_[a-z0-9_]+\b(?!\.\w)")  # not a file's name
ALERT = re.compile(r"^ *- alert: (\w+)$", re.MULTILINE)
# A name, and the type that follows its help text, if one does: it always does where a histogram is made.
FAMILY = re.compile(r'"(weir_[a-z0-9_]+)"(?:,\s*"[^"]*"(?:\s*"[^"]*")*,\s*(?:prometheus::)?MetricType::(\w+))?')
OF_HISTOGRAM = ("_bucket", "_count", "_sum")


def metrics():
    """Name and type, as far as it stands beside the name, of all metrics that the binary exposes."""
    sources = [path for path in tree.files(".cc") if path.parts[0] == "native"]
    return [found for path in sources for found in FAMILY.findall(tree.text(path))]


def families():
    """Names of the metrics, for a histogram those of its series."""
    names = set()
    for name, kind in metrics():
        names |= {name + suffix for suffix in OF_HISTOGRAM} if kind == "Histogram" else {name}
    return names


def array_of(path, name):
    """What stands between the braces of a constant array."""
    return re.search(name + r" = \{(.*?)\}", tree.text(path), re.DOTALL).group(1)


def alerts():
    """Name and text of every rule."""
    parts = ALERT.split(tree.text(RULES))[1:]
    return list(zip(parts[::2], parts[1::2]))


def heading_anchors(path):
    """As renderers of Markdown make them of headings."""
    headings = re.findall(r"^#+ (.+)$", tree.text(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class AlertsTest(unittest.TestCase):
    def promtool(self, *arguments):
        self.assertIsNotNone(shutil.which("promtool"), "promtool is in the Debian package prometheus")
        done = subprocess.run(["promtool", *arguments], cwd=tree.ROOT, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_reference_has_each_metric_once_and_no_other(self):
        documented = re.findall(r"^\| `(weir_\w+)", tree.text(REFERENCE), re.MULTILINE)
        self.assertEqual(sorted(documented), sorted({name for name, _ in metrics()}))

    def test_promtool_accepts_the_rules(self):
        self.promtool("check", "rules", RULES)

    def test_the_rules_fire_when_they_should_and_only_then(self):
        self.promtool("test", "rules", RULES_TEST)

    def test_every_rule_is_seen_to_fire(self):
        fired = re.findall(r"alertname: (\w+)\n +exp_alerts:", tree.text(RULES_TEST))
        self.assertEqual({name for name, _ in alerts()}, set(fired))

    def test_every_metric_that_is_named_exists(self):
        exposed = families()
        self.assertGreater(len(exposed), 40, "the pattern for metrics no longer finds them")
        self.assertIn("weir_batch_flush_duration_seconds_bucket", exposed)
        for path in (RULES, RULES_TEST, RUNBOOK):
            for name in METRIC.findall(tree.text(path)):
                with self.subTest(file=path, metric=name):
                    self.assertIn(name, exposed)

    def test_every_reason_of_drops_is_one_of_the_ledger(self):
        named = set(re.findall(r'reason!?="(\w+)"', tree.text(RULES) + tree.text(RULES_TEST)))
        self.assertIn("disabled", named)
        reasons = re.findall(r'"(\w+)"', array_of("core/src/segment_head.cc", "kDropReasonNames"))
        self.assertLessEqual(named, set(reasons))

    def test_the_bound_of_slow_commits_is_an_edge_of_the_buckets(self):
        bound_s = re.search(r"flush_duration_seconds_bucket\[5m\]\)\) > ([\d.]+)", tree.text(RULES)).group(1)
        edges = array_of("native/runtime/metrics.h", "kBoundsUs").replace("'", "").replace(",", " ").split()
        self.assertIn(round(float(bound_s) * 1e6), [int(edge) for edge in edges])

    def test_every_alert_leads_to_its_section_of_the_runbook(self):
        anchors = heading_anchors(RUNBOOK)
        self.assertGreater(len(alerts()), 5, "the pattern for alerts no longer finds them")
        for name, text in alerts():
            with self.subTest(alert=name):
                self.assertIn(f"runbook: {RUNBOOK}#{name.lower()}\n", text)
                self.assertIn(name.lower(), anchors)
                self.assertIn("summary: ", text)
                self.assertIn("description: ", text)


if __name__ == "__main__":
    unittest.main()
