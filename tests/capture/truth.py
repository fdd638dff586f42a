#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Attempts of generated captures, one by one, against what the generator knows of them.

truth.py SYNSENT GENCAP [MIX]

Every mix in every format, byte order and link type, whole and cut to headers, two seeds each: the ISN, addresses,
ports, the first SYN's time, the number of SYNs and of SYN-ACKs, and who gave up; the capture's totals.
"""
import csv
import ipaddress
import itertools
import json
import os
import sys

import corpus
import reader

SIZES = {"web": {"": "10M", "96": "3M"}, "synflood": {"": "150k", "96": "150k"}, "smallpkt": {"": "3M", "96": "3M"}}
FORMATS, LINKS, SEEDS = ("us", "ns", "ng"), ("ether", "raw", "sll", "sll2"), (1, 2)
ORDERS, SNAPLENS = ("", "-B"), ("", "96")
# The generator's outcome -> ours, and who gave up
FATES = {
    "established": ("established", "nobody"),
    "refused": ("refused", "peer"),
    "icmp_unreachable:port": ("refused", None),
    "icmp_unreachable:net": ("unreachable", "network"),
    "icmp_unreachable:host": ("unreachable", "network"),
    "icmp_unreachable:admin": ("unreachable", "network"),
    "timed_out": ("timed-out", "kernel"),
    "abandoned": ("abandoned", "application"),
    "half_open": ("unanswered", "unknown"),
    "reset_by_client": ("abandoned", "application"),
}
ANSWERS = {"established": "by_synack", "half_open": "by_synack", "reset_by_client": "by_synack", "refused": "by_rst",
           "timed_out": "unanswered", "abandoned": "unanswered"}


class Case:
    def __init__(self, directory, gencap, mix, form, link, order, snaplen, seed):
        self.args = ["-m", mix, "-n", SIZES[mix][snaplen], "-f", form, "-l", link, "-S", str(seed)]
        self.args += [order] if order else []
        self.args += ["-s", snaplen] if snaplen else []
        self.name = "gencap " + " ".join(self.args)
        self.unit = 1000 if form == "us" else 1
        # Of an IPv6 error 96 bytes hold the quoted ports and sequence number only where the link has no header.
        self.errors_cut = snaplen and link != "raw"
        self.path = os.path.join(directory, "-".join((mix, form, link, order or "-L", snaplen or "0", str(seed))))
        self.csv = self.path + ".csv"
        status, _, err = reader.tool(gencap, *self.args, "-o", self.path, "-t", self.path + ".json", "-c", self.csv)
        if status:
            sys.exit("%s: %s" % (self.name, err))
        with open(self.path + ".json", encoding="utf-8") as f:
            self.totals = json.load(f)
        with open(self.csv, encoding="utf-8", newline="") as f:
            self.rows = list(csv.DictReader(f))

    def remove(self):
        for end in ("", ".json", ".csv"):
            os.remove(self.path + end)

    def unseen(self, row):
        """The capture has cut off what would tell its fate."""
        return self.errors_cut and row["outcome"].startswith("icmp") and ":" in row["client"]


def address(text):
    return str(ipaddress.ip_address(text)) if ":" in text else text


def key(row):
    return (address(row["client"]), int(row["cport"]), address(row["server"]), int(row["sport"]), int(row["isn"]))


def synacks(attempt):
    return sum(reply["kind"] == "syn-ack" for reply in attempt["synsent"]["replies"])


def check_attempt(case, wrong, row, attempt):
    s = attempt["synsent"]

    def want(what, got, expected):
        wrong.want("%s: attempt %s (%s): %s" % (case.name, key(row), row["outcome"], what), got, expected)

    first = corpus.ns(row["first_syn"])
    want("first SYN", corpus.start_ns(attempt), first - first % case.unit)
    want("SYNs", len(s["syns_ns"]), int(row["syns"]))
    if case.unseen(row):
        return
    outcome, gave_up_by = FATES[row["outcome"]]
    want("outcome", s["outcome"], outcome)
    want("gave up by", s["gave_up_by"], gave_up_by or s["gave_up_by"])
    # The generator stops counting when the handshake is complete; one more may come then.
    more = synacks(attempt) - int(row["synacks"])
    want("SYN-ACKs beyond", more, 1 if more == 1 and row["outcome"] == "established" else 0)


def check_totals(case, wrong, attempts, ledger):
    counts = dict.fromkeys(reader.COUNTS, 0)
    for row in case.rows:
        column = ANSWERS.get(row["outcome"], "by_icmp")
        counts["unanswered" if case.unseen(row) else column] += 1
        counts["attempts"] += 1
        counts["syn_retrans"] += int(row["syns"]) - 1
    wrong.want(case.name + ": its own truth", (case.totals["attempts"], case.totals["syn_retrans"]),
               (counts["attempts"], counts["syn_retrans"]))
    wrong.want(case.name + ": packets", ledger["seen"], case.totals["packets"])
    wrong.want(case.name + ": attempts", len(attempts), case.totals["attempts"])
    return tuple(counts[c] for c in reader.COUNTS)


def check(case, read, wrong):
    """How many attempts there were."""
    attempts, r = read.attempts(case.path)
    expected = check_totals(case, wrong, attempts, r.ledger())
    counts, _ = read.counts(case.path)
    wrong.want(case.name + ": " + " ".join(reader.COUNTS), counts.get(case.path), expected)
    ours = {reader.key(a): a for a in attempts}
    theirs = {key(row): row for row in case.rows}
    wrong.want(case.name + ": attempts that differ by key", (len(ours), len(theirs)), (len(attempts), len(case.rows)))
    for at in sorted(theirs.keys() ^ ours.keys()):
        wrong("%s: attempt %s is %s" % (case.name, at, "missing" if at in theirs else "not expected"))
    for at in theirs.keys() & ours.keys():
        check_attempt(case, wrong, theirs[at], ours[at])
    return len(attempts)


def main():
    synsent, gencap = sys.argv[1:3]
    wrong = reader.Wrong()
    read = reader.Reader(synsent, wrong)
    chosen = list(itertools.product(sys.argv[3:] or SIZES, FORMATS, LINKS, ORDERS, SNAPLENS, SEEDS))
    with reader.temporary() as directory:
        def one(of):
            case = Case(directory, gencap, *of)
            n = check(case, read, wrong)
            case.remove()
            return n

        attempts = reader.all_of(one, chosen)
    print("%d captures, %d attempts, %d ledgers, %d wrong" % (len(chosen), sum(attempts), read.ledgers, wrong.n))
    return wrong.status()


if __name__ == "__main__":
    sys.exit(main())
