#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` costs a host that connects as fast as it can, beside other tracers.

watch.py SYNSENT WATCH_LOAD [--rounds N] [--seconds S] [--jobs N]

In a network namespace of its own.  Each round measures the rate alone, then with each tracer, then alone again; a
ratio is the rate with a tracer over the mean of the two.  The median of the rounds is given, and the extremes.
What the load counted must be what `watch` counted, but for what it says that it lost.
"""
import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TARGET = 0.95
TRACEFS = "[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing; "
TRACEPOINT = ("tracepoint:sock:inet_sock_set_state /args->protocol == 6/ "
              "{ printf(\"%d %d %d %s\\n\", args->oldstate, args->newstate, pid, comm); }")


def tracers(synsent):
    watch = [synsent, "watch", "--for", "60s", "--netns", str(os.getpid())]  # others have connections, too
    yield "watch -q", watch + ["-q"]
    yield "watch --failures -q", watch + ["-q", "--failures"]
    yield "watch --failures", watch + ["--failures"]
    yield "watch, a line each", watch
    if shutil.which("bpftrace"):
        yield "bpftrace printf", ["unshare", "--mount", "sh", "-c", TRACEFS + "exec bpftrace -e \"$0\"", TRACEPOINT]
    for name in ("tcpstates-bpfcc", "tcpconnect-bpfcc"):
        if shutil.which(name) and os.path.exists("/lib/modules/%s/build" % os.uname().release):
            yield name, [name]  # it compiles, and needs the kernel's headers
    if shutil.which("tcpdump"):
        yield "tcpdump SYN", ["tcpdump", "-nn", "-l", "-i", "lo", "tcp[tcpflags] & tcp-syn != 0"]


class Load:
    def __init__(self, binary, kind, seconds, jobs):
        self.args, self.seconds = [binary, kind, str(seconds), str(jobs)], seconds

    def run(self):
        out = subprocess.run(self.args, stdout=subprocess.PIPE, check=True).stdout.split()
        if int(out[1]):
            sys.exit("the load itself: %d of %d attempts were not as they should be" % (int(out[1]), int(out[0])))
        return int(out[0])


def cpu_s(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return [int(t) / os.sysconf("SC_CLK_TCK") for t in fields[11:13]]


def memory(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))


def traced(command, load):
    """The load's count with a tracer, the tracer's user and system CPU meanwhile, its memory, and what it printed."""
    with tempfile.TemporaryFile() as out:
        keep = command[0].endswith("synsent")
        p = subprocess.Popen(command, stdout=out if keep else subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1.0 if keep else 4.0)  # bcc compiles first
        before = cpu_s(p.pid)
        n = load.run()
        if p.poll() is not None:
            sys.exit("%s ended by itself, status %d" % (" ".join(command), p.returncode))
        used, kib = [b - a for a, b in zip(before, cpu_s(p.pid))], memory(p.pid)
        p.send_signal(signal.SIGINT)
        try:
            p.wait(20)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
        out.seek(0)
        return n, used, kib, out.read().decode(errors="replace")


def agrees(text, n):
    """`watch` counted as many as the load did, or says what it lost."""
    m = re.search(r"^([\d,]+) attempts? in", text, re.M)
    told = int(m.group(1).replace(",", "")) if m else 0
    lost = sum(int(x.replace(",", "")) for x in re.findall(r"([\d,]+) \(\w+\)", text.partition("LOST:")[2].split("\n")[0]))
    return told == n or told < n <= told + lost


def idle(synsent, seconds=10):
    p = subprocess.Popen([synsent, "watch", "-q"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    before = cpu_s(p.pid)
    time.sleep(seconds)
    used = sum(cpu_s(p.pid)) - sum(before)
    p.send_signal(signal.SIGINT)
    p.wait()
    print("idle for %d s: %.2f s of CPU, %.1f %%" % (seconds, used, 100 * used / seconds))


def measure(o, kind):
    load = Load(o.load, kind, o.seconds, o.jobs)
    ratios, costs, rates, wrong = {}, {}, [], 0
    load.run()
    for _ in range(o.rounds):
        for name, command in tracers(o.synsent):
            if o.only and o.only not in name:
                continue
            before = load.run()
            n, used, kib, text = traced(command, load)
            alone = (before + load.run()) / 2
            rates.append(alone / o.seconds)
            ratios.setdefault(name, []).append(n / alone)
            costs.setdefault(name, []).append((used[0] * 1e9 / n, used[1] * 1e9 / n, kib))
            if command[0] == o.synsent and not agrees(text, n):
                print("WRONG: the load made %d attempts, and %s says: %s" % (n, name, text[-400:]))
                wrong += 1
    print("%s: %d/s alone (median)" % (kind, statistics.median(rates)))
    for name, r in ratios.items():
        user, system, kib = (statistics.median(c) for c in zip(*costs[name]))
        print("  %-22s %.3f of it (%.3f to %.3f)  %5.0f ns user, %5.0f ns system CPU an attempt, %d MiB" % (
            name, statistics.median(r), min(r), max(r), user, system, kib / 1024))
    held = statistics.median(ratios.get("watch -q", [1])) >= TARGET
    print("  the target of %.2f %s" % (TARGET, "is held by watch -q" if held else "is MISSED by watch -q"))
    return wrong or not held


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("load")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=1)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--only", default="")
    p.add_argument("--inside", action="store_true")
    o = p.parse_args()
    o.synsent, o.load = os.path.abspath(o.synsent), os.path.abspath(o.load)
    if os.geteuid():
        print("left out: watch sees the whole host as root only")
        return 0
    if not o.inside:
        return subprocess.call(["unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh", sys.executable] +
                               sys.argv + ["--inside"])
    idle(o.synsent)
    return any([measure(o, kind) for kind in ("refused", "established")])


if __name__ == "__main__":
    sys.exit(main())
