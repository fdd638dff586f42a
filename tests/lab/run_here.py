#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`synsent run --here`: faults on the network that is there, for one process tree alone.

run_here.py SYNSENT [--only TEXT] [--jobs N] [--busy]

"The host" is a network namespace that this test makes for itself, with a server at 127.0.0.1 and ::1.  Meanwhile a
process outside of every tree connects to the same server again and again, and must notice nothing.
"""
import argparse
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import harness
import machine
from harness import MS

PYTHON = "/usr/bin/python3"
PORT = 12345
CLONE_NEWNET = 0x40000000
KERNEL, APPLICATION, SIGNAL = ("timed-out", "kernel"), ("abandoned", "application"), ("killed", "signal")
NOBODY, PEER = ("established", "nobody"), ("refused", "peer")
END = 3035  # ms after SYN 0, for one retransmission; the timer wheel has it 3016 to 3064
EARLY_MS = 150  # some set their timers before they call connect()
LATE_MS, BUSY_LATE_MS = 60, 2500
DROP, DROP_REPLY = "syn-drop", "synack-drop"

# fault: way of gives_up.py -> of each attempt, in the order of their start: who, when (ms after SYN 0), SYNs
WAYS = [
    (DROP, "block", [(KERNEL, END, 2)]),
    (DROP, "poll_close", [(APPLICATION, 1500, 2)]),
    (DROP, "poll_kernel", [(KERNEL, END, 2)]),
    (DROP, "sndtimeo", [(APPLICATION, 1300, 2)]),
    (DROP, "sndtimeo_kernel", [(KERNEL, END, 2)]),
    (DROP, "alarm_eintr", [(APPLICATION, 1300, 2)]),
    (DROP, "alarm_death", [(SIGNAL, 1300, 2)]),
    (DROP, "shut", [(APPLICATION, 1300, 2)]),
    (DROP, "unspec", [(APPLICATION, 1300, 2)]),
    (DROP, "linger", [(APPLICATION, 1300, 2)]),
    (DROP, "exit_open", [(APPLICATION, 1300, 2)]),
    (DROP, "child_killed 9", [(SIGNAL, 1300, 2)]),
    (DROP, "child_killed 15", [(SIGNAL, 1300, 2)]),
    (DROP, "grandchild_killed", [(SIGNAL, 1300, 2)]),
    (DROP, "last_holder_killed", [(SIGNAL, 1320, 2)]),
    (DROP, "killed_in_call", [(SIGNAL, 1300, 2)]),
    (DROP, "timeout_command", [(SIGNAL, None, None)]),
    (DROP, "child_gives_up", [(APPLICATION, 1300, 2)]),
    (DROP, "abort_after", [(KERNEL, END, 2)]),
    (DROP, "close_then_abort", [(APPLICATION, 1300, 2)]),
    (DROP, "user_timeout 2000", [(KERNEL, 2030, 2)]),
    (DROP, "syncnt 2", [(KERNEL, None, 3)]),
    (DROP, "two", [(KERNEL, END, 2), (APPLICATION, None, 2)]),
    (DROP, "before_kernel 40", [(KERNEL, END, 2), (APPLICATION, None, 2)]),
    (DROP, "many 20", [(KERNEL, END, 2)] * 20),
    (DROP, "many_but_one", [(KERNEL, END, 2)] * 7 + [(APPLICATION, 1500, 2)] + [(KERNEL, END, 2)] * 12),
    (DROP, "same_port 3", [(APPLICATION, 300, 1)] * 3),
    (DROP, "same_port_kernel", [(KERNEL, END, 2), (APPLICATION, 300, 1)]),
    (DROP, "quick", [(APPLICATION, 0, 1)]),
    (DROP, "quick_exit", [(APPLICATION, 0, 1)]),
    (DROP, "daemon", [(KERNEL, END, 2)]),
    (DROP, "leaves_child", [(KERNEL, END, 2)]),
    (DROP, "no_stdio", [(KERNEL, END, 2)]),
    (DROP, "stopped", [(KERNEL, END, 2)]),
    (DROP, "forks 30", [(APPLICATION, 1000, None)] * 30),
    (DROP, "thousand 1000", [(APPLICATION, 0, 1)] * 1000),
    (DROP_REPLY, "block", [(KERNEL, END, 2)]),
    (DROP_REPLY, "poll_close", [(APPLICATION, 1500, 2)]),
    (DROP + "@127.0.0.2", "block", [(NOBODY, 0, 1)]),
    (DROP + "@127.0.0.2", "poll_close 0", [(NOBODY, 0, 1)]),
    (DROP + "@v6", "quick", [(NOBODY, 0, 1)]),
    (DROP + ":1", "block", [(NOBODY, 1020, 2)]),
    (DROP_REPLY + ":1", "block", [(NOBODY, 1020, None)]),
    ("ack-drop:1", "block", [(NOBODY, 0, 1)]),
    (DROP, "never", []),
]
# What other programs do.  Name -> fault, command, of each attempt, exit status
PROGRAMS = {
    "curl": (DROP, ["curl", "-s", "--connect-timeout", "2", "http://127.0.0.1:12345/"], [(APPLICATION, 2000, 2)], 28),
    "curl, v6": (DROP, ["curl", "-s", "--connect-timeout", "2", "http://[::1]:12345/"], [(APPLICATION, 2000, 2)], 28),
    "curl, kernel": (DROP, ["curl", "-s", "http://[::1]:12345/"], [(KERNEL, END, 2)], 28),
    "curl, v6 broken": (DROP + "@v6", ["curl", "-s", "-o", "/dev/null", "http://localhost:12345/"], None, 0),
    "refused": (DROP + "@:12345", [PYTHON, "-c", "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"],
                [(PEER, 0, 1)], 0),
    "no way": (DROP, [PYTHON, "-c", "import socket; socket.socket().connect_ex(('192.0.2.1', 9))"],
               [(("unreachable", "kernel"), None, 0)], 0),
    "no port": (DROP, [PYTHON, "-c", "import socket\na, b = socket.socket(), socket.socket()\n"
                       "for s in a, b: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); s.setblocking(False); "
                       "s.bind(('127.0.0.1', 12399))\n"
                       "for s in a, b: s.connect_ex(('127.0.0.1', 12345))\n"
                       "a.close()\nb.connect_ex(('127.0.0.1', 12345))\nb.close()"],
                [(APPLICATION, 0, 1)] * 2, 0),
    "MPTCP": (DROP, [PYTHON, "-c", "import select, socket\ns = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)\n"
                     "s.setblocking(False); s.connect_ex(('127.0.0.1', 12345)); select.select([], [s], [], 9)"],
              [(KERNEL, END, 2)], 0),
    "fast open": (DROP, [PYTHON, "-c", "import socket; s = socket.socket(); s.settimeout(1.5)\n"
                         "try: s.sendto(b'x', 0x20000000, ('127.0.0.1', 12345)); s.recv(1)\nexcept OSError: pass"],
                  [(APPLICATION, None, 1)], 0),
}


def enter_namespace():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        harness.skip("a network namespace cannot be made here")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, env=harness.ENV)
    for name, value in (("tcp_syn_retries", 1), ("tcp_syn_linear_timeouts", 0)):
        try:
            with open("/proc/sys/net/ipv4/" + name, "w") as f:
                f.write(str(value))
        except FileNotFoundError:
            pass


class Server:
    """Answers HTTP to whoever speaks, and says nothing to others."""

    def __init__(self):
        self.socket = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True, backlog=4096)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            c, _ = self.socket.accept()
            threading.Thread(target=self.answer, args=(c,), daemon=True).start()

    @staticmethod
    def answer(c):
        with c:
            try:
                if c.recv(4096):
                    c.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                pass


class Neighbour:
    """A process outside of every tree: no fault may reach it."""

    CODE = """import socket, sys, time
worst, n = 0, 0
while True:
    for to in (("127.0.0.1", %d), ("::1", %d)):
        t = time.monotonic()
        socket.create_connection(to).close()
        worst, n = max(worst, time.monotonic() - t), n + 1
    if n %% 20 == 0:
        print(n, worst, flush=True)
    time.sleep(0.02)
""" % (PORT, PORT)

    def __init__(self):
        self.process = subprocess.Popen([PYTHON, "-c", self.CODE], stdout=subprocess.PIPE, text=True)

    def end(self):
        self.process.kill()
        lines = self.process.communicate()[0].splitlines()
        n, worst = lines[-1].split() if lines else (0, 0)
        return int(n), float(worst)


def attempts_of(run, path):
    if not os.path.exists(path):
        run.wrong.append("it left no attempts")
        return []
    with open(path, "rb") as f:
        run.read_objects(f.read())
    return sorted(run.objects, key=lambda o: o["event"]["start"])


def check(run, attempts, expected, busy):
    if not busy or len(expected) < 1000:
        run.want("number of attempts", len(attempts), len(expected))
    for i, (attempt, (who, ms, syns)) in enumerate(zip(attempts, expected)):
        v = harness.verdict(attempt)
        vague = v["confidence"] != "certain" and busy
        if vague:
            continue
        run.want("attempt %d" % i, (v["outcome"], v["gave_up_by"]), who)
        run.want("attempt %d, confidence" % i, v["confidence"], "certain")
        if syns is not None and not busy:
            run.want("attempt %d, SYNs" % i, len(attempt["synsent"]["syns_ns"]), syns)
        if ms is not None:
            run.want_near("attempt %d, end" % i, attempt["event"]["duration"], ms * MS, EARLY_MS * MS,
                          (BUSY_LATE_MS if busy else LATE_MS) * MS)


def check_drops(run, fault, attempts):
    """That it was dropped here is said, and by which fault."""
    for a in attempts:
        drop = a["synsent"].get("drop", {})
        if fault in (DROP, DROP_REPLY) and a["synsent"]["outcome"] != "established":
            run.want("place", drop.get("place"), "local-output" if fault == DROP else "local-input")
            run.want("rule", drop.get("rule"), fault)


class Tests:
    def __init__(self, synsent, busy):
        self.synsent, self.busy, self.n = synsent, busy, 0
        self.clients = synsent.path("gives_up.py")
        shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "gives_up.py"), self.clients)

    def here(self, fault, command, *more):
        self.n += 1
        path = self.synsent.path("%d.ndjson" % self.n)
        faults = ["-f", fault] if fault else []
        run = self.synsent.run(["run", "--here", "--json=" + path, *faults, *more, "--"] + command)
        return run, attempts_of(run, path)

    def way(self, item):
        fault, way, expected = item
        run, attempts = self.here(fault, [PYTHON, self.clients] + way.split(), "--wait")
        check(run, attempts, expected, self.busy)
        check_drops(run, fault, attempts)
        return run.report()

    def program(self, name):
        fault, command, expected, status = PROGRAMS[name]
        if not harness.found(command[0]):
            print("%s is not there: %s was not tried" % (command[0], name))
            return False
        if name == "MPTCP" and not os.path.exists("/proc/sys/net/mptcp/enabled"):
            print("no MPTCP here")
            return False
        run, attempts = self.here(fault, command)
        run.want("status", run.status, status)
        if "no SYN was seen" in run.err:
            run.wrong.append("a call was not matched")
        if expected is not None:
            check(run, attempts, expected, self.busy)
        return run.report()

    def usage(self, item):
        """What makes no sense is said, with status 2."""
        args, text = item
        run = self.synsent.run(["run", "--here"] + args + ["--", "true"])
        run.want("status", run.status, 2)
        if text not in run.err:
            run.wrong.append("it does not say %r" % text)
        return run.report()

    def loss(self, _):
        """Each SYN is lost or not; of those that are lost the fault tells, of the others the packets."""
        run, attempts = self.here("loss:50%", [PYTHON, "-c", "import socket, threading\ndef one():\n"
                                               " s = socket.socket(); s.connect_ex(('127.0.0.1', 12345)); s.close()\n"
                                               "for i in range(32): threading.Thread(target=one).start()"])
        run.want("number of attempts", len(attempts), 32)
        if "met nothing" in run.err:
            run.wrong.append("it says that the fault met nothing")
        for a in attempts:
            s, syns = a["synsent"], a["synsent"]["syns_ns"]
            lost = s.get("drop", {}).get("packets", 0)
            run.want("confidence", s["confidence"], "certain")
            run.want("SYNs", len(syns), lost + (s["outcome"] == "established"))
            if len(syns) > 1:
                run.want_near("SYN 1", syns[1] - syns[0], 1020 * MS, 25 * MS, LATE_MS * MS)
        if not 4 < sum(bool(a["synsent"].get("drop")) for a in attempts) < 32:
            run.wrong.append("no SYN was lost, or all were")
        return run.report()

    def port_taken(self, _):
        """At once a process outside has the same ports, to the same server, and waits: that is no attempt of ours."""
        silent, told = socket.create_server(("127.0.0.1", 0), backlog=0), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        told.bind(("127.0.0.1", 0))
        held = [socket.socket() for _ in range(2)]
        for s in held:
            s.setblocking(False)
            s.connect_ex(silent.getsockname())

        def take():
            while True:
                port = int(told.recv(16))
                if not port:
                    return
                held.append(shared(port))
                held[-1].connect_ex(silent.getsockname())

        thread = threading.Thread(target=take)
        thread.start()
        run, attempts = self.here(DROP, [PYTHON, "-c", SHARED + """
import time
told = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in range(12400, 12420):
    s = shared(port)
    s.connect_ex(%r)
    time.sleep(0.02)
    s.close()
    told.sendto(b"%%d" %% port, %r)
    time.sleep(0.05)
""" % (silent.getsockname(), told.getsockname())])
        told.sendto(b"0", told.getsockname())
        thread.join()
        check(run, attempts, [(APPLICATION, None, 1)] * 20, self.busy)
        run.want("connections outside", len(held), 22)
        return run.report()

    def capture(self, _):
        """The SYN-ACKs that a fault dropped are in the file, and `read` sees the same attempt in it."""
        path = self.synsent.path("here.pcapng")
        run, _ = self.here(DROP_REPLY, [PYTHON, self.clients, "block"], "-w", path)
        read = self.synsent.run(["read", "-j", path])
        run.want("attempts in the capture", len(read.objects), 1)
        run.want("SYNs in it", len(read.last["synsent"]["syns_ns"]), 2)
        if len(read.last["synsent"]["replies"]) < 2:
            run.wrong.append("no SYN-ACKs in the capture")
        return run.report() | read.report()

    def nobody(self, _):
        with harness.Synsent(self.synsent.binary, True) as other:
            run = other.run(["run", "--here", "-f", DROP, "--", "true"])
            run.want("status", run.status, 77)
            if "as root" not in run.err:
                run.wrong.append("it does not say what to do")
            return run.report()

    def lacking(self, _):
        """Root that lacks something is told what, and one that has it in a user namespace only is not said to lack it."""
        wrong = False
        for before, text in ((["setpriv", "--bounding-set", "-bpf,-perfmon"], "missing: CAP_PERFMON, CAP_BPF"),
                             (["unshare", "-Urn"], "this user has them in a user namespace only")):
            p = subprocess.run([*before, self.synsent.binary, "run", "--here", "-f", DROP, "--", "true"], env=harness.ENV,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if p.returncode != 77 or text not in p.stderr or "as root" not in p.stderr:
                print("WRONG: %s: status %d: %s" % (" ".join(before), p.returncode, p.stderr))
                wrong = True
        return wrong

    def no_cgroups(self, _):
        """As in a chroot or container without cgroup v2: root is told that, and not to be root."""
        wrong = False
        for option, args in (("--here", ["run", "--here", "-f", DROP, "--", "true"]), ("--fast", ["lab", "-q", "--fast"])):
            p = subprocess.run(["unshare", "-m", "sh", "-c", 'umount -l /sys/fs/cgroup && exec "$@"', "sh", self.synsent.binary,
                                *args], env=harness.ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, timeout=60)
            if p.returncode != 77 or "as root" in p.stderr or "mount -t cgroup2" not in p.stderr or \
                    "leave %s out" % option not in p.stderr:
                print("WRONG: %s without cgroup v2: status %d: %s" % (option, p.returncode, p.stderr))
                wrong = True
        return wrong

    def killed(self, victim):
        """SIGKILL: no process, and no BPF program."""
        mark = "synsent-here-%d-%s" % (os.getpid(), victim)
        with self.synsent.start(["run", "--here", "-f", DROP, "--", PYTHON, self.clients, "block"],
                                env=dict(harness.ENV, **{machine.MARK: mark})) as p:
            deadline = time.monotonic() + 10
            while not (there := here_programs(mark)) and time.monotonic() < deadline:
                time.sleep(0.05)
            init = machine.child_of(p.pid)
            inner = machine.child_of(init)
            os.kill({"outer": p.pid, "init": init, "inner": inner}[victim], signal.SIGKILL)
            p.communicate(timeout=10)
        deadline = time.monotonic() + 5
        while (machine.marked(mark) or there & all_programs()) and time.monotonic() < deadline:
            time.sleep(0.05)
        left = machine.marked(mark) or there & all_programs()
        if left or not there:
            print("WRONG: SIGKILL of %s: programs %r, left %r" % (victim, there, left))
        return bool(left) or not there


SHARED = """
import socket
def shared(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("127.0.0.1", port))
    s.setblocking(False)
    return s
"""
exec(SHARED)


def all_programs():
    """The ids of all BPF programs that there are: bpf(2), BPF_PROG_GET_NEXT_ID."""
    libc, number = ctypes.CDLL(None, use_errno=True), {"x86_64": 321, "aarch64": 280}[os.uname().machine]
    found, at = set(), (ctypes.c_uint32 * 32)()
    while not libc.syscall(number, 11, ctypes.byref(at), ctypes.sizeof(at)):
        found.add(at[1])
        at[0] = at[1]
    return found


def here_programs(mark):
    """Those that a process of the run holds."""
    found = set()
    for pid in machine.marked(mark):
        try:
            for fd in os.listdir("/proc/%d/fdinfo" % pid):
                with open("/proc/%d/fdinfo/%s" % (pid, fd)) as f:
                    lines = dict(line.split(":", 1) for line in f if ":" in line)
                if "prog_tag" in lines and "link_type" in lines:
                    found.add(int(lines["prog_id"]))
        except OSError:
            continue
    return found if len(found) == 5 else set()


USAGE = [
    (["-f", "rst"], "syn-drop, synack-drop, ack-drop, loss and loss-all"),
    (["-f", "delay:1s"], "syn-drop, synack-drop, ack-drop, loss and loss-all"),
    (["--serve", "echo"], "--serve"),
    (["--only", "192.0.2.1"], "--only"),
    (["--resolve", "a=192.0.2.1"], "--resolve"),
    (["--policy", "retries=2"], "--policy"),
    (["--fast"], "--fast"),
    (["-4"], "--ipv4"),
    (["--user-namespace"], "--user-namespace"),
    (["--to", "no-such-name.invalid", "-f", DROP], "no-such-name.invalid"),
]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("--only", default="")
    p.add_argument("--jobs", type=int, default=6)
    p.add_argument("--busy", action="store_true")
    o = p.parse_args()
    if os.geteuid():
        harness.skip("--here needs root")
    enter_namespace()
    server, neighbour = Server(), Neighbour()
    with harness.kept_busy(o.busy):
        with harness.Synsent(o.synsent) as synsent:
            probe = synsent.run(["run", "--here", "--", "true"])
            if probe.status == 77:
                harness.skip(" ".join(probe.err.split()))
            t = Tests(synsent, o.busy)
            jobs = [(t.way, w) for w in WAYS if o.only in "%s: %s" % w[:2]]
            if not o.busy:
                jobs += [(t.program, n) for n in PROGRAMS if o.only in n]
                jobs += [(t.usage, u) for u in USAGE if o.only in "usage"]
                jobs += [(f, None) for f in (t.loss, t.port_taken, t.capture, t.nobody, t.lacking, t.no_cgroups)
                         if o.only in f.__name__]
                jobs += [(t.killed, v) for v in ("outer", "init", "inner") if o.only in "killed"]
            wrong = sum(harness.all_of(o.jobs, lambda job: job[0](job[1]), jobs))
        n, worst = neighbour.end()
    if not o.busy and not o.only and (n < 20 or worst > 0.5):
        print("WRONG: the process outside connected %d times, once in %.3f s" % (n, worst))
        wrong += 1
    print("%d runs, %d wrong; %d connections outside, the slowest %.1f ms" % (len(jobs), wrong, n, worst * 1000))
    del server
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
