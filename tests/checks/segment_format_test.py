"""docs/segment_format.md suffices: a reader written from it reads the golden segments."""

import unittest

import segment_reader
import tree

GOLDEN = tree.ROOT / "tests" / "golden"


def golden_head(name):
    return segment_reader.read_head((GOLDEN / name).read_bytes())


class SegmentFormatTest(unittest.TestCase):
    def test_golden_segments_have_the_events_that_went_in(self):
        lines = (GOLDEN / "segment_v1_600.tsv").read_text(encoding="utf-8").splitlines()
        expected = [tuple(line.split("\t")) for line in lines]
        self.assertEqual(len(expected), 600)
        for count in (1, 600):
            head = golden_head(f"segment_v1_{count}.bin")
            self.assertEqual(segment_reader.read_events(head), expected[:count])

    def test_a_segment_of_two_chunks_begins_with_the_same_events(self):
        lines = (GOLDEN / "segment_v1_600.tsv").read_text(encoding="utf-8").splitlines()
        events = segment_reader.read_events(golden_head("segment_v1_5000.bin"))
        self.assertEqual(len(events), 5000)
        self.assertEqual(events[:600], [tuple(line.split("\t")) for line in lines])

    def test_a_head_tells_numbers_and_ledger(self):
        head = golden_head("segment_v1_600.bin")
        self.assertEqual((head.kind, head.reason, head.open), (0, 0, True))
        self.assertEqual(head.log, "000102030405060708090a0b0c0d0e0f")
        self.assertEqual((head.first, head.count, sum(head.outcomes)), (1000, 600, 600))
        self.assertEqual(head.ledger, [5000, 3, 1, 0, 2, 0, 0])

    def test_a_gap_is_a_head(self):
        head = golden_head("gap_v1.bin")
        self.assertEqual((head.kind, head.reason, head.first, head.count), (1, 1, 1000, 1000))
        self.assertEqual(head.content, b"")


if __name__ == "__main__":
    unittest.main()
