#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that people use x faults, under `synsent run`: every attempt judged as what is known of the program has it.

run_matrix.py SYNSENT [--user nobody] [--full] [--share N] [--repeat N] [--jobs N] [--only TEXT]

matrix_programs.py says how each program connects, matrix_model.py what follows from that under a fault.  Of each cell
are looked at: the attempts in --json=FILE and in --report, what they are said to be together, the exit status, and, in
two cells of three, an --expect that must hold or must not.  --only: PROGRAM, or PROGRAM under FAULT, or a part of it.
--share: one cell of N, some of every program and of every fault.

A program that is missing is reported and left out; the test is skipped when all are.  What is merely late is tried
again, once, in the end, and said.
"""
import argparse
import collections
import datetime
import errno
import itertools
import json
import os
import re
import subprocess
import sys

import harness
import matrix_model
import validate
from harness import MS
from matrix_programs import JAVA, NAME, PROGRAMS, V4

FAULTS = ("syn-drop", "synack-drop", "firewall:drop", "backlog-full", "rst:bad-ack", "conntrack-stale", "syn-drop@v6",
          "syn-drop:1", "rst", "icmp:host", "icmp:admin", "no-route", "delay:300ms", "rst@v6")
FULL_FAULTS = ("synack:bad-ack", "firewall:reject", "icmp:net", "icmp:admin@v6", "prohibit-route", "blackhole-route",
               "firewall:drop@v6", "no-route@v6", "delay:40ms", "syn-drop:1@v6", "backlog-full@v6")
# With a first RTO of 40 ms these would be something else: an answer that comes after it, a timer that is hurried to it.
NOT_FAST = ("delay", "rst:bad", "synack:bad")
FAST_RTO = 0.04
RUNS = itertools.count()
REPORT = validate.validator(os.path.join(os.path.dirname(validate.SCHEMA), "run-report.schema.json"))
ADDRESS = {6: "2001:db8::1", 4: "198.18.0.1"}

# An ICMP error may be a soft one, and what the kernel made of it is counted for all sockets together: where its
# SYN left just before the counters were read, nobody knows for certain.
CONFIDENCE = collections.defaultdict(lambda: ["certain"], network=["certain", "likely"])

Cell = collections.namedtuple("Cell", "number program fault fast kernel story")


def cells(root, full, share, only):
    """The cells; those that take longest come first, so that none of them is left over at the end."""
    made = []
    for i, p in enumerate(PROGRAMS):
        for fault in (FAULTS + FULL_FAULTS * full)[i % share::share]:
            patient = p.timer is None and p.killed_after is None
            fast = root and patient and not fault.startswith(NOT_FAST)
            kernel = matrix_model.Kernel(3 if fast else 1 if patient else 2, FAST_RTO if fast else 1.0)
            cell = Cell(len(made), p, fault, fast, kernel, matrix_model.play(p, fault, kernel))
            if (full or not p.full) and only in "%s under %s" % (p.name, fault):
                made.append(cell)
    return sorted(made, key=lambda c: -max(a.end for a in c.story.attempts))


def name_of(code):
    return errno.errorcode[code] if code else None


def expectation(cell):
    """Clauses for --expect that hold, of one logical connect: those on its deciding attempt."""
    attempts, p = cell.story.attempts, cell.program
    clauses = ["exit=%d" % cell.story.status, "attempts=%d" % len(attempts), "connects=%d" % cell.story.connects,
               "process=%s" % p.comm, "port!=0"]
    if cell.story.connects == 1:
        won = [a for a in attempts if a.outcome == "established"]
        decides = (won or sorted(attempts, key=lambda a: a.end))[-1]
        clauses += ["outcome=" + decides.outcome, "gave-up=" + decides.by, "limit=" + (decides.limit or "none"),
                    "errno=" + (name_of(decides.error) or "none"), "confidence>=" + CONFIDENCE[decides.by][-1]]
        if not cell.fast:
            clauses += ["syns=%d..%d" % decides.syns,
                        "within=%.3fs..%.3fs" % (max(0, decides.end - p.early - 0.05), decides.end * 1.1 + 1)]
    return ",".join(clauses)


def expected_of(cell):
    """How --expect is used in this cell: what is asked, and the status of synsent."""
    if cell.number % 3 == 0:
        return ["--expect", expectation(cell)], 0
    if cell.number % 3 == 1:
        return ["--expect", "attempts!=%d" % len(cell.story.attempts)], 1
    return [], cell.story.status


def tolerance(cell, start_or_end):
    """Seconds that it may be late: the timer wheel of each timer, a busy machine, the next look at the socket."""
    jiffies = 0.012 * cell.kernel.retries * len(cell.story.attempts) if cell.fast else 0
    return 0.3 + jiffies + 0.06 * start_or_end


class Checker:
    """What is wrong with one cell's run."""

    def __init__(self, cell, run):
        self.cell, self.run = cell, run

    def near(self, what, got_ns, expected, early):
        wrong = len(self.run.wrong)
        self.run.want_near(what, got_ns, expected * 1e9, early * 1e9, tolerance(self.cell, expected) * 1e9)
        # A program that was stopped between the two begins its own timer before its SYN.
        self.run.late += len(self.run.wrong) > wrong

    def attempt(self, n, got, expected, offset_ns):
        s, what = got["synsent"], "attempt %d, " % n
        want = self.run.want
        want(what + "family", got["network"]["type"], "ipv%d" % expected.family)
        want(what + "server", got["server"]["address"], V4 if self.cell.program.literal else ADDRESS[expected.family])
        want(what + "name", got["server"].get("domain"), None if self.cell.program.literal else NAME)
        want(what + "process", got.get("process", {}).get("executable", {}).get("name"), self.cell.program.comm)
        verdict = harness.verdict(got)
        want(what + "verdict", {**verdict, "confidence": None},
             {"outcome": expected.outcome, "gave_up_by": expected.by, "limit": expected.limit, "confidence": None,
              "error": name_of(expected.error)})
        want(what + "confidence %s" % verdict["confidence"], verdict["confidence"] in CONFIDENCE[expected.by], True)
        # how a process ended is not always learned: what is right, and less sure, is tried once more
        self.run.late += verdict["confidence"] == "likely" and "likely" not in CONFIDENCE[expected.by]
        if not expected.syns[0] <= len(s["syns_ns"]) <= expected.syns[1]:
            self.run.wrong.append("%sSYNs: %r, not %d to %d" % (what, s["syns_ns"], *expected.syns))
            self.run.late += self.cell.fast and len(s["syns_ns"]) > expected.syns[1]  # an answer after 40 ms
        self.replies(what, s, expected)
        self.drop(what, s, expected)
        self.near(what + "start", offset_ns, expected.start, self.cell.program.early)
        self.near(what + "duration", got["event"]["duration"], expected.end - expected.start, self.cell.program.early)

    def replies(self, what, s, expected):
        got = tuple(sum(r["accepted"] is accepted for r in s["replies"]) for accepted in (True, False))
        if expected.replies is not None:
            self.run.want(what + "replies accepted, ignored", got, expected.replies)
        elif expected.outcome == "timed-out":
            self.run.want(what + "bad replies, all ignored", got[0] == 0 and got[1] > 0, True)

    def drop(self, what, s, expected):
        if expected.drop:
            got = s.get("drop", {})
            self.run.want(what + "lost", (got.get("place"), got.get("reply")), expected.drop)
            if expected.drop[0] == "path-or-peer":
                self.run.want(what + "by", got.get("rule"), self.cell.fault)
                if not expected.drop[1]:
                    left = len(s["syns_ns"]) - (expected.outcome == "established")
                    self.run.want(what + "SYNs lost", got.get("packets"), left)

    def attempts(self, objects):
        expected = self.cell.story.attempts
        self.run.want("the number of attempts", len(objects), len(expected))
        if len(objects) != len(expected):
            return
        starts = [when(o["event"]["start"]) for o in objects]
        order = sorted(range(len(objects)), key=lambda i: starts[i])
        for n, (i, e) in enumerate(zip(order, expected)):
            self.attempt(n, objects[i], e, starts[i] - starts[order[0]])

    def report(self, report, objects):
        """The grouped view: the same attempts, and what they are together."""
        story, want = self.cell.story, self.run.want
        want("the command's status", report.get("exit"), {"status": story.status})
        want("the faults", report["faults"], [self.cell.fault])
        want("connects", report["sum"]["connects"], story.connects)
        self.run.late += report["sum"]["connects"] > story.connects  # the next address came after more than 100 ms
        failed = story.connects - any(a.outcome == "established" for a in story.attempts)
        want("connects that failed", report["sum"]["failed"], failed)
        want("cancelled", [a["synsent"]["cancelled"] for a in report["attempts"]],
             [a.cancelled for a in story.attempts])
        want("as --json has it", sorted(map(same, objects)), sorted(map(same, report["attempts"])))


def when(text):
    """Of RFC 3339 with nanoseconds, in ns."""
    seconds, _, ns = text.rstrip("Z").partition(".")
    whole = datetime.datetime.fromisoformat(seconds).replace(tzinfo=datetime.timezone.utc)
    return int(whole.timestamp()) * 10**9 + int(ns)


def same(a):
    """What an attempt in --json and in --report must agree in."""
    syns = a["synsent"].get("syns", len(a["synsent"].get("syns_ns", ())))
    return (a["event"]["start"], str(tuple(harness.verdict(a).values())), a["event"].get("duration"),
            a.get("client", {}).get("port"), syns)


def read_lines(run, path, check):
    try:
        with open(path, "rb") as f:
            lines = f.readlines()
    except OSError as e:
        run.wrong.append(str(e))
        return []
    for line in lines:
        run.wrong += ["%s: not as the schema has it: %s" % (path, p) for p in validate.problems(check, line)]
    return [json.loads(line) for line in lines]


def run_cell(synsent, cell, again):
    tag = synsent.path("%d.%d.%d" % (cell.number, again, next(RUNS)))
    expect, status = expected_of(cell)
    policy = ["--fast"] * cell.fast + ["--policy", "retries=%d,linear=0" % cell.kernel.retries]
    places = {"{dir}": tag + ".clone", "{java}": synsent.path("Connect.java")}
    command = [places.get(word, word) for word in cell.program.command]
    run = synsent.run(["run", "--fault", cell.fault, "--serve", cell.program.serve, *policy, "--json=%s.json" % tag,
                       "--report", tag + ".report.json", *expect, "--"] + command)
    run.want("the status of synsent", run.status, status)
    run.late += run.status == 125 and "did not end within" in run.err
    objects = read_lines(run, tag + ".json", harness.CHECK)
    reports = read_lines(run, tag + ".report.json", REPORT)
    checker = Checker(cell, run)
    checker.attempts(objects)
    if reports:
        checker.report(reports[0], objects)
    run.out = "\n".join(map(json.dumps, objects))
    return run


def why_not(program):
    """None when it can be run here."""
    if not harness.found(program.needs):
        return "%s is missing" % program.needs
    if not program.version:
        return None
    told = subprocess.run([program.needs, "--version"], env=harness.ENV, stdout=subprocess.PIPE, timeout=30).stdout
    found = re.search(rb"\d+", told)
    return None if found and int(found.group()) >= program.version else "%s is older than %d" % (
        program.needs, program.version)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--share", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--only", default="")
    o = parser.parse_args()
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        chosen = cells(synsent.root, o.full, o.share, o.only)
        missing = {c.program.name: why_not(c.program) for c in chosen}
        there = [c for c in chosen if not missing[c.program.name]]
        for name in sorted(filter(missing.get, missing)):
            print("left out: %s: %s" % (name, missing[name]))
        if not there:
            harness.skip("none of the programs is there")
        synsent.need()
        with open(synsent.path("Connect.java"), "w", encoding="utf-8") as f:
            f.write(JAVA)

        def one(cell):
            run = run_cell(synsent, cell, 0)
            return not (run.wrong and run.late) and run.report(), cell, run

        def again(late):
            _, cell, run = late
            what = "; ".join(run.wrong)[:300]
            print("once more: %s under %s was not in time: %s" % (cell.program.name, cell.fault, what))
            return run_cell(synsent, cell, 1).report()

        runs = harness.all_of(o.jobs, one, there * o.repeat)
        wrong = sum(reported for reported, _, _ in runs)
        wrong += sum(harness.all_of(2, again, [r for r in runs if r[2].wrong and r[2].late]))
    programs, faults = len({c.program.name for c in there}), len({c.fault for c in there})
    print("as %s: %d programs x %d faults, %d cells, %d wrong" % (synsent.user, programs, faults, len(there) * o.repeat,
                                                              wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
