#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes corpus/names/: DNS messages, rules and hosts files, as fuzz_names.c has them."""
import os
import struct

A, NS, PTR, TXT, AAAA, HTTPS, ANY = 1, 2, 12, 16, 28, 65, 255
RD, CD = 0x0100, 0x0010


def name(text):
    return b"".join(bytes([len(label)]) + label for label in text.encode().split(b".") if label) + b"\0"


def opt(payload=1232, version=0, options=b""):
    return b"\0" + struct.pack(">HHIH", 41, payload, version << 16, len(options)) + options


def ask(what, kind=A, flags=RD, of=1, more=(), counts=None):
    counts = counts or (1, 0, 0, len(more))
    question = (what if isinstance(what, bytes) else name(what)) + struct.pack(">HH", kind, of)
    return struct.pack(">HHHHHH", 0xBEEF, flags, *counts) + question + b"".join(more)


def record(owner, kind=A, data=bytes(4)):
    return owner + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


LONGEST = ".".join(["a" * 63] * 3 + ["b" * 61])
REVERSE6 = ".".join("1" + "0" * 23 + "8bd01002") + ".ip6.arpa"
MANY = "many=" + ",".join("2001:db8:1::%x" % i for i in range(1, 17))
cases = {
    "plain": ("", ask("db.internal"), ask("db.internal", AAAA)),
    "edns": ("", ask("db.internal", more=[opt()]), ask("DB.internal", AAAA, more=[opt(4096, options=b"\0\x0a\0\2ab")])),
    "edns-version": ("", ask("db", more=[opt(version=1)]), ask("db", more=[opt(), opt()])),
    "edns-small": (MANY, ask("many", AAAA, more=[opt(0)]), ask("many", AAAA)),
    "types": ("gone=\n", ask("db", HTTPS), ask("gone", TXT), ask("gone", A), ask("", NS), ask("", A), ask("db", ANY)),
    "longest": ("", ask(LONGEST), ask(LONGEST, AAAA), ask("1.0.18.198.in-addr.arpa", PTR)),
    "reverse": ("", ask("a"), ask("1.0.18.198.in-addr.arpa", PTR), ask(REVERSE6, PTR), ask("9.0.0.127.in-addr.arpa", PTR)),
    "localhost": ("localhost=10.0.0.1", ask("localhost"), ask("a.localhost", AAAA), ask("10.0.0.1")),
    "wildcards": ("*.internal=10.0.0.1\n*=::1,10.0.0.2\nx.internal=", ask("a.internal"), ask("x.internal"), ask("y", AAAA)),
    "classes": ("", ask("db", of=3), ask("db", of=255)),
    "opcodes": ("", ask("db", flags=0x2800), ask("db", flags=0x8180), ask("db", flags=CD)),
    "records": ("", ask("db", more=[record(b"\xc0\x0c"), record(name("x.y")), opt()]),
                ask("db", counts=(1, 1, 1, 1), more=[record(b"\0"), record(b"\1a\xc0\x0c"), opt()])),
    "pointer": ("", ask(b"\xc0\x0c"), ask(b"\2ab\xc0\x0c"), ask(b"\x41x\0")),
    "counts": ("", ask("db", counts=(0, 0, 0, 0)), ask("db", counts=(2, 0, 0, 0)), ask("db", counts=(1, 65535, 65535, 65535))),
    "no-text": ("", ask(b"\3a\0b\0"), ask(b"\3a.b\0"), ask(b"\3\xff \x1b\0")),
    "hosts": ("127.0.0.1 localhost\n127.0.1.1\thost.example host # me\n::1 ip6-localhost\n\n10.0.0.1 db db=10.0.0.1\n",),
    "rules": ("db=10.0.0.1\nDB.=10.0.0.2,::1\n=x\n*.=\n10.0.0.1=::1\na=,\n" + LONGEST + "=::2", ask("db"), ask(LONGEST, AAAA)),
}

where = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "names")
os.makedirs(where, exist_ok=True)
for n, (case, (text, *messages)) in enumerate(cases.items()):
    with open(os.path.join(where, case), "wb") as f:
        f.write(bytes([n % 2]) + text.encode() + b"\0" + b"".join(struct.pack(">H", len(m)) + m for m in messages))
