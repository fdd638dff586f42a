#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every scenario of `synsent lab`, and the options of its own client, on the real kernel: who gave up, by which limit,
with which errno, after how many SYNs, lost where, and when.

scenarios.py SYNSENT [--fast] [--user nobody] [--repeat N] [--jobs N] [--only TEXT]

--fast runs all with the shrunk first RTO (root); else the times are real, and --jobs of them run side by side.
"""
import argparse
import sys

import harness
from harness import MS

# A late tick moves all that follows, and the timer wheel's next bucket may be 64 jiffies further on (256 ms at HZ 250).
REAL = {"early": 6 * MS, "late": 60 * MS, "percent": 4, "reply": 100 * MS}
# 3 jiffies instead of 250: a tick that comes late is a large part of that, and moves all that follows.
FAST = {"early": 6 * MS, "late": 60 * MS, "percent": 15, "reply": 60 * MS}

END = "end"      # at the predicted give-up
AT_ONCE = "now"  # no timer in it
ROW = {"limit": None, "error": None, "confidence": "certain", "drop": None, "replies": [], "zeek": None}


def row(outcome, gave_up_by, syns, ends, **more):
    """syns: how many SYNs left.  ends: END, AT_ONCE, ("syn", N): with that SYN, or ("after", ns): by a timer of the
    client's on the lab's axis.  drop: (place, packets or what there are as many of, rule's end, of the reply)."""
    return {**ROW, "outcome": outcome, "gave_up_by": gave_up_by, "syns": syns, "ends": ends, **more}


def timed_out(syns, place="local-input", rule="counter drop", **more):
    return row("timed-out", "kernel", syns, END, limit="syn-retries", error="ETIMEDOUT",
               **{"zeek": "S0", "drop": (place, "syns", rule, False), **more})


def by_icmp(six):
    kind = ("icmp", True, (1, 1) if six else (3, 10))
    rule = "reject with icmpv6 admin-prohibited" if six else "reject with icmp host-prohibited"
    return row("unreachable", "network", 2, ("syn", 1), limit="soft-error", error="EACCES" if six else "EHOSTUNREACH",
               drop=("local-input", 2, rule, False), replies=[kind, kind], zeek="S0")


def refused(**more):
    return row("refused", "peer", 1, AT_ONCE, error="ECONNREFUSED", replies=[("rst", True, None)], zeek="REJ", **more)


def connected(syns, ends, **more):
    return row("established", "nobody", syns, ends, replies=[("syn-ack", True, None)], zeek="SF", **more)


def expectation(name, retries, six):
    """None: a scenario that nobody has written an expectation for."""
    syns = retries + 1
    table = {
        "drop": lambda: timed_out(syns),
        "drop-output": lambda: timed_out(syns, "local-output"),
        # The server answers each SYN and, by a timer of its own, between them: that many at least.
        "drop-synack": lambda: timed_out(syns, drop=("local-input", "replies", "counter drop", True), zeek="S1",
                                         replies="all dropped"),
        "reset": lambda: refused(drop=("local-input", 1, "reject with tcp reset", False)),
        "host-prohibited": lambda: by_icmp(six),
        "no-listener": refused,
        "backlog-full": lambda: timed_out(syns, drop=("peer-backlog", "syns", ", 1 waiting, backlog 0", False)),
        "no-route": lambda: row("unreachable", "kernel", 0, AT_ONCE, error="ENETUNREACH"),
        "prohibit-route": lambda: row("failed", "kernel", 0, AT_ONCE, error="EACCES"),
        "late-answer": lambda: connected(4, ("syn", 3), drop=("local-input", 3, "counter drop", False)),
        "shadowed": lambda: connected(1, AT_ONCE),
        "shadowed-reject": lambda: by_icmp(six),
        "abandon": lambda: row("abandoned", "application", 2, ("after", 2500 * MS), limit="app-timer",
                               drop=("local-input", "syns", "counter drop", False), zeek="S0"),
        "killed": lambda: row("killed", "signal", 2, ("after", 1500 * MS), zeek="S0",
                              drop=("local-input", "syns", "counter drop", False)),
    }
    return table[name]() if name in table else None


SIX = ("drop", "drop-output", "drop-synack", "reset", "host-prohibited", "no-listener", "backlog-full", "no-route",
       "late-answer")


def abandoned_after(ns, syns):
    return row("abandoned", "application", syns, ("after", ns), limit="app-timer", zeek="S0",
               drop=("local-input", "syns", "counter drop", False))


def at_once_by_icmp():
    """Over lo, to a client that polls, IPv4 tells the soft error at once: SO_ERROR says so in SYN-SENT."""
    return {**by_icmp(False), "syns": 1, "ends": AT_ONCE, "limit": None, "replies": [("icmp", True, (3, 10))],
            "drop": ("local-input", 1, "reject with icmp host-prohibited", False)}


def option_cases(fast):
    """(arguments, expectation): the options of the lab's own client."""
    user_timeout = {**timed_out(2), "limit": "user-timeout"}
    yield ["--syncnt", "1"], timed_out(2)
    yield ["--syncnt", "2", "--retries", "1"], timed_out(3)
    yield ["--user-timeout", "2500ms"], user_timeout
    yield ["--user-timeout", "60s", "--retries", "1"], timed_out(2)
    yield ["--app-timeout", "1500ms"], abandoned_after(1500 * MS, 2)
    yield ["--app-timeout", "20s", "--retries", "1"], timed_out(2)
    yield ["--app-timeout", "2500ms", "--user-timeout", "1500ms"], user_timeout
    yield ["--app-timeout", "20s", "--scenario", "host-prohibited"], at_once_by_icmp()
    yield ["--app-timeout", "20s", "--scenario", "host-prohibited", "-6"], by_icmp(True)
    yield ["--app-timeout", "20s", "--scenario", "reset"], expectation("reset", 5, False)
    yield ["--app-timeout", "20s", "--scenario", "late-answer"], expectation("late-answer", 5, False)
    yield ["--scenario", "late-answer", "--retries", "2"], timed_out(3)
    yield ["--port", "80", "--retries", "1"], timed_out(2)
    yield ["--address", "10.9.8.7", "--port", "443", "--retries", "1"], timed_out(2)
    yield ["-6", "--address", "fd00::5", "--retries", "1"], timed_out(2)
    yield ["--address", "10.9.8.7", "--scenario", "no-route"], expectation("no-route", 5, False)
    if harness.kernel() >= (6, 5):
        yield ["--linear", "1", "--retries", "1"], timed_out(3)
        yield ["--linear", "4", "--retries", "2"], timed_out(6)  # 5, not 6 retransmissions: the kernel's model of 7 s
    if harness.kernel() >= (6, 15) and not fast:
        yield ["--rto-max", "1s", "--retries", "3"], timed_out(4)


def cases(synsent, fast):
    """(arguments, expectation) of all, and the scenarios that nobody expects anything of."""
    listed = synsent.run(["lab", "--list"])
    names = [line.split()[0] for line in listed.out.splitlines()]
    unknown, chosen = [], []
    for six in (False, True):
        for name in names:
            retries = 3 if name == "late-answer" else 2
            expected = expectation(name, retries, six)
            if expected is None:
                unknown.append(name)
            elif not six or fast or name in SIX:
                args = ["--scenario", name, "--retries", str(retries)] + (["-6"] if six else [])
                chosen.append((args, expected))
    return chosen + list(option_cases(fast)), sorted(set(unknown)), names


def value_of(args, option, default):
    return args[args.index(option) + 1] if option in args else default


def check_names(r, a):
    """Address, port, family and scenario as asked for."""
    six = "-6" in r.args
    scenario = value_of(r.args, "--scenario", "drop")
    routed = scenario in ("no-route", "prohibit-route")
    default = ("2001:db8::1" if routed else "::1") if six else "192.0.2.1" if routed else "127.0.0.1"
    r.want("server.address", a["server"]["address"], value_of(r.args, "--address", default))
    r.want("server.port", a["server"]["port"], int(value_of(r.args, "--port", 12345)))
    r.want("network.type", a["network"]["type"], "ipv6" if six else "ipv4")
    r.want("dataset", a["event"].get("dataset"), "lab")


def check_drop(r, s, expected):
    drop = s.get("drop")
    if not expected or not drop:
        r.want("drop", drop, expected)
        return
    place, packets, rule, reply = expected
    r.want("drop.place", drop["place"], place)
    r.want("drop.reply", drop["reply"], reply)
    if packets != "replies":
        r.want("drop.packets", drop.get("packets"), len(s["syns_ns"]) if packets == "syns" else packets)
    elif not len(s["syns_ns"]) <= drop.get("packets", 0) <= len(s["replies"]) + 1:
        r.wrong.append("%d packets were dropped, of %d replies" % (drop.get("packets", 0), len(s["replies"])))
    if not drop.get("rule", "").endswith(rule):
        r.wrong.append("drop.rule is %r, and does not end with %r" % (drop.get("rule"), rule))


def check_replies(r, s, expected):
    if expected == "all dropped":
        # The server's own timer may send one more when the client is gone.
        dropped = [p for p in s["replies"] if (p["kind"], p.get("ignored")) == ("syn-ack", "dropped")]
        if len(dropped) < max(len(s["syns_ns"]), len(s["replies"]) - 1):
            r.wrong.append("for %d SYNs the replies are %r" % (len(s["syns_ns"]), s["replies"]))
        return
    got = [(p["kind"], p["accepted"], (p["icmp"]["type"], p["icmp"]["code"]) if "icmp" in p else None)
           for p in s["replies"]]
    r.want("replies", got, expected)


def check_end(r, a, expected, t, fast):
    s = a["synsent"]
    syns, end, ends = s["syns_ns"], a["event"]["duration"], expected["ends"]
    p = s["predicted"]
    if ends == END:
        r.want_near("the end", end, p["gives_up_ns"], t["early"], t["late"] + p["gives_up_ns"] * t["percent"] / 100)
    elif ends == AT_ONCE:
        r.want_near("the end", end, 0, 0, t["reply"])
    elif ends[0] == "syn" and len(syns) > ends[1]:
        r.want_near("the end", end, syns[ends[1]], 0, t["reply"])
    elif ends[0] == "after":
        # On the lab's axis 1 s is the wait until SYN 1 that was predicted, less the slack of the wheel.
        after = ends[1] * p["syns_ns"][1] / 1e9 if fast else ends[1]
        r.want_near("the end", end, after, t["early"] + after * (0.4 if fast else 0), t["late"] + after * 0.1)


def check_times(r, a, expected, fast):
    """Observed against predicted.  The wheel's slack is in the prediction, if it knew the phase of jiffies."""
    s, t = a["synsent"], FAST if fast else REAL
    r.want("scaled", s.get("scaled"), True if fast else None)
    predicted = s["predicted"]["syns_ns"]
    if len(s["syns_ns"]) > 1 and not s["predicted"]["exact"]:
        # A fast lab has 12 ms to ask the kernel for the phase, and then the prediction is nominal.
        if not fast:
            r.want("predicted.exact", False, True)
        return
    for n, (got, meant) in enumerate(zip(s["syns_ns"], predicted)):
        if got is None and fast and s.get("drop", {}).get("place") == "local-output":
            continue  # two SYNs between two looks: the first was counted, when it left is not known
        late = t["late"] + meant * t["percent"] / 100
        if fast and s.get("drop", {}).get("place") == "local-output":
            late += meant * 2  # no packet: a count, looked at every 8 ms at best
        r.want_near("SYN %d" % n, got, meant, t["early"], late)
    check_end(r, a, expected, t, fast)


def check(r, expected, fast):
    r.want("the exit status", r.status, 0)
    r.want("stderr", r.err, "")
    r.want("the number of attempts", len(r.objects), 2)
    if r.wrong:
        return
    r.want("the first", harness.verdict(r.objects[0]), {"outcome": "established", "gave_up_by": "nobody", "limit": None,
                                                        "confidence": "certain", "error": None})
    r.want("its SYNs", len(r.objects[0]["synsent"]["syns_ns"]), 1)
    a = r.last
    r.want("the verdict", harness.verdict(a), {k: expected[k] for k in harness.verdict(a)})
    syns = len(a["synsent"]["syns_ns"])
    # Who ends a wait by the clock may come late; on a fast lab's axis the next SYN is near.
    if not (fast and expected["ends"][0] == "after" and syns == expected["syns"] + 1):
        r.want("the number of SYNs", syns, expected["syns"])
    r.want("zeek", a.get("zeek", {}).get("conn_state"), expected.get("zeek"))
    check_names(r, a)
    check_drop(r, a["synsent"], expected["drop"])
    check_replies(r, a["synsent"], expected["replies"])
    check_times(r, a, expected, fast)


def is_nominal(a):
    """It has SYNs that could be compared with an exact prediction, and none was made."""
    s = a["synsent"]
    return len(s["syns_ns"]) > 1 and not s.get("predicted", {}).get("exact")


def lateness(runs):
    """How well the predictions held, of all SYNs but the first and of the kernel's give-ups: a line, and whether it
    will do."""
    late, nominal = [], 0
    for a in (r.last for r in runs if len(r.objects) == 2):
        s = a["synsent"]
        if not s.get("predicted", {}).get("exact"):
            nominal += is_nominal(a)
            continue
        # A SYN that only the kernel counted may have no time.
        late += [g - p for g, p in list(zip(s["syns_ns"], s["predicted"]["syns_ns"]))[1:] if g is not None]
        if s["outcome"] == "timed-out":
            late.append(a["event"]["duration"] - s["predicted"]["gives_up_ns"])
    if not late:
        return "no exact prediction", False
    late.sort()
    near = sum(-10 * MS <= d <= 10 * MS for d in late)
    return ("%d exact predictions: %d within 10 ms, the earliest %+.1f ms, the median %+.1f ms, the latest %+.1f ms; "
            "%d attempts without" % (len(late), near, late[0] / MS, late[len(late) // 2] / MS, late[-1] / MS, nominal),
            nominal <= len(runs) // 20 and near >= len(late) * 0.8)


def bad_usage(synsent):
    """What must be refused with exit status 2 and a remedy, before anything is made."""
    for args in (["--scenario", "nonsense"], ["--retries", "0"], ["--retries", "128"], ["--fast", "--rto-max", "2s"],
                 ["--port", "0"], ["--user-timeout", "0"], ["--scenario", "no-route", "--address", "127.0.0.1"],
                 ["-6", "--address", "10.9.8.7"], ["--app-timeout", "1s", "--", "true"], ["--address", "localhost"]):
        r = synsent.run(["lab", "-j"] + args)
        r.want("the exit status", r.status, 2)
        r.want("stdout", r.out, "")
        if not r.err:
            r.wrong.append("it does not say why")
        yield r


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--only", default="", help="those whose arguments have this in them")
    o = parser.parse_args()
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        synsent.need(*(["--fast"] if o.fast else []))
        chosen, unknown, names = cases(synsent, o.fast)
        chosen = [c for c in chosen if o.only in " ".join(c[0])]

        def once(case):
            r = synsent.run(["lab", "-j"] + (["--fast"] if o.fast else []) + case[0])
            check(r, case[1], o.fast)
            return r

        def one(case):
            r = once(case)
            if r.wrong and len(r.wrong) == r.late:
                print("late, and so once more: %s: %s" % (r.command, "; ".join(r.wrong)))
                r = once(case)
            elif not r.wrong and is_nominal(r.last):
                print("the machine stood still when the phase of jiffies was asked for, and so once more: " + r.command)
                r = once(case)
            r.report()
            return r

        runs = harness.all_of(o.jobs or (1 if o.fast else 20), one, chosen * o.repeat)
        refused_runs = [] if o.only else list(bad_usage(synsent))
        wrong = sum(bool(r.wrong) for r in runs) + sum(r.report() for r in refused_runs)
    for name in unknown:
        print("WRONG: scenario %s has no row of expectation here" % name)
    print("as %s, %s: %d scenarios, %d runs, %d refusals, %d wrong" % (
        synsent.user, "fast" if o.fast else "real time", len(names), len(runs), len(refused_runs), wrong))
    said, good = lateness(runs)
    print(said if good or o.only else "WRONG: " + said)
    return 1 if wrong or unknown or not (good or o.only) or len(names) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
