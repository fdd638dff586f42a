#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Drops in an interrupt that came while `synsent watch` looked at another drop, on the same CPU: they are told of, too.

watch_nested.py SYNSENT DROP_FLOOD

Other programs let packets be dropped all the time.  Neighbours that do not answer are given up by a timer, which comes in
the midst of that.  The kernel counts the events for which it skips a program that runs already.
"""
import os
import signal
import subprocess
import sys
import time

import harness
import watched

SETUP = """
ip link add c0 type veth peer name c1
ip addr add 10.7.1.1/16 dev c0; ip addr add fd07:1::1/64 dev c0 nodad
ip link set c0 up; ip link set c1 up
for d in /proc/sys/net/ipv4/neigh/c0 /proc/sys/net/ipv6/neigh/c0; do
	echo 1 >$d/mcast_solicit; echo 100 >$d/retrans_time_ms
done
"""
PROGRAM = "synsent_drop"
ENOUGH = 40  # events for which it was skipped
ROUNDS_MAX = 300  # at a time: each neighbour is asked for once
AT_ONCE = 6


def skipped(pid):
    """Events for which the first program for drops was skipped."""
    links = []
    for fd in os.listdir("/proc/%d/fdinfo" % pid):
        try:
            with open("/proc/%d/fdinfo/%s" % (pid, fd)) as f:
                links.append(dict(line.split(":", 1) for line in f if ":" in line))
        except FileNotFoundError:
            pass
    of_drops = {int(fields["prog_id"]) for fields in links if fields.get("tp_name", "").strip() == "kfree_skb"}
    misses = {int(fields["prog_id"]): int(fields["recursion_misses"]) for fields in links if "recursion_misses" in fields}
    return misses[min(of_drops)] if of_drops and min(of_drops) in misses else None


def attempts(i):
    """To neighbours that are not there, of both families; how many."""
    servers = [("10.7.%d.%d" % (2 + i // 100, 1 + i % 100), 80 + n) for n in range(AT_ONCE // 2)]
    servers += [("fd07:1::%x" % (0x100 + i), 80 + n) for n in range(AT_ONCE // 2)]
    running = [watched.connecting(*server)[0] for server in servers]
    for s in running:
        watched.end_of(s, 5)
        s.close()
    return len(servers)


def main():
    if os.geteuid():
        harness.skip("other network namespaces are made by root only")
    with harness.Synsent(sys.argv[1]) as synsent:
        net = watched.Net()
        net.run(SETUP)
        flood = subprocess.Popen([sys.argv[2], str(os.cpu_count())], stdin=subprocess.PIPE)
        watch = watched.Watch(synsent, ["-j", "--netns", net.path])
        try:
            with net:
                watch.ready()
                if skipped(watch.p.pid) is None:
                    harness.skip("this kernel does not count the events for which it skips a program")
                made = i = 0
                while i < ROUNDS_MAX and skipped(watch.p.pid) < ENOUGH:
                    made += attempts(i)
                    i += 1
            n = skipped(watch.p.pid)
            time.sleep(0.3)
            told = watch.end()
        finally:
            watch.stop()
            flood.send_signal(signal.SIGKILL)
            flood.wait()
    unplaced = [a for a in told if not a["synsent"].get("drop")]
    wrong = [a for a in told if a["synsent"]["outcome"] != "unreachable" or a["synsent"]["gave_up_by"] != "kernel"]
    print("%d attempts, %d told; skipped %d events; without where the SYN was dropped: %d; wrong otherwise: %d" % (
        made, len(told), n, len(unplaced), len(wrong)))
    if n < ENOUGH:
        harness.skip("no drop came in the midst of another one often enough")
    # A program that is preempted while it looks at a drop leaves the others of its CPU with the second alone.
    if len(told) != made or wrong or len(unplaced) > n / 2 or watch.status:
        print("WRONG: status %s, %s" % (watch.status, watch.said()[-2000:]))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
