#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mkattack.py DIRECTORY: hostile and odd captures, by hand, with the attempts that a correct reader must report.

Writes DIRECTORY/*.{pcap,pcapng,gz} and DIRECTORY/attack.expected.tsv, whose columns are:
  file rule attempts syn_retrans by_synack by_rst by_icmp unanswered exit
exit: ok = read to the end, exit 0; partial = what was read is reported, with where and why it stopped, exit non-zero;
reject = nothing readable, exit non-zero.  "-" = any value, but it must be stated.
"""
import gzip
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import frames
import pcaplib
from frames import DST4, DST6, SRC4, SRC6, ether, ip4, ip6, tcp
from pcaplib import block, enhanced, interface, option, section, simple

FIRST = 1700000000  # seconds: when every capture begins
# What must be counted: attempts, syn_retrans, by_synack, by_rst, by_icmp, unanswered
ANSWERED, UNANSWERED, NONE, ANY = (1, 0, 1, 0, 0, 0), (1, 0, 0, 0, 0, 1), (0,) * 6, ("-",) * 6
SYN, RST, SYN_ACK, RST_ACK = 2, 4, 0x12, 0x14


def segment(flags=SYN, options=frames.SYN_OPTIONS, src=SRC4, dst=DST4, ports=(40000, 80), **more):
    """From the client to the server."""
    return tcp(src, dst, *ports, 1000, 0, flags, options, **more)


def of_segment(payload, src=SRC4, dst=DST4, **more):
    return ether(ip4(src, dst, 6, payload, **more))


def syn(i=0, seq=1000, **more):
    """From the client's port 40000 + i."""
    return ether(ip4(SRC4, DST4, 6, tcp(SRC4, DST4, 40000 + i, 80, seq, 0, SYN, frames.SYN_OPTIONS, **more)))


def synack(i=0, ack=1001):
    return ether(ip4(DST4, SRC4, 6, tcp(DST4, SRC4, 80, 40000 + i, 5000, ack, SYN_ACK, frames.SYN_OPTIONS)))


def rst(i=0, ack=1001, flags=RST_ACK):
    return ether(ip4(DST4, SRC4, 6, tcp(DST4, SRC4, 80, 40000 + i, 0, ack, flags)))


def icmp(quoted, kind=3, code=1):
    return ether(frames.icmp4(quoted, kind, code))


def syn6(proto=6, headers=b"", **more):
    """With extension headers, the first of which is `proto`."""
    return ether(ip6(SRC6, DST6, proto, headers + tcp(SRC6, DST6, 40000, 80, 1000, 0, SYN, frames.SYN_OPTIONS), **more),
                 frames.IPV6)


def extension(next_header, length=0, body=b"\1\4\0\0\0\0"):
    return struct.pack("!BB", next_header, length) + body


def record(data, seconds, fraction=0, **more):
    """A frame with its own time; caplen and length as stated."""
    return dict(data=data, seconds=seconds, fraction=fraction, **more)


def pcap(records, order="<", **header):
    """Frames, or what record() gave; a second lies between frames."""
    data = pcaplib.pcap_header(order=order, **header)
    for i, r in enumerate(records):
        r = r if isinstance(r, dict) else record(r, FIRST + i)
        data += pcaplib.pcap_record(order=order, **r)
    return data


HANDSHAKE = [syn(), synack()]
SYN_IP = syn()[14:]  # as an IP packet
SYNACK_IP = synack()[14:]


class Cases:
    def __init__(self, directory):
        self.directory = directory
        self.rows = []

    def add(self, name, data, rule, expected, status="ok"):
        with open(os.path.join(self.directory, name), "wb") as f:
            f.write(data)
        self.rows.append((name, rule) + tuple(expected) + (status,))


def of_pcap(add):
    add("p00-empty.pcap", b"", "zero bytes", NONE, "reject")
    add("p01-hdr-only.pcap", pcap([]), "header, no record", NONE)
    add("p02-hdr-cut.pcap", pcap(HANDSHAKE)[:20], "file header cut", NONE, "reject")
    add("p03-rechdr-cut.pcap", pcap(HANDSHAKE) + b"\0" * 9, "last record header cut", ANSWERED, "partial")
    add("p04-data-cut.pcap", pcap(HANDSHAKE + [syn(1)])[:-10], "last record data cut", ANSWERED, "partial")
    huge = pcaplib.pcap_record(b"x" * 64, FIRST + 9, 0, caplen=0xFFFFFFFF, length=0xFFFFFFFF)
    add("p05-caplen-ffffffff.pcap", pcap(HANDSHAKE) + huge, "caplen 0xFFFFFFFF", ANSWERED, "partial")
    add("p06-caplen-gt-len.pcap", pcap([record(syn(), FIRST, length=20), synack()]),
        "caplen > len: accept, use caplen, count as anomaly", ANSWERED)
    add("p07-caplen-gt-snap.pcap", pcap(HANDSHAKE, snaplen=16),
        "caplen > snaplen of header: accept (tcpdump and tshark do)", ANSWERED)
    add("p08-snap0.pcap", pcap(HANDSHAKE, snaplen=0), "snaplen 0 means unlimited", ANSWERED)
    add("p09-be.pcap", pcap(HANDSHAKE, ">"), "big endian", ANSWERED)
    add("p10-ns-be.pcap", pcap(HANDSHAKE, ">", magic=pcaplib.MAGIC_NS), "nanosecond big endian", ANSWERED)
    add("p11-usec-overflow.pcap", pcap([record(syn(), FIRST, 0xFFFFFFFF), synack()]),
        "microseconds 4294967295: count anomaly, no crash, no negative duration printed as huge", ANSWERED)
    add("p12-time-back.pcap", pcap([record(syn(), FIRST + 10), record(synack(), FIRST)]),
        "answer earlier than SYN in time, later in file", ANSWERED)
    add("p13-time-2106.pcap", pcap([record(syn(), 0xFFFFFFFF), record(synack(), 0)]), "32-bit second wraps", ANSWERED)
    add("p14-linktype-147.pcap", pcap(HANDSHAKE, link=147), "LINKTYPE_USER0: nothing decodable, say so", NONE)
    add("p15-linktype-bits.pcap", pcap(HANDSHAKE, link=1 | 0x24000000),
        "upper bits = FCS length, link type is the low 16 bits", ANSWERED)
    add("p16-version-9.pcap", pcap(HANDSHAKE, version=(9, 9)), "unknown major version", NONE, "reject")
    add("p17-snap-in-options.pcap", pcap([record(syn()[:14 + 20 + 20 + 6], FIRST, length=len(syn())), synack()]),
        "snaplen cuts inside TCP options", ANSWERED)
    add("p18-snap-in-tcp.pcap", pcap([record(syn()[:14 + 20 + 12], FIRST, length=len(syn())), synack()]),
        "snaplen cuts before flags: not countable, count as truncated", NONE)
    add("p19-zero-caplen.pcap", pcap([record(b"", FIRST, length=60)] + HANDSHAKE), "record of 0 bytes", ANSWERED)
    add("p20-long-tail.pcap", pcap(HANDSHAKE) + b"\0" * 4096,
        "zero padding after the last record: 256 empty records", ANSWERED)


def of_gzip(add):
    add("p21-gz.pcap.gz", gzip.compress(pcap(HANDSHAKE), mtime=0), "gzip", ANSWERED)
    add("p22-gz-cut.pcap.gz", gzip.compress(pcap(HANDSHAKE + [syn(i) for i in range(1, 200)]), mtime=0)[:-60],
        "gzip cut", ANY, "partial")
    add("p23-gz-bomb.pcap.gz", gzip.compress(pcap(HANDSHAKE) + b"\0" * (64 << 20), 9, mtime=0),
        "gzip bomb 1:1000, 64 MiB of empty records (make 64 GiB in the test)", ANSWERED)
    add("p24-gz-garbage-tail.pcap.gz", gzip.compress(pcap(HANDSHAKE), mtime=0) + b"garbage",
        "bytes after the gzip member", ANSWERED, "-")


def of_blocks(add):
    """How pcapng's blocks are framed."""
    begin = section() + interface()
    both = begin + enhanced(syn()) + enhanced(synack())
    add("n00-min.pcapng", both, "plain", ANSWERED)
    add("n01-len-not4.pcapng", both + block(6, b"\0" * 20, length=33, trailer=33), "block length 33", ANSWERED,
        "partial")
    add("n02-len-8.pcapng", both + struct.pack("<III", 6, 8, 8), "block length 8 < 12", ANSWERED, "partial")
    add("n03-len-0.pcapng", both + struct.pack("<III", 6, 0, 0), "block length 0 (endless loop)", ANSWERED, "partial")
    add("n04-len-ffff.pcapng", both + struct.pack("<II", 6, 0xFFFFFFFC) + b"x" * 40, "block length 0xFFFFFFFC",
        ANSWERED, "partial")
    add("n05-trailer.pcapng", begin + enhanced(syn()) + enhanced(synack(), trailer=0x40), "trailing length differs",
        ANY, "partial")
    add("n06-caplen-gt-block.pcapng", both + enhanced(syn(2), caplen=0xFFFFFFF0), "captured length beyond block",
        ANSWERED, "partial")
    add("n07-ifid-range.pcapng", both + enhanced(syn(3), interface_id=7), "interface id out of range", ANSWERED,
        "partial")
    add("n08-no-idb.pcapng", section() + enhanced(syn()), "packet before any interface", NONE, "-")
    swapped = section(">") + interface(">") + enhanced(synack(), order=">")
    add("n09-two-endian.pcapng", begin + enhanced(syn()) + swapped, "second section of the other endianness",
        ANSWERED)


def of_times(add):
    """if_tsresol and if_tsoffset."""
    def with_resolution(resolution, *times):
        options = option(9, bytes([resolution]))
        packets = zip((syn(), synack()), times)
        return section() + interface(options=options) + b"".join(enhanced(data, t) for data, t in packets)

    usual = FIRST * 10 ** 6
    add("n10-tsresol-ns.pcapng", with_resolution(9, FIRST * 10 ** 9, (FIRST + 1) * 10 ** 9), "10^-9", ANSWERED)
    add("n11-tsresol-2-20.pcapng", with_resolution(0x94, FIRST << 20, (FIRST + 1) << 20), "2^-20", ANSWERED)
    add("n12-tsresol-10-15.pcapng", with_resolution(15, 10 ** 18, 10 ** 18 + 10 ** 15),
        "10^-15 (times fit only 5 hours)", ANSWERED)
    add("n13-tsresol-127.pcapng", with_resolution(127, usual, usual), "10^-127: overflow if computed naively", ANY, "-")
    add("n14-tsresol-2-127.pcapng", with_resolution(0xFF, usual, usual), "2^-127: shift overflow (UB)", ANY, "-")
    add("n15-tsresol-0.pcapng", with_resolution(0, FIRST, FIRST + 1), "10^0", ANSWERED)
    add("n16-tsresol-2-0.pcapng", with_resolution(0x80, FIRST, FIRST + 1), "2^0", ANSWERED)
    add("n17-tsoffset-min.pcapng", section() + interface(options=option(14, struct.pack("<q", -2 ** 63))) +
        enhanced(syn()) + enhanced(synack()), "if_tsoffset INT64_MIN", ANSWERED)
    add("n18-ts-max.pcapng", section() + interface() + enhanced(syn(), 2 ** 64 - 1) + enhanced(synack(), 2 ** 64 - 1),
        "timestamp 2^64-1", ANSWERED)


def of_content(add):
    """What pcapng's blocks hold."""
    begin = section() + interface()
    both = begin + enhanced(syn()) + enhanced(synack())
    overrun = option(1, b"abcd", length=0xFFF0)
    add("n19-opt-overrun.pcapng", begin + enhanced(syn()) + enhanced(synack(), options=overrun),
        "option length beyond block", ANY, "-")
    add("n20-opt-noend.pcapng", begin + enhanced(syn(), options=option(1, b"no end of options")) + enhanced(synack()),
        "options without opt_endofopt", ANSWERED)
    escapes = b"\x1b]0;pwned\x07\x1b[2J\x1b[31mred\xc2\x9b31m\r\nfake line"
    comment = b"=cmd|'/C calc'!A0,<script>alert(1)</script>"
    add("n21-comment-esc.pcapng", section(options=option(1, escapes) + option(0, b"")) +
        interface(options=option(2, b'eth0\x1b[2J"},{"x":"')) +
        enhanced(syn(), options=option(1, comment) + option(0, b"")) + enhanced(synack()),
        "terminal, JSON, CSV and HTML injection in comments and interface name", ANSWERED)
    add("n22-spb.pcapng", begin + simple(syn()) + simple(synack()), "simple packet blocks: no time", ANSWERED)
    add("n23-spb-len-huge.pcapng", both + simple(syn(4), length=0xFFFFFFF0),
        "SPB original length 0xFFFFFFF0 (rounding overflows)", ANY, "-")
    add("n24-unknown-blocks.pcapng", begin + block(0x0BAD0BAD, b"x" * 5000) + enhanced(syn()) + block(0x80000001, b"") +
        enhanced(synack()), "unknown blocks are skipped", ANSWERED)
    add("n25-64k-idb.pcapng", section() + interface() * 70000 + enhanced(syn(), interface_id=69999) +
        enhanced(synack(), interface_id=0), "70,000 interfaces", ANSWERED)
    add("n26-maj2.pcapng", section(major=2) + interface() + enhanced(syn()), "major version 2", NONE, "-")
    add("n27-cut.pcapng", (both + enhanced(syn(5)))[:-7], "file cut in the last block", ANSWERED, "partial")
    add("n28-mixed-links.pcapng", section() + interface(link=1) + interface(link=101) + enhanced(syn()) +
        enhanced(SYNACK_IP, interface_id=1), "Ethernet and raw IP interfaces in one section", ANSWERED)


def of_tcp_header(add):
    def bare(flags=SYN, options=b"", **more):
        return of_segment(segment(flags, options, **more))

    add("t00-dataoffset-4.pcap", pcap([bare(offset=4)]), "TCP data offset 4 < 5: no attempt, count malformed", NONE)
    add("t01-dataoffset-15-cut.pcap", pcap([bare(offset=15)]), "data offset beyond IP length", ANY)
    add("t02-opt-len0.pcap", pcap([bare(options=b"\2\0\0\0"), synack()]), "TCP option length 0 (endless loop)",
        ANSWERED)
    add("t03-opt-len1.pcap", pcap([bare(options=b"\2\1\0\0"), synack()]), "TCP option length 1", ANSWERED)
    add("t04-synfin.pcap", pcap([bare(3)]), "SYN+FIN: not an attempt, count odd", NONE)
    add("t05-synrst.pcap", pcap([bare(6)]), "SYN+RST: not an attempt", NONE)


def of_handshakes(add):
    add("t06-tfo.pcap", pcap([syn(payload=b"hello"), synack(ack=1006)]), "SYN with data, all acknowledged", ANSWERED)
    add("t07-tfo-noack.pcap", pcap([syn(payload=b"hello"), synack(ack=1001)]), "SYN with data, data not acknowledged",
        ANSWERED)
    add("t08-tfo-beyond.pcap", pcap([syn(payload=b"hello"), synack(ack=1007)]),
        "ack beyond what was sent: not an answer", UNANSWERED)
    back = tcp(DST4, SRC4, 80, 40000, 7000, 0, SYN, frames.SYN_OPTIONS)
    acks = [ether(ip4(SRC4, DST4, 6, tcp(SRC4, DST4, 40000, 80, 1000, 7001, SYN_ACK))),
            ether(ip4(DST4, SRC4, 6, tcp(DST4, SRC4, 80, 40000, 7000, 1001, SYN_ACK)))]
    add("t09-simopen.pcap", pcap([syn(), ether(ip4(DST4, SRC4, 6, back))] + acks),
        "simultaneous open: two attempts, both answered", (2, 0, 2, 0, 0, 0))
    add("t10-reuse.pcap", pcap([syn(), rst(), syn(seq=90000), synack(ack=90001)]), "4-tuple reused with a new ISN",
        (2, 0, 1, 1, 0, 0))
    add("t11-isn-wrap.pcap", pcap([syn(seq=0xFFFFFFFF), synack(ack=0)]), "ISN 2^32-1, ack 0", ANSWERED)
    add("t12-old-synack.pcap", pcap([syn(), synack(ack=900)]), "SYN-ACK for an older attempt", UNANSWERED)
    add("t13-rst-noack.pcap", pcap([syn(), rst(flags=RST, ack=0)]),
        "RST without ACK in SYN-SENT is not acceptable (RFC 9293 3.10.7.3)", UNANSWERED)
    add("t14-rst-badack.pcap", pcap([syn(), rst(ack=4242)]), "RST with wrong ack (blind reset)", UNANSWERED)
    add("t15-retrans.pcap", pcap([record(syn(), FIRST + s) for s in (0, 1, 3, 7, 15, 31, 63)]),
        "7 SYNs, 1-2-4 back-off", (1, 6, 0, 0, 0, 1))
    add("t16-dup-mirror.pcap", pcap([record(syn(), FIRST), record(syn(), FIRST, 40), synack()]),
        "same SYN seen twice 40 us apart: duplicate of the capture, must not raise the loss figure",
        ("1", "-", "1", 0, 0, 0))


def of_icmp(add):
    add("t17-icmp-8.pcap", pcap([syn(), icmp(SYN_IP[:28])]), "ICMP host unreachable quoting IP header + 8 bytes",
        (1, 0, 0, 0, 1, 0))
    add("t18-icmp-0.pcap", pcap([syn(), icmp(SYN_IP[:20])]), "ICMP quoting no TCP byte: cannot be matched", UNANSWERED)
    add("t19-icmp-spoof.pcap", pcap([syn(), icmp(syn(seq=777)[14:42])]),
        "ICMP quoting another sequence number: not counted as the answer (RFC 5927)", UNANSWERED)
    add("t20-icmp-othertuple.pcap", pcap([syn(), icmp(syn(5)[14:42])]), "ICMP for a flow never seen", UNANSWERED)
    add("t21-icmp-in-icmp.pcap", pcap([syn(), icmp(icmp(SYN_IP[:28])[14:])]),
        "ICMP error quoting an ICMP error: not an answer", UNANSWERED)
    add("t22-icmp-fragneeded.pcap", pcap([syn(), icmp(SYN_IP[:28], 3, 4), synack()]), "frag needed then SYN-ACK",
        ("1", 0, "-", 0, "-", 0))


def of_ip4(add):
    bare, usual = segment(options=b""), segment()
    add("t23-ihl4.pcap", pcap([of_segment(bare, words=4)]), "IP header length 4 words", NONE)
    add("t24-ihl15.pcap", pcap([of_segment(usual, words=15, options=b"\1" * 40), synack()]), "40 bytes of IP options",
        ANSWERED)
    add("t25-totlen0.pcap", pcap([of_segment(usual, total=0), synack()]),
        "IP total length 0 = TSO, use capture length", ANSWERED)
    add("t26-totlen-short.pcap", pcap([of_segment(usual, total=24)]), "IP total length ends inside the TCP header",
        NONE)
    add("t27-totlen-long.pcap", pcap([of_segment(usual, total=1500), synack()]), "IP total length beyond the frame",
        ANSWERED)
    add("t28-frag-first.pcap", pcap([of_segment(usual, more=1), synack()]), "SYN in a first fragment", ANSWERED)
    add("t29-frag-later.pcap", pcap([of_segment(usual, offset=185)]),
        "offset 185: bytes look like a SYN but are payload", NONE)
    add("t30-frag-tiny.pcap", pcap([of_segment(usual[:8], more=1)]), "tiny first fragment: flags not in it", NONE)


def of_ip6(add):
    answer = ether(ip6(DST6, SRC6, 6, tcp(DST6, SRC6, 80, 40000, 5000, 1001, SYN_ACK, frames.SYN_OPTIONS)), frames.IPV6)

    def fragment(offset, ident=99):
        return struct.pack("!BBHI", 6, 0, offset, ident)

    add("t31-v6.pcap", pcap([syn6(), answer]), "IPv6", ANSWERED)
    add("t32-v6-ext.pcap", pcap([syn6(0, extension(60) + extension(43) + extension(6, body=b"\0" * 6)), answer]),
        "hop-by-hop, destination, routing (0 segments left)", ANSWERED)
    add("t33-v6-ext-200.pcap", pcap([syn6(60, extension(60) * 199 + extension(6)), answer]),
        "200 destination headers: bounded walk; either count or state limit", ANY)
    add("t34-v6-ext-overrun.pcap", pcap([syn6(60, extension(6, 255))]), "extension header length beyond packet", NONE)
    add("t35-v6-frag0.pcap", pcap([syn6(44, fragment(1)), answer]), "IPv6 first fragment", ANSWERED)
    add("t36-v6-frag-later.pcap", pcap([syn6(44, fragment(8 * 185))]), "IPv6 later fragment", NONE)
    add("t37-v6-atomic.pcap", pcap([syn6(44, fragment(0)), answer]), "IPv6 atomic fragment", ANSWERED)
    jumbo = extension(6, body=b"\xc2\4" + struct.pack("!I", 60))
    add("t38-v6-jumbo.pcap", pcap([syn6(0, jumbo, length=0), answer]),
        "jumbo option with a length < 65536 (RFC 2675 calls it an error): bounded, stated", ANY, "-")


def of_layers(add):
    qinq = ((frames.QINQ, 10), (frames.VLAN, 20))
    add("t39-qinq.pcap", pcap([ether(SYN_IP, tags=qinq), ether(SYNACK_IP, tags=qinq)]), "QinQ", ANSWERED)
    add("t40-vlan-20.pcap", pcap([ether(SYN_IP, tags=((frames.VLAN, 1),) * 20)]), "20 nested tags: bounded walk", ANY)
    gre = struct.pack("!HH", 0, frames.IPV4)
    add("t41-gre.pcap", pcap([ether(ip4(SRC4, DST4, 47, gre + SYN_IP)), ether(ip4(DST4, SRC4, 47, gre + SYNACK_IP))]),
        "GRE: inner handshake counted or tunnel stated, never the outer", ANY)
    nested = SYN_IP
    for _ in range(30):
        nested = ip4(SRC4, DST4, 4, nested)
    add("t42-ipip-30.pcap", pcap([ether(nested)]), "30 nested IPIP: bounded recursion", ANY)


def of_addresses(add):
    land = segment(options=b"", dst=SRC4, ports=(80, 80))
    add("t43-land.pcap", pcap([of_segment(land, dst=SRC4)]), "LAND: same source and destination",
        ("1", 0, "-", "-", 0, "-"))
    add("t44-port0.pcap", pcap([of_segment(segment(options=b"", ports=(0, 0)))]), "ports 0", UNANSWERED)
    everybody = b"\xff" * 4
    add("t45-bcast.pcap", pcap([of_segment(segment(options=b"", dst=everybody), dst=everybody)]), "SYN to broadcast",
        UNANSWERED)

    random.seed(1)

    def spoofed(i):
        src = struct.pack("!I", 0x0B000000 + i)
        return ether(ip4(src, DST4, 6, tcp(src, DST4, 1024 + i % 60000, 80, random.getrandbits(32), 0, SYN)))

    add("t46-flood-20k.pcap", pcap([spoofed(i) for i in range(20000)]),
        "20,000 spoofed SYNs (scale to 10^8 in the soak)", (20000, 0, 0, 0, 0, 20000))


def of_others(add):
    cooked = [frames.sll(SYN_IP, 4), frames.sll(SYN_IP, 0), frames.sll(SYNACK_IP, 0, 2)]
    add("t47-sll-any-dup.pcap", pcap(cooked, link=pcaplib.SLL), "Linux cooked: the same SYN outgoing and incoming",
        ("1", "-", "1", 0, 0, 0))
    add("t48-null-be.pcap", pcap([frames.null(SYN_IP, ">"), frames.null(SYNACK_IP)], link=pcaplib.NULL),
        "LINKTYPE_NULL in both byte orders", ANSWERED)
    add("t49-badsum.pcap", pcap([syn()[:50] + b"\xde\xad" + syn()[52:], synack()]),
        "wrong TCP checksum (offload): counted, stated", ANSWERED)


def make(directory):
    """How many files it wrote, besides the expectations."""
    os.makedirs(directory, exist_ok=True)
    cases = Cases(directory)
    for group in (of_pcap, of_gzip, of_blocks, of_times, of_content, of_tcp_header, of_handshakes, of_icmp, of_ip4,
                  of_ip6, of_layers, of_addresses, of_others):
        group(cases.add)
    with open(os.path.join(directory, "attack.expected.tsv"), "w", encoding="utf-8") as f:
        f.write("file\trule\tattempts\tsyn_retrans\tby_synack\tby_rst\tby_icmp\tunanswered\texit\n")
        for row in cases.rows:
            f.write("\t".join(map(str, row)) + "\n")
    return len(cases.rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(make(sys.argv[1]), "files")
