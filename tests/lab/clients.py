#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that people use, as the client of `synsent lab -- CMD`: each judged right, kernel or application.

clients.py SYNSENT [--user nobody] [--repeat N] [--jobs N] [--only TEXT]

A program that is missing is reported and left out; the test is skipped when all are.
"""
import argparse
import sys

import harness
from harness import MS

HOST, PORT = "127.0.0.1", "12345"
URL = "http://%s:%s/" % (HOST, PORT)
PYTHON = sys.executable or "/usr/bin/python3"
TCP_SYNCNT, TCP_USER_TIMEOUT = 7, 18  # include/uapi/linux/tcp.h


def python(*lines):
    return [PYTHON, "-c", "\n".join(("import socket", "to = ('%s', %s)" % (HOST, PORT)) + lines)]


def python_with(option, value):
    return python("s = socket.socket()", "s.setsockopt(socket.IPPROTO_TCP, %d, %d)" % (option, value), "s.connect(to)")


def by_kernel(limit="syn-retries", syns=3, ends=None):
    return {"verdict": ("timed-out", "kernel", limit, "certain", "ETIMEDOUT"), "syns": syns, "ends": ends,
            "drop": "local-input"}


def by_application(ends, syns=2):
    return {"verdict": ("abandoned", "application", "app-timer", "certain", None), "syns": syns, "ends": ends,
            "drop": "local-input"}


KILLED = {"verdict": ("killed", "signal", None, "certain", None), "syns": 2, "ends": 1500 * MS, "drop": "local-input"}
# Of a process that is not the lab's own child nobody tells how it ended; only that it did is known.
GONE = {"verdict": [("killed", "signal", None, "likely", None), ("abandoned", "application", None, "likely", None)],
        "syns": 2, "ends": 1500 * MS, "drop": "local-input"}
GONE["verdict"].append(KILLED["verdict"])
REFUSED = {"verdict": ("refused", "peer", None, "certain", "ECONNREFUSED"), "syns": 1, "ends": 0, "drop": None}
REFUSED_BY_RULE = {**REFUSED, "drop": "local-input"}
LATE = {"verdict": ("established", "nobody", None, "certain", None), "syns": 4, "ends": 7200 * MS,
        "drop": "local-input"}

# name, program that must be there, command, what is expected of each of its attempts
CLIENTS = (
    ("telnet", "telnet", ["telnet", HOST, PORT], [by_kernel()]),
    ("nc", "nc", ["nc", HOST, PORT], [by_kernel()]),
    ("nc -w 2", "nc", ["nc", "-w", "2", HOST, PORT], [by_application(2000 * MS)]),
    ("curl --connect-timeout 2", "curl", ["curl", "-s", "--connect-timeout", "2", URL], [by_application(2000 * MS)]),
    ("curl", "curl", ["curl", "-s", URL], [by_kernel()]),
    ("python3, blocking", PYTHON, python("socket.create_connection(to)"), [by_kernel()]),
    ("python3, timeout 1.5", PYTHON, python("socket.create_connection(to, 1.5)"), [by_application(1500 * MS)]),
    ("bash /dev/tcp", "bash", ["bash", "-c", "exec 3<>/dev/tcp/%s/%s" % (HOST, PORT)], [by_kernel()]),
    ("nc in sh, which exits 3", "nc", ["sh", "-c", "nc %s %s; exit 3" % (HOST, PORT)], [by_kernel()]),
    ("python3, TCP_USER_TIMEOUT 2500", PYTHON, python_with(TCP_USER_TIMEOUT, 2500),
     [by_kernel("user-timeout", 2, 2530 * MS)]),
    ("python3, TCP_SYNCNT 1", PYTHON, python_with(TCP_SYNCNT, 1), [by_kernel(syns=2, ends=3040 * MS)]),
    ("nc, killed", "nc", ["sh", "-c", "(sleep 1.5; kill -9 $$) & exec nc %s %s" % (HOST, PORT)], [KILLED]),
    ("nc, killed by its shell", "nc", ["sh", "-c", "nc %s %s & sleep 1.5; kill -9 $!; wait" % (HOST, PORT)], [GONE]),
    ("wget, two tries", "wget", ["wget", "-q", "-t", "2", "-T", "2", "-O", "/dev/null", URL],
     [by_application(2000 * MS)] * 2),
)


def scenario_cases():
    for scenario, expected in (("reset", REFUSED_BY_RULE), ("no-listener", REFUSED), ("late-answer", LATE)):
        for program, command in (("curl", ["curl", "-s", URL]), ("nc", ["nc", HOST, PORT])):
            yield "%s, %s" % (program, scenario), program, command, [expected], scenario


def cases():
    yield from ((*client, "drop") for client in CLIENTS)
    yield from scenario_cases()


def check_attempt(r, a, expected, alone):
    s = a["synsent"]
    got, wanted = tuple(harness.verdict(a).values()), expected["verdict"]
    if got != wanted and not (isinstance(wanted, list) and got in wanted):
        r.wrong.append("the verdict is %r, not %r" % (got, wanted))
    r.want("the number of SYNs", len(s["syns_ns"]), expected["syns"])
    r.want("drop.place", s.get("drop", {}).get("place"), expected["drop"])
    if alone and expected["drop"]:
        r.want("drop.packets", s["drop"].get("packets"), min(expected["syns"], 3))
    ends = s["predicted"]["gives_up_ns"] if expected["ends"] is None else expected["ends"]
    # Their start takes some of the time of those that count from it; the wheel has 32 and 256 ms of slack here.
    r.want_near("the end", a["event"]["duration"], ends, 250 * MS if expected["ends"] else 6 * MS, 60 * MS + ends * 0.04)
    # One that is answered at once is gone before anybody can ask whose it is.
    name = a.get("process", {}).get("executable", {}).get("name")
    if (name is None and expected["ends"] != 0) or name == "synsent":
        r.wrong.append("process is %r, not the client's" % a.get("process"))


def check(r, expected):
    r.want("the exit status", r.status, 0)
    r.want("the number of attempts", len(r.objects), 1 + len(expected))
    if len(r.objects) == 1 + len(expected):
        for a, e in zip(r.objects[1:], expected):
            check_attempt(r, a, e, len(expected) == 1)


def odd_cases(synsent):
    """A program that cannot be run, and one that connects to nothing."""
    missing = synsent.run(["lab", "-j", "--", "/nonexistent/client"])
    missing.want("the exit status", missing.status, 127)
    if "/nonexistent/client" not in missing.err:
        missing.wrong.append("it does not name the program")
    idle = synsent.run(["lab", "-j", "--", "true"])
    idle.want("the exit status", idle.status, 1)
    idle.want("the number of attempts", len(idle.objects), 1)
    if "no attempt" not in idle.err:
        idle.wrong.append("it does not say that there was no attempt")
    return [missing, idle]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--only", default="")
    o = parser.parse_args()
    chosen = [c for c in cases() if o.only in c[0]]
    there = [c for c in chosen if harness.found(c[1])]
    for program in sorted({c[1] for c in chosen} - {c[1] for c in there}):
        print("left out: %s is missing" % program)
    if not there:
        harness.skip("none of the client programs is there")
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        synsent.need()

        def one(case):
            name, _, command, expected, scenario = case
            retries = "3" if scenario == "late-answer" else "2"
            r = synsent.run(["lab", "-j", "--retries", retries, "--scenario", scenario, "--"] + command)
            check(r, expected)
            r.report()
            return r

        runs = harness.all_of(o.jobs, one, there * o.repeat)
        odd = odd_cases(synsent)
        wrong = sum(bool(r.wrong) for r in runs) + sum(r.report() for r in odd)
    print("as %s: %d clients, %d runs, %d wrong" % (synsent.user, len(there), len(runs) + len(odd), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
