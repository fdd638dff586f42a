#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule that dropped a SYN or its answer is named, by nft's tracing and by counters; and the ruleset stays as it is.

rules.py TELL_RULES [--kills N]

Three network namespaces, client - router - server; the rules are the router's.  Cases need not know their handles: they
are read from nft's own listing.
"""
import argparse
import ctypes
import errno
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

from harness import ENV, found, skip

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
WRONG = []

NFT_FORWARD = """table inet fw {
 set bad { type inet_service; elements = { 7003, 7004 }; }
 chain deeper { tcp dport @bad counter drop comment "blocked; \\ reject # handle 99"; }
 chain deep { jump deeper; accept; }
 chain forward { type filter hook forward priority 0; policy accept; jump deep; }
}"""
MANY = ", ".join(str(port) for port in range(20000, 20240, 2))

# name: (rules: a script for nft, or commands), from, to, port, what the hit must have
CASES = {
    "nft-input": ("table inet fw { chain input { type filter hook input priority 0; ip daddr 10.9.1.1 tcp dport 7001 "
                  "counter drop comment \"no 7001\"; }; }", "client", "router", 7001,
                  {"family": "inet", "table": "fw", "chain": "input", "hook": "input", "comment": "no 7001",
                   "text": "ip daddr 10.9.1.1 tcp dport 7001 counter drop"}),
    "nft-policy": ("table ip own { chain out { type filter hook output priority 10; policy drop; tcp dport 22 accept; }; }",
                   "router", "server", 7002, {"family": "ip", "table": "own", "chain": "out", "hook": "output",
                                              "policy": True, "text": ""}),
    "nft-jumps-set": (NFT_FORWARD, "client", "server", 7003,
                      {"family": "inet", "table": "fw", "chain": "deeper", "hook": "forward",
                       "comment": "blocked; \\ reject # handle 99", "text": "tcp dport @bad counter drop",
                       "reject": False}),
    "nft-reject": ("table ip fw { chain pre { type filter hook input priority -5; tcp dport 7005 counter reject with tcp "
                   "reset; }; }", "client", "router", 7005,
                   {"chain": "pre", "reject": True, "text": "tcp dport 7005 counter reject with tcp reset"}),
    "nft-raw": ("table ip raw6 { chain pre { type filter hook prerouting priority raw; tcp dport 7006 drop comment \"early\""
                "; }; }", "client", "router", 7006, {"chain": "pre", "hook": "prerouting", "comment": "early",
                                                    "text": "tcp dport 7006 drop"}),
    "nft-early": ("table inet first { chain pre { type filter hook prerouting priority -1000; tcp dport 7006 counter drop; "
                  "}; }", "client", "server", 7006, {"table": "first", "text": "tcp dport 7006 counter drop"}),
    "nft-netdev": ("table netdev edge { chain in { type filter hook ingress device r0 priority 0; tcp dport 7007 counter "
                   "drop comment \"at the door\"; }; }", "client", "router", 7007,
                   {"family": "netdev", "table": "edge", "chain": "in", "hook": "ingress", "comment": "at the door"}),
    "nft-inet-ingress": ("table inet edge { chain in { type filter hook ingress device r1 priority -500; tcp sport 7100 "
                         "counter drop; }; }", "client", "server", 7100,
                         {"family": "inet", "table": "edge", "hook": "ingress", "flags": 0x12,
                          "text": "tcp sport 7100 counter drop"}),
    "nft-vmap": ("table ip fw { chain in { type filter hook input priority 0; counter tcp dport vmap { 7008 : drop, 22 : "
                 "accept }; }; }", "client", "router", 7008,
                 {"chain": "in", "text": "counter tcp dport vmap { 22 : accept, 7008 : drop }"}),
    "nft-many": ("table ip fw { chain in { type filter hook input priority 0; tcp dport { %s } counter drop comment \"many\""
                 "; }; }" % MANY, "client", "router", 20010,
                 {"text": "tcp dport { %s } counter drop" % MANY, "comment": "many"}),
    "nft-named-counter": ("table ip fw { counter hits { }; chain in { type filter hook input priority 0; tcp dport 7009 "
                          "counter name \"hits\" drop; }; }", "client", "router", 7009,
                          {"text": 'tcp dport 7009 counter name "hits" drop'}),
    "nft-ipv6": ("table ip6 fw { chain in { type filter hook input priority 0; ip6 daddr fd09::1 tcp dport 7010 counter "
                 "drop; }; }", "client", "router6", 7010, {"family": "ip6", "chain": "in", "dst": "[fd09::1]:7010"}),
    "iptables-nft": (["iptables-nft -N svc", "iptables-nft -A INPUT -p tcp -j svc",
                      "iptables-nft -A svc -p tcp --dport 7011 -m comment --comment 'of iptables' -j DROP"],
                     "client", "router", 7011, {"family": "ip", "table": "filter", "chain": "svc", "hook": "input",
                                                "comment": "of iptables", "text": "tcp dport 7011 counter drop"}),
    "iptables-nft-reject": (["iptables-nft -A FORWARD -p tcp --dport 7012 -j REJECT"], "client", "server", 7012,
                            {"chain": "FORWARD", "hook": "forward", "reject": True}),
    "iptables-nft-raw": (["iptables-nft -t raw -A PREROUTING -p tcp --dport 7013 -j DROP"], "client", "router", 7013,
                         {"table": "raw", "chain": "PREROUTING", "hook": "prerouting"}),
    "legacy-input": (["iptables-legacy -A INPUT -p tcp --dport 1 -j DROP",
                      "iptables-legacy -A INPUT -p tcp --dport 7014 -m comment --comment 'an old \"one\"' -j DROP"],
                     "client", "router", 7014, {"maker": "legacy", "table": "filter", "chain": "INPUT", "number": 2,
                                                "comment": 'an old "one"', "text": "-p tcp -m tcp --dport 7014 -j DROP"}),
    "legacy-raw-jump": (["iptables-legacy -t raw -N x", "iptables-legacy -t raw -A PREROUTING -j x",
                         "iptables-legacy -t raw -A x -p tcp --dport 7015 -j DROP"], "client", "server", 7015,
                        {"maker": "legacy", "table": "raw", "chain": "x", "number": 1}),
    "legacy-policy": (["iptables-legacy -P OUTPUT DROP"], "router", "server", 7016,
                      {"maker": "legacy", "chain": "OUTPUT", "policy": True}),
    "legacy-ipv6": (["ip6tables-legacy -A INPUT -p tcp --dport 7017 -j REJECT --reject-with tcp-reset"], "client", "router6",
                    7017, {"maker": "legacy", "family": "ip6", "chain": "INPUT", "reject": True}),
}
ADDRESS = {"router": "10.9.1.1", "server": "10.9.2.2", "router6": "fd09::1"}
BLIND = {"nft-policy", "nft-raw"}  # their counters tell nothing


def wrong(what):
    print("WRONG: " + what)
    WRONG.append(what)


def sh(command, check=True, text=None):
    r = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=ENV, input=text)
    if check and r.returncode:
        raise RuntimeError("%s: %s" % (command, r.stderr))
    return r.stdout


def enter(fd):
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def new_namespace():
    if LIBC.unshare(CLONE_NEWNET):
        skip("no network namespace can be made (%s)" % os.strerror(ctypes.get_errno()))
    sh("ip link set lo up")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Net:
    """client 10.9.1.2 - r0 10.9.1.1 router 10.9.2.1 r1 - server 10.9.2.2"""

    def __init__(self):
        self.fds = {name: new_namespace() for name in ("client", "server", "router")}
        links = (("client", "r0", "10.9.1", "fd09::"), ("server", "r1", "10.9.2", "fd0a::"))
        for who, link, v4, v6 in links:
            enter(self.fds["router"])
            fd = self.fds[who]
            os.set_inheritable(fd, True)
            subprocess.run(["ip", "link", "add", link, "type", "veth", "peer", "name", "e0", "netns",
                            "/proc/self/fd/%d" % fd], check=True, env=ENV, pass_fds=[fd])
            self.address(link, v4 + ".1/24", v6 + "1/64")
            enter(fd)
            self.address("e0", v4 + ".2/24", v6 + "2/64")
            sh("ip route add default via %s.1" % v4)
        enter(self.fds["server"])
        self.listener = socket.create_server(("", 7100))
        enter(self.fds["router"])
        sh("sysctl -q -w net.ipv4.ip_forward=1")

    @staticmethod
    def address(link, v4, v6):
        sh("ip link set %s up; ip addr add %s dev %s; ip addr add %s dev %s nodad" % (link, v4, link, v6, link))

    def connect(self, who, to, port):
        enter(self.fds[who])
        s = socket.socket(socket.AF_INET6 if ":" in ADDRESS[to] else socket.AF_INET, socket.SOCK_STREAM)
        enter(self.fds["router"])
        s.setblocking(False)
        r = s.connect_ex((ADDRESS[to], port))
        if r not in (0, errno.EINPROGRESS, errno.ECONNREFUSED):
            wrong("connect to %s: %s" % (to, os.strerror(r)))
        return s


class Tell:
    def __init__(self, binary, *args):
        self.p = subprocess.Popen([binary, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENV)
        self.out = b""
        self.ready = self.line(10)

    def line(self, within):
        """The next object, or None."""
        end = time.monotonic() + within
        while b"\n" not in self.out:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.p.stdout], [], [], left)[0]:
                return None
            more = os.read(self.p.stdout.fileno(), 65536)
            if not more:
                return None
            self.out += more
        line, self.out = self.out.split(b"\n", 1)
        return json.loads(line)

    def end(self):
        """The rest, after its stdin has ended."""
        self.p.stdin.close()
        objects = []
        while (o := self.line(10)) is not None:
            objects.append(o)
        if self.p.wait(timeout=10):
            wrong("the program ended with %d" % self.p.returncode)
        self.p.stdout.close()
        return objects


def ruleset():
    """Without what counts packets."""
    text = sh("nft -a -s list ruleset")
    for save in ("iptables-legacy-save", "ip6tables-legacy-save"):
        family = "ip6" if save[2] == "6" else "ip"
        if found(save) and sh("cat /proc/thread-self/net/%s_tables_names" % family, check=False):
            text += re.sub(r"^#.*$|\[\d+:\d+\]", "", sh(save), flags=re.M)
    return text


def handle_of(hit):
    """By the listing, of a rule with that text; 0 for none."""
    text = re.sub(r",\n\s+", ", ", sh("nft -a -s list ruleset")).replace("  ", " ")
    for line in text.splitlines():
        m = re.fullmatch(r"\t\t(.*?)(?: comment \".*\")? # handle (\d+)", line)
        if m and m[1] == hit["text"]:
            return int(m[2])
    return 0


def compare(name, how, hit, expected):
    for key, value in expected.items():
        if key in hit and hit[key] != value and not (how == "counts" and key in ("hook",)):
            wrong("%s, %s: %s is %r, not %r" % (name, how, key, hit[key], value))
    if hit["maker"] == "nft" and not hit["policy"] and (not hit["handle"] or hit["handle"] != handle_of(hit)):
        wrong("%s, %s: handle %d of %r, and nft says %d" % (name, how, hit["handle"], hit["text"], handle_of(hit)))


def apply(rules):
    if isinstance(rules, str):
        sh("nft -f -", text=rules)
        return
    for command in rules:
        sh(command)


def judge(name, hits, counts, expected):
    legacy = expected.get("maker") == "legacy"
    if bool(hits) == legacy:
        wrong("%s: %d drops were traced" % (name, len(hits)))
    for hit in hits:
        compare(name, "trace", hit, expected)
        if not hit["has_packet"] or not hit["flags"] & 2:
            wrong("%s: its packet is not told: %s" % (name, hit))
    moved = [o for o in counts if "maker" in o]
    if len(moved) != (name not in BLIND):
        wrong("%s: %d counters moved" % (name, len(moved)))
    for hit in moved:
        compare(name, "counts", hit, expected)
    print("%s: %s" % (name, (hits or moved or [{"line": "?"}])[0]["line"][:150]))


def one(net, binary, name):
    rules, who, to, port, expected = CASES[name]
    apply(rules)
    before = ruleset()
    address = "[%s]" % ADDRESS[to] if ":" in ADDRESS[to] else ADDRESS[to]
    counts, trace = Tell(binary, "counts"), Tell(binary, "trace", "%s:%d" % (address, port))
    if trace.ready is None or trace.ready["ready"]:
        wrong("%s: tracing: %s" % (name, trace.ready))
    s = net.connect(who, to, port)
    hits = []
    if expected.get("maker") == "legacy":
        time.sleep(0.05)
    else:
        hits.append(trace.line(3))
    counts.p.stdin.write(b"\n")
    counts.p.stdin.flush()
    counted = counts.end()
    hits = [h for h in hits + trace.end() if h and "line" in h]
    s.close()
    after = ruleset()
    if before != after:
        wrong("%s: the ruleset was\n%s\nand is\n%s" % (name, before, after))
    judge(name, hits, counted, expected)


def clean():
    sh("nft flush ruleset")
    for tool in ("iptables-legacy", "ip6tables-legacy"):
        if found(tool):
            sh("for t in filter raw; do %s -t $t -F; %s -t $t -X; done; %s -P OUTPUT ACCEPT" % (tool, tool, tool))


def kills(binary, n, rng):
    """SIGKILL while it starts, and while it traces."""
    before = ruleset()
    for i in range(n):
        p = subprocess.Popen([binary, "trace"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENV)
        if i % 2:
            p.stdout.readline()
            if "synsent_trace" not in sh("nft list tables"):
                wrong("SIGKILL: no table was there")
        else:
            time.sleep(rng.random() * 0.03)
        p.send_signal(signal.SIGKILL)
        p.communicate()
        if ruleset() != before:
            wrong("SIGKILL left:\n" + ruleset())


def later_device(net, binary):
    """A device that comes while it traces; and the namespace as a descriptor, from elsewhere."""
    fd = net.fds["router"]
    os.set_inheritable(fd, True)
    enter(net.fds["server"])
    p = subprocess.Popen([binary, "--netns", "/proc/self/fd/%d" % fd, "trace"], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, env=ENV, pass_fds=[fd])
    enter(fd)
    p.stdout.readline()
    sh("ip link add d0 type veth peer name d1; ip link set d0 up; ip link set d1 up")
    for _ in range(100):
        if 'device "d0"' in sh("nft list ruleset") and 'device "d1"' in sh("nft list ruleset"):
            break
        time.sleep(0.02)
    else:
        wrong("a device that came later has no chain")
    sh("ip link del d0")
    apply(CASES["nft-input"][0])
    s = net.connect("client", "router", 7001)
    line = p.stdout.readline()
    s.close()
    if b"no 7001" not in line:
        wrong("from another namespace: %r" % line)
    p.communicate()


def programs(binary):
    """XDP and tc programs, with and without a name."""
    sh("ip link add x0 type veth peer name x1; ip link set x0 up; ip link set x1 up")
    index = open("/sys/class/net/x0/ifindex").read() if os.path.exists("/sys/class/net/x0") else ""
    index = index.strip() or sh("ip -o link show x0").split(":")[0]
    sh("tc qdisc add dev x0 clsact")
    wanted = []
    for kind in ("flower ip_proto tcp dst_port 7020", "matchall", "u32 match ip dport 7020 0xffff"):  # what the kernel has
        if not wanted and subprocess.run(["sh", "-c", "tc filter add dev x0 egress protocol ip pref 7 %s action drop" % kind],
                                         capture_output=True, env=ENV).returncode == 0:
            wanted = ["tc filter %s pref 7" % kind.split()[0]]
    if not wanted:
        print("not tried, this kernel has no tc filter of such kinds: action drop")
    if shutil.which("clang", path=ENV["PATH"]):
        source = "/proc/self/fd/0"
        obj = "/tmp/synsent-test-rules-%d.o" % os.getpid()
        try:
            sh("clang -O2 -target bpf -x c -c %s -o %s" % (source, obj), text="""
__attribute__((section("xdp"), used)) int dropper(void *c) { return 1; }
__attribute__((section("tc"), used)) int tc_dropper(void *c) { return 2; }
char _license[] __attribute__((section("license"), used)) = "GPL";
""")
            sh("ip link set dev x0 xdpgeneric obj %s sec xdp" % obj)
            sh("tc filter add dev x0 ingress pref 3 bpf direct-action obj %s sec tc" % obj)
            wanted += ["XDP program dropper (id N) on x0", "tc program tc_dropper (id N) at the ingress of x0"]
        finally:
            if os.path.exists(obj):
                os.unlink(obj)
    else:
        print("not tried, without clang: XDP and tc programs")
    lines = [json.loads(line)["line"] for line in sh("%s progs %s" % (binary, index)).splitlines()]
    print("; ".join(lines))
    said = [re.sub(r"id \d+", "id N", re.sub(r" handle.*", "", line)) for line in lines]
    if sorted(said) != sorted(wanted):
        wrong("programs: %s, not %s" % (lines, wanted))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    binary = os.path.abspath(args.binary)
    if os.geteuid():
        skip("rules of a network namespace need root")
    for tool in ("nft", "ip", "tc"):
        if not found(tool):
            skip("%s is not installed" % tool)
    net = Net()
    for name in CASES:
        tool = CASES[name][0][0].split()[0] if isinstance(CASES[name][0], list) else "nft"
        if not found(tool):
            print("not tried, %s is not installed: %s" % (tool, name))
            continue
        one(net, binary, name)
        clean()
    apply(NFT_FORWARD)
    kills(binary, args.kills, random.Random(args.seed))
    clean()
    later_device(net, binary)
    clean()
    programs(binary)
    print("%d wrong" % len(WRONG))
    return bool(WRONG)


if __name__ == "__main__":
    sys.exit(main())
