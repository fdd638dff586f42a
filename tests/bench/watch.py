#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` costs a host that connects as fast as it can, beside other tracers.

watch.py SYNSENT WATCH_LOAD [--turns N] [--rounds N] [--seconds S] [--jobs N]

In a network namespace of its own.  First the programs of `watch -q` run in turns within one load (watch_turns.py), and
so do programs that do nothing on the same tracepoints: no tracer of these can cost less.  The target is for the former.

Then `watch` as a whole is compared with other tracers.  Each round measures the load beside nothing (a process that
sleeps), then beside a tracer, then beside nothing again, for each tracer; a ratio is the rate with a tracer over the mean
of the two.  All are measured in the same way, since a load is quicker or slower by what went before.  The median of the
rounds is given, and the quartiles.  One of the tracers does nothing: it shows the noise.
What the load counted must be what `watch` counted, but for what it says that it lost.
"""
import argparse
import glob
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import own_network
import watch_turns

TARGET = 0.95
WATCH_LINKS = 8
SETTLE_S = 3  # from the start of a tracer to that of the load
NOTHING = ["sleep", "60"]
TRACEFS = "[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing; "
TRACEPOINT = ("tracepoint:sock:inet_sock_set_state /args->protocol == 6/ "
              "{ printf(\"%d %d %d %s\\n\", args->oldstate, args->newstate, pid, comm); }")


# Those of bcc's tools that need no kprobe: both are on sock:inet_sock_set_state.
BCC = ("tcpstates-bpfcc", "tcplife-bpfcc")
MODULES = "/lib/modules/%s" % os.uname().release
# Another kernel's headers do, since what a tracepoint tells is laid out as the running one says.
BORROWED = """mount -t tmpfs tmpfs /lib/modules && mkdir "$1" &&
ln -s "${2%-common}-$3" "$1/build" && ln -s "$2" "$1/source" && shift 3 && exec "$@\""""


def headers():
    """Debian's, of any kernel: the part that is common to all machines, the newest; None: there are none."""
    return max(glob.glob("/usr/src/linux-headers-*-common"), key=os.path.getmtime, default=None)


def why_not(name):
    """Why a tracer is left out; None: it is not."""
    if not shutil.which(name):
        return "it is not installed"
    if name in BCC and not os.path.exists(MODULES + "/build") and not headers():
        return "it compiles, and no kernel's headers are here (apt-get install linux-headers-amd64)"
    return None


def of_bcc(name):
    """In a mount namespace of its own, which has tracefs, and headers where bcc looks for them."""
    script, args = TRACEFS, [name]
    if os.path.exists(MODULES + "/build"):
        script += "exec \"$@\""
    else:
        script += BORROWED
        args = [MODULES, headers(), "amd64" if os.uname().machine == "x86_64" else "arm64", name]
    return ["unshare", "--mount", "sh", "-c", script, "sh"] + args


def tracers(synsent):
    watch = [synsent, "watch", "--for", "60s", "--netns", str(os.getpid())]  # others have connections, too
    yield "nothing", NOTHING
    yield "watch -q", watch + ["-q"]
    yield "watch --failures -q", watch + ["-q", "--failures"]
    yield "watch --failures", watch + ["--failures"]
    yield "watch, a line each", watch
    if not why_not("bpftrace"):
        yield "bpftrace printf", ["unshare", "--mount", "sh", "-c", TRACEFS + "exec bpftrace -e \"$0\"", TRACEPOINT]
    for name in BCC:
        if not why_not(name):
            yield name, of_bcc(name)
    if not why_not("tcpdump"):
        yield "tcpdump SYN", ["tcpdump", "-nn", "-l", "-i", "lo", "tcp[tcpflags] & tcp-syn != 0"]


class Load:
    def __init__(self, binary, kind, seconds, jobs):
        self.args, self.seconds = [binary, kind, str(seconds), str(jobs)], seconds

    def run(self):
        """How many attempts it made."""
        out = subprocess.run(self.args, stdout=subprocess.PIPE, check=True).stdout.split()
        if int(out[1]):
            sys.exit("the load itself: %d of %d attempts were not as they should be" % (int(out[1]), int(out[0])))
        return int(out[0])


def run_s(pid):
    """All that its threads ran, exactly."""
    ns = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
            ns += int(f.read().split()[0])
    return ns / 1e9


def cpu_s(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return [int(t) / os.sysconf("SC_CLK_TCK") for t in fields[11:13]]


def memory(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))


def fdinfo(pid):
    """What the kernel says of each descriptor that is open."""
    for fd in os.listdir("/proc/%d/fdinfo" % pid):
        try:
            with open("/proc/%d/fdinfo/%s" % (pid, fd)) as f:
                yield f.read()
        except FileNotFoundError:
            pass


def links(pid):
    """How many BPF programs of a process run."""
    return sum("link_id" in text for text in fdinfo(pid))


def start(command, out):
    """Started, and at work."""
    began = time.monotonic()
    p = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
    while command[0].endswith("synsent") and links(p.pid) < WATCH_LINKS and time.monotonic() < began + 20:
        time.sleep(0.02)
    # it looks at what is there already
    time.sleep(max(began + SETTLE_S - time.monotonic(), 0.2))
    return p


def traced(command, load):
    """The load's count with a tracer, the tracer's user, system and whole CPU meanwhile, its memory, and what it printed."""
    with tempfile.TemporaryFile() as out:
        p = start(command, out if command[0].endswith("synsent") else subprocess.DEVNULL)
        before, ran = cpu_s(p.pid), run_s(p.pid)
        n = load.run()
        if p.poll() is not None:
            sys.exit("%s ended by itself, status %d" % (" ".join(command), p.returncode))
        used, kib = [b - a for a, b in zip(before, cpu_s(p.pid))] + [run_s(p.pid) - ran], memory(p.pid)
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


def maps_kib(pid):
    """What the kernel holds for the BPF maps of a process."""
    kib, seen = 0, set()
    for text in fdinfo(pid):
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        if "map_id" in fields and fields["map_id"] not in seen:
            seen.add(fields["map_id"])
            kib += int(fields["memlock"]) // 1024
    return kib


def idle(synsent, seconds=10):
    """It costs nothing while nothing happens.  True: it did."""
    p = start([synsent, "watch", "-q", "--netns", str(os.getpid())], subprocess.DEVNULL)
    before = run_s(p.pid)
    time.sleep(seconds)
    used = run_s(p.pid) - before
    kib, maps = memory(p.pid), maps_kib(p.pid)
    p.send_signal(signal.SIGINT)
    p.wait()
    print("idle for %d s: %.4f s of CPU, %.1f %%; memory %.1f MiB, and %.1f MiB of the kernel's for its maps" % (
        seconds, used, 100 * used / seconds, kib / 1024, maps / 1024))
    return used >= 0.0005 * seconds


def spread(ratios):
    of = statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else list(ratios) * 3
    return "%.3f (%.3f to %.3f)" % (of[1], of[0], of[2])


def one_round(o, load, seen):
    """True: something that happened was not told."""
    wrong = False
    before = traced(NOTHING, load)[0]
    for name, command in tracers(o.synsent):
        if not re.search(o.only, name):
            continue
        n, used, kib, text = traced(command, load)
        after = traced(NOTHING, load)[0]
        seen.setdefault(name, []).append((2 * n / (before + after), used[0] * 1e9 / n, used[1] * 1e9 / n,
                                          used[2] * 1e9 / n, kib))
        before = after
        if command[0] == o.synsent and not agrees(text, n):
            print("WRONG: the load made %d attempts, and %s says: %s" % (n, name, text[-400:]))
            wrong = True
    return wrong


def compare(o, kind):
    """True: something that happened was not told."""
    load, seen, wrong = Load(o.load, kind, o.seconds, o.jobs), {}, False
    load.run()
    for _ in range(o.rounds):
        wrong |= one_round(o, load, seen)
    print("%s, beside a tracer, of the rate beside nothing:" % kind)
    for name, of in seen.items():
        rate, user, system, ran, kib = zip(*of)
        print("  %-21s %s; its own %d ns an attempt, %.0f %% user; %d MiB" % (
            name, spread(rate), statistics.median(ran), 100 * sum(user) / ((sum(user) + sum(system)) or 1),
            max(kib) / 1024))
    return wrong


def programs_of(command):
    p = start(command, subprocess.DEVNULL)
    programs = watch_turns.Programs(fdinfo(p.pid))
    p.send_signal(signal.SIGINT)
    p.wait()
    return programs


def in_turns(o):
    """True: the target is missed."""
    floor, missed = os.path.join(os.path.dirname(o.load), "watch_floor"), False
    watch = programs_of([o.synsent, "watch", "-q", "--netns", str(os.getpid())])
    what = [("nothing", None, None), ("watch -q", watch, None), ("watch -q without sys_exit", watch, "sys_exit")]
    if os.path.exists(floor):
        empty = programs_of([floor])
        what += [("empty programs", empty, None), ("empty programs without sys_exit", empty, "sys_exit")]
    for kind in ("refused", "established"):
        held = watch_turns.measure(o.load, kind, o.jobs, o.turns, what)["watch -q"] >= TARGET
        missed |= not held
        print("  the target of %.2f %s" % (TARGET, "is held by watch -q" if held else "is MISSED by watch -q"))
    return missed


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("load")
    p.add_argument("--turns", type=int, default=150, help="0: none")
    p.add_argument("--rounds", type=int, default=9, help="0: none")
    p.add_argument("--seconds", type=float, default=0.5)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--only", default="", help="a regular expression")
    o = p.parse_args()
    o.synsent, o.load = os.path.abspath(o.synsent), os.path.abspath(o.load)
    if os.geteuid():
        print("left out: watch sees the whole host as root only")
        return 0
    own_network.enter()
    for name in ("bpftrace", "tcpdump") + BCC:
        if why_not(name):
            print("%s is left out: %s" % (name, why_not(name)))
    busy = idle(o.synsent)
    missed = o.turns and in_turns(o)
    return any([busy, missed] + [compare(o, kind) for kind in ("refused", "established") if o.rounds])


if __name__ == "__main__":
    sys.exit(main())
