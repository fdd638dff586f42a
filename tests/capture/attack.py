#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile captures: what is counted of them, and that none of them harms.

attack.py SYNSENT [--bomb GIB]

The files of attack/mkattack.py against its expectations; each of them cut at every byte; a gzip bomb through a pipe,
in little memory; and whatever a file holds or is called, its escape sequences do not reach the terminal.
"""
import argparse
import csv
import os
import re
import subprocess
import sys
import unicodedata
import zlib

import pcaplib
import reader

sys.path.insert(0, os.path.join(reader.HERE, "attack"))
import mkattack

CUT_BELOW = 4096   # bytes: smaller files are cut everywhere
MANY = 200         # files for one run: it holds each of them open
MEMORY_MIB = 64    # a bomb must be read in
STATUS = {"ok": (reader.OK,), "partial": (reader.PARTIAL,), "reject": (reader.PARTIAL,), "-": None}


def check_expected(read, wrong, directory):
    with open(os.path.join(directory, "attack.expected.tsv"), encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        path = os.path.join(directory, row["file"])
        counts, r = read.counts(path, may=STATUS[row["exit"]])
        if path not in counts:
            wrong("%s: no object for it: %s" % (row["file"], r.said()))
            continue
        got = dict(zip(reader.COUNTS, map(str, counts[path])))
        differs = {c: got[c] for c in reader.COUNTS if row[c] not in ("-", got[c])}
        if differs:
            wrong("%s (%s): %s" % (row["file"], row["rule"], ", ".join(
                "%s is %s, not %s" % (c, n, row[c]) for c, n in differs.items())))
        if row["exit"] in ("partial", "reject") and path not in r.err:
            wrong("%s: stderr does not name it: %r" % (row["file"], r.said()))
        if r.status == reader.PARTIAL and not r.err.strip():
            wrong("%s: exit 3 without a reason" % row["file"])
    return len(rows)


def check_cuts(read, wrong, directory):
    """Every beginning of every small file; none counts more than a longer one."""
    cuts = 0
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        with open(path, "rb") as f:
            whole = f.read()
        if name.endswith(".tsv") or len(whole) >= CUT_BELOW:
            continue
        longest = dict(zip(("attempts", "by_synack"), (0, 0)))
        for first in range(0, len(whole) + 1, MANY):
            with reader.temporary() as cut_in:
                paths = [reader.write(os.path.join(cut_in, "%s.%04d" % (name, n)), whole[:n])
                         for n in range(first, min(first + MANY, len(whole) + 1))]
                counts, r = read.counts(*paths, may=(reader.OK, reader.PARTIAL))
                if len(counts) != len(paths) and r.status in (reader.OK, reader.PARTIAL):
                    wrong("%s: %d objects for %d files" % (name, len(counts), len(paths)))
                for cut in paths:
                    got = dict(zip(reader.COUNTS, counts.get(cut, (0,) * 6)))
                    for column, most in longest.items():
                        if cut in counts and got[column] < most:
                            wrong("%s: %d %s, of a shorter cut %d" % (os.path.basename(cut), got[column], column, most))
                        longest[column] = max(most, got[column])
                cuts += len(paths)
    return cuts


def crc_of_zeros(crc, block, times):
    """crc32 after so many more blocks: to append a block is linear in the register, so it is applied as a table."""
    constant = zlib.crc32(block, 0)
    columns = [zlib.crc32(block, 1 << bit) ^ constant for bit in range(32)]
    for _ in range(times):
        after = constant
        for bit, column in enumerate(columns):
            if crc >> bit & 1:
                after ^= column
        crc = after
    return crc


def write_bomb(fd, head, mib):
    """One gzip member of `head` and so many MiB of zeros."""
    block = bytes(1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    begin = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    zeros = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = crc_of_zeros(zlib.crc32(head), block, mib)
    size = len(head) + (mib << 20)
    with os.fdopen(os.dup(fd), "wb") as f:
        f.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + begin)
        for _ in range(mib):
            f.write(zeros)
        f.write(packer.flush() + (crc & 0xFFFFFFFF).to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"))


# A process's peak takes that of the process that started it along, so one that is known to be small starts ours.
MEASURED = """
import os, sys
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
"""


def check_bomb(read, wrong, gib):
    """Through a pipe.  Returns the highest memory use, MiB."""
    head = mkattack.pcap(mkattack.HANDSHAKE)
    mib = int(gib * 1024)
    end, fd = os.pipe2(os.O_CLOEXEC)
    p = subprocess.Popen([sys.executable, "-S", "-c", MEASURED] + read.argv(["--json=counts", "-"]), stdin=end,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=reader.ENV)
    os.close(end)
    try:
        write_bomb(fd, head, mib)
    except BrokenPipeError:
        pass
    os.close(fd)
    out, err = p.communicate()
    r = read.ended(("a bomb of %s GiB" % gib,), p.returncode, out, err)
    used = int(r.err.split()[-1]) >> 10
    wrong.want("the bomb's attempts", [o["attempts"] for o in r.objects], [1])
    wrong.want("the bomb's records", r.ledger()["seen"], len(mkattack.HANDSHAKE) + (mib << 16))
    if used > MEMORY_MIB:
        wrong("the bomb took %d MiB of memory" % used)
    return used


def controls(text):
    """Characters that a terminal obeys."""
    return sorted({c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c != "\n"})


def check_escapes(read, wrong, directory):
    """By content, and by a file's name; returns the number of runs."""
    with open(os.path.join(directory, "n21-comment-esc.pcapng"), "rb") as f:
        hostile = f.read()
    failing = pcaplib.pcap([pcaplib.Packet(10 ** 18, mkattack.syn(), 74)]) + b"\1"  # an attempt to tell of, and a cut
    runs = 0
    with reader.temporary() as d:
        name = os.path.join(os.fsencode(d), b"x\x1b[31mname\x07\x9b2J\xc2\x9b31m\r\n\xe2\x80\xaey.pcap")
        content = reader.write(os.path.join(d, "content.pcapng"), hostile)
        named = os.fsdecode(reader.write(name, failing))
        for path, may in ((content, (reader.OK,)), (named, (reader.PARTIAL,))):
            for mode in ([], ["--all"], ["-j"], ["--all", "-j"], ["--packets"], ["--summary"], ["--failures"],
                         ["--json=counts"], ["--by", "server"], ["--by", "outcome"], ["--diagram", "1"],
                         ["--all", "--color=always"]):
                r = read.run(*mode, path, may=may)
                runs += 1
                for said, stream in ((r.out, "stdout"), (r.err_bytes, "stderr")):
                    # A byte that is no UTF-8 becomes half a surrogate pair.
                    text = said.decode("utf-8", "surrogateescape")
                    if "--color=always" in mode:
                        text = re.sub(r"\x1b\[(?!31mred|31mname)[0-9;]*m", "", text)  # colours of our own
                    if controls(text):
                        wrong("%s %s: %r on %s" % (" ".join(mode), os.path.basename(path), controls(text), stream))
    return runs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--bomb", type=float, default=4.25, metavar="GIB")  # ISIZE and CRC go round once
    o = parser.parse_args()
    wrong = reader.Wrong()
    read = reader.Reader(o.synsent, wrong)
    with reader.temporary() as directory:
        mkattack.make(directory)
        print("%d files as expected or said to be wrong" % check_expected(read, wrong, directory), flush=True)
        print("%d cuts of them" % check_cuts(read, wrong, directory), flush=True)
        print("%d runs in which nothing may reach the terminal" % check_escapes(read, wrong, directory), flush=True)
        print("a bomb of %s GiB took %d MiB" % (o.bomb, check_bomb(read, wrong, o.bomb)))
    print("%d runs, %d ledgers, %d wrong" % (read.runs, read.ledgers, wrong.n))
    return wrong.status()


if __name__ == "__main__":
    sys.exit(main())
