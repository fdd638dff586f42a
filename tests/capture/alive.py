#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that change while they are read, and files that are written.

alive.py SYNSENT GENCAP

An input is never written to; an output is complete or absent, whenever the program is killed; an input that somebody
truncates meanwhile ends in a message; a growing file is followed.
"""
import json
import os
import random
import select
import signal
import subprocess
import sys
import time

import cuts
import pcaplib
import reader

WITHIN = 20  # seconds that anything may take at most on a busy machine
GIB = 1 << 30


def left_in(directory, *known):
    return sorted(set(os.listdir(directory)) - set(known))


def check_onto_input(read, wrong, directory):
    """-w and --svg onto an input, by any of its names."""
    data = pcaplib.pcap(cuts.conversation(), pcaplib.RAW)
    a = reader.write(os.path.join(directory, "a.pcap"), data)
    b = reader.write(os.path.join(directory, "b.pcap"), data)
    os.symlink("a.pcap", os.path.join(directory, "symbolic"))
    os.link(a, os.path.join(directory, "hard"))
    known = left_in(directory)
    runs = 0
    for onto in ("a.pcap", "symbolic", "hard", "./b.pcap", os.path.join(directory, ".", "a.pcap")):
        for more in (["-w", onto], ["--diagram", "1", "--svg", onto]):
            r = read.run(*more, "b.pcap", "a.pcap", may=(reader.USAGE,), cwd=directory)
            runs += 1
            for path in (a, b):
                with open(path, "rb") as f:
                    if f.read() != data:
                        wrong("%s: the input is no longer what it was" % r.command)
                        reader.write(path, data)
            if left_in(directory, *known):
                wrong("%s: it left %s" % (r.command, left_in(directory, *known)))
    with open(a, "rb") as f:
        r = read.run("-w", a, "-", may=(reader.USAGE,), stdin=f)
    for name in known:
        os.remove(os.path.join(directory, name))
    print("an input as output: %d ways" % (runs + 1), flush=True)


def complete(path):
    """Whether it is a pcapng of whole blocks."""
    with open(path, "rb") as f:
        data = f.read()
    return data[:4] == b"\x0a\x0d\x0d\x0a" and cuts.block_ends(data)[-1] == len(data)


def check_killed_waiting(read, wrong, directory, packets):
    """Killed with half of the input read: nothing appears, and what was there stays."""
    out = os.path.join(directory, "out.pcapng")
    half = pcaplib.pcap(packets, pcaplib.RAW)
    half = half[:len(half) // 2]
    for sent in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        for earlier in (None, b"earlier"):
            if earlier:
                reader.write(out, earlier)
            end, fd = os.pipe()
            p = read.start("-w", out, "-", stdin=end, stdout=subprocess.DEVNULL)
            os.close(end)
            os.write(fd, half[:60000])
            deadline = time.monotonic() + 1
            while not left_in(directory, "out.pcapng") and time.monotonic() < deadline and p.poll() is None:
                time.sleep(0.005)
            if p.poll() is not None:
                wrong("-w ended by itself: exit %d" % p.returncode)
            p.send_signal(sent)
            os.close(fd)
            p.communicate(timeout=WITHIN)
            if os.path.exists(out):
                with open(out, "rb") as f:
                    if f.read() != (earlier or b"") and not (sent != signal.SIGKILL and complete(out)):
                        wrong("after %s the output is neither absent, nor complete, nor what was there" % sent.name)
                os.remove(out)
            elif earlier:
                wrong("after %s the earlier file is gone" % sent.name)
            if sent != signal.SIGKILL and left_in(directory):
                wrong("after %s there is %s" % (sent.name, left_in(directory)))
            for name in left_in(directory):
                os.remove(os.path.join(directory, name))
    print("killed while it waits: 3 signals, with and without an earlier file", flush=True)


def check_killed_before(read, wrong, directory):
    """By a signal that came before it began to read, when its output was there already."""
    data = reader.write(os.path.join(directory, "in.pcap"), pcaplib.pcap(cuts.conversation(), pcaplib.RAW))

    def pending():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        os.kill(os.getpid(), signal.SIGTERM)

    other = reader.write(os.path.join(directory, "other.pcap"), pcaplib.pcap(cuts.conversation(), pcaplib.RAW))
    for command, args in (("read", ["-w", "out.pcapng", data]), ("read", ["--diagram", "1", "--svg", "out.svg", data]),
                          ("diff", ["--diagram", "1", "--svg", "out.svg", data, other])):
        p = subprocess.Popen([read.binary, command, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             preexec_fn=pending, cwd=directory)
        p.communicate(timeout=WITHIN)
        if p.returncode != 128 + signal.SIGTERM:
            wrong("SIGTERM before it begins: exit %d" % p.returncode)
        if left_in(directory, "in.pcap", "other.pcap"):
            wrong("SIGTERM before it begins: it left %s" % left_in(directory, "in.pcap", "other.pcap"))
    os.remove(data)
    os.remove(other)


def check_killed_anywhere(read, wrong, directory, packets):
    """At random moments."""
    source = reader.write(os.path.join(directory, "in.pcap"), pcaplib.pcap(packets, pcaplib.RAW))
    out = os.path.join(directory, "out.pcapng")
    began = time.monotonic()
    read.run("-w", out, source)
    took = time.monotonic() - began
    with open(out, "rb") as f:
        whole = f.read()
    rng = random.Random(4)
    appeared = 0
    for _ in range(40):
        os.remove(out) if os.path.exists(out) else None
        p = read.start("-w", out, source, stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, took * 1.6))
        p.kill()
        p.communicate(timeout=WITHIN)
        if os.path.exists(out):
            appeared += 1
            with open(out, "rb") as f:
                if f.read() != whole:
                    wrong("killed while it writes, it leaves a file that is not the whole")
        for name in left_in(directory, "in.pcap", "out.pcapng"):
            os.remove(os.path.join(directory, name))
    os.remove(source)
    os.remove(out) if os.path.exists(out) else None
    print("killed at 40 moments: the output was there %d times" % appeared, flush=True)


def check_full(read, wrong, directory):
    """A full disk is an error."""
    source = reader.write(os.path.join(directory, "in.pcap"), pcaplib.pcap(cuts.conversation(), pcaplib.RAW))
    with open("/dev/full", "wb") as full:
        for mode in (["--all"], ["--all", "-j"], ["--json=counts"], ["--packets"], ["--summary"]):
            r = read.run(*mode, source, may=None, stdout=full)
            if r.status == reader.OK or not r.err.strip():
                wrong("%s to a full disk: exit %d, %r" % (" ".join(mode), r.status, r.said()))
    r = read.run("-w", "/dev/full", source, may=None)
    if r.status == reader.OK or not r.err.strip():
        wrong("-w to a full disk: exit %d, %r" % (r.status, r.said()))
    os.remove(source)
    print("a full disk: 6 outputs", flush=True)


def truncate_meanwhile(read, path, size, to, after):
    """A run of a file that is cut to `to` bytes when it has been read for a while; its status and message."""
    with open(path, "r+b") as f:
        p = read.start("--json=counts", path)
        time.sleep(after)
        f.truncate(to)
        out, err = p.communicate(timeout=WITHIN * 3)
    return read.ended(("(a file that is truncated meanwhile)",), p.returncode, out, err,
                      (reader.OK, reader.PARTIAL))


def check_truncated(read, wrong, directory, gencap):
    """A sparse file of empty records, so that there is time; and a real one."""
    path = os.path.join(directory, "big.pcap")
    head = pcaplib.pcap(cuts.conversation(), pcaplib.RAW)
    met = tries = 0
    for after in (0.05, 0.02, 0.1, 0.2, 0.01, 0.3):
        for to in (GIB // 64, len(head) + 8, 100, 0):
            reader.write(path, head)
            os.truncate(path, len(head) + 2 * GIB // 16 * 16)
            r = truncate_meanwhile(read, path, 2 * GIB, to, after)
            met += r.status == reader.PARTIAL
            tries += 1
            if r.status == reader.PARTIAL and "truncated" not in r.err:
                wrong("a file that was truncated: stderr does not say so: %s" % r.said())
        if met >= 8:
            break
    if not met:
        wrong("a file that was truncated while it was read: never noticed in %d tries" % tries)
    status, _, err = reader.tool(gencap, "-n", "100M", "-o", path, "-t", path + ".json")
    if status:
        sys.exit("gencap: " + err)
    with open(path, "rb") as f:
        real = f.read()
    for after in (0.004, 0.008, 0.012, 0.016, 0.02, 0.03):
        reader.write(path, real)
        r = truncate_meanwhile(read, path, len(real), len(real) // 7, after)
        met += r.status == reader.PARTIAL
        tries += 1
    os.remove(path)
    os.remove(path + ".json")
    print("truncated while it is read: %d times of %d noticed" % (met, tries), flush=True)


class Lines:
    """The objects that a process prints, as they come."""

    def __init__(self, p):
        self.p, self.rest = p, b""

    def next(self, within=WITHIN):
        """None when it takes too long or the process ended."""
        deadline = time.monotonic() + within
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.p.stdout], [], [], max(0, deadline - time.monotonic()))
            more = os.read(self.p.stdout.fileno(), 65536) if ready else b""
            if not more:
                return None
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)


def check_follow(read, wrong, directory, form, name):
    """A file that grows in pieces that are no records."""
    packets = cuts.conversation()
    data = form(packets, pcaplib.RAW)
    ends = cuts.block_ends(data)[2:] if name == "pcapng" else pcaplib.read_pcap(data)[2]
    path = reader.write(os.path.join(directory, "growing." + name), data[:30])
    p = read.start("--follow", "--all", "-j", path)
    lines = Lines(p)
    # What has been decided when so many records are there, and how
    steps = ((6, "refused", 2), (8, "unreachable", 3), (len(packets), None, None))
    at, told = 30, []
    with open(path, "ab", buffering=0) as f:
        for n, outcome, port in steps:
            while at < ends[n - 1]:
                piece = data[at:min(at + 7, ends[n - 1])]
                f.write(piece)
                at += len(piece)
            while outcome and port not in dict(told):
                o = lines.next()
                if o is None:
                    wrong("--follow %s: nothing of port %d within %d s" % (name, port, WITHIN))
                    break
                told.append((o["client"]["port"], o["synsent"]["outcome"]))
            if outcome:
                wrong.want("--follow %s: port %d" % (name, port), dict(told).get(port), outcome)
    time.sleep(0.5)  # it has nothing to say when it has read the rest
    p.send_signal(signal.SIGINT)
    try:
        out, err = p.communicate(timeout=WITHIN)
    except subprocess.TimeoutExpired:
        wrong("--follow %s: it did not end within %d s of SIGINT" % (name, WITHIN))
        p.kill()
        out, err = p.communicate()
    for line in (lines.rest + out).splitlines():
        o = json.loads(line)
        told.append((o["client"]["port"], o["synsent"]["outcome"]))
    r = read.ended(("--follow", path), p.returncode, b"", err, (reader.OK, -signal.SIGKILL))
    wrong.want("--follow %s: packets seen" % name, r.ledger()["seen"], len(packets))
    wrong.want("--follow %s: ports of attempts" % name, sorted(port for port, _ in told), [1, 2, 2, 3, 4])
    os.remove(path)


def main():
    synsent, gencap = sys.argv[1:3]
    wrong = reader.Wrong()
    read = reader.Reader(synsent, wrong)
    with reader.temporary() as directory:
        flood = os.path.join(directory, "flood")
        reader.tool(gencap, "-m", "synflood", "-f", "ns", "-l", "raw", "-n", "3M", "-o", flood, "-t", flood + ".json")
        with open(flood, "rb") as f:
            packets = pcaplib.read_pcap(f.read())[1]
        os.remove(flood)
        os.remove(flood + ".json")
        check_onto_input(read, wrong, directory)
        check_killed_waiting(read, wrong, directory, packets)
        check_killed_before(read, wrong, directory)
        check_killed_anywhere(read, wrong, directory, packets)
        check_full(read, wrong, directory)
        check_follow(read, wrong, directory, pcaplib.pcap, "pcap")
        check_follow(read, wrong, directory, pcaplib.pcapng, "pcapng")
        print("two growing files", flush=True)
        check_truncated(read, wrong, directory, gencap)
        if left_in(directory):
            wrong("left behind: %s" % left_in(directory))
    print("%d runs, %d ledgers, %d wrong" % (read.runs, read.ledgers, wrong.n))
    return wrong.status()


if __name__ == "__main__":
    sys.exit(main())
