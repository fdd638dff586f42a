#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of chance against a model of what must be counted of them.

chance.py SYNSENT [CAPTURES [SEED]]

A few clients and servers send SYNs, answers that fit and answers that nearly fit, in any order.  The model is the
definition, written once more, over what was sent and not over bytes:
  attempt   a 4-tuple and ISN that a SYN without ACK, RST and FIN had; each further one is a retransmission
  answer    after it in the file, the other way: a SYN-ACK or an RST with ACK, whose ack is ISN + 1 or up to the SYN's
            payload beyond, or an ICMP error that quotes its 4-tuple and ISN; the first decides
"""
import os
import random
import struct
import sys

import frames
import pcaplib
import reader
from frames import ACK, FIN, PSH, RST, SYN

MANY = 100  # captures for one run
START = 1700000000 * pcaplib.NSEC
ICMP4 = (3, 0), (3, 1), (3, 3), (3, 4), (3, 13), (4, 0), (5, 1), (11, 0), (12, 0)
ICMP6 = (1, 0), (1, 4), (2, 0), (3, 0), (4, 1)
SHRUNK = 5  # so many captures that are counted wrong are made shorter until each packet matters


class Sent:
    """One packet, as the model sees it."""

    def __init__(self, flow, seq, ack, flags, payload):
        self.flow, self.flags, self.payload = flow, flags, payload
        self.seq, self.ack = seq & 0xFFFFFFFF, ack & 0xFFFFFFFF
        self.icmp = None  # (type, code): this packet is quoted
        self.quoted_len = 999

    def __str__(self):
        flags = "".join(c for bit, c in enumerate("FSRPA") if self.flags >> bit & 1)
        return "%s%s:%d>%s:%d %s seq %d ack %d" % (
            "icmp %d/%d quoting %d of " % (*self.icmp, self.quoted_len) if self.icmp else "", self.flow[0][-1:].hex(),
            self.flow[1], self.flow[2][-1:].hex(), self.flow[3], flags, self.seq, self.ack)


def reverse(flow):
    return flow[2], flow[3], flow[0], flow[1]


def model(packets):
    attempts = {}
    for p in packets:
        quoted = p.icmp and p.quoted_len >= 8
        if not p.icmp and p.flags & (SYN | ACK | RST | FIN) == SYN:
            a = attempts.setdefault((p.flow, p.seq), {"syns": 0, "answer": None, "payload": p.payload})
            a["syns"] += 1
        for (flow, isn), a in attempts.items():
            if a["answer"]:
                continue
            fits = p.flags & ACK and (p.ack - isn - 1) & 0xFFFFFFFF <= a["payload"]
            if quoted and p.flow == flow and p.seq == isn:
                a["answer"] = "icmp"
            elif not p.icmp and p.flow == reverse(flow) and fits:
                if p.flags & SYN and not p.flags & RST:
                    a["answer"] = "synack"
                elif p.flags & RST and not p.flags & SYN:
                    a["answer"] = "rst"
    answers = [a["answer"] for a in attempts.values()]
    return (len(attempts), sum(a["syns"] - 1 for a in attempts.values()), answers.count("synack"),
            answers.count("rst"), answers.count("icmp"), answers.count(None))


def some_flow(rng):
    net = frames.SRC6[:15] if rng.random() < 0.3 else frames.SRC4[:3]
    client, server = net + bytes([rng.randint(1, 2)]), net + bytes([rng.randint(8, 9)])
    return client, rng.choice((1000, 1001)), server, rng.choice((80, 443))


def some_isn(rng):
    """Few, so that tuples are used again and acks are mistaken; some at the edge."""
    return rng.choice((0xFFFFFFFF, 0, 7, 100000, 100001, 3000000000))


def payload_of(flow, isn):
    return 5 if (flow[1] + isn) % 7 == 0 else 0


def some_packet(rng, known):
    kind = rng.random()
    flow = rng.choice(known)[0] if known and rng.random() < 0.7 else some_flow(rng)
    isns = [isn for f, isn in known if f == flow]
    isn = rng.choice(isns) if isns and rng.random() < 0.7 else some_isn(rng)
    near = rng.choice((1, 1, 1, 1, 1, 0, 2, 5, 6, 7, 1 << 31))
    if kind < 0.35:
        known.append((flow, isn))
        return Sent(flow, isn, 0, SYN, payload_of(flow, isn))
    if kind < 0.5:
        return Sent(reverse(flow), rng.getrandbits(32), isn + near, SYN | ACK, 0)
    if kind < 0.6:
        return Sent(reverse(flow), 0, isn + near, RST | ACK, 0)
    if kind < 0.65:
        return Sent(reverse(flow), isn + 1, 0, RST, 0)
    if kind < 0.7:
        odd = rng.choice((SYN | FIN, SYN | RST, SYN | ACK | RST, SYN | FIN | ACK, SYN | RST | FIN))
        return Sent(rng.choice((flow, reverse(flow))), isn, isn + 1, odd, 0)
    if kind < 0.85:
        p = Sent(flow, isn + rng.choice((0, 0, 0, 1, -1)), 0, SYN, 0)
        p.icmp = rng.choice(ICMP6 if len(flow[0]) == 16 else ICMP4)
        p.quoted_len = rng.choice((999, 999, 8, 4, 0))
        return p
    return Sent(rng.choice((flow, reverse(flow))), isn + 1, isn + 1, rng.choice((ACK, PSH | ACK, FIN | ACK)), 10)


def icmp6(quoted, kind, code, src, dst):
    message = struct.pack("!BBHI", kind, code, 0, 0) + quoted
    pseudo = src + dst + struct.pack("!II", len(message), 58)
    return frames.ip6(src, dst, 58, message[:2] + struct.pack("!H", frames.checksum(pseudo + message)) + message[4:])


def as_bytes(p, ident):
    """Each with an IP ID or flow label of its own, so that none is the duplicate of another."""
    src, sport, dst, dport = p.flow
    payload = b"x" * p.payload
    options = frames.SYN_OPTIONS if p.flags == SYN else b""
    segment = frames.tcp(src, dst, sport, dport, p.seq, p.ack, p.flags, options, payload)
    if len(src) == 4:
        packet = frames.ip4(src, dst, 6, segment, ident=ident)
        return frames.icmp4(packet[:20 + p.quoted_len], *p.icmp, dst=src) if p.icmp else packet
    packet = frames.ip6(src, dst, 6, segment)
    packet = struct.pack("!I", 0x60000000 | ident) + packet[4:]
    return icmp6(packet[:40 + p.quoted_len], *p.icmp, dst[:15] + b"\x77", src) if p.icmp else packet


def capture(rng):
    """[(packet as sent, as captured)]"""
    known, both = [], []
    t = START
    for i in range(rng.randint(1, 80)):
        p = some_packet(rng, known)
        t += rng.choice((1, 1000, 10 ** 6, 10 ** 7, 10 ** 8, 10 ** 9)) * rng.randint(1, 2)
        data = as_bytes(p, i + 1)
        both.append((p, pcaplib.Packet(t, data, len(data))))
    return both


def compare(read, captures, form=pcaplib.pcap, order="<"):
    """[(counted, to be counted)]"""
    with reader.temporary() as d:
        paths = [reader.write(os.path.join(d, str(n)), form([data for _, data in both], pcaplib.RAW, order))
                 for n, both in enumerate(captures)]
        got, _ = read.counts(*paths)
    return [(got.get(path), model([p for p, _ in both])) for path, both in zip(paths, captures)]


def shrink(read, both):
    """The same without the packets that do not matter."""
    while True:
        shorter = [both[:i] + both[i + 1:] for i in range(len(both))]
        wrong = [c for c, (got, want) in zip(shorter, compare(read, shorter)) if got != want]
        if not wrong:
            return both
        both = wrong[0]


def main():
    captures = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    wrong = reader.Wrong()
    read = reader.Reader(sys.argv[1], wrong)
    packets = 0
    for first in range(0, captures, MANY):
        some = [capture(random.Random(seed * 10 ** 6 + n)) for n in range(first, min(first + MANY, captures))]
        packets += sum(map(len, some))
        form, order = (pcaplib.pcap, pcaplib.pcapng)[first // MANY % 2], "<>"[first // MANY // 2 % 2]
        for n, (both, (got, want)) in enumerate(zip(some, compare(read, some, form, order)), first):
            if got == want:
                continue
            story = ""
            if wrong.n < SHRUNK:
                both = shrink(read, both)
                (got, want), = compare(read, [both])
                story = ": " + "; ".join(str(p) for p, _ in both)
            wrong.want("capture %d of seed %d: %s%s" % (n, seed, " ".join(reader.COUNTS), story), got, want)
    print("%d captures, %d packets, %d wrong" % (captures, packets, wrong.n))
    return wrong.status()


if __name__ == "__main__":
    sys.exit(main())
