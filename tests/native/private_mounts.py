"""Small and read-only file systems for tests, in a mount namespace of their own.

A test program calls enter() first: it starts anew inside `unshare`, so that nothing it mounts is seen by anybody else
and all of it is gone with the program. Needs root or unprivileged user namespaces; where the machine allows neither,
tests skip and say so.
"""

import contextlib
import os
import shutil
import subprocess
import sys

MARK = "WEIR_TEST_PRIVATE_MOUNTS"
# As root, else as the root of a user namespace.
WAYS = (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"])


def enter():
    """Runs the program that was started again in a private namespace, if there is a way to get one."""
    if MARK in os.environ or not shutil.which("unshare") or not shutil.which("mount"):
        return
    for way in WAYS:
        probe = subprocess.run([*way, "mount", "-t", "tmpfs", "weir-test", "/mnt"], capture_output=True, check=False)
        if probe.returncode == 0:
            os.environ[MARK] = "1"
            os.execvp(way[0], [*way, sys.executable, "-B", *sys.argv])


def require(test):
    if MARK not in os.environ:
        test.skipTest("this machine lets the test mount nothing: it needs root or user namespaces")


@contextlib.contextmanager
def mounted(folder, *options):
    """Mounts on the folder as long as the `with` lasts."""
    subprocess.run(["mount", *options, str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def small_tmpfs(folder, size):
    return mounted(folder, "-t", "tmpfs", "-o", f"size={size}", "weir-test")


@contextlib.contextmanager
def read_only(folder):
    """The folder over itself, without the right to write. What is open already stays writable."""
    with mounted(folder, "--bind", str(folder)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
