#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is told on stderr has no reader any more, as after `2> >(head -1)`: the data come all the same, and the status.

stderr_gone.py SYNSENT [--only TEXT] [--show]

Whoever does not read stdout any more ends the program, as before.
"""
import os
import signal
import socket
import subprocess
import sys
import time

import harness
import watch_elsewhere
import watched

CLIENT = [sys.executable, "-c", "import socket, time; time.sleep(0.3); socket.socket().connect_ex(('127.0.0.1', 9))"]


def without_reader():
    """The end of a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    return write


class Test:
    def __init__(self, synsent):
        self.synsent = synsent

    def ended(self, args, where=None, **streams):
        """Status and stdout."""
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, **streams}
        p = self.synsent.start(args, **streams)
        if where:
            where(p)
        out = p.communicate(timeout=40)[0] or b""
        return p.returncode, len(out.splitlines())

    def same(self, t, args, where=None, lines=1):
        """With a reader and without; a count of lines, for the times differ."""
        gone = without_reader()
        expected = self.ended(args, where)
        t.want("status and lines of %r" % args, self.ended(args, where, stderr=gone), expected)
        t.want("that %r tells anything: %r" % (args, expected), expected[1] >= lines and expected[0] >= 0, True)
        os.close(gone)

    def stdout_too(self, t, args):
        gone = without_reader()
        for stderr in (subprocess.DEVNULL, gone):
            status = self.ended(args, stdout=gone, stderr=stderr)[0]
            t.want("the status of %r" % args, status in (-signal.SIGPIPE, 128 + signal.SIGPIPE), True)
        os.close(gone)

    def lab(self, t):
        self.same(t, ["lab", "-v", "--fast", "--scenario", "reset"])

    def run(self, t):
        self.same(t, ["run", "--fault", "rst", "--", *CLIENT[:2], CLIENT[2] + "; print(1); exit(3)"])

    def connect(self, t):
        """What it tells there is errors alone."""
        self.same(t, ["connect", "127.0.0.1", "no port"], lines=0)

    def read(self, t):
        """Its own process for what comes from outside, too."""
        path = self.synsent.path("two.pcap")
        net = watched.Net()
        t.kept.append(net.process)
        with net:
            dump = subprocess.Popen(["tcpdump", "-i", "lo", "-nn", "-U", "--immediate-mode", "-Z", "root", "-w", path],
                                    stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=harness.ENV)
            dump.stderr.readline()
            socket.socket().connect_ex(("127.0.0.1", 9))
            time.sleep(0.3)
            dump.terminate()
            dump.communicate()
        with open(path, "ab") as f:
            f.write(b"cut")
        self.same(t, ["read", "-v", "--all", path])
        self.stdout_too(t, ["read", "--all", path])

    def watch(self, t):
        """Its summary goes to stderr, with or without a program."""
        def then(p):
            time.sleep(1.5)
            with socket.socket() as s:
                s.connect_ex(("127.0.0.1", 9))
            time.sleep(0.3)
            p.send_signal(signal.SIGINT)

        net = watched.Net()
        t.kept.append(net.process)
        with net:
            self.same(t, ["watch", "-j", "-v", "--netns", str(net.inode)], then)
            self.same(t, ["watch", "-j", "-v", "--no-bpf"], then)
            gone = without_reader()
            status = self.ended(["watch", "--", *CLIENT], stderr=gone)[0]
            t.want("the status with a program", status, 0)
            os.close(gone)


def main():
    return watch_elsewhere.run_test(Test, ("lab", "run", "connect", "read", "watch"), __doc__)


if __name__ == "__main__":
    sys.exit(main())
