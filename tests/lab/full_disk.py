#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects for a file on a full disk: of what is written each line is whole, and that it is not all is said.  So it is
where a file comes to the limit on its size.

full_disk.py SYNSENT [--only TEXT] [--show]

On a small file system of its own, in a mount namespace of its own.  `watch` is in watch.py.
"""
import os
import resource
import signal
import subprocess
import sys
import tempfile

import harness
import machine
import watch_elsewhere

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "capture"))
import frames  # noqa: E402
import pcaplib  # noqa: E402

PAGE = 4096  # what a tmpfs gives at once
SYNS = 400
LIMIT = 9000  # bytes of a file: less than `read` would write
LIMIT_METRICS = 1000
DISK = "SYNSENT_TEST_FULL_DISK"  # the directory where it is mounted, inside
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
        self.disk = os.environ[DISK]
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
        for name in [path] + [self.file(n) for n in os.listdir(self.disk) if self.file(n) != path]:
            os.unlink(name)
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

    def limit_read(self, t):
        """A filesystem with room, and a limit on a file's size."""
        for path in self.file("out"), self.synsent.path("out"):
            self.check(t, ["read", "-j", self.source], path, least=3, why="File too large", preexec_fn=limited)

    def limit_files(self, t):
        out = self.synsent.path("out.pcapng")
        self.says(t, ["read", "-w", out, self.source], 4, "%s: its packets could not be kept in a temporary file: "
                  "File too large" % out)
        out = self.synsent.path("out.prom")
        self.says(t, ["watch", "--no-bpf", "--for", "1s", "--metrics-file", out], 4,
                  "cannot write %s: File too large" % out, LIMIT_METRICS)
        t.want("what is left", [n for n in os.listdir(self.synsent.directory) if n.startswith("out.")], [])

    def says(self, t, args, status, what, limit=LIMIT):
        p = self.synsent.start(args, preexec_fn=lambda: limited(limit))
        said = p.communicate(timeout=60)[1].decode()
        t.want("status of %r, which says %r" % (args, said), p.returncode, status)
        t.want("that %r says %r: %r" % (args, what, said), what in said, True)

    def limit_programs(self, t):
        """What is run ends by the signal as it does without."""
        p = self.synsent.start(["run", "--fault", "rst", "--", "sh", "-c", "kill -XFSZ $$"])
        p.communicate(timeout=60)
        t.want("the status", p.returncode, 128 + signal.SIGXFSZ)


def limited(to=LIMIT):
    resource.setrlimit(resource.RLIMIT_FSIZE, (to, to))


def main():
    if os.geteuid():
        harness.skip("file systems are mounted by root only")
    if DISK not in os.environ:
        with tempfile.TemporaryDirectory(prefix=machine.TEST) as disk:
            os.environ[DISK] = disk
            return subprocess.call(["unshare", "--mount", sys.executable, *sys.argv])
    return watch_elsewhere.run_test(Test, ("read", "connect", "lab", "limit_read", "limit_files", "limit_programs"), __doc__)


if __name__ == "__main__":
    sys.exit(main())
