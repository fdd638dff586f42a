#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent read` says of a SYN-ACK that the client's TCP did not take, and of one that came too late.

read_not_taken.py SYNSENT [--only TEXT] [--show]

A program behind a TUN device answers with what the kernel refuses, in a namespace of this test's; what tcpdump saw there is
read, whole and as it would be where packets are missing.
"""
import itertools
import os
import re
import socket
import struct
import subprocess
import sys
import time

import harness
import watch_elsewhere
import watched
from tun_peer import THERE, Peer, checksum

TCP_SYNCNT = 7
# The server's port: when the client closes its socket, and how it is answered: (delay, off by so much: timestamp, ack).
PAWS, FUTURE, ACK, ONE, LATE, LATE_STAMPED, TO_THE_END, LATE_SECOND = range(431, 439)
CLOSED = {PAWS: 1.4, FUTURE: 1.4, ACK: 1.4, ONE: 0.4, LATE: 0.2, LATE_STAMPED: 0.2, TO_THE_END: 4, LATE_SECOND: 1.3}


def answers(after, *off, of=None, n=9):
    return [(i, after, True, i if of is None else of, *off) for i in range(n)]


ANSWERS = {PAWS: answers(0.01, -100000, 0), FUTURE: answers(0.01, 1 << 30, 0), ACK: answers(0.01, 0, 5),
           ONE: answers(0.01, -100000, 0), LATE: answers(0.4, 0, 0), LATE_STAMPED: answers(0.4, -100000, 0),
           TO_THE_END: answers(0.01, -100000, 0), LATE_SECOND: [(1, 0.4, True, 0, 0, 0)]}
CAME = r"a SYN-ACK came(,| \d+ times,) and the client did not take it"
STAMP = CAME + r": its timestamp echoes none that this attempt sent \(PAWS\): \d+, where the SYNs? sent \d+( to \d+)?$"


class Test:
    def __init__(self, synsent):
        self.synsent = synsent
        self.whole = synsent.path("whole.pcap")

    def captured(self, t):
        """Once, for all parts."""
        if os.path.exists(self.whole):
            return
        net = watched.Net()
        t.kept += [net.process, Peer(net, ANSWERS)]
        net.run("sysctl -qw net.ipv4.tcp_syn_linear_timeouts=0")
        with net:
            dump = subprocess.Popen(["tcpdump", "-i", "late0", "-nn", "-U", "-s", "256", "--immediate-mode", "-Z", "root", "-w",
                                     self.whole], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=harness.ENV)
            dump.stderr.readline()  # it listens
            sockets = {}
            for port in ANSWERS:
                s = sockets[port] = socket.socket()
                s.setblocking(False)
                s.setsockopt(socket.IPPROTO_TCP, TCP_SYNCNT, 1 if port == TO_THE_END else 6)
                s.connect_ex((THERE, port))
            began = time.monotonic()
            for port in sorted(CLOSED, key=CLOSED.get):
                time.sleep(max(0, began + CLOSED[port] - time.monotonic()))
                sockets[port].close()
            time.sleep(0.5)
            dump.terminate()
            dump.communicate()

    def read(self, path, *args):
        return {a["server"]["port"]: a["synsent"] for a in self.synsent.run(["read", "-j", *args, path]).objects
                if "server" in a}

    def want(self, t, port, a, ignored, said, gone_on=None):
        what = "of port %d " % port
        t.want(what + "the verdict", (a["outcome"], a["confidence"]), ("abandoned", "likely"))
        t.want(what + "the replies", {r.get("ignored") for r in a["replies"]}, {ignored})
        t.want(what + "that %r is in %r" % (said, a["evidence"]), any(re.match(said, e) for e in a["evidence"]), True)
        if gone_on is not None:
            t.want(what + "that the client went on, in %r" % a["evidence"],
                   any("sent its SYN again" in e for e in a["evidence"]), gone_on)
            t.want(what + "that it may not have waited, in %r" % a["evidence"],
                   any("not known whether the client waited still" in e for e in a["evidence"]), not gone_on)

    def whole_capture(self, t):
        self.captured(t)
        seen = self.read(self.whole)
        t.want("the attempts", set(seen), set(ANSWERS))
        for port in (PAWS, FUTURE, TO_THE_END):
            self.want(t, port, seen[port], "not taken", STAMP, True)
            t.want("the advice", "alters timestamps" in seen[port]["advice"], True)
        for port in (ONE, LATE_STAMPED):
            self.want(t, port, seen[port], "not taken", STAMP, False)
        self.want(t, ACK, seen[ACK], "wrong ack", CAME + r": it acknowledges \d+, and the SYN wants \d+$")
        t.want("the advice", "alters sequence numbers" in seen[ACK]["advice"], True)
        for port in (LATE, LATE_SECOND):
            self.want(t, port, seen[port], "too late", ".*no socket waited any more")

    def first_syns_missing(self, t):
        """Of what echoes them nothing is told for certain."""
        self.captured(t)
        later = self.cut(lambda packet, n: n >= len(ANSWERS))
        seen = self.read(later)
        self.want(t, LATE_SECOND, seen[LATE_SECOND], "not taken", ".*nor whether an earlier SYN, which was not seen", False)
        self.want(t, FUTURE, seen[FUTURE], "not taken", STAMP, False)

    def altered_beyond(self, t):
        """Where the timestamps are right as seen, the SYN that follows tells that the client waited still."""
        self.captured(t)
        seen = self.read(self.cut(lambda packet, n: True, self.right_echo))
        self.want(t, PAWS, seen[PAWS], "not taken", CAME + "; why does not show here", True)
        self.want(t, ONE, seen[ONE], "too late", ".*no socket waited any more")

    def right_echo(self, packet):
        """A SYN-ACK of PAWS or ONE as it is where what altered its timestamp has not done so yet."""
        at = (packet[0] & 15) * 4
        if packet[0] >> 4 == 4 and packet[at + 13] & 0x12 == 0x12 and struct.unpack_from("!H", packet, at)[0] in (PAWS, ONE):
            echo = struct.unpack_from("!I", packet, at + 32)[0]
            tcp = packet[at:at + 16] + bytes(2) + packet[at + 18:at + 32] + struct.pack("!I", echo + 100000 & 0xffffffff)
            right = checksum(packet[12:20] + struct.pack("!HH", 6, len(tcp)) + tcp)
            return packet[:at] + tcp[:16] + struct.pack("!H", right) + tcp[18:]
        return packet

    def cut(self, keeps, becomes=lambda packet: packet):
        """The capture with those packets that `keeps`, each as it `becomes`."""
        path = self.synsent.path("cut.pcap")
        with open(self.whole, "rb") as whole, open(path, "wb") as out:
            out.write(whole.read(24))
            for n in itertools.count():
                head = whole.read(16)
                if not head:
                    return path
                packet = whole.read(struct.unpack("=IIII", head)[2])
                if keeps(packet, n):
                    out.write(head + becomes(packet))


def main():
    return watch_elsewhere.run_test(Test, ("whole_capture", "first_syns_missing", "altered_beyond"), __doc__,
                                    "a TUN device in a namespace of its own is made by root only")


if __name__ == "__main__":
    if not os.path.exists("/dev/net/tun") or not harness.found("tcpdump"):
        harness.skip("there is no /dev/net/tun, or no tcpdump")
    sys.exit(main())
