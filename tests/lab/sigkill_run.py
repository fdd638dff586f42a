#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`synsent run`, killed and interrupted at random moments: nothing stays behind.

sigkill_run.py SYNSENT [--user nobody] [--rounds N] [--signals N] [--seed N] [--jobs N]

The programs connect, leave processes behind, start runs of their own, or mount.  What must be the same afterwards:
machine.py.  SIGINT, SIGTERM and SIGHUP, to the outer process alone or to its group, reach the program; what is known is
printed, and each file that was asked for is whole.
"""
import argparse
import os
import random
import signal
import sys
import time

import harness
import machine
from run_life import ENV

LONGEST = 0.8  # seconds until SIGKILL
READY = 8.0  # and at most until a program says that it runs

CONNECT = "import socket; socket.create_connection(('192.0.2.1', 80))"
PROGRAMS = {
    "connects": ["/usr/bin/python3", "-c", CONNECT],
    "sleeps": ["sleep", "30"],
    "leaves-behind": ["sh", "-c", "setsid sleep 30 & curl -s http://192.0.2.1/ & sleep 30"],
    "ignores": ["sh", "-c", "trap '' TERM INT HUP; sleep 30; sleep 30"],
    "many": ["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do curl -s http://192.0.2.$i/ & done; wait"],
    "run-in-run": ["SYNSENT", "run", "-f", "syn-drop", "--", "/usr/bin/python3", "-c", CONNECT],
}
FAULTS = ["syn-drop", "delay:200ms", "backlog-full", "firewall:drop", "loss:50%", "conntrack-stale"]
FILES = {"-w": "pcapng", "--events": "events", "--log": "log", "--json=": "json", "--report": "xml"}
ENDS = {"events": b"\n", "log": b"\n", "json": b"\n", "xml": b"</testsuite>\n"}


class Round:
    """One run and its end, drawn beforehand so that a seed means the same rounds."""

    def __init__(self, rng, number, root):
        self.number = number
        self.wait = LONGEST * rng.random()
        self.program = rng.choice(sorted(PROGRAMS))
        self.fault = rng.choice(FAULTS)
        self.fast = root and rng.random() < 0.3
        self.victim = random.Random(rng.random())
        self.group = rng.random() < 0.5
        self.signal = rng.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
        self.wrong = []

    def args(self, synsent, program=None):
        args = ["run", "-f", self.fault] + (["--fast"] if self.fast else [])
        for option, ending in FILES.items():
            path = synsent.path("%d.%s" % (self.number, ending))
            args += [option + path] if option.endswith("=") else [option, path]
        command = program or PROGRAMS[self.program]
        return args + ["--"] + [synsent.binary if word == "SYNSENT" else word for word in command]

    def say(self, what):
        print("WRONG: round %d, %s, %s: %s" % (self.number, self.program, self.fault, what))
        self.wrong.append(what)


def victim_of(outer, marker, rng):
    """Mostly the outer process or one on the way down to the program; else any process of the run."""
    if rng.random() < 0.6:
        return machine.victim_of(outer, rng)
    return rng.choice(sorted(machine.marked(marker)) or [outer])


def end(p, r, marker):
    try:
        _, err = p.communicate(timeout=15)
        return err.decode(errors="replace")
    except Exception:  # its streams are held: say by whom, and free them
        left = machine.marked(marker)
        r.say("its streams were still held after 15 s, by %s" % left)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        p.communicate()
        return ""


def killed(synsent, watch, seen, r):
    marker = "%s-%d" % (watch.marker, r.number)
    with synsent.start(r.args(synsent), env=dict(ENV, **{machine.MARK: marker})) as p:
        time.sleep(r.wait)
        seen.update(machine.marked(marker).values())
        victim = victim_of(p.pid, marker, r.victim)
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            pass
        # A process of the program's own is not missed; then the whole goes on, and is ended as any program is.
        time.sleep(0.3)
        if p.poll() is None:
            p.kill()
        end(p, r, marker)
    until = time.monotonic() + 5
    while machine.marked(marker) and time.monotonic() < until:
        time.sleep(0.02)
    if machine.marked(marker):
        r.say("left behind: %s" % machine.marked(marker))


def signalled(synsent, watch, r):
    """The program is there, and has connected, when the signal comes."""
    here = synsent.path("%d.here" % r.number)
    line = "trap 'exit 9' %s; curl -s --max-time 1 http://192.0.2.1/ >/dev/null; : >'%s'; sleep 30 & wait" % (
        r.signal.name[3:], here)
    marker = "%s-%d" % (watch.marker, r.number)
    with synsent.start(r.args(synsent, ["sh", "-c", line]), env=dict(ENV, **{machine.MARK: marker})) as p:
        until = time.monotonic() + READY
        while not os.path.exists(here) and time.monotonic() < until:
            time.sleep(0.02)
        (os.killpg if r.group else os.kill)(p.pid, r.signal)
        began = time.monotonic()
        err = end(p, r, marker)
    if p.returncode != 9:
        r.say("status %d after %s; stderr: %s" % (p.returncode, r.signal.name, err))
    if time.monotonic() - began > 3:
        r.say("it took %.1f s to end" % (time.monotonic() - began))
    if "1 attempt, 1 " not in err or "sh exited 9" not in err:
        r.say("what is known was not printed: " + err)
    for ending in FILES.values():
        if not os.path.exists(synsent.path("%d.%s" % (r.number, ending))):
            r.say("there is no %s" % ending)


def check_files(synsent, whole_only):
    """Complete or absent: what has its final name ends as a whole file does.  Returns how many there are."""
    n = 0
    for name in os.listdir(synsent.directory):
        ending = name.rsplit(".", 1)[-1]
        if ".part-" in name and int(name.split(".")[0]) in whole_only:
            raise SystemExit("WRONG: %s is left, and its run was not killed" % name)
        if ending not in FILES.values() or ".part-" in name:
            continue
        n += 1
        with open(synsent.path(name), "rb") as f:
            data = f.read()
        whole = data.endswith(ENDS[ending]) or (not data and ending == "json") if ending in ENDS else (
            len(data) > 100 and len(data) % 4 == 0)
        if not whole:
            raise SystemExit("WRONG: %s is half a file: ...%r" % (name, data[-60:]))
    return n


def main():
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, and what is started here would ignore it
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--signals", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=4)
    o = parser.parse_args()
    rng = random.Random(o.seed)
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        synsent.need()
        watch, seen = machine.Watch(), set()
        kills = [Round(rng, n, synsent.root) for n in range(o.rounds)]
        signals = [Round(rng, o.rounds + n, False) for n in range(o.signals)]
        harness.all_of(o.jobs, lambda r: killed(synsent, watch, seen, r), kills)
        harness.all_of(o.jobs, lambda r: signalled(synsent, watch, r), signals)
        files = check_files(synsent, {r.number for r in signals})
        left = watch.left()
    seen.discard(os.readlink("/proc/self/ns/net"))
    wrong = sum(bool(r.wrong) for r in kills + signals)
    print("as %s: %d SIGKILLs; %d namespaces seen alive; %d signals passed on; %d complete files; %d wrong" % (
        synsent.user, len(kills), len(seen), len(signals), files, wrong))
    for what, items in left.items():
        print("left behind: %s: %s" % (what, items))
    if not seen:
        print("but no run came to life: nothing was tested")
    return 1 if wrong or left or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
