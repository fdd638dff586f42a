#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of events, as --events writes them: the verdicts are those that they have live.

events.py SYNSENT SCENARIOS

SCENARIOS holds files of events, each with what the tracker makes of it (tests/scenario).  Read whole, packed, in a
pipe and byte by byte they give those attempts; a line that is no event is said, and everything else stands.
"""
import glob
import gzip
import os
import re
import sys

import reader

FIELDS = {"outcome": "outcome", "gave up by": "gave_up_by", "confidence": "confidence", "headline": "headline"}


def expected(path):
    """[{field: text}] of attempts in the order in which they ended."""
    out = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith("attempt "):
                out.append({})
            m = re.match(r"  ([a-z ]+?)  +(\S.*)$", line)
            if m and m[1] in FIELDS and out:
                out[-1].setdefault(FIELDS[m[1]], m[2].strip())
    return out


def shape(objects):
    return [{name: o["synsent"].get(name) for name in FIELDS.values()} for o in objects]


def one(read, wrong, compared, path):
    name = os.path.basename(path)
    with open(path, "rb") as f:
        data = f.read()
    with open(path[:-7] + ".expected", encoding="utf-8") as f:
        lost = " 0 lost" not in f.read()
    may = (4,) if lost else (0,)
    attempts, run = read.attempts(path, may=may)
    want = expected(path[:-7] + ".expected")
    if not re.search(rb"^# (max_attempts|linger|until) ", data, re.M):  # what a player of scenarios is told, not read
        compared.append(len(want))
        for a, w in zip(shape(attempts), want):
            wrong.want(name, {k: v for k, v in a.items() if k in w}, w)
        wrong.want(name + ": attempts", len(attempts), len(want))
    if lost:
        wrong.want(name + ": says what was lost", "lost" in run.err, True)

    def every_byte(fd):
        for b in data:
            os.write(fd, bytes((b,)))

    plain = shape(attempts)
    with reader.temporary() as d:
        packed = reader.write(os.path.join(d, "x.gz"), gzip.compress(data))
        wrong.want(name + ": gzip", shape(read.attempts(packed, may=may)[0]), plain)
        bad = reader.write(os.path.join(d, "bad"), data + b"0 segment \x1b[31m no event\n")
        objects, run = read.attempts(bad, may=(3,) + may)
        wrong.want(name + ": with a bad line", shape(objects), plain)
        wrong.want(name + ": its line is named", "line %d" % (data.count(b"\n") + 1) in run.err, True)
        wrong.want(name + ": no escape reaches the terminal", "\x1b" in run.err, False)
        last = reader.write(os.path.join(d, "x"), data.rstrip(b"\n"))
        wrong.want(name + ": no last end of line", shape(read.attempts(last, may=may)[0]), plain)
    wrong.want(name + ": byte by byte", shape(read.attempts("-", may=may, feed=every_byte)[0]), plain)
    return len(want)


def main():
    wrong = reader.Wrong()
    read = reader.Reader(sys.argv[1], wrong)
    files = sorted(glob.glob(os.path.join(sys.argv[2], "*.events")))
    compared = []
    attempts = sum(reader.all_of(lambda path: one(read, wrong, compared, path), files))
    for args, word in ((("--since", "+1s"), "--since"), (("tcp",), "a filter"), (("--packets",), "--packets")):
        run = read.run(*args, files[0], may=(3,))
        wrong.want(word + " is refused", word in run.err, True)
    print("%d files of events, %d attempts, %d of them in %d files compared with what was expected, %d runs, %d wrong" % (
        len(files), attempts, sum(compared), len(compared), read.runs, wrong.n))
    return wrong.status() if sum(compared) else 1


if __name__ == "__main__":
    sys.exit(main())
