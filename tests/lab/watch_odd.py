#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` tells of attempts in network namespaces that are set up in an unusual way.

watch_odd.py SYNSENT [--only TEXT] [--show]
"""
import datetime
import errno
import socket
import subprocess
import sys
import time

import harness
import watch_elsewhere
import watch_sockets
import watched
from watch_sockets import verdict
from watched import Watch, connect, connecting, end_of, listener

PORT, OTHER_PORT = 42101, 42102
SERVER = "10.9.5.2"
# A queue in which there is no room for a SYN.
QUEUE = """
echo 2 >/proc/sys/net/ipv4/tcp_syn_retries
[ ! -e /proc/sys/net/ipv4/tcp_syn_linear_timeouts ] || echo 0 >/proc/sys/net/ipv4/tcp_syn_linear_timeouts
ip link add q0 type veth peer name q1
ip link set q0 up
ip link set q1 up
ip addr add 10.9.5.1/24 dev q0
ip neigh add 10.9.5.2 lladdr 02:00:00:00:00:02 dev q0
tc qdisc add dev q0 root bfifo limit 1
"""
LINK = """
ip link add q0 type veth peer name q1
ip link set q0 addrgenmode none
ip link set q0 up
ip link set q1 up
ip addr add fe80::1/64 dev q0 nodad
"""
# A rule answers SYNs in the place of a server, which is asked only then, and refuses.
PROXY = """
ip addr add 10.9.5.2/24 dev q1; ip link set q1 up
sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0 net.ipv4.tcp_timestamps=1
nft '
table ip p {
	chain r { type filter hook prerouting priority raw; tcp dport %d tcp flags syn notrack; }
	chain i { type filter hook input priority 0; tcp dport %d ct state { invalid, untracked } synproxy mss 1460 wscale 7 timestamp sack-perm; }
}'
""" % (PORT, PORT)
DROPS = """
nft "add table inet f; add chain inet f i { type filter hook input priority 0; }; add rule inet f i tcp dport %d drop"
""" % PORT
MANY = 6000
# So many that wait, of a program that is killed then: all end within some ms.
WAITING = """
import os, resource, signal, socket
n = %d
resource.setrlimit(resource.RLIMIT_NOFILE, (n + 100, n + 100))
kept = []
for i in range(n):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("127.9.9.%%d" %% (i %% 200 + 1), %d))
    kept.append(s)
os.kill(os.getpid(), signal.SIGKILL)
""" % (MANY, PORT)
NO_IPV6 = "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6"


class Test(watch_sockets.Test):
    def made(self, t, script):
        """A namespace of its own, and a `watch` of it that tells."""
        net = watched.Net()
        t.kept.append(net.process)
        net.run(script)
        w = self.watch(t, ["--netns", net.inode])
        with net:
            w.ready()
        return net, w

    def no_ipv6(self, t):
        """As most containers are made: the kernel has EADDRNOTAVAIL for any address of IPv6, and no program gave it."""
        net, w = self.made(t, NO_IPV6)
        for address in ("::1", "2001:db8::7"):
            with net:
                t.want("connect(%s)" % address, connecting(address, PORT)[1], errno.EADDRNOTAVAIL)
        attempts = self.attempts(t, w, 2)
        t.want("what is told", [(*verdict(a), a["synsent"]["headline"].split(":")[0]) for a in attempts],
               [("failed", "kernel", None, "certain", "EADDRNOTAVAIL",
                 "no address of IPv6 in its network namespace")] * 2)


    def link_local(self, t):
        """With its interface it is like any other address; without one the kernel has EINVAL, of which no route is to blame."""
        net, w = self.made(t, LINK)
        with net:
            e = socket.socket(socket.AF_INET6).connect_ex(("fe80::9", PORT))
            t.want("connect() without an interface", e, errno.EINVAL)
            r = [self.synsent.run(["connect", "-j", "--timeout", "300ms", "fe80::9" + s, str(OTHER_PORT)]) for s in ("%q0", "")]
        told = [a for a in self.attempts(t, w, 3) if a["server"]["port"] == PORT]
        t.want("what connect tells of the first", [verdict(a)[0] for a in r[0].objects], ["abandoned"])
        for a, c in [(a, "likely") for a in told] + [(a, "certain") for a in r[1].objects]:
            t.want("its verdict", verdict(a), ("failed", "kernel", None, c, "EINVAL"))
            t.want("its headline %r" % a["synsent"]["headline"], "goes with an interface" in a["synsent"]["headline"], True)

    def time_namespace(self, t):
        """Where the monotonic clock has an offset, times are right all the same."""
        before = ["unshare", "--time", "--monotonic", "500000"]
        if subprocess.run([*before, "true"], stderr=subprocess.DEVNULL).returncode:
            print("left out: no time namespaces here")
            return
        for more in ([], ["--no-bpf"]):
            with self.home:
                w = Watch(self.synsent, ["-j", *(more or ["--netns", str(self.home.inode)])], before)
                t.watches.append(w)
                w.ready()
                began = time.time()
                t.want("connect()", connect("127.0.0.1", PORT), errno.ECONNREFUSED)
            for a in self.attempts(t, w, 1):
                start = datetime.datetime.fromisoformat(a["event"]["start"][:26] + "+00:00").timestamp()
                t.want("how far off its start is with %s: %.3f s" % (more, start - began), abs(start - began) < 1, True)

    def deferred(self, t):
        """A listener that waits for data takes no ACK without, and answers once more: that is no lost ACK."""
        with self.home:
            s = listener("127.0.0.1", OTHER_PORT)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
            w = self.watch(t, ["--inbound", "--netns", self.home.inode]).ready()
            c = socket.create_connection(("127.0.0.1", OTHER_PORT))
        time.sleep(1.5)  # until its second SYN-ACK
        told = [a["synsent"]["headline"] for a in w.end() if a["network"].get("direction") == "inbound"]
        c.close()
        s.close()
        t.want("what is told", [(h[:30], "TCP_DEFER_ACCEPT" in h) for h in told], [("its SYN-ACK was sent 2 times: ", True)])


    def queue(self, t):
        """What this host's own queue refuses is sent again after 0.5 s: by tcp_syn_retries alone, though it ends early."""
        net, w = self.made(t, QUEUE)
        with net:
            s, _ = connecting(SERVER, PORT)
            with harness.Synsent(self.synsent.binary, nobody=True) as as_nobody:
                r = as_nobody.run(["connect", "-j", SERVER, str(OTHER_PORT)])
            t.want("how it ended", end_of(s, 9), errno.ETIMEDOUT)
            s.close()
        told = [a for a in self.attempts(t, w, 2) if a["server"]["port"] == PORT]
        t.want("what connect told of", len(r.objects), 1)
        for a in told + r.objects:
            t.want("its verdict", verdict(a), ("timed-out", "kernel", "syn-retries", "certain", "ETIMEDOUT"))
            t.want("that it explains when it ended: %s" % a["synsent"]["evidence"],
                   any("own queue" in e for e in a["synsent"]["evidence"]), True)


    def device_gone(self, t):
        """What is known of an attempt whose interface is taken away is told all the same."""
        net = watched.Net()
        t.kept.append(net.process)
        net.run(QUEUE.replace("tc qdisc", "true"))
        with net:
            remove = subprocess.Popen(["sh", "-c", "sleep 0.4; ip link del q0"], stdin=subprocess.DEVNULL)
            r = self.synsent.run(["connect", "-j", "--timeout", "2s", SERVER, str(PORT)])
        remove.wait()
        t.want("what connect told of, and its status: %s" % r.err, (len(r.objects), r.status), (1, 1))
        for a in r.objects:
            t.want("its verdict", verdict(a), ("abandoned", "application", "app-timer", "certain", None))
            t.want("that it has seen no more packets: %s" % a["synsent"]["evidence"],
                   any("packets could not be seen" in e for e in a["synsent"]["evidence"]), True)

    def proxied(self, t):
        """SYNPROXY accepts what its server then refuses: connect() may be told of the RST, and had connected."""
        net, far = watched.Net(), watched.Net()
        t.kept += [net.process, far.process]
        net.run("ip link add q0 type veth peer name q1 netns /proc/%d/ns/net; ip link set q0 up; ip addr add 10.9.5.1/24 dev q0"
                % far.process.pid)
        done = far.run(PROXY, False)
        if done.returncode:
            print("left out: no synproxy here: %s" % done.stdout.strip())
            return
        told = []
        w = self.watch(t, ["--inbound", "--netns", far.inode])
        with far:
            w.ready()
        with net:
            for _ in range(20):
                told += self.synsent.run(["connect", "-j", SERVER, str(PORT)]).objects
        time.sleep(1.5)
        t.want("what its host tells of what it answered at once",
               [a["synsent"]["headline"] for a in w.end() if a["network"].get("direction") == "inbound"], [])
        reset = [a for a in told if a.get("error")]
        if not reset:
            print("left out: no connect() returned after the RST")
        t.want("what was told", {verdict(a)[:4] for a in told}, {("established", "nobody", None, "certain")})
        t.want("of those that were reset", {(verdict(a)[4], "an RST ended the connection" in a["synsent"]["headline"])
                                            for a in reset}, {("ECONNRESET", True)} if reset else set())

    def killed(self, t):
        """Thousands end at once, and to judge one takes longer than to end: they wait until they are."""
        net, w = self.made(t, DROPS)
        with net:
            killed = subprocess.run([sys.executable, "-c", WAITING], check=False)
        t.want("how the program ended", killed.returncode, -9)
        time.sleep(2)
        told = [a for a in w.end(within=20) if a["server"]["port"] == PORT]
        t.want("whose they were told to be", {verdict(a)[:2] for a in told}, {("killed", "signal")})
        # Tracepoints may be lost by themselves, which is told; the ring lost half of them.
        if len(told) < MANY * 0.95:
            t.wrong.append("%d of %d were told: %s" % (len(told), MANY, w.said().splitlines()[0]))


PARTS = ("killed", "no_ipv6", "link_local", "time_namespace", "deferred", "queue", "device_gone", "proxied")


def main():
    return watch_elsewhere.run_test(Test, PARTS, __doc__)


if __name__ == "__main__":
    sys.exit(main())
