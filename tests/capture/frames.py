# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames as bytes: TCP, ICMP errors, IPv4 and IPv6 with right checksums, and what can be wrapped around them.

Every length and offset that a header states can be given a wrong value.
"""
import struct

SRC4, DST4, ROUTER4 = b"\x0a\0\0\1", b"\x0a\0\0\2", b"\x0a\0\0\x63"
SRC6, DST6 = bytes.fromhex("fd" + "00" * 14 + "01"), bytes.fromhex("fd" + "00" * 14 + "02")
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
IPV4, IPV6, VLAN, QINQ, MPLS, PPPOE = 0x0800, 0x86DD, 0x8100, 0x88A8, 0x8847, 0x8864
# MSS 1460, SACK permitted, timestamps, window scale 7
SYN_OPTIONS = b"\2\4\5\xb4" b"\4\2" b"\x08\x0a\0\0\0\1\0\0\0\0" b"\1" b"\3\3\7"


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def tcp(src, dst, sport, dport, seq, ack, flags, options=b"", payload=b"", offset=None):
    """offset: what the header says of its own length, in words."""
    options += b"\1" * (-len(options) % 4)
    offset = (20 + len(options)) // 4 if offset is None else offset
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, offset << 4, flags, 64240, 0,
                          0) + options + payload
    pseudo = struct.pack("!BBH", 0, 6, len(segment)) if len(src) == 4 else struct.pack("!II", len(segment), 6)
    return segment[:16] + struct.pack("!H", checksum(src + dst + pseudo + segment)) + segment[18:]


def ip4(src, dst, proto, payload, offset=0, more=0, total=None, words=5, options=b"", ident=7):
    """offset: of a fragment, in 8 bytes; more: more fragments follow; words: what it says of its own length."""
    total = words * 4 + len(payload) if total is None else total
    head = struct.pack("!BBHHHBBH4s4s", 4 << 4 | words, 0, total, ident, more << 13 | offset, 64, proto, 0, src,
                       dst) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(src, dst, proto, payload, length=None):
    return struct.pack("!IHBB", 0x60000000, len(payload) if length is None else length, proto, 64) + src + dst + payload


def ether(payload, kind=IPV4, tags=()):
    """tags: (EtherType, VLAN ID) from the outside in."""
    head = b"\2\0\0\0\0\2\2\0\0\0\0\1" + b"".join(struct.pack("!HH", *tag) for tag in tags)
    return head + struct.pack("!H", kind) + payload


def icmp4(quoted, kind=3, code=1, src=ROUTER4, dst=SRC4):
    """An ICMP error as an IPv4 packet."""
    message = struct.pack("!BBHI", kind, code, 0, 0) + quoted
    message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    return ip4(src, dst, 1, message)


def of_packet(packet):
    """The EtherType of an IP packet."""
    return IPV6 if packet[0] >> 4 == 6 else IPV4


# What can be wrapped around an IP packet; each gives the bytes of a frame of the link type it is named for.


def sll(packet, kind=0, host=1):
    """kind: 0 to us, 4 from us."""
    return struct.pack("!HHH8sH", kind, 1, 6, b"\2\0\0\0\0" + bytes([host]) + b"\0\0", of_packet(packet)) + packet


def sll2(packet):
    return struct.pack("!HHIHBB8s", of_packet(packet), 0, 2, 1, 4, 6, b"\2\0\0\0\0\1\0\0") + packet


def null(packet, order="<"):
    return struct.pack(order + "I", 30 if packet[0] >> 4 == 6 else 2) + packet


def ppp(packet):
    return struct.pack("!BBH", 0xFF, 3, 0x57 if packet[0] >> 4 == 6 else 0x21) + packet


def pppoe(packet):
    inner = ppp(packet)[2:]
    return ether(struct.pack("!BBHH", 0x11, 0, 9, len(inner)) + inner, PPPOE)


def mpls(packet, labels=(16, 17)):
    last = len(labels) - 1
    stack = b"".join(struct.pack("!I", label << 12 | (i == last) << 8 | 64) for i, label in enumerate(labels))
    return ether(stack + packet, MPLS)


def radiotap(packet):
    """An IEEE 802.11 QoS data frame with its LLC and SNAP, behind the shortest radiotap header."""
    station = b"\2\0\0\0\0\2" b"\2\0\0\0\0\1" b"\2\0\0\0\0\3"
    return struct.pack("<BBHI", 0, 0, 8, 0) + b"\x88\1\0\0" + station + b"\0\0" b"\0\0" + b"\xaa\xaa\3\0\0\0" + \
        struct.pack("!H", of_packet(packet)) + packet


def udp(sport, dport, payload):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


OUTER = b"\xc0\0\2\1", b"\xc0\0\2\2"  # 192.0.2.1 > 192.0.2.2


def tunnel(proto, payload):
    return ip4(*OUTER, proto, payload)


def ipip(packet):
    return tunnel(41 if packet[0] >> 4 == 6 else 4, packet)


def gre(packet):
    return tunnel(47, struct.pack("!HH", 0, of_packet(packet)) + packet)


def gre_key(packet):
    return tunnel(47, struct.pack("!HHI", 0x2000, of_packet(packet), 77) + packet)


def erspan(packet):
    """Type II: GRE with a sequence number, 8 bytes, then an Ethernet frame."""
    return tunnel(47, struct.pack("!HHI", 0x1000, 0x88BE, 1) + struct.pack("!HHI", 0x1000 | 5, 9, 0) +
                  ether(packet, of_packet(packet)))


def vxlan(packet):
    return tunnel(17, udp(50000, 4789, struct.pack("!II", 0x08000000, 5 << 8) + ether(packet, of_packet(packet))))


def geneve(packet):
    return tunnel(17, udp(50000, 6081, struct.pack("!BBHI", 1, 0, 0x6558, 5 << 8) + bytes(4) +
                          ether(packet, of_packet(packet))))


def gtpu(packet):
    return tunnel(17, udp(2152, 2152, struct.pack("!BBHI", 0x30, 255, len(packet), 5) + packet))
