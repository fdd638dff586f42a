#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` tells of a listener whose SYN queue is full, in network namespaces of this test's.

watch_syn_queue.py SYNSENT [--only TEXT] [--show]

The queue is filled by SYNs of hosts that do not exist.  The client and the server are in two namespaces with a link.
"""
import re
import socket
import sys
import time

import half_open
import harness
import watch_elsewhere
import watched
from watched import connect, listener

PORT = 209
SERVER, SERVER6, NAT = "10.9.0.2", "fd09::2", "10.9.3.3"
NOBODY, NOBODY6 = "10.9.7.1", "fd09:7::1"
SYSCTL = "echo %d >/proc/sys/net/ipv4/%s"
DNAT = "nft 'table ip n { chain o { type nat hook output priority -100; ip daddr 10.9.3.3 dnat to 10.9.0.2; }; }'"
ADVICE = "sysctl net.ipv4.tcp_syncookies=1"
FULL = "SYN queue full"
MANY = r"\d+"
OWNER = " " + re.escape(watched.own_name())


def shared(address, port, backlog):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind((address, port))
    s.listen(backlog)
    return s


def by_backlog(rule, n):
    """Before Linux 6.14 a queue takes no more than the backlog, and later ones one more: that is for certain."""
    numbers = re.search(r"(\d+) half-open, backlog (\d+)", rule)
    sure = numbers and int(numbers[1]) >= int(numbers[2]) + n
    return FULL if sure else FULL + ", likely"


class Test(watch_elsewhere.Test):
    def servers(self, t, cookies=0, max_syn_backlog=1024):
        """The server's namespace, and the client's."""
        far, near = watch_elsewhere.linked("process")
        t.kept += [far.net.process, near.process]
        near.run("ip addr add fd09::1/64 dev e0 nodad")
        far.net.run("ip addr add fd09::2/64 dev e1 nodad; ip route add default via 10.9.0.1; "
                    "ip route add default via fd09::1")
        far.net.run(SYSCTL % (cookies, "tcp_syncookies") + ";" + SYSCTL % (max_syn_backlog, "tcp_max_syn_backlog"))
        return far.net, near

    def fill(self, t, far, near, address=SERVER, n=200):
        with near:
            if ":" not in address:
                connect(address, PORT + 1)  # a neighbour that is looked for keeps few packets
            else:
                near.run("ping -c 1 -W 2 %s" % address, False)
                connect(address, PORT + 1)
            half_open.send(NOBODY6 if ":" in address else NOBODY, address, PORT, n)
        time.sleep(0.2)

    def tried(self, t, near, far, address=SERVER, error=None):
        """What is told of an attempt by the client and by the server."""
        w = self.watch(t, ["--inbound", "--netns", near.inode, "--netns", far.inode])
        with near:
            w.ready()
            t.want("the attempt", connect(address, PORT, 0.3), error)
        time.sleep(0.2)
        got = [a for a in w.end() if a["server"]["port"] == PORT and a.get("client", {}).get("address") not in (NOBODY, NOBODY6)]
        return ([a for a in got if a["network"].get("direction") != "inbound"],
                [a for a in got if a["network"].get("direction") == "inbound"])

    def want_full(self, t, attempts, far, reason, rule, n=1):
        """Of the client's attempt and the server's; n listeners."""
        t.want("how many are told of", [len(a) for a in attempts], [1, 1])
        for a in attempts[0] + attempts[1]:
            drop = a["synsent"].get("drop", {})
            t.want("where SYNs were lost", (drop.get("place"), drop.get("reason"), drop.get("netns")),
                   ("peer-backlog", reason or by_backlog(drop.get("rule", ""), n), far.inode))
            t.want("%r is %s" % (drop.get("rule"), rule), bool(re.fullmatch(rule, drop.get("rule", ""))), True)
        for a in attempts[0]:
            t.want("the verdict", list(harness.verdict(a).values())[:3], ["abandoned", "application", "app-timer"])
            t.want("that %r says what helps" % a["synsent"]["advice"], ADVICE in a["synsent"]["advice"], True)
        for a in attempts[1]:
            t.want("what the server did", (a["synsent"]["outcome"], a["synsent"]["confidence"]), ("unanswered", "unknown"))

    def backlog(self, t):
        """More half-open connections than the backlog: for certain where there are."""
        far, near = self.servers(t)
        for address in (SERVER, SERVER6):
            with far:
                t.kept.append(listener(address, PORT, 10))
            self.fill(t, far, near, address)
            shown = "[%s]" % address if ":" in address else address
            self.want_full(t, self.tried(t, near, far, address), far, None,
                           r"listener %s:%d%s, %s half-open, backlog 10, tcp_syncookies 0" % (re.escape(shown), PORT, OWNER, MANY))

    def sysctl(self, t):
        """Three quarters of tcp_max_syn_backlog are for whoever comes, the rest for those that are known."""
        far, near = self.servers(t, max_syn_backlog=64)
        with far:
            t.kept.append(listener("0.0.0.0", PORT, 1000))
        self.fill(t, far, near)
        self.want_full(t, self.tried(t, near, far), far, FULL + ", likely",
                       r"listener 0\.0\.0\.0:%d%s, 49 half-open, over 3/4 of tcp_max_syn_backlog 64, "
                       r"tcp_syncookies 0" % (PORT, OWNER))

    def wildcards(self, t):
        """The one of IPv6 takes IPv4 too, where there is none of IPv4; each has a queue of its own."""
        far, near = self.servers(t)
        with far:
            s = socket.socket(socket.AF_INET6)
            s.bind(("::", PORT))
            s.listen(7)
            t.kept.append(s)
        self.fill(t, far, near)
        self.want_full(t, self.tried(t, near, far), far, None,
                       r"listener \[::\]:%d%s, %s half-open, backlog 7, tcp_syncookies 0" % (PORT, OWNER, MANY))
        s.close()
        with far:
            s = socket.socket(socket.AF_INET6)
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.bind(("::", PORT))
            s.listen(300)
            t.kept += [s, listener("0.0.0.0", PORT, 9)]
        self.fill(t, far, near)
        self.want_full(t, self.tried(t, near, far), far, None,
                       r"listener 0\.0\.0\.0:%d%s, %s half-open, backlog 9, tcp_syncookies 0" % (PORT, OWNER, MANY))

    def shared_port(self, t):
        """Two listeners; sock_diag does not tell whose a half-open connection is: full when both are."""
        far, near = self.servers(t)
        with far:
            t.kept += [shared(SERVER, PORT, 5), shared(SERVER, PORT, 6)]
        self.fill(t, far, near)
        self.want_full(t, self.tried(t, near, far), far, None,
                       r"listener 10\.9\.0\.2:%d%s, \d+ half-open, backlog 11, tcp_syncookies 0" % (PORT, OWNER), n=2)

    def behind_nat(self, t):
        """The listener is looked for where a rule of this host sends the SYN."""
        far, near = self.servers(t)
        near.run(DNAT + "; ip route add 10.9.3.0/24 via 10.9.0.2")
        with far:
            t.kept.append(listener(SERVER, PORT, 10))
        self.fill(t, far, near)
        own, inbound = self.tried(t, near, far, NAT)
        self.want_full(t, (own, inbound), far, None,
                       r"listener 10\.9\.0\.2:%d%s, %s half-open, backlog 10, tcp_syncookies 0" % (PORT, OWNER, MANY))

    def cookies(self, t):
        """With cookies the same queue answers."""
        far, near = self.servers(t, cookies=1)
        with far:
            t.kept.append(listener(SERVER, PORT, 10))
        self.fill(t, far, near)
        own, _ = self.tried(t, near, far, error=0)
        t.want("what came of it", [a["synsent"]["outcome"] for a in own], ["established"])

    def room(self, t):
        """It has half-open connections, and room; what is lost is the answer."""
        far, near = self.servers(t)
        with far:
            t.kept.append(listener(SERVER, PORT, 64))
        self.fill(t, far, near, n=20)
        far.run("ip route add unreachable 10.9.0.1")
        own, inbound = self.tried(t, near, far)
        t.want("what is told", [len(own), len(inbound)], [1, 1])
        t.want("where SYNs were lost", [a["synsent"].get("drop", {}).get("place") for a in own + inbound
                                        if a["synsent"].get("drop", {}).get("place") == "peer-backlog"], [])

    def accept_queue(self, t):
        """Where both are full, what holds them up is that nobody accepts."""
        far, near = self.servers(t)
        with far:
            t.kept.append(listener(SERVER, PORT, 10))
        self.fill(t, far, near, n=5)
        with near:
            t.kept += [watched.connecting(SERVER, PORT)[0] for _ in range(11)]
        time.sleep(0.2)
        self.fill(t, far, near)
        own, inbound = self.tried(t, near, far)
        t.want("which queue", [a["synsent"].get("drop", {}).get("reason") for a in own + inbound],
               ["accept queue full"] * 2)

    def words(self, t):
        """In text, by a wait that the kernel ends."""
        far, near = self.servers(t)
        with far:
            t.kept.append(listener(SERVER, PORT, 10))
        self.fill(t, far, near)
        near.run(SYSCTL % (1, "tcp_syn_retries") + "; echo 0 >/proc/sys/net/ipv4/tcp_syn_linear_timeouts || :")
        w = watched.Watch(self.synsent, ["-v", "--inbound", "--netns", str(near.inode), "--netns", str(far.inode)])
        t.watches.append(w)
        with near:
            w.ready()
            waits, _ = watched.connecting(SERVER, PORT)
            # what is half open is given up after a few seconds when many are (inet_connection_sock.c reqsk_timer_handler())
            w.await_text("timed-out", 10, lambda: half_open.send(NOBODY, SERVER, PORT, 50))
            waits.close()
        w.end()
        text = " ".join(w.text().split())
        listens = r"SYN queue full(?:, likely)?: listener 10\.9\.0\.2:%d%s, %s half-open, backlog 10, tcp_syncookies 0" % (PORT, OWNER, MANY)
        for what in ("timed-out .*" + listens, "ignored; .*" + listens, re.escape(ADVICE)):
            t.want("that %r is told in %r" % (what, text), bool(re.search(what, text)), True)


PARTS = ("backlog", "sysctl", "wildcards", "shared_port", "behind_nat", "cookies", "room", "accept_queue", "words")


def main():
    return watch_elsewhere.run_test(Test, PARTS, __doc__)


if __name__ == "__main__":
    sys.exit(main())
