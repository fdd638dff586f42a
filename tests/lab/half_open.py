# SPDX-License-Identifier: GPL-2.0-or-later
"""SYNs of hosts that do not exist, so that the connections stay half open."""
import ipaddress
import socket
import struct

IPV6_HDRINCL = 36  # linux/in6.h
OPTIONS = struct.pack("!BBH", 2, 4, 1460)  # MSS


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet(source, server, from_port, port):
    source, server = ipaddress.ip_address(source), ipaddress.ip_address(server)
    addresses, length = source.packed + server.packed, 20 + len(OPTIONS)
    tcp = struct.pack("!HHIIBBHHH", from_port, port, 1000 * from_port, 0, length // 4 << 4, 2, 64240, 0, 0) + OPTIONS
    tcp = tcp[:16] + struct.pack("!H", checksum(addresses + struct.pack("!II", length, 6) + tcp)) + tcp[18:]
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, length, 6, 64) + addresses + tcp
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 64, 6, 0) + addresses + tcp  # the kernel sums it


def send(source, server, port, n):
    """n of them, from as many ports of that address, out of the namespace that this is in."""
    six = ":" in server
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        if six:
            s.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
        for i in range(n):
            s.sendto(packet(source, server, 2000 + i, port), (server, 0))
