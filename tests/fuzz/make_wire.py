#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes corpus/wire, by the shape that fuzz_wire.c tells: handshakes under some faults."""
import os
import struct

FAR, MADE, V6, TIMESTAMPS, PARTIAL, SLOW, OPTIONS = 1, 2, 4, 8, 16, 32, 64
FIN, SYN, RST, ACK, ECE = 1, 2, 4, 16, 64


def segment(what, wait, flags, ports=0, seq=0, ack=0, payload=0):
    return bytes([what | MADE, wait, flags, ports, seq, ack, payload])


def raw(what, wait, frame):
    return bytes([what, wait, len(frame)]) + frame


def handshake(what=0, ports=0):
    return (
        segment(what, 1, SYN | ECE, ports, 10)
        + segment(what | SLOW, 10, SYN, ports, 10)
        + segment(what | FAR, 5, SYN | ACK, ports, 50, 11)
        + segment(what, 5, ACK, ports, 11, 51)
        + segment(what, 5, ACK, ports, 11, 51, 100)
        + segment(what | FAR, 5, ACK, ports, 51, 111, 200)
        + segment(what, 5, FIN | ACK, ports, 111, 251)
        + segment(what | FAR, 5, FIN | ACK, ports, 251, 112)
    )


def faults(*numbers):
    return struct.pack(">IB", sum(1 << n for n in numbers), 7)


ARP = bytes.fromhex("ffffffffffff0200000000020806") + bytes(28)
seeds = {
    "none": faults() + handshake() + raw(FAR, 0, ARP),
    "drops": faults(0, 2, 3) + handshake() + handshake(V6 | TIMESTAMPS),
    "answers": faults(*range(5, 12)) + b"".join(handshake(w, p) for p in range(1, 9) for w in (OPTIONS, V6 | PARTIAL)),
    "delays": faults(13, 15, 18) + handshake(PARTIAL) + handshake(V6 | SLOW),
    "reorder": faults(14, 20) + handshake() + handshake(V6) + raw(0, 9, ARP),
    "losses": faults(16, 17, 19) + handshake() * 4,
    "stale": faults(22) + handshake(0, 9) + handshake(0, 25),
    "strips": faults(*range(23, 31)) + handshake(OPTIONS | TIMESTAMPS) + handshake(OPTIONS | PARTIAL | V6),
    "many": faults(12) + b"".join(segment(0, 1, SYN, p * 16 + p, p) for p in range(12)),
}

where = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "wire")
os.makedirs(where, exist_ok=True)
for name, data in seeds.items():
    with open(os.path.join(where, name), "wb") as f:
        f.write(data)
