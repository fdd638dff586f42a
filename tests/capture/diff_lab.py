#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`synsent diff` of two captures of real kernels: a client, a router that drops, rejects and rewrites, and a server.

diff_lab.py SYNSENT

Three network namespaces of an ordinary user, joined by veth; tcpdump at the client and at the server; what the
router's nft rules counted is what must have died.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import reader

OPEN, CLOSED, SILENT, ICMP, RESET = range(8080, 8085)
CONNECTIONS = 24

ROUTER = """
table ip lab {
  counter syns { }
  counter syn_acks { }
  chain forward {
    type filter hook forward priority 0; policy accept;
    tcp dport %d tcp flags & (syn | ack) == syn numgen inc mod 4 == 1 counter name syns drop
    tcp sport %d tcp flags & (syn | ack) == syn | ack numgen inc mod 5 == 2 counter name syn_acks drop
    tcp dport %d reject with icmp type admin-prohibited
    tcp dport %d reject with tcp reset
  }
}
"""
NAT = "table ip nat { chain post { type nat hook postrouting priority 100; oifname r1 masquerade random; }; }"
SERVER = "table ip lab { chain input { type filter hook input priority 0; tcp dport %d drop; }; }"

LISTEN = """
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("10.0.2.2", %d))
s.listen(64)
print("ready", flush=True)
held = []
while True:
    held.append(s.accept())
"""

CONNECT = """
import socket, sys, threading
def connect(port, timeout):
    s = socket.socket()
    s.settimeout(timeout)
    try:
        s.connect(("10.0.2.2", port))
    except OSError:
        pass
    s.close()
threads = [threading.Thread(target=connect, args=(int(p), float(t)))
           for p, t in (a.split(":") for a in sys.argv[1:])]
for t in threads:
    t.start()
for t in threads:
    t.join()
"""


class Lab:
    """Inside of the namespaces' user namespace; this process's network namespace is the router's."""

    def __init__(self):
        self.children = []
        self.client = self.namespace()
        self.server = self.namespace()

    def start(self, *argv, **more):
        p = subprocess.Popen(argv, **more)
        self.children.append(p)
        return p

    def namespace(self):
        """A process that holds one."""
        p = self.start("unshare", "-n", "sh", "-c", "echo ready; exec sleep 120", stdout=subprocess.PIPE)
        p.stdout.readline()
        return p.pid

    @staticmethod
    def inside(pid, *argv):
        return ("nsenter", "-t", str(pid), "-n") + argv

    @staticmethod
    def do(*argv, **more):
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        if done.returncode:
            reader.skip("%s: %s" % (" ".join(argv), done.stderr.strip()[:200]))
        return done.stdout

    def wire(self):
        do, inside = self.do, self.inside
        with open("/proc/sys/net/ipv4/ip_forward", "w") as f:
            f.write("1")
        for near, far, pid, net in (("r0", "c0", self.client, "10.0.1"), ("r1", "s0", self.server, "10.0.2")):
            do("ip", "link", "add", near, "type", "veth", "peer", "name", far)
            do("ip", "link", "set", far, "netns", str(pid))
            do("ip", "addr", "add", net + ".1/24", "dev", near)
            do("ip", "link", "set", near, "up")
            do(*inside(pid, "ip", "addr", "add", net + ".2/24", "dev", far))
            do(*inside(pid, "ip", "link", "set", far, "up"))
            do(*inside(pid, "ip", "route", "add", "default", "via", net + ".1"))
        do("nft", "-f", "-", input=ROUTER % (OPEN, OPEN, ICMP, RESET))
        do(*inside(self.server, "nft", "-f", "-"), input=SERVER % SILENT)

    def rewrite(self):
        """Whether this kernel has NAT."""
        return not subprocess.run(("nft", "-f", "-"), input=NAT, text=True, stderr=subprocess.DEVNULL).returncode

    def counted(self, name):
        return int(re.search(r"packets (\d+)", self.do("nft", "list", "counter", "ip", "lab", name)).group(1))

    def capture(self, pid, device, path):
        p = self.start(*self.inside(pid, "tcpdump", "-Z", "root", "--immediate-mode", "-U", "-B", "8192", "-i", device, "-w", path, "tcp or icmp"),
                       stderr=subprocess.PIPE, text=True)
        said = ""
        for line in p.stderr:
            said += line
            if "listening on" in line:
                return p
        reader.skip("tcpdump does not capture in a namespace: " + said.strip()[-200:])
        return None

    def run(self, directory):
        """False: tcpdump lost packets, so that nobody knows the truth."""
        self.wire()
        server = self.start(*self.inside(self.server, sys.executable, "-c", LISTEN % OPEN), stdout=subprocess.PIPE)
        server.stdout.readline()
        nat = self.rewrite()
        tcpdumps = [self.capture(self.client, "c0", os.path.join(directory, "client.pcap")),
                    self.capture(self.server, "s0", os.path.join(directory, "server.pcap"))]
        self.do(*self.inside(self.client, sys.executable, "-c", CONNECT), "%d:3.5" % CLOSED)  # both captures have it
        wanted = ["%d:3.5" % OPEN] * CONNECTIONS + ["%d:2.5" % p for p in (CLOSED, SILENT, ICMP, RESET) for _ in range(2)]
        self.do(*self.inside(self.client, sys.executable, "-c", CONNECT), *wanted)
        time.sleep(0.2)  # what left just before a capture's last packet is not compared
        self.do(*self.inside(self.client, sys.executable, "-c", CONNECT), "%d:3.5" % CLOSED)  # and this
        time.sleep(0.5)
        for p in tcpdumps:
            p.send_signal(signal.SIGINT)
            _, said = p.communicate(timeout=10)
            if " 0 packets dropped by kernel" not in " " + said.replace("\n", " "):
                return False
        truth = {"nat": nat, "syns": self.counted("syns"), "syn_acks": self.counted("syn_acks")}
        with open(os.path.join(directory, "truth.json"), "w") as f:
            json.dump(truth, f)
        return True

    def end(self):
        for p in self.children:
            p.kill()
            p.wait()


def inside(directory):
    lab = Lab()
    try:
        if not lab.run(directory):
            reader.skip("tcpdump loses packets on a machine that is so busy")
    finally:
        lab.end()


def diff(synsent, *args):
    status, out, err = reader.tool(synsent, "diff", *args)
    return status, out.decode(), err


def check(synsent, directory, wrong):
    with open(os.path.join(directory, "truth.json")) as f:
        truth = json.load(f)
    paths = [os.path.join(directory, name) for name in ("client.pcap", "server.pcap")]
    status, out, err = diff(synsent, "-j", "--summary", *paths)
    if status:
        return wrong("exit %d: %s" % (status, err))
    head = json.loads(out)["synsent"]
    attempts = [json.loads(line) for line in diff(synsent, "-j", *paths)[1].splitlines()]
    print(diff(synsent, *paths)[1])

    def died(kind, port):
        return sum(p["kind"] == kind and p["fate"] == "died" for a in attempts if a["server"]["port"] == port
                   for p in a["synsent"]["packets"])

    def said(port, words, n):
        lines = [a["synsent"]["headline"] for a in attempts if a["server"]["port"] == port]
        if len(lines) != n or not all(words in line for line in lines):
            wrong("port %d: not %d times %r: %r" % (port, n, words, lines))

    wrong.want("SYNs that died", died("syn", OPEN), truth["syns"])
    # sent by the timer and for another SYN at once, two are the same bytes, and count as one
    twice = sum(ledger["duplicates"] for ledger in
                reader.Run((), 0, b"", diff(synsent, "-v", "--summary", *paths)[2].encode()).ledgers)
    if not truth["syn_acks"] - twice <= died("syn-ack", OPEN) <= truth["syn_acks"]:
        wrong("SYN-ACKs that died: %d, not %d less %d" % (died("syn-ack", OPEN), truth["syn_acks"], twice))
    wrong.want("attempts", len(attempts), CONNECTIONS + 10)
    said(CLOSED, "refused by the server", 4)
    said(SILENT, "reached the server and it never answered", 2)
    said(ICMP, "icmp 3/13 (admin prohibited) of 10.0.1.1 came from between", 2)
    said(RESET, "the RST came from between", 2)
    clocks = head["clocks"]
    if abs(clocks["server_ahead_ns"]) > clocks["uncertainty_ns"] + 20000 or clocks["uncertainty_ns"] > 20000000:
        wrong("one clock, but: %r" % clocks)
    wrong.want("hops", (head["between"]["hops_min"], head["between"]["hops_max"]), (1, 1))
    wrong.want("rewritten", head["between"]["client_addresses"], head["attempts"]["both"] if truth["nat"] else 0)
    swapped = json.loads(diff(synsent, "-j", "--summary", *reversed(paths))[1])["synsent"]
    wrong.want("swapped", (swapped["swapped"], swapped["packets"]), (True, head["packets"]))


def main():
    if sys.argv[1] == "--inside":
        return inside(sys.argv[2])
    for program in ("unshare", "nsenter", "ip", "nft", "tcpdump"):
        if not reader.found(program):
            reader.skip(program + " is missing")
    wrong = reader.Wrong()
    directory = tempfile.mkdtemp(prefix="synsent-capture-")
    try:
        # as root in a user namespace tcpdump would drop to a user that is not there
        how = ["-n"] if os.geteuid() == 0 else ["-Un", "--map-current-user", "--keep-caps"]
        done = subprocess.run(["unshare", *how, sys.executable, os.path.abspath(__file__), "--inside", directory],
                              env=reader.ENV, stdout=subprocess.PIPE, text=True, timeout=60)
        print(done.stdout, end="")
        if done.returncode == 77:
            return 77
        if done.returncode or not os.path.exists(os.path.join(directory, "truth.json")):
            reader.skip("there are no namespaces for this user")
        check(os.path.abspath(sys.argv[1]), directory, wrong)
    finally:
        shutil.rmtree(directory)
    return wrong.status()


sys.exit(main())
