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
PPP, RAW_OPENBSD, PPP_HDLC, PPP_ETHER, C_HDLC, WIFI, PRISM, RADIOTAP, AVS = 9, 14, 50, 51, 104, 105, 119, 127, 163
PPP_PPPD, PPI, PPP_WITH_DIR, C_HDLC_WITH_DIR, MPLS = 166, 192, 204, 205, 219
OUT4, FAR4 = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])  # the ends of tunnels
OUT6, FAR6 = bytes.fromhex("20010db8" + "00" * 11 + "01"), bytes.fromhex("20010db8" + "00" * 11 + "02")
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


def snap(payload, kind=0x0800, oui=b"\0\0\0"):
    return b"\xaa\xaa\x03" + oui + struct.pack(">H", kind) + payload


def ether3(payload):
    """IEEE 802.3: a length, then LLC."""
    return ether(len(payload), payload)


def wifi(payload, subtype=0, flags=1, sequence=0, extra=b""):
    return bytes([8 | subtype << 4, flags]) + bytes(20) + struct.pack("<H", sequence) + extra + payload


def radiotap(payload, present=0, fields=b""):
    return struct.pack("<BBHI", 0, 0, 8 + len(fields), present) + fields + payload


def pppoe(payload, session=17, code=0, version=0x11, length=None):
    return struct.pack(">BBHH", version, code, session, len(payload) if length is None else length) + payload


def mpls(payload, *labels):
    last = len(labels) - 1
    return b"".join(struct.pack(">I", l << 12 | (i == last) << 8 | 64) for i, l in enumerate(labels)) + payload


def out4(payload, proto, **more):
    return ip4(payload, proto, src=OUT4, dst=FAR4, **more)


def out6(payload, proto):
    return struct.pack(">IHBB", 0x60000000, len(payload), proto, 64) + OUT6 + FAR6 + payload


def udp(payload, port, length=None, source=33333):
    return struct.pack(">HHHH", source, port, 8 + len(payload) if length is None else length, 0) + payload


def gre(kind, payload, flags=0, words=()):
    return struct.pack(">HH", flags, kind) + b"".join(struct.pack(">I", w) for w in words) + payload


def vxlan(payload, vni=5, flags=8, last=0):
    return struct.pack(">BxxBI", flags, last, vni << 8) + payload


def geneve(payload, kind=0x6558, vni=7, options=b"", flags=0, version=0):
    return struct.pack(">BBHI", version << 6 | len(options) // 4, flags, kind, vni << 8) + options + payload


def gtpu(payload, flags=0x30, message=255, teid=0x1234, more=b""):
    return struct.pack(">BBHI", flags, message, len(more) + len(payload), teid) + more + payload


def nested(payload, n):
    for _ in range(n):
        payload = out4(payload, 4)
    return payload


SYN4, SYN6 = ip4(tcp(options=SYN_OPTIONS)), ip6(tcp(options=SYN_OPTIONS))
BARE4, BARE6 = ip4(tcp()), ip6(tcp())
HBH = (0, bytes([0, 0, 1, 4, 0, 0, 0, 0]))
DEST = (60, bytes([0, 1, 1, 12]) + bytes(12))
ROUTE = (43, bytes([0, 2, 0, 1]) + bytes(4) + DST6)
FRAG = (44, bytes([0, 0, 0, 0, 0, 0, 0, 7]))
AH = (51, bytes([0, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]) + bytes(range(12)))
ERSPAN2, ERSPAN3 = struct.pack(">II", 0x10050009, 3), struct.pack(">IIHH", 0x20050009, 1, 0, 0)

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
    "link-raw-openbsd": (RAW_OPENBSD, SYN4),
    "link-snap": (ETHER, ether3(snap(SYN4))),
    "link-snap-802.1h": (ETHER, ether3(snap(SYN6, 0x86DD, b"\0\0\xf8"))),
    "link-snap-vlan": (ETHER, ether(len(SYN4) + 8, snap(SYN4), [0x8100])),
    "link-snap-other-oui": (ETHER, ether3(snap(SYN4, oui=b"\0\0\x0c"))),
    "link-llc-ip": (ETHER, ether3(b"\x06\x06\x03" + SYN4)),
    "link-llc-stp": (ETHER, ether3(b"\x42\x42\x03" + bytes(35))),
    "link-llc-cut": (ETHER, ether3(snap(SYN4))[:20], 60),
    "link-length-0": (ETHER, ether(0, SYN4)),
    "link-sll-llc": (SLL, struct.pack(">HHH8xH", 0, 1, 6, 4) + snap(SYN4)),
    "link-ppp": (PPP, b"\xff\x03\x00\x21" + SYN4),
    "link-ppp-6": (PPP, b"\xff\x03\x00\x57" + SYN6),
    "link-ppp-no-address": (PPP, b"\x00\x21" + SYN4),
    "link-ppp-compressed": (PPP, b"\x21" + SYN4),
    "link-ppp-cisco": (PPP, b"\x0f\x00\x08\x00" + SYN4),
    "link-ppp-mpls": (PPP, b"\xff\x03\x02\x81" + mpls(SYN4, 29)),
    "link-ppp-lcp": (PPP, b"\xff\x03\xc0\x21\x09\x01\x00\x08\0\0\0\0"),
    "link-ppp-contradicts": (PPP, b"\xff\x03\x00\x21" + SYN6),
    "link-ppp-hdlc": (PPP_HDLC, b"\xff\x03\x00\x21" + SYN4),
    "link-ppp-hdlc-cisco": (PPP_HDLC, b"\x8f\x00\x86\xdd" + SYN6),
    "link-pppd": (PPP_PPPD, b"\x01\x03\x00\x21" + SYN4),
    "link-pppd-no-control": (PPP_PPPD, b"\x00\x21" + SYN4),
    "link-ppp-direction": (PPP_WITH_DIR, b"\x00\xff\x03\x00\x21" + SYN4),
    "link-ppp-ether": (PPP_ETHER, pppoe(b"\x00\x21" + SYN4)),
    "link-hdlc": (C_HDLC, b"\x0f\x00\x08\x00" + SYN4),
    "link-hdlc-slarp": (C_HDLC, b"\x8f\x00\x80\x35" + bytes(18)),
    "link-hdlc-ppp": (C_HDLC, b"\xff\x03\x00\x21" + SYN4),
    "link-hdlc-direction": (C_HDLC_WITH_DIR, b"\x01\x0f\x00\x86\xdd" + SYN6),
    "link-mpls": (MPLS, mpls(SYN4, 16, 17)),
    "link-wifi": (WIFI, wifi(snap(SYN4))),
    "link-wifi-qos": (WIFI, wifi(snap(SYN4), 8, extra=b"\0\0")),
    "link-wifi-4-addresses": (WIFI, wifi(snap(SYN6, 0x86DD), 8, 3, extra=bytes(6) + b"\x05\0")),
    "link-wifi-ht-control": (WIFI, wifi(snap(SYN4), 8, 0x82, extra=bytes(6))),
    "link-wifi-order": (WIFI, wifi(snap(SYN4), 0, 0x82)),
    "link-wifi-amsdu": (WIFI, wifi(bytes(12) + struct.pack(">H", 8 + len(SYN4)) + snap(SYN4), 8, extra=b"\x80\0")),
    "link-wifi-vlan": (WIFI, wifi(snap(struct.pack(">HH", 5, 0x0800) + SYN4, 0x8100))),
    "link-wifi-fragment-first": (WIFI, wifi(snap(SYN4), 0, 5)),
    "link-wifi-fragment-later": (WIFI, wifi(snap(SYN4), 0, 1, 1)),
    "link-wifi-encrypted": (WIFI, wifi(snap(SYN4), 0, 0x41)),
    "link-wifi-no-data": (WIFI, wifi(b"", 4)),
    "link-wifi-beacon": (WIFI, bytes([0x80, 0]) + bytes(22) + bytes(12)),
    "link-radiotap": (RADIOTAP, radiotap(wifi(snap(SYN4)))),
    "link-radiotap-padded": (RADIOTAP, radiotap(wifi(snap(SYN4), 8, extra=bytes(4)), 3, bytes(8) + b"\x20")),
    "link-radiotap-words": (RADIOTAP, radiotap(wifi(snap(SYN4), 8, extra=bytes(4)), 0x80000003,
                                               struct.pack("<I", 0) + bytes(4) + bytes(8) + b"\x20")),
    "link-radiotap-words-endless": (RADIOTAP, radiotap(wifi(snap(SYN4)), 0x80000002, b"\xff" * 8)),
    "link-radiotap-length-7": (RADIOTAP, b"\0\0\7\0" + radiotap(wifi(snap(SYN4)))[4:]),
    "link-radiotap-length-long": (RADIOTAP, b"\0\0\xff\xff" + radiotap(wifi(snap(SYN4)))[4:]),
    "link-prism": (PRISM, struct.pack("<II", 0x44, 144) + bytes(136) + wifi(snap(SYN4))),
    "link-prism-avs": (PRISM, struct.pack(">II", 0x80211001, 64) + bytes(56) + wifi(snap(SYN4))),
    "link-avs": (AVS, struct.pack(">II", 0x80211001, 64) + bytes(56) + wifi(snap(SYN4))),
    "link-avs-short": (AVS, struct.pack(">II", 0x80211001, 8) + bytes(56) + wifi(snap(SYN4))),
    "link-ppi": (PPI, struct.pack("<BBHI", 0, 0, 8, 105) + wifi(snap(SYN4))),
    "link-ppi-ethernet": (PPI, struct.pack("<BBHI", 0, 0, 12, 1) + bytes(4) + ether(0x86DD, SYN6)),
    "link-ppi-in-ppi": (PPI, struct.pack("<BBHI", 0, 0, 8, 192) * 4 + SYN4),
    "link-ppi-unknown": (PPI, struct.pack("<BBHI", 0, 0, 8, 0xFFFFFFFF) + SYN4),
    "link-ppi-length-7": (PPI, struct.pack("<BBHI", 0, 0, 7, 1) + ether(0x0800, SYN4)),
    "link-unknown": (147, SYN4),
    "link-empty": (ETHER, b""),
    # between the link and IP
    "shim-vlan-20": (ETHER, ether(0x0800, SYN4, [0x8100] * 20)),
    "shim-mpls": (ETHER, ether(0x8847, mpls(SYN4, 29))),
    "shim-mpls-stack": (ETHER, ether(0x8848, mpls(SYN6, 3, 1048575, 2))),
    "shim-mpls-vlan": (ETHER, ether(0x8847, mpls(SYN4, 29), [0x8100])),
    "shim-mpls-control-word": (ETHER, ether(0x8847, mpls(bytes(4) + ether(0x0800, SYN4), 16))),
    "shim-mpls-pseudowire": (ETHER, ether(0x8847, mpls(b"\x02" + ether(0x0800, SYN4, [0x8100])[1:], 16))),
    "shim-mpls-ach": (ETHER, ether(0x8847, mpls(b"\x10\0\0\x21" + SYN4, 16))),
    "shim-mpls-other": (ETHER, ether(0x8847, mpls(b"\x81" + bytes(40), 16))),
    "shim-mpls-bottomless": (ETHER, ether(0x8847, struct.pack(">I", 29 << 12) * 5)),
    "shim-pppoe": (ETHER, ether(0x8864, pppoe(b"\x00\x21" + SYN4))),
    "shim-pppoe-6": (ETHER, ether(0x8864, pppoe(b"\x57" + SYN6), [0x8100])),
    "shim-pppoe-padded": (ETHER, ether(0x8864, pppoe(b"\x00\x21" + ip4(tcp(), total=0)) + bytes(6))),
    "shim-pppoe-length-1": (ETHER, ether(0x8864, pppoe(b"\x00\x21" + SYN4, length=1))),
    "shim-pppoe-length-long": (ETHER, ether(0x8864, pppoe(b"\x00\x21" + SYN4, length=1400))),
    "shim-pppoe-lcp": (ETHER, ether(0x8864, pppoe(b"\xc0\x21\x09\x01\x00\x08\0\0\0\0"))),
    "shim-pppoe-padt": (ETHER, ether(0x8864, pppoe(b"\x00\x21" + SYN4, code=0xA7))),
    "shim-pppoe-version-2": (ETHER, ether(0x8864, pppoe(b"\x00\x21" + SYN4, version=0x21))),
    "shim-pbb": (ETHER, ether(0x88E7, struct.pack(">I", 1000) + ether(0x0800, SYN4))),
    "shim-cisco": (ETHER, ether(0x8909, bytes.fromhex("010100010005") + struct.pack(">H", 0x0800) + SYN4)),
    "shim-cisco-version-2": (ETHER, ether(0x8909, bytes.fromhex("020100010005") + struct.pack(">H", 0x0800) + SYN4)),
    # tunnels
    "tunnel-ipip": (RAW, out4(SYN4, 4)),
    "tunnel-6in4": (ETHER, ether(0x0800, out4(SYN6, 41))),
    "tunnel-4in6": (RAW, out6(SYN4, 4)),
    "tunnel-6in6": (RAW, out6(SYN6, 41)),
    "tunnel-4in6-headers": (RAW, out6(bytes([4, 0, 4, 1, 4, 1, 1, 0]) + SYN4, 60)),
    "tunnel-ipip-icmp": (RAW, out4(icmp(3, 1, BARE4), 4)),
    "tunnel-ipip-contradicts": (RAW, out4(SYN6, 4)),
    "tunnel-ipip-empty": (RAW, out4(b"", 4)),
    "tunnel-ipip-fragment-first": (RAW, out4(SYN4[:48], 4, frag=0x2000)),
    "tunnel-ipip-fragment-tiny": (RAW, out4(SYN4[:32], 4, frag=0x2000)),
    "tunnel-ipip-fragment-later": (RAW, out4(SYN4, 4, frag=9)),
    "tunnel-ipip-outer-total-0": (RAW, out4(SYN4, 4, total=0)),
    "tunnel-ipip-cut": (RAW, out4(SYN4, 4)[:70], 10),
    "tunnel-ipip-cut-in-ip": (RAW, out4(SYN4, 4)[:30], 50),
    "tunnel-ipip-udp": (RAW, out4(ip4(udp(b"x", 53), 17), 4)),
    "tunnel-depth-8": (RAW, nested(SYN4, 8)),
    "tunnel-depth-9": (RAW, nested(SYN4, 9)),
    "tunnel-depth-30": (RAW, nested(SYN4, 30)),
    "tunnel-icmp-quotes-gre": (RAW, icmp(3, 1, out4(gre(0x0800, BARE4), 47))),
    "tunnel-gre": (RAW, out4(gre(0x0800, SYN4), 47)),
    "tunnel-gre-6": (RAW, out6(gre(0x86DD, SYN6), 47)),
    "tunnel-gre-all": (RAW, out4(gre(0x0800, SYN4, 0xB000, (0, 77, 3)), 47)),
    "tunnel-gre-key": (RAW, out4(gre(0x0800, SYN4, 0x2000, (0xDEADBEEF,)), 47)),
    "tunnel-gre-routing": (RAW, out4(gre(0x0800, bytes(8) + SYN4, 0x4000), 47)),
    "tunnel-gre-version-2": (RAW, out4(gre(0x0800, SYN4, 2), 47)),
    "tunnel-gre-ethernet": (RAW, out4(gre(0x6558, ether(0x0800, SYN4, [0x8100])), 47)),
    "tunnel-gre-mpls": (RAW, out4(gre(0x8847, mpls(SYN4, 30)), 47)),
    "tunnel-gre-wccp": (RAW, out4(gre(0x883E, SYN4), 47)),
    "tunnel-gre-wccp-2": (RAW, out4(gre(0x883E, b"\0\0\0\0" + SYN4), 47)),
    "tunnel-gre-pptp": (RAW, out4(gre(0x880B, b"\xff\x03\x00\x21" + SYN4, 0x3081,
                                      (len(SYN4) + 4 << 16 | 9, 1, 2)), 47)),
    "tunnel-gre-pptp-no-payload": (RAW, out4(gre(0x880B, b"", 0x2081, (9, 2)), 47)),
    "tunnel-gre-keepalive": (RAW, out4(gre(0x0800, ip4(gre(0, b""), 47)), 47)),
    "tunnel-gre-cdp": (RAW, out4(gre(0x2000, bytes(30)), 47)),
    "tunnel-gre-short": (RAW, out4(gre(0x0800, b"", 0x2000), 47)),
    "tunnel-erspan-1": (RAW, out4(gre(0x88BE, ether(0x0800, SYN4)), 47)),
    "tunnel-erspan-2": (RAW, out4(gre(0x88BE, ERSPAN2 + ether(0x0800, SYN4), 0x1000, (1,)), 47)),
    "tunnel-erspan-3": (RAW, out4(gre(0x22EB, ERSPAN3 + ether(0x0800, SYN4), 0x1000, (1,)), 47)),
    "tunnel-erspan-3-subheader": (RAW, out4(gre(0x22EB, ERSPAN3[:-1] + b"\1" + bytes(8) + ether(0x86DD, SYN6), 0x1000,
                                                (1,)), 47)),
    "tunnel-erspan-3-ip": (RAW, out4(gre(0x22EB, ERSPAN3[:-2] + b"\x08\0" + SYN4, 0x1000, (1,)), 47)),
    "tunnel-erspan-version-7": (RAW, out4(gre(0x88BE, b"\x70" + bytes(7) + ether(0x0800, SYN4), 0x1000, (1,)), 47)),
    "tunnel-vxlan": (ETHER, ether(0x0800, out4(udp(vxlan(ether(0x0800, SYN4)), 4789), 17))),
    "tunnel-vxlan-6": (RAW, out6(udp(vxlan(ether(0x86DD, SYN6), 0xFFFFFF), 4789), 17)),
    "tunnel-vxlan-8472": (RAW, out4(udp(vxlan(ether(0x0800, SYN4, [0x8100])), 8472), 17)),
    "tunnel-vxlan-vlan": (ETHER, ether(0x0800, out4(udp(vxlan(ether(0x0800, SYN4)), 4789), 17), [0x8100])),
    "tunnel-vxlan-no-vni": (RAW, out4(udp(vxlan(ether(0x0800, SYN4), flags=0), 4789), 17)),
    "tunnel-vxlan-arp": (RAW, out4(udp(vxlan(ether(0x0806, bytes(28))), 4789), 17)),
    "tunnel-vxlan-empty": (RAW, out4(udp(b"", 4789), 17)),
    "tunnel-vxlan-from": (RAW, out4(udp(vxlan(ether(0x0800, SYN4)), 53, source=4789), 17)),
    "tunnel-vxlan-udp-length-7": (RAW, out4(udp(vxlan(ether(0x0800, SYN4)), 4789, 7), 17)),
    "tunnel-vxlan-udp-length-0": (RAW, out4(udp(vxlan(ether(0x0800, SYN4)), 4789, 0), 17)),
    "tunnel-gpe": (RAW, out4(udp(vxlan(ether(0x0800, SYN4), 5, 0x0C, 3), 4790), 17)),
    "tunnel-gpe-4": (RAW, out4(udp(vxlan(SYN4, 5, 0x0C, 1), 4790), 17)),
    "tunnel-gpe-mpls": (RAW, out4(udp(vxlan(mpls(SYN6, 2), 5, 0x0C, 5), 4790), 17)),
    "tunnel-gpe-oam": (RAW, out4(udp(vxlan(SYN4, 5, 0x0D, 1), 4790), 17)),
    "tunnel-gpe-nsh": (RAW, out4(udp(vxlan(SYN4, 5, 0x0C, 4), 4790), 17)),
    "tunnel-geneve": (RAW, out4(udp(geneve(ether(0x0800, SYN4)), 6081), 17)),
    "tunnel-geneve-options": (RAW, out4(udp(geneve(SYN6, 0x86DD, options=b"\1\2\3\1" + bytes(4)), 6081), 17)),
    "tunnel-geneve-control": (RAW, out4(udp(geneve(ether(0x0800, SYN4), flags=0x80), 6081), 17)),
    "tunnel-geneve-version-1": (RAW, out4(udp(geneve(ether(0x0800, SYN4), version=1), 6081), 17)),
    "tunnel-geneve-options-long": (RAW, out4(udp(b"\x3f" + geneve(b"")[1:], 6081), 17)),
    "tunnel-gtpu": (ETHER, ether(0x0800, out4(udp(gtpu(SYN4), 2152, source=2152), 17))),
    "tunnel-gtpu-6": (RAW, out6(udp(gtpu(SYN6), 2152), 17)),
    "tunnel-gtpu-sequence": (RAW, out4(udp(gtpu(SYN4, 0x32, more=b"\0\1\0\x85"), 2152), 17)),
    "tunnel-gtpu-extensions": (RAW, out4(udp(gtpu(SYN4, 0x34, more=b"\0\0\0\x85\1\x10\5\xc0\1\0\0\0"), 2152), 17)),
    "tunnel-gtpu-extension-0": (RAW, out4(udp(gtpu(SYN4, 0x34, more=b"\0\0\0\x85\0\0\0\0"), 2152), 17)),
    "tunnel-gtpu-extension-long": (RAW, out4(udp(gtpu(BARE4, 0x34, more=b"\0\0\0\x85\xff\0\0\0"), 2152), 17)),
    "tunnel-gtpu-echo": (RAW, out4(udp(gtpu(b"\x0e\0", 0x32, 1, 0, b"\0\1\0\0"), 2152), 17)),
    "tunnel-gtpu-ethernet": (RAW, out4(udp(gtpu(ether(0x0800, SYN4)), 2152), 17)),
    "tunnel-gtpu-version-2": (RAW, out4(udp(gtpu(SYN4, 0x48), 2152), 17)),
    "tunnel-udp-cut": (RAW, out4(udp(vxlan(ether(0x0800, SYN4)), 4789), 17)[:23], 90),
    "tunnel-all": (ETHER, ether(0x8847, mpls(out4(udp(vxlan(ether(0x0800, out4(gre(0x0800, out4(udp(gtpu(out4(
        SYN6, 41)), 2152), 17), 0x2000, (1,)), 47), [0x88A8])), 4789), 17), 18), [0x8100])),
    # IPv4
    "ip4-options": (RAW, ip4(tcp(), options=b"\x01\x01\x07\x03\x04\x01\x00\x00")),
    "ip4-source-route": (RAW, ip4(tcp(), options=b"\x83\x07\x04\x0a\x00\x00\x03\x00", checksum="wrong")),
    "ip4-fragment-first": (RAW, ip4(tcp(options=SYN_OPTIONS), frag=0x2000)),
    "ip4-fragment-later": (RAW, ip4(tcp(), frag=185)),
    "ip4-fragment-far": (RAW, ip4(tcp(), frag=0x1000)),
    "ip4-fragment-tiny": (RAW, ip4(tcp()[:8], frag=0x2000)),
    "ip4-fragment-in-options": (RAW, ip4(tcp(options=SYN_OPTIONS)[:24], frag=0x2000)),
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
    "icmp-quoted-header-cut": (RAW, icmp(3, 1, BARE4[:12])),
    "icmp-quoted-nothing": (RAW, icmp(3, 1, b"")),
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
    "icmp6-quoted-header-cut": (RAW, icmp6(1, 0, BARE6[:39])),
    "icmp6-echo": (RAW, ip6(bytes([128, 0, 0, 0, 0, 1, 0, 1]), 58)),
}

where = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "frame")
for name, (link, frame, *cut) in frames.items():
    with open(os.path.join(where, name), "wb") as f:
        f.write(struct.pack(">HH", link, cut[0] if cut else 0) + frame)
