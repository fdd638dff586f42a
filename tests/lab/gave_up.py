#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that give up in every way: who did must never be told wrong, and `certain` only where it is.

gave_up.py SYNSENT [--user nobody] [--jobs N] [--repeat N] [--only TEXT] [--busy]

--busy: the machine is kept busy meanwhile; then a verdict may be less than certain, but
a certain one must still be right.
"""
import argparse
import os
import shutil
import sys

import harness
from harness import MS

PYTHON = "/usr/bin/python3"
KERNEL, APPLICATION, SIGNAL = ("timed-out", "kernel"), ("abandoned", "application"), ("killed", "signal")
NOBODY, PEER = ("established", "nobody"), ("refused", "peer")
END = 3035  # ms after SYN 0, for one retransmission; the timer wheel has it 3016 to 3064

# [SCENARIO: ]way -> of each attempt, in the order of their start: who, when (ms after SYN 0; None: not looked at)
WAYS = {
    "block": [(KERNEL, END)],
    "poll_close": [(APPLICATION, 1500)],
    "poll_kernel": [(KERNEL, END)],
    "sndtimeo": [(APPLICATION, 1300)],
    "sndtimeo_kernel": [(KERNEL, END)],
    "alarm_eintr": [(APPLICATION, 1300)],
    "alarm_death": [(SIGNAL, 1300)],
    "shut": [(APPLICATION, 1300)],
    "unspec": [(APPLICATION, 1300)],
    "linger": [(APPLICATION, 1300)],
    "exit_open": [(APPLICATION, 1300)],
    "child_killed 9": [(SIGNAL, 1300)],
    "child_killed 15": [(SIGNAL, 1300)],
    "grandchild_killed": [(SIGNAL, 1300)],
    "timeout_command": [(SIGNAL, None)],
    "child_gives_up": [(APPLICATION, 1300)],
    "abort_after": [(KERNEL, END)],
    "close_then_abort": [(APPLICATION, 1300)],
    "user_timeout 2000": [(KERNEL, 2025)],  # the wheel has it from 2004 on
    "syncnt 2": [(KERNEL, None)],
    "other_port": [(APPLICATION, 500)],
    "other_port_same_time": [(APPLICATION, None)],
    "two": [(KERNEL, END), (APPLICATION, None)],
    "before_kernel 40": [(KERNEL, END), (APPLICATION, None)],
    "many 20": [(KERNEL, END)] * 20,
    "many_but_one": [(KERNEL, END)] * 7 + [(APPLICATION, 1500)] + [(KERNEL, END)] * 12,
    "same_port 3": [(APPLICATION, 300)] * 3,
    "same_port_soon 40": [(APPLICATION, None)] * 40,
    "same_port_kernel": [(KERNEL, END), (APPLICATION, 300)],
    "quick": [(APPLICATION, 0)],
    "quick_exit": [(APPLICATION, 0)],
    "daemon": [(KERNEL, END)],
    "daemon_abandons": [(APPLICATION, 1500)],
    "leaves_child": [(KERNEL, END)],
    "no_stdio": [(KERNEL, END)],
    "stopped": [(KERNEL, END)],
    "forks 30": [(APPLICATION, 1000)] * 30,
    "thousand 1000": [(APPLICATION, 0)] * 1000,
    "shadowed: poll_close 0": [(NOBODY, 0)],
    "shadowed: quick": [(NOBODY, 0)],
    "shadowed: block": [(NOBODY, 0)],
    "no-listener: block": [(PEER, 0)],
    "no-listener: quick": [(PEER, 0)],
    "reset: poll_kernel": [(PEER, 0)],
    "drop-synack: block": [(KERNEL, END)],
    "drop-synack: poll_close": [(APPLICATION, 1500)],
    "drop-output: block": [(KERNEL, END)],
    "drop-output: poll_close": [(APPLICATION, 1500)],
    "backlog-full: block": [(KERNEL, END)],
    "backlog-full: poll_close": [(APPLICATION, 1500)],
    "never": [],
    "elsewhere": [],
}
# Before 6.15 the kernel tells of another's child only that it ended.
NEEDS_EXIT_INFO = ("child_killed 9", "child_killed 15", "grandchild_killed", "timeout_command")
LATE_MS, BUSY_LATE_MS = 60, 2500


def check(run, way, busy):
    expected = WAYS[way]
    attempts = sorted(run.objects[1:], key=lambda o: o["event"]["start"])
    run.want("status", run.status, 0 if expected else 1)
    if busy and run.status == 4:
        run.wrong.clear()  # packets were lost, and it says so
    if not run.objects:
        return
    if not busy or "thousand" not in way:
        run.want("number of attempts", len(attempts), len(expected))
    late = BUSY_LATE_MS if busy else LATE_MS + len(expected) / 4  # one look is at all of them
    for i, (attempt, (who, ms)) in enumerate(zip(attempts, expected)):
        v = harness.verdict(attempt)
        vague = v["confidence"] != "certain" and (busy or (way in NEEDS_EXIT_INFO and harness.kernel() < (6, 15)))
        if not vague:
            run.want("attempt %d" % i, (v["outcome"], v["gave_up_by"]), who)
            run.want("attempt %d, confidence" % i, v["confidence"], "certain")
        if ms is not None and not vague:
            run.want_near("attempt %d, end" % i, attempt["event"]["duration"], ms * MS, 25 * MS, late * MS)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("--user", choices=("root", "nobody"), default="root")
    p.add_argument("--jobs", type=int, default=6)
    p.add_argument("--repeat", type=int, default=1)
    p.add_argument("--only", default="")
    p.add_argument("--busy", action="store_true")
    o = p.parse_args()
    ways = [w for w in WAYS if o.only in w] * o.repeat
    with harness.kept_busy(o.busy):
        with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
            synsent.need()
            clients = synsent.path("gives_up.py")
            shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "gives_up.py"), clients)

            def one(way):
                scenario, _, client = way.rpartition(": ")
                for again in (True, False):
                    run = synsent.run(["lab", "-j", "--retries", "1", "--scenario", scenario or "drop", "--", PYTHON,
                                       clients] + client.split())
                    check(run, way, o.busy)
                    if not run.wrong or run.late < len(run.wrong):
                        break
                    if again:
                        print("late, and nothing else wrong, so once more: " + way)
                return run.report()

            wrong = sum(harness.all_of(o.jobs, one, ways))
    print("%d runs as %s, %d wrong" % (len(ways), o.user, wrong))
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
