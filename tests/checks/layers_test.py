"""The folders are the layers: who may include whom, and what the core may not touch at all."""

import re
import unittest

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.MULTILINE)

# Folders of native/ that may include each other; everything else of native/ sees core and runtime only.
NATIVE_MAY_INCLUDE = {
    "runtime": {"runtime"},
    "dns": {"dns", "runtime"},
    "store": {"store", "runtime"},
    "forward": {"forward", "runtime"},
    "http": {"http", "runtime"},
    "control": {"control", "runtime"},
    "sql": {"sql", "store", "runtime"},
    "cli": {"cli", "control", "sql", "store", "runtime"},
}

# The core has no clock, thread, file, socket, environment, randomness, stream or locale.
CORE_MAY_NOT_INCLUDE = {
    "mutex", "shared_mutex", "thread", "condition_variable", "future", "filesystem", "iostream", "sstream",
    "fstream", "format", "expected", "ranges", "memory_resource", "chrono", "random", "regex", "locale",
    "ctime", "time.h", "cstdio", "stdio.h", "unistd.h", "fcntl.h", "atomic", "execution",
}
CORE_MAY_NOT_CALL = re.compile(
    r"\b(getenv|rand|srand|fopen|printf|fprintf|clock_gettime|gettimeofday|throw|try|catch|dynamic_cast|typeid)\b"
    r"\s*[({<]")
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def includes(path):
    return INCLUDE.findall(tree.text(path))


def native_folder(name):
    """The folder of native/ that an include path names, or None."""
    parts = name.split("/")
    if parts[0] == "native":
        parts = parts[1:]
    return parts[0] if len(parts) > 1 and parts[0] in NATIVE_MAY_INCLUDE else None


class LayersTest(unittest.TestCase):
    def test_native_folders_include_only_what_is_below_them(self):
        for path in tree.files(".h", ".cc"):
            if path.parts[0] != "native" or len(path.parts) < 3:
                continue
            allowed = NATIVE_MAY_INCLUDE[path.parts[1]]
            for name in includes(path):
                folder = native_folder(name)
                with self.subTest(file=str(path), include=name):
                    self.assertTrue(folder is None or folder in allowed)

    def test_core_and_wasm_include_no_native_or_test_code(self):
        for path in tree.files(".h", ".cc"):
            if path.parts[0] not in ("core", "wasm"):
                continue
            for name in includes(path):
                with self.subTest(file=str(path), include=name):
                    self.assertIsNone(native_folder(name))
                    self.assertNotIn(name.split("/")[0], ("native", "tests", "support", "bench"))

    def test_core_is_sans_io(self):
        for path in tree.files(".h", ".cc"):
            if path.parts[0] != "core":
                continue
            with self.subTest(file=str(path)):
                self.assertFalse(CORE_MAY_NOT_INCLUDE & set(includes(path)))
                code = COMMENT_OR_STRING.sub(" ", tree.text(path))
                self.assertIsNone(CORE_MAY_NOT_CALL.search(code))

    def test_public_headers_include_only_public_headers(self):
        for path in tree.files(".h"):
            if not str(path).startswith("core/include/"):
                continue
            for name in includes(path):
                with self.subTest(file=str(path), include=name):
                    self.assertTrue(name.startswith("weir/") or ("/" not in name and not name.endswith(".h")))

    def test_the_project_names_no_path_of_a_machine(self):
        machine = re.compile(r"(?<![\w}])/(?:work|root|home/weir)/")
        for path in tree.files(".h", ".cc", ".ts", ".mjs", ".py", ".md", ".toml", ".yaml", ".json", ".txt", ".cmake"):
            if path.parts[:2] == ("tests", "checks"):
                continue
            with self.subTest(file=str(path)):
                self.assertIsNone(machine.search(tree.text(path)))


if __name__ == "__main__":
    unittest.main()
