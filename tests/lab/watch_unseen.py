#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` tells without eBPF, where packets and sockets are easily mistaken for one another.

watch_unseen.py SYNSENT [--only TEXT] [--show]

The namespace that is watched lies between a client's and a server's; all of them are made here.
"""
import datetime
import json
import re
import signal
import socket
import subprocess
import sys
import time

import harness
import watched
from watch_elsewhere import run_test
from watched import Watch, connect, connecting

PYTHON = sys.executable
OPEN, CLOSED, SILENT, LATE, CROSSED = 301, 302, 303, 304, 305  # LATE: the first SYN of each port is dropped, the next one answered
NEAR = """
ip link add n0 type veth peer name n1 netns /proc/self/fd/%d
ip addr add 10.81.0.1/24 dev n0; ip addr add fd81::1/64 dev n0 nodad
ip link set n0 up
ip route add default via 10.81.0.2
"""
MIDDLE = """
ip link add m0 type veth peer name m1 netns /proc/self/fd/%d
ip addr add 10.81.0.2/24 dev n1; ip link set n1 up
ip addr add 10.82.0.2/24 dev m0; ip addr add fd82::2/64 dev m0 nodad; ip link set m0 up
echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv4/tcp_syn_retries
nft 'table ip t { chain p { type nat hook postrouting priority 100; ip saddr 10.81.0.1 masquerade; };
chain o { type nat hook output priority -100; ip daddr 10.83.0.1 dnat to 10.82.0.1; }; }'
ip route add 10.83.0.0/24 via 10.82.0.1
"""
FAR = """
ip addr add 10.82.0.1/24 dev m1; ip addr add fd82::1/64 dev m1 nodad; ip link set m1 up
ip route add default via 10.82.0.2
nft 'table inet t { set seen { type inet_service; flags dynamic; size 65535; }; chain i { type filter hook input priority 0;
tcp dport 303 drop; tcp dport 304 tcp flags syn / syn,ack tcp sport != @seen add @seen { tcp sport } drop; };
chain x { type filter hook input priority 0; tcp dport 305 drop; }; }'
"""
SERVER = """
import socket, time
held = []
for port in (%d, %d):
    for family, any in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        s = socket.socket(family)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((any, port))
        s.listen(64)
        held.append(s)
print("ready", flush=True)
time.sleep(600)
""" % (OPEN, LATE)

WAITING = """
import socket, time
s = socket.socket()
s.settimeout(%d)
s.connect_ex(("10.82.0.1", %d))
"""


class Path:
    def __init__(self, t):
        self.near, self.middle, self.far = watched.Net(), watched.Net(), watched.Net()
        t.kept += [n.process for n in (self.near, self.middle, self.far)]
        for net, other, script in ((self.near, self.middle, NEAR), (self.middle, self.far, MIDDLE)):
            with net:
                subprocess.run(["sh", "-ec", script % other.fd], check=True, env=harness.ENV, pass_fds=[other.fd])
        self.far.run(FAR)
        with self.far:
            server = subprocess.Popen([PYTHON, "-c", SERVER], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        t.kept.append(server)
        if server.stdout.readline() != b"ready\n":
            raise RuntimeError("the server does not begin")

    def far_link_local(self):
        return re.search("inet6 (fe80::[0-9a-f:]+)", self.far.run("ip -6 addr show dev m1").stdout).group(1)


def ends(attempts, port=None):
    return [(a["server"]["port"], a["synsent"]["outcome"], a["synsent"]["confidence"])
            for a in attempts if port in (None, a["server"]["port"])]


class Test:
    def __init__(self, synsent):
        self.synsent = synsent

    def watch(self, t, path, *args):
        with path.middle:
            w = Watch(self.synsent, ["-j", "--no-bpf", *args])
            t.watches.append(w)
            return w.ready() if not args else w

    def foreign(self, t):
        """What others send through it, with its own address by masquerade, and what others send to it, is not its own."""
        path = Path(t)
        w = self.watch(t, path)
        with path.near:
            for port in (OPEN, CLOSED, SILENT):
                connect("10.82.0.1", port)
            connect("10.81.0.2", CLOSED)
            connect("10.82.0.2", CLOSED)
        with path.middle:
            connect("10.82.0.1", CLOSED)
        t.want("the attempts", ends(w.end()), [(CLOSED, "refused", "likely")])
        t.want("the status", w.status, 0)

    def device(self, t):
        """One that is bound to a device, or whose server's address is of one, is there for as long as it waits."""
        path = Path(t)
        for args in ((), ("CAP_NET_RAW",)):
            with path.middle:
                w = Watch(self.synsent, ["-j", "--no-bpf"],
                          ["setpriv", "--bounding-set", "-net_raw"] if args else [])
                t.watches.append(w)
                w.await_text("without eBPF: ")
                time.sleep(0.3)
                for to in (("10.82.0.1", LATE), (path.far_link_local(), LATE, 0, socket.if_nametoindex("m0"))):
                    with socket.socket(socket.AF_INET6 if ":" in to[0] else socket.AF_INET) as s:
                        if len(to) == 2:
                            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"m0")
                        s.settimeout(3)
                        s.connect(to)
                        time.sleep(0.2)
            t.want("the attempts", ends(w.end()), [(LATE, "established", "certain")] * 2)

    def translated(self, t):
        """A SYN whose server a rule of OUTPUT replaced is that of its socket, and told once."""
        path = Path(t)
        w = self.watch(t, path)
        with path.middle:
            t.want("it connects", connect("10.83.0.1", LATE, 3), 0)
            connect("10.83.0.1", SILENT, 0.3)
            connect("10.83.0.1", SILENT, 1.3)
        attempts = w.end()
        t.want("the attempts", ends(attempts),
               [(LATE, "established", "certain")] + [(SILENT, "abandoned", "likely")] * 2)
        t.want("their servers", {a["server"]["address"] for a in attempts}, {"10.83.0.1"})
        t.want("their SYNs", [len(a["synsent"]["syns_ns"]) for a in attempts], [2, 1, 2])

    def same_port(self, t):
        """Neither another socket of the same port nor the same socket, taken back, makes the first attempt a success."""
        path = Path(t)
        w = self.watch(t, path)
        with path.middle:
            for kept, port in ((False, 40400), (True, 40401)):
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("10.82.0.2", port))
                s.setblocking(False)
                s.connect_ex(("10.82.0.1", LATE))
                if kept:
                    watched.LIBC.connect(s.fileno(), bytes(16), 16)  # AF_UNSPEC
                else:
                    s.close()
                    s = socket.socket()
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("10.82.0.2", port))
                s.settimeout(3)
                s.connect(("10.82.0.1", LATE))
                time.sleep(0.2)
                s.close()
        t.want("the attempts", sorted(ends(w.end())),
               [(LATE, "abandoned", "likely")] * 2 + [(LATE, "established", "certain")] * 2)

    def same_socket(self, t):
        """Nor where not even packets are seen: the same socket, taken back, connects again from the same port."""
        path = Path(t)
        with path.middle:
            w = Watch(self.synsent, ["-j"], ["setpriv", "--reuid", str(harness.NOBODY), "--regid", str(harness.NOBODY),
                                             "--clear-groups"])
            t.watches.append(w)
            w.await_text("without eBPF: ")
            time.sleep(0.3)
            s = socket.socket()
            s.bind(("10.82.0.2", 40402))
            s.setblocking(False)
            for seconds in (1.5, 0.7):
                s.connect_ex(("10.82.0.1", SILENT))
                time.sleep(seconds)
                watched.LIBC.connect(s.fileno(), bytes(16), 16)
            s.close()
            time.sleep(0.3)
        attempts = w.end()
        t.want("the attempts", [(a["server"]["port"], len(a["synsent"]["syns_ns"])) for a in attempts],
               [(SILENT, 2), (SILENT, 1)])
        t.want("how sure it is", "certain" in {a["synsent"]["confidence"] for a in attempts}, False)
        if len(attempts) == 2:
            t.want("their lengths", [round(a["event"]["duration"] / 1e9 - right, 1)
                                     for a, right in zip(attempts, (1.5, 0.7))], [0, 0])
            t.want("it says so", "connected again" in str(attempts[0]["synsent"]["evidence"]), True)

    def crossed(self, t):
        """A simultaneous open goes on until its SYN is acknowledged."""
        path = Path(t)
        w = self.watch(t, path)
        with path.middle:
            ours, _ = connecting("10.82.0.1", CROSSED, ("10.82.0.2", CROSSED))
        with path.far:
            theirs, _ = connecting("10.82.0.2", CROSSED, ("10.82.0.1", CROSSED))
        time.sleep(0.5)
        path.far.run("nft flush chain inet t x")
        t.want("it connects", watched.end_of(ours, 5), 0)
        time.sleep(0.2)
        t.want("the attempts", ends(w.end()), [(CROSSED, "established", "certain")])
        ours.close()
        theirs.close()

    def took(self, t):
        """How long it took is known by its SYN-ACK, not by when the socket was looked at, and begins with connect()."""
        path = Path(t)
        w = self.watch(t, path)
        with path.middle:
            t.want("it connects", connect("10.82.0.1", OPEN, 2), 0)
            waiting, began = connecting("10.82.0.7", OPEN)[0], time.monotonic()
        time.sleep(0.3)
        path.far.run("ip addr add 10.82.0.7/24 dev m1")  # ARP is asked again after 1 s
        t.want("it connects late", watched.end_of(waiting, 5), 0)
        took = time.monotonic() - began
        time.sleep(0.2)
        waiting.close()
        attempts = [a for a in w.end() if a["server"]["port"] == OPEN]
        t.want("when they connected", [a["event"]["duration"] - a["synsent"]["replies"][0]["t_ns"] for a in attempts], [0, 0])
        late = attempts[-1]["event"]["duration"] / 1e9
        t.want("%.3f s, and the client waited %.3f s" % (late, took), abs(late - took) < 0.15, True)

    def unresolved(self, t):
        """A SYN that waits for a neighbour is sent once, and does not leave, however often its timer fires."""
        path = Path(t)
        with path.middle:
            t.watches += [Watch(self.synsent, ["-j", "--no-bpf"]),
                          Watch(self.synsent, ["-j"], ["setpriv", "--reuid", str(harness.NOBODY), "--regid",
                                                       str(harness.NOBODY), "--clear-groups"])]
            for w in t.watches:
                w.await_text("without eBPF: ")
            time.sleep(0.3)
            for to in "10.82.0.9", "fd82::9":
                connect(to, SILENT, 1.6)
            connect("10.82.0.1", SILENT, 1.6)
            p = subprocess.run([self.synsent.binary, "connect", "-j", "--timeout", "1600ms", "10.82.0.10", str(SILENT)],
                               stdout=subprocess.PIPE, env=harness.ENV, check=False)
        time.sleep(0.5)
        for w in t.watches:
            t.want("what is told", [(a["server"]["address"], len(a["synsent"]["syns_ns"]), self.none_left(a)) for a in w.end()],
                   [("10.82.0.9", 1, "10.82.0.9 on m0 does not answer ARP"), ("fd82::9", 1, "fd82::9 on m0 does not answer ND"),
                    ("10.82.0.1", 2, None), ("10.82.0.10", 1, "10.82.0.10 on m0 does not answer ARP")])
        a = json.loads(p.stdout)
        t.want("connect", (len(a["synsent"]["syns_ns"]), self.none_left(a)), (1, "10.82.0.10 on m0 does not answer ARP"))

    def stopped(self, t):
        """What came while it was stopped is told with its own time."""
        path = Path(t)
        w = self.watch(t, path)
        began = {}
        w.p.send_signal(signal.SIGSTOP)
        with path.middle:
            for port in range(CLOSED, CLOSED + 1000, 400):
                began[port] = time.time()
                connect("127.0.0.1", port)
                time.sleep(1.2)
        w.p.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        attempts = w.end()
        t.want("what is told", ends(attempts), [(port, "refused", "likely") for port in began])
        for a in attempts:
            start = datetime.datetime.fromisoformat(a["event"]["start"][:26] + "+00:00").timestamp()
            t.want("%d began %.3f s late" % (a["server"]["port"], start - began[a["server"]["port"]]),
                   abs(start - began[a["server"]["port"]]) < 0.2, True)

    def waiting(self, t):
        """One that waited before the observation is told as long as it did, nearly, and that it is so found."""
        path = Path(t)
        with path.middle:
            s, _ = connecting("10.82.0.1", SILENT)
            time.sleep(1.5)
            ws = [Watch(self.synsent, ["-j", "--no-bpf"]),
                  Watch(self.synsent, ["-j"], ["setpriv", "--reuid", str(harness.NOBODY), "--regid", str(harness.NOBODY),
                                               "--clear-groups"])]
            t.watches += ws
            for w in ws:
                w.await_text("without eBPF: ")
            time.sleep(0.7)
            s.close()
            time.sleep(0.5)
        for w in ws:
            attempts = w.end()
            t.want("what is told", ends(attempts), [(SILENT, "abandoned", "likely")])
            t.want("its length", [2.1 < a["event"]["duration"] / 1e9 < 3.2 for a in attempts], [True])
            t.want("its SYNs", [len(a["synsent"]["syns_ns"]) - int(a["event"]["duration"] / 1e9 + 0.03) for a in attempts], [1])
            t.want("it says so", "it waited already" in str([a["synsent"]["evidence"] for a in attempts]), True)

    @staticmethod
    def none_left(attempt):
        """Of what neighbour, if it is told that no SYN left."""
        said = attempt["synsent"]["evidence"]
        hop = [e.removeprefix("by the neighbour table ") for e in said if "neighbour table" in e]
        return hop[0] if hop and "the kernel made 1 SYN, and none left this host" in said else None

    def whose(self, t):
        """A filter of processes shows what is known to be theirs, and counts what may be."""
        path = Path(t)
        with path.middle:
            w = Watch(self.synsent, ["-j", "--no-bpf", "--", PYTHON, "-c", WAITING % (1, SILENT)])
            t.watches.append(w)
            w.await_text("without eBPF: ")
            time.sleep(0.3)
            connect("10.82.0.1", LATE, 0.3)  # another's
            connect("10.82.0.1", CLOSED)  # so is this, and nobody knows
        t.want("the command's", ends(w.end(None)), [(SILENT, "abandoned", "likely")])
        t.want("what may be its", re.findall("LOST: (.*)", w.said()), ["1 (owner unknown)"])
        with path.middle:
            w = Watch(self.synsent, ["-j", "--no-bpf", "--uid", "nobody"])
            t.watches.append(w)
            w.await_text("without eBPF: ")
            waiting, _ = connecting("10.82.0.1", SILENT)
            time.sleep(0.3)
            t.want("another user's", w.end(), [])
            t.want("it waits for something", "still waiting" in w.said(), False)
            waiting.close()


def main():
    return run_test(Test, ("foreign", "translated", "device", "same_port",
                           "same_socket", "crossed", "took", "unresolved", "stopped", "waiting", "whose"), __doc__)


if __name__ == "__main__":
    sys.exit(main())
