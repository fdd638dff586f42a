#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where `synsent watch` says that a SYN or its answer was lost, in namespaces that lose them in every way.

watch_places.py SYNSENT [--show]

The client's namespace, a router's and a server's are joined in a row; all of them are made here, and nothing of the host
is changed.  Each case is one attempt for IPv4 and one for IPv6, all at the same time, under one `watch`.
"""
import argparse
import ctypes
import errno
import fcntl
import os
import socket
import struct
import subprocess
import sys
import time

import harness
import watched
from tun_peer import IFF_NO_PI, IFF_TUN, TUNSETIFF

TCP_USER_TIMEOUT, IPV6_RECVERR = 18, 25
GIVE_UP_AFTER = 0.7  # s; a neighbour is given up sooner

RULES = """
table inet local {
	chain early {
		type filter hook prerouting priority -300
		tcp dport 103 drop
	}
	chain in {
		type filter hook input priority 0
		tcp dport 101 drop
		tcp dport 127 drop
		tcp dport 105 reject with tcp reset
		tcp dport { 106, 107, 145 } reject
		tcp sport 110 tcp flags & (syn|ack) == syn|ack drop
		tcp sport 117 tcp flags & (syn|ack) == syn|ack drop
	}
	chain out {
		type filter hook output priority 0
		tcp dport 102 drop
		tcp sport 136 tcp flags & (syn|ack) == syn|ack drop
		tcp sport 137 tcp flags & rst == rst drop
	}
	chain leaving {
		type filter hook postrouting priority 0
		tcp sport 138 tcp flags & (syn|ack) == syn|ack drop
	}
	chain untracked {
		type filter hook output priority -300
		tcp dport 141 notrack
	}
	chain untracked_away {
		type filter hook output priority 20
		tcp dport 141 drop
	}
	chain elsewhere {
		type nat hook output priority -100
		tcp dport 124 redirect to :125
		tcp dport 126 redirect to :127
		ip daddr 10.8.8.8 tcp dport 131 dnat ip to 10.7.2.2:112
		ip daddr 10.8.8.8 tcp dport 132 dnat ip to 10.7.2.2:113
		ip daddr 10.8.8.8 tcp dport 133 dnat ip to 10.7.1.99:133
		ip daddr 10.8.8.8 tcp dport 134 dnat ip to 10.7.2.2:120
		ip daddr 10.8.8.8 tcp dport 135 dnat ip to 10.7.2.2:123
		ip6 daddr fd08::8 tcp dport 134 dnat ip6 to [fd07:2::2]:120
		ip6 daddr fd08::8 tcp dport 135 dnat ip6 to [fd07:2::2]:123
		ip6 daddr fd08::8 tcp dport 131 dnat ip6 to [fd07:2::2]:112
		ip6 daddr fd08::8 tcp dport 132 dnat ip6 to [fd07:2::2]:113
		ip6 daddr fd08::8 tcp dport 133 dnat ip6 to [fd07:1::99]:133
	}
}
"""
COPIES = """
table ip copies {
	chain out {
		type filter hook output priority 10
		ip daddr 10.7.2.2 tcp dport 139 dup to 10.7.1.2 device "c0"
		ip daddr 10.7.2.2 tcp dport { 143, 144 } dup to 10.7.4.2 device "d0"
	}
	chain lost {
		type filter hook postrouting priority 10
		tcp dport 139 ct state untracked drop
	}
}
table ip6 copies {
	chain out {
		type filter hook output priority 10
		ip6 daddr fd07:2::2 tcp dport 139 dup to fd07:1::2 device "c0"
		ip6 daddr fd07:2::2 tcp dport { 143, 144 } dup to fd07:4::2 device "d0"
	}
	chain lost {
		type filter hook postrouting priority 10
		tcp dport 139 ct state untracked drop
	}
}
"""
AT_COPIES = """
table inet copies {
	chain in {
		type filter hook prerouting priority -300
		tcp dport { 143, 144 } drop
	}
}
"""
AT_SERVER = """
table inet server {
	chain elsewhere {
		type nat hook prerouting priority -100
		tcp dport 128 redirect to :129
	}
}
"""
FORWARD = """
table inet router {
	chain forward {
		type filter hook forward priority 0
		tcp dport { 113, 119, 139, 143 } drop
		tcp dport 116 reject with icmpx type admin-prohibited
		tcp dport 123 reject with tcp reset
	}
	chain elsewhere {
		type nat hook prerouting priority -100
		ip daddr 10.7.2.7 dnat ip to 10.7.2.2
		ip6 daddr fd07:2::7 dnat ip6 to fd07:2::2
	}
}
"""
POLICY = """
table inet closed {
	chain in {
		type filter hook input priority 0; policy drop
		tcp dport 1 accept
		tcp sport 1 accept
	}
}
"""
DEVICE = """
table netdev ingress_lo {
	chain in {
		type filter hook ingress device lo priority 0
		tcp dport 104 drop
	}
}
"""
# Where copies are sent to.
ASIDE = """
ip link add d0 type veth peer name d1 netns /proc/self/fd/%(aside)d
ip addr add 10.7.4.1/24 dev d0
ip addr add fd07:4::1/64 dev d0 nodad
ip link set d0 up
"""
NO_DAD = "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad\n"
NETWORK = """
ip link add c0 type veth peer name c1 netns /proc/self/fd/%(router)d
ip addr add 10.7.1.1/24 dev c0
ip addr add fd07:1::1/64 dev c0 nodad
ip link set c0 up
ip route add default via 10.7.1.2
ip -6 route add default via fd07:1::2
ip route add blackhole 10.9.1.0/24
ip route add prohibit 10.9.2.0/24
ip route add unreachable 10.9.3.0/24
ip -6 route add blackhole fd09:1::/64
ip -6 route add prohibit fd09:2::/64
ip -6 route add unreachable fd09:3::/64
ip addr add 10.7.1.11/24 dev c0
ip route add 10.7.1.98 dev c0 src 10.7.1.11
"""
# A neighbour that does not answer is given up soon; once those that do are known.
IMPATIENT = """
for d in /proc/sys/net/ipv4/neigh/c0 /proc/sys/net/ipv6/neigh/c0; do
	echo 1 >$d/mcast_solicit
	echo 100 >$d/retrans_time_ms
done
"""
ROUTER = """
ip addr add 10.7.1.2/24 dev c1
ip addr add fd07:1::2/64 dev c1 nodad
ip link set c1 up
ip link add s0 type veth peer name s1 netns /proc/self/fd/%(server)d
ip addr add 10.7.2.1/24 dev s0
ip addr add fd07:2::1/64 dev s0 nodad
ip link set s0 up
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
"""
SERVER = """
ip addr add 10.7.2.2/24 dev s1
ip addr add fd07:2::2/64 dev s1 nodad
ip link set s1 up
ip route add default via 10.7.2.1
ip -6 route add default via fd07:2::1
"""
PROGRAMS = """
#define SEC(name) __attribute__((section(name), used))
struct xdp_md { unsigned int data, data_end; };
struct __sk_buff { unsigned int others[19], data, data_end; };
static inline __attribute__((always_inline)) int port_of(unsigned char *p, unsigned char *end)
{
	int v6;

	if (p + 58 > end)
		return 0;
	v6 = p[12] == 0x86;
	if (p[v6 ? 20 : 23] != 6)
		return 0;
	p += v6 ? 56 : 36;
	return p[0] << 8 | p[1];
}
SEC("xdp") int drop_115(struct xdp_md *c)
{
	return port_of((void *)(long)c->data, (void *)(long)c->data_end) == 115 ? 1 : 2;
}
SEC("tc") int drop_114(struct __sk_buff *c)
{
	return port_of((void *)(long)c->data, (void *)(long)c->data_end) == 114 ? 2 : -1;
}
SEC("classifier") int drop_118(struct __sk_buff *c)
{
	return port_of((void *)(long)c->data, (void *)(long)c->data_end) == 118 ? 2 : -1;
}
char _license[] SEC("license") = "GPL";
"""

LO = ("127.0.0.1", "::1")
FAR = ("10.7.2.2", "fd07:2::2")
NAT = ("10.8.8.8", "fd08::8")
BEHIND = ("10.7.2.7", "fd07:2::7")
NEIGHBOUR = ("10.7.1.99", "fd07:1::99")
LEFT = ("10.7.2.3", "fd07:2::3")
TAKEN_BACK = dict(zip(FAR, ("10.7.1.97", "fd07:1::97")))
SILENT = {"outcome": "abandoned", "gave_up_by": "application", "limit": "app-timer", "confidence": "certain"}


def silent(place, reason, reply=False, **more):
    return {**SILENT, "place": place, "reason": reason, "reply": reply, **more}


def ended(outcome, by, error, **more):
    return {"outcome": outcome, "gave_up_by": by, "confidence": "certain", "error": error, **more}


def told(outcome, by, error, **more):
    """By polling, of what did not end the socket: it closes it when its other work is done, so it is likely only."""
    return {**ended(outcome, by, error, **more), "confidence": "likely"}


BACKLOG = silent("peer-backlog", "accept queue full", rule="listener ")
# name, namespace, addresses of both families, port, what is expected
CASES = (
    ("rule in INPUT", "client", LO, 101, silent("local-input", "NETFILTER_DROP")),
    ("rule in OUTPUT", "client", LO, 102, silent("local-output", "NETFILTER_DROP")),
    ("rule in raw PREROUTING", "client", LO, 103, silent("local-input", "NETFILTER_DROP")),
    ("rule at the device's ingress", "client", LO, 104, silent("local-input", "NETFILTER_")),
    ("policy drop", "closed", LO, 80, silent("local-input", "NETFILTER_DROP")),
    ("reject with an RST", "client", LO, 105, ended("refused", "peer", "ECONNREFUSED")),
    # An ICMP comes back within connect() here, which makes it a soft error; IPv4 tells those that poll of it.
    ("reject with an ICMP", "client", LO[:1], 106, told("refused", "peer", "ECONNREFUSED", place="local-input")),
    ("reject with an ICMP, and nobody asks", "client", LO[:1], 107, silent("local-input", "NETFILTER_DROP",
                                                                         confidence="likely", said="did not ask")),
    ("reject with an ICMPv6", "client", LO[1:], 106, {**SILENT, "place": "local-input",
                                                     "said": "had noted ECONNREFUSED"}),
    ("reject with an ICMPv6 that the program asks for", "client", LO[1:], 145, told(
        "refused", "peer", "ECONNREFUSED", place="local-input")),
    ("SYN-ACK dropped at the client", "client", LO, 110, silent("local-input", "NETFILTER_DROP", True)),
    ("SYN-ACK from afar dropped at the client", "client", FAR, 117, silent("local-input", "NETFILTER_DROP", True)),
    # The server is here, too.
    ("SYN-ACK dropped on its way out", "client", LO, 136, silent(
        "local-output", "NETFILTER_DROP", True, said="way out of this same host")),
    ("RST dropped on its way out", "client", LO, 137, silent(
        "local-output", "NETFILTER_DROP", True, said="way out of this same host")),
    ("SYN-ACK dropped in POSTROUTING", "client", LO, 138, silent(
        "local-output", "NETFILTER_DROP", True, said="way out of this same host")),
    ("a copy is dropped, and the SYN elsewhere", "client", FAR, 139, silent("path-or-peer", "NETFILTER_DROP", drops=1)),
    ("a copy is dropped in another namespace, and the SYN elsewhere", "client", FAR, 143, silent(
        "path-or-peer", "NETFILTER_DROP", drops=1, function="nft_do_chain|nf_hook_slow", at="router")),
    ("a copy is dropped in another namespace, and the SYN by a full queue", "client", FAR, 144, {
        **BACKLOG, "drops": 2, "said": "may be a copy"}),
    ("rule in OUTPUT, of what conntrack leaves alone", "client", LO, 141, silent("local-output", "NETFILTER_DROP")),
    ("accept queue full here", "client", LO, 111, BACKLOG),
    ("accept queue full in another namespace", "client", FAR, 112, BACKLOG),
    ("rule in FORWARD", "client", FAR, 113, silent("path-or-peer", "NETFILTER_DROP")),
    ("tc at the egress", "client", FAR, 114, silent("local-output", "TC_EGRESS")),
    ("tc at the ingress afar", "client", FAR, 118, silent("path-or-peer", "TC_INGRESS")),
    ("XDP", "client", FAR, 115, silent("path-or-peer", "XDP|NOT_SPECIFIED", function="veth_xdp")),
    ("reject in FORWARD", "client", FAR[:1], 116, told("unreachable", "network", "EHOSTUNREACH", place="path-or-peer",
                                                       headline="icmp 3/13 ")),
    ("reject in FORWARD, IPv6", "client", FAR[1:], 116, {**SILENT, "place": "path-or-peer",
                                                          "said": "had noted EACCES"}),
    # It says that it is the server's.
    ("reject with an RST in FORWARD", "client", FAR, 123, {
        **ended("refused", "network", "ECONNREFUSED", place="path-or-peer",
                headline="a rule in another network namespace"), "confidence": "likely"}),
    ("nothing listens where a rule of this host sends it", "client", FAR, 124, ended(
        "refused", "network", "ECONNREFUSED", place="local-input", reason="NO_SOCKET", headline="a NAT rule of this host")),
    ("dropped where a rule of this host sends it", "client", FAR, 126, silent("local-input", "NETFILTER_DROP")),
    ("nothing listens where a rule at the server sends it", "client", FAR, 128, ended(
        "refused", "peer", "ECONNREFUSED", place="path-or-peer", reason="NO_SOCKET",
        headline="in another network namespace of this host a NAT rule")),
    # As for Docker's published ports, and services of Kubernetes.
    ("accept queue full in the namespace that a rule of this host sends it to", "client", NAT, 131, {
        **BACKLOG, "sent_to": "10.7.2.2:112|[fd07:2::2]:112"}),
    ("rule in FORWARD for what a rule of this host sends there", "client", NAT, 132, silent(
        "path-or-peer", "NETFILTER_DROP", sent_to="10.7.2.2:113|[fd07:2::2]:113")),
    ("dead neighbour that a rule of this host sends it to", "client", NAT, 133, ended(
        "unreachable", "kernel", "EHOSTUNREACH", place="local-output", headline="no neighbour answered")),
    # The answer says that it is the one that was asked for.
    ("nothing listens afar where a rule of this host sends it", "client", NAT, 134, ended(
        "refused", "peer", "ECONNREFUSED", sent_to="10.7.2.2:120|[fd07:2::2]:120",
        headline="an RST answered SYN 0: 10.7.2.2:120 refused, where a NAT rule of this host|"
                 "an RST answered SYN 0: [fd07:2::2]:120 refused, where a NAT rule of this host")),
    ("reject with an RST in FORWARD for what a rule of this host sends there", "client", NAT, 135, {
        **ended("refused", "network", "ECONNREFUSED", place="path-or-peer", sent_to="10.7.2.2:123|[fd07:2::2]:123",
                headline="a rule in another network namespace"), "confidence": "likely"}),
    ("nothing listens afar where a router sends it", "client", BEHIND, 120, ended(
        "refused", "peer", "ECONNREFUSED", sent_to="10.7.2.2:120|[fd07:2::2]:120", said="by conntrack a NAT rule in ")),
    ("nothing listens", "client", LO, 120, ended("refused", "peer", "ECONNREFUSED")),
    ("nothing listens afar", "client", FAR, 120, ended("refused", "peer", "ECONNREFUSED")),
    ("dead neighbour", "client", NEIGHBOUR, 80, ended("unreachable", "kernel", "EHOSTUNREACH",
                                                     place="local-output",
                                                     function="neigh_|arp_error_report|ndisc_error_report",
                                                     headline="no neighbour answered")),
    # What a device has taken from its socket before it drops it was on its way out all the same.
    ("a tunnel that nobody reads", "client", ("10.7.3.2",), 122, silent("local-output", "FULL_RING|NOT_SPECIFIED",
                                                                       function="tun_net_xmit")),
    # The ICMP that this host sends itself comes from the first address of the subnet.
    ("dead neighbour, from another address", "client", ("10.7.1.98",), 80, ended(
        "unreachable", "kernel", "EHOSTUNREACH", place="local-output", headline="no neighbour answered")),
    ("no route", "closed", ("10.8.1.1", "fd08:1::1"), 80, ended("unreachable", "kernel", "ENETUNREACH", syns=0)),
    ("broadcast address of a subnet", "client", ("10.7.1.255",), 80, ended(
        "unreachable", "kernel", "ENETUNREACH", syns=0, headline="that is a broadcast address")),
    ("blackhole", "client", ("10.9.1.1", "fd09:1::1"), 80, ended("failed", "kernel", "EINVAL", syns=0)),
    ("prohibit", "client", ("10.9.2.1", "fd09:2::1"), 80, ended("failed", "kernel", "EACCES", syns=0)),
    ("unreachable", "client", ("10.9.3.1", "fd09:3::1"), 80, ended("unreachable", "kernel", "EHOSTUNREACH", syns=0)),
    ("nothing listens where there is no NAT", "few", LO, 142, ended("refused", "peer", "ECONNREFUSED",
                                                               headline="an RST answered SYN 0: the peer refused")),
    ("no port left", "few", LO, 121, ended("failed", "kernel", "EADDRNOTAVAIL", syns=0)),
    # A SYN of its first attempt waits for a neighbour still, and is dropped during its second.
    ("second attempt of a socket", "client", FAR, 119, silent("path-or-peer", "NETFILTER_DROP", drops=1)),
    ("a route that fails meanwhile", "client", LEFT, 119, ended("unreachable", "kernel", "EACCES", place="path-or-peer",
                                                                limit="soft-error")),
)


def is_there(module):
    """That part of conntrack: it is loaded, or built in."""
    if not os.path.exists("/proc/modules"):  # of a kernel that has none
        return True
    with open("/proc/modules") as f:
        loaded = {line.split()[0] for line in f}
    return module in loaded or "nf_conntrack" not in loaded


class Network:
    def __init__(self, directory):
        self.kept = []
        self.client, self.router, self.server, self.closed, self.few, self.aside = (watched.Net() for _ in range(6))
        self.lacks = {}
        self.make()
        self.attach(directory)
        self.ask_conntrack()
        self.fill_tunnel()
        self.listen()
        self.client.run(IMPATIENT)

    def rules(self, net, text):
        with net:
            done = subprocess.run(["nft", "-f", "-"], input=text, text=True, env=harness.ENV, stderr=subprocess.PIPE)
        if done.returncode:
            harness.skip("nft: " + done.stderr)

    def make(self):
        fds = {"router": self.router.fd, "server": self.server.fd, "aside": self.aside.fd}
        for fd in fds.values():
            os.set_inheritable(fd, True)
        for net, script in ((self.client, NETWORK + ASIDE), (self.router, ROUTER), (self.server, SERVER)):
            with net:
                subprocess.run(["sh", "-ec", NO_DAD + script % fds], check=True, env=harness.ENV, pass_fds=fds.values())
        self.rules(self.client, RULES)
        self.rules(self.client, DEVICE)
        self.rules(self.client, COPIES)
        self.aside.run(NO_DAD + "ip addr add 10.7.4.2/24 dev d1; ip addr add fd07:4::2/64 dev d1 nodad; ip link set d1 up")
        self.rules(self.aside, AT_COPIES)
        self.rules(self.router, FORWARD)
        self.rules(self.server, AT_SERVER)
        self.rules(self.closed, POLICY)
        self.few.run("echo 40000 40001 >/proc/sys/net/ipv4/ip_local_port_range")

    def attach(self, directory):
        names = ("XDP", "tc at the egress", "tc at the ingress afar")
        source, program = os.path.join(directory, "drops.c"), os.path.join(directory, "drops.o")
        with open(source, "w") as f:
            f.write(PROGRAMS)
        try:
            made = subprocess.run(["clang", "-O2", "-g", "-target", "bpf", "-c", source, "-o", program], env=harness.ENV,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        except FileNotFoundError:
            self.lacks = {name: "clang is missing" for name in names}
            return
        if made.returncode:
            self.lacks = {name: made.stdout for name in names}
            return
        tc = "tc qdisc add dev %s clsact && tc filter add dev %s %s bpf da obj " + program + " sec %s"
        for name, net, script in ((names[0], self.server, "ip link set dev s1 xdp obj %s sec xdp" % program),
                                  (names[1], self.client, tc % ("c0", "c0", "egress", "tc")),
                                  (names[2], self.server, tc % ("s1", "s1", "ingress", "classifier"))):
            done = net.run(script, False)
            if done.returncode:
                self.lacks[name] = done.stdout.strip()

    def ask_conntrack(self):
        """`watch` loads no module to ask."""
        if not is_there("nf_conntrack_netlink"):
            for case in CASES:
                if "sent_to" in case[4] and case[4]["outcome"] != "refused":
                    self.lacks[case[0]] = "nf_conntrack_netlink is not loaded"

    def fill_tunnel(self):
        """Its queue has room for one."""
        with self.client:
            try:
                fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
            except OSError as e:
                self.lacks["a tunnel that nobody reads"] = str(e)
                return
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", b"t0", IFF_TUN | IFF_NO_PI) + bytes(22))
        self.client.run("ip link set t0 txqueuelen 1; ip addr add 10.7.3.1/24 dev t0; ip link set t0 up")
        with self.client, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for _ in range(3):
                s.sendto(b"", ("10.7.3.2", 9))

    def listen(self):
        for net, addresses, ports in ((self.client, LO, (110, 111, 136, 138)), (self.server, FAR, (112, 117, 144)),
                                      (self.few, LO, (121,))):
            with net:
                for address in addresses:
                    self.kept += [watched.listener(address, p, 0 if p in (111, 112, 144) else 64) for p in ports]
        # The queue of a backlog of 0 holds one.
        for net, addresses, port, n in ((self.client, LO, 111, 1), (self.client, FAR, 112, 1), (self.client, FAR, 144, 1), (self.few, LO, 121, 2)):
            with net:
                for address in addresses * n:
                    s, error = watched.connecting(address, port)
                    error = error or watched.end_of(s, 2)
                    if error != 0:
                        raise RuntimeError("cannot fill the listener %s:%d: %s" % (address, port, error))
                    self.kept.append(s)


def second_attempt(address, port):
    s, _ = watched.connecting(TAKEN_BACK[address], port)
    ctypes.CDLL(None).connect(s.fileno(), bytes(16), 16)  # AF_UNSPEC
    error = s.connect_ex((address, port))
    return s, 0 if error == errno.EINPROGRESS else error


def asking(address, port):
    """IPv6 shows an ICMP that is soft to who has asked for it."""
    s = socket.socket(socket.AF_INET6)
    s.setblocking(False)
    s.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    error = s.connect_ex((address, port))
    return s, 0 if error == errno.EINPROGRESS else error


def attempt_all(network, cases):
    """(case, address) -> error; None: it waited until it was given up."""
    running, errors = {}, {}
    for case in cases:
        with getattr(network, case[1]):
            for address in case[2]:
                if case[0] == "second attempt of a socket":
                    s, error = second_attempt(address, case[3])
                elif case[0].endswith("asks for"):
                    s, error = asking(address, case[3])
                else:
                    s, error = watched.connecting(address, case[3])
                running[case[0], address] = s
                errors[case[0], address] = error
    deadline = time.monotonic() + GIVE_UP_AFTER
    for key, s in running.items():
        if key[0].endswith("nobody asks"):
            time.sleep(max(0, deadline - time.monotonic()))
            errors[key] = None
            continue
        errors[key] = errors[key] or watched.end_of(s, max(0, deadline - time.monotonic()))
    for s in running.values():
        s.close()
    return errors


def leave_without_route(network, errors):
    """What is to be sent again finds none, and at the end of its schedule the kernel says so."""
    with network.client:
        for key, s in [(("a route that fails meanwhile", a), watched.connecting(a, 119)[0]) for a in LEFT]:
            s.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 1)  # it ends with the first retransmission
            errors[key] = s
    network.client.run("ip route add prohibit %s; ip -6 route add prohibit %s" % LEFT)
    for key in [("a route that fails meanwhile", a) for a in LEFT]:
        s, errors[key] = errors[key], watched.end_of(errors[key], 5)
        s.close()


def is_nat_told():
    """Not every kernel lets functions be traced, or has what tells of conntrack's events."""
    done = subprocess.run(["bpftool", "prog", "show"], env=harness.ENV, stdout=subprocess.PIPE, text=True)
    return "synsent_forgot" in done.stdout or is_there("nf_conntrack_netlink")


# Where it is neither, what is said is that it is not known.
DOUBT = {**ended("refused", "peer", "ECONNREFUSED", said="a NAT rule of this host may have sent it elsewhere"),
         "confidence": "likely"}
UNTOLD = ("nothing listens", "nothing listens afar", "nothing listens afar where a rule of this host sends it",
          "nothing listens afar where a router sends it",
          "reject with an RST in FORWARD for what a rule of this host sends there")


def are_reasons_told():
    """Of drops, by kfree_skb; a rule's not before Linux 5.18."""
    try:
        with open("/sys/kernel/tracing/events/skb/kfree_skb/format") as f:
            return "NETFILTER_DROP" in f.read()
    except OSError:
        return True


# Where they are not: what is said of drops that are not seen, or not why.
UNREASONED = {
    "tc at the egress": silent("local-output", "NOT_SPECIFIED", function="__dev_queue_xmit"),
    "tc at the ingress afar": SILENT,
    "XDP": SILENT,
    "a tunnel that nobody reads": SILENT,
    "nothing listens where a rule of this host sends it": ended(
        "refused", "peer", "ECONNREFUSED", sent_to="127.0.0.1:125|[::1]:125", said="by conntrack a NAT rule of this host"),
    "nothing listens where a rule at the server sends it": ended(
        "refused", "peer", "ECONNREFUSED", sent_to="10.7.2.2:129|[fd07:2::2]:129", said="by conntrack a NAT rule in "),
}


def check(attempt, expected, error, pid, network):
    s = attempt["synsent"]
    drop = s.get("drop", {})
    got = {**{k: s.get(k) for k in ("outcome", "gave_up_by", "limit", "confidence")},
           "headline": s.get("headline"), "error": attempt.get("error", {}).get("type"), "syns": len(s["syns_ns"]),
           "said": next((e for e in s["evidence"] if expected.get("said", "") in e), None),
           "sent_to": s.get("sent_to"), "drops": len(s.get("drops", [drop] if drop else [])),
           **{k: drop.get(k) for k in ("place", "reason", "function", "rule", "reply")}}
    wrong = []
    got["at"] = next((n for n in ("router", "server", "aside") if getattr(network, n).inode == drop.get("netns")), None)
    for what, value in expected.items():
        if what == "said":
            wrong += ["not said: " + value] * (got[what] is None)
            continue
        values = value.split("|") if isinstance(value, str) else [value]
        beginning = what in ("reason", "function", "rule", "headline")
        if not any((str(got[what]).startswith(v) if beginning else got[what] == v) for v in values):
            wrong.append("%s is %r, not %r" % (what, got[what], value))
    if "place" not in expected and drop and expected["outcome"] != "refused":
        wrong.append("a drop is told of: %r" % drop)
    here = {"path-or-peer": False, "local-input": True, "local-output": True}.get(drop.get("place"))
    if here is not None and (drop.get("netns") == s["netns"], "netns" in drop) != (here, True):
        wrong.append("it was dropped in %r, and the attempt is of %r" % (drop.get("netns"), s["netns"]))
    told = got["error"] and getattr(errno, got["error"])
    if error and told != error:
        wrong.append("the program was told %s" % errno.errorcode[error])
    if (error is None) != (s["outcome"] == "abandoned"):
        wrong.append("the program was told %s, and the outcome is %s" % (error, s["outcome"]))
    if attempt.get("process", {}).get("pid") != pid:
        wrong.append("process is %r, not %d" % (attempt.get("process"), pid))
    return wrong


def once(o):
    """How many attempts, and what is wrong: (name, text)."""
    wrong = []
    with harness.Synsent(o.synsent) as synsent:
        network = Network(synsent.directory)
        cases = [c for c in CASES if c[0] not in network.lacks]
        for name, why in network.lacks.items():
            print("left out: %s: %s" % (name, why))
        args = ["-j"]
        for net in (network.client, network.closed, network.few):
            args += ["--netns", net.path]
        watch = watched.Watch(synsent, args)
        try:
            with network.client:
                watch.ready()
            if not is_nat_told():
                print("nf_ct_kill_acct() is not traced, and nf_conntrack_netlink not loaded: where NAT sends what is "
                      "refused is not known")
                cases = [(*c[:4], DOUBT if c[0] in UNTOLD else c[4]) for c in cases]
            if not are_reasons_told():
                print("this kernel does not tell why it drops a packet")
                cases = [(*c[:4], UNREASONED.get(c[0], c[4])) for c in cases]
            errors = attempt_all(network, [c for c in cases if c[2] != LEFT])
            leave_without_route(network, errors)
            time.sleep(0.2)
            attempts = watch.end()
        finally:
            watch.stop()
        problems = watch.schema_problems()
        if watch.status:
            problems.append("status %s: %s" % (watch.status, watch.said()))
    for name, where, addresses, port, expected in cases:
        for address in addresses:
            of = [a for a in attempts if (a["server"]["address"], a["server"]["port"]) == (address, port)
                  and a["synsent"].get("netns") == getattr(network, where).inode]
            bad = ["%d attempts, not 1" % len(of)] if len(of) != 1 else check(of[0], expected, errors[name, address],
                                                                             os.getpid(), network)
            if bad or o.show:
                print("%s %s, %s:%d" % ("WRONG" if bad else "     ", name, address, port))
                for text in bad:
                    print("    " + text)
                for a in of:
                    print("    ", {k: a["synsent"].get(k) for k in ("outcome", "drop", "headline", "evidence", "replies")})
            wrong += [(name, text) for text in bad]
    for text in problems:
        print("WRONG: " + text)
    return sum(len(c[2]) for c in cases), wrong + [("", text) for text in problems]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("--show", action="store_true")
    o = p.parse_args()
    if os.geteuid():
        harness.skip("other network namespaces are made by root only")
    n, wrong = once(o)
    print("%d attempts, %d wrong" % (n, len(wrong)))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
