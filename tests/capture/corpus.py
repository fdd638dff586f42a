#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that nobody here wrote, against answers that other decoders gave.

corpus.py SYNSENT [--propose]

corpus-dev: the six numbers of every file; every attempt of every unambiguous one.  Where a file is ambiguous a number
may differ, and then corpus-differences.tsv says why: (file, column, expected, ours, reason).  A difference that it
lacks is an error, and so is a row that is no longer true; --propose prints the rows that are missing.
pcapng-suite: as many packets as the texts beside the files say.
"""
import csv
import datetime
import os
import re
import sys

import reader

DIFFERENCES = os.path.join(reader.HERE, "corpus-differences.tsv")
KIND = {"synack": "syn-ack", "rst": "rst", "icmp": "icmp"}
EPOCH = datetime.datetime(1970, 1, 1)
SLACK_NS = 1000  # the expected times have passed through a double


def table(path):
    with open(path, encoding="utf-8", newline="") as f:
        yield from csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)


def ns(seconds):
    """Of a decimal text, exactly."""
    whole, _, fraction = seconds.lstrip("-").partition(".")
    n = int(whole) * 10 ** 9 + int((fraction + "0" * 9)[:9])
    return -n if seconds.startswith("-") else n


def start_ns(attempt):
    seconds, fraction = attempt["event"]["start"].rstrip("Z").split(".")
    since = datetime.datetime.strptime(seconds, "%Y-%m-%dT%H:%M:%S") - EPOCH
    return (since.days * 86400 + since.seconds) * 10 ** 9 + int(fraction)


def check_counts(read, wrong, root, expected, propose):
    reasons = {(r["file"], r["column"]): r for r in table(DIFFERENCES)}
    equal = differing = 0
    missing = []
    for row in expected:
        path = os.path.join(root, row["file"])
        counts, r = read.counts(path, may=(reader.OK, reader.PARTIAL))
        if path not in counts:
            wrong("%s: no object for it: %s" % (row["file"], r.said()))
            continue
        for column, got in zip(reader.COUNTS, counts[path]):
            given = reasons.pop((row["file"], column), None)
            if row[column] == str(got):
                equal += 1
                if given:
                    wrong("%s: %s no longer differs: its row is stale" % (row["file"], column))
                continue
            differing += 1
            if not row["ambiguous"]:
                wrong("%s: %s is %d, not %s" % (row["file"], column, got, row[column]))
            elif not given:
                wrong("%s: %s is %d, not %s (%s), and no reason is given" % (
                    row["file"], column, got, row[column], row["ambiguous"]))
                missing.append((row["file"], column, row[column], str(got), row["ambiguous"] + ": "))
            elif (given["expected"], given["ours"]) != (row[column], str(got)) or not given["reason"].strip():
                wrong("%s: %s is %d, not %s; the row that argues for it is another" % (
                    row["file"], column, got, row[column]))
    for name, column in reasons:
        wrong("%s, %s: a reason for a difference in a file that is not there" % (name, column))
    if propose:
        print("\n".join("\t".join(row) for row in missing))
    print("%d files: %d numbers equal, %d differ, with a reason unless said to be wrong" % (
        len(expected), equal, differing), flush=True)


def as_expected(attempt):
    """What corpus-dev.attempts.tsv says of an attempt; times in ns."""
    s = attempt["synsent"]
    answer = s.get("answer", {})
    delays = [r["t_ns"] for r in s["replies"]
              if r["kind"] == answer.get("kind") and r.get("packet") == answer["packet"]]
    return {
        "first_frame": s["first_packet"],
        "first_time": start_ns(attempt),
        "syns": len(s["syns_ns"]),
        "class": answer.get("kind", "unanswered"),
        "answer_frame": answer.get("packet", ""),
        "answer_delay": delays[0] if delays else "",
    }


def check_attempt(wrong, name, row, attempt):
    want = {
        "first_frame": int(row["first_frame"]),
        "first_time": ns(row["first_time"]),
        "syns": int(row["syns"]),
        "class": KIND.get(row["class"], row["class"]),
        "answer_frame": int(row["answer_frame"]) if row["answer_frame"] else "",
        "answer_delay": ns(row["answer_delay"]) if row["answer_delay"] else "",
    }
    got = as_expected(attempt)
    for column, value in want.items():
        near = column in ("first_time", "answer_delay") and value != "" and got[column] != ""
        if got[column] != value and not (near and abs(got[column] - value) <= SLACK_NS):
            wrong("%s: attempt %s: %s is %s, not %s" % (name, reader.key(attempt), column, got[column], value))


def check_attempts(read, wrong, root, expected):
    unambiguous = {row["file"] for row in expected if not row["ambiguous"]}
    rows = {name: {} for name in unambiguous}
    for row in table(reader.corpus("corpus-dev.attempts.tsv")):
        if row["file"] in unambiguous:
            at = row["src"], int(row["sport"]), row["dst"], int(row["dport"]), int(row["isn"])
            rows[row["file"]][at] = row
    n = 0
    problems = reader.schema_problems()
    for name, of_file in sorted(rows.items()):
        attempts, r = read.attempts(os.path.join(root, name), may=(reader.OK, reader.PARTIAL))
        for line in r.out.splitlines(keepends=True):
            for problem in problems(line):
                wrong("%s: not as docs/attempt.schema.json has it: %s" % (name, problem))
        ours = {reader.key(a): a for a in attempts}
        if len(ours) != len(attempts):
            wrong("%s: an attempt is told twice" % name)
        for at in sorted(of_file.keys() ^ ours.keys()):
            wrong("%s: attempt %s is %s" % (name, at, "missing" if at in of_file else "not expected"))
        for at in of_file.keys() & ours.keys():
            check_attempt(wrong, name, of_file[at], ours[at])
            n += 1
    print("%d attempts of %d unambiguous files compared" % (n, len(unambiguous)), flush=True)


def check_suite(read, wrong):
    """A text counts the blocks of each kind; three kinds hold a packet."""
    files = packets = 0
    for directory, _, names in sorted(os.walk(reader.corpus("pcapng-suite"))):
        for name in sorted(names):
            if not name.endswith(".pcapng"):
                continue
            path = os.path.join(directory, name)
            with open(path[:-len("pcapng")] + "txt", encoding="utf-8") as f:
                blocks = dict(re.findall(r"^\t(\w+): (\d+)$", f.read(), re.M))
            want = sum(int(blocks.get(kind, 0)) for kind in ("EPB", "SPB", "PB"))
            r = read.run("--summary", path)
            wrong.want("%s: packets seen" % path, r.ledger()["seen"], want)
            files += 1
            packets += want
    if not files:
        wrong("pcapng-suite is empty")
    print("pcapng-suite: %d files, %d packets" % (files, packets))


def main():
    propose = "--propose" in sys.argv
    wrong = reader.Wrong(10 ** 6 if propose else 40)
    root = reader.corpus("corpus-dev")
    expected = list(table(reader.corpus("corpus-dev.expected.tsv")))
    read = reader.Reader([a for a in sys.argv[1:] if a != "--propose"][0], wrong)
    check_counts(read, wrong, root, expected, propose)
    check_attempts(read, wrong, root, expected)
    check_suite(read, wrong)
    print("%d runs, %d ledgers, %d wrong" % (read.runs, read.ledgers, wrong.n))
    return wrong.status()


if __name__ == "__main__":
    sys.exit(main())
