# SPDX-License-Identifier: GPL-2.0-or-later
"""A client's and a server's network namespace, in which each server address has a fault of its own."""
import os
import socket
import subprocess
import tempfile

import harness

PORT = 7000
# fault -> (place, is it a reply) of what the kernel itself drops with a reason; None: nothing that it tells of
FAULTS = {
    "open": None,
    "closed": None,
    "output-drop": ("local-output", False),
    "input-drop": ("path-or-peer", False),
    "answer-lost-here": ("local-input", True),
    "answer-lost-there": ("path-or-peer", True),
    "first-lost": ("path-or-peer", False),
    "backlog": None,
    "wrong-mac": None,
    "no-neighbour": None,  # which of its limits comes first is a race
    "reject-reset": None,
    "reject-icmp": None,
    "unreachable-route": None,
    "prohibit-route": None,
    "blackhole-route": None,
}
SERVED = ("open", "answer-lost-here", "answer-lost-there", "first-lost", "backlog")
ROUTES = {"unreachable-route": "unreachable", "prohibit-route": "prohibit", "blackhole-route": "blackhole"}


def address(fault, family):
    n = list(FAULTS).index(fault) + 16
    return "10.80.0.%d" % n if family == 4 else "fd80::%x" % n


def rules(side):
    lines = {"client": {"input": [], "output": []}, "server": {"input": [], "output": []}}
    sets = []
    for v, ip, kind in ((4, "ip", "ipv4_addr"), (6, "ip6", "ipv6_addr")):
        def to(fault, where="daddr", flags="syn"):
            return "%s %s %s tcp flags & (syn|ack) == %s " % (ip, where, address(fault, v), flags)
        lines["client"]["output"] += [to("output-drop") + "drop",
                                      to("reject-reset") + "reject with tcp reset"]
        lines["client"]["input"] += [to("answer-lost-here", "saddr", "syn|ack") + "drop"]
        lines["server"]["output"] += [to("answer-lost-there", "saddr", "syn|ack") + "drop"]
        key = "%s saddr . tcp sport . %s daddr" % (ip, ip)
        sets += ["set seen%d { type %s . inet_service . %s; flags dynamic; size 65535; }" % (v, kind, kind)]
        lines["server"]["input"] += [to("input-drop") + "drop",
                                     to("reject-icmp") + "reject with icmpx type admin-prohibited",
                                     "%s%s != @seen%d add @seen%d { %s } drop" % (to("first-lost"), key, v, v, key)]
    chains = ["chain %s {\ntype filter hook %s priority 0\n%s\n}" % (c, c, "\n".join(rows))
              for c, rows in lines[side].items()]
    return "table inet matrix {\n%s\n}\n" % "\n".join(sets * (side == "server") + chains)


LISTEN = """
import socket, sys
for a in sys.argv[3:]:
    s = socket.socket(socket.AF_INET6 if ":" in a else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, 15, 1)
    s.bind((a, int(sys.argv[1])))
    s.listen(0 if a in sys.argv[2].split(",") else 4096)
    globals()["s" + a] = s
    if a in sys.argv[2].split(","):
        c = socket.create_connection((a, int(sys.argv[1])))
        globals()["c" + a] = c
print("ready", flush=True)
sys.stdin.read()  # whoever holds it may be killed
"""


class World:
    """By the user of `synsent`: as one who is not root, in a user namespace."""

    def __init__(self, synsent):
        self.synsent, self.held = synsent, []
        self.user = [] if synsent.root else ["-U", "-r"]
        self.client = self.hold(["unshare", "-n", *self.user])
        self.server = self.hold(self.enter(self.client) + ["unshare", "-n"])
        self.make()

    def hold(self, before):
        p = self.start(before + ["sh", "-c", "echo ready; exec cat"])
        self.held.append(p)
        if p.stdout.readline() != b"ready\n":
            self.close()
            harness.skip("no network namespace of its own: " + " ".join(p.stderr.read().decode().split()))
        return p.pid

    def enter(self, pid):
        return ["nsenter", "-t", str(pid), *(["-U", "--preserve-credentials"] if self.user else []), "-n"]

    def start(self, command, nobody=True, **more):
        as_nobody = {"user": harness.NOBODY, "group": harness.NOBODY, "extra_groups": []}
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=harness.ENV, **(as_nobody if self.synsent.nobody and nobody else {}), **more)

    def run(self, pid, *command, given=""):
        with tempfile.TemporaryFile() as f:
            f.write(given.encode())
            f.seek(0)
            as_nobody = {"user": harness.NOBODY, "group": harness.NOBODY, "extra_groups": []}
            return subprocess.run(self.enter(pid) + list(command), stdin=f, check=True, env=harness.ENV, timeout=60,
                                  stdout=subprocess.PIPE, **(as_nobody if self.synsent.nobody else {})).stdout.decode()

    def make(self):
        client, server = "c0", "s0"
        self.run(self.client, "ip", "link", "add", client, "type", "veth", "peer", "name", server, "netns",
                 str(self.server))
        for pid, dev, n in ((self.client, client, 1), (self.server, server, 2)):
            lines = ["link set lo up", "link set %s up" % dev, "addr add 10.80.0.%d/24 dev %s" % (n, dev),
                     "addr add fd80::%x/64 dev %s nodad" % (n, dev)]
            for fault in FAULTS:
                if pid == self.server and fault not in ("no-neighbour", "wrong-mac", *ROUTES):
                    lines += ["addr add %s/24 dev %s" % (address(fault, 4), dev),
                              "addr add %s/64 dev %s nodad" % (address(fault, 6), dev)]
                elif pid == self.client and fault in ROUTES:
                    lines += ["route add %s %s" % (ROUTES[fault], address(fault, v)) for v in (4, 6)]
                elif pid == self.client and fault == "wrong-mac":
                    lines += ["neigh add %s lladdr 02:00:00:00:00:99 dev %s" % (address(fault, v), dev)
                              for v in (4, 6)]
            self.run(pid, "ip", "-b", "-", given="\n".join(lines) + "\n")
            self.run(pid, "nft", "-f", "-", given=rules("client" if pid == self.client else "server"))
        self.run(self.client, "sh", "-c",
                 "cd /proc/sys/net/ipv4; echo 1 >tcp_syn_retries; "
                 "[ ! -e tcp_syn_linear_timeouts ] || echo 0 >tcp_syn_linear_timeouts")
        full = ",".join(address("backlog", v) for v in (4, 6))
        p = self.start(self.enter(self.server) + ["python3", "-c", LISTEN, str(PORT), full] +
                       [address(f, v) for f in SERVED for v in (4, 6)])
        self.held.append(p)
        if p.stdout.readline() != b"ready\n":
            raise RuntimeError(p.stderr.read().decode())

    def counters(self):
        found = {}
        lines = self.run(self.client, "cat", "/proc/net/snmp", "/proc/net/netstat").splitlines()
        for head, values in zip(lines[::2], lines[1::2]):
            found.update(zip([head.split(":")[0] + n for n in head.split()[1:]], map(int, values.split()[1:])))
        return {n: found[n] for n in ("TcpActiveOpens", "TcpAttemptFails", "TcpExtTCPSynRetrans")}

    def netns(self):
        return os.stat("/proc/%d/ns/net" % self.client).st_ino

    def close(self):
        for p in reversed(self.held):
            p.kill()
            p.wait()
