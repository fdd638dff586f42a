# SPDX-License-Identifier: GPL-2.0-or-later
"""Incidents whose truth is known: clients, a network that loses and rewrites packets, servers, and a capture on either
side of the network, each by a clock of its own.

Systems behave as Linux does: IP IDs of SYNs and ACKs count, those of SYN-ACKs and RSTs are 0, timestamps are of the
host; SYNs are repeated after 1, 2 and 4 s, SYN-ACKs a little later.
"""
import collections
import heapq
import ipaddress
import random
import struct

import frames
import pcaplib

NSEC = 10 ** 9
START = 1700000000 * NSEC
SYNS = 4
HOPS = 7


class Options:
    """What an incident is like; shares are of 1."""
    attempts = 200
    servers = 3
    seconds = 120
    v6 = False
    nat_client = nat_server = nat_isn = False
    timestamps = True
    keep_idents = True  # the network does not rewrite IP IDs and timestamps
    skew_ns = 0
    drift_ppm = 0
    delay_ns, back_ns, jitter_ns = 3000000, 4000000, 1000000
    lose_syn = lose_syn_ack = lose_ack = lose_rst = 0
    closed = silent = 0  # of attempts: refused, never answered
    forged_rst = forged_icmp = 0  # of SYNs that die: something in between answers
    twice = 0  # of packets: the network doubles them
    client_misses = server_misses = 0  # of packets: the capture lacks them
    others = 0  # of attempts: of clients that the client's capture does not have
    elsewhere = 0  # of attempts: to servers that the server's capture does not have

    def __init__(self, **more):
        for name, value in more.items():
            assert hasattr(Options, name), name
            setattr(self, name, value)


Segment = collections.namedtuple("Segment", "src dst sport dport seq ack flags ident tsval ttl")


def frame(s):
    options = b"" if s.tsval is None else b"\1\1\x08\x0a" + struct.pack("!II", s.tsval & 0xFFFFFFFF, 0)
    segment = frames.tcp(s.src, s.dst, s.sport, s.dport, s.seq, s.ack, s.flags, options)
    if len(s.src) == 4:
        packet = bytearray(frames.ip4(s.src, s.dst, 6, segment, ident=s.ident))
        packet[8], packet[10:12] = s.ttl, b"\0\0"
        packet[10:12] = struct.pack("!H", frames.checksum(bytes(packet[:20])))
        return frames.ether(bytes(packet))
    packet = bytearray(frames.ip6(s.src, s.dst, 6, segment))
    packet[:4] = struct.pack("!I", 6 << 28 | s.ident)
    packet[7] = s.ttl
    return frames.ether(bytes(packet), frames.IPV6)


class Attempt:
    def __init__(self, world, number):
        o, rng = world.o, world.rng
        self.world = world
        self.others = rng.random() < o.others
        self.elsewhere = not self.others and rng.random() < o.elsewhere
        self.client = (world.address(11 if self.others else 10, rng.randrange(20) + 1), 1024 + number)
        self.server = (world.address(199 if self.elsewhere else 198, rng.randrange(o.servers) + 1), 443)
        self.isn, self.server_isn = rng.getrandbits(32), rng.getrandbits(32)
        self.isn_there = self.isn + (rng.getrandbits(31) if o.nat_isn else 0) & 0xFFFFFFFF
        self.client_there, self.server_there = self.client, self.server
        if o.nat_client and not self.others:
            self.client_there = (world.address(203, 7), 1024 + number * 7 % 60000)
        if o.nat_server:
            self.server_there = (world.address(172, 100 + self.server[0][-1]), 8443)
        self.closed, self.silent = rng.random() < o.closed, rng.random() < o.silent
        self.ident = rng.getrandbits(16)
        self.connected = self.refused = self.answering = self.complete = False
        self.acked_ns = 0
        self.sent, self.arrived, self.died, self.between = (collections.Counter() for _ in range(4))

    def key(self):
        return "%s:%d/%d" % (ipaddress.ip_address(self.client[0]), self.client[1], self.isn)

    def stamp(self, t_ns, host):
        return (t_ns // 1000000 + host * 77777) if self.world.o.timestamps else None

    def send(self, kind, to_server, t_ns, flags, seq, ack, ident, tsval, lose, counted=True):
        """Returns whether it arrives."""
        w = self.world
        ends = (self.client, self.server) if to_server else (self.server_there, self.client_there)
        there = (self.client_there, self.server_there) if to_server else (self.server, self.client)
        segment = Segment(ends[0][0], ends[1][0], ends[0][1], ends[1][1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, flags,
                          ident, tsval, 64)
        w.see(self, to_server, t_ns, segment)
        arrives = w.rng.random() >= lose
        if counted:
            self.sent[kind] += 1
            (self.arrived if arrives else self.died)[kind] += 1
        if not arrives:
            return False
        gap = self.isn_there - self.isn
        segment = segment._replace(src=there[0][0], dst=there[1][0], sport=there[0][1], dport=there[1][1],
                                   seq=(seq + gap if to_server else seq) & 0xFFFFFFFF,
                                   ack=(ack if to_server or not ack else ack - gap) & 0xFFFFFFFF, ttl=64 - HOPS)
        if not w.o.keep_idents:
            segment = segment._replace(ident=w.rng.getrandbits(16), tsval=w.rng.getrandbits(32))
        came = t_ns + (w.o.delay_ns if to_server else w.o.back_ns) + w.rng.randrange(w.o.jitter_ns + 1)
        w.see(self, not to_server, came, segment)
        if w.rng.random() < w.o.twice:
            w.see(self, not to_server, came + 50000, segment)
        w.later(came, self.at_server if to_server else self.at_client, flags)
        return True

    def syn(self, t_ns, n):
        w = self.world
        if self.connected or self.refused:
            return
        self.ident = self.ident + 1 & 0xFFFF or 1
        arrives = self.send("syn", True, t_ns, frames.SYN, self.isn, 0, self.ident, self.stamp(t_ns, 1),
                            1 if self.elsewhere else w.o.lose_syn)
        if n + 1 < SYNS:
            w.later(t_ns + (NSEC << n), self.syn, n + 1)
        if arrives or self.elsewhere:
            return
        if w.rng.random() < w.o.forged_rst:
            self.between["rst"] += 1
            rst = Segment(self.server[0], self.client[0], self.server[1], self.client[1], 0, self.isn + 1 & 0xFFFFFFFF,
                          frames.RST | frames.ACK, 4711, None, 61)
            w.see(self, True, t_ns + 1000000, rst)
            self.refused = True
        elif w.rng.random() < w.o.forged_icmp and not w.o.v6:
            self.between["icmp"] += 1
            quoted = frame(Segment(self.client[0], self.server[0], self.client[1], self.server[1], self.isn, 0, frames.SYN,
                                   self.ident, None, 61))[14:42]
            w.put(True, t_ns + 1000000, frames.ether(frames.icmp4(quoted, 3, 13, b"\xc0\0\2\1", self.client[0])))
            self.refused = True

    def at_server(self, t_ns, flags):
        w = self.world
        if self.silent:
            return
        if not flags & frames.SYN:
            self.complete = True
        elif self.closed:
            self.send("rst", False, t_ns, frames.RST | frames.ACK, 0, self.isn_there + 1, 0, None, w.o.lose_rst)
        elif not self.answering:
            self.answering = True
            self.syn_ack(t_ns, 0)
        else:
            self.syn_ack(t_ns, SYNS)

    def syn_ack(self, t_ns, n):
        w = self.world
        if self.complete:
            return
        self.send("syn-ack", False, t_ns, frames.SYN | frames.ACK, self.server_isn, self.isn_there + 1, 0,
                  self.stamp(t_ns, 2), w.o.lose_syn_ack)
        if n + 1 < SYNS:
            w.later(t_ns + (NSEC << n) + 200000000, self.syn_ack, n + 1)

    def at_client(self, t_ns, flags):
        w = self.world
        if flags & frames.RST:
            self.refused = True
        if self.refused:
            return
        first, self.connected = not self.connected, True
        self.ident = self.ident + 1 & 0xFFFF or 1
        self.send("ack", True, t_ns + 10000, frames.ACK, self.isn + 1, self.server_isn + 1, self.ident,
                  self.stamp(t_ns, 1), w.o.lose_ack, counted=first)


class World:
    def __init__(self, options, seed):
        self.o = options
        self.rng = random.Random(seed)
        self.queue, self.order = [], 0
        self.sides = ([], [])  # (time, order, frame)
        self.attempts = []
        for number in range(options.attempts):
            attempt = Attempt(self, number)
            self.attempts.append(attempt)
            self.later(START + self.rng.randrange(options.seconds * NSEC), attempt.syn, 0)
        while self.queue:
            t_ns, _, do, argument = heapq.heappop(self.queue)
            do(t_ns, argument)

    def address(self, net, host):
        return (bytes([0xFD] + 11 * [0]) if self.o.v6 else b"") + bytes([net, 0, 0, host])

    def later(self, t_ns, do, argument):
        self.order += 1
        heapq.heappush(self.queue, (t_ns, self.order, do, argument))

    def see(self, attempt, at_client, t_ns, segment):
        if (attempt.others if at_client else attempt.elsewhere):
            return
        if self.rng.random() >= (self.o.client_misses if at_client else self.o.server_misses):
            self.put(at_client, t_ns, frame(segment))

    def put(self, at_client, t_ns, data):
        self.order += 1
        if not at_client:
            t_ns += self.o.skew_ns + int((t_ns - START) * self.o.drift_ppm / 1000000)
        self.sides[0 if at_client else 1].append((t_ns, self.order, data))

    def packets(self, side):
        """For pcaplib, in order of time."""
        return [pcaplib.Packet(t_ns, data, len(data)) for t_ns, _, data in sorted(self.sides[side])]

    def truth(self):
        return {a.key(): a for a in self.attempts}
