#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture that ends too early, at every byte: only the tail is lost, and it is said.

cuts.py SYNSENT

A file that is cut within a record is what the file of the whole records before it is, and exit 3; between records it
is a smaller capture.  What was answered stays answered as it was.
"""
import gzip
import os
import sys

import frames
import pcaplib
import reader

MANY = 200  # files for one run: it holds each of them open
START = 1700000000 * pcaplib.NSEC


def conversation():
    """Packets of attempts of every fate, in raw IP."""
    out = []

    def put(seconds, data):
        out.append(pcaplib.Packet(START + int(seconds * pcaplib.NSEC), data, len(data)))

    def client(port, flags, seq, ack=0):
        return frames.ip4(frames.SRC4, frames.DST4, 6, frames.tcp(
            frames.SRC4, frames.DST4, port, 80, seq, ack, flags, frames.SYN_OPTIONS if flags == frames.SYN else b""))

    def server(port, flags, ack):
        return frames.ip4(frames.DST4, frames.SRC4, 6, frames.tcp(
            frames.DST4, frames.SRC4, 80, port, 5000, ack, flags))

    put(0, client(1, frames.SYN, 100))                          # is established
    put(0.01, client(2, frames.SYN, 200))                       # is refused
    put(0.02, server(1, frames.SYN | frames.ACK, 101))
    put(0.03, client(1, frames.ACK, 101, 5001))
    put(0.04, server(2, frames.RST | frames.ACK, 4242))         # somebody else's
    put(0.05, server(2, frames.RST | frames.ACK, 201))
    put(0.06, client(3, frames.SYN, 300))                       # meets an ICMP error
    put(0.07, frames.icmp4(client(3, frames.SYN, 300)[:28]))
    put(0.08, client(4, frames.SYN, 400))                       # is never answered
    put(0.5, client(2, frames.SYN, 250))                        # the same ports once more
    put(0.6, server(2, frames.SYN | frames.ACK, 251))
    put(0.61, client(2, frames.RST, 251))
    for t in (1.08, 3.08):
        put(t, client(4, frames.SYN, 400))
    return out


def block_ends(data):
    """Of a little-endian pcapng."""
    at, ends = 0, []
    while at < len(data):
        at += int.from_bytes(data[at + 4:at + 8], "little")
        ends.append(at)
    return ends


def read_cuts(read, name, data, lengths):
    """{length: (counts, exit status of a run of that file alone or None, what stderr says of it)}"""
    out = {}
    for first in range(0, len(lengths), MANY):
        with reader.temporary() as d:
            paths = {n: reader.write(os.path.join(d, "%05d-%s" % (n, name)), data[:n])
                     for n in lengths[first:first + MANY]}
            counts, r = read.counts(*paths.values(), may=(reader.OK, reader.PARTIAL))
            lines = r.err.splitlines()
            for n, path in paths.items():
                out[n] = counts.get(path), [line for line in lines if path in line and "seen" not in line]
    return out


def check_cuts(read, wrong, name, data, boundaries):
    """boundaries: where a record ends."""
    found = read_cuts(read, name, data, list(range(len(data) + 1)))
    for n in range(len(data) + 1):
        whole = max([b for b in boundaries if b <= n], default=0)
        counts, said = found[n]
        if counts != found[whole][0]:
            wrong("%s cut at %d: %r, not %r as of the %d bytes before" % (name, n, counts, found[whole][0], whole))
        if bool(said) != (n not in boundaries):
            wrong("%s cut at %d: stderr says %r of it" % (name, n, said))
    return len(found)


def check_statuses(read, wrong, name, data, boundaries):
    """Singly, at a few places in each record."""
    runs = 0
    for end in boundaries:
        for n in (end - 1, end, end + 1, end + 17):
            if not 0 <= n <= len(data):
                continue
            with reader.temporary() as d:
                path = reader.write(os.path.join(d, name), data[:n])
                r = read.run("--all", "-j", path, may=(reader.OK if n in boundaries else reader.PARTIAL,))
                if n not in boundaries and path not in r.err:
                    wrong("%s cut at %d: stderr does not name it: %s" % (name, n, r.said()))
            runs += 1
    return runs


def check_decided(read, wrong, packets):
    """What was answered stays as it was, record by record."""
    before = {}
    for n in range(len(packets) + 1):
        with reader.temporary() as d:
            path = reader.write(os.path.join(d, "n.pcap"), pcaplib.pcap(packets[:n], pcaplib.RAW))
            now = {reader.key(a): a for a in read.attempts(path)[0]}
        for at, attempt in before.items():
            if at not in now:
                wrong("with %d records attempt %s is no longer there" % (n, at))
            elif "answer" in attempt["synsent"] and attempt["synsent"]["answer"] != now[at]["synsent"].get("answer"):
                wrong("with %d records the answer of %s is another" % (n, at))
            elif attempt["synsent"]["syns_ns"] != now[at]["synsent"]["syns_ns"][:len(attempt["synsent"]["syns_ns"])]:
                wrong("with %d records the SYNs of %s are others" % (n, at))
        before = now
    return len(packets)


def check_compressed(read, wrong, name, data):
    """Fewer bytes never count more, and what is missing is said."""
    found = read_cuts(read, name, data, list(range(len(data) + 1)))
    most = 0
    for n in range(len(data) + 1):
        counts, said = found[n]
        if counts is None:
            wrong("%s cut at %d: no object for it" % (name, n))
            continue
        if counts[0] < most:
            wrong("%s cut at %d: %d attempts, and %d with less of it" % (name, n, counts[0], most))
        most = max(most, counts[0])
        if bool(said) != (n < len(data)):
            wrong("%s cut at %d of %d: stderr says %r of it" % (name, n, len(data), said))
    return len(found)


def main():
    wrong = reader.Wrong()
    read = reader.Reader(sys.argv[1], wrong)
    packets = conversation()
    pcap, pcapng = pcaplib.pcap(packets, pcaplib.RAW), pcaplib.pcapng(packets, pcaplib.RAW)
    forms = (("x.pcap", pcap, [24] + pcaplib.read_pcap(pcap)[2]), ("x.pcapng", pcapng, block_ends(pcapng)))
    for name, data, boundaries in forms:
        print("%s: %d cuts, %d of them read singly" % (
            name, check_cuts(read, wrong, name, data, boundaries),
            check_statuses(read, wrong, name, data, boundaries)), flush=True)
    print("%d records, one by one" % check_decided(read, wrong, packets), flush=True)
    packed = [("x.gz", gzip.compress(pcap))]
    for program, ending in (("zstd", "zst"), ("lz4", "lz4")):
        with reader.temporary() as d:
            if reader.found(program):
                out = reader.tool(program, "-q", "-c", reader.write(os.path.join(d, "x"), pcap))[1]
                packed.append(("x." + ending, out))
            else:
                print("left out: %s is missing" % program)
    for name, data in packed:
        print("%s: %d cuts" % (name, check_compressed(read, wrong, name, data)), flush=True)
    print("%d runs, %d ledgers, %d wrong" % (read.runs, read.ledgers, wrong.n))
    return wrong.status()


if __name__ == "__main__":
    sys.exit(main())
