# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at random moments of a lab's life: the machine before and after must be equal.

usage: sigkill.py HOLD [--rounds N] [--seed N] [--nobody]

One round starts HOLD, kills one of its processes (mostly the outer one) after 0 to
150 ms, and goes on at once.  What must be the same afterwards: machine.py.
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import time

import machine


def one_round(command, watch, rng, seen, preexec):
    reached = False
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=preexec,
                         env=watch.environment())
    time.sleep(0.15 * rng.random() ** 2)
    victim = machine.victim_of(p.pid, rng)
    if rng.random() < 0.2:
        seen.update(machine.marked(watch.marker).values())
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        pass
    # Its end: nobody holds the pipes any more, however far they had come.
    try:
        out, err = p.communicate(timeout=10)
        reached = bool(out)
        if p.returncode == 77:
            print("skipped:", " ".join(err.decode().split()))
            sys.exit(77)
        if p.returncode not in (-signal.SIGKILL, 137):
            sys.exit(f"status {p.returncode} after SIGKILL: {err.decode()}")
    except subprocess.TimeoutExpired:
        left = machine.marked(watch.marker)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        sys.exit(f"processes {sorted(left)} still held the lab's streams 10 s after SIGKILL")
    return reached


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("hold")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nobody", action="store_true")
    o = parser.parse_args()
    if o.nobody and os.geteuid() != 0:
        print("skipped: only root can become nobody")
        sys.exit(77)
    rng = random.Random(o.seed)
    watch, seen, reached = machine.Watch(), set(), 0
    for _ in range(o.rounds):
        reached += one_round([o.hold], watch, rng, seen, machine.become_nobody if o.nobody else None)
    seen.discard(os.readlink("/proc/self/ns/net"))
    left = watch.left()
    print(f"{o.rounds} SIGKILLs, {reached} of them to a complete lab; {len(seen)} namespaces of theirs seen alive")
    for what, items in left.items():
        print(f"left behind: {what}: {items}")
    if not seen or not reached:
        print("but no lab came to life: nothing was tested")
    sys.exit(1 if left or not seen or not reached else 0)


main()
