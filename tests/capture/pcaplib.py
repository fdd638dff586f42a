# SPDX-License-Identifier: GPL-2.0-or-later
"""pcap and pcapng as bytes, in all variants, right or wrong; and pcap read back.

`order` is "<" or ">", as in the struct module.  A link type is its LINKTYPE_ number.
"""
import collections
import struct

NULL, ETHERNET, PPP, RAW, LOOP, SLL, RADIOTAP, SLL2 = 0, 1, 9, 101, 108, 113, 127, 276
MAGIC_US, MAGIC_NS = 0xA1B2C3D4, 0xA1B23C4D
NSEC = 10 ** 9

# One packet: ns since 1970, what was captured of it, how long it was.
Packet = collections.namedtuple("Packet", "t_ns data length")


def pcap_header(link=ETHERNET, snaplen=262144, order="<", magic=MAGIC_US, version=(2, 4)):
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, snaplen, link)


def pcap_record(data, seconds, fraction, order="<", caplen=None, length=None):
    return struct.pack(order + "IIII", seconds & 0xFFFFFFFF, fraction & 0xFFFFFFFF,
                       len(data) if caplen is None else caplen, len(data) if length is None else length) + data


def pcap(packets, link=ETHERNET, order="<", nano=True, snaplen=262144):
    unit = 1 if nano else 1000
    return pcap_header(link, snaplen, order, MAGIC_NS if nano else MAGIC_US) + b"".join(
        pcap_record(p.data, p.t_ns // NSEC, p.t_ns % NSEC // unit, order, length=p.length) for p in packets)


def read_pcap(data):
    """(link type, packets, offset of each record's end)"""
    order = "<" if data[:4] in (struct.pack("<I", MAGIC_US), struct.pack("<I", MAGIC_NS)) else ">"
    magic, *_, link = struct.unpack_from(order + "IHHiIII", data)
    unit = {MAGIC_NS: 1, MAGIC_US: 1000}[magic]
    packets, ends, at = [], [], 24
    while at < len(data):
        seconds, fraction, caplen, length = struct.unpack_from(order + "IIII", data, at)
        at += 16 + caplen
        packets.append(Packet(seconds * NSEC + fraction * unit, data[at - caplen:at], length))
        ends.append(at)
    return link, packets, ends


def pad(data):
    return data + b"\0" * (-len(data) % 4)


def block(kind, body, order="<", length=None, trailer=None):
    """length, trailer: what the block says of its length before and behind its body."""
    body = pad(body)
    n = 12 + len(body)
    return struct.pack(order + "II", kind, n if length is None else length) + body + \
        struct.pack(order + "I", n if trailer is None else trailer)


def option(code, value, order="<", length=None):
    return struct.pack(order + "HH", code, len(value) if length is None else length) + pad(value)


def section(order="<", options=b"", major=1):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, major, 0, -1) + options, order)


def interface(order="<", link=ETHERNET, snaplen=0, options=b""):
    return block(1, struct.pack(order + "HHI", link, 0, snaplen) + (options and options + option(0, b"", order)), order)


def enhanced(data, t=1700000000 * 10 ** 6, interface_id=0, order="<", caplen=None, length=None, options=b"",
             trailer=None):
    """t: in the interface's own units."""
    head = struct.pack(order + "IIIII", interface_id, t >> 32 & 0xFFFFFFFF, t & 0xFFFFFFFF,
                       len(data) if caplen is None else caplen, len(data) if length is None else length)
    return block(6, head + pad(data) + options, order, trailer=trailer)


def simple(data, length=None, order="<"):
    return block(3, struct.pack(order + "I", len(data) if length is None else length) + data, order)


def pcapng(packets, link=ETHERNET, order="<", snaplen=0):
    """One section, one interface, nanoseconds."""
    return section(order) + interface(order, link, snaplen, option(9, b"\x09", order)) + b"".join(
        enhanced(p.data, p.t_ns, order=order, length=p.length) for p in packets)
