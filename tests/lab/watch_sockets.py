#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` tells of sockets that connect in ways of their own, in network namespaces of this test's.

watch_sockets.py SYNSENT [--only TEXT] [--show]

TCP_REPAIR, TCP_FASTOPEN_CONNECT and io_uring; SYNs that cross; SYNs of one attempt that are dropped in several places;
addresses of one name that are tried side by side (Happy Eyeballs); errors that a program gives for the kernel; and
copies of SYNs.
"""
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

import harness
import run_gives_up
import watch_elsewhere
import watched
from watched import connecting, end_of, listener
from watch_elsewhere import SILENT_PORT

TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_FASTOPEN_CONNECT = 19, 20, 21, 30
CLIENT_NO_COOKIE = 5  # sysctl tcp_fastopen: as a client, and without a cookie from the server
PORT, OTHER_PORT = 41001, 41002
RESET_PORT = 41003  # the port of one that was closed in SYN-RECEIVED is taken for a while
# SYNs from the first ones never come, nor do their SYN-ACKs while there is a table "answers".
CROSSING = """
nft 'table inet syns { chain i { type filter hook input priority 0; tcp sport { 41001, 41003 } tcp flags & (syn|ack) == syn drop; }; }'
nft 'table inet answers { chain i { type filter hook input priority 0; tcp sport { 41001, 41003 } tcp flags & (syn|ack) == syn|ack drop; }; }'
"""
# One of two addresses of a server is silent, as IPv6 that is not routed.
TWO_ADDRESSES = """
ip addr add fd09::1/64 dev lo nodad
ip addr add 10.9.1.1/24 dev lo
nft 'table inet six { chain i { type filter hook input priority 0; ip6 daddr fd09::1 tcp dport 8080 drop; }; }'
"""
RACED_PORT = 8080
RULE = "nft 'table inet r { chain c { type filter hook %s priority 0; tcp dport %d drop; }; }'"
OTHERS = """
import ctypes, socket, sys
ctypes.CDLL(None).prctl(15, b"other", 0, 0, 0)
kept = []
for i in range(100):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", %d))
    kept.append(s)
print(0, end="", flush=True)
sys.stdin.read()
"""
# One thread waits with the socket, and another one closes its descriptor.
HELD = """
import os, select, socket, sys, threading, time
s = socket.socket()
fd = s.detach()
def wait():
    t = socket.socket(fileno=fd)
    if sys.argv[1] == "connect":
        t.connect(("127.0.0.1", %d))
    t.setblocking(False)
    t.connect_ex(("127.0.0.1", %d))
    if sys.argv[1] != "poll":
        t.setblocking(True)
        t.recv(1) if sys.argv[1] == "recv" else t.send(b"0")
    poll = select.poll()
    poll.register(t, 0)
    poll.poll()
threading.Thread(target=wait, daemon=True).start()
time.sleep(0.2)
os.close(fd)
time.sleep(0.2)
print(0, end="", flush=True)
time.sleep(30)
"""
# A seccomp filter gives it an error for each call of that number (linux/seccomp.h, linux/filter.h).
REFUSED = """
import ctypes, errno, socket, struct, sys
def code(what, k, if_not=0):
    return struct.pack("HBBI", what, 0, if_not, k)
call, error = int(sys.argv[1]), getattr(errno, sys.argv[2])
text = ctypes.create_string_buffer(code(0x20, 0) + code(0x15, call, 1) + code(6, 0x50000 | error) + code(6, 0x7fff0000))
program = ctypes.create_string_buffer(struct.pack("@HP", 4, ctypes.addressof(text)))
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[3] else socket.AF_INET)
prctl = ctypes.CDLL(None, use_errno=True).prctl
if prctl(38, 1, 0, 0, 0) or prctl(22, 2, program, 0, 0):
    sys.exit("seccomp: %d" % ctypes.get_errno())
sys.exit(s.connect_ex((sys.argv[3], 9)) != error)
"""
CONNECT = {"x86_64": 42, "aarch64": 203}  # the call's number
NEAR = """
ip link add n0 type veth peer name n1 netns /proc/self/fd/%d
ip addr add 10.8.0.1/24 dev n0
ip link set n0 up
ip route add default via 10.8.0.2
"""
ROUTER = "ip addr add 10.8.0.2/24 dev n1; ip link set n1 up; echo 1 >/proc/sys/net/ipv4/ip_forward"
LINK = """
ip link add nb0 type veth peer name nb1
ip addr add 10.9.5.1/24 dev nb0
ip addr add fd09:5::1/64 dev nb0 nodad
ip link set nb0 up
ip link set nb1 up
"""
OF_PROGRAM = ("abandoned", "application", "app-timer", "certain", None)


def verdict(attempt):
    return tuple(harness.verdict(attempt).values())


def ring_client(flags, holder):
    """A process that connects by io_uring, and waits.  Held by the "ring" or its "request" alone, or by a "descriptor" too.
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        told = os.read(read, 100)
        os.close(read)
        return pid, told.decode()
    try:
        ring = run_gives_up.Ring(flags)
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        if holder == "ring":
            ring.hold(s.fileno())
        ring.connect(s.fileno(), run_gives_up.sockaddr("127.0.0.1", SILENT_PORT))
        time.sleep(0.2)
        if holder != "descriptor":
            s.close()
        os.write(write, b"ready")
        time.sleep(30)
    except OSError as e:
        os.write(write, str(e).encode())
    finally:
        os._exit(1)


class Test(watch_elsewhere.Test):
    def begin(self, t, *args):
        """A `watch` of this namespace that tells."""
        w = self.watch(t, ["--netns", self.home.inode, *args])
        with self.home:
            w.ready()
        return w

    def attempts(self, t, w, n):
        """All that it told of, of this namespace."""
        time.sleep(0.2)
        attempts = sorted(w.end(), key=lambda a: a["event"]["start"])
        t.want("how many it told of", len(attempts), n)
        t.want("what it lost", "nothing lost" in w.said(), True)
        return attempts

    @contextlib.contextmanager
    def rules(self, script, *tables):
        self.home.run(script)
        try:
            yield
        finally:
            for table in tables:
                self.home.run("nft delete table inet " + table, False)

    # ---- no SYN ----

    def repair(self, t):
        """What was saved is put back by connect(): no attempt, and no loss."""
        w = self.begin(t)
        with self.home:
            s = socket.socket()
        s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        s.bind(("127.0.0.1", PORT))
        for queue in (1, 2):
            s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
            s.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, 1000 * queue)
        s.connect(("127.0.0.1", OTHER_PORT))
        state = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        t.want("its state", state, 1)
        s.close()
        self.attempts(t, w, 0)

    def fast_open(self, t):
        """With TCP_FASTOPEN_CONNECT the first write sends the SYN, and there was none."""
        self.home.run("echo %d >/proc/sys/net/ipv4/tcp_fastopen" % CLIENT_NO_COOKIE)
        w = self.begin(t)
        with self.home:
            s = socket.socket()
        s.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
        t.want("connect()", s.connect_ex(("127.0.0.1", SILENT_PORT)), 0)
        time.sleep(1.2)  # SYN 1 would be due
        s.close()
        for a in self.attempts(t, w, 1):
            t.want("its SYNs", a["synsent"]["syns_ns"], [])
            t.want("its verdict", verdict(a), OF_PROGRAM)
            t.want("that it says so", any("TCP_FASTOPEN_CONNECT" in e for e in a["synsent"]["evidence"]), True)

    def v6only(self, t):
        """A socket for IPv6 alone has no way to an address of IPv4, whatever the routes are."""
        w = self.begin(t)
        for only in (1, 0):
            with self.home, socket.socket(socket.AF_INET6) as s:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
                error = s.connect_ex(("::ffff:127.0.0.1" if only else "::ffff:10.9.9.9", SILENT_PORT))
            t.want("connect()", error, errno.ENETUNREACH)
        attempts = self.attempts(t, w, 2)
        t.want("what they say", ["IPv6 alone" in a["synsent"]["headline"] for a in attempts], [True, False])

    def refused_by_program(self, t):
        """A program gives the errors that routes give: those are blamed when they refuse, too."""
        call, near, far = CONNECT.get(os.uname().machine), "127.0.0.1", "10.9.9.9"
        if not call:
            return
        self.home.run("ip route add blackhole 10.9.8.0/24; ip route add unreachable 10.9.7.0/24; "
                      "ip route add prohibit 10.9.6.0/24")
        real = (("ENETUNREACH", far), ("EINVAL", "10.9.8.1"), ("EHOSTUNREACH", "10.9.7.1"), ("EACCES", "10.9.6.1"))
        w = self.begin(t)
        for name, address in real:
            with self.home:
                p = subprocess.run([sys.executable, "-c", REFUSED, str(call), name, near], env=harness.ENV,
                                   stderr=subprocess.PIPE)
                t.want("%s by seccomp: %r" % (name, p.stderr), p.returncode, 0)
                t.want("connect()", connecting(address, 9)[1], getattr(errno, name))
        attempts = self.attempts(t, w, 2 * len(real))
        for a, (name, address) in zip(attempts[::2], real):
            t.want("of a program", (a["server"]["address"], *verdict(a)[3:]), (near, "likely", name))
            t.want("its headline %r has a program" % a["synsent"]["headline"],
                   "program" in a["synsent"]["headline"] or "sandbox" in a["synsent"]["headline"], True)
        for a, (name, address) in zip(attempts[1::2], real):
            t.want("of a route", (a["server"]["address"], *verdict(a)[3:]), (address, "certain", name))
        self.home.run("ip route flush type blackhole; ip route flush type unreachable; ip route flush type prohibit")

    def sniffed(self, t):
        """What a sniffer with a full buffer does not take is a copy."""
        with self.home, self.rules(watch_elsewhere.SILENT, "t"), \
                socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as sniffer, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as filler:
            sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
            for _ in range(20):
                filler.sendto(bytes(1000), ("127.0.0.1", 9))
            w = self.begin(t)
            watched.connect("127.0.0.1", SILENT_PORT)
            attempts = self.attempts(t, w, 1)
        t.want("what was dropped", [(len(a["synsent"].get("drops", [0])), a["synsent"]["drop"]["reason"]) for a in attempts],
               [(1, "NETFILTER_DROP")])

    # ---- io_uring ----

    def ring(self, t, flags, holder):
        """Killed while it waits: by whom is known, or that it is not; never is it the program's own doing."""
        with self.rules(watch_elsewhere.SILENT, "t"):
            w = self.begin(t)
            with self.home:
                pid, told = ring_client(flags, holder)
            if told != "ready":
                os.waitpid(pid, 0)
                print("left out: io_uring: " + told)
                w.end()
                return None
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            w.await_text('"pid":%d' % pid)
            attempts = self.attempts(t, w, 1)
        for a in attempts:
            t.want("whose it is", a.get("process", {}).get("pid"), pid)
            t.want("its SYNs", len(a["synsent"]["syns_ns"]), 1)
        return verdict(attempts[0]) if attempts else None

    def ring_killed(self, t):
        for holder in ("descriptor", "request"):
            got = self.ring(t, 0, holder)
            t.want("with a %s, %r is one of %r" % (holder, got, OF_KILLED), got in OF_KILLED, True)

    def ring_polled_killed(self, t):
        for holder in ("descriptor", "request"):
            got = self.ring(t, run_gives_up.SQPOLL, holder)
            t.want("with a %s, %r is one of %r" % (holder, got, OF_KILLED), got in OF_KILLED, True)

    def ring_held_killed(self, t):
        """A thread of the kernel lets go of the ring's files."""
        t.want("the verdict", self.ring(t, 0, "ring") or LET_GO, LET_GO)

    # ---- threads ----

    def held_killed(self, t):
        """By a thread's call alone, which the signal ends before the thread does."""
        with self.rules(watch_elsewhere.SILENT, "t"):
            w = self.begin(t)
            calls = ("connect", "poll", "recv", "send")
            for call in calls:
                with self.home:
                    p = subprocess.Popen([sys.executable, "-c", HELD % (SILENT_PORT, SILENT_PORT), call],
                                         stdout=subprocess.PIPE, env=harness.ENV)
                t.want("it waits", p.stdout.read(1), b"0")
                p.terminate()
                p.communicate()
            attempts = self.attempts(t, w, len(calls))
        t.want("the verdicts", [verdict(a) for a in attempts], [KILLED] * len(calls))
        t.want("what they say", ["SIGTERM" in a["synsent"]["headline"] for a in attempts], [True] * len(calls))

    # ---- crossed SYNs ----

    def cross(self, t, port):
        """Two sockets, each the other's server; the first has had the other's SYN, and waits in SYN-RECEIVED."""
        with self.home:
            first, _ = connecting("127.0.0.1", OTHER_PORT, ("127.0.0.1", port))
            second, _ = connecting("127.0.0.1", port, ("127.0.0.1", OTHER_PORT))
        t.kept += [first, second]
        t.want("the state of the first", first.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0], 3)
        return first, second

    def of_first(self, t, w):
        return [a for a in self.attempts(t, w, 2) if a["server"]["port"] == OTHER_PORT]

    def crossed_closed(self, t):
        with self.rules(CROSSING, "syns", "answers"):
            w = self.begin(t)
            first, second = self.cross(t, PORT)
            first.close()
            second.close()
            for a in self.of_first(t, w):
                t.want("its verdict", verdict(a), OF_PROGRAM)
                t.want("that it says where", "the application closed the socket in SYN-RECEIVED" in
                       a["synsent"]["evidence"], True)
                t.want("what it predicts: %r" % a["synsent"]["evidence"],
                       "predicted" in a["synsent"] or "gone on until" in str(a["synsent"]["evidence"]), False)

    def crossed_reset(self, t):
        with self.rules(CROSSING, "syns", "answers"):
            w = self.begin(t)
            first, second = self.cross(t, RESET_PORT)
            second.close()
            self.home.run("nft delete table inet answers")  # its SYN-ACK finds nobody when it is sent again
            t.want("its error", end_of(first, 5), 104)
            for a in self.of_first(t, w):
                t.want("its verdict", verdict(a), ("refused", "peer", None, "certain", "ECONNRESET"))
                t.want("its SYNs, and none of its SYN-ACKs", [s is not None for s in a["synsent"]["syns_ns"]], [True])

    # ---- drops ----

    def several_places(self, t):
        """The first SYN by a rule here, the second by one on the way, the third by one at the server's."""
        far, router = watch_elsewhere.linked("process")
        near = watched.Net()
        os.set_inheritable(router.fd, True)
        with near:
            subprocess.run(["sh", "-ec", NEAR % router.fd], check=True, env=harness.ENV, pass_fds=[router.fd])
        os.set_inheritable(router.fd, False)
        router.run(ROUTER)
        far.net.run("ip route add default via 10.9.0.1")
        near.run(RULE % ("output", SILENT_PORT))
        router.run(RULE % ("forward", SILENT_PORT))
        w = self.watch(t, ["--netns", near.inode])
        with near:
            w.ready()
            s, _ = connecting("10.9.0.2", SILENT_PORT)
        for net in (near, router):
            time.sleep(0.5 if net is near else 1)
            net.run("nft delete table inet r")
        time.sleep(1 if os.path.exists("/proc/sys/net/ipv4/tcp_syn_linear_timeouts") else 2)
        s.close()
        for a in self.attempts(t, w, 1):
            drops = sorted((d["place"], d["packets"], d["reason"], d.get("netns")) for d in a["synsent"].get("drops", []))
            t.want("its SYNs", len(a["synsent"]["syns_ns"]), 3)
            t.want("where they were dropped", drops, sorted([
                ("local-output", 1, "NETFILTER_DROP", near.inode), ("path-or-peer", 1, "NETFILTER_DROP", router.inode),
                ("path-or-peer", 1, "NETFILTER_DROP", far.inode)]))

    def no_neighbour(self, t):
        """Given up while its SYN waits for a neighbour: no packet is dropped so far, and none has left."""
        w = self.begin(t)
        self.home.run(LINK)
        try:
            with self.home:
                for to in ("10.9.5.77", "fd09:5::77"):
                    s, _ = connecting(to, SILENT_PORT)
                    time.sleep(0.3)
                    s.close()
            for a in self.attempts(t, w, 2):
                s, to = a["synsent"], a["server"]["address"]
                by = "ND" if ":" in to else "ARP"
                t.want("its verdict", verdict(a), OF_PROGRAM)
                t.want("that nothing was dropped", s.get("drops", s.get("drop")), None)
                t.want("who does not answer", [e for e in s["evidence"] if "neighbour" in e],
                       ["by the neighbour table %s on nb0 does not answer %s" % (to, by)])
                t.want("what to look at", s["advice"].startswith("the neighbour that does not answer"), True)
        finally:
            self.home.run("ip link del nb0", False)

    def others(self, t):
        """What was dropped of attempts that nobody asks for takes no room from the others, and is not lost."""
        with self.rules(RULE % ("output", SILENT_PORT), "r"):
            w = self.begin(t, "--comm", "python3", "--max-attempts", "16")
            with self.home:
                others = subprocess.Popen([sys.executable, "-c", OTHERS % SILENT_PORT], stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, env=harness.ENV)
                t.want("they have connected", others.stdout.read(1), b"0")
                others.communicate()
                s, _ = connecting("127.0.0.1", SILENT_PORT)
                time.sleep(0.2)
                s.close()
            for a in self.attempts(t, w, 1):
                t.want("where it was dropped", a["synsent"].get("drop", {}).get("place"), "local-output")

    # ---- addresses side by side ----

    def race(self, t, *args):
        """curl, to a name with two addresses of which IPv6 is silent."""
        with self.rules(TWO_ADDRESSES, "six"):
            try:
                w = self.begin(t, *args)
                with self.home:
                    t.kept.append(listener("10.9.1.1", RACED_PORT))
                    subprocess.run(["curl", "-s", "-m", "2", "-o", "/dev/null", "--resolve",
                                    "name.test:%d:[fd09::1],10.9.1.1" % RACED_PORT,
                                    "http://name.test:%d/" % RACED_PORT], env=harness.ENV, check=False)
                return self.attempts(t, w, 1 if args else 2)
            finally:
                self.home.run("ip addr del fd09::1/64 dev lo; ip addr del 10.9.1.1/24 dev lo", False)

    def loser(self, t, attempts):
        for a in attempts:
            if a["server"]["address"] != "fd09::1":
                continue
            s = a["synsent"]
            t.want("its verdict", verdict(a), OF_PROGRAM)
            t.want("its winner", {k: s.get("winner", {}).get(k) for k in ("address", "port")},
                   {"address": "10.9.1.1", "port": RACED_PORT})
            t.want("cancelled", s.get("cancelled"), "likely")
            t.want("when it was lost", 0 < s.get("winner", {}).get("t_ns", 0) <= a["event"]["duration"], True)
            t.want("that it says so", s["headline"].endswith(": likely cancelled, since 10.9.1.1 won"), True)
            return
        t.wrong.append("the address that lost is not told of")

    def raced(self, t):
        if not harness.found("curl"):
            print("left out: curl is missing")
            return
        self.loser(t, self.race(t))

    def raced_failures(self, t):
        """What connects is only counted then, in the kernel."""
        if not harness.found("curl"):
            return
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "watch.prom")
            self.loser(t, self.race(t, "--failures", "--metrics-file", path))
            with open(path) as f:
                t.want("what is cancelled, by the metrics",
                       [x for x in f.read().splitlines() if x.startswith("synsent_connect_cancelled")],
                       ["synsent_connect_cancelled_total 1"])

    def not_raced(self, t):
        """Given up later, or with no other address that connected, or by another process: of that nothing is said."""
        with self.rules(TWO_ADDRESSES, "six"):
            try:
                w = self.begin(t)
                with self.home:
                    t.kept.append(listener("10.9.1.1", RACED_PORT))
                    waits, _ = connecting("fd09::1", RACED_PORT)
                    t.want("the one that connects", watched.connect("10.9.1.1", RACED_PORT), 0)
                    time.sleep(0.3)
                    waits.close()
                    waits, _ = connecting("fd09::1", RACED_PORT)
                    subprocess.run([sys.executable, "-c", "import socket\nsocket.create_connection(('10.9.1.1', %d))" %
                                    RACED_PORT], env=harness.ENV, check=True)
                    waits.close()
                attempts = self.attempts(t, w, 4)
            finally:
                self.home.run("ip addr del fd09::1/64 dev lo; ip addr del 10.9.1.1/24 dev lo", False)
        t.want("who lost", [a["server"]["address"] for a in attempts if "cancelled" in a["synsent"]], [])


KILLED = ("killed", "signal", None, "certain", None)
LET_GO = ("abandoned", "unknown", None, "unknown", None)
OF_KILLED = (KILLED, LET_GO, None)  # whose thread lets go last is a race; None: no io_uring here
PARTS = ("repair", "fast_open", "v6only", "refused_by_program", "sniffed", "ring_killed", "ring_polled_killed", "ring_held_killed", "held_killed",
         "crossed_closed", "crossed_reset", "several_places", "no_neighbour", "others", "raced",
         "raced_failures", "not_raced")


def main():
    return watch_elsewhere.run_test(Test, PARTS, __doc__)


if __name__ == "__main__":
    sys.exit(main())
