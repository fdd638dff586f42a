# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at random moments of a lab's life: the machine before and after must be equal.

usage: sigkill.py HOLD [--rounds N] [--seed N] [--nobody]

One round starts HOLD, kills one of its processes (mostly the outer one) after 0 to
150 ms, and goes on at once.  At the end there are 2 s for what the kernel clears away in
the background.  Other labs may run meanwhile: processes count when they carry this test's
mark, BPF programs when they are a lab's; all else must not change at all.  A namespace is
held by a process or by a mount, and both are looked for.
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

MARK = "SYNSENT_TEST_MARK"


def output(*command):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if not shutil.which(command[0], path=path):
        return ""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env=dict(os.environ, PATH=path)).stdout


def marked(marker):
    """Processes of ours, which inherit the mark in their environment, with their network namespaces."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if f"{MARK}={marker}".encode() in f.read():
                    found[int(pid)] = os.readlink(f"/proc/{pid}/ns/net")
        except OSError:
            continue
    return found


def our_programs():
    try:
        items = json.loads(output("bpftool", "-j", "prog", "list") or "[]")
    except ValueError:
        return set()
    return {i["id"] for i in items if i.get("name") == "synsent_fast"}


def our_links(programs):
    try:
        items = json.loads(output("bpftool", "-j", "link", "list") or "[]")
    except ValueError:
        return set()
    return {i["id"] for i in items if i.get("prog_id") in programs}


def directories(root):
    return {d for d, _, _ in os.walk(root)}


def machine():
    """What must be the same afterwards, to the letter."""
    names = "\n".join(line.split(":")[1].strip() for line in output("ip", "-o", "link").splitlines())
    return {
        "rules": output("nft", "--stateless", "list", "ruleset"),
        "links": names,
        "mounts": open("/proc/self/mountinfo").read(),
        "cgroups": "\n".join(sorted(directories("/sys/fs/cgroup"))),
    }


def become_nobody():
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)


def child_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return int(f.read().split()[0])
    except (OSError, IndexError):
        return None


def victim_of(outer, rng):
    """Mostly the outer process; else its init or the inner one, if they are there yet."""
    if rng.random() < 0.7:
        return outer
    init = child_of(outer)
    inner = child_of(init) if init else None
    return rng.choice([v for v in (init, inner) if v] or [outer])


def one_round(command, marker, rng, seen, preexec):
    reached = False
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=preexec,
                         env=dict(os.environ, **{MARK: marker}))
    time.sleep(0.15 * rng.random() ** 2)
    victim = victim_of(p.pid, rng)
    if rng.random() < 0.2:
        seen.update(marked(marker).values())
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        pass
    # Its end: nobody holds the pipes any more, however far they had come.
    try:
        out, err = p.communicate(timeout=10)
        reached = bool(out)
        if p.returncode == 77:
            print("skipped:", err.decode().strip())
            sys.exit(77)
        if p.returncode not in (-signal.SIGKILL, 137):
            sys.exit(f"status {p.returncode} after SIGKILL: {err.decode()}")
    except subprocess.TimeoutExpired:
        left = marked(marker)
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
    marker = f"synsent-sigkill-{os.getpid()}-{time.monotonic_ns()}"
    before, programs, seen, reached = machine(), our_programs(), set(), 0
    for _ in range(o.rounds):
        reached += one_round([o.hold], marker, rng, seen, become_nobody if o.nobody else None)
    seen.discard(os.readlink("/proc/self/ns/net"))
    deadline = time.monotonic() + 2
    while True:
        new_programs = our_programs() - programs
        left = {
            "processes": marked(marker),
            "BPF programs": new_programs,
            "BPF links": our_links(new_programs),
        }
        left = {k: v for k, v in left.items() if v}
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    after = machine()
    for what in before:
        if before[what] != after[what]:
            left[what] = f"before:\n{before[what]}\nafter:\n{after[what]}"
    print(f"{o.rounds} SIGKILLs, {reached} of them to a complete lab; {len(seen)} namespaces of theirs seen alive")
    for what, items in left.items():
        print(f"left behind: {what}: {items}")
    if not seen or not reached:
        print("but no lab came to life: nothing was tested")
    sys.exit(1 if left or not seen or not reached else 0)


main()
