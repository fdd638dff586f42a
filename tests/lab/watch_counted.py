#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` only counts in the kernel, since no line is asked for, is summed up as what it tells one by one.

watch_counted.py SYNSENT [--only TEXT] [--show]

Two of them see the same attempts, one with -q or --failures and one without, in a network namespace of this test's.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import harness
import watched
from watch_elsewhere import run_test
from watched import Watch, listener

PYTHON = sys.executable
REFUSED, OPEN, SILENT, REJECTED, LATE = 201, 202, 203, 204, 205
# The answer to one in two SYNs to LATE is the second.
RULES = ("nft 'table inet t { chain i { type filter hook input priority 0; tcp dport %d drop; "
         "tcp dport %d reject with tcp reset; tcp dport %d tcp flags syn / syn,ack numgen inc mod 2 0 drop; }; }'"
         % (SILENT, REJECTED, LATE))
ROWS = ("attempts", "SYNs needed", "SYNs in vain", "servers", "processes", "worst server", "worst servers")
# NAME, and then how often to connect where: TIMES ADDRESS PORT.
CLIENT = """
import ctypes, select, socket, sys
ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)
for i in range(2, len(sys.argv), 3):
    for _ in range(int(sys.argv[i])):
        s = socket.socket(socket.AF_INET6 if ":" in sys.argv[i + 1] else socket.AF_INET)
        s.setblocking(False)
        s.connect_ex((sys.argv[i + 1], int(sys.argv[i + 2])))
        select.select([], [s], [], 1.5 if int(sys.argv[i + 2]) == %d else 0.2)
        s.close()
""" % LATE
MANY = """
import socket
for i in range(%d):
    s = socket.socket()
    s.connect_ex(("127.1.%%d.%%d" %% (i // 250, 1 + i %% 250), %d))
    s.close()
"""


def begun(w):
    """Its programs run, by the links that it holds."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        held = 0
        for fd in os.listdir("/proc/%d/fdinfo" % w.p.pid):
            try:
                with open("/proc/%d/fdinfo/%s" % (w.p.pid, fd)) as f:
                    held += "link_id" in f.read()
            except FileNotFoundError:
                pass
        if held >= 6:
            time.sleep(0.5)
            return
        time.sleep(0.05)
    raise RuntimeError("%s: runs no programs: %s" % (w.command, w.said()))


def rows(text):
    """What a summary's rows say, wrapped lines as one."""
    got, label = {}, None
    for line in text.splitlines():
        if line[:15].strip():
            label = line[:15].strip()
        if label in ROWS:
            got[label] = " ".join((got.get(label, "") + " " + line[15:]).split())
    return got


class Test:
    def __init__(self, synsent):
        self.synsent, self.nets = synsent, []

    def start(self, t, *each):
        """One for each list of options; and the namespace."""
        net = watched.Net()
        net.run(RULES)
        self.nets.append(net)
        with net:
            t.kept += [listener("0.0.0.0", OPEN), listener("::", LATE)]
            watches = [Watch(self.synsent, ["--netns", net.path, *options]) for options in each]
            t.watches += watches
        for w in watches:
            begun(w)
        return net, watches

    def client(self, net, name, *what):
        with net:
            subprocess.run([PYTHON, "-c", CLIENT, name, *map(str, what)], check=True, timeout=60, env=harness.ENV)

    def mixed(self, t):
        """Processes, servers, families and outcomes; the times when failures began."""
        path = self.synsent.path("counted.prom")
        net, watches = self.start(t, [], ["-q", "--metrics-file", path], ["--failures"], ["--slow", "500ms"])
        self.client(net, "first one", 30, "127.0.0.1", REFUSED, 20, "127.0.0.1", OPEN, 7, "::1", REFUSED, 1, "127.0.0.1", SILENT)
        self.client(net, "other", 5, "127.0.0.1", OPEN, 3, "127.0.0.1", REJECTED, 2, "::1", LATE, 4, "127.0.0.5", OPEN)
        time.sleep(2)
        self.client(net, "last", 9, "127.0.0.3", REFUSED)
        told = []
        for w in watches:
            w.end()
            t.want("%s: the status" % w.command, w.status, 0)
            told.append(rows(w.text()))
        for w, got in zip(watches, told):
            t.want("%s: attempts: %r" % (w.command, got), "81: " in got.get("attempts", ""), True)
            t.want("%s: its rows" % w.command, got, told[0])
        t.want("nothing is late, or none is told of: %r" % told[0], "2: " in told[0].get("SYNs needed", ""), True)
        t.want("lines of --failures", len(re.findall(r"^\d\d:.* (refused|abandoned|blocked)", watches[2].text(), re.M)), 50)
        t.want("when failures began: %r" % (self.began(watches[1]),),
               all(abs(a - b) <= 1 for a, b in zip(self.began(watches[0]), self.began(watches[1]))), True)
        self.metrics(t, path)

    @staticmethod
    def began(w):
        m = re.search(r"began (\d+):(\d+):(\d+) to (\d+):(\d+):(\d+)", w.text())
        h, m1, s, h2, m2, s2 = map(int, m.groups())
        return h * 3600 + m1 * 60 + s, h2 * 3600 + m2 * 60 + s2

    @staticmethod
    def metrics(t, path):
        with open(path) as f:
            text = f.read()
        sums = {}
        for outcome, n in re.findall(r'^synsent_connect_attempts_total{.*outcome="([a-z-]+)".*} (\d+)', text, re.M):
            sums[outcome] = sums.get(outcome, 0) + int(n)
        t.want("its metrics", (sums.get("established"), sum(sums.values())), (31, 81))

    def asked(self, t):
        """SIGUSR1 sums up what was counted so far, each time."""
        net, (w,) = self.start(t, ["-q"])
        for i in range(3):
            self.client(net, "asker", 3 + i, "127.0.0.1", REFUSED)
            w.p.send_signal(signal.SIGUSR1)
            n = sum(3 + k for k in range(i + 1))
            t.want("after %d: %s" % (n, w.text()), w.await_text("\n%-15s%d, all refused\n" % ("attempts", n)), True)
        w.end()

    def kinds(self, t):
        """More kinds of them than are counted: what is beyond is told one by one, and nothing is lost."""
        n = 9000
        net, (w,) = self.start(t, ["-q"])
        with net:
            subprocess.run([PYTHON, "-c", MANY % (n, REFUSED)], check=True, timeout=60, env=harness.ENV)
        w.end()
        t.want("the status", w.status, 0)
        t.want("attempts", rows(w.text()).get("attempts"), "9,000, all refused")

    def idle(self, t):
        """Where nothing connects it is never woken."""
        _, (w,) = self.start(t, ["-q"])
        time.sleep(0.5)
        before = self.turns(w)
        time.sleep(2)
        t.want("turns in 2 s: %d" % (self.turns(w) - before), self.turns(w) - before <= 1, True)
        w.end()

    def top(self, t):
        """The screen's rates are of all, with --failures too."""
        if subprocess.run([self.synsent.binary, "watch", "--top"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 77:
            print("left out: built without ncursesw")
            return
        net = watched.Net()
        self.nets.append(net)
        terminal, inside = pty.openpty()
        with net:
            t.kept += [listener("0.0.0.0", OPEN)]
            w = Watch(self.synsent, ["--top", "--failures", "--netns", net.path], stdin=inside, stdout=inside, stderr=inside,
                      env=dict(harness.ENV, TERM="xterm"))
        os.close(inside)
        t.watches.append(w)
        begun(w)
        self.client(net, "seen", 20, "127.0.0.1", OPEN, 3, "127.0.0.1", REFUSED)
        seen, deadline = "", time.monotonic() + 5
        for columns in range(100, 200):  # it draws all of it anew
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
            w.p.send_signal(signal.SIGWINCH)
            while select.select([terminal], [], [], 0.2)[0]:
                seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\(B", " ", os.read(terminal, 65536).decode(errors="replace"))
            if re.search(r" 20 established", seen) or time.monotonic() > deadline:
                break
        os.write(terminal, b"q")
        w.end()
        os.close(terminal)
        t.want("it counts those that are established: %r" % seen[-600:], bool(re.search(r" 20 established", seen)), True)

    @staticmethod
    def turns(w):
        with open("/proc/%d/status" % w.p.pid) as f:
            return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(), re.M).group(1))


def main():
    return run_test(Test, ("mixed", "asked", "kinds", "idle", "top"), __doc__, "eBPF is for root only")


if __name__ == "__main__":
    sys.exit(main())
