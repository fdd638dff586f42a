#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that do their worst under `synsent run`, and runs beside and inside of each other.

run_abuse.py SYNSENT [--user nobody] [--only WORD]

Whatever a program does to its processes, descriptors, mounts and namespaces: it ends, in time, nothing of it stays, and
what is said of its connections is right.
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time

import harness
import machine
from run_life import ENV, Wrong, python, shell, under, want

FETCH = "curl -s -o /dev/null --max-time 20 http://192.0.2.1/"
BOMB = "ulimit -u 40000 2>/dev/null; bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 60"
TASKS_MAX = 4096  # lab/program_world.h PROGRAM_TASKS_MAX

# Twice forked, of a session of its own, without a descriptor; it writes a file, late.
DAEMON = """
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
os.closerange(0, 256)
os.chdir('/')
time.sleep(float(sys.argv[1]))
open(sys.argv[2], 'w').close()
"""

# A filter of its own that refuses one call, put on before it connects; without libseccomp.
SECCOMP = """
import ctypes, os, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
code = struct.pack('HBBIHBBIHBBIHBBI', 0x20, 0, 0, 0, 0x15, 0, 1, %d, 0x06, 0, 0, 0x50001, 0x06, 0, 0, 0x7fff0000)
data = ctypes.create_string_buffer(code)
prog = ctypes.create_string_buffer(struct.pack('HxxxxxxP', 4, ctypes.addressof(data)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, prog, 0, 0) == 0, ctypes.get_errno()
try:
    os.getpriority(os.PRIO_PROCESS, 0)
    raise SystemExit('not filtered')
except PermissionError:
    pass
socket.create_connection(('192.0.2.1', 80)).close()
"""
GETPRIORITY = {"x86_64": 140, "aarch64": 141}.get(os.uname().machine)


def said(err, words, what):
    if words not in err.decode(errors="replace"):
        raise Wrong("%s: %r is not said:\n%s" % (what, words, err.decode(errors="replace")))


def check_time_limit(synsent):
    def limited(command, limit="1"):
        began = time.monotonic()
        result = under(synsent, ["--time-limit", limit], command)
        return result + (time.monotonic() - began,)

    status, _, err, took = limited(["sleep", "60"])
    want("sleep", (status, took < 4), (143, True))
    said(err, "it was ended at the time limit, by SIGTERM", "sleep")
    status, _, err, took = limited(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
    want("one that ignores SIGTERM", (status, 2.9 < took < 6), (137, True))
    said(err, "it was ended at the time limit, by SIGKILL: SIGTERM did not end it", "one that ignores SIGTERM")
    status, _, err, took = limited(["sh", "-c", "kill -STOP $$"])
    want("one that is stopped", (status, took < 4), (143, True))
    said(err, "it was stopped for a while (SIGSTOP)", "one that is stopped")
    status, _, err, took = limited(["sh", "-c", "trap '' TERM; while :; do kill -STOP $$; done"])
    want("one that stops itself again and again", (status, took < 6), (137, True))
    status, _, err, took = limited(["setsid", "-w", "sh", "-c", "trap 'exit 5' TERM; sleep 60 & wait"])
    want("one of its own session", took < 4, True)


def check_daemon(synsent):
    late = synsent.path("late")
    status, _, err = under(synsent, [], python(DAEMON) + ["2", late])
    want("status of a daemon", status, 0)
    said(err, "processes that it left behind were ended with it", "a daemon")
    time.sleep(2.2)
    want("it was ended with the run", os.path.exists(late), False)
    status, _, err = under(synsent, ["--wait"], python(DAEMON) + ["0.5", late])
    want("--wait: status, and it went on", (status, os.path.exists(late)), (0, True))
    began = time.monotonic()
    status, _, err = under(synsent, ["--wait", "--time-limit", "1"], python(DAEMON) + ["60", late])
    want("--wait with a limit", (status, time.monotonic() - began < 4), (0, True))
    said(err, "what it left behind was ended at the time limit", "--wait with a limit")


def check_bomb(synsent):
    began = time.monotonic()
    status, _, err = under(synsent, ["--time-limit", "2"], ["bash", "-c", BOMB])
    took = time.monotonic() - began
    want("a fork bomb: status", status in (143, 137), True)
    want("a fork bomb ended in %.0f s" % took, took < 30, True)
    return None


def check_bound(synsent):
    """Without a time limit, too: the namespace has a pid_max of its own."""
    if harness.kernel() < (6, 14):
        return "pid_max is not per namespace before Linux 6.14"
    before = open("/proc/sys/kernel/pid_max").read()
    out = under(synsent, ["-q"], ["cat", "/proc/sys/kernel/pid_max"])[1]
    want("pid_max inside", int(out), min(TASKS_MAX, int(before)))
    want("pid_max outside", open("/proc/sys/kernel/pid_max").read(), before)
    return None


def check_kills_all(synsent):
    text = "import os\nif os.fork() == 0:\n    while True: pass\ntry:\n    os.kill(-1, 9)\nexcept ProcessLookupError: pass\n"
    want("kill(-1)", under(synsent, ["-q"], python(text + "print('alone')"))[:2], (0, b"alone\n"))
    text = "import os\nfor p in range(1, 9000):\n    try:\n        p != os.getpid() and os.kill(p, 9)\n    except OSError: pass\n"
    status, out, err = under(synsent, [], ["sh", "-c", FETCH + "; exec /usr/bin/python3 -c \"$0\"", text])
    want("kill() of every pid there may be: %s" % err.decode(), status in (0, 137), True)
    said(err, "1 established", "kill() of every pid")


def check_mounts(synsent):
    if synsent.root:
        line = "mount -t tmpfs none /mnt && umount -l /proc /etc/resolv.conf /etc/hosts; umount -a 2>/dev/null; " + FETCH
        want("mounts and unmounts", under(synsent, ["-q"], ["sh", "-c", line])[0], 0)
    line = "unshare -Urmpf sh -c 'mount -t tmpfs none /mnt && " + FETCH + "'"
    status, _, err = under(synsent, [], ["sh", "-c", line])
    want("in namespaces of its own: %s" % err.decode(), status, 0)
    said(err, "1 established", "in namespaces of its own")
    if synsent.root:
        want("chroot", under(synsent, ["-q"], ["chroot", "/", "sh", "-c", FETCH])[0], 0)


def check_other_network(synsent):
    """What connects in another network namespace is not this run's, and that is said."""
    line = "unshare -Urn sh -c 'ip link set lo up; curl -s http://127.0.0.1:9/'; " + FETCH
    status, _, err = under(synsent, [], ["sh", "-c", line])
    want("status", status, 0)
    said(err, "1 attempt, 1 established", "another network namespace")
    said(err, "1 connect() call in another network namespace", "another network namespace")


def check_traced(synsent):
    if not harness.found("strace"):
        return "no strace"
    status, _, err = under(synsent, ["-f", "syn-drop:1"], ["strace", "-f", "-o", "/dev/null", "sh", "-c", FETCH])
    want("strace -f curl", status, 0)
    said(err, "SYNs at 0 and 1.0", "strace -f curl")
    return None


def check_own_seccomp(synsent):
    if not GETPRIORITY:
        return "no number of getpriority() here"
    status, out, err = under(synsent, [], python(SECCOMP % GETPRIORITY))
    want("a filter of its own: %s" % err.decode(), status, 0)
    said(err, "1 attempt, 1 established", "a filter of its own")
    return None


def check_setuid(synsent):
    """A program of root's gives an ordinary user nothing here: root is not in the namespace."""
    if synsent.root:
        out = under(synsent, ["-q"], ["setpriv", "--reuid=65534", "--clear-groups", "sh", "-c", "id -u; " + FETCH])
        want("as another user", out[:2], (0, b"65534\n"))
        return None
    out = under(synsent, ["-q"], ["sh", "-c", "su -c 'id -u' </dev/null 2>/dev/null; id -u"])
    want("su", out[:2], (0, b"%d\n" % (harness.NOBODY if synsent.nobody else os.getuid())))
    return None


def check_far_end_killed(synsent):
    """A part of ours that somebody ends is our failure, and never a verdict on the program."""
    marker = "synsent-abuse-%d-%d" % (os.getpid(), time.monotonic_ns())
    for part in ("synsent far", "synsent wire", "synsent init"):
        with synsent.start(["run", "--", "sh", "-c", "sleep 20"], env=dict(ENV, **{machine.MARK: marker})) as p:
            victim, until = None, time.monotonic() + 10
            while not victim and time.monotonic() < until:
                time.sleep(0.05)
                names = {pid: name_of(pid) for pid in machine.marked(marker)}
                victim = "sleep" in names.values() and next((i for i, n in names.items() if n == part), None)
            if not victim:
                p.kill()
                raise Wrong("no %s was found" % part)
            os.kill(victim, signal.SIGKILL)
            began = time.monotonic()
            err = p.communicate(timeout=30)[1]
        want("status after SIGKILL to %s" % part, p.returncode, 137 if part == "synsent init" else 125)
        want("and at once", time.monotonic() - began < 3, True)
        if part != "synsent init":
            said(err, "broke", part)


def name_of(pid):
    try:
        return open("/proc/%d/comm" % pid).read().strip()
    except OSError:
        return ""


def attempts_of(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def check_side_by_side(synsent):
    """Eight at once, each with a fault of its own: each has its own attempts, and no others."""
    faults = [([], "established", 1), (["-f", "syn-drop:1"], "established", 2), (["-f", "rst"], "refused", 1),
              (["-f", "icmp:host"], "unreachable", 1), (["-f", "delay:100ms"], "established", 1),
              (["-f", "syn-drop", "--policy", "retries=1,linear=0"], "timed-out", 2),
              (["-f", "synack-drop", "--policy", "retries=1,linear=0"], "timed-out", 2),
              (["-f", "icmp:port"], "refused", 1)]

    def one(item):
        number, (options, outcome, syns) = item
        path = synsent.path("beside-%d.json" % number)
        command = python("import socket\ntry: socket.create_connection(('192.0.2.1', %d))\nexcept OSError: pass" % (
            1000 + number))
        status, _, err = under(synsent, options + ["-q", "--json=" + path], command)
        got = [(a["server"]["port"], a["synsent"]["outcome"], len(a["synsent"]["syns_ns"])) for a in attempts_of(path)]
        want("%s, status %d: %s" % (options, status, err.decode()), got, [(1000 + number, outcome, syns)])

    harness.all_of(8, one, list(enumerate(faults)))


def check_inside_each_other(synsent):
    inner, outer = synsent.path("inner.json"), synsent.path("outer.json")
    run = [synsent.binary, "run"]
    status, _, err = under(synsent, ["-f", "delay:50ms", "--json=" + outer],
                           run + ["-f", "syn-drop:1", "-q", "--json=" + inner, "--", "sh", "-c", FETCH])
    want("a run in a run: %s" % err.decode(), status, 0)
    got = [(a["synsent"]["outcome"], len(a["synsent"]["syns_ns"]), a["process"]["executable"]["name"])
           for a in attempts_of(inner)]
    want("what the inner one saw", got, [("established", 2, "curl")])
    want("what the outer one saw", attempts_of(outer), [])
    status, _, err = under(synsent, ["-f", "rst"], ["sh", "-c", "'%s' run -q -- %s; %s" % (synsent.binary, FETCH, FETCH)])
    want("the outer one's fault is not the inner one's", status, 7)
    said(err, "1 attempt, 1 refused", "the outer one's fault")
    status, out, err = under(synsent, ["-q"], [synsent.binary, "lab", "-j", "--scenario", "reset"])
    want("a lab in a run: %s" % err.decode(), status, 0)
    want("its verdict", [json.loads(line)["synsent"]["outcome"] for line in out.splitlines()][-1:], ["refused"])
    status, out, err = shell(synsent, "'%s' lab --scenario reset -- $RUN -q --expect outcome=established -- %s" % (
        synsent.binary, FETCH))
    said(out, "the client exited with status 0", "a run in a lab")


def check_many_addresses(synsent):
    """A hundred addresses, one after the other, do not fill the screen."""
    text = ("import socket\nfor i in range(600):\n    s = socket.socket()\n    try: s.connect(('192.0.2.%d' % (i % 200), 9))\n"
            "    except OSError: pass\n    s.close()\n")
    status, _, err = under(synsent, ["-f", "rst"], python(text))
    want("status", status, 0)
    said(err, "600 attempts, 600 refused", "many addresses")
    want("lines: %d" % len(err.splitlines()), len(err.splitlines()) < 200, True)


CHECKS = {name[6:].replace("_", "-"): function for name, function in sorted(globals().items())
          if name.startswith("check_")}
ALONE = ["bomb", "side-by-side"]


def judge(synsent, item):
    name, function = item
    try:
        return name, None, function(synsent)
    except Wrong as e:
        return name, str(e), None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--only", default="", help="checks with this in their names")
    parser.add_argument("--jobs", type=int, default=4)
    o = parser.parse_args()
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        synsent.need()
        watch = machine.Watch()
        chosen = [(n, f) for n, f in CHECKS.items() if re.search(o.only, n)]
        results = harness.all_of(o.jobs, lambda i: judge(synsent, i), [i for i in chosen if i[0] not in ALONE])
        results += [judge(synsent, i) for i in chosen if i[0] in ALONE]
        left = watch.left()
    wrong = [(n, w) for n, w, _ in results if w]
    for name, what in wrong:
        print("WRONG: as %s: %s: %s" % (synsent.user, name, what))
    for what, items in left.items():
        print("left behind: %s: %s" % (what, items))
    left_out = ["%s (%s)" % (n, why) for n, _, why in results if why]
    print("as %s: %d checks, %d wrong%s" % (synsent.user, len(results), len(wrong),
                                          "; left out: " + ", ".join(left_out) if left_out else ""))
    return 1 if wrong or left or not results else 0


if __name__ == "__main__":
    sys.exit(main())
