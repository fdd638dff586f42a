#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` says of answers that come later than the next SYN, and of SYNs that leave late, or cross.

watch_late.py SYNSENT [--only TEXT] [--show]
"""
import errno
import os
import socket
import sys
import time

import harness
import watched
from tun_peer import THERE, Peer
from watch_elsewhere import run_test
from watched import Watch, connect, connecting, listener

LATE, LATE_BARE, SECOND, SECOND_BARE, MIDDLE = 401, 402, 403, 404, 405
ANSWERS = {LATE: [(0, 1.3, True, 0)], LATE_BARE: [(0, 1.3, False, 0)], SECOND: [(1, 0.05, True, 1)],
           SECOND_BARE: [(1, 0.05, False, 1)], MIDDLE: [(1, 1.3, True, 1)]}
# how many SYNs, which was answered, and what the headline says
TOLD = {LATE: (2, 0, "SYN 0 had reached the server"), LATE_BARE: (2, None, "which of them was answered is not known"),
        SECOND: (2, 1, "SYN 0 got no usable answer"), SECOND_BARE: (2, None, "which of them was answered is not known"),
        MIDDLE: (3, 1, "SYN 1 had reached the server")}
if not os.path.exists("/proc/sys/net/ipv4/tcp_syn_linear_timeouts"):
    TOLD[MIDDLE] = (2, 1, "SYN 0 got no usable answer")  # before 6.5 SYN 2 leaves later

# which of the SYN-ACKs is acknowledged
CROSSED = {411: 0, 412: 1, 413: None}
CROSSED_TIMEOUTS = {414: (60000, "syn-retries"), 415: (1500, "user-timeout")}  # ms, and what ends it
RETRIES = """
cd /proc/sys/net/ipv4
echo %d >tcp_syn_retries
[ ! -e tcp_syn_linear_timeouts ] || echo 0 >tcp_syn_linear_timeouts
"""
DROPPED = "nft 'table inet t { chain i { type filter hook input priority 0; tcp dport { 408, 409 } drop; }; }'"
TFO = RETRIES % 1 + """
echo 5 >tcp_fastopen # of a client, and without a cookie
echo 0 >tcp_fastopen_blackhole_timeout_sec
""" + DROPPED
OPEN, SILENT, WAITS = 407, 408, 409
LASTS = {"established": (0, 0.3), "abandoned": (0.4, 0.9), "timed-out": (3, 3.3), "pending": (2, 9)}  # seconds
TCP_USER_TIMEOUT, TCP_FASTOPEN_CONNECT = 18, 30


def opened_later(port):
    s = socket.socket()
    s.setblocking(False)
    s.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
    if s.connect_ex(("127.0.0.1", port)):
        raise RuntimeError("connect() is not put off")
    return s


class Test:
    def __init__(self, synsent):
        self.synsent = synsent

    def late(self, t, *args, known=True):
        """A SYN-ACK that comes when SYN 1 has left, too: its timestamp tells which it answers, if it has one."""
        net = watched.Net()
        t.kept += [net.process, Peer(net, ANSWERS)]
        with net:
            w = Watch(self.synsent, ["-j", *(args or ("--netns", str(net.inode)))])
            t.watches.append(w)
            w.ready()
            for port in ANSWERS:
                t.want("it connects to port %d" % port, connect(THERE, port, 5), 0)
        time.sleep(0.3)
        attempts = {a["server"]["port"]: a["synsent"] for a in w.end()}
        t.want("the attempts", set(attempts), set(ANSWERS))
        for port, (syns, answered, says) in TOLD.items():
            a = attempts.get(port)
            if not a:
                continue
            if not known:
                answered, says = None, "which of them was answered is not known"
            what = "of port %d " % port
            t.want(what + "the outcome", (a["outcome"], len(a["syns_ns"])), ("established", syns))
            t.want(what + "the SYN that was answered", a.get("answered_syn"), answered)
            t.want(what + "the headline %r says so" % a["headline"], says in a["headline"], True)

    def late_bpf(self, t):
        self.late(t)

    def late_packets(self, t):
        self.late(t, "--no-bpf")

    def crossed(self, t, *args, confidence="certain"):
        """A SYN-ACK that is sent again, when SYNs have crossed, is no SYN."""
        net = watched.Net()
        t.kept += [net.process, Peer(net, {}, CROSSED)]
        net.run(RETRIES % 2)
        with net:
            w = Watch(self.synsent, ["-j", *(args or ("--netns", str(net.inode)))])
            t.watches.append(w)
            w.ready()
            for port, error in zip(CROSSED, (0, 0, errno.ETIMEDOUT)):
                s, _ = connecting(THERE, port)
                t.kept.append(s)
                t.want("what becomes of port %d" % port, watched.end_of(s, 9), error)
        time.sleep(0.3)
        attempts = w.end()
        got = [(a["server"]["port"], a["synsent"]["outcome"], a["synsent"]["confidence"]) for a in attempts]
        t.want("the attempts", got,
               list(zip(CROSSED, ("established", "established", "timed-out"), ("certain", "certain", confidence))))
        t.want("their SYNs", [len(a["synsent"]["syns_ns"]) for a in attempts], [1, 1, 1])
        if len(attempts) == 3:
            says = attempts[2]["synsent"]
            t.want("what it says", says["headline"],
                   "the kernel gave up in SYN-RECEIVED: SYNs had crossed, and nothing acknowledged its SYN-ACKs")
            t.want("it compares", [e for e in says["evidence"] if "predicted" in e], [])

    def crossed_bpf(self, t):
        self.crossed(t)

    def crossed_packets(self, t):
        self.crossed(t, "--no-bpf", confidence="likely")

    def crossed_limits(self, t):
        """The user timeout is the limit then, too, and only where it is over."""
        net = watched.Net()
        t.kept += [net.process, Peer(net, {}, {port: None for port in CROSSED_TIMEOUTS})]
        net.run(RETRIES % 1)
        with net:
            w = Watch(self.synsent, ["-j", "--netns", str(net.inode)])
            t.watches.append(w)
            w.ready()
            for port, (timeout_ms, _) in CROSSED_TIMEOUTS.items():
                s = socket.socket()
                s.setblocking(False)
                s.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, timeout_ms)
                s.connect_ex((THERE, port))
                t.kept.append(s)
            for s in t.kept[-len(CROSSED_TIMEOUTS):]:
                t.want("its error", watched.end_of(s, 9), errno.ETIMEDOUT)
        time.sleep(0.3)
        got = {a["server"]["port"]: (a["synsent"]["limit"], a["synsent"]["confidence"]) for a in w.end()}
        t.want("the limits", got, {port: (limit, "certain") for port, (_, limit) in CROSSED_TIMEOUTS.items()})

    def changed(self, t, *args):
        """A sysctl, or an option of the socket, is set while it waits: that is why no prediction holds."""
        net = watched.Net()
        t.kept.append(net.process)
        net.run(RETRIES % 5 + DROPPED)
        with net:
            w = Watch(self.synsent, ["-j", *(args or ("--netns", str(net.inode)))])
            t.watches.append(w)
            w.ready()
            kept, given_up = [connecting("127.0.0.1", SILENT)[0] for _ in range(2)]
            with_option = connecting("127.0.0.1", WAITS)[0]
            t.kept += [kept, given_up, with_option]
            time.sleep(1.5)
            if not args:
                with_option.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 3000)
            net.run("echo 1 >/proc/sys/net/ipv4/tcp_syn_retries")
            time.sleep(0.6)
            given_up.close()
            t.want("it times out", watched.end_of(kept, 5), errno.ETIMEDOUT)
            t.want("so does the other one", watched.end_of(with_option, 5), errno.ETIMEDOUT)
        time.sleep(0.3)
        attempts = w.end()
        got = sorted((a["server"]["port"], a["synsent"]["outcome"], a["synsent"]["confidence"]) for a in attempts)
        t.want("how many", len(got), 3)
        if not args:
            t.want("the attempts", got, [(SILENT, "abandoned", "certain"), (SILENT, "timed-out", "certain"),
                                         (WAITS, "timed-out", "certain")])
        for a in attempts:
            evidence = a["synsent"]["evidence"]
            t.want("%r says why" % evidence, any("tcp_syn_retries 5 to 1" in e for e in evidence), True)
            t.want("%r says no more" % evidence, any("the instant predicted" in e or "gone on until" in e
                                                     for e in evidence), False)
            t.want("it predicts", "predicted" in a["synsent"], False)
            if a["server"]["port"] == WAITS and not args:
                t.want("%r names the option" % evidence, "TCP_USER_TIMEOUT 0 to 3000 ms" in str(evidence), True)

    def changed_bpf(self, t):
        self.changed(t)

    def changed_packets(self, t):
        self.changed(t, "--no-bpf")

    def deferred(self, t):
        """With TCP_FASTOPEN_CONNECT the SYN leaves with the first write: the attempt is timed from there."""
        net = watched.Net()
        t.kept.append(net.process)
        net.run(TFO)
        with net:
            t.kept += [listener("127.0.0.1", OPEN)]
            w = Watch(self.synsent, ["-j", "--pending", "--netns", str(net.inode)])
            t.watches.append(w)
            w.ready()
            connects, times_out, is_closed, waits = [opened_later(port) for port in (OPEN, SILENT, SILENT, WAITS)]
            time.sleep(1.2)
            for s in (connects, times_out, is_closed):
                s.send(b"data")
            t.want("one connects", watched.end_of(connects, 2), 0)
            time.sleep(0.5)
            is_closed.close()
            t.want("one times out", watched.end_of(times_out, 5), errno.ETIMEDOUT)
        time.sleep(0.3)
        attempts = {(a["server"]["port"], a["synsent"]["outcome"]): a for a in w.end()
                    if a["synsent"].get("netns") == net.inode}
        for s in (connects, times_out, waits):
            s.close()
        t.want("the attempts", sorted(attempts),
               [(OPEN, "established"), (SILENT, "abandoned"), (SILENT, "timed-out"), (WAITS, "pending")])
        for (port, outcome), a in attempts.items():
            least, most = LASTS[outcome]
            elapsed, evidence = a["event"]["duration"] / 1e9, a["synsent"]["evidence"]
            t.want("%s after %.3f s" % (outcome, elapsed), least <= elapsed <= most, True)
            says = "may leave only with the first write" if outcome == "pending" else "left with the first write"
            t.want("%s: %r says so" % (outcome, evidence), any(says in e for e in evidence), True)
        out = attempts.get((SILENT, "timed-out"), {}).get("synsent")
        if out:
            off = out["predicted"]["gives_up_ns"] - attempts[SILENT, "timed-out"]["event"]["duration"]
            t.want("the prediction, %d ns off" % off, (out["predicted"]["exact"], abs(off) < 20e6), (True, True))
            t.want("its verdict", (out["confidence"], out["limit"], len(out["syns_ns"])), ("certain", "syn-retries", 2))
            t.want("SYN 1 left at %d" % out["syns_ns"][1], 1e9 < out["syns_ns"][1] < 1.1e9, True)


def main():
    if not os.path.exists("/dev/net/tun"):
        harness.skip("no TUN device")
    return run_test(Test, ("late_bpf", "late_packets", "deferred",
                           "crossed_bpf", "crossed_packets", "crossed_limits",
                           "changed_bpf", "changed_packets"), __doc__, beside="_packets")


if __name__ == "__main__":
    sys.exit(main())
