#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault of `synsent run --list`, in IPv4 and IPv6, against the kernel.

run_faults.py SYNSENT TRY_CONNECT [--user nobody] [--jobs N] [--only TEXT] [--repeat N]

What the list says is what a plain blocking connect() gets, and when; how many SYNs leave; and what the verdict is.
The packets are those of the fault, as tshark reads them; what the list says of an ICMP error in brackets is what comes.
A fault of the list of which nobody wrote here what its packets are is wrong.  run_faults_more.py has what is more than
one fault at one address.
"""
import argparse
import errno
import json
import re
import shutil
import sys

import harness
import run_faults_more
import sniffed
from harness import MS

POLICY = ["--policy", "retries=2,linear=0"]
SERVER = {4: "10.1.2.3", 6: "2001:db8:1::5"}
CLIENT = ("198.19.255.2", "2001:db8:ffff::2")
ROUTER = {4: "192.0.2.1", 6: "2001:db8:ffff::1"}
PORT = 80
SYN, SYN_ACK = ">S", "<SA"

# A busy machine; as in scenarios.py.
EARLY = 6 * MS
LATE = 80 * MS
LATE_PERCENT = 4
LATE_MAX = 2  # times more that a run is made which was only late: others have the CPUs, too
AT_ONCE = 250 * MS

# By fault, or by what is before its colon: the packets, as a pattern of sniffed.Packet.says with a space after each.
CONNECTED = r">S <SA >A .*"
PACKETS = {
    "syn-drop": r"(>S ){3}",
    "syn-drop:1": r">S >S <SA >A .*",
    "synack-drop": r"(>S ){3}",
    "synack-drop:1": r">S (>S )?<SA (<SA )?>A .*",
    "ack-drop": r">S <SA >A (<SA >A )+.*",
    "rst": r">S <RA ",
    "rst:bad-ack": r"(>S <RA ){3}",
    "synack:bad-ack": r"(>S <SA >R ){3}",
    "delay": CONNECTED,
    "delay-all": CONNECTED,
    "loss": r"(>S )*.*",
    "loss-all": r"(>S )*.*",
    "duplicate": r">S <SA (.* )?<SA .*",
    "reorder": CONNECTED,
    "conntrack-stale": r"(>S ){3}",
    "strip": CONNECTED,
    "drop-option": r"(>S ){3}",
    "backlog-full": r"(>S ){3}",
    "no-accept": CONNECTED,
    "no-route": r"",
    "no-neighbour": {4: r"(@I3/1 )+", 6: r"(@I1/3 )+"},
    "blackhole-route": r"",
    "prohibit-route": r"",
    "firewall:drop": r"",
    "firewall:drop:in": r"(>S (<SA )+)+",
    "firewall:reject": r"<RA ",
    "firewall:reject:in": r"(>S (<SA >R )+)+",
}

# Further words to the client.  An echo of 2 bytes tells more of what comes after the handshake.
CLIENT_WORDS = {"ack-drop": ["hold=2500"], "delay": ["say=hi"], "delay-all": ["say=hi"], "no-accept": ["say=hi"]}

# What the verdict says was lost: where, how many (None: not counted), whether replies.
DROPS = {
    "syn-drop": ("path-or-peer", 3, False),
    "syn-drop:1": ("path-or-peer", 1, False),
    "synack-drop": ("path-or-peer", "3..", True),
    "synack-drop:1": ("path-or-peer", 1, True),
    "conntrack-stale": ("path-or-peer", 3, False),
    "drop-option": ("path-or-peer", 3, False),
    "backlog-full": ("peer-backlog", None, False),
    "firewall:drop": ("local-output", None, False),
    "firewall:drop:in": ("local-input", None, True),
    "firewall:reject": ("local-output", None, False),
    "firewall:reject:in": ("local-input", None, True),
}


def by_fault(table, text, default=None):
    return table.get(text, table.get(text.partition(":")[0], default))


class Cell:
    """One run of `synsent run`: options, the command, what is checked of the outcome and of the packets."""

    def __init__(self, title, options, command, check, check_packets=None, seconds=1):
        self.title, self.options, self.command = title, options, command
        self.check, self.check_packets, self.seconds = check, check_packets, seconds


class Trial(harness.Run):
    """A run of it.  tries: what each client printed, as a dictionary; objects: the attempts."""

    def __init__(self, synsent, cell, number):
        self.path = synsent.path("%d" % number)
        options = ["--json=" + self.path + ".json", "-w", self.path + ".pcapng", "--log", self.path + ".log"]
        super().__init__(synsent, ["run", "-q"] + options + cell.options + ["--"] + cell.command, 40, None)
        self.cell, self.title, self.packets = cell, cell.title, []
        self.read_objects(self.contents(".json"))
        names = ("host", "port", "result", "ns", "from", "reply")
        self.tries = [dict(zip(names, line.split(" ", 5))) for line in self.out.splitlines()]
        self.want("stderr", self.err, "")

    def contents(self, suffix):
        try:
            with open(self.path + suffix, "rb") as f:
                return f.read()
        except OSError as e:
            self.wrong.append(str(e))
            return b""

    @property
    def words(self):
        return "".join(p.says + " " for p in self.packets)

    def want_within(self, what, got_ns, low_ns, high_ns):
        """Late is the business of a busy machine, within reason."""
        self.want_near(what, got_ns, low_ns, EARLY, high_ns - low_ns + LATE + high_ns * LATE_PERCENT / 100)


class Rows:
    """The list, and the schedule of the policy under which it is tried."""

    def __init__(self, synsent, client):
        self.client = client
        listed = synsent.run(["run", "--list", "--json", *POLICY]).out
        self.rows = [json.loads(line) for line in listed.splitlines()]
        predicted = json.loads(synsent.run(["predict", "-j", "--retries", "2", "--linear", "0"]).out)
        self.nominal_ms, self.range_ms = predicted["nominal"], predicted["range"]

    def cells(self):
        for row in self.rows:
            for family in (4, 6):
                if row["connect"]["ipv%d" % family]:
                    yield self.cell(row, family)

    def cell(self, row, family):
        words = by_fault(CLIENT_WORDS, row["text"], [])
        ns = row["when"]["ns"]
        return Cell("%s IPv%d" % (row["text"], family), ["-f", row["text"], *POLICY],
                    [self.client, SERVER[family], str(PORT), *words], lambda r: self.check(r, row, family),
                    lambda r: self.check_packets(r, row, family), 8 if ns is None else 1 + ns / 1e9)

    def bounds_ms(self, kind, ns, syns):
        """When connect() ends, the timer wheel considered."""
        if kind == "at-once":
            return 0, AT_ONCE / MS - LATE / MS
        if kind == "at-retransmission":
            return self.range_ms["syns_ms"][syns - 1]
        if kind == "schedule-ends":
            return self.range_ms["gives_up_ms"]
        if kind == "schedule-early":
            # SYN 1 comes 2 jiffies after SYN 0, or 3; not a second, or up to the wheel's next bucket.
            low, high = self.range_ms["gives_up_ms"]
            return low - self.range_ms["syns_ms"][1][1], high - self.range_ms["syns_ms"][1][0] + 40
        if kind == "neighbour-fails":
            return ns / MS, ns / MS + 200
        return ns / MS, ns / MS + 40

    def check(self, r, row, family):
        result, kind = row["connect"]["ipv%d" % family], row["when"]["kind"]
        r.want("the number of connect() calls", len(r.tries), 1)
        r.want("the number of attempts", len(r.objects), 1)
        if r.wrong:
            return
        t = r.tries[0]
        if kind == "chance":
            r.want("connect() gives one of", t["result"] in (result, "ETIMEDOUT"), True)
            result = t["result"]
        r.want("connect()", t["result"], result)
        r.want("the exit status", r.status, 0 if result == "connects" else getattr(errno, result))
        if kind != "chance":
            low, high = self.bounds_ms(kind, row["when"]["ns"], row["syns"])
            r.want_within("connect() ended", int(t["ns"]), low * MS, high * MS)
            r.want("outcome", r.last["synsent"]["outcome"], row["outcome"]["ipv%d" % family])
        check_verdict(r, row["text"], result)
        check_drop(r, row["text"])
        check_reply(r, row["text"], t["reply"])

    def check_packets(self, r, row, family):
        text, pattern = row["text"], by_fault(PACKETS, row["text"])
        if text.startswith("icmp:"):
            check_icmp(r, row, family)
        elif pattern is None:
            r.wrong.append("nobody wrote down what its packets are")
        else:
            pattern = pattern[family] if isinstance(pattern, dict) else pattern
            if not re.fullmatch(pattern, r.words):
                r.wrong.append("the packets are %r, not as %r" % (r.words, pattern))
        syns = [p for p in r.packets if p.says == SYN]
        if row["syns"] is not None and text != "synack-drop:1":
            r.want("the number of SYNs in the capture", len(syns), row["syns"])
        r.want("the number of ISNs", len({p.seq for p in syns}), 1 if syns else 0)
        if row["when"]["kind"] in ("schedule-ends", "at-retransmission"):
            for p, (low, high) in zip(syns, self.range_ms["syns_ms"]):
                r.want_within("a SYN left", p.t_ns - syns[0].t_ns, low * MS, high * MS)
        check_special(r, text)


def gave_up_by(text, outcome):
    if outcome == "unreachable":
        return "kernel" if text.startswith("no-") else "network"
    if outcome == "refused":
        return "network" if text.startswith("firewall") else "peer"
    return {"established": "nobody", "timed-out": "kernel", "failed": "kernel"}[outcome]


def check_verdict(r, text, result):
    """Less than certain is honest where the counters were being read just then: then once more, as for what is late."""
    v = harness.verdict(r.last)
    r.late += v["confidence"] == "likely"
    r.want("the verdict", v, {
        "outcome": v["outcome"], "gave_up_by": gave_up_by(text, v["outcome"]),
        "limit": "syn-retries" if v["outcome"] == "timed-out" else None, "confidence": "certain",
        "error": None if result == "connects" else result})


def check_drop(r, text):
    drop, expected = r.last["synsent"].get("drop"), by_fault(DROPS, text)
    if text.startswith(("loss", "rst:", "synack:", "firewall:")) and text not in DROPS:
        expected = None
    if text.startswith("loss"):
        return
    if not expected or not drop:
        r.want("drop", drop, expected)
        return
    place, packets, reply = expected
    r.want("drop.place", drop["place"], place)
    r.want("drop.reply", drop["reply"], reply)
    if place == "path-or-peer":
        r.want("drop.rule", drop["rule"], text)
    if packets == "3..":
        r.want("drop.packets, 3 or more", drop["packets"] >= 3, True)
    elif packets is not None:
        r.want("drop.packets", drop.get("packets"), packets)


def check_reply(r, text, reply):
    if text.startswith("delay"):
        r.want("the echo", reply, "hi")
    elif text == "no-accept":
        r.want("the reply", reply, "-")


def icmp_kind(row, family):
    """As the list has it in brackets: "(3/13; ICMPv6 1/1)"."""
    brackets = re.search(r"\(([^)]*\d+/\d+[^)]*)\)", row["what"]).group(1)
    v4, _, v6 = brackets.rpartition("ICMPv6 ")
    if not v4 and "/" in v6 and row["connect"]["ipv4"] and family == 4:
        return re.search(r"\d+/\d+", v6).group()
    return re.search(r"\d+/\d+", v6 if family == 6 else v4).group()


def check_icmp(r, row, family):
    kind, one = icmp_kind(row, family), "(>S <I%s )"
    pattern = one % kind + ("{3}" if row["connect"]["ipv%d" % family] == "ETIMEDOUT" else "")
    if not re.fullmatch(pattern, r.words):
        r.wrong.append("the packets are %r, not as %r" % (r.words, pattern))
    syns = [p for p in r.packets if p.says == SYN]
    router = row["what"].startswith(("a router says", "as icmp:"))
    for p in r.packets:
        if p.says[1] != "I":
            continue
        r.want("the ICMP's sender", p.src, ROUTER[family] if router else SERVER[family])
        r.want("the ICMP's checksums are good", p.good, True)
        r.want("who sent to whom what it quotes", p.quoted, ([CLIENT[family == 6]], [SERVER[family]]))
        r.want("the ports that it quotes", (p.sport, p.dport), (syns[0].sport, PORT))
        r.want("the sequence number that it quotes", p.seq, syns[0].seq)


def first(r, says):
    return next((p for p in r.packets if p.says == says), None)


def check_special(r, text):
    """What the order of packets alone does not tell."""
    name = text.partition(":")[0]
    if text in ("rst", "rst:bad-ack", "synack:bad-ack"):
        r.want("the forged answers' checksums are good", all(p.good for p in r.packets if p.says[0] == "<"), True)
    if name in ("delay", "delay-all", "reorder") and first(r, SYN_ACK):
        each = 20 * MS if name == "reorder" else 100 * MS
        r.want_near("the SYN-ACK came", first(r, SYN_ACK).t_ns - first(r, SYN).t_ns, 2 * each, 1 * MS, AT_ONCE)
    if name in ("delay", "delay-all") and first(r, "<A+"):
        # The ACK is late, and what comes behind it does not overtake it for that.
        echo_ns = first(r, "<A+").t_ns - first(r, ">A+").t_ns
        r.want("the echo is late, too", echo_ns >= 199 * MS, name == "delay-all")
    if name == "reorder":
        log = r.contents(".log").decode()
        r.want("the log says so of each way", re.findall(r"(SYN|reply) 0 .*: reordered by reorder", log),
               ["SYN", "reply"])
    if name == "strip":
        r.want("the SYN offers SACK", 4 in first(r, SYN).options, True)
        r.want("the SYN-ACK does", 4 in first(r, SYN_ACK).options, False)
    if name == "drop-option":
        r.want("each SYN offers SACK", all(4 in p.options for p in r.packets), True)
    if name == "duplicate":
        again = [p.t_ns for p in r.packets if p.says == SYN_ACK]
        r.want("the SYN-ACKs come at once", again[-1] - again[0] < 900 * MS, True)


def sniff(trials):
    if not harness.found("tshark"):
        print("left out: the packets: tshark is missing (apt-get install tshark)")
        return
    read = sniffed.read([r.path + ".pcapng" for r in trials], CLIENT)
    if read is None:
        print("left out: the packets: this tshark does not know sections; 4.0 does")
        return
    for r, packets in zip(trials, read):
        r.packets = packets
        r.cell.check_packets(r)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("synsent")
    parser.add_argument("client")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--jobs", type=int, default=12)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", default="", help="those whose title has this in it")
    o = parser.parse_args()
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        synsent.need()
        client = synsent.path("try_connect")
        shutil.copy(o.client, client)
        rows = Rows(synsent, client)
        cells = list(rows.cells()) + list(run_faults_more.cells(Cell, client, POLICY))
        cells = [c for c in cells if o.only in c.title] * o.repeat
        cells.sort(key=lambda c: -c.seconds)
        numbers = iter(range(10 ** 6))

        def once(cell):
            r = Trial(synsent, cell, next(numbers))
            if not r.wrong:
                cell.check(r)
            return r

        def one(cell):
            r = once(cell)
            for _ in range(LATE_MAX):
                if not r.wrong or len(r.wrong) != r.late:
                    break
                print("late, and so once more: %s: %s" % (cell.title, "; ".join(r.wrong)))
                r = once(cell)
            return r

        trials = harness.all_of(o.jobs, one, cells)
        sniff([r for r in trials if r.cell.check_packets and not r.wrong])
        wrong = sum(r.report() for r in trials)
    print("as %s: %d faults, %d runs, %d packets, %d wrong" % (
        synsent.user, len(rows.rows), len(trials), sum(len(r.packets) for r in trials), wrong))
    return 1 if wrong or not trials or len(rows.rows) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
