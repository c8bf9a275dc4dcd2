"""Every public header of the core compiles alone, as C++20 without exceptions and RTTI."""

import concurrent.futures
import os
import shutil
import subprocess
import unittest

import tree

FLAGS = ["-std=c++20", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror",
         "-fsyntax-only", "-Icore/include", "-x", "c++", "-"]


def compile_alone(compiler, header):
    source = f'#include "weir/{header.name}"\n#include "weir/{header.name}"\n'
    done = subprocess.run([compiler, *FLAGS], input=source, cwd=tree.ROOT, capture_output=True, text=True)
    return header, done.returncode, done.stderr


class HeadersTest(unittest.TestCase):
    def test_public_headers_compile_alone(self):
        headers = [path for path in tree.files(".h") if str(path).startswith("core/include/weir/")]
        self.assertGreater(len(headers), 10)
        compilers = [name for name in ("g++", "clang++-19") if shutil.which(name)]
        self.assertTrue(compilers)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            jobs = [pool.submit(compile_alone, compiler, header) for compiler in compilers for header in headers]
            for job in jobs:
                header, code, errors = job.result()
                with self.subTest(header=str(header)):
                    self.assertEqual(code, 0, errors)


if __name__ == "__main__":
    unittest.main()
