#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user does with `synsent watch`: filters, commands under it, signals, limits, metrics, fewer privileges.

watch.py SYNSENT [--user nobody] [--only TEXT] [--kills N] [--show]

Who gave up is proved by watch_gave_up.py, where a packet was lost by watch_places.py.
"""
import argparse
import contextlib
import ctypes
import errno
import fcntl
import glob
import json
import os
import pty
import random
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import urllib.request

import harness
import machine
import prometheus
import watched
from tun_peer import THERE, Peer
from watched import Watch, cgroup_root, connect, connecting, listener

CAPS = "+bpf,+perfmon,+net_admin,+dac_read_search,+syslog,+sys_ptrace"  # docs/systemd/synsent-watch.service.in
PYTHON = sys.executable
REFUSED_PORT, OPEN_PORT, SILENT_PORT, REJECTED_PORT, RESET_PORT = 201, 202, 203, 204, 209
RULES = ("nft 'table inet t { chain i { type filter hook input priority 0; tcp dport 203 drop; tcp dport 204 reject; "
         "tcp dport 209 reject with tcp reset; }; }'")
TWICE_PORT, SLOW_PORT, MSG_ERRQUEUE, SYN_SENT = 212, 213, 0x2000, 2
TWICE = ("nft 'table ip twice { chain o { type filter hook output priority 0; tcp dport 212 dup to 127.0.0.1 device \"lo\"; "
         "}; chain i { type filter hook input priority 0; tcp dport 212 reject with icmp type host-unreachable; }; }'")
CONNECT = "import socket, sys; s = socket.socket(); s.settimeout(.3); s.connect_ex(('127.0.0.1', int(sys.argv[1])))"

MISUSE = (
    ["--pid", "0"], ["--pid", "x"], ["-p", "-1"], ["--uid", "no-such-user"], ["--uid", "-1"],
    ["--netns", "no-such-netns"], ["--netns", "/nonexistent"], ["--netns", "/dev/null"], ["--netns", "/"],
    ["--cgroup", "/no/such/cgroup"], ["--cgroup", "/", "--cgroup", "/"], ["--slow", "x"], ["--slow", "0"],
    ["--for", "0"], ["--for", "-1s"], ["-c", "0"], ["-c", "x"], ["--max-attempts", "1"], ["--nonsense"],
    ["dst", "prot", "443"], ["udp"], ["ether", "host", "02:00:00:00:00:01"], ["--metrics", "99999"], ["--metrics", "x:1"], ["--top", "-j"], ["--color", "blue"], ["--"],
    ["--container", ""], ["--comm", ""], ["--container", "xyz"], ["-q", "-j"], ["-q", "-v"], ["--pid", "2147483647"],
) + (sum((["--pid", str(i)] for i in range(1, 18)), []),)


class Trial:
    def __init__(self, name):
        self.name, self.wrong, self.watches = name, [], []

    def want(self, what, got, expected):
        if got != expected:
            self.wrong.append("%s is %r, not %r" % (what, got, expected))

    def holds(self, what, condition):
        if not condition:
            self.wrong.append(what)

    def report(self, show):
        if self.wrong:
            print("WRONG: " + self.name)
            for w in self.wrong:
                print("    " + w)
            for w in self.watches if show else []:
                print("    %s: stdout: %s\n    stderr: %s" % (w.command, w.text()[-1500:], w.said()[-1500:]))
        return bool(self.wrong)


def await_line(fd, within=60):
    """A `watch` tells of an attempt there: it is at work."""
    deadline = time.monotonic() + within
    while not select.select([fd], [], [], 0.05)[0]:
        if time.monotonic() > deadline:
            raise RuntimeError("no line came")
        connect("127.0.0.1", watched.READY_PORT)


def ports(attempts):
    return sorted(a["server"]["port"] for a in attempts)


class Test:
    def __init__(self, synsent):
        self.synsent = synsent
        self.net = watched.Net()
        self.net.run(RULES)
        self.other = None
        with self.net:
            self.listener = listener("0.0.0.0", OPEN_PORT)

    def watch(self, t, args, inside=True, **more):
        """One that is at work, of this namespace."""
        with self.net:
            w = Watch(self.synsent, (["--netns", self.net.path] if inside else []) + args, **more)
        t.watches.append(w)
        return w

    def python(self, program, *args, **more):
        with self.net:
            return subprocess.Popen([PYTHON, "-c", program, *map(str, args)], **more)

    # ---- filters ----

    def filters(self, t):
        """Attempts of several processes, under one `watch` for each filter."""
        group = os.path.join(cgroup_root(), machine.TEST + str(os.getpid()))
        container = "%064x" % random.getrandbits(256)
        inner = os.path.join(group, container)
        try:
            os.makedirs(inner)
            self.filters_within(t, inner, container)
        finally:
            for path in (inner, group):
                deadline = time.monotonic() + 3
                while os.path.isdir(path) and time.monotonic() < deadline:
                    try:
                        os.rmdir(path)
                    except OSError:
                        time.sleep(0.02)
            t.holds("the test's cgroup is left", not os.path.isdir(group))

    def filters_within(self, t, group, container):
        first = self.python("input(); " + CONNECT, REFUSED_PORT, stdin=subprocess.PIPE)
        second = self.python("import ctypes, os\nctypes.CDLL(None).prctl(15, b'other name', 0, 0, 0)\n"
                             "os.setuid(65534)\ninput(); " + CONNECT, REFUSED_PORT + 10, stdin=subprocess.PIPE)
        third = self.python("input(); " + CONNECT, REFUSED_PORT + 20, stdin=subprocess.PIPE)
        with open(os.path.join(group, "cgroup.procs"), "w") as f:
            f.write(str(third.pid))
        path = group[len(cgroup_root()):]
        one, two, three = [REFUSED_PORT], [REFUSED_PORT + 10], [REFUSED_PORT + 20]
        cases = (
            (["--pid", first.pid], one), (["-p", first.pid, "-p", second.pid], one + two), (["--comm", "other name"], two),
            (["--uid", "nobody"], two), (["--uid", 65534], two), (["--uid", "root"], one + three),
            (["--cgroup", path], three), (["--cgroup", os.path.dirname(path)], three), (["--cgroup", group], three),
            (["--container", container[:12]], three), (["--container", container], three),
            (["--container", container[:8], "--uid", "nobody"], []), (["dst", "port", two[0]], two),
            (["tcp[tcpflags] & tcp-syn != 0 and dst host 127.0.0.1 and portrange 201-211"], one + two),
            (["ip6"], []), (["--slow", "10s"], []), (["--failures"], one + two + three),
        )
        watches = [(args, self.watch(t, ["-j", *map(str, args)]), expected) for args, expected in cases]
        netns = [self.watch(t, ["-j", "--netns", str(ns)], inside=False)
                 for ns in (self.net.path, self.net.inode, first.pid, "/proc/%d/ns/net" % first.pid)]
        netns.append(self.watch(t, ["-j", "--netns", str(os.stat("/proc/self/ns/net").st_ino)], inside=False))
        every = self.watch(t, ["-j"])
        # All of them began before this one; those that show nothing have nothing to await.
        with self.net:
            every.ready()
        time.sleep(1.5)
        for p in (first, second, third):
            p.communicate(b"\n", timeout=10)
        time.sleep(0.1)
        for args, w, expected in watches:
            got = [a for a in w.end()]
            t.want("what %r shows" % (args,), ports(got), expected)
            t.want("its status", w.status, 0)
            t.holds("%r: it says that the container is not there" % (args,), "no container" not in w.said())
            for a in got:
                port, ids = a["server"]["port"], a["synsent"].get("cgroup")
                t.want("the container", a.get("container", {}).get("id"), container[:12] if port == three[0] else None)
                t.want("the user", a["user"]["id"], "65534" if port == two[0] else "0")
                if port == three[0]:
                    t.want("the cgroup", ids, path)
        got = [ports(w.end()) for w in netns]
        t.want("what --netns shows", got, [one + two + three] * 4 + [[]])
        t.want("what is shown without a filter", ports(every.end()), one + two + three)

    def slow(self, t):
        """--failures and --slow, and both: what connects at once, is refused, and waits."""
        cases = ((["--failures"], [201, 203]), (["--slow", "200ms"], [203]),
                 (["--failures", "--slow", "200ms"], [201, 203]), ([], [201, 202, 203]))
        watches = [self.watch(t, ["-j", *args]) for args, _ in cases]
        with self.net:
            watches[0].ready()
            watches[3].ready()
            time.sleep(0.7)
            for port in (201, 202, 203):
                connect("127.0.0.1", port, 0.3)
        time.sleep(0.1)
        for (args, expected), w in zip(cases, watches):
            t.want("what %r shows" % (args,), ports(w.end()), expected)
            t.holds("%r: what it did not show is not counted: %s" % (args, w.said()), " established" in w.said())

    def misuse(self, t):
        for args in MISUSE:
            r = self.synsent.run(["watch", "--for", "10ms", *args] if "--for" not in args else ["watch", *args])
            lines = r.err.splitlines()
            t.want("the status of %r" % (args,), r.status, 2)
            t.holds("%r says %r" % (args, r.err), lines and lines[0].startswith("synsent: watch: "))
            right = " must be " in r.err if len(lines) == 1 else len(lines) == 2 and lines[1].startswith("  ")
            t.holds("%r does not say what would be right: %r" % (args, r.err), right)
            t.want("stdout of %r" % (args,), r.out, "")
        over = threading.Event()
        thread = threading.Thread(target=over.wait)
        thread.start()
        r = self.synsent.run(["watch", "--for", "10ms", "--pid", str(thread.native_id)])
        over.set()
        t.want("the number of a thread", (r.status, "a thread of process %d\n" % os.getpid() in r.err), (2, True))

    def needs_bpf(self, t):
        """What eBPF alone tells is refused without it, and not for want of root; this very namespace needs none."""
        other = self.linked()
        with self.net:
            for args, otherwise in ((["--netns", other.path], "`ip netns exec NAME synsent watch`"),
                                    (["--container", "deadbeef"], "--comm"), (["--cgroup", "/"], "--comm"),
                                    (["--rules"], "leave --rules out")):
                r = self.synsent.run(["watch", "--no-bpf", "--for", "10ms", *args])
                t.want("%r: status and stdout" % (args,), (r.status, r.out), (77, ""))
                t.holds("%r says %r" % (args, r.err), r.err.startswith(
                    "synsent: watch: %s needs eBPF: --no-bpf is given\n  leave --no-bpf out, or " % args[0]) and otherwise in r.err)
            r = self.synsent.run(["watch", "--no-bpf", "--for", "10ms", "--netns", str(self.net.inode)])
            t.want("of this namespace, the status", (r.status, r.out[:10]), (0, "0 attempts"))

    def no_container(self, t):
        """It is waited for, which is said."""
        r = self.synsent.run(["watch", "--for", "10ms", "--container", "deadbeef0"])
        t.want("status and stderr", (r.status, r.err), (
            0, "synsent: watch: no container here has an id that begins with deadbeef0; waiting for one\n"))

    # ---- commands ----

    def commands(self, t):
        for command, status in ((["true"], 0), (["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -9 $$"], 137),
                                (["sh", "-c", "kill -TERM $$"], 143), (["/nonexistent/program"], 127), (["/dev/null"], 126)):
            w = self.watch(t, ["-j", "--", *command])
            w.end(None)
            t.want("the status of %r" % (command,), w.status, status)
            if status in (126, 127):
                t.holds("it does not name %s: %s" % (command[0], w.said()), command[0] in w.said())

    def standard_output(self, t):
        """It is the command's own; what is shown goes to standard error, as JSON nothing else."""
        command = ["--", "sh", "-c", "echo own; exec %s -c \"$0\" %d" % (PYTHON, REFUSED_PORT), CONNECT]
        w = self.watch(t, command)
        w.end(None)
        t.want("standard output", w.printed(), "own\n")
        t.holds("the table and the summary: %s" % w.said(), " refused " in w.said() and "\n1 attempt in " in w.said())
        w = self.watch(t, ["-j", *command])
        t.want("with -j", ports(w.end(None)), [REFUSED_PORT])
        t.want("standard output, with -j", w.printed(), "own\n")
        t.want("lines of standard error, with -j", len(w.said().splitlines()), 1)

    def goes_on(self, t):
        """A command that is not over when the observation is: which it is, and that it goes on."""
        for args, poke in ((["--for", "300ms"], ""), (["-c", "1"], "%s -c \"$0\" %d; " % (PYTHON, REFUSED_PORT))):
            w = self.watch(t, [*args, "--", "sh", "-c", poke + "exec sleep 7", CONNECT])
            w.end(None)
            left = re.search(r"^synsent: watch: (?:sleep|sh)\[(\d+)\] goes on, not watched any more$", w.said(), re.M)
            t.holds("%r: it is not said: %s" % (args, w.said()), left)
            t.want("the status", w.status, 0)
            if left:
                os.kill(int(left[1]), signal.SIGKILL)

    def full(self, t):
        """Standard output that cannot be written ends it at once, with the reason."""
        for args in ([], ["-j"]):
            with open("/dev/full", "wb") as out:
                w = self.watch(t, args, stdout=out)
            with self.net:
                deadline = time.monotonic() + 30
                while w.p.poll() is None and time.monotonic() < deadline:
                    connect("127.0.0.1", REFUSED_PORT)
                    time.sleep(0.05)
            t.holds("%r: it goes on" % (args,), w.p.poll() is not None)
            w.end()
            t.want("%r: the status" % (args,), w.status, 4)
            t.holds("%r says %r" % (args, w.said()),
                    w.said().endswith("synsent: standard output: No space left on device\n"))

    def nested(self, t):
        """In a PID namespace, as in a container: its processes are found, by the numbers that /proc has there."""
        for mount in ([], ["--mount-proc"]):
            r = subprocess.run(["unshare", "--net", "--pid", "--fork", *mount, self.synsent.binary, "watch", "-j", "--", PYTHON,
                                "-c", "import os, socket\nprint(os.readlink('/proc/self'))\n"
                                "socket.socket().connect_ex(('127.0.0.1', 201))"],
                               capture_output=True, text=True, timeout=30, env=harness.ENV)
            pid = int(r.stdout)
            found = [json.loads(line) for line in r.stderr.splitlines()]
            t.want("the processes %s" % (mount or "with the host's /proc"), [a["process"]["pid"] for a in found], [pid])

    def grandchildren(self, t):
        """One that leaves its parent, and its session; and others, which are none of the command's."""
        script = ("import os, socket, time\nfrom sys import argv\n"
                  "def go(port):\n s = socket.socket(); s.connect_ex(('127.0.0.1', port))\n"
                  "go(201)\n"
                  "if os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  time.sleep(.3); go(211); os._exit(0)\n"
                  " os._exit(0)\n"
                  "os.wait(); time.sleep(.8)")
        w = self.watch(t, ["-j", "--", PYTHON, "-c", script])
        deadline = time.monotonic() + 5
        with self.net:
            while w.p.poll() is None and time.monotonic() < deadline:
                connect("127.0.0.1", 221)
                time.sleep(0.02)
        t.want("what is shown", ports(w.end(None)), [201, 211])
        t.want("the status", w.status, 0)

    # ---- signals and ends ----

    def signals(self, t):
        """SIGUSR1 sums up and goes on; ^C sums up and ends."""
        w = self.watch(t, ["--pending", "--pid", str(os.getpid())])
        with self.net:
            w.ready()
            waiting = connecting("127.0.0.1", SILENT_PORT)[0]
            time.sleep(0.1)
            w.p.send_signal(signal.SIGUSR1)
            t.holds("no summary on SIGUSR1", w.await_text("nothing lost"))
            t.holds("the one that waits is not shown", w.await_text(":203"))
            connect("127.0.0.1", OPEN_PORT)
            t.holds("it does not go on", w.await_text(":202"))
            waiting.close()
        w.end()
        t.want("the status", w.status, 0)
        t.want("the number of summaries", w.text().count("nothing lost"), 2)
        t.want("how often it is pending", w.text().count(" pending "), 1)

    def pending(self, t):
        """What waits is shown from the oldest on."""
        w = self.watch(t, ["-j", "--pending", "--pid", str(os.getpid())])
        with self.net:
            w.ready()
            waiting = [connecting("127.0.0.1", SILENT_PORT)[0] for _ in range(12)]
            began = [a["event"]["start"] for a in w.end() if a["synsent"]["outcome"] == "pending"]
        t.want("how many wait", len(began), len(waiting))
        t.want("in order", began, sorted(began))
        for s in waiting:
            s.close()

    def limits(self, t):
        began = time.monotonic()
        w = self.watch(t, ["-q", "--for", "1s"])
        w.end(None)
        t.want("the status of --for", w.status, 0)
        t.holds("--for 1s took %.1f s" % (time.monotonic() - began), 1 <= time.monotonic() - began < 3)
        w = self.watch(t, ["-j", "-c", "3"])
        with self.net:
            w.ready()
            for port in range(211, 220):
                connect("127.0.0.1", port)
        w.end(None)
        t.want("the status of -c", w.status, 0)
        t.want("lines of -c 3", len(w.text().splitlines()), 3)
        w = self.watch(t, ["-q", "--failures", "-c", "3"])
        deadline = time.monotonic() + 30
        while w.p.poll() is None and time.monotonic() < deadline:
            with self.net:
                connect("127.0.0.1", OPEN_PORT)
                connect("127.0.0.1", REFUSED_PORT)
            time.sleep(0.05)
        w.end(None)
        t.want("what -q -c 3 sums up", ", 3 refused" in w.text().splitlines()[1], True)

    def crowd(self, t):
        """More wait at once than the fast table of the BPF programs has places: each is told of, or counted as lost."""
        n = 5000
        script = ("import resource, socket\nresource.setrlimit(resource.RLIMIT_NOFILE, (%d, %d))\nwaiting = []\n"
                  "for i in range(%d):\n s = socket.socket(); s.setblocking(False); s.connect_ex(('127.0.0.%%d' %% (2 + i %% 200), %d))\n"
                  " waiting.append(s)\n"
                  "for s in waiting:\n s.close()\n" % (n + 100, n + 100, n, SILENT_PORT))
        for _ in range(4):  # a machine that is busy elsewhere may lose some by the way
            w = self.watch(t, ["-q", "--", PYTHON, "-c", script])
            w.end(None)
            told = re.search(r"^([\d,]+) attempts in", w.text(), re.M)
            lost = re.search(r"([\d,]+) \(ring\)", w.text())
            sums = [int(m.group(1).replace(",", "")) if m else 0 for m in (told, lost)]
            t.want("told and lost", sum(sums), n)
            if sums[0] > 4096:
                break
        t.holds("only %d were told" % sums[0], sums[0] > 4096)

    def closed_stdout(self, t):
        """| head -1: ends with the next line that cannot be written."""
        read, write = os.pipe()
        with self.net:
            w = Watch(self.synsent, ["-j", "--netns", self.net.path], stdout=write)
            os.close(write)
            t.watches.append(w)
            w.json = False
            await_line(read)
            t.holds("no line came", os.read(read, 65536))
            os.close(read)
            deadline = time.monotonic() + 3
            while w.p.poll() is None and time.monotonic() < deadline:
                connect("127.0.0.1", REFUSED_PORT)
                time.sleep(0.05)
        t.holds("it goes on though stdout is closed", w.p.poll() is not None)
        w.end(signal.SIGKILL)
        t.holds("status %r" % w.status, w.status in (0, -signal.SIGPIPE))

    def early(self, t):
        """One that was in SYN-SENT before."""
        with self.net:
            waiting = [connecting("127.0.0.1", SILENT_PORT)[0] for _ in range(2)]
            w = self.watch(t, ["-j", "--pending"]).ready()
            waiting.pop().close()
            time.sleep(0.1)
            got = w.end()
            waiting.pop().close()
        t.want("what it tells", sorted((a["synsent"]["outcome"], a.get("process", {}).get("pid")) for a in got),
               [("abandoned", os.getpid()), ("pending", os.getpid())])

    def error_queue(self, t):
        """An ICMP error comes twice, and the program reads one: the other is its socket's error, and that waits on."""
        self.net.run(TWICE)
        with self.net:
            w = self.watch(t, ["-j"]).ready()
            waits, taken_back = (connecting("127.0.0.1", TWICE_PORT)[0] for _ in range(2))
        of = {s.getsockname()[1]: s for s in (waits, taken_back)}
        for s in of.values():
            s.recvmsg(1, 512, MSG_ERRQUEUE)
            # the kernel holds its socket when the answer comes, unless it is too busy
            of[s.getsockname()[1]] = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == SYN_SENT
        ctypes.CDLL(None).connect(taken_back.fileno(), bytes(16), 16)  # AF_UNSPEC
        time.sleep(1.5)  # a SYN that is sent again is answered, too
        t.want("SO_ERROR of one that waits", waits.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), errno.EHOSTUNREACH)
        got = {a["client"]["port"]: (a["synsent"]["outcome"], a["synsent"]["confidence"]) for a in w.end()}
        by_kernel = ("unreachable", "certain")
        back = list(of)[1]
        t.want("what it tells", got, {list(of)[0]: by_kernel, back: ("unreachable", "likely") if of[back] else by_kernel})
        for s in (waits, taken_back):
            s.close()

    def text(self, t):
        """Columns are where the head says; nothing hostile reaches the terminal; -v tells more."""
        w = self.watch(t, ["-v", "--color", "never"])
        program = ("import ctypes\nctypes.CDLL(None).prctl(15, b'\\x1b[31m\\xffa\\nb\\t\\\"', 0, 0, 0)\n" + CONNECT)
        with self.net:
            w.ready()
            connect("::1", 211)
            connect("127.0.0.1", SILENT_PORT, 0.3)
        self.python(program, REFUSED_PORT).wait(10)
        time.sleep(0.1)
        w.end()
        text = w.text()
        t.holds("control characters are printed", not re.search("[\x00-\x09\x0b-\x1f\x7f\udc80-\udcff]", text))
        lines = text.split("\n\n")[0].splitlines()
        head = lines[0]
        t.want("the head", head.split(), ["TIME", "PROCESS", "SERVER", "OUTCOME", "AFTER", "SYNS", "WHY"])
        rows = [line for line in lines[1:] if not line.startswith("   ")]
        evidence = [line for line in lines[1:] if line.startswith("   ")]
        t.holds("no evidence with -v", any("application closed" in line for line in evidence))
        plain = [line for line in rows if "python3[" in line]
        t.holds("lines are missing: %r" % rows, len(plain) > 2)
        for line in plain:
            for word in ("SERVER", "OUTCOME", "WHY"):
                at = head.index(word)
                t.holds("%s is not in its column: %r" % (word, line), line[at - 1] == " " and line[at] != " ")
        t.holds("the hostile name is not there: %r" % rows, any("[31m" in line and ":201" in line for line in rows))

    def terminal(self, t):
        """On one of 80 columns no row is wider, and why is below it."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        w = self.watch(t, ["-v", "--color", "never", "--", PYTHON, "-c", CONNECT, str(SILENT_PORT)], stderr=slave)
        os.close(slave)
        text = b""
        try:
            while part := os.read(master, 65536):
                text += part
        except OSError as e:
            if e.errno != errno.EIO:  # the other side is closed
                raise
        os.close(master)
        w.end(None)
        lines = text.decode().splitlines()
        t.want("lines that are wider", [line for line in lines if len(line) > 80], [])
        why = [below for row, below in zip(lines, lines[1:]) if re.match(r"[0-9:]{8} .* abandoned ", row)]
        t.want("why", [line.split(";")[0] for line in why], ["          closed by the program"])

    # ---- packets ----

    def packets(self, t):
        """The TTL of an RST; an ICMP for IPv6 ends one."""
        self.linked()
        with self.net:
            w = self.watch(t, ["-j", "--packets"]).ready()
        elsewhere = Watch(self.synsent, ["-j", "--packets", "--netns", self.net.path])
        t.watches.append(elsewhere)
        with self.net:
            elsewhere.ready()
            connect("10.6.0.2", REFUSED_PORT, 1)
            connect("fd06:1::1", 80, 1.5)
            connect("fd06:1::1", 81, 0.5)
        time.sleep(0.1)
        t.want("the RST's TTL, seen from another namespace",
               [r.get("ttl") for a in elsewhere.end() if a["server"]["address"] == "10.6.0.2"
                for r in a["synsent"]["replies"]], [37])
        all_of = w.end()
        got = {a["server"]["address"]: a["synsent"] for a in all_of if a["server"].get("port") != 81}
        soft = [a["synsent"] for a in all_of if a["server"].get("port") == 81]
        t.want("an ICMP of IPv6 that ended nothing",
               [(s["outcome"], s["gave_up_by"], s["confidence"], [r.get("accepted") for r in s["replies"]],
                 [e for e in s["evidence"] if "no SYN-ACK" in e or "no reply" in e]) for s in soft],
               [("abandoned", "application", "certain", [True], [])])
        rst = got.get("10.6.0.2", {}).get("replies", [{}])
        t.want("the RST", [(r.get("kind"), r.get("ttl")) for r in rst], [("rst", 37)])
        icmp = got.get("fd06:1::1", {})
        t.want("what an ICMP of IPv6 made", (icmp.get("outcome"), icmp.get("gave_up_by")), ("unreachable", "network"))
        last = (icmp.get("replies") or [{}])[-1]
        t.want("and who sent it", (last.get("from"), last.get("icmp"), last.get("accepted")),
               ("fd06::2", {"type": 1, "code": 1}, True))

    def linked(self):
        """Another namespace, once."""
        if self.other:
            return self.other
        self.other = watched.Net()
        os.set_inheritable(self.other.fd, True)
        with self.net:
            subprocess.run(["sh", "-ec", LINK % self.other.fd], check=True, env=harness.ENV, pass_fds=[self.other.fd])
        self.other.run(LINK_OTHER)
        return self.other

    def inbound(self, t):
        """SYNs from another namespace: refused by nobody, ignored by a rule, rejected by one with an ICMP."""
        other = self.linked()
        with self.net:
            w = self.watch(t, ["-j", "--inbound"]).ready()
            with other:
                for address in ("10.6.0.1", "fd06::1"):
                    for port in (REFUSED_PORT, OPEN_PORT, SILENT_PORT, REJECTED_PORT):
                        connect(address, port, 0.3)
            time.sleep(0.1)
            got = [a for a in w.end() if a["network"].get("direction") == "inbound"]
        for family in ("ipv4", "ipv6"):
            seen = {a["server"]["port"]: a["synsent"] for a in got if a["network"]["type"] == family}
            open_too = {OPEN_PORT: "refused"} if family == "ipv6" else {}  # nothing listens there
            t.want("outcomes, " + family, {p: s["outcome"] for p, s in seen.items()},
                   {REFUSED_PORT: "refused", SILENT_PORT: "unanswered", REJECTED_PORT: "refused", **open_too})
            t.want("where it was ignored, " + family, seen.get(SILENT_PORT, {}).get("drop", {}).get("place"), "local-input")
            t.want("what refused, " + family, [r["kind"] for p in (REFUSED_PORT, REJECTED_PORT)
                                               for r in seen.get(p, {}).get("replies", [])], ["rst", "icmp"])

    def inbound_both(self, t):
        """Both sides of an attempt are watched, from a third namespace: each knows the drop, and no cause is made up."""
        other = self.linked()
        with self.net:
            behind_rule = listener("::", RESET_PORT)
        w = Watch(self.synsent, ["-j", "--inbound", "--netns", self.net.path, "--netns", other.path])
        t.watches.append(w)
        with self.net:
            w.ready()
            blind = self.watch(t, ["-j", "--inbound", "--no-bpf"]).ready()
        self.try_ports(other)
        certain = (True, "certain")
        expected = {REFUSED_PORT: ("refused with an RST: nothing listens there", False, "certain"),
                    SILENT_PORT: ("ignored", True, "unknown"),
                    REJECTED_PORT: ("refused with an ICMP, by a rule", *certain),
                    RESET_PORT: ("refused with an RST, by a rule", *certain)}
        every = w.end()
        self.causes(t, "with eBPF", every, expected)
        t.want("where", {a["synsent"]["netns"] for a in every if a["network"].get("direction")}, {self.net.inode})
        out = [a["synsent"]["drop"] for a in every
               if not a["network"].get("direction") and a["server"]["port"] == SILENT_PORT]
        t.want("the drop on the side of the client", [(d.get("place"), d.get("packets")) for d in out],
               [("path-or-peer", 1)] * 2)
        expected = {REFUSED_PORT: ("refused with an RST: nothing listens there", False, "likely"),
                    SILENT_PORT: ("ignored: by a rule, for a full queue of the listener, or for want of a way back", False,
                                  "unknown"),
                    REJECTED_PORT: ("refused with an ICMP: a rule or a route rejects it", False, "likely"),
                    RESET_PORT: ("refused with an RST: nothing listens there, or a rule rejects it", False, "likely")}
        self.causes(t, "without", blind.end(), expected)
        behind_rule.close()
        r = self.synsent.run(["watch", "--no-bpf", "--for", "10ms", "--inbound", "--netns", self.net.path])
        t.want("the status of --netns without eBPF", r.status, 77)
        t.holds("no remedy: " + r.err, "nsenter --net=FILE" in r.err)

    def try_ports(self, client):
        with client:
            for address in ("10.6.0.1", "fd06::1"):
                for port in (REFUSED_PORT, SILENT_PORT, REJECTED_PORT, RESET_PORT):
                    connect(address, port, 0.3)
        time.sleep(0.1)

    def causes(self, t, what, attempts, expected):
        """By port, of each family: headline, whether a drop is known, confidence."""
        for family in ("ipv4", "ipv6"):
            got = {a["server"]["port"]: (a["synsent"]["headline"], "drop" in a["synsent"], a["synsent"]["confidence"])
                   for a in attempts if a["network"].get("direction") == "inbound" and a["network"]["type"] == family}
            t.want("what is said %s, %s" % (what, family), got, expected)

    def metrics(self, t):
        """A scrape equals the events; a port that was chosen is told."""
        with self.net:
            w = self.watch(t, ["--metrics", "0"])
            t.holds("no port is told", w.await_text("metrics at http://127.0.0.1:"))
            port = re.search(r"metrics at http://127.0.0.1:(\d+)/metrics", w.said())
            with urllib.request.urlopen("http://127.0.0.1:%s/metrics" % (port or [0, 0])[1], timeout=5) as answer:
                t.holds("it is not served there", b"synsent_build_info" in answer.read())
            idle = [socket.create_connection(("127.0.0.1", int(port[1]))) for _ in range(20)]
            for _ in range(5):
                with urllib.request.urlopen("http://127.0.0.1:%s/metrics" % port[1], timeout=5) as answer:
                    t.holds("idle connections keep others out", b"synsent_build_info" in answer.read())
            for s in idle:
                s.close()
            w.end()
        with self.net:
            w = self.watch(t, ["-j", "--metrics", "9464"]).ready()
            for port in [REFUSED_PORT] * 5 + [OPEN_PORT] * 7 + [SILENT_PORT] * 2:
                connect("127.0.0.1", port, 0.1)
            waiting = connecting("127.0.0.1", SILENT_PORT)[0]
            time.sleep(0.2)
            with urllib.request.urlopen("http://127.0.0.1:9464/metrics", timeout=5) as answer:
                samples = prometheus.samples_of(answer.read().decode())
            waiting.close()
            time.sleep(0.1)
            w.end()
        events = {}
        # The scrape is an attempt itself, and the one that waited ended afterwards.
        for a in [harness.validate.load(line.encode()) for line in w.text().splitlines()]:
            if a["server"]["port"] != 9464:
                key = a["synsent"]["outcome"]
                events[key] = events.get(key, 0) + 1
        events["abandoned"] = events.get("abandoned", 0) - 1
        served = {}
        for (name, labels), value in samples.items():
            if name == "synsent_connect_attempts_total" and value:
                served[dict(labels)["outcome"]] = served.get(dict(labels)["outcome"], 0) + value
        events["established"] = events.get("established", 0)
        served["established"] = served.get("established", 0) - (served.get("established", 0) - events["established"] == 1)
        t.want("the sums", served, events)
        t.want("pending", samples.get(("synsent_attempts_pending", ())), 1.0)
        t.want("wrong of the format", prometheus.failures, [])

    def metrics_files(self, t):
        """Which names the textfile collector reads; and what cannot be written is said before anything is observed."""
        for name, warned in (("x.prom", False), ("x.txt", True), ("prom", True)):
            w = self.watch(t, ["-q", "--for", "10ms", "--metrics-file", self.synsent.path(name)])
            w.end(None)
            t.want("the status with " + name, w.status, 0)
            t.want("whether it is said of " + name, w.said().count("reads only files whose names end in .prom"), warned)
            t.holds("%s is not written" % name, "synsent_build_info" in open(self.synsent.path(name)).read())
        w = self.watch(t, ["--metrics-file", self.synsent.path("none/x.prom")])
        w.end(None)
        t.holds("%r: %r" % (w.status, w.said()), w.status == 2 and "none/x.prom" in w.said())
        t.want("a summary of nothing", w.text(), "")

    def metrics_full(self, t):
        """A disk that is full for a while ends nothing; one that is full at the end is told."""
        full = self.synsent.path("full")
        os.mkdir(full)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "none", full], check=True)
        try:
            self.fill_metrics(t, full)
        finally:
            subprocess.run(["umount", "-l", full], check=False)

    def fill_metrics(self, t, full):
        with self.net:
            ws = [self.watch(t, ["-j", "--metrics-file", os.path.join(full, "%d.prom" % i)]).ready() for i in range(2)]
        with open(os.path.join(full, "fill"), "wb") as f, contextlib.suppress(OSError):
            while True:
                os.write(f.fileno(), bytes(4096))
        for w in ws:
            t.holds("it is not said: %s" % w.said(), w.await_text("No space left on device", 15))
            with self.net:
                connect("127.0.0.1", REFUSED_PORT)
            t.want("it goes on", w.p.poll(), None)
        time.sleep(0.2)
        t.want("what it tells while the disk is full", ports(ws[0].end()), [REFUSED_PORT] * 2)
        t.want("the status", ws[0].status, 4)
        os.unlink(os.path.join(full, "fill"))
        ws[1].end()
        t.want("the status with room again", ws[1].status, 0)

    def disk_full(self, t):
        """Of what is written to a full disk each line is whole, and that not all of it was is said."""
        full = self.synsent.path("disk")
        os.mkdir(full)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "none", full], check=True)
        try:
            for append in 0, os.O_APPEND:
                path = os.path.join(full, "%d.json" % append)
                self.fill_stdout(t, os.open(path, os.O_WRONLY | os.O_CREAT | append), path)
                os.unlink(path)
        finally:
            subprocess.run(["umount", "-l", full], check=False)

    def fill_stdout(self, t, stdout, path):
        with self.net:
            w = Watch(self.synsent, ["-j"], stdout=stdout)
            os.close(stdout)
            t.watches.append(w)
            w.json = False  # what it prints is not here
            w.await_text("No space left on device", 20, lambda: connect("127.0.0.1", REFUSED_PORT))
        w.end()
        with open(path, "rb") as f:
            lines = f.read().splitlines(keepends=True)
        t.want("the status", w.status, 4)
        t.holds("it is not said: %s" % w.said(), "standard output: No space left on device" in w.said())
        t.holds("%d lines" % len(lines), 10 < len(lines) < 100)
        t.holds("%r is no whole line" % lines[-1], lines[-1].endswith(b"}\n"))

    def top(self, t):
        """Without a terminal it is an error, and no observation; with one, what --rules says is on the screen."""
        w = self.watch(t, ["--top"])
        w.end(None)
        t.holds("%r: %r" % (w.status, w.said()), w.status in (2, 77) and "synsent: watch: " in w.said())
        t.want("a summary of nothing", w.text(), "")
        mark = self.synsent.path("started")
        with_command = self.watch(t, ["--top", "--", "touch", mark])
        with_command.end(None)
        t.want("its status with a command", with_command.status, w.status)
        t.want("the command was started", os.path.exists(mark), False)
        if w.status == 77:
            return  # built without ncursesw
        terminal, inside = pty.openpty()
        w = self.watch(t, ["--top", "--rules"], stdin=inside, stdout=inside, stderr=inside,
                       env=dict(harness.ENV, TERM="xterm"))
        os.close(inside)
        seen, deadline = b"", time.monotonic() + 20
        while b"trace handshakes" not in seen and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.2)[0]:
                seen += os.read(terminal, 65536)
        os.write(terminal, b"q")
        try:
            while time.monotonic() < deadline:
                seen += os.read(terminal, 65536)
        except OSError:
            pass  # its other end is closed: it has ended
        os.close(terminal)
        w.end()
        t.want("the status", w.status, 0)
        t.holds("it is not on the screen alone: %r" % seen, b"trace handshakes" in seen and
                seen.index(b"trace handshakes") > seen.index(b"\x1b[?1049h"))

    def top_detail(self, t):
        """One that is looked at is followed: given up, and connected, of which with --failures nothing is told."""
        peer = Peer(self.net, {SLOW_PORT: [(0, 0.8, True, 0)]})
        master, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        w = self.watch(t, ["--top", "--failures"], stdin=inside, stdout=inside, stderr=inside,
                       env=dict(harness.ENV, TERM="xterm"))
        os.close(inside)
        try:
            if not on_screen(master, b"nothing lost"):
                t.holds("no screen, status %r" % w.p.poll(), w.p.poll() == 77)  # built without ncursesw
                return
            os.write(master, b"\t\t")
            for address, port, end in (("127.0.0.1", SILENT_PORT, b"the application gave up"),
                                       (THERE, SLOW_PORT, b"no longer waiting: it has connected")):
                said = (self.looked_at(master, address, port, end) for _ in range(3))  # it may be over before it is chosen
                t.holds("not said of %s: %r" % (address, end), any(said))
                os.write(master, b"q")
        finally:
            w.stop()
            os.close(master)
            peer.close()

    def looked_at(self, master, address, port, end):
        """Whether that is said of the end of an attempt, which is given up if nobody answers it."""
        with self.net:
            s = connecting(address, port)[0]
        on_screen(master, b"%s:%d" % (address.encode(), port))
        os.write(master, b"\r")
        if address != THERE:
            on_screen(master, b"SYN-SENT")
            s.close()
        said = on_screen(master, end)
        s.close()
        return said

    # ---- privileges, and the end ----

    def capabilities(self, t):
        """As a user who has what the service has."""
        nobody = harness.Synsent(self.synsent.binary, True)
        with nobody, self.net:
            w = Watch(nobody, ["-j", "--netns", str(self.net.inode)],
                      ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps", CAPS,
                       "--ambient-caps", CAPS, "--no-new-privs"])
            try:
                w.ready()
                connect("127.0.0.1", REFUSED_PORT)
                connect("127.0.0.1", SILENT_PORT, 0.3)
                time.sleep(0.1)
                got, err = w.end(), w.said()
            finally:
                w.stop()
        t.want("the status", w.status, 0)
        t.want("what it shows", [(a["server"]["port"], a["process"]["pid"], a["synsent"]["confidence"]) for a in got],
               [(201, os.getpid(), "certain"), (203, os.getpid(), "certain")])
        t.want("the function", [a["synsent"]["drop"].get("function") for a in got[1:]], ["nft_do_chain"])
        t.holds("it says that something is missing: %s" % err, "without" not in err)

    def kills(self, t, n):
        """SIGKILL leaves nothing."""
        mark = "synsent-watch-%d" % os.getpid()
        rng = random.Random(5)
        for i in range(n):
            with self.net:
                command = [self.synsent.binary, "watch", "-j"] + (["--", "sleep", "1"] if i % 3 == 0 else [])
                p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                     env={**harness.ENV, machine.MARK: mark})
            time.sleep(rng.random() * 0.2)
            p.kill()
            p.wait()
        deadline = time.monotonic() + 4
        while machine.marked(mark) and time.monotonic() < deadline:
            time.sleep(0.1)
        t.want("processes that are left", machine.marked(mark), {})
        # What another one lets go between the two looks is gone at the next.
        left = own_bpf() - held_bpf()
        while left and time.monotonic() < deadline:
            time.sleep(0.1)
            left &= own_bpf() - held_bpf()
        t.want("BPF programs, maps and links that are left", left, set())


def on_screen(master, text, within=5):
    """Whether it is there within that, on a screen that is drawn anew (Ctrl-L) again and again."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        os.write(master, b"\x0c")
        seen, until = b"", time.monotonic() + 0.3
        while text not in seen and select.select([master], [], [], max(0, until - time.monotonic()))[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:  # its other end is closed
                return False
        if text in seen:
            return True
    return False


LINK = """
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
ip link add p0 type veth peer name p1 netns /proc/self/fd/%d
ip addr add 10.6.0.1/24 dev p0
ip addr add fd06::1/64 dev p0 nodad
ip link set p0 up
ip -6 route add fd06:1::/64 via fd06::2
"""
LINK_OTHER = """
echo 0 >/proc/sys/net/ipv6/conf/p1/accept_dad
ip addr add 10.6.0.2/24 dev p1
ip addr add fd06::2/64 dev p1 nodad
echo 37 >/proc/sys/net/ipv4/ip_default_ttl
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
ip link set p1 up
ip -6 route add prohibit fd06:1::/64
"""


def own_bpf():
    """Programs and maps of `watch`, by their names, and the links to such programs."""
    found, programs = set(), set()
    for kind in ("prog", "map", "link"):
        try:
            items = json.loads(machine.output("bpftool", "-j", kind, "list") or "[]")
        except ValueError:
            items = []
        for i in items if isinstance(items, list) else []:
            if i.get("name", "").startswith("synsent"):
                programs |= {i["id"]} if kind == "prog" else set()
                found.add((kind, i["id"]))
            elif kind == "link" and i.get("prog_id") in programs:
                found.add((kind, i["id"]))
    return found


def held_bpf():
    """Programs, maps and links of which some process has a descriptor: another `watch` may run on this host."""
    found = set()
    for path in glob.glob("/proc/[0-9]*/fdinfo/*"):
        try:
            with open(path) as f:
                found |= {(kind, int(n)) for kind, n in re.findall(r"^(prog|map|link)_id:\t(\d+)$", f.read(), re.M)}
        except OSError:
            pass
    return found


def as_nobody(synsent, t):
    """What is missing is said, and what waits in its own namespace is seen; never certain and wrong."""
    net = watched.Net()
    net.run(RULES)
    with net:
        w = Watch(synsent, ["-j", "--pending"], user=harness.NOBODY, group=harness.NOBODY, extra_groups=[])
        t.watches.append(w)
        t.holds("it does not say what it does without", w.await_text("without eBPF: "))
        for port in (REFUSED_PORT, SILENT_PORT):
            connect("127.0.0.1", port, 2)
        waiting = connecting("127.0.0.1", SILENT_PORT)[0]
        time.sleep(0.2)
        attempts = w.end()  # the one before it has just ended, and is told, too
        waiting.close()
    unseen = 0 if any(a["server"]["port"] == REFUSED_PORT for a in attempts) else 1
    t.want("the status", w.status, 4 if unseen else 0)
    t.want("what nobody saw", re.findall(r"LOST: (.*)", w.said()), ["1 (between looks)"] * unseen)
    t.holds("how many failed", ("at most 1 failed" in re.sub(r"\s+", " ", w.said())) == bool(unseen))
    t.want("what waited", [a["synsent"]["outcome"] for a in attempts if a["server"]["port"] == SILENT_PORT],
           ["abandoned", "pending"])
    for s in [a["synsent"] for a in attempts if a["server"]["port"] == REFUSED_PORT]:
        t.holds("certain and wrong: %r" % s, s["confidence"] != "certain" or s["outcome"] == "refused")
    with net:
        w = Watch(synsent, ["-j", "--", PYTHON, "-c", CONNECT, str(SILENT_PORT)], user=harness.NOBODY,
                  group=harness.NOBODY, extra_groups=[])
        t.watches.append(w)
        t.want("of a command that ends with its attempt", [a["synsent"]["outcome"] for a in w.end(None)], ["abandoned"])
        # A refusal is not seen, mostly: what the command says comes before that loss.
        for status in (9, 0):
            w = Watch(synsent, ["--", "sh", "-c", "%s -c \"$0\" %d; exit %d" % (PYTHON, REFUSED_PORT, status), CONNECT],
                      user=harness.NOBODY, group=harness.NOBODY, extra_groups=[])
            t.watches.append(w)
            w.end(None)
            t.want("the status of one that ends with %d" % status, w.status, status or 4 * ("LOST" in w.text()))
        refusals(synsent, t)


def refusals(synsent, t):
    """What an ordinary user cannot have: by which capability, said once, and what to do."""
    lacks = "eBPF needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN on this host; this user has none of them"
    remedy = "  run it as root: `sudo synsent watch`"
    r = synsent.run(["watch", "--for", "10ms"])
    t.want("how often it says what is missing", (r.out + r.err).count(lacks + "\n" + remedy), 1)
    t.want("and the kernel's names of it", (r.out + r.err).count("CAP_BPF"), 1)
    for args in (["--container", "deadbeef"], ["--cgroup", "/"], ["--rules"]):
        r = synsent.run(["watch", "--for", "10ms", *args])
        t.want("%r: the status" % (args,), r.status, 77)
        t.holds("%r says %r" % (args, r.err), r.err.startswith(
            "synsent: watch: %s needs eBPF: %s\n%s, or " % (args[0], lacks, remedy)))
    r = synsent.run(["watch", "--for", "10ms", "--netns", "1"])
    t.want("a process that it may not look at", (r.status, "may not see" in r.err), (77, True))
    r = synsent.run(["watch", "--for", "10ms", "--packets"])
    t.want("--packets", (r.status, "--packets: cannot capture on any without CAP_NET_RAW" in r.err), (77, True))


# The first SYN to each is dropped, the next one answered: those who look now and then have seen the socket by then.
LATE_WAITED, LATE_POLLED, LATE_ICMP, LATE_CONNECTED = 205, 206, 207, 208
LATE_RULES = "nft 'table inet t { chain i { type filter hook input priority 0; tcp dport 203 drop; " + "".join(
    "tcp dport %d tcp flags syn / syn,ack numgen inc mod 2 0 drop; " % port
    for port in (LATE_WAITED, LATE_POLLED, LATE_ICMP, LATE_CONNECTED)) + \
    "tcp dport 207 reject with icmp host-prohibited; }; }'"


NOISE = """
import socket, time
while True:
    socket.socket().connect_ex(("127.0.0.1", 1))
    time.sleep(0.004)
"""

# Each way is told: NAME PORT.  It polls, unless its name says that it waits.
CLIENT = """
import ctypes, select, socket, sys, time
how, to = sys.argv[1], ("127.0.0.1", int(sys.argv[2]))
s = socket.socket()
if how == "used":  # the same socket was connected before
    with socket.create_server(("127.0.0.1", 0)) as server:
        s.connect(server.getsockname())
        ctypes.CDLL(None).connect(s.fileno(), bytes(16), 16)  # AF_UNSPEC
if how == "limited":
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
s.setblocking(how in ("waits", "limited"))
s.connect_ex(to)
if how in ("waits", "limited"):
    time.sleep(0.2)
else:
    select.select([], [s], [], 2 if how == "polls" else 1.05)
if how == "shuts down":
    try:
        s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
s.close()
"""


def client(how, port, **user):
    return subprocess.Popen([PYTHON, "-c", CLIENT, how, str(port)], **user)


def connected_late(how):
    """One that is closed before anybody looks, by an RST or not; one that stays; and one that the server ends first."""
    with listener("127.0.0.1", LATE_CONNECTED) as server, socket.socket() as s:
        s.connect(("127.0.0.1", LATE_CONNECTED))
        if how == "reset":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer = server.accept()[0]
        if how == "server first":
            peer.close()
            s.recv(1)
        if how == "stays":
            time.sleep(0.3)
        s.close()
        peer.close()


def right_or_unknown(t, attempts, port, outcomes):
    of = [a["synsent"] for a in attempts if a["server"]["port"] == port]
    t.holds("port %d: none told" % port, of)
    for s in of:
        t.holds("port %d: not %s: %r" % (port, outcomes, s), s["outcome"] in outcomes or s["confidence"] == "unknown")


def answered_late(synsent, t):
    """Refusals that take a while, without packets: they are not the program's doing, whatever others do meanwhile."""
    net = watched.Net()
    net.run(LATE_RULES)
    as_user = {"user": harness.NOBODY, "group": harness.NOBODY, "extra_groups": []}
    with net:
        w = Watch(synsent, ["-j"], **as_user)
        t.watches.append(w)
        w.await_text("without eBPF: ")
        for how, port in (("waits", LATE_WAITED), ("polls", LATE_POLLED), ("waits", LATE_ICMP)):
            client(how, port, **as_user).wait()
        attempts = w.end()
        right_or_unknown(t, attempts, LATE_ICMP, ("unreachable",))
        for port in (LATE_WAITED, LATE_POLLED):
            t.want("port %d" % port, [(a["synsent"]["outcome"], a["synsent"]["confidence"]) for a in attempts
                                      if a["server"]["port"] == port], [("refused", "likely")])
        # while others' attempts fail and time out all the time, those of another user, too
        w = Watch(synsent, ["-j"], **as_user)
        t.watches.append(w)
        w.await_text("without eBPF: ")
        noise = subprocess.Popen([PYTHON, "-c", NOISE])
        for user in (as_user, {}):
            calls = [client(how, port, **user) for how, port in (
                ("waits", LATE_WAITED), ("polls", LATE_POLLED), ("waits", LATE_ICMP), ("gives up", SILENT_PORT),
                ("shuts down", SILENT_PORT), ("used", SILENT_PORT)) + (("limited", SILENT_PORT),) * bool(user)]
            for c in calls:
                c.wait()
        noise.kill()
        noise.wait()
        attempts = w.end()
        right_or_unknown(t, attempts, LATE_ICMP, ("unreachable",))
        right_or_unknown(t, attempts, LATE_WAITED, ("refused",))
        right_or_unknown(t, attempts, LATE_POLLED, ("refused",))
        right_or_unknown(t, attempts, SILENT_PORT, ("abandoned", "timed-out"))
    with net:
        w = Watch(synsent, ["-j"], user=harness.NOBODY, group=harness.NOBODY, extra_groups=[])
        t.watches.append(w)
        w.await_text("without eBPF: ")
        for how in ("stays", "reset", "closed", "server first"):
            connected_late(how)
        # a reset forgets how many SYNs there were
        t.want("those that connected", [(a["synsent"]["outcome"], a["synsent"]["confidence"]) for a in w.end()],
               [("established", "certain")] * 4)
        t.want("the status", w.status, 0)


def run_part(name, part, o):
    """Whatever happens, nothing is left of it.  True: something is wrong."""
    t, began = Trial(name), time.monotonic()
    try:
        part(t)
    except (RuntimeError, OSError, subprocess.SubprocessError, KeyError, ValueError) as e:
        t.wrong.append("%s: %s" % (type(e).__name__, e))
    finally:
        for w in t.watches:
            w.stop()
    t.wrong += ["schema: " + problem for w in t.watches if w.json for problem in w.schema_problems()][:3]
    wrong = t.report(o.show)
    print("%5.1f s  %s" % (time.monotonic() - began, name))
    return wrong


PARTS = ("filters", "slow", "misuse", "needs_bpf", "no_container", "commands", "standard_output", "goes_on", "full",
         "nested", "grandchildren", "signals", "pending", "limits", "crowd", "closed_stdout", "early", "error_queue", "text",
         "terminal", "packets", "inbound", "inbound_both", "metrics", "metrics_files", "metrics_full", "disk_full", "top", "top_detail", "capabilities",
         "kills")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("--user", choices=["nobody"])
    p.add_argument("--only", default="")
    p.add_argument("--show", action="store_true", help="all that was said in a part that is wrong")
    p.add_argument("--kills", type=int, default=20)
    o = p.parse_args()
    trials = []
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        if os.geteuid():
            harness.skip("the namespaces of this test are made by root")
        if not synsent.root:
            trials = [run_part(f.__name__, lambda t, f=f: f(synsent, t), o) for f in (as_nobody, answered_late)
                      if o.only in f.__name__]
            print("as %s: %d parts, %d wrong" % (synsent.user, len(trials), sum(trials)))
            return any(trials)
        test = Test(synsent)
        names = [n for n in PARTS if o.only in n]
        for name in names:
            trials.append(run_part(name, lambda t, n=name: getattr(test, n)(t, *([o.kills] if n == "kills" else [])), o))
    print("%d parts, %d wrong" % (len(trials), sum(trials)))
    return any(trials)


if __name__ == "__main__":
    sys.exit(main())
