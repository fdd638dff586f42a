#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes corpus/frame/: one frame per file, each showing one thing that a decoder must get right.

A file is: link type (2 bytes), bytes that the capture cut off (2 bytes), both big-endian, then the frame.
"""
import os
import struct

SRC4, DST4 = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
SRC6, DST6 = bytes.fromhex("fd" + "00" * 14 + "01"), bytes.fromhex("fd" + "00" * 14 + "02")
ETHER, NULL, RAW, LOOP, SLL, IPV4, IPV6, SLL2 = 1, 0, 101, 108, 113, 228, 229, 276
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE = (1 << i for i in range(9))
SYN_OPTIONS = bytes.fromhex("0204ffd7" "0402" "080a0000000100000000" "01" "030307")


def fold(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def tcp(flags=SYN, seq=1000, ack=0, options=b"", payload=b"", ports=(40000, 12345), offset=None, urgent=0, window=64240):
    options += b"\0" * (-len(options) % 4)
    offset = 5 + len(options) // 4 if offset is None else offset
    return struct.pack(">HHIIHHHH", *ports, seq, ack, offset << 12 | flags, window, 0, urgent) + options + payload


def summed(segment, src, dst, checksum="right"):
    """The segment with its checksum: right, wrong, or partial as before a network card has made it."""
    pseudo = fold(src + dst + struct.pack(">II", len(segment), 6))
    value = {"right": 0xFFFF - fold(struct.pack(">H", pseudo) + segment), "wrong": 0x1234, "partial": pseudo}[checksum]
    return segment[:16] + struct.pack(">H", value) + segment[18:]


def ip4(payload, proto=6, options=b"", frag=0, total=None, ihl=None, checksum="right", src=SRC4, dst=DST4):
    if proto == 6 and len(payload) >= 20:
        payload = summed(payload, src, dst, checksum)
    ihl = 5 + len(options) // 4 if ihl is None else ihl
    total = 20 + len(options) + len(payload) if total is None else total
    head = struct.pack(">BBHHHBBH", 0x40 | ihl, 0, total, 7, frag, 64, proto, 0) + src + dst + options
    return head[:10] + struct.pack(">H", 0xFFFF - fold(head)) + head[12:] + payload


def ip6(payload, proto=6, length=None, checksum="right"):
    if proto == 6 and len(payload) >= 20:
        payload = summed(payload, SRC6, DST6, checksum)
    length = len(payload) if length is None else length
    return struct.pack(">IHBB", 0x600ABCDE, length, proto, 64) + SRC6 + DST6 + payload


def chain(*headers):
    """IPv6 extension headers, as (number, header with its first byte free), then the transport."""
    first, rest = 6, summed(tcp(options=SYN_OPTIONS), SRC6, DST6)
    for number, header in reversed(headers):
        rest = bytes([first]) + header[1:] + rest
        first = number
    return ip6(rest, first)


def icmp(kind, code, quoted, word=0):
    return ip4(struct.pack(">BBHI", kind, code, 0, word) + quoted, 1, src=bytes([10, 0, 0, 99]), dst=SRC4)


def icmp6(kind, code, quoted, word=0):
    return ip6(struct.pack(">BBHI", kind, code, 0, word) + quoted, 58)


def ether(kind, payload, tags=()):
    return bytes(12) + b"".join(struct.pack(">HH", t, 5) for t in tags) + struct.pack(">H", kind) + payload


SYN4, SYN6 = ip4(tcp(options=SYN_OPTIONS)), ip6(tcp(options=SYN_OPTIONS))
BARE4, BARE6 = ip4(tcp()), ip6(tcp())
HBH = (0, bytes([0, 0, 1, 4, 0, 0, 0, 0]))
DEST = (60, bytes([0, 1, 1, 12]) + bytes(12))
ROUTE = (43, bytes([0, 2, 0, 1]) + bytes(4) + DST6)
FRAG = (44, bytes([0, 0, 0, 0, 0, 0, 0, 7]))
AH = (51, bytes([0, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]) + bytes(range(12)))

frames = {
    # links
    "link-ethernet": (ETHER, ether(0x0800, SYN4)),
    "link-ethernet-padded": (ETHER, ether(0x0800, BARE4 + bytes(6))),
    "link-vlan": (ETHER, ether(0x0800, SYN4, [0x8100])),
    "link-qinq": (ETHER, ether(0x0800, SYN4, [0x88A8, 0x8100])),
    "link-9100-9200": (ETHER, ether(0x86DD, SYN6, [0x9100, 0x9200])),
    "link-vlan-300": (ETHER, ether(0x0800, BARE4, [0x8100] * 300)),
    "link-vlan-cut": (ETHER, ether(0x0800, b"", [0x8100])[:15]),
    "link-arp": (ETHER, ether(0x0806, bytes(28))),
    "link-sll": (SLL, struct.pack(">HHH8xH", 4, 1, 6, 0x0800) + SYN4),
    "link-sll-vlan": (SLL, struct.pack(">HHH8xHHH", 0, 1, 6, 0x8100, 5, 0x0800) + SYN4),
    "link-sll2": (SLL2, struct.pack(">HHIHBB8x", 0x86DD, 0, 999999, 1, 0, 6) + SYN6),
    "link-null-le": (NULL, b"\x02\0\0\0" + SYN4),
    "link-null-be": (NULL, b"\0\0\0\x02" + SYN4),
    "link-null-6": (NULL, b"\x1e\0\0\0" + SYN6),
    "link-null-other": (NULL, b"\x07\0\0\0" + SYN4),
    "link-loop": (LOOP, b"\0\0\0\x18" + SYN6),
    "link-raw-4": (RAW, SYN4),
    "link-raw-6": (RAW, SYN6),
    "link-ipv4": (IPV4, SYN4),
    "link-ipv6": (IPV6, SYN6),
    "link-unknown": (147, SYN4),
    "link-empty": (ETHER, b""),
    # IPv4
    "ip4-options": (RAW, ip4(tcp(), options=b"\x01\x01\x07\x03\x04\x01\x00\x00")),
    "ip4-source-route": (RAW, ip4(tcp(), options=b"\x83\x07\x04\x0a\x00\x00\x03\x00", checksum="wrong")),
    "ip4-fragment-first": (RAW, ip4(tcp(options=SYN_OPTIONS), frag=0x2000)),
    "ip4-fragment-later": (RAW, ip4(tcp(), frag=185)),
    "ip4-fragment-far": (RAW, ip4(tcp(), frag=0x1000)),
    "ip4-fragment-tiny": (RAW, ip4(tcp()[:8], frag=0x2000)),
    "ip4-header-4-words": (RAW, ip4(tcp(), ihl=4)),
    "ip4-header-cut": (RAW, SYN4[:12], 48),
    "ip4-total-0": (RAW, ip4(tcp(), total=0)),
    "ip4-total-short": (RAW, ip4(tcp(), total=30)),
    "ip4-total-in-header": (RAW, ip4(tcp(), total=19)),
    "ip4-total-long": (RAW, ip4(tcp(), total=1400)),
    "ip4-ah": (RAW, ip4(bytes([6]) + AH[1][1:] + summed(tcp(), SRC4, DST4), 51)),
    "ip4-udp": (RAW, ip4(bytes(8), 17)),
    "ip4-version-5": (RAW, b"\x55" + SYN4[1:]),
    # IPv6
    "ip6-ack": (RAW, ip6(tcp(ACK, 5, 6))),
    "ip6-header-cut": (RAW, SYN6[:39], 41),
    "ip6-hop-dest": (RAW, chain(HBH, DEST)),
    "ip6-route": (RAW, chain(ROUTE)),
    "ip6-fragment-first": (RAW, chain((44, b"\0\0\0\x01\0\0\0\7"))),
    "ip6-fragment-atomic": (RAW, chain(FRAG)),
    "ip6-fragment-later": (RAW, chain((44, b"\0\0\x05\xc8\0\0\0\7"))),
    "ip6-ah": (RAW, chain(AH)),
    "ip6-dest-200": (RAW, chain(*[(60, bytes([0, 0, 1, 4, 0, 0, 0, 0]))] * 200)),
    "ip6-overrun": (RAW, ip6(bytes([6, 200]) + bytes(6) + tcp(), 60)),
    "ip6-jumbo": (RAW, ip6(bytes([6, 0, 0xC2, 4, 0, 1, 0, 28]) + tcp(ACK) + b"\0", 0, length=0), 65535),
    "ip6-jumbo-small": (RAW, ip6(bytes([6, 0, 0xC2, 4, 0, 0, 0, 28]) + tcp(), 0, length=0)),
    # TCP
    "tcp-all-flags": (RAW, ip4(tcp(0xFF, ack=9, urgent=77))),
    "tcp-no-flags": (RAW, ip4(tcp(0))),
    "tcp-accecn": (RAW, ip4(tcp(SYN | ECE | CWR | AE))),
    "tcp-rst": (RAW, ip4(tcp(RST | ACK, 0, 1001))),
    "tcp-fin": (RAW, ip4(tcp(FIN | ACK, 7, 8, window=0))),
    "tcp-data": (RAW, ip4(tcp(PSH | ACK, 7, 8, payload=b"hello"))),
    "tcp-wrong-checksum": (RAW, ip4(tcp(), checksum="wrong")),
    "tcp-wrong-checksum-6": (RAW, ip6(tcp(payload=b"x"), checksum="wrong")),
    "tcp-partial-checksum": (RAW, ip4(tcp(), checksum="partial")),
    "tcp-offset-4": (RAW, ip4(tcp(offset=4))),
    "tcp-offset-15": (RAW, ip4(tcp(offset=15))),
    "tcp-cut-in-ports": (RAW, BARE4[:22], 18),
    "tcp-cut-in-window": (RAW, BARE4[:35], 5),
    "tcp-cut-after-window": (RAW, BARE4[:36], 4),
    "tcp-cut-in-options": (RAW, SYN4[:50], 10),
    # TCP options
    "opt-tfo-request": (RAW, ip4(tcp(options=b"\x22\x02\x01\x01"))),
    "opt-tfo-cookie": (RAW, ip4(tcp(options=b"\x22\x0a" + bytes(range(8))))),
    "opt-tfo-odd": (RAW, ip4(tcp(options=b"\x22\x05abc"))),
    "opt-tfo-experimental": (RAW, ip4(tcp(options=b"\xfe\x08\xf9\x89\1\2\3\4"))),
    "opt-experiment": (RAW, ip4(tcp(options=b"\xfe\x04\xab\xcd"))),
    "opt-mptcp-capable": (RAW, ip4(tcp(options=b"\x1e\x04\x01\x01"))),
    "opt-mptcp-capable-key": (RAW, ip4(tcp(ACK, options=b"\x1e\x14\x00\x81" + bytes(range(16))))),
    "opt-mptcp-join": (RAW, ip4(tcp(options=b"\x1e\x0c\x11\x02" + bytes(range(8))))),
    "opt-mptcp-dss": (RAW, ip4(tcp(ACK, options=b"\x1e\x14\x20\x05" + bytes(range(16))))),
    "opt-mptcp-add-addr": (RAW, ip4(tcp(ACK, options=b"\x1e\x08\x34\x02\x0a\0\0\3"))),
    "opt-mptcp-short": (RAW, ip4(tcp(options=b"\x1e\x02"))),
    "opt-sack": (RAW, ip4(tcp(ACK, 5, 6, options=b"\1\1\x05\x0a" + struct.pack(">II", 16, 26)))),
    "opt-sack-odd": (RAW, ip4(tcp(ACK, 5, 6, options=b"\x05\x05abc\1\1\1"))),
    "opt-md5": (RAW, ip4(tcp(options=b"\x13\x12" + bytes(range(16)) + b"\1\1"))),
    "opt-ao": (RAW, ip4(tcp(options=b"\x1d\x10\1\2" + bytes(range(12))))),
    "opt-user-timeout": (RAW, ip4(tcp(options=b"\x1c\x04\x80\x03"))),
    "opt-old": (RAW, ip4(tcp(options=b"\x06\x06abcd\x0b\x06\0\0\0\1\x14\x04\1\2\x0e\x03\1"))),
    "opt-unknown": (RAW, ip4(tcp(options=b"\x63\x05abc"))),
    "opt-eol": (RAW, ip4(tcp(options=b"\x02\x04\x05\xb4\x00\xff\xff\xff"))),
    "opt-length-0": (RAW, ip4(tcp(options=b"\x02\x04\x05\xb4\x08\x00"))),
    "opt-length-1": (RAW, ip4(tcp(options=b"\x08\x01\x01\x01"))),
    "opt-length-beyond": (RAW, ip4(tcp(options=b"\x08\x0a\0\0"))),
    "opt-mss-length-3": (RAW, ip4(tcp(options=b"\x02\x03\x05\xb4"))),
    "opt-kind-last": (RAW, ip4(tcp(options=b"\1\1\1\x08"))),
    # ICMP
    "icmp-net": (RAW, icmp(3, 0, BARE4)),
    "icmp-host-8": (RAW, icmp(3, 1, BARE4[:28])),
    "icmp-ports-only": (RAW, icmp(3, 1, BARE4[:24])),
    "icmp-no-ports": (RAW, icmp(3, 1, BARE4[:20])),
    "icmp-port": (RAW, icmp(3, 3, SYN4)),
    "icmp-port-udp": (RAW, icmp(3, 3, ip4(bytes(8), 17))),
    "icmp-need-frag": (RAW, icmp(3, 4, SYN4, 1280)),
    "icmp-host-prohibited": (RAW, icmp(3, 10, SYN4)),
    "icmp-filter": (RAW, icmp(3, 13, SYN4)),
    "icmp-code-99": (RAW, icmp(3, 99, SYN4)),
    "icmp-quench": (RAW, icmp(4, 0, SYN4)),
    "icmp-redirect": (RAW, icmp(5, 1, SYN4, 0x0A000003)),
    "icmp-ttl": (RAW, icmp(11, 0, SYN4)),
    "icmp-parameter": (RAW, icmp(12, 0, SYN4, 0x14000000)),
    "icmp-in-icmp": (RAW, icmp(3, 1, icmp(3, 1, BARE4))),
    "icmp-quoted-fragment": (RAW, icmp(3, 1, ip4(tcp(), frag=9))),
    "icmp-quoted-total-0": (RAW, icmp(3, 1, ip4(tcp(), total=0))),
    "icmp-echo": (RAW, ip4(bytes([8, 0, 0, 0, 0, 1, 0, 1]), 1)),
    "icmp-cut": (RAW, icmp(3, 3, SYN4)[:40], 48),
    "icmp6-no-route": (RAW, icmp6(1, 0, BARE6)),
    "icmp6-prohibited": (RAW, icmp6(1, 1, BARE6)),
    "icmp6-scope": (RAW, icmp6(1, 2, BARE6)),
    "icmp6-address": (RAW, icmp6(1, 3, BARE6[:48])),
    "icmp6-port": (RAW, icmp6(1, 4, SYN6)),
    "icmp6-port-behind-headers": (RAW, icmp6(1, 4, chain(HBH, DEST, FRAG))),
    "icmp6-too-big": (RAW, icmp6(2, 0, SYN6, 1280)),
    "icmp6-hops": (RAW, icmp6(3, 0, SYN6)),
    "icmp6-parameter": (RAW, icmp6(4, 1, SYN6, 6)),
    "icmp6-echo": (RAW, ip6(bytes([128, 0, 0, 0, 0, 1, 0, 1]), 58)),
}

where = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "frame")
for name, (link, frame, *cut) in frames.items():
    with open(os.path.join(where, name), "wb") as f:
        f.write(struct.pack(">HH", link, cut[0] if cut else 0) + frame)
