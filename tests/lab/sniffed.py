# SPDX-License-Identifier: GPL-2.0-or-later
"""The packets of captures as tshark (4.0 or later) reads them."""
import collections
import subprocess

import harness

FIELDS = ("frame.time_epoch", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "tcp.flags",
          "tcp.seq", "tcp.option_kind", "icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code",
          "icmp.checksum.status", "icmpv6.checksum.status", "ip.checksum.status", "tcp.checksum.status", "tcp.len")

# `says` is a short word: ">S" a SYN of the client's, "<SA" a SYN-ACK, "<R", ">A", "<I3/1" an ICMP error, "@I3/1" one
# of the client's own; data has a "+".  Of an ICMP error the TCP fields, and quoted, are those of what it quotes.
Packet = collections.namedtuple("Packet", "t_ns says src dst sport dport seq options good flags quoted")

FLAGS = ((0x02, "S"), (0x01, "F"), (0x04, "R"), (0x10, "A"))
GOOD = "1"


def flag_letters(flags):
    return "".join(letter for bit, letter in FLAGS if flags & bit)


def ns_of(epoch):
    seconds, _, fraction = epoch.partition(".")
    return int(seconds) * 10 ** 9 + int(fraction.ljust(9, "0")[:9])


def packet(row, client):
    f = dict(zip(FIELDS, (cell.split(",") if cell else [] for cell in row)))
    sources, targets = f["ip.src"] + f["ipv6.src"], f["ip.dst"] + f["ipv6.dst"]
    kinds, codes = f["icmp.type"] + f["icmpv6.type"], f["icmp.code"] + f["icmpv6.code"]
    way = "@" if sources[0] in client and targets[0] in client else ">" if sources[0] in client else "<"
    flags = int(f["tcp.flags"][0], 16) if f["tcp.flags"] else 0
    if kinds:
        says = "I%s/%s" % (kinds[0], codes[0])
        good = (f["icmp.checksum.status"] + f["icmpv6.checksum.status"])[0] == GOOD
    else:
        says = flag_letters(flags) + ("+" if f["tcp.len"] and f["tcp.len"][0] != "0" else "")
        good = bool(f["tcp.checksum.status"]) and f["tcp.checksum.status"][0] == GOOD
    if f["ip.checksum.status"]:
        good = good and f["ip.checksum.status"][0] == GOOD
    number = [int((f[name] or ["0"])[0]) for name in ("tcp.srcport", "tcp.dstport", "tcp.seq")]
    return Packet(ns_of(row[0]), way + says, sources[0], targets[0], *number, set(map(int, f["tcp.option_kind"])), good,
                  flags, (sources[1:], targets[1:]))


def read(paths, client):
    """Of each file all packets that are TCP or an ICMP error, or None where tshark cannot; client: its addresses.

    It takes its time to start, so it reads them all at once: pcapng files one behind the other are sections of one.
    """
    command = ["tshark", "-n", "-r", "-", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-o",
               "tcp.relative_sequence_numbers:FALSE", "-T", "fields", "-E", "separator=|", "-Y",
               "tcp || icmp || icmpv6", "-e", "frame.section_number"]
    sections = b""
    for path in paths:
        with open(path, "rb") as f:
            sections += f.read()
    done = subprocess.run(command + [w for name in FIELDS for w in ("-e", name)], input=sections,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=harness.ENV)
    if done.returncode:
        return None
    packets = [[] for _ in paths]
    for line in done.stdout.decode().splitlines():
        section, *row = line.split("|")
        packets[int(section) - 1].append(packet(row, client))
    return packets
