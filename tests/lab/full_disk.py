#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects for a file on a full disk: of what is written each line is whole, and that it is not all is said.

full_disk.py SYNSENT [--only TEXT] [--show]

On a small file system of its own, in a mount namespace of its own.  `watch` is in watch.py.
"""
import os
import subprocess
import sys

import harness
import watch_elsewhere

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "capture"))
import frames  # noqa: E402
import pcaplib  # noqa: E402

PAGE = 4096  # what a tmpfs gives at once
SYNS = 400
INSIDE = "SYNSENT_TEST_FULL_DISK"
START = 1700000000 * pcaplib.NSEC


def capture():
    """SYNs that nobody answers."""
    def syn(port):
        return frames.ip4(frames.SRC4, frames.DST4, 6, frames.tcp(
            frames.SRC4, frames.DST4, port, 80, port, 0, frames.SYN, frames.SYN_OPTIONS))

    return pcaplib.pcap([pcaplib.Packet(START + i * 1000, syn(1000 + i), len(syn(1000 + i))) for i in range(SYNS)],
                        pcaplib.RAW)


class Test:
    def __init__(self, synsent):
        self.synsent = synsent
        self.disk = synsent.path("disk")
        os.mkdir(self.disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "none", self.disk], check=True)
        self.source = synsent.path("in.pcap")
        with open(self.source, "wb") as f:
            f.write(capture())

    def file(self, name):
        return os.path.join(self.disk, name)

    def fill(self, before):
        """A file with so much in it, on a disk with no room but in that file's last page."""
        path = self.file("out")
        with open(path, "wb") as f:
            f.write(before)
        with open(self.file("fill"), "wb", buffering=0) as f:
            try:
                while f.write(bytes(PAGE)) == PAGE:
                    pass
            except OSError:
                pass
        return path

    def check(self, t, args, path, before=b"", append=os.O_APPEND, least=0, why="No space left on device", **more):
        stdout = os.open(path, os.O_WRONLY | os.O_CREAT | append)
        p = self.synsent.start(args, stdout=stdout, **more)
        os.close(stdout)
        said = p.communicate(timeout=60)[1].decode()
        with open(path, "rb") as f:
            lines = f.read()
        for name in os.listdir(self.disk):
            os.unlink(self.file(name))
        t.want("status of %r, which says %r" % (args, said), p.returncode, 4)
        t.want("how often %r says it: %r" % (args, said), said.count("standard output: " + why), 1)
        t.want("that %r keeps what stood there" % args, lines.startswith(before), True)
        lines = lines[len(before):]
        t.want("that the last line of %r is whole: %r" % (args, lines[-60:]), not lines or lines.endswith(b"\n"), True)
        t.want("that %r writes some: %d" % (args, lines.count(b"\n")), least <= lines.count(b"\n") < SYNS, True)

    def read(self, t):
        for append in 0, os.O_APPEND:
            for sandbox in "try", "off":
                self.check(t, ["read", "-j", "--sandbox", sandbox, self.source], self.file("out"), append=append,
                           least=10)
        self.check(t, ["read", "--all", self.source], self.file("out"), least=10)

    def connect(self, t):
        before = b" " * (PAGE - 100) + b"\n"
        self.check(t, ["connect", "-j", "127.0.0.1", "9"], self.fill(before), before)

    def lab(self, t):
        before = b" " * (PAGE - 100) + b"\n"
        self.check(t, ["lab", "-j", "--fast", "--scenario", "reset"], self.fill(before), before)


def main():
    if os.geteuid():
        harness.skip("file systems are mounted by root only")
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        return subprocess.call(["unshare", "--mount", sys.executable, *sys.argv])
    return watch_elsewhere.run_test(Test, ("read", "connect", "lab"), __doc__)


if __name__ == "__main__":
    sys.exit(main())
