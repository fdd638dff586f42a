#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a flood of SYNs costs `synsent watch --inbound`, beside the least that reads the same packets.

flood.py SYNSENT FLOOD_LOAD [--rounds N] [--count N] [--rate N] [--only WORD]

A network namespace of its own is flooded over a veth pair: each SYN from another source, few of them answered, few
refused, the others for an address that nobody has.  Each round floods every reader in turn; medians of the rounds
are given.  What a SYN costs is the reader's own CPU time, from when it is at work until it has ended; so what else
runs on the machine does not count, but for the cache that it takes.  The target is for the user's share of it with -q.
Every SYN must be counted, as what became of it, or be told of as lost, with exit status 4.
"""
import argparse
import os
import re
import signal
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import own_network

TARGET_NS = 250
MIB = 1 << 20
MEMORY = 128 * MIB  # 64 MiB of attempts at most, 32 MiB of packets, and what `watch` takes in any case
ADDRESS, OPEN, CLOSED, FRACTION = "192.0.2.1", 443, 444, 64
AFTER_S = 4  # those that wait are decided by then, or left to the end
SUMMARY_MAX = 4096  # it is at the end
MAC = "02:00:00:00:00:02"
SYN = "tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn"


def readers(o):
    watch = [o.synsent, "watch", "--inbound", "--netns", str(os.getpid())]
    yield "watch --inbound -q", watch + ["-q"]
    yield "watch, a line each", watch
    yield "a bare ring", [o.load, "read"]
    if shutil.which("tcpdump"):
        yield "tcpdump -w", ["tcpdump", "-i", "any", "-s", "96", "-B", "32768", "-w", "/dev/null", SYN]


class Flood:
    """One whose device and namespace go with it."""

    def __init__(self, o):
        self.p = subprocess.Popen(["unshare", "-n", o.load, "send", "flood", MAC, ADDRESS, str(OPEN), str(CLOSED),
                                   str(FRACTION), str(o.count), str(o.rate)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.p.stdout.readline() != "ready\n":
            sys.exit("the flood did not begin")
        ip("link", "set", "flood", "netns", str(self.p.pid))
        subprocess.run(["nsenter", "-t", str(self.p.pid), "-n", "ip", "link", "set", "flood", "up"], check=True)

    def run(self):
        """How many SYNs went, how many of them to the open and the closed port, and the seconds."""
        self.p.stdin.write("\n")
        self.p.stdin.flush()
        n, n_open, n_closed, took = self.p.stdout.readline().split()
        return int(n), int(n_open), int(n_closed), float(took)

    def end(self):
        self.p.communicate()


def ip(*args):
    subprocess.run(("ip",) + args, check=True)


def arrived():
    with open("/proc/net/dev", encoding="ascii") as f:
        return int(re.search(r"\btarget:\s*\d+\s+(\d+)", f.read()).group(1))


def make_device():
    """Answers go back the way that the SYNs came, and nobody is there; SYN cookies, so that each is sent once."""
    ip("link", "add", "target", "address", MAC, "type", "veth", "peer", "name", "flood")
    for name, value in (("tcp_syncookies", "2"), ("conf/target/rp_filter", "0")):
        with open("/proc/sys/net/ipv4/" + name, "w", encoding="ascii") as f:
            f.write(value)
    ip("addr", "add", ADDRESS + "/24", "dev", "target")
    ip("link", "set", "target", "up")
    ip("neigh", "add", "192.0.2.254", "lladdr", "02:00:00:00:00:01", "dev", "target")
    ip("route", "add", "default", "via", "192.0.2.254")


def run_ns(pid):
    """All that its threads ran, exactly."""
    ns = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as f:
            ns += int(f.read().split()[0])
    return ns


def memory(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) * 1024


class Share:
    """How much of a process's CPU time is the user's; all of it where that cannot be seen."""

    def __init__(self, o, pid):
        self.p = subprocess.Popen([o.load, "share", str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.seen = self.p.stdout.readline() == "ready\n"

    def end(self):
        out, _ = self.p.communicate()
        user, kernel = map(int, out.split()) if self.seen else (1, 0)
        return user / ((user + kernel) or 1)


def packet_sockets():
    with open("/proc/net/packet", encoding="ascii") as f:
        return len(f.readlines()) - 1


class Result:
    def __init__(self, n, ran, share, memory):
        self.ran, self.user, self.memory = ran / n, ran / n * share, memory
        self.wrong, self.lost, self.unexplained = [], 0, 0


def number(text, what):
    m = re.search(r"([\d,]+) " + re.escape(what), text)
    return int(m.group(1).replace(",", "")) if m else 0


def account(text, status, sent):
    """What `watch` told wrongly of the flood, how many SYNs it lost, and of how many it cannot say what dropped them."""
    n, n_open, n_closed, _ = sent
    told = {"answered at once": n_open, "refused": n_closed, "ignored": n - n_open - n_closed}
    row = "\n".join(line for line in text.splitlines() if line.lstrip().startswith("inbound"))
    got = {what: number(row, what) for what in told}
    got["late"] = number(row, "late")
    losses = text.rpartition("LOST:")[2].split("\n")[0] if "LOST:" in text else ""
    lost, unexplained = number(losses, "(inbound packets)") + number(losses, "(inbound table)"), number(losses, "(drops)")
    wrong = []
    if sum(got.values()) > n or sum(got.values()) + lost < n:
        wrong.append("%d SYNs went, %d were told of, %d lost" % (n, sum(got.values()), lost))
    if not lost and any(got[what] != told[what] for what in told):
        wrong.append("%s went, %s were told" % (told, got))
    if status != (4 if losses else 0):
        wrong.append("status %d, having lost: %s" % (status, losses or "nothing"))
    return wrong, lost, unexplained


def peer_lost(text):
    m = re.search(r"(\d+) packets dropped by kernel", text) or re.fullmatch(r"\d+ (\d+) [01]\n", text)
    return int(m.group(1)) if m else 0


def start(command, out):
    p = subprocess.Popen(command, stdout=out, stderr=out)
    until = time.monotonic() + 30
    while not packet_sockets() and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.5)  # it looks at what is there already
    if p.poll() is not None:
        out.seek(0)
        sys.exit("%s ended by itself: %s" % (" ".join(command), out.read().decode()[-400:]))
    return p


def flooded(o, command):
    """The Result, from when it is at work until it has ended, and what Flood.run() gave."""
    with tempfile.TemporaryFile() as out:
        flood = Flood(o)
        p = start(command, out)
        share, ran, came = Share(o, p.pid), run_ns(p.pid), arrived()
        sent = flood.run()
        time.sleep(AFTER_S)
        if arrived() - came < sent[0]:
            sys.exit("%d SYNs went, and %d arrived" % (sent[0], arrived() - came))
        flood.end()
        most = memory(p.pid)
        p.send_signal(signal.SIGINT)
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        out.seek(max(0, out.seek(0, os.SEEK_END) - SUMMARY_MAX))
        text = out.read().decode(errors="replace")
    r = Result(sent[0], (used.ru_utime + used.ru_stime) * 1e9 - ran, share.end(), most)
    if command[0] == o.synsent:
        r.wrong, r.lost, r.unexplained = account(text, p.returncode, sent)
    else:
        r.lost = peer_lost(text)
    return r, sent


def one_round(o, seen, rates):
    for name, command in readers(o):
        if o.only and o.only not in name:
            continue
        make_device()
        r, sent = flooded(o, command)
        subprocess.run(["ip", "link", "del", "target"], stderr=subprocess.DEVNULL, check=False)
        rates.append(sent[0] / sent[3])
        seen.setdefault(name, []).append(r)


def told_lost(results):
    lost, unexplained = (max(of) for of in zip(*((r.lost, r.unexplained) for r in results)))
    return (", lost %d" % lost if lost else ", nothing lost") + (
        "; what dropped it not known of %d" % unexplained if unexplained else "")


def show(name, results):
    print("  %-20s %4d ns of user CPU a SYN (%d to %d), %4d in all; %3d MiB%s" % (
        name, statistics.median(r.user for r in results), min(r.user for r in results), max(r.user for r in results),
        statistics.median(r.ran for r in results), max(r.memory for r in results) / MIB,
        told_lost(results)), flush=True)
    for wrong in sorted({w for r in results for w in r.wrong}):
        print("    WRONG: " + wrong)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("load")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--count", type=int, default=1000000)
    p.add_argument("--rate", type=int, default=250000)
    p.add_argument("--only", default="")
    o = p.parse_args()
    o.synsent, o.load = os.path.abspath(o.synsent), os.path.abspath(o.load)
    if os.geteuid():
        print("left out: a flood needs root, for its network namespaces")
        return 0
    own_network.enter()
    load, cpus = os.getloadavg()[0], os.cpu_count()
    if load > cpus / 4:
        print("This machine is busy (load %.1f, %d CPUs): what is out of the cache costs more, to tcpdump, too." % (load, cpus))
    seen, rates = {}, []
    listener = socket.create_server(("0.0.0.0", OPEN), backlog=4096)
    for _ in range(o.rounds):
        one_round(o, seen, rates)
    listener.close()
    print("%d SYNs at %d/s (median):" % (o.count, statistics.median(rates)))
    for name, results in seen.items():
        show(name, results)
    ours = seen.get("watch --inbound -q", [])
    if not ours:
        return 0
    for name in ("a bare ring", "tcpdump -w"):
        if name in seen:
            print("  watch --inbound -q takes %.1f times what %s takes" % (
                statistics.median(a.user / b.user for a, b in zip(ours, seen[name])), name))
    cost, most = statistics.median(r.user for r in ours), max(r.memory for r in ours)
    print("  the target of %d ns is %s by watch --inbound -q; its %d MiB are %s" % (
        TARGET_NS, "held" if cost <= TARGET_NS else "MISSED", most / MIB, "held" if most <= MEMORY else "TOO MUCH"))
    return int(cost > TARGET_NS or most > MEMORY or any(r.wrong for of in seen.values() for r in of))


if __name__ == "__main__":
    sys.exit(main())
