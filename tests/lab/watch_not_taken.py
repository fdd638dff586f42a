#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` and `connect` say of a SYN-ACK that comes to this host and that its TCP does not take.

watch_not_taken.py SYNSENT [--only TEXT] [--show]

A program behind a TUN device answers with what the kernel refuses, in a namespace of this test's.
"""
import ctypes
import os
import socket
import struct
import sys
import time

import harness
import watch_elsewhere
import watched
from tun_peer import THERE, Peer
from watched import Watch

IP_MINTTL, SO_ATTACH_FILTER, TCP_MD5SIG = 21, 26, 14
PAWS_PORT, FUTURE_PORT, ACK_PORT, MD5_PORT, TTL_PORT, FILTER_PORT = range(421, 427)
TAKES = "a SYN-ACK came%s and this host did not take it: "
PAWS = "its timestamp echoes none that this attempt sent (PAWS)"
# port -> (the kernel's reason, why, of the advice)
TOLD = {
    PAWS_PORT: ("TCP_RFC7323_PAWS", PAWS, "net.ipv4.tcp_timestamps=0"),
    FUTURE_PORT: ("TCP_RFC7323_PAWS", PAWS, "alters timestamps"),
    MD5_PORT: ("TCP_MD5NOTFOUND", "TCP MD5 or TCP-AO: its signature is not the one that this socket wants", "TCP_MD5SIG"),
    TTL_PORT: ("TCP_MINTTL", "its TTL is less than the socket asks for (IP_MINTTL, IPV6_MINHOPCOUNT)", "minimal TTL"),
    FILTER_PORT: ("SOCKET_FILTER", "the socket's own filter drops it (SO_ATTACH_FILTER, SO_ATTACH_BPF)", "`ss -tb0`"),
}


def answers(*off):
    return [(n, 0.01, True, n, *off) for n in range(9)]


ANSWERS = {PAWS_PORT: answers(-100000, 0), FUTURE_PORT: answers(100000, 0), ACK_PORT: answers(0, 5), MD5_PORT: answers(),
           TTL_PORT: answers(), FILTER_PORT: answers()}
KEPT = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # a filter's "ret 0"


def prepare(s, port):
    """False: this kernel cannot."""
    try:
        if port == MD5_PORT:
            to = struct.pack("!HH4s", 0, 0, socket.inet_aton(THERE))
            to = struct.pack("=H", socket.AF_INET) + to[2:] + bytes(120)
            s.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, to + struct.pack("=BBHi80s", 0, 0, 3, 0, b"key"))
        elif port == TTL_PORT:
            s.setsockopt(socket.IPPROTO_IP, IP_MINTTL, 255)
        elif port == FILTER_PORT:
            s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(KEPT)))
    except OSError as e:
        print("left out: port %d: %s" % (port, e))
        return False
    return True


class Test:
    def __init__(self, synsent):
        self.synsent = synsent

    def peer(self, t):
        net = watched.Net()
        t.kept += [net.process, Peer(net, ANSWERS)]
        return net

    def tried(self, t, net):
        """All at once, for longer than a SYN's retransmission takes; the ports that were."""
        ports, sockets = [], []
        for port in ANSWERS:
            s = socket.socket()
            s.setblocking(False)
            if prepare(s, port):
                s.connect_ex((THERE, port))
                sockets.append(s)
                ports.append(port)
        time.sleep(1.4)
        for s in sockets:
            t.want("it waits still", s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0)
            s.close()
        time.sleep(0.3)
        return ports

    def watch(self, t):
        """In JSON and in text, of the same attempts."""
        net = self.peer(t)
        with net:
            j, text = (Watch(self.synsent, [how, "--netns", str(net.inode)]) for how in ("-j", "-v"))
            t.watches += [j, text]
            j.ready()
            text.ready()
            ports = self.tried(t, net)
        attempts = {a["server"]["port"]: a["synsent"] for a in j.end()}
        text.end()
        lines = text.text().splitlines()
        t.want("the attempts", set(attempts), set(ports))
        for port in set(ports) & set(attempts) & set(TOLD):
            a, (reason, why, helps) = attempts[port], TOLD[port]
            drop = a.get("drop", {})
            what = "of port %d " % port
            t.want(what + "the verdict", (a["outcome"], a["gave_up_by"], a["confidence"]),
                   ("abandoned", "application", "certain"))
            t.want(what + "the drop", (drop.get("place"), drop.get("reason"), drop.get("reply")),
                   ("local-input", reason, True))
            said = (TAKES % (" %d times," % drop.get("packets", 0))) + why
            t.want(what + "that %r is in %r" % (said, a["evidence"]), said in a["evidence"], True)
            t.want(what + "that %r is in the advice %r" % (helps, a["advice"]), helps in a["advice"], True)
            line = [l for l in lines if "%s:%d " % (THERE, port) in l]
            t.want(what + "the line %r says so" % line, (TAKES % "") + why in "".join(line), True)
        a = attempts.get(ACK_PORT, {})
        t.want("what is said of a wrong ack", "sequence numbers" in a.get("advice", ""), True)

    def without_bpf(self, t):
        """By packets: as `read` tells it of a capture."""
        net = self.peer(t)
        with net:
            w = Watch(self.synsent, ["-j", "--no-bpf"])
            t.watches.append(w)
            w.ready()
            self.tried(t, net)
        attempts = {a["server"]["port"]: a["synsent"] for a in w.end()}
        for port, said in ((PAWS_PORT, PAWS), (FUTURE_PORT, PAWS), (ACK_PORT, "it acknowledges ")):
            a = attempts.get(port, {"replies": []})
            t.want("of port %d why" % port, {r.get("ignored") for r in a["replies"]},
                   {"wrong ack" if port == ACK_PORT else "not taken"})
            t.want("that %r is in %r" % (said, a.get("evidence")),
                   any("the client did not take it: " + said in e for e in a.get("evidence", ())), True)

    def connect(self, t):
        """One attempt, by its own report."""
        net = self.peer(t)
        with net:
            r = self.synsent.run(["connect", "-j", "--timeout", "1.4", THERE, str(PAWS_PORT)])
        t.want("the status", r.status, 1)
        t.want("the attempts", len(r.objects), 1)
        for a in [o["synsent"] for o in r.objects]:
            t.want("the drop", a.get("drop", {}).get("reason"), "TCP_RFC7323_PAWS")
            t.want("that it is said in %r" % a["evidence"], (TAKES % ",") + PAWS in a["evidence"], True)
            t.want("that %r helps" % a["advice"], "tcp_timestamps" in a["advice"], True)

    def explained(self, t):
        """The kernel's word, and the line that is printed."""
        for word in ("not taken", "a SYN-ACK came 2 times, and the client did not take it: " + PAWS):
            r = self.synsent.run(["explain", word])
            t.want("the status of %r" % word, r.status, 0)
            t.want("that %r tells of an RST" % r.out, "refused it with an RST" in " ".join(r.out.split()), True)
        for word in ("TCP_RFC7323_PAWS", "TCP_MD5NOTFOUND", "TCP_MINTTL", "SOCKET_FILTER", "TCP_OLD_ACK",
                     (TAKES % "") + PAWS):
            r = self.synsent.run(["explain", word])
            t.want("the status of %s" % word, r.status, 0)
            t.want("that %r says that it was not taken" % r.out, "did not take it" in " ".join(r.out.split()) or
                   "filter dropped it" in r.out, True)


def main():
    return watch_elsewhere.run_test(Test, ("watch", "without_bpf", "connect", "explained"), __doc__,
                                    "a TUN device in a namespace of its own is made by root only")


if __name__ == "__main__":
    if os.path.exists("/dev/net/tun"):
        sys.exit(main())
    harness.skip("there is no /dev/net/tun")
