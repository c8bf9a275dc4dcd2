"""Files and functions stay small enough to be read at once."""

import re
import unittest

import tree

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 100
BATCHER_HEADER_LINES_MAX = 170
CODE = (".h", ".cc", ".ts", ".tsx", ".mjs")

# A definition as clang-format writes it: starts in the first column of its scope, its body's closing brace stands
# alone at the same indentation.
NOT_A_FUNCTION = re.compile(r"^\s*(?:namespace|struct|class|enum|union|extern|static constexpr|constexpr|const|inline constexpr|export (?:interface|class|type)|interface|type|describe)\b")
OPENS = re.compile(r"^( *)(?=\S).*\)[^;{}]*\{$|^( *)\S.*=> \{$")


def functions(path):
    """Pairs of first line and length of every block that looks like a function."""
    lines = tree.text(path).splitlines()
    for start, line in enumerate(lines):
        if not OPENS.match(line) or NOT_A_FUNCTION.match(line):
            continue
        if re.match(r"^\s*(?:if|for|while|switch|else|\}|test|describe)\b", line):
            continue
        indent = len(line) - len(line.lstrip())
        for end in range(start + 1, len(lines)):
            if lines[end].strip() and len(lines[end]) - len(lines[end].lstrip()) <= indent \
                    and lines[end].lstrip().startswith("}"):
                yield start + 1, end - start + 1
                break


class SizesTest(unittest.TestCase):
    def test_no_file_is_longer_than_a_reader_can_hold(self):
        for path in tree.files(*CODE, ".py"):
            with self.subTest(file=str(path)):
                self.assertLessEqual(len(tree.text(path).splitlines()), FILE_LINES_MAX)

    def test_no_line_is_wider_than_the_screen(self):
        for path in tree.files(".h", ".cc", ".ts", ".tsx", ".mjs"):
            for number, line in enumerate(tree.text(path).splitlines(), 1):
                if len(line) > LINE_COLUMNS_MAX and "http" not in line:
                    self.fail(f"{path}:{number}: {len(line)} columns")

    def test_functions_fit_a_screen(self):
        found = 0
        for path in tree.files(*CODE):
            for line, length in functions(path):
                found += 1
                with self.subTest(file=f"{path}:{line}"):
                    self.assertLessEqual(length, FUNCTION_LINES_MAX)
        self.assertGreater(found, 100, "the pattern for functions no longer finds them")

    def test_the_batcher_header_is_short(self):
        lines = tree.text("core/include/weir/batcher.h").splitlines()
        self.assertLessEqual(len(lines), BATCHER_HEADER_LINES_MAX)

    def test_nothing_is_left_to_do(self):
        marks = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
        for path in tree.files(*CODE, ".py", ".sh"):
            with self.subTest(file=str(path)):
                self.assertIsNone(marks.search(tree.text(path)))


if __name__ == "__main__":
    unittest.main()
