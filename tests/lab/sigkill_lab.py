#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`synsent lab` itself, killed and interrupted at random moments: nothing stays behind.

sigkill_lab.py SYNSENT [--user nobody] [--rounds N] [--interrupts N] [--seed N] [--jobs N]

As root the labs are fast ones that write files; as nobody they are of real time, some with a client of its own.  What
must be the same afterwards: machine.py.  A file that was asked for is complete or absent.  SIGINT, to the whole group as
a terminal sends it or to the outer process alone, ends a lab with status 130, and it prints what is known.
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import time

import harness
import machine

LONGEST = 1.2  # seconds until the signal; a fast lab of 5 retries takes 0.9


class Round:
    """One lab and its end, drawn beforehand so that a seed means the same rounds."""

    def __init__(self, rng, number, root):
        self.number = number
        self.root = root
        self.wait = LONGEST * rng.random()
        self.scenario = rng.choice(["drop", "drop", "drop-synack", "backlog-full", "abandon", "late-answer"])
        self.program = not root and rng.random() < 0.3
        self.victim = random.Random(rng.random())
        self.look = rng.random() < 0.3
        self.group = rng.random() < 0.5
        self.json = rng.random() < 0.5
        self.wrong = []
        self.reached = ""

    def args(self, synsent, files):
        args = ["lab"] + (["--fast"] if self.root else []) + (["-j"] if self.json else [])
        if self.program:
            return args + ["--", sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', 12345))"]
        args += ["--scenario", self.scenario]
        if files:
            for option, ending in (("-w", "pcapng"), ("--events", "events"), ("--svg", "svg")):
                args += [option, synsent.path("%d.%s" % (self.number, ending))]
        return args

    def say(self, what):
        print("WRONG: round %d, after %.3f s, %s: %s" % (self.number, self.wait, self.scenario, what))
        self.wrong.append(what)


def end(p, r, watch):
    """(stdout, stderr), or the processes that hold the lab's streams."""
    try:
        out, err = p.communicate(timeout=10)
        return out.decode(errors="replace"), err.decode(errors="replace")
    except subprocess.TimeoutExpired:
        left = machine.marked(watch.marker)
        r.say("the lab's streams were still held after 10 s")
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return "", ""


def killed(synsent, watch, seen, r):
    with synsent.start(r.args(synsent, True), env=dict(harness.ENV, **{machine.MARK: watch.marker})) as p:
        time.sleep(r.wait)
        victim = machine.victim_of(p.pid, r.victim)
        if r.look:
            seen.update(machine.marked(watch.marker).values())
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            pass
        r.reached, err = end(p, r, watch)
    if p.returncode not in (0, -signal.SIGKILL, 128 + signal.SIGKILL):
        r.say("status %d: %s" % (p.returncode, err))


def interrupted(synsent, watch, r):
    with synsent.start(r.args(synsent, False), env=dict(harness.ENV, **{machine.MARK: watch.marker})) as p:
        time.sleep(r.wait)
        (os.killpg if r.group else os.kill)(p.pid, signal.SIGINT)
        asked = time.monotonic()
        r.reached, err = end(p, r, watch)
    took = time.monotonic() - asked
    if p.returncode == 0 and r.root:
        return  # it was over
    # Before the sandbox stands, SIGINT does what it does to any program.
    early = not r.reached and not err
    if p.returncode != 130 and not (early and p.returncode == -signal.SIGINT):
        r.say("status %d after SIGINT to the %s; stderr: %s" % (p.returncode, "group" if r.group else "outer", err))
    if took > 1:
        r.say("it took %.1f s to end" % took)
    if r.json:
        return check_objects(r)
    # What is known: a client that was under way when it came is told of.
    if "connects again" in r.reached and "Flags [S]" in r.reached.split("connects again")[1]:
        verdicts = [line for line in r.reached.splitlines() if line.startswith("pending: ")]
        if len(verdicts) != 1 and not r.root and r.scenario not in ("abandon",):
            r.say("it did not say that the attempt is pending:\n" + r.reached)


def check_objects(r):
    lines = r.reached.encode().splitlines(keepends=True)
    for line in lines:
        for problem in harness.validate.problems(harness.CHECK, line):
            r.say("not as the schema has it: " + problem)
    if len(lines) == 2 and not r.wrong:
        outcome = harness.validate.load(lines[1])["synsent"]["outcome"]
        allowed = {"pending"} | ({"abandoned", "established", "timed-out"} if r.root else set())
        allowed |= {"killed", "abandoned"} if r.program and r.group else set()  # the program had SIGINT too
        if outcome not in allowed:
            r.say("the attempt that was interrupted is %s" % outcome)


def check_files(synsent):
    """Complete or absent: what has its final name ends as a whole file does.  Returns how many there are."""
    ends = {".svg": b"</svg>\n", ".events": b"\n"}
    n = 0
    for name in os.listdir(synsent.directory):
        ending = os.path.splitext(name)[1]
        if ending not in (".svg", ".events", ".pcapng"):
            continue
        n += 1
        with open(synsent.path(name), "rb") as f:
            data = f.read()
        whole = data.endswith(ends[ending]) if ending in ends else len(data) > 100 and len(data) % 4 == 0
        if not whole:
            raise SystemExit("WRONG: %s is half a file" % name)
    return n


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--interrupts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=4)
    o = parser.parse_args()
    rng = random.Random(o.seed)
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        synsent.need(*(["--fast"] if synsent.root else []))
        watch, seen = machine.Watch(), set()
        kills = [Round(rng, n, synsent.root) for n in range(o.rounds)]
        ints = [Round(rng, o.rounds + n, synsent.root) for n in range(o.interrupts)]
        harness.all_of(o.jobs, lambda r: killed(synsent, watch, seen, r), kills)
        harness.all_of(o.jobs, lambda r: interrupted(synsent, watch, r), ints)
        files = check_files(synsent)
        left = watch.left()
    seen.discard(os.readlink("/proc/self/ns/net"))
    wrong = sum(bool(r.wrong) for r in kills + ints)
    reached = sum(bool(r.reached) for r in kills)
    print("as %s: %d SIGKILLs, %d of them after output; %d namespaces seen alive; %d complete files; %d SIGINTs; "
          "%d wrong" % (synsent.user, len(kills), reached, len(seen), files, len(ints), wrong))
    for what, items in left.items():
        print("left behind: %s: %s" % (what, items))
    if not seen or not reached:
        print("but no lab came to life: nothing was tested")
    return 1 if wrong or left or not seen or not reached else 0


if __name__ == "__main__":
    sys.exit(main())
