# SPDX-License-Identifier: GPL-2.0-or-later
"""A network namespace of its own for a benchmark, whose loopback interface is up.  Needs root."""
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000


def enter():
    """This process, and what it starts from now on, is in a new one, which ends with the last of them."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "a network namespace: " + os.strerror(ctypes.get_errno()))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
