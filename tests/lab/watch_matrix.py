#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every way of giving up x faults x both families, under `synsent watch`; the truth is what the programs were told.

watch_matrix.py SYNSENT [--user nobody [--blind]] [--tracer] [--repeat N] [--all] [--only TEXT]

--tracer: bpftrace attaches to the same tracepoints and detaches, again and again.  Events get lost by that; then the
loss must be told, and who gave up must still be right.  --all: each way under each fault, each by both families.
Attempts and retransmissions must be those that the namespace's own counters have, but for the loss that is told.
--user nobody: without eBPF (--no-bpf), in a user namespace; only what is told for certain must be true there, and
nearly all that is told as likely.  --blind: without packets, too.
"""
import argparse
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import harness
import watch_world
from run_gave_up import NO_ATTEMPT, ROUTES, WAYS, end_of, ns_of, place

# These make attempts without a word of them, or are to servers of another world.
LEFT_OUT = ("bad_calls", "servers", "listening", "connected_again")
SILENT = ("output-drop", "input-drop", "answer-lost-here", "answer-lost-there", "backlog", "wrong-mac")
# They look at the socket from beside, and learn nothing of a connect() that fails at once.
BESIDE = ("child_killed_in_connect", "thread_closes", "uring closes")
SYNS = collections.defaultdict(lambda: 2, {"syncnt_poll 2": 3})
TRACED = " ".join("tracepoint:%s { @ = count(); }" % t for t in (
    "sock:inet_sock_set_state", "tcp:tcp_retransmit_skb", "sock:inet_sk_error_report", "tcp:tcp_destroy_sock",
    "skb:kfree_skb"))


class Tracer(threading.Thread):
    def __init__(self, on):
        super().__init__()
        self.on, self.stopping, self.times = on, threading.Event(), 0

    def run(self):
        while self.on and not self.stopping.is_set():
            # where tracefs is not mounted, it is so in a mount namespace of its own
            p = subprocess.Popen(["unshare", "-m", "sh", "-c",
                                  "mount -t tracefs tracefs /sys/kernel/tracing; exec \"$@\"", "sh",
                                  "bpftrace", "-q", "-B", "none", "-e", "BEGIN { printf(\"on\\n\"); } " + TRACED],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.times += p.stdout.readline() == b"on\n"
            self.stopping.wait(0.3)
            while p.poll() is None:  # one that comes as it attaches may be lost
                p.send_signal(signal.SIGINT)
                time.sleep(0.05)
            p.communicate()

    def stop(self):
        self.stopping.set()
        self.join()


class Watch:
    """`synsent watch -j`, ready when it told of a first attempt."""

    def __init__(self, world, args, inside, blind=False):
        self.world = world
        command = world.enter(world.client) if inside else []
        if blind:
            command += ["setpriv", "--bounding-set", "-net_raw"]
        command += [world.synsent.binary, "watch", "-j", *args]
        self.p = world.start(command)
        self.out, self.err = [], []
        self.readers = [threading.Thread(target=to.extend, args=(of,), daemon=True)
                        for to, of in ((self.out, self.p.stdout), (self.err, self.p.stderr))]
        for reader in self.readers:
            reader.start()

    def end(self):
        self.p.send_signal(signal.SIGINT)
        self.p.wait(timeout=30)
        for reader in self.readers:
            reader.join(10)
        err = b"".join(self.err).decode()
        return [json.loads(line) for line in self.out], err, self.p.returncode


PROBE = "import socket; s = socket.socket(); s.settimeout(.1); s.connect_ex((%r, 9))"


def probe(world, watches, blind=False):
    """Until each of them has told of an attempt."""
    deadline = time.monotonic() + 20
    to = watch_world.address("input-drop", 4) if blind else "127.0.0.1"
    while time.monotonic() < deadline:
        world.run(world.client, "python3", "-c", PROBE % to)
        time.sleep(0.1)
        if all(w.out or w.p.poll() is not None for w in watches):
            time.sleep(0.3)
            return
    for w in watches:
        w.p.kill()
    raise RuntimeError("watch told nothing: " + b"".join(watches[0].err).decode())


def lost(err):
    """By source, from the summary's first line."""
    found = re.search(r"; LOST: (.*)", err)
    return {s: int(n.replace(",", "")) for n, s in re.findall(r"([\d,]+) \(([\w ]+)\)", found.group(1))} if found else {}


def server_of(a):
    server = a.get("server", {})
    return place(server.get("address"), server.get("port"))


class Checker:
    def __init__(self, o, may_lose):
        self.o, self.may_lose = o, may_lose
        self.wrong, self.vague, self.checked = [], collections.Counter(), 0
        self.stalled = self.guesses = self.bad_guesses = 0

    def want(self, what, got, expected):
        if got != expected:
            self.wrong.append("%s is %r, not %r" % (what, got, expected))

    def compare(self, way, fault, r, a):
        s, what = a["synsent"], "%s under %s, %s to %s from %d" % (way, fault, r["who"], r["to"], r["local"])
        outcomes, by = end_of(r)
        if r["error"] == "ECONNABORTED":  # else the call gave what a failed one left behind
            outcomes, by = (("abandoned",), "application") if way == "sock_destroy" else (("failed",), "kernel")
        if fault == "no-neighbour" and r["error"] in ROUTES:
            outcomes, by = ("unreachable",), "kernel"
        true = s["outcome"] in outcomes and s["gave_up_by"] in by.split("/")
        late = ns_of(a["event"]["start"]) + a["event"]["duration"] - r["ended"] > 0.5e9
        if not true and late and r["end"] in ("app", "signal") and s["outcome"] == "timed-out":
            self.stalled += 1  # it said what it would do, and was stopped until the kernel's end
            return
        self.checked += 1
        if s["confidence"] != "certain":
            self.vague["%s%s: %s" % (s["confidence"], "" if true else ", NOT TRUE", s.get("evidence"))] += 1
            if self.o.user == "nobody":
                self.guesses += s["confidence"] == "likely"
                self.bad_guesses += s["confidence"] == "likely" and not true
                return
            # when a limit that was set meanwhile would end it is not known: then nothing tells, without that event
            lost_later = self.may_lose and way.endswith("_later") and "lost" in " ".join(s["evidence"])
            if s["confidence"] == "unknown" and lost_later:
                return
            if not self.may_lose or s["confidence"] == "unknown":
                self.wrong.append("%s: %s: %s" % (what, s["confidence"], s.get("evidence")))
            elif "lost" not in " ".join(s["evidence"] + [s["headline"]]):
                self.wrong.append("%s: less than certain, and no word of a loss: %s" % (what, s["evidence"]))
        if not true:
            if s["confidence"] == "certain" or not self.may_lose:
                self.wrong.append("%s: %s by %s (%s: %s), is %s by %s, %s; %s" % (
                    what, s["outcome"], s["gave_up_by"], s["confidence"], "; ".join(s["evidence"]), outcomes, by,
                    r["error"], json.dumps(s.get("drops", s.get("drop")))))
            return
        if self.o.user == "nobody":
            return
        if r["error"]:
            self.want(what + ": error", a.get("error", {}).get("type"), r["error"])
        process = a.get("process", {})
        if process.get("executable", {}).get("name") != r["who"] or process.get("pid") != int(r["who"].split("-")[-1]):
            self.want(what + ": process", process, r["who"])
        limit = {"abandoned": "app-timer",
                 "timed-out": "user-timeout" if way.startswith("user_timeout") else "syn-retries"}
        if r["error"] != "ECONNABORTED":
            if s["outcome"] != "unreachable":  # of a soft error, or not
                self.want(what + ": limit", s.get("limit"), limit.get(s["outcome"]))
        n = len(s["syns_ns"])
        if r["syns"] and fault != "no-neighbour" and not r["syns"] <= n <= r["syns"] + 1:
            self.want(what + ": SYNs", n, r["syns"])
        elif s["outcome"] == "timed-out" and fault in SILENT:
            self.want(what + ": SYNs", n, SYNS[way])
        if r["to"] in (watch_world.address(fault, 4), watch_world.address(fault, 6)):
            self.drop(what, fault, s, n)

    def drop(self, what, fault, s, n):
        expected = watch_world.FAULTS.get(fault)
        if not expected or s["outcome"] not in ("timed-out", "established") or self.may_lose:
            return
        # the server may have a former attempt from the same port half open still: it drops this one's SYN, too
        drops = [d for d in s.get("drops", [s.get("drop", {})]) if d.get("reason") != "TCP_OVERWINDOW"]
        d = drops[0] if drops else {}
        self.want(what + ": drop", (d.get("place"), d.get("reply"), d.get("reason")), (*expected, "NETFILTER_DROP"))
        if not expected[1]:
            self.want(what + ": dropped", d.get("packets"), n if s["outcome"] == "timed-out" else n - 1)

    def pair(self, way, fault, records, left):
        for r in sorted(records, key=lambda r: r["begun"]):
            of = [a for a in left if server_of(a) == place(r["to"], r["port"])]
            mine = [a for a in of if r["local"] and a.get("client", {}).get("port") == r["local"]]
            mine = mine or [a for a in of if (not r["local"] or not a.get("client", {}).get("port")) and
                            a.get("process", {}).get("executable", {}).get("name") in (r["who"], None)]
            if r["error"] in NO_ATTEMPT and r["error"] != "ECONNABORTED":
                mine = [a for a in mine if not a["synsent"]["syns_ns"]]
            # the port is gone when the kernel has ended a blocking connect(), and its end was told late
            mine = mine or [a for a in left if self.may_lose and server_of(a)[1] is None and
                            a.get("process", {}).get("executable", {}).get("name") == r["who"]]
            if mine:
                left.remove(mine[0])
                self.compare(way, fault, r, mine[0])
            elif r["error"] == "ECONNABORTED":
                continue  # what a failed one left behind: nothing was begun
            elif self.o.user != "nobody" and not self.may_lose:
                self.wrong.append("%s under %s: no attempt for %s" % (way, fault, r))

    def counts(self, objects, moved, told_lost):
        """What was told is what the namespace counted."""
        sent = [x for x in objects if x["synsent"]["syns_ns"]]
        # the timer of a SYN that waits for a neighbour fires, and none is sent (TCPSpuriousRtxHostQueues)
        nowhere = [watch_world.address("no-neighbour", v) for v in (4, 6)]
        told = {"TcpActiveOpens": len(sent), "TcpExtTCPSynRetrans": sum(
            len(x["synsent"]["syns_ns"]) - 1 for x in sent if x["server"]["address"] not in nowhere),
                "TcpAttemptFails": sum(x["synsent"]["gave_up_by"] in ("kernel", "peer", "network") or
                                       x.get("error", {}).get("type") == "ECONNABORTED" for x in sent)}
        print("counted by the kernel %s, told %s, lost %s" % (moved, told, told_lost or "nothing"))
        for name, n in moved.items():
            if abs(n - told[name]) > sum(told_lost.values()):
                self.wrong.append("%s moved by %d, told %d, lost %s" % (name, n, told[name], told_lost))


def cells(o, directory):
    ways = [w for w in WAYS if w.split()[0] not in LEFT_OUT] + ["sock_destroy"] * (o.user == "root")
    faults, made = list(watch_world.FAULTS), []
    for i, way in enumerate(ways):
        # all end something under silence; and one more of the others
        some = faults if o.all else [SILENT[i % len(SILENT)], faults[i % len(faults)]]
        # each of many calls would fail by itself
        if way in BESIDE or way.startswith("asks_"):
            some = [f for f in some if f in SILENT]
        for k, fault in enumerate(some):
            for six in (False, True) if o.all else ((i + k) % 2 == 0,):
                if o.only in "%s under %s" % (way, fault):
                    made.append((way, fault, six, os.path.join(directory, "truth%d" % len(made))))
    return made


def read_truth(path):
    with open(path) as f:
        lines = [json.loads(line) for line in f]
    return [x for x in lines if "who" in x]


def one_round(o, synsent, world, number):
    directory = synsent.path("round%d" % number)
    os.mkdir(directory, 0o777)
    os.chmod(directory, 0o777)
    mine = cells(o, directory)
    with open(os.path.join(directory, "cells"), "w") as f:
        json.dump([[t, way.split(), watch_world.address(fault, 4), watch_world.address(fault, 6), six]
                   for way, fault, six, t in mine], f)
    root = o.user == "root"
    watch = Watch(world, ["--netns", str(world.netns())] if root else ["--no-bpf"], not root, o.blind)
    probe(world, [watch], o.blind)
    told_before = len(watch.out)
    before, tracer = world.counters(), Tracer(o.tracer)
    tracer.start()
    clients = world.start(world.enter(world.client) + ["python3", synsent.path("watch_clients.py"),
                                                       os.path.join(directory, "cells")])
    _, talk = clients.communicate(timeout=100)
    time.sleep(0.3)
    tracer.stop()
    after = world.counters()
    objects, err, status = watch.end()
    objects, told_lost = objects[told_before:], lost(err)
    checker = Checker(o, any(source != "between looks" for source in told_lost))  # those are not told at all
    if talk:
        checker.wrong.append("clients: " + talk.decode()[-600:])
    checker.want("status", status, 4 if told_lost else 0)
    left = list(objects)
    for way, fault, _, path in mine:
        checker.pair(way, fault, read_truth(path), left)
    if root:
        checker.wrong += ["an attempt that nobody made: %s" % json.dumps(a)[:1400] for a in left]
        checker.counts(objects, {n: after[n] - before[n] for n in after}, told_lost)
    if checker.bad_guesses > 1 + checker.guesses // 20:
        checker.wrong.append("%d of %d that are likely are not true" % (checker.bad_guesses, checker.guesses))
    print("%d programs, %d attempts checked as %s, %d wrong%s; lost %s; less than certain: %d" % (
        len(mine), checker.checked, synsent.user, len(checker.wrong),
        ", %d times a tracer" % tracer.times if o.tracer else "", told_lost or "nothing", sum(checker.vague.values())))
    if checker.stalled:
        print("%d programs did not do in time what they said: not compared" % checker.stalled)
    for text, n in checker.vague.most_common(8):
        print("%6d  %s" % (n, text))
    for w in checker.wrong[:25]:
        print("WRONG: " + w)
    sys.stdout.flush()
    return len(checker.wrong)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("--user", choices=("root", "nobody"), default="root")
    p.add_argument("--blind", action="store_true", help="without packets, as nobody")
    p.add_argument("--repeat", type=int, default=1)
    p.add_argument("--only", default="")
    p.add_argument("--tracer", action="store_true")
    p.add_argument("--all", action="store_true")
    o = p.parse_args()
    if o.user == "root" and os.geteuid():
        harness.skip("eBPF and other users' processes need root")
    if o.blind and o.user != "nobody":
        p.error("packets are left out without eBPF")
    if o.tracer and o.user == "nobody":
        p.error("another user's tracer is not a matter without eBPF")
    if o.tracer and not harness.found("bpftrace"):
        harness.skip("bpftrace is missing")
    wrong = 0
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        here = os.path.dirname(os.path.abspath(__file__))
        for name in ("watch_clients.py", "run_gives_up.py"):
            shutil.copy(os.path.join(here, name), synsent.path(name))
        world = watch_world.World(synsent)
        try:
            for n in range(o.repeat):
                wrong += one_round(o, synsent, world, n) > 0
        finally:
            world.close()
    print("%d rounds, %d wrong" % (o.repeat, wrong))
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
