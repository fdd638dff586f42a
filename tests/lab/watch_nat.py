#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where `synsent watch` and `synsent connect` say that NAT of this host had sent what an RST refused.

watch_nat.py SYNSENT [--only TEXT] [--show]

The namespaces of a client, of one that can hide its address, of a router and of a server are joined in a row; all of
them are made here.
"""
import json
import os
import signal
import subprocess
import sys
import time

import harness
import watched
from watch_elsewhere import run_test
from watch_places import is_there
from watched import Watch, connect

CLOSED, UNUSED = 320, 321  # nobody listens there
SERVER, NAT, BEHIND = ("10.7.3.2", "fd07:3::2"), ("10.8.8.8", "fd08::8"), ("10.7.3.7", "fd07:3::7")
OWN = """
table inet own {
	chain out {
		type nat hook output priority -100
		ip daddr 10.8.8.8 tcp dport 320 dnat ip to 10.7.3.2
		ip6 daddr fd08::8 tcp dport 320 dnat ip6 to fd07:3::2
		ip daddr 10.8.8.8 tcp dport 321 dnat ip to 10.7.3.7
		ip6 daddr fd08::8 tcp dport 321 dnat ip6 to fd07:3::7
	}
}
"""
ROUTER = """
table inet router {
	chain elsewhere {
		type nat hook prerouting priority -100
		ip daddr 10.7.3.7 dnat ip to 10.7.3.2
		ip6 daddr fd07:3::7 dnat ip6 to fd07:3::2
	}
}
"""
HIDER = """
table inet hider {
	chain leaving {
		type nat hook postrouting priority 100
		oifname "h2" masquerade
	}
}
"""
# As Docker makes them, for a port that is published.
DOCKER = """
table ip nat {
	chain DOCKER {
		iifname "docker0" return
		tcp dport 8080 dnat to 172.17.0.2:80
	}
	chain PREROUTING {
		type nat hook prerouting priority -100
		fib daddr type local jump DOCKER
	}
	chain OUTPUT {
		type nat hook output priority -100
		ip daddr != 127.0.0.0/8 fib daddr type local jump DOCKER
	}
	chain POSTROUTING {
		type nat hook postrouting priority 100
		ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
	}
}
"""
JOIN = """
ip link add {a} type veth peer name {b} netns /proc/self/fd/{fd}
ip addr add 10.7.{n}.1/24 dev {a}; ip addr add fd07:{n}::1/64 dev {a} nodad; ip link set {a} up
"""
JOINED = "ip addr add 10.7.{n}.2/24 dev {b}; ip addr add fd07:{n}::2/64 dev {b} nodad; ip link set {b} up\n"
NO_DAD = "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad\n"
FORWARDS = "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding\n"
FORWARDS_NOT = "echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding\n"
ROUTES = {"client": "ip route add default via 10.7.1.2; ip -6 route add default via fd07:1::2",
          "hider": "ip route add default via 10.7.2.2; ip -6 route add default via fd07:2::2",
          "router": "ip route add 10.7.1.0/24 via 10.7.2.1; ip -6 route add fd07:1::/64 via fd07:2::1",
          "server": "ip route add default via 10.7.3.1; ip -6 route add default via fd07:3::1"}
EVENTS_OFF = "echo 0 >/proc/sys/net/netfilter/nf_conntrack_events"
DESTROY = 1 << 2  # NFNLGRP_CONNTRACK_DESTROY, as /proc/net/netlink has it
NETFILTER = 12
FLOOD = """
import socket
for i in range(%d):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("10.7.3.7", 320))
    s.close()
"""


class Row:
    """The four of them."""

    def __init__(self, t):
        self.client, self.hider, self.router, self.server = (watched.Net() for _ in range(4))
        self.nets = row = [self.client, self.hider, self.router, self.server]
        t.kept.append(self)
        for net in row:
            net.run(NO_DAD)
        for n, (near, far, a, b) in enumerate(zip(row, row[1:], ("c1", "h2", "r3"), ("h1", "r2", "s3")), 1):
            os.set_inheritable(far.fd, True)
            with near:
                subprocess.run(["sh", "-ec", JOIN.format(a=a, b=b, n=n, fd=far.fd)], check=True, env=harness.ENV,
                               pass_fds=[far.fd])
            os.set_inheritable(far.fd, False)
            far.run(JOINED.format(b=b, n=n))
        for name, script in ROUTES.items():
            net = getattr(self, name)
            net.run((FORWARDS if name in ("hider", "router") else FORWARDS_NOT) + script)
        deadline = time.monotonic() + 5
        with self.client:
            while any(connect(a, CLOSED) != 111 for a in SERVER) and time.monotonic() < deadline:
                time.sleep(0.05)

    def end(self, net):
        """Nothing of this test's holds it any more."""
        self.nets.remove(net)
        net.process.kill()
        net.process.wait()
        os.close(net.fd)

    def close(self):
        for net in list(self.nets):
            self.end(net)


def rules(net, text):
    with net:
        done = subprocess.run(["nft", "-f", "-"], input=text, text=True, env=harness.ENV, stderr=subprocess.PIPE)
    if done.returncode:
        raise RuntimeError("nft: " + done.stderr)


def listeners(net):
    """How many sockets there are told of what conntrack forgets."""
    with net, open("/proc/thread-self/net/netlink") as f:
        rows = [line.split() for line in f][1:]
    return sum(int(r[1]) == NETFILTER and bool(int(r[3], 16) & DESTROY) and r[2] != "0" for r in rows)


def text_of(address, port):
    return "[%s]:%d" % (address, port) if ":" in address else "%s:%d" % (address, port)


class Test:
    def __init__(self, synsent):
        self.synsent = synsent
        self.traced = False

    def watch(self, t, row, *args):
        w = Watch(self.synsent, ["-j", "--netns", row.client.path, *args])
        t.watches.append(w)
        with row.client:
            w.ready()
        with subprocess.Popen(["bpftool", "prog", "show"], env=harness.ENV, stdout=subprocess.PIPE, text=True) as p:
            self.traced = "synsent_forgot" in p.stdout.read()  # it is told at once, and nothing is listened to
        return w

    def told(self, t, w, how=signal.SIGINT):
        """(address, port) -> what is said of them, in their order."""
        attempts = {}
        time.sleep(0.15)
        for a in w.end(how):
            attempts.setdefault((a["server"]["address"], a["server"]["port"]), []).append(a["synsent"])
        return attempts

    def want_sent(self, t, said, address, port, to, there=None, confidence="certain"):
        who = text_of(address, port)
        if len(said.get((address, port), [])) != 1:
            t.wrong.append("%s: %d attempts" % (who, len(said.get((address, port), []))))
            return
        s = said[address, port][0]
        t.want(who + ": outcome", (s["outcome"], s["gave_up_by"], s["confidence"]), ("refused", "peer", confidence))
        t.want(who + ": sent to", s.get("sent_to"), to)
        where = "in another network namespace of this host" if there else "of this host"
        t.want(who + ": headline", s["headline"],
               "an RST answered SYN 0: %s refused, where a NAT rule %s had sent it" % (to, where) if to else
               "an RST answered SYN 0: the peer refused" + (", likely" if confidence == "likely" else ""))
        if there:
            t.want(who + ": the namespace", any("in network namespace %d " % there.inode in e for e in s["evidence"]), True)

    def want_likely(self, t, said, address, port, why):
        self.want_sent(t, said, address, port, None, confidence="likely")
        evidence = [e for s in said.get((address, port), []) for e in s["evidence"]]
        t.want("%s: evidence %r" % (text_of(address, port), why), any(why in e for e in evidence), True)

    def try_all(self, t, row, addresses, port=CLOSED):
        with row.client:
            for address in addresses:
                t.want(address + " refuses", connect(address, port, 1), 111)

    # ---- it is known ----

    def own(self, t):
        """Rules in OUTPUT; two addresses are sent on once more by the router."""
        row = Row(t)
        rules(row.client, OWN)
        rules(row.router, ROUTER)
        w = self.watch(t, row)
        self.try_all(t, row, NAT)
        self.try_all(t, row, SERVER)
        if not self.traced:
            self.try_all(t, row, NAT, UNUSED)
        said = self.told(t, w)
        for address, to in zip(NAT, SERVER):
            self.want_sent(t, said, address, CLOSED, text_of(to, CLOSED))
            if not self.traced:
                self.want_sent(t, said, address, UNUSED, text_of(to, UNUSED), row.router)
        for address in SERVER:
            self.want_sent(t, said, address, CLOSED, None)
        t.want("status", w.status, 0)

    def iptables(self, t):
        row = Row(t)
        for tool, address, to in zip(("iptables", "ip6tables"), NAT, SERVER):
            if not harness.found(tool):
                print("left out: %s is missing" % tool)
                return
            row.client.run("%s -t nat -A OUTPUT -d %s -j DNAT --to-destination %s" % (tool, address, to))
        w = self.watch(t, row)
        self.try_all(t, row, NAT)
        said = self.told(t, w)
        for address, to in zip(NAT, SERVER):
            self.want_sent(t, said, address, CLOSED, text_of(to, CLOSED))

    def legacy(self, t):
        """The older table, which is not of nft."""
        row = Row(t)
        for tool, address, to in zip(("iptables-legacy", "ip6tables-legacy"), NAT, SERVER):
            if not harness.found(tool):
                print("left out: %s is missing" % tool)
                return
            done = row.client.run("%s -t nat -A OUTPUT -d %s -j DNAT --to-destination %s" % (tool, address, to), False)
            if done.returncode:
                print("left out: %s: %s" % (tool, done.stdout.strip()))
                return
        w = self.watch(t, row)
        self.try_all(t, row, NAT)
        said = self.told(t, w)
        for address, to in zip(NAT, SERVER):
            self.want_sent(t, said, address, CLOSED, text_of(to, CLOSED))

    def path(self, t):
        row = Row(t)
        rules(row.router, ROUTER)
        w = self.watch(t, row)
        self.try_all(t, row, BEHIND + SERVER)
        if not self.traced:
            t.want("listeners", [listeners(n) for n in (row.client, row.hider, row.router, row.server)], [0, 0, 1, 0])
        said = self.told(t, w)
        for address, to in zip(BEHIND, SERVER):
            self.want_sent(t, said, address, CLOSED, text_of(to, CLOSED), row.router)
        for address in SERVER:
            self.want_sent(t, said, address, CLOSED, None)

    def hidden(self, t):
        """The router knows it by another client's address."""
        row = Row(t)
        rules(row.hider, HIDER)
        rules(row.router, ROUTER)
        w = self.watch(t, row)
        self.try_all(t, row, BEHIND + SERVER)
        said = self.told(t, w)
        for address, to in zip(BEHIND, SERVER) if not self.traced else ():
            self.want_sent(t, said, address, CLOSED, text_of(to, CLOSED), row.router)
        for address in SERVER:
            self.want_sent(t, said, address, CLOSED, None)

    def docker(self, t):
        """There are rules, and none is for it."""
        row = Row(t)
        rules(row.client, DOCKER)
        rules(row.router, ROUTER)
        w = self.watch(t, row)
        self.try_all(t, row, SERVER + ("127.0.0.1", "::1", "10.7.1.1"))
        said = self.told(t, w)
        for address in SERVER + ("127.0.0.1", "::1", "10.7.1.1"):
            self.want_sent(t, said, address, CLOSED, None)

    def no_bpf(self, t):
        """What another one's rules do is told by the same events; the packets are those of the client's namespace."""
        row = Row(t)
        rules(row.router, ROUTER)
        client = "import socket, time; s = socket.socket(); s.connect_ex(('%s', %d))" % (BEHIND[0], CLOSED)
        with row.client:
            w = Watch(self.synsent, ["-j", "--no-bpf"])
            t.watches.append(w)
            w.ready()
            subprocess.run([sys.executable, "-c", client], check=True)
        time.sleep(0.5)
        # of packets alone nothing is certain
        self.want_sent(t, self.told(t, w), BEHIND[0], CLOSED, text_of(SERVER[0], CLOSED), row.router, "likely")

    def connect(self, t):
        row = Row(t)
        rules(row.client, OWN)
        rules(row.router, ROUTER)
        for address, to, headline in (
                (NAT[0], SERVER[0], "10.7.3.2:320 refused, where a NAT rule of this host had sent it"),
                (NAT[1], SERVER[1], "[fd07:3::2]:320 refused, where a NAT rule of this host had sent it"),
                (BEHIND[0], SERVER[0], "an RST answered SYN 0: 10.7.3.2:320 refused, where a NAT rule in another network "
                                       "namespace of this host had sent it"),
                (SERVER[0], None, "an RST answered SYN 0: the peer refused")):
            with row.client:
                done = subprocess.run([self.synsent.binary, "connect", "-j", address, str(CLOSED)], env=harness.ENV,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            s = json.loads(done.stdout)["synsent"]
            t.want(address, (s["confidence"], s["gave_up_by"], s["headline"], s.get("sent_to")),
                   ("certain", "peer", headline, to and text_of(to, CLOSED)))
        row.router.run(EVENTS_OFF)
        with row.client:
            done = subprocess.run([self.synsent.binary, "connect", "-j", BEHIND[0], str(CLOSED)], env=harness.ENV,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        t.want("what is not told", json.loads(done.stdout)["synsent"]["confidence"], "likely")

    # ---- it is not known ----

    def untold(self, t):
        """Conntrack tells of nothing: in the client's namespace; in the router's."""
        for name, why in (("client", "there are such rules for what it sends"), ("router", "for what comes through it")):
            row = Row(t)
            rules(row.client, OWN)
            rules(row.router, ROUTER)
            getattr(row, name).run(EVENTS_OFF)
            w = self.watch(t, row)
            self.try_all(t, row, SERVER + BEHIND + ("127.0.0.1",))
            said = self.told(t, w)
            if self.traced:
                return
            for address in SERVER:
                self.want_likely(t, said, address, CLOSED, why)
            if name == "router":
                self.want_likely(t, said, BEHIND[0], CLOSED, "network namespace %d " % row.router.inode)
                self.want_sent(t, said, "127.0.0.1", CLOSED, None)
            else:
                self.want_likely(t, said, "127.0.0.1", CLOSED, why)

    def later(self, t):
        """Rules that are made while it watches: what came before they were found is likely only."""
        row = Row(t)
        w = self.watch(t, row)
        self.try_all(t, row, SERVER)
        if self.traced:
            return
        t.want("listeners", [listeners(n) for n in (row.client, row.router)], [0, 0])
        rules(row.client, OWN)
        rules(row.router, ROUTER)
        time.sleep(1.2)
        self.try_all(t, row, NAT[:1])
        w.await_text('"address":"%s"' % NAT[0])
        self.try_all(t, row, NAT[1:] + BEHIND)
        said = self.told(t, w)
        for address in SERVER:
            self.want_sent(t, said, address, CLOSED, None)
        self.want_likely(t, said, NAT[0], CLOSED, "there are such rules for what it sends")
        self.want_sent(t, said, NAT[1], CLOSED, text_of(SERVER[1], CLOSED))
        for address, to in zip(BEHIND, SERVER):
            self.want_sent(t, said, address, CLOSED, text_of(to, CLOSED), row.router)

    def nowhere(self, t):
        """Where no rule gives a connection another server nothing is listened to."""
        row = Row(t)
        rules(row.hider, HIDER)
        w = self.watch(t, row)
        self.try_all(t, row, SERVER)
        t.want("listeners", [listeners(n) for n in (row.client, row.hider, row.router, row.server)], [0, 0, 0, 0])
        said = self.told(t, w)
        for address in SERVER:
            self.want_sent(t, said, address, CLOSED, None)

    def lost(self, t):
        """There is no room for so many events."""
        row = Row(t)
        rules(row.router, ROUTER)
        w = self.watch(t, row)
        if self.traced:
            return
        w.p.send_signal(signal.SIGSTOP)
        row.hider.run("exec %s -c '%s'" % (sys.executable, FLOOD % 15000))
        self.try_all(t, row, SERVER)
        w.p.send_signal(signal.SIGCONT)
        w.await_text('"address":"%s"' % SERVER[1])
        self.try_all(t, row, BEHIND)
        said = self.told(t, w)
        for address in SERVER:
            self.want_likely(t, said, address, CLOSED, "for what comes through it")
        for address, to in zip(BEHIND, SERVER):
            self.want_sent(t, said, address, CLOSED, text_of(to, CLOSED), row.router)
        t.want("status", w.status, 4)
        t.want("the loss is named", "NAT events" in w.said(), True)

    def let_go(self, t):
        """A namespace that only the listening would hold is let go: its end of the link is gone with it."""
        row = Row(t)
        rules(row.router, ROUTER)
        w = self.watch(t, row)
        row.end(row.router)
        deadline = time.monotonic() + 8
        while "h2" in row.hider.run("ip -o link").stdout and time.monotonic() < deadline:
            time.sleep(0.2)
        t.want("the link to it is there", "h2" in row.hider.run("ip -o link").stdout, False)
        self.told(t, w)


def main():
    if not is_there("nf_conntrack_netlink"):
        harness.skip("nf_conntrack_netlink is not loaded")
    return run_test(Test, ("own", "iptables", "legacy", "path", "hidden", "docker", "no_bpf", "connect", "untold", "later",
                           "nowhere", "lost", "let_go"), __doc__)


if __name__ == "__main__":
    sys.exit(main())
