# SPDX-License-Identifier: GPL-2.0-or-later
"""A server behind a TUN device, which answers each SYN when and how a test wants it."""
import fcntl
import os
import select
import struct
import threading
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000
HERE, THERE = "10.84.0.1", "10.84.0.2"
SYN, ACK = 2, 16


def checksum(data):
    data += b"\0" * (len(data) % 2)
    n = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while n >> 16:
        n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff


def tsval_of(options):
    while options and options[0]:
        if options[0] == 1:
            options = options[1:]
            continue
        if options[0] == 8:
            return struct.unpack("!I", options[2:6])[0]
        options = options[options[1]:]
    return None


class Peer(threading.Thread):
    """In that namespace.

    `answers`: port -> a list of (which SYN, how long after it, with a timestamp, as which SYN's) and, where it is wrong,
    how far off the timestamp and the acknowledgment are.
    `crossed`: port -> a SYN of its own crosses SYN 0, and this one of the SYN-ACKs is acknowledged; None: none
    """

    def __init__(self, net, answers, crossed=()):
        super().__init__(daemon=True)
        self.answers, self.crossed, self.syns, self.due, self.over = answers, dict(crossed), {}, [], False
        with net:
            self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
            fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH", b"late0", IFF_TUN | IFF_NO_PI) + bytes(22))
        net.run("ip addr add %s peer %s dev late0; ip link set late0 up" % (HERE, THERE))
        self.start()

    def close(self):
        self.over = True
        self.join()
        os.close(self.fd)

    def run(self):
        while not self.over:
            if select.select([self.fd], [], [], 0.005)[0]:
                self.take(os.read(self.fd, 4096))
            for d in [d for d in self.due if d[0] <= time.monotonic()]:
                self.due.remove(d)
                os.write(self.fd, d[1])

    def take(self, packet):
        if packet[0] >> 4 != 4 or packet[9] != 6:
            return
        tcp = packet[(packet[0] & 15) * 4:]
        source, port, seq, _, offset, flags = struct.unpack("!HHIIBB", tcp[:14])
        if not flags & SYN:
            return
        stamps = self.syns.setdefault((source, port, flags & ACK), [])
        stamps.append(tsval_of(tcp[20:(offset >> 4) * 4]))
        for n, after, stamped, of, *off in self.answers.get(port, ()):
            by_stamp, by_ack = off or (0, 0)
            if n == len(stamps) - 1:
                self.due.append((time.monotonic() + after,
                                 segment(packet[12:16], source, port, seq + by_ack & 0xffffffff,
                                         stamps[of] + by_stamp & 0xffffffff if stamped and stamps[of] is not None else None)))
        if port in self.crossed and len(stamps) == 1 and not flags & ACK:
            self.due.append((time.monotonic() + 0.1, segment(packet[12:16], source, port, None, None, SYN)))
        elif flags & ACK and self.crossed.get(port) == len(stamps) - 1:
            self.due.append((0, segment(packet[12:16], source, port, seq, None, ACK)))


def segment(to, port, source, seq, tsecr, flags=SYN | ACK):
    options = b"\2\4" + struct.pack("!H", 1400)
    if tsecr is not None:
        options += b"\1\1\x08\x0a" + struct.pack("!II", 1, tsecr)
    head = struct.pack("!HHIIBBHHH", source, port, 7000 + (not flags & SYN), (seq or -1) + 1 & 0xffffffff,
                       (20 + len(options)) // 4 << 4, flags, 65000, 0, 0)
    sender = bytes(map(int, THERE.split(".")))
    pseudo = sender + to + struct.pack("!HH", 6, len(head + options))
    tcp = head[:16] + struct.pack("!H", checksum(pseudo + head + options)) + head[18:] + options
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, sender, to)
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp
