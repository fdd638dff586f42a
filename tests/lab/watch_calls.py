#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` tells of connect() calls by which no SYN leaves: the kernel refuses them, or a program does.

watch_calls.py SYNSENT [--only TEXT] [--show]

Each is told once, and a program's error (of a cgroup, or a seccomp filter) is not taken for the kernel's own.
"""
import ctypes
import errno
import os
import socket
import struct
import subprocess
import sys
import time

import harness
import watch_elsewhere
import watch_sockets
import watched
from watch_sockets import CONNECT, REFUSED, verdict
from watched import cgroup_root, connecting, listener

BPF = {"x86_64": 321, "aarch64": 280}  # the call's number
BPF_PROG_LOAD, BPF_LINK_CREATE = 5, 28
CGROUP_SOCK_ADDR, CGROUP_CONNECT = 18, {4: 10, 6: 11}
SET_RETVAL = 187
PORT, CLOSED_PORT = 42001, 42002
FEW = "echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range"
# No address of IPv6 on it, not even one of the link, and a route over it.
NO_SOURCE = """
ip link add ns0 type veth peer name ns1
ip link set ns0 addrgenmode none
ip link set ns1 addrgenmode none
ip link set ns0 up
ip link set ns1 up
ip -6 route add fd77::/64 dev ns0
"""
LATER = """
import socket, sys
sys.stdin.readline()
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print(s.connect_ex((sys.argv[1], int(sys.argv[2]))))
"""


# Ends of attempts, each told by connect() as well, under a filter that refuses nothing: blocking, by the next call, of a
# socket that is used again, and of one in whose place another thread has put a fresh one.
ENDS = """
import ctypes, os, socket, struct, sys, threading, time
text = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fff0000))
program = ctypes.create_string_buffer(struct.pack("@HP", 1, ctypes.addressof(text)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
if prctl(38, 1, 0, 0, 0) or prctl(22, 2, program, 0, 0):
    sys.exit("seccomp: %d" % ctypes.get_errno())
address, refused, silent, family = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
s = socket.socket(family)
print(s.connect_ex((address, refused)), s.connect_ex((address, refused)))
s.setblocking(False)
print(s.connect_ex((address, refused)), s.connect_ex((address, refused)))
s = socket.socket(family)
s.setblocking(False)
s.connect_ex((address, silent))
time.sleep(4)
print(s.connect_ex((address, silent)))
s, other = socket.socket(family), socket.socket(family)
def replace():
    time.sleep(1)
    os.dup2(other.fileno(), s.fileno())
thread = threading.Thread(target=replace)
thread.start()
print(s.connect_ex((address, silent)))
thread.join()
"""
# What waits with a descriptor in connect() gets an ICMP error, when another thread has put a fresh socket in its place;
# then a call fails by a route with the same error, whose descriptor is that socket, and another one.  In the end send() has
# the attempt's error, and the next connect() one of its own.
REPLACED = """
import os, socket, sys, threading, time
address, unreachable, rejected, family = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
s, other = socket.socket(family), socket.socket(family)
def replace():
    time.sleep(0.3)
    os.dup2(other.fileno(), s.fileno())
threading.Thread(target=replace).start()
print(s.connect_ex((address, rejected)), s.connect_ex((unreachable, rejected)), other.connect_ex((unreachable, rejected)))
s = socket.socket(family)
s.setblocking(False)
s.connect_ex((address, rejected))
s.setblocking(True)
try:
    s.send(b"0")
except OSError as e:
    print(e.errno, socket.socket(family).connect_ex((unreachable, rejected)))
"""
REJECT = "nft 'table inet j { chain c { type filter hook output priority 0; tcp dport 42004 reject with icmpx host-unreachable; }; }'"
FILTERED_PORT, REJECTED_PORT = 42003, 42004
SILENT_SOON = "echo 1 >/proc/sys/net/ipv4/tcp_syn_retries; [ ! -e /proc/sys/net/ipv4/tcp_syn_linear_timeouts ] || " \
              "echo 0 >/proc/sys/net/ipv4/tcp_syn_linear_timeouts"


class Refusing:
    """A cgroup whose program refuses each connect() of these processes with that error."""

    def __init__(self, t, family, error, pids):
        t.kept.insert(0, watch_elsewhere.Cgroup(pids))
        self.directory = os.open(t.kept[0].path, os.O_RDONLY | os.O_DIRECTORY)
        code = struct.pack("=BBhiBBhiBBhiBBhi", 0xb7, 1, 0, -error, 0x85, 0, 0, SET_RETVAL, 0xb7, 0, 0, 0, 0x95, 0, 0, 0)
        text, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
        self.program = self.bpf(BPF_PROG_LOAD, struct.pack(
            "=IIQQIIQII16xII", CGROUP_SOCK_ADDR, len(code) // 8, ctypes.addressof(text), ctypes.addressof(licence),
            0, 0, 0, 0, 0, 0, CGROUP_CONNECT[family]))
        self.link = self.bpf(BPF_LINK_CREATE, struct.pack("=IIII", self.program, self.directory, CGROUP_CONNECT[family], 0))

    @staticmethod
    def bpf(command, attributes):
        attributes = ctypes.create_string_buffer(attributes, len(attributes))
        fd = watched.LIBC.syscall(BPF[os.uname().machine], command, attributes, len(attributes))
        if fd < 0:
            raise OSError(ctypes.get_errno(), "bpf(%d)" % command)
        return fd

    def close(self):
        for fd in (self.link, self.program, self.directory):
            os.close(fd)


class Test(watch_sockets.Test):
    def by_seccomp(self, t, name, address):
        with self.home:
            p = subprocess.run([sys.executable, "-c", REFUSED, str(CONNECT[os.uname().machine]), name, address],
                               env=harness.ENV, stderr=subprocess.PIPE)
        t.want("%s by seccomp: %r" % (name, p.stderr), p.returncode, 0)

    def by_cgroup(self, t, name, address):
        with self.home:
            p = subprocess.Popen([sys.executable, "-c", LATER, address, str(CLOSED_PORT)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, env=harness.ENV, text=True)
        refusing = Refusing(t, 6 if ":" in address else 4, getattr(errno, name), [p.pid])
        said = p.communicate("go\n")[0]
        refusing.close()
        t.kept.pop(0).close()
        t.want("%s by a cgroup" % name, said, "%d\n" % getattr(errno, name))

    def refused(self, t, names, untold_of_cgroups=()):
        """By programs, for IPv4 and IPv6: each once, and never for certain."""
        if os.uname().machine not in CONNECT or not cgroup_root():
            print("left out: neither seccomp nor cgroups here")
            return
        cases = [(by, name, address) for by in (self.by_seccomp, self.by_cgroup) for name in names
                 for address in ("127.0.0.1", "::1") if by == self.by_seccomp or name not in untold_of_cgroups]
        w = self.begin(t)
        for by, *how in cases:
            by(t, *how)
        for a, (by, name, address) in zip(self.attempts(t, w, len(cases)), cases):
            t.want("what is told of %s" % by.__name__, (a["server"]["address"], *verdict(a)),
                   (address, "failed", "kernel", None, "likely", name))
            t.want("its headline %r has a program" % a["synsent"]["headline"], "program" in a["synsent"]["headline"], True)
            t.want("its SYNs", a["synsent"]["syns_ns"], [])

    # ---- errors of attempts ----

    def attempt_refused(self, t):
        self.refused(t, ["ECONNREFUSED", "ETIMEDOUT", "ECONNRESET"], ["ECONNREFUSED"])

    def attempt_ends(self, t):
        """Those that attempts have are told with them, and not again, where programs may refuse calls."""
        near = watched.Net()
        t.kept.append(near.process)
        near.run(SILENT_SOON + "; " + watch_sockets.RULE % ("input", FILTERED_PORT))
        w = self.watch(t, ["--netns", near.inode])
        with near:
            w.ready()
            ran = [subprocess.Popen([sys.executable, "-c", ENDS, a, str(CLOSED_PORT), str(FILTERED_PORT), str(int(f))],
                                    env=harness.ENV, stdout=subprocess.PIPE, text=True)
                   for a, f in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6))]
        for p in ran:
            t.want("what they are told", p.communicate()[0], "111 111\n115 111\n110\n110\n")
        told = [verdict(a) for a in self.attempts(t, w, 10)]
        t.want("how they ended", sorted(told, key=str),
               [("refused", "peer", None, "certain", "ECONNREFUSED")] * 6 +
               [("timed-out", "kernel", "syn-retries", "certain", "ETIMEDOUT")] * 4)

    def replaced(self, t):
        """An ICMP error that a call gives belongs to its attempt, whatever socket has its descriptor then."""
        near = watched.Net()
        t.kept.append(near.process)
        near.run(REJECT + "; ip route add unreachable 10.9.7.0/24; ip -6 route add unreachable fd09:7::/64")
        w = self.watch(t, ["--netns", near.inode])
        with near:
            w.ready()
            ran = [subprocess.Popen([sys.executable, "-c", REPLACED, a, u, str(REJECTED_PORT), str(int(f))],
                                    env=harness.ENV, stdout=subprocess.PIPE, text=True)
                   for a, u, f in (("127.0.0.1", "10.9.7.1", socket.AF_INET), ("::1", "fd09:7::1", socket.AF_INET6))]
        for p in ran:
            t.want("what they are told", p.communicate()[0], "113 113 113\n113 113\n")
        told = [(a["server"]["address"], bool(a["synsent"]["syns_ns"])) for a in self.attempts(t, w, 10)]
        t.want("what is told", sorted(told), sorted([("127.0.0.1", True), ("::1", True)] * 2 +
                                                    [("10.9.7.1", False), ("fd09:7::1", False)] * 3))

    # ---- source ports ----

    def port_refused(self, t):
        self.refused(t, ["EADDRNOTAVAIL"])

    def no_port(self, t):
        """None left, and the one that the socket is bound to is taken."""
        few = watched.Net()
        t.kept.append(few.process)
        few.run(FEW)
        w = self.watch(t, ["--netns", few.inode])
        with few:
            w.ready()
            t.kept += [listener(a, PORT) for a in ("127.0.0.1", "::1")]
        for address in ("127.0.0.1", "::1"):
            with few:
                s, error = connecting(address, PORT)
                t.kept.append(s)
                t.want("the first to %s" % address, error, 0)
                for blocking in (True, False):
                    with socket.socket(s.family) as n:
                        n.setblocking(blocking)
                        t.want("the next", n.connect_ex((address, PORT)), errno.EADDRNOTAVAIL)
                        t.want("the same once more", n.connect_ex((address, PORT)), errno.EADDRNOTAVAIL)
                with socket.socket(s.family) as n, socket.socket(s.family) as m:
                    for x in n, m:
                        x.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        x.bind((address, 40777))
                    t.want("the first that is bound", m.connect_ex((address, PORT)), 0)
                    t.want("the next that is bound", n.connect_ex((address, PORT)), errno.EADDRNOTAVAIL)
        time.sleep(0.3)
        told = w.end()
        t.want("what was lost", "nothing lost" in w.said(), True)
        t.want("what is told", [verdict(a) for a in told if a["synsent"]["outcome"] != "established"],
               [("failed", "kernel", None, "certain", "EADDRNOTAVAIL")] * 10)
        t.want("what it says", {a["synsent"]["headline"] for a in told if a["synsent"]["outcome"] == "failed"},
               {"no free source port on this host"})

    def no_source(self, t):
        """IPv6 without an address: the kernel's own EADDRNOTAVAIL before it looks for a port."""
        lacks = watched.Net()
        t.kept.append(lacks.process)
        lacks.run("ip -6 addr del ::1/128 dev lo; " + NO_SOURCE)
        w = self.watch(t, ["--netns", lacks.inode])
        with lacks:
            w.ready()
            t.want("connect()", connecting("fd77::7", PORT)[1], errno.EADDRNOTAVAIL)
        attempts = self.attempts(t, w, 1)
        t.want("what is told", [(*verdict(a), a["synsent"]["headline"]) for a in attempts],
               [("failed", "kernel", None, "certain", "EADDRNOTAVAIL", "this host has no source address for it")])

    def too_short(self, t):
        """An address that is shorter than its family's, whatever is in memory behind it: EINVAL, and no server."""
        w = self.begin(t)
        with self.home:
            for family, host, least in ((socket.AF_INET, "127.0.0.1", 16), (socket.AF_INET6, "::1", 24)):
                address = struct.pack("=H", family) + struct.pack("!H", CLOSED_PORT)
                address += b"" if family == socket.AF_INET else bytes(4)
                address = ctypes.create_string_buffer(address + socket.inet_pton(family, host) + bytes(12))
                for size, error in ((2, errno.EINVAL), (least - 1, errno.EINVAL), (least, errno.ECONNREFUSED)):
                    with socket.socket(family) as s:
                        watched.LIBC.connect(s.fileno(), address, size)
                        t.want("the error of %d bytes" % size, ctypes.get_errno(), error)
        told = self.attempts(t, w, 2)
        t.want("what is told", [(a["server"]["address"], *verdict(a)) for a in told],
               [(host, "refused", "peer", None, "certain", "ECONNREFUSED") for host in ("127.0.0.1", "::1")])


PARTS = ("attempt_refused", "attempt_ends", "replaced", "port_refused", "no_port", "no_source", "too_short")


def main():
    return watch_elsewhere.run_test(Test, PARTS, __doc__)


if __name__ == "__main__":
    sys.exit(main())
