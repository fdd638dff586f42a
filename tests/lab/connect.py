#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`synsent connect` and `synsent listen` with each other, on loopback, in this host's own policy.

connect.py SYNSENT [--user nobody]

Root sees the packets; an ordinary user gets the same verdicts from the kernel's counts.
"""
import argparse
import json
import signal
import socket
import sys

import harness
from harness import MS

CERTAIN = {"limit": None, "confidence": "certain", "error": None}
ESTABLISHED = {**CERTAIN, "outcome": "established", "gave_up_by": "nobody"}
REFUSED = {**CERTAIN, "outcome": "refused", "gave_up_by": "peer", "error": "ECONNREFUSED"}
TIMED_OUT = {**CERTAIN, "outcome": "timed-out", "gave_up_by": "kernel", "limit": "syn-retries", "error": "ETIMEDOUT"}
BY_USER_TIMEOUT = {**TIMED_OUT, "limit": "user-timeout"}
ABANDONED = {**CERTAIN, "outcome": "abandoned", "gave_up_by": "application", "limit": "app-timer"}
LATE = 60 * MS


class Listener:
    """`synsent listen 0 ARGS`, and where it listens."""

    def __init__(self, synsent, *args):
        self.p = synsent.start(["listen", *args, "0"])
        said = self.p.stderr.readline().decode()
        self.said = said
        address = said.split()[2].rstrip(";,") if said.startswith("listening on ") else ":0"
        self.host, self.port = address.rsplit(":", 1)
        self.host = self.host.strip("[]")

    def end(self):
        """Ctrl-C: (status, stdout, stderr)."""
        self.p.send_signal(signal.SIGINT)
        out, err = self.p.communicate(timeout=10)
        return self.p.returncode, out.decode(), self.said + err.decode()


def closed_port(family, host):
    """A port of loopback at which nobody listens; held, so that nobody will."""
    s = socket.socket(family)
    s.bind((host, 0))
    return s


def want_attempt(r, status, verdict, six=False):
    r.want("the exit status", r.status, status)
    r.want("the number of attempts", len(r.objects), 1)
    if r.objects:
        r.want("the verdict", harness.verdict(r.last), verdict)
        r.want("network.type", r.last["network"]["type"], "ipv6" if six else "ipv4")
        r.want("dataset", r.last["event"].get("dataset"), "connect")
    return r


def want_queue(r, full, six):
    """Which listener's queue it was; its process is the same user's here."""
    drop = r.last["synsent"].get("drop", {}) if r.objects else {}
    r.want("where SYNs were lost", (drop.get("place"), drop.get("reason")), ("peer-backlog", "accept queue full"))
    r.want("which listener", drop.get("rule"), "listener %s:%s (synsent, pid %d), 1 waiting, backlog 0" %
           ("[::1]" if six else "127.0.0.1", full.port, full.p.pid))
    return r


def want_silence(r, synsent, ends_ns):
    """Of an attempt that nothing answered: its SYNs, if the kernel ended it, are those predicted."""
    if r.wrong:
        return r
    a, s = r.last, r.last["synsent"]
    predicted = s["predicted"]
    r.want("predicted.exact", predicted["exact"], True)
    if ends_ns is None:
        ends_ns = predicted["gives_up_ns"]
        r.want("the number of SYNs", len(s["syns_ns"]), len(predicted["syns_ns"]))
    r.want_near("the end", a["event"]["duration"], ends_ns, 6 * MS, LATE + 0.04 * ends_ns)
    # Without packets the times are those of the looks at the kernel's count.
    for n, (got, meant) in enumerate(zip(s["syns_ns"], predicted["syns_ns"])):
        r.want_near("SYN %d" % n, got, meant, (6 if synsent.root else 20) * MS, LATE + 0.04 * meant)
    r.want("replies", s["replies"], [])
    return r


def answered(synsent, six, listener, port):
    """Connected, refused, and in text."""
    host = "::1" if six else "127.0.0.1"
    yield want_attempt(synsent.run(["connect", "-j", host, listener.port]), 0, ESTABLISHED, six)
    if not six:
        r = synsent.run(["connect", "-j", "-4", "localhost", listener.port])
        yield want_attempt(r, 0, ESTABLISHED)
    # without packets it may have been a firewall
    refused = REFUSED if synsent.root else {**REFUSED, "confidence": "likely"}
    r = want_attempt(synsent.run(["connect", "-j", host, str(port)]), 1, refused, six)
    if synsent.root:
        r.want("the SYNs and the reply", (len(r.last["synsent"]["syns_ns"]),
                                          [p["kind"] for p in r.last["synsent"]["replies"]]), (1, ["rst"]))
    yield r
    this_host = "::" if six else "0.0.0.0"
    r = want_attempt(synsent.run(["connect", "-j", this_host, str(port)]), 1, refused, six)
    r.want("where %s leads" % this_host, r.last["server"]["address"], host)
    yield r
    r = synsent.run(["connect", host, listener.port])
    r.want("the exit status", r.status, 0)
    if "\nestablished: connected in " not in r.out:
        r.wrong.append("it does not say that it connected")
    if synsent.root and "Flags [S.]" not in r.out:
        r.wrong.append("it does not show the packets")
    yield r


def unanswered(synsent, full, six):
    """Against an accept queue that is full: SYNs are ignored in silence."""
    host = "::1" if six else "127.0.0.1"
    cases = [(["--syncnt", "1"], TIMED_OUT, None), (["--user-timeout", "1500ms"], BY_USER_TIMEOUT, None),
             (["--timeout", "1.2"], ABANDONED, 1200 * MS), (["--timeout", "300ms", "--syncnt", "3"], ABANDONED, 300 * MS),
             (["--timeout", "30", "--syncnt", "1"], TIMED_OUT, None)]

    def one(case):
        args, verdict, ends = case
        r = want_attempt(synsent.run(["connect", "-j", *args, host, full.port]), 1, verdict, six)
        return want_queue(want_silence(r, synsent, ends), full, six)

    return harness.all_of(len(cases), one, cases)


def refusals(synsent):
    """(arguments, status, a word of the message): what is not even tried."""
    for args, status, word in (
            (["connect", "127.0.0.1", "70000"], 2, "70000"), (["connect", "127.0.0.1", "0"], 2, "port 0"),
            (["connect", "127.0.0.1", "no-such-service"], 2, "no-such-service"),
            (["connect", "-j", "name.invalid", "80"], 1, "name.invalid"), (["connect", "127.0.0.1"], 2, "host"),
            (["connect", "-4", "-6", "localhost", "80"], 2, "-4"), (["connect", "--timeout", "x", "::1", "80"], 2, "x"),
            (["connect", "--syncnt", "128", "::1", "80"], 2, "127"), (["listen"], 2, "port"),
            (["listen", "65536"], 2, "65536"), (["listen", "1", "2"], 2, "port"),
            (["listen", "--backlog", "-1", "0"], 2, "backlog")):
        r = synsent.run(args)
        r.want("the exit status", r.status, status)
        r.want("stdout", r.out, "")
        if word not in r.err:
            r.wrong.append("stderr does not name %r" % word)
        yield r


def broadcast(synsent):
    """The kernel has one error for no route and for what TCP cannot connect to."""
    for address, text in (("127.255.255.255", "a broadcast address"), ("255.255.255.255", "a broadcast address"),
                          ("224.0.0.1", "a multicast address")):
        r = synsent.run(["connect", "-q", address, "80"])
        r.want("the exit status", r.status, 1)
        if text not in r.out:
            r.wrong.append("it does not say that it is " + text)
        yield r


def interrupted(synsent, full):
    """Ctrl-C while it waits: status 130, and what is known."""
    r = synsent.run(["connect", "-j", "127.0.0.1", full.port], interrupt_after=0.6)
    return want_attempt(r, 130, {**CERTAIN, "outcome": "pending", "gave_up_by": "nobody"})


def talk(listener):
    """What a client of the listener's gets back."""
    with socket.create_connection((listener.host, int(listener.port)), 5) as s:
        s.sendall(b"synsent\n")
        s.shutdown(socket.SHUT_WR)
        got = b""
        while True:
            more = s.recv(100)
            if not more:
                return got
            got += more


def listens(synsent):
    """The listener's own words: peers, bytes, echo, JSON; a port that is taken."""
    wrong = []
    text, as_json = Listener(synsent), Listener(synsent, "-j")
    for listener in (text, as_json):
        if talk(listener) != b"synsent\n":
            wrong.append("listen does not echo")
    taken = synsent.run(["listen", text.port])
    if taken.status in (0, 2) or "in use" not in taken.err:
        wrong.append("a port that is taken: status %d, %s" % (taken.status, taken.err))
    status, out, err = text.end()
    words = [line.split()[0] for line in out.splitlines()]
    if (status, words) != (0, ["accepted", "data", "closed"]) or "1 connection, 8 bytes" not in err:
        wrong.append("listen: status %d, %r, %r" % (status, out, err))
    status, out, _ = as_json.end()
    objects = [json.loads(line) for line in out.splitlines()]
    if status or [o["event"]["action"] for o in objects] != ["accepted", "data", "closed"]:
        wrong.append("listen -j: status %d, %s" % (status, out))
    if any(o["v"] != 1 or o["server"]["port"] != int(as_json.port) for o in objects):
        wrong.append("listen -j: " + out)
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    o = parser.parse_args()
    runs, wrong = [], []
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        for six in (False, True):
            if six and not socket.has_ipv6:
                print("left out: no IPv6 here")
                continue
            family, host = (socket.AF_INET6, "::1") if six else (socket.AF_INET, "127.0.0.1")
            listener = Listener(synsent, *(["-6"] if six else []))
            full = Listener(synsent, "--no-accept", "--backlog", "0", *(["-6"] if six else []))
            with closed_port(family, host) as closed, socket.create_connection((host, int(full.port)), 5):
                runs += answered(synsent, six, listener, closed.getsockname()[1])
                runs += unanswered(synsent, full, six)
                if not six:
                    runs.append(interrupted(synsent, full))
            for each in (listener, full):
                if each.end()[0] != 0:
                    wrong.append("a listener did not end with status 0 on Ctrl-C")
        runs += refusals(synsent)
        runs += broadcast(synsent)
        wrong += listens(synsent)
    for w in wrong:
        print("WRONG: " + w)
    bad = sum(r.report() for r in runs) + len(wrong)
    print("as %s: %d runs, %d wrong" % (synsent.user, len(runs), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
