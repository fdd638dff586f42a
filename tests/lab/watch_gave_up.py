#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that end a connect() in every way, under every fault of `synsent run`, while `synsent watch` looks on.

watch_gave_up.py SYNSENT [--tracer] [--jobs N] [--repeat N] [--ways TEXT] [--faults TEXT] [--all] [--busy] [--keep]

The runs are those of run_gave_up.py, and so is the truth: what each program was told by the kernel.  Here the
verdicts are those of one `watch -j` that sees the whole host, by eBPF.  A `certain` one must be true.  Attempts and
SYNs that were sent again must be as many as the counters of each run's network namespace have moved by, or fewer by
what `watch` says that it lost.

--tracer: a second tracer attaches to the same tracepoints and detaches all the time, so that events get lost.
"""
import collections
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import harness
import run_gave_up

PROBES = ("sock:inet_sock_set_state", "tcp:tcp_retransmit_skb", "skb:kfree_skb", "sock:inet_sk_error_report",
          "tcp:tcp_destroy_sock", "tcp:tcp_receive_reset")
# bpftrace finds tracepoints there, and this may be a host where nobody mounted it
TRACEFS = "[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing; "
LOST = re.compile(r"LOST: (.*)")


class Trial(run_gave_up.Trial):
    """Its attempts are those that `watch` tells of."""

    watched = None

    def check(self):
        if self.watched is not None:
            super().check()

    def judge(self, attempts, lost):
        self.lost = lost
        if self.way == "bad_calls":  # what fails without a SYN is told here, and is no attempt to the program
            attempts = [a for a in attempts if a["synsent"]["syns_ns"]]
        self.watched = self.attempts = sorted(attempts, key=lambda a: a["event"]["start"])
        self.check()
        # Lost, and said: on a host where others connect as fast as they can.  And io_uring's connect() that sends no SYN
        # returns from no system call, and not every kernel has fexit.
        if lost or (self.way == "uring" and self.fault in ("no-route", "blackhole-route")):
            missing = [w for w in self.wrong if w.startswith("no attempt for")]
            self.vague += ["not told of, and events were lost" if lost else "not told of, by io_uring"] * len(missing)
            self.wrong = [w for w in self.wrong if w not in missing]
        return self.report()

    def check_counters(self, unseen):
        before = len(self.wrong)
        super().check_counters(0)
        if self.lost and len(self.wrong) > before:
            self.vague.append("counters and what is told differ, and events were lost")
            del self.wrong[before:]


class Watch:
    def __init__(self, synsent):
        self.path = synsent.path("watch")
        self.out, self.err = open(self.path + ".json", "wb"), open(self.path + ".err", "wb")
        self.p = subprocess.Popen([synsent.binary, "watch", "-j", "--pending"], stdout=self.out, stderr=self.err,
                                  env=harness.ENV)
        deadline = time.monotonic() + 60
        while not os.path.getsize(self.path + ".json"):  # a busy machine takes its time to load the programs
            if self.p.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("watch tells of nothing")
            with socket.socket() as s:
                s.connect_ex(("127.0.0.1", 9))
            time.sleep(0.1)

    def end(self):
        time.sleep(0.5)
        self.p.send_signal(signal.SIGINT)
        status = self.p.wait(30)
        self.out.close()
        self.err.close()
        with open(self.path + ".json") as f:
            attempts = [json.loads(line) for line in f]
        with open(self.path + ".err") as f:
            summary = f.read()
        return status, attempts, summary


class Tracer(threading.Thread):
    """Attaches to the tracepoints, one more each time, and detaches."""

    def __init__(self):
        super().__init__()
        self.over, self.n, self.said = threading.Event(), 0, b""

    def run(self):
        while not self.over.is_set():
            probes = ", ".join("tracepoint:" + x for x in PROBES[:self.n % len(PROBES) + 1])
            p = subprocess.Popen(["unshare", "--mount", "sh", "-c", TRACEFS + "exec bpftrace -B none -e \"$1\"", "sh",
                                  "BEGIN { printf(\"on\\n\"); } " + probes + " { @n = count(); }"],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.said = b""
            for line in p.stdout:
                self.said += line
                if line == b"on\n":
                    self.n += 1
                    break
            self.over.wait(0.8)
            while p.poll() is None:  # a signal that comes as it attaches may be lost
                p.send_signal(signal.SIGINT)
                time.sleep(0.05)
            p.communicate()

    def end(self):
        self.over.set()
        self.join()


def share_out(trials, attempts):
    """Each run has a network namespace of its own."""
    found = collections.defaultdict(list)
    for t in trials:
        found[t] = [a for a in attempts if a["synsent"].get("netns") == t.netns and
                    t.from_ns < run_gave_up.ns_of(a["event"]["start"]) < t.to_ns]  # its number may be used again
    return found


def main():
    p = run_gave_up.options(__doc__)
    p.add_argument("--tracer", action="store_true")
    o = p.parse_args()
    o.fast = o.show = False
    if os.geteuid():
        harness.skip("watch sees the whole host as root only")
    if o.tracer and not shutil.which("bpftrace"):
        harness.skip("bpftrace is not installed")
    tracer = Tracer() if o.tracer else None
    with harness.kept_busy(o.busy):
        with harness.Synsent(o.synsent, False) as synsent:
            synsent.need()
            test = run_gave_up.Test(o, synsent)
            watch = Watch(synsent)
            if tracer:
                tracer.start()

            def one(trial):
                t = Trial(test, *trial)
                t.from_ns = time.time_ns()
                t.run()
                t.to_ns = time.time_ns()
                return t

            trials = harness.all_of(o.jobs, one, list(test.trials())[::o.share])
            if tracer:
                tracer.end()
            status, attempts, summary = watch.end()
            if tracer and not tracer.n:
                harness.skip("bpftrace cannot attach here: " + tracer.said.decode(errors="replace").strip())
            bad = ["not as the schema has it: " + w for a in attempts[:200]
                   for w in harness.validate.problems(harness.CHECK, json.dumps(a).encode() + b"\n")]
            lost = LOST.search(summary)
            found = share_out(trials, attempts)
            wrong = sum(t.judge(found[t], bool(lost)) for t in trials)
            if o.keep:
                shutil.copytree(synsent.directory, "/tmp/watch-kept", dirs_exist_ok=True)
    if status != (4 if lost else 0):
        bad.append("status %d, and %s" % (status, lost.group(0) if lost else "nothing lost"))
    for b in bad:
        print("WRONG: " + b)
    print(summary.splitlines()[0] if summary else "no summary")
    run_gave_up.summary(synsent, trials, sum(len(f) for f in found.values()), wrong,
                        "; a second tracer came and went %d times" % tracer.n if tracer else "")
    return bool(wrong or bad)


if __name__ == "__main__":
    sys.exit(main())
