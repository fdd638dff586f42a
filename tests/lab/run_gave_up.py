#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that end a connect() in every way, under `synsent run`: who gave up must never be told wrong.

run_gave_up.py SYNSENT [--user nobody] [--fast] [--busy] [--jobs N] [--repeat N] [--ways TEXT] [--faults TEXT] [--share N]
               [--all]

The truth is what the program itself was told by the kernel (run_gives_up.py), and what the counters of its
namespace moved by.  A `certain` verdict must agree with it, whatever the machine is busy with; one that is less than
certain is counted, and so is one of those that is not true.  Without --all, each way is run under one fault.
"""
import argparse
import calendar
import collections
import json
import os
import shutil
import subprocess
import sys
import time

import harness
from harness import MS

PYTHON = "/usr/bin/python3"
FAULTS = ("syn-drop", "synack-drop", "firewall:drop", "firewall:drop:in", "backlog-full", "rst:bad-ack",
          "synack:bad-ack", "no-neighbour", "delay:300ms", "syn-drop:1", "", "ack-drop", "rst", "icmp:host", "no-route",
          "firewall:reject", "icmp:port", "icmp:frag", "blackhole-route", "loss:50%", "duplicate")
WAYS = """block;poll_close;poll_kernel;quick;sndtimeo;sndtimeo_kernel;alarm;alarm_goes_on;restarted;ends_itself exit;
child_kills_itself;child_kills_itself 15;child_exits;child_killed_in_connect;shut;unspec;unspec_again;linger;dup;inherited;
inherited_killed;parent_killed;parent_exits;daemon_killed;holders_end;passed;passed_killed;threads;thread_closes;several;
servers;processes;
blocking_processes;parallel;burst;syncnt;syncnt_poll 2;syncnt_later;user_timeout;user_timeout_later;
user_timeout_closed;rto_max;second;second_same;second_nonblocking;asks_again;asks_until_end;asks_beside;bound;same_port;
same_port_at_once;port_shared;port_taken;port_taken_then_waits;connected_again;bad_calls;listening;mapped;mapped_kernel;
to_itself;to_itself ::;to_itself 127.0.0.1;to_itself ::1;refused_here;refused_here ::1;own_server;own_address;
fast_open_sendto;fast_open_connect;mptcp;mptcp_kernel;mptcp_several;uring;uring closes;stopped;stopped_nonblocking;
daemon;shell;child_killed_meanwhile;closes_while_dying;close_then_exec;exec_closes""".replace("\n", "").split(";")
# Under these a call is over at once, and what ways write down that only look at what they have made to wait is not true.
OVER_AT_ONCE = ("rst", "icmp:host", "icmp:port", "no-route", "firewall:reject", "blackhole-route")
MUST_WAIT = ("child_killed_in_connect", "parent_killed", "thread_closes", "several", "servers", "asks_beside", "bad_calls",
             "port_taken", "port_taken_then_waits", "fast_open_sendto", "fast_open_connect", "mptcp_several", "uring closes")
AT_ONCE_NS = MS / 2
# No packet shows the SYN, and no look the socket, when it is closed so soon.
UNSEEN, UNSEEN_NS = ("firewall:drop", "no-neighbour"), 200 * MS
LATE_NS, BUSY_LATE_NS = 400 * MS, 3000 * MS
# connect() failed, and no SYN was sent
NO_ATTEMPT = ("EADDRNOTAVAIL", "EISCONN", "EALREADY", "ECONNABORTED", "EINVAL")
ROUTES = {"ENETUNREACH", "EHOSTUNREACH", "EACCES", "ENOPROTOOPT", "EOPNOTSUPP", "EHOSTDOWN", "ENONET", "EPROTO"}


def ns_of(text):
    """Of RFC 3339."""
    seconds, _, rest = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int((rest + "0" * 9)[:9])


def end_of(record):
    """Outcomes, and who gave up."""
    error = record["error"]
    if record["end"] == "app":
        return ("abandoned",), "application"
    if record["end"] == "closed, then signal":  # both are true
        return ("killed", "abandoned"), "signal/application"
    if record["end"] == "signal":
        return ("killed",), "signal"
    if record["end"] == "connected":
        return ("established",), "nobody"
    if error == "ETIMEDOUT":
        return ("timed-out",), "kernel"
    if error == "ECONNREFUSED":
        return ("refused",), "peer/network"  # a firewall of this host's own is not the peer
    if error in ROUTES:
        return ("unreachable", "failed"), "network/kernel"
    return ("failed",), "kernel"


def place(address, port):
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    return own.get(address, address), port


class Trial:
    """One run, and what was wrong of it."""

    UNSENT = ("no-neighbour",)  # faults under which the timer fires for SYNs that are not sent

    def __init__(self, test, number, way, fault, ipv6):
        self.way, self.fault, self.ipv6 = way, fault, ipv6
        self.test = test
        self.wrong, self.vague, self.vague_wrong = [], [], []
        self.path = test.synsent.path("t%d" % number)
        self.args = ["run", "--json=" + self.path + ".json", "--events", self.path + ".events", "--log",
                     self.path + ".log", "--time-limit", "50s"]
        self.args += ["--policy", "retries=5,linear=0" if test.o.fast else "retries=1,linear=0"]
        self.args += ["--fast"] * test.o.fast + ["--fault", fault] * bool(fault)
        self.args += ["--", PYTHON, test.client, self.path + ".truth"] + way.split()

    def run(self):
        env = dict(harness.ENV, **({"IPV6": "1"} if self.ipv6 else {}), LIMIT="0.3" if self.test.o.fast else "1.3")
        with self.test.synsent.start(self.args, env=env) as p:
            try:
                self.out, self.err = (b.decode() for b in p.communicate(timeout=70))
            except subprocess.TimeoutExpired:
                p.kill()
                self.out, self.err = (b.decode() for b in p.communicate())
                self.wrong.append("did not end")
        self.status = p.returncode
        self.attempts, self.records, self.notes, self.counters, self.netns = [], [], [], None, None
        self.read()
        self.check()

    def read(self):
        try:
            with open(self.path + ".json", "rb") as f:
                lines = f.read().splitlines(keepends=True)
            with open(self.path + ".truth") as f:
                truth = [json.loads(line) for line in f]
        except OSError as e:
            self.wrong.append(str(e))
            return
        for line in lines:
            self.wrong += ["not as the schema has it: " + p for p in harness.validate.problems(harness.CHECK, line)]
            self.attempts.append(json.loads(line))
        for t in truth:
            if "counters" in t:
                self.counters, self.ended, self.netns = t["counters"], t["status"], t["netns"]
            elif "note" in t:
                self.notes.append(t["note"])
            else:
                self.records.append(t)
        self.records.sort(key=lambda r: r["begun"])
        self.attempts.sort(key=lambda a: a["event"]["start"])

    def pairs(self):
        """Each record and its attempt, or None; the attempts that are left."""
        left = list(self.attempts)
        found = []
        for r in self.records:
            of = [a for a in left if place(a["server"]["address"], a["server"]["port"]) == place(r["to"], r["port"])]
            exact = [a for a in of if r["local"] and a.get("client", {}).get("port") == r["local"]]
            exact = exact or [a for a in of if (not r["local"] or "port" not in a.get("client", {})) and
                              a.get("process", {}).get("executable", {}).get("name") in (r["who"], None)]
            if r["error"] in NO_ATTEMPT:  # another's attempt from that port is not its
                exact = [a for a in exact if not a["synsent"]["syns_ns"]]
            found.append((r, exact[0] if exact else None))
            if exact:
                left.remove(exact[0])
        return found, left

    def compare(self, r, a):
        s = a["synsent"]
        outcomes, by = end_of(r)
        certain = s["confidence"] == "certain"
        told = (s["outcome"], s["gave_up_by"])
        true = s["outcome"] in outcomes and s["gave_up_by"] in by.split("/")
        what = "%s %s:%d from %d" % (r["who"], r["to"], r["port"], r["local"])
        end = ns_of(a["event"]["start"]) + a["event"]["duration"]
        if r["end"] in ("app", "signal") and s["gave_up_by"] in ("peer", "network", "nobody"):
            true |= abs(end - r["ended"]) < AT_ONCE_NS  # the answer came as it was closed
        if not true and not certain:
            self.vague_wrong.append("%s: %s %s is %s" % (what, s["confidence"], told, (outcomes, by, r["error"])))
        elif not true:
            self.wrong.append("%s: %s, certainly, is %s" % (what, told, (outcomes, by, r["error"])))
        if not certain:
            self.vague.append("%s: %s, %s" % (told[0], s["confidence"], (s.get("evidence") or ["?"])[0]))
            return
        if r["error"] and a.get("error", {}).get("type") != r["error"]:
            self.wrong.append("%s: error %s, not %s" % (what, a.get("error", {}).get("type"), r["error"]))
        named = a.get("process", {}).get("executable", {}).get("name")
        if named not in (r["who"], r["by"]):
            (self.wrong if named else self.vague).append("%s: process %s" % (what, named))
        # one that no packet shows is counted at a look, of which there is none after the last, in a fast run
        hidden = self.test.o.fast and self.fault in UNSEEN
        least = 1 if self.fault in self.UNSENT else (r["syns"] or 0) - hidden
        if r["syns"] and not least <= len(s["syns_ns"]) <= r["syns"] + 1:
            self.wrong.append("%s: %d SYNs, not %d" % (what, len(s["syns_ns"]), r["syns"]))
        late = BUSY_LATE_NS if self.test.o.busy else LATE_NS
        begun = ns_of(a["event"]["start"])
        # the call is let go when it has been looked at; where no SYN is seen, its time is that of the announcement
        if not -5 * MS <= begun - r["begun"] <= max(late, 600 * MS):
            self.wrong.append("%s: begun %.1f ms after connect()" % (what, (begun - r["begun"]) / MS))
        end = begun + a["event"]["duration"] - r["ended"]
        if not -late <= end <= late and not (r["end"] == "connected" or self.test.o.busy):
            self.wrong.append("%s: ended %.1f ms later than it was told" % (what, end / MS))

    def check_counters(self, unseen):
        syns = [len(a["synsent"]["syns_ns"]) for a in self.attempts]
        sent = sum(n > 0 or self.fault == "firewall:reject" for n in syns)  # which takes the SYN before it is seen
        again = sum(n - 1 for n in syns if n)
        timeouts = sum(a["synsent"]["outcome"] == "timed-out" for a in self.attempts)
        for n, got in (("ActiveOpens", sent + unseen), ("TCPSynRetrans", again), ("TCPAbortOnTimeout", timeouts)):
            if self.counters[n] != got and not (n == "TCPSynRetrans" and self.test.o.fast and self.fault in UNSEEN):
                self.wrong.append("%s moved by %d; told %d" % (n, self.counters[n], got))

    def check(self):
        if self.status == 77:
            harness.skip(self.err)
        if self.status not in (0,) or (self.counters and self.ended):
            self.wrong.append("status %s, the way's %s" % (self.status, self.counters and self.ended))
        pairs, left = self.pairs()
        unseen = 0
        for r, a in pairs:
            if a:
                self.compare(r, a)
            elif r["error"] not in NO_ATTEMPT and r["ended"] - r["begun"] < UNSEEN_NS and self.fault in UNSEEN:
                self.vague.append("no SYN left, and closed before it was looked at")
                unseen += 1
            elif r["error"] not in NO_ATTEMPT:
                self.wrong.append("no attempt for %s" % r)
        for a in left:
            self.wrong.append("an attempt that nobody made: %s" % json.dumps(a)[:300])
        # of those that are less than certain the counters tell what the verdicts do not
        if self.counters and not self.vague_wrong and not (self.test.o.busy and self.status == 4):
            self.check_counters(unseen)
        if not self.wrong:
            for end in (".json", ".events", ".log", ".truth"):
                if not self.test.o.keep and os.path.exists(self.path + end):
                    os.unlink(self.path + end)

    def report(self):
        if self.wrong:
            print("WRONG: %s, %s, IPv%d, as %s (%s)" % (self.way, self.fault or "no fault", 6 if self.ipv6 else 4,
                                                         self.test.synsent.user, self.path))
            for w in self.wrong:
                print("    " + w)
            print("    stderr: " + self.err.strip().replace("\n", "\n    "))
            print("    notes: %s" % self.notes)
            sys.stdout.flush()
        elif self.test.o.show:
            print("%s, %s, IPv%d\n%s" % (self.way, self.fault, 6 if self.ipv6 else 4, self.err))
        return bool(self.wrong)


class Test:
    def __init__(self, o, synsent):
        self.o, self.synsent = o, synsent
        self.client = synsent.path("run_gives_up.py")
        shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "run_gives_up.py"), self.client)

    def trials(self):
        ways = [w for w in WAYS if not self.o.ways or any(w.startswith(t) for t in self.o.ways.split(","))]
        faults = [f for f in FAULTS if not self.o.faults or f in self.o.faults.split(",")]
        n = 0
        for i, way in enumerate(ways * self.o.repeat):
            # of each way another fault, so that all are met; most end nothing
            some = faults if self.o.all else [faults[i % min(len(faults), 9)]]
            for fault in some:
                if fault in OVER_AT_ONCE and way in MUST_WAIT:
                    continue
                for ipv6 in ((False, True) if self.o.all else (i % 4 == 3,)):
                    yield n, way, fault, ipv6
                    n += 1


def options(doc):
    """The parser, with what watch_gave_up.py has too."""
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("--jobs", type=int, default=6)
    p.add_argument("--repeat", type=int, default=1)
    p.add_argument("--ways", default="")
    p.add_argument("--faults", default=None)
    p.add_argument("--share", type=int, default=1, help="one run of so many")
    p.add_argument("--all", action="store_true")
    p.add_argument("--busy", action="store_true")
    p.add_argument("--keep", action="store_true")
    return p


def summary(synsent, trials, n_attempts, wrong, more=""):
    """How many of each, and the verdicts that are less than certain, in words."""
    vague, vague_wrong = collections.Counter(), []
    for t in trials:
        vague.update(t.vague)
        vague_wrong += ["%s, %s: %s" % (t.way, t.fault, w) for w in t.vague_wrong]
    print("%d runs, %d attempts as %s, %d runs wrong; %d verdicts less than certain, of which %d not true%s" % (
        len(trials), n_attempts, synsent.user, wrong, sum(vague.values()), len(vague_wrong), more))
    for text, n in vague.most_common(20):
        print("%6d  %s" % (n, text))
    for text in vague_wrong[:20]:
        print("   not true: " + text)


def main():
    p = options(__doc__)
    p.add_argument("--user", choices=("root", "nobody"), default="root")
    p.add_argument("--fast", action="store_true")
    p.add_argument("--show", action="store_true")
    o = p.parse_args()
    with harness.kept_busy(o.busy):
        with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
            synsent.need()
            test = Test(o, synsent)

            def one(trial):
                t = Trial(test, *trial)
                t.run()
                return t, t.report()

            done = harness.all_of(o.jobs, one, list(test.trials())[::o.share])
            if o.keep:
                shutil.copytree(synsent.directory, "/tmp/ways-kept", dirs_exist_ok=True)
    wrong = sum(w for _, w in done)
    summary(synsent, [t for t, _ in done], sum(len(t.attempts) for t, _ in done), wrong)
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
