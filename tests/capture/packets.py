#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`synsent read --packets` against tcpdump, line by line, over captures from elsewhere.

packets.py SYNSENT [--propose]

Two runs for each file.  "filter": tcpdump -nn -r FILE 'tcp[tcpflags] & (tcp-syn|tcp-rst) != 0', whose lines must all
be ours, in order; that expression sees no IPv6, VLAN, MPLS and tunnels, so we may have more.  "all": tcpdump -nn -S
without a filter, of which the lines that show a SYN or RST must be exactly ours with -S; so what the expression does
not see is compared too.  packets-differences.tsv holds what differs: (file, run, theirs, ours, reason); a difference
that it lacks is an error, and so is a row that is no longer true.  --propose prints the rows that are missing.
"""
import collections
import csv
import difflib
import gzip
import os
import re
import sys

import reader

DIFFERENCES = os.path.join(reader.HERE, "packets-differences.tsv")
FILTER = "tcp[tcpflags] & (tcp-syn|tcp-rst) != 0"
WANTED = re.compile(r"Flags \[[^\]]*[SR]")
FIRST = re.compile(r"\d\d:\d\d:\d\d\.|\[Error converting time\]")
COLUMNS = ("file", "run", "theirs", "ours", "reason")


def lines_of(out):
    """One for each packet: tcpdump begins a new line, without the time, for what some tunnels hold."""
    lines = []
    for line in out.decode("utf-8", "backslashreplace").splitlines():
        if FIRST.match(line) or not lines:
            lines.append(line)
        else:
            lines[-1] += "\\n" + line
    return lines


class Tcpdump:
    def __init__(self, directory):
        self.directory = directory
        self.unpacked = os.path.join(directory, "unpacked")

    def lines(self, path, *args):
        """What it prints, and whether it read to the end."""
        with open(path, "rb") as f:
            if f.read(2) == b"\x1f\x8b":
                path = reader.write(self.unpacked, gzip.open(path).read())
        status, out, err = reader.tool("tcpdump", "-nn", "-r", path, *args)
        return lines_of(out), status == 0, err.strip().splitlines()[-1:]


def differences(theirs, ours, more_allowed):
    """[(their line or "", our line or "")]; lines that only we have are none where more is allowed."""
    out = []
    for what, a, b, c, d in difflib.SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes():
        if what == "equal" or what == "insert" and more_allowed:
            continue
        their, our = theirs[a:b], ours[c:d]
        if more_allowed:
            our = our[:len(their)]
        n = max(len(their), len(our))
        out += zip(their + [""] * (n - len(their)), our + [""] * (n - len(our)))
    return out


def compare(read, tcpdump, path, counts):
    """[(run, theirs, ours)] of one file."""
    found = []
    theirs, ended, said = tcpdump.lines(path, FILTER)
    r = read.run("--packets", path, may=(reader.OK, reader.PARTIAL))
    found += [("filter",) + pair for pair in differences(theirs, lines_of(r.out), True)]
    counts["lines with the filter"] += len(theirs)

    theirs, ended, said = tcpdump.lines(path, "-S")
    theirs = [line for line in theirs if WANTED.search(line)]
    r = read.run("--packets", "-S", path, may=(reader.OK, reader.PARTIAL))
    ours = lines_of(r.out)
    if not ended:
        counts["files that tcpdump does not read to the end"] += 1
        print("%s: %s" % (os.path.relpath(path, reader.CORPUS), " ".join(said)))
        ours = ours[:len(theirs)]
    found += [("all",) + pair for pair in differences(theirs, ours, False)]
    counts["lines without one"] += len(theirs)
    return found


def main():
    propose = "--propose" in sys.argv
    wrong = reader.Wrong(10 ** 6 if propose else 40)
    root = reader.corpus("corpus-dev")
    if not reader.found("tcpdump"):
        reader.skip("tcpdump is missing (apt-get install tcpdump)")
    read = reader.Reader([a for a in sys.argv[1:] if a != "--propose"][0], wrong)
    with open(DIFFERENCES, encoding="utf-8", newline="") as f:
        known = collections.Counter()
        for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            known[tuple(row[c] for c in COLUMNS[:4])] += 1
            if not row["reason"].strip():
                wrong("%s: a difference without a reason" % row["file"])
    counts = collections.Counter()
    with reader.temporary() as directory:
        tcpdump = Tcpdump(directory)
        for at, _, names in sorted(os.walk(root)):
            for name in sorted(names):
                counts["files"] += 1
                path = os.path.join(at, name)
                for run, theirs, ours in compare(read, tcpdump, path, counts):
                    row = os.path.relpath(path, root), run, theirs, ours
                    counts["differences"] += 1
                    if known[row]:
                        known[row] -= 1
                        continue
                    if propose:
                        print("\t".join(row + ("",)))
                    wrong("%s (%s): tcpdump %r, ours %r" % row)
    for row in sorted(known.elements()):
        wrong("%s (%s): no longer differs: its row is stale: %r" % row[:3])
    print("%s, %d wrong" % (", ".join("%d %s" % (n, what) for what, n in sorted(counts.items())), wrong.n))
    return wrong.status()


if __name__ == "__main__":
    sys.exit(main())
