#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""By which devices `synsent watch` finds the listener whose accept queue is full, in namespaces that have them.

watch_reach.py SYNSENT [--only REGEX] [--show]

Each case is a client's namespace, a server's, and what joins them; all are made here.  They are tried at the same time,
under one `watch`.  Kinds of devices that this kernel lacks are left out, and it is said which and why.
"""
import argparse
import fcntl
import itertools
import os
import re
import select
import shutil
import socket
import struct
import sys
import threading
import time

import harness
import watched
from tun_peer import IFF_NO_PI, IFF_TUN, TUNSETIFF

PORT = 210
FULL, LIKELY, NOT_NAMED = "accept queue full", "accept queue full, likely", None
WAIT = 0.5  # s


NUMBERS = itertools.count(1)


class Case:
    """What is made of it: `near`, from which `address` is tried, and `named`, whose listener is told of."""

    def __init__(self, name, make, reason, port=PORT):
        self.name, self.make, self.reason, self.port, self.lacks, self.kept = name, make, reason, port, None, []
        self.number = next(NUMBERS)  # no two have the same addresses
        self.bound = None  # the device to which the client's socket is bound

    def net(self):
        n = watched.Net()
        self.kept.append(n.process)
        n.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
              "net.ipv6.conf.all.forwarding=1 || :")
        return n

    def wire(self, a, b, name="w", up=True):
        """A pair of devices: NAME0 in a, NAME1 in b."""
        a.run("ip link add %s0 type veth peer name %s1 netns %d" % (name, name, b.process.pid))
        for n, d in ((a, name + "0"), (b, name + "1")):
            if up:
                n.run("ip link set %s up" % d)

    def needs(self, net, kind, args=""):
        done = net.run("ip link add probe0 type %s %s && ip link del probe0" % (kind, args), False)
        if done.returncode:
            raise Lacks("%s: %s" % (kind, done.stdout.strip().splitlines()[-1]))

    def listen(self, net, address, full=True, device=None):
        with net:
            s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if device:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            s.bind((address, self.port))
            s.listen(0 if full else 64)
            self.kept.append(s)
            if not full:
                return
            c = socket.socket(s.family)
            if device:
                c.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            c.settimeout(2)
            c.connect((address, self.port))
            self.kept.append(c)

    def serve(self, near, far, address, full=True):
        self.near, self.named, self.address = near, far, address
        self.listen(far, address, full)

    def close(self):
        for k in reversed(self.kept):
            if hasattr(k, "kill"):
                k.kill()
                k.wait()
            else:
                k.close()


class Lacks(Exception):
    pass


def macvlan_siblings(c):
    """Two of them upon one device, which nothing is behind."""
    mid, near, far = c.net(), c.net(), c.net()
    c.needs(near, "bridge")
    c.wire(mid, mid, "u")
    for net, n in ((near, 1), (far, 2)):
        mid.run("ip link add m%d link u0 type macvlan mode bridge; ip link set m%d netns %d" % (n, n, net.process.pid))
        net.run("ip addr add 10.20.1.%d/24 dev m%d; ip link set m%d up" % (n, n, n))
    c.serve(near, far, "10.20.1.2")


def macvlan_outside(c):
    """Upon the other end of a pair; and on what it is made upon is another one with that address, elsewhere."""
    near, mid, far = c.net(), c.net(), c.net()
    c.wire(near, mid)
    near.run("ip addr add 10.20.2.1/24 dev w0")
    mid.run("ip link add m2 link w1 type macvlan mode private; ip link set m2 netns %d" % far.process.pid)
    far.run("ip addr add fd20:2::2/64 dev m2 nodad; ip link set m2 up")
    near.run("ip addr add fd20:2::1/64 dev w0 nodad")
    c.serve(near, far, "fd20:2::2")


def macvlan_own(c):
    """The device that it is made upon has no way to it: the frame leaves by the wire."""
    mid, far, beyond = c.net(), c.net(), c.net()
    c.wire(mid, beyond)
    mid.run("ip link add m2 link w0 type macvlan mode bridge; ip link set m2 netns %d" % far.process.pid)
    far.run("ip addr add 10.20.3.2/24 dev m2; ip link set m2 up")
    mid.run("ip addr add 10.20.3.1/24 dev w0; ip neigh add 10.20.3.2 lladdr 02:00:00:00:00:99 dev w0")
    c.serve(mid, far, "10.20.3.2")


def macvlan_gateway(c):
    """Upon a bridge's port's other end, with a gateway behind the bridge, and the server behind that."""
    near, mid, router, far = c.net(), c.net(), c.net(), c.net()
    mid.run("ip link add br0 type bridge; ip link set br0 up")
    c.wire(mid, mid, "u")
    c.wire(mid, router, "r")
    mid.run("ip link set u1 master br0; ip link set r0 master br0")
    mid.run("ip link add m1 link u0 type macvlan mode bridge; ip link set m1 netns %d" % near.process.pid)
    near.run("ip addr add 10.20.4.1/24 dev m1; ip link set m1 up; ip route add default via 10.20.4.9")
    router.run("ip addr add 10.20.4.9/24 dev r1")
    c.wire(router, far, "s")
    router.run("ip addr add 10.20.5.9/24 dev s0")
    far.run("ip addr add 10.20.5.2/24 dev s1; ip route add default via 10.20.5.9")
    c.serve(near, far, "10.20.5.2")


def ipvlan(mode):
    def make(c):
        mid, near, far = c.net(), c.net(), c.net()
        c.wire(mid, mid, "u")
        for net, n in ((near, 1), (far, 2)):
            done = mid.run("ip link add i%d link u0 type ipvlan mode %s && ip link set i%d netns %d" %
                           (n, mode, n, net.process.pid), False)
            if done.returncode:
                raise Lacks("ipvlan: " + done.stdout.strip())
            net.run("ip addr add 10.21.1.%d/24 dev i%d; ip link set i%d up" % (n, n, n))
        c.serve(near, far, "10.21.1.2")
    return make


def bond(c):
    near, far = c.net(), c.net()
    for net, n in ((near, 1), (far, 2)):
        c.needs(net, "bond")
        net.run("ip link add bond9 type bond mode active-backup miimon 50")
    for name in "pq":
        c.wire(near, far, name, up=False)
        near.run("ip link set %s0 master bond9" % name)
        far.run("ip link set %s1 master bond9" % name)
    for net, n in ((near, 1), (far, 2)):
        net.run("ip addr add 10.22.1.%d/24 dev bond9; ip link set bond9 up" % n)
    c.serve(near, far, "10.22.1.2")


def vlan(c):
    """Upon a bridge; the one with the address in another VLAN is not on the way."""
    near, mid, far, other = c.net(), c.net(), c.net(), c.net()
    mid.run("ip link add br0 type bridge; ip link set br0 up")
    for net, name, vid, n in ((near, "a", 7, 1), (far, "b", 7, 2), (other, "c", 8, 2)):
        c.wire(mid, net, name)
        mid.run("ip link set %s0 master br0" % name)
        done = net.run("ip link add link %s1 name v0 type vlan id %d" % (name, vid), False)
        if done.returncode:
            raise Lacks("vlan: " + done.stdout.strip())
        net.run("ip addr add 10.23.1.%d/24 dev v0; ip link set v0 up" % n)
    c.listen(other, "10.23.1.2", full=False)
    c.serve(near, far, "10.23.1.2")


def vrf_server(c):
    """Two VRFs with the same address, and a listener in each: the one with a full queue is the one on the way."""
    near, far = c.net(), c.net()
    c.needs(far, "vrf", "table 9")
    for i, name in enumerate(("red", "blue")):
        far.run("ip link add %s type vrf table %d; ip link set %s up" % (name, 10 + i, name))
        c.wire(near, far, name[0])
        far.run("ip link set %s1 master %s; ip addr add 10.24.1.2/24 dev %s1" % (name[0], name, name[0]))
    near.run("ip addr add 10.24.1.1/24 dev r0")
    c.listen(far, "0.0.0.0", full=False, device="blue")
    c.listen(far, "0.0.0.0", device="red")
    c.near, c.named, c.address = near, far, "10.24.1.2"


def vrf_other(c):
    """The full one is that of the other VRF."""
    vrf_server(c)
    c.near.run("ip addr del 10.24.1.1/24 dev r0; ip addr add 10.24.1.1/24 dev b0")
    c.named.run("nft 'table inet t { chain o { type filter hook output priority 0; tcp sport 210 drop; }; }'")


def vrf_client(c):
    near, far = c.net(), c.net()
    c.needs(near, "vrf", "table 9")
    near.run("ip link add red type vrf table 10; ip link set red up")
    c.wire(near, far)
    near.run("ip link set w0 master red; ip addr add 10.24.2.1/24 dev w0")
    far.run("ip addr add 10.24.2.2/24 dev w1")
    c.bound = "red"
    c.serve(near, far, "10.24.2.2")


def inner(c, n, six=False):
    """In the tunnel: the client's is 1, the server's 2."""
    return ("fd26:%d::%d" if six else "10.26.%d.%d") % (c.number, n)


def outer(c, n, six=False):
    return ("fd25:%d::%d" if six else "10.25.%d.%d") % (c.number, n)


def add_inner(c, near, far, six=False, device="t0"):
    for net, n in ((near, 1), (far, 2)):
        net.run("ip addr add %s dev %s; ip link set %s up" % (inner(c, n, six) + ("/64 nodad" if six else "/24"), device, device))


def underlay(c):
    """The third has the server's address, and is on nobody's way."""
    near, far, decoy = c.net(), c.net(), c.net()
    c.wire(near, far)
    for net, device, n in ((near, "w0", 1), (far, "w1", 2)):
        net.run("ip addr add %s/24 dev %s; ip addr add %s/64 dev %s nodad" % (outer(c, n), device, outer(c, n, True), device))
    decoy.run("ip addr add %s/24 dev lo; ip addr add %s/64 dev lo nodad" % (inner(c, 2), inner(c, 2, True)))
    for six in (False, True):
        c.listen(decoy, inner(c, 2, six))
    return near, far


def tunnel(kind, args, six=False, outer6=False):
    def make(c):
        near, far = underlay(c)
        for net, mine, its in ((near, 1, 2), (far, 2, 1)):
            done = net.run("ip link add t0 type %s %s" % (kind, args.format(local=outer(c, mine, outer6), remote=outer(c, its, outer6))),
                           False)
            if done.returncode:
                raise Lacks("%s: %s" % (kind, done.stdout.strip().splitlines()[-1]))
        add_inner(c, near, far, six)
        c.serve(near, far, inner(c, 2, six))
    return make


def wireguard(c):
    near, far = underlay(c)
    c.needs(near, "wireguard")
    if not shutil.which("wg"):
        raise Lacks("wireguard: wg is missing")
    keys = [os.popen("wg genkey").read().strip() for _ in range(2)]
    public = [os.popen("echo %s | wg pubkey" % k).read().strip() for k in keys]
    for i, net in enumerate((near, far)):
        net.run("ip link add t0 type wireguard; f=$(mktemp); echo %s >$f; wg set t0 listen-port 5000 private-key $f peer %s "
                "allowed-ips 0.0.0.0/0 endpoint %s:5000; rm $f" % (keys[i], public[1 - i], outer(c, 2 - i)))
    add_inner(c, near, far)
    c.serve(near, far, inner(c, 2))


class Pump(threading.Thread):
    """A tunnel of a program's: what comes by one device goes by the others."""

    def __init__(self, nets):
        super().__init__(daemon=True)
        self.fds, self.over = [], False
        for net in nets:
            with net:
                fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
                fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", b"t0", IFF_TUN | IFF_NO_PI) + bytes(22))
            self.fds.append(fd)
        self.start()

    def run(self):
        while not self.over:
            for fd in select.select(self.fds, [], [], 0.02)[0]:
                data = os.read(fd, 4096)
                for other in self.fds:
                    if other != fd:
                        try:
                            os.write(other, data)
                        except OSError:
                            pass

    def close(self):
        self.over = True
        self.join()
        for fd in self.fds:
            os.close(fd)


def tun(c):
    near, far = underlay(c)
    c.kept.append(Pump((near, far)))
    add_inner(c, near, far)
    c.serve(near, far, inner(c, 2))


def tun_behind(c):
    """The client behind one end's router, and the server behind the other's."""
    near, here, there, far = c.net(), c.net(), c.net(), c.net()
    c.wire(near, here)
    c.wire(there, far)
    c.kept.append(Pump((here, there)))
    near.run("ip addr add 10.27.1.1/24 dev w0; ip route add default via 10.27.1.9")
    here.run("ip addr add 10.27.1.9/24 dev w1; ip link set t0 up; ip route add 10.27.2.0/24 dev t0")
    there.run("ip addr add 10.27.2.9/24 dev w0; ip link set t0 up; ip route add 10.27.1.0/24 dev t0")
    far.run("ip addr add 10.27.2.2/24 dev w1; ip route add default via 10.27.2.9")
    c.serve(near, far, "10.27.2.2")


def tun_away(c):
    """A tunnel to elsewhere, and a full listener that has the address, to which there is none."""
    near, far, other = c.net(), c.net(), c.net()
    c.kept.append(Pump((near,)))
    near.run("ip addr add %s/24 dev t0; ip link set t0 up" % inner(c, 1))
    c.wire(far, other)
    far.run("ip addr add %s/24 dev w0" % inner(c, 2))
    other.run("ip addr add %s/24 dev w1" % inner(c, 1))
    c.serve(near, far, inner(c, 2))


def tun_twice(c):
    """Two ends have the address, and which of them the program sends it to nobody knows; the other one has room."""
    near, far, other = c.net(), c.net(), c.net()
    c.kept.append(Pump((near, far)))
    c.kept.append(Pump((other,)))
    add_inner(c, near, far)
    other.run("ip addr add %s/24 dev t0; ip link set t0 up" % inner(c, 2))
    c.listen(other, inner(c, 2), full=False)
    c.serve(near, far, inner(c, 2))


def same_on_bridge(full_is_answering):
    """Two have the address on one bridge; the one that answered for it is the one."""
    def make(c):
        near, mid, one, two = c.net(), c.net(), c.net(), c.net()
        mid.run("ip link add br0 type bridge; ip link set br0 up")
        for net, name, n in ((near, "a", 1), (one, "b", 2), (two, "c", 2)):
            c.wire(mid, net, name)
            mid.run("ip link set %s0 master br0" % name)
            net.run("ip addr add 10.28.1.%d/24 dev %s1" % (n, name))
        with one:
            mac = re.search(r"link/ether (\S+)", os.popen("ip -o link show b1").read())[1]
        near.run("ip neigh replace 10.28.1.2 lladdr %s dev a1 nud permanent" % mac)
        full, room = (one, two) if full_is_answering else (two, one)
        c.listen(room, "10.28.1.2", full=False)
        if not full_is_answering:
            one.run("nft 'table inet t { chain o { type filter hook output priority 0; tcp sport 210 drop; }; }'")
        c.serve(near, full, "10.28.1.2")
    return make


def by_proxy(c):
    """A link-local gateway that the next namespace has not, and answers for."""
    near, mid, far = c.net(), c.net(), c.net()
    c.wire(near, mid)
    near.run("ip addr add 10.29.1.1/32 dev w0; ip route add 169.254.1.1 dev w0; ip route add default via 169.254.1.1")
    mid.run("echo 1 >/proc/sys/net/ipv4/conf/w1/proxy_arp; ip route add 10.29.1.1 dev w1; ip route add default dev lo")
    c.wire(mid, far, "x")
    mid.run("ip route add 10.29.1.2 dev x0; ip addr add 169.254.2.1/32 dev x0; echo 1 >/proc/sys/net/ipv4/conf/x0/proxy_arp")
    far.run("ip addr add 10.29.1.2/32 dev x1; ip route add 169.254.1.1 dev x1; ip route add default via 169.254.1.1")
    c.serve(near, far, "10.29.1.2")


def row(c, at_router="", at_server=""):
    """A client, a router and a server, which has two addresses."""
    near, mid, far = c.net(), c.net(), c.net()
    c.wire(near, mid)
    c.wire(mid, far, "x")
    near.run("ip addr add 10.{0}.1.1/24 dev w0; ip route add default via 10.{0}.1.9".format(c.number))
    mid.run("ip addr add 10.{0}.1.9/24 dev w1; ip addr add 10.{0}.2.9/24 dev x0".format(c.number))
    far.run("ip addr add 10.{0}.2.2/24 dev x1; ip addr add 10.{0}.2.3/24 dev x1; ip route add default via 10.{0}.2.9".format(c.number))
    for net, script in ((mid, at_router), (far, at_server)):
        net.run(script.format(c.number))
    return near, far, "10.%d.2.2" % c.number, "10.%d.2.3" % c.number


NAT = "nft 'table ip t {{ chain p {{ type nat hook prerouting priority -100; tcp dport 210 dnat to %s; }}; }}';"
MASQUERADE = "nft 'table ip u {{ chain p {{ type nat hook postrouting priority 100; oif x0 masquerade; }}; }}';"


def nat_away(c):
    """The router sends it to where nothing answers; the one that was asked for is full."""
    near, far, address, _ = row(c, NAT % "10.{0}.2.3" + "ip neigh replace 10.{0}.2.3 lladdr 02:00:00:00:00:01 dev x0 nud permanent")
    c.serve(near, far, address)


def nat_to(c):
    """The router sends it to one that is full, with its own address; and there is a rule for marks that changes nothing."""
    near, far, address, _ = row(c, NAT % "10.{0}.2.2" + MASQUERADE + "ip rule add not fwmark 9 lookup 90")
    c.serve(near, far, address)
    c.address = "10.%d.9.9" % c.number


def nat_at_server(c):
    """The one that was asked for has room, and the one that the server's own rule sends it to is full."""
    near, far, address, other = row(c, at_server=NAT % "10.{0}.2.3")
    c.listen(far, address, full=False)
    c.serve(near, far, other)
    c.address = address


def by_mark(c):
    """The router may have sent it elsewhere, by a mark that it gave it."""
    near, far, address, _ = row(c, "ip rule add fwmark 9 lookup 90")
    c.serve(near, far, address)


CASES = (
    Case("macvlan, of one device", macvlan_siblings, FULL),
    Case("macvlan, from outside", macvlan_outside, FULL),
    Case("macvlan, from what it is made upon", macvlan_own, NOT_NAMED),
    Case("macvlan, by a bridge and a gateway", macvlan_gateway, FULL),
    Case("ipvlan l2", ipvlan("l2"), FULL),
    Case("ipvlan l3", ipvlan("l3"), FULL),
    Case("bond", bond, FULL),
    Case("vlan", vlan, FULL),
    Case("vrf, the server's", vrf_server, FULL),
    Case("vrf, the server's other one", vrf_other, NOT_NAMED),
    Case("vrf, the client's", vrf_client, FULL),
    Case("vxlan", tunnel("vxlan", "id 42 local {local} remote {remote} dstport 4789"), LIKELY),
    Case("vxlan, IPv6", tunnel("vxlan", "id 43 local {local} remote {remote} dstport 4790", six=True), LIKELY),
    Case("geneve", tunnel("geneve", "id 42 remote {remote}"), LIKELY),
    Case("ipip", tunnel("ipip", "local {local} remote {remote}"), LIKELY),
    Case("gre", tunnel("gre", "local {local} remote {remote}"), LIKELY),
    Case("gretap", tunnel("gretap", "local {local} remote {remote}"), LIKELY),
    Case("sit", tunnel("sit", "local {local} remote {remote}", six=True), LIKELY),
    Case("ip6tnl", tunnel("ip6tnl", "mode any local {local} remote {remote}", outer6=True), LIKELY),
    Case("wireguard", wireguard, LIKELY),
    Case("tun", tun, LIKELY),
    Case("tun, behind routers", tun_behind, LIKELY),
    Case("tun, and two at its end", tun_twice, LIKELY),
    Case("tun to elsewhere", tun_away, NOT_NAMED),
    Case("two with the address on a bridge", same_on_bridge(True), FULL),
    Case("two with the address on a bridge, and the other is full", same_on_bridge(False), NOT_NAMED),
    Case("proxy ARP", by_proxy, FULL),
    Case("NAT on the way, away from a full one", nat_away, NOT_NAMED),
    Case("NAT on the way, to a full one", nat_to, FULL),
    Case("NAT at the server", nat_at_server, FULL),
    Case("routes by marks on the way", by_mark, LIKELY),
)


def make_all(cases):
    for c in cases:
        try:
            c.make(c)
        except Lacks as e:
            c.lacks = str(e)
        except (RuntimeError, OSError) as e:
            raise RuntimeError("%s: %s" % (c.name, e)) from e


def attempt(c):
    """The socket, which waits."""
    with c.near:
        s = socket.socket(socket.AF_INET6 if ":" in c.address else socket.AF_INET)
        s.setblocking(False)
        if c.bound:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, c.bound.encode())
        c.error = s.connect_ex((c.address, c.port))
    return s


def check(c, attempts):
    of = [a for a in attempts if a["synsent"].get("netns") == c.near.inode and a["server"]["address"] == c.address
          and a["server"]["port"] == c.port]
    if len(of) != 1:
        return ["%d attempts are told of, not 1" % len(of)], of
    drop = of[0]["synsent"].get("drop", {})
    got = (drop.get("place"), drop.get("reason"), drop.get("netns"))
    if c.reason is NOT_NAMED:
        return ["it is %r" % (got,)] * (drop.get("place") == "peer-backlog"), of
    wrong = []
    if got != ("peer-backlog", c.reason, c.named.inode):
        wrong.append("it is %r, not %r of %d" % (got, c.reason, c.named.inode))
    # so many at once: the process of each is not looked for
    rule = r"listener \S+:%d( %s)?, 1 waiting, backlog 0" % (c.port, re.escape(watched.own_name()))
    if not re.fullmatch(rule, drop.get("rule", "")):
        wrong.append("%r is not %s" % (drop.get("rule"), rule))
    return wrong, of


def try_all(synsent, cases):
    watch = watched.Watch(synsent, ["-j"])
    try:
        with cases[0].near:
            watch.ready()
        sockets = [attempt(c) for c in cases]
        time.sleep(WAIT)
        for c, s in zip(cases, sockets):
            server = '"port":%d}' % c.port  # others of this host's attempts are told of, too
            told, began = watch.text().count(server), time.monotonic()
            s.close()
            while watch.text().count(server) == told and time.monotonic() < began + 20:
                time.sleep(0.01)
            time.sleep(time.monotonic() - began)  # of each second it asks for a part alone
        return watch, watch.end(within=120)
    finally:
        watch.stop()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("--only", default="", help="a regular expression")
    p.add_argument("--show", action="store_true")
    o = p.parse_args()
    if os.geteuid():
        harness.skip("other network namespaces are made by root only")
    cases = [c for c in CASES if re.search(o.only, c.name)]
    wrong = 0
    try:
        make_all(cases)
        for c in cases:
            if c.lacks:
                print("left out: %s: %s" % (c.name, c.lacks))
        cases = [c for c in cases if not c.lacks]
        with harness.Synsent(o.synsent) as synsent:
            watch, attempts = try_all(synsent, cases)
            problems = watch.schema_problems()
            if watch.status:
                problems.append("status %s: %s" % (watch.status, watch.said()))
        for c in cases:
            bad, of = check(c, attempts)
            if bad or o.show:
                print("%s %s" % ("WRONG" if bad else "     ", c.name))
                for text in bad:
                    print("    " + text)
                for a in of:
                    print("    ", {k: a["synsent"].get(k) for k in ("outcome", "drop", "evidence")})
            wrong += bool(bad)
    finally:
        for c in CASES:
            c.close()
    for text in problems:
        print("WRONG: " + text)
    print("%d cases, %d wrong" % (len(cases), wrong + len(problems)))
    return bool(wrong or problems)


if __name__ == "__main__":
    sys.exit(main())
