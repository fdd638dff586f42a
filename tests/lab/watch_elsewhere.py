#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` finds out of network namespaces that it is not in, and in which perhaps no process lives.

watch_elsewhere.py SYNSENT [--only TEXT] [--show]

A namespace is held by a process in it, by a mount (made where the `watch` of that part alone sees it), or by nothing but
a descriptor of this test's.  All of them are made here, and the host's own is not touched.
"""
import argparse
import collections
import os
import socket
import subprocess
import sys
import time

import harness
import machine
import watched
from tun_peer import THERE, Peer
from watched import Watch, cgroup_root, connect, connecting, end_of, listener

PYTHON = sys.executable
SILENT_PORT, FULL_PORT, SAME_PORT = 203, 204, 40203
SILENT = "nft 'table inet t { chain i { type filter hook input priority 0; tcp dport 203 drop; }; }'"
NOBODY = harness.NOBODY
FLOOD = 900  # at once; 200 are kept in 10 ms
MISSED = "so many packets were dropped meanwhile that more of its own may be among them"
MANY = 250  # at once; a listener is asked for 100 times a second
# Its user, its name and a file: connects, without waiting, from a port that all have, and tells of it.  Its socket is
# root's, as that of a setuid program.
CLIENT = """
import ctypes, os, socket, sys
os.setresuid(int(sys.argv[1]), 0, 0)
ctypes.CDLL(None).prctl(15, sys.argv[2].encode(), 0, 0, 0)
s = socket.socket()
s.setblocking(False)
s.bind(("127.0.0.1", %d))
s.connect_ex(("127.0.0.1", %d))
print("ready", flush=True)
sys.stdin.read()
""" % (SAME_PORT, SILENT_PORT)
LINK = """
ip link add e0 type veth peer name e1 netns /proc/self/fd/%d
ip addr add 10.9.0.1/24 dev e0
ip link set e0 up
"""
BRIDGE = """
ip link add br-{side} type bridge
ip link add p-{side} type veth peer name e-{side} netns /proc/self/fd/{fd}
ip link set p-{side} master br-{side} up
ip addr add 10.9.{n}.1/24 dev br-{side}
ip link set br-{side} up
"""
BEHIND = "ip addr add 10.9.{n}.2/24 dev e-{side}; ip link set e-{side} up; ip route add default via 10.9.{n}.1"
LINK_FAR = "ip addr add 10.9.0.2/24 dev e1; ip link set e1 up"
LINK6 = "ip addr add fd09::%d/64 dev %s nodad"
# What answers a SYN is dropped where it is made: a SYN-ACK by a rule with a counter, which tells of it, and by others; an RST.
EGRESS_PORT, OUTPUT_PORT, RESET_PORT, CLIENT_PORT = 205, 206, 207, 208
ANSWERS = """
table netdev a { chain e { type filter hook egress device e1 priority 0; tcp sport 205 counter drop; }; }
table inet a { chain o { type filter hook output priority 0; tcp sport 206 drop; tcp sport 207 tcp flags rst drop; }; }
"""
ANSWERS_CLIENT = "table inet a { chain i { type filter hook input priority 0; tcp sport 208 counter drop; }; }"
# Frames for another Ethernet address are no drop that the kernel tells of.
LOST_UNSEEN = "ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:01 dev e0 nud permanent"
SAME_FLOW = "table inet t { chain o { type filter hook output priority 0; tcp sport 206 drop; }; }"
# In a mount namespace of its own, for as long as it runs: once it may go on, the mount alone holds the other one.
MOUNTED = """
mkdir -p "$1"
mount -t tmpfs none "$1"
: >"$1/a name"
mount --bind "$2" "$1/a name"
echo mounted >&2
read -r go
shift 2
exec "$@"
"""


class Trial:
    def __init__(self, name):
        self.name, self.wrong, self.watches, self.kept = name, [], [], []

    def want(self, what, got, expected):
        if got != expected:
            self.wrong.append("%s is %r, not %r" % (what, got, expected))

    def close(self):
        for w in self.watches:
            w.stop()
        for k in reversed(self.kept):
            if isinstance(k, subprocess.Popen):
                k.kill()
                k.wait()
            else:
                k.close()

    def report(self, show):
        for w in self.watches:
            self.wrong += ["schema: " + p for p in w.schema_problems() if w.json][:3]
        if self.wrong:
            print("WRONG: " + self.name)
        for text in self.wrong:
            print("    " + text)
        for w in self.watches if self.wrong else []:
            print("    %s: status %s" % (w.command, w.status))
            print("    stderr: %s" % w.said()[-1500:])
            if show:
                print("    stdout: %s" % w.text()[-3000:])
        return bool(self.wrong)

    def may_go_again(self):
        """It is wrong where one of them says itself that it lost events: a busy machine does that."""
        return bool(self.wrong) and any("LOST: " in w.said() for w in self.watches)


class Cgroup:
    """One for these processes, which are over when it is closed."""

    def __init__(self, pids):
        self.path = os.path.join(cgroup_root(), machine.TEST + str(os.getpid()))
        os.mkdir(self.path)
        for pid in pids:
            with open(os.path.join(self.path, "cgroup.procs"), "w") as f:
                f.write(str(pid))

    def close(self):
        deadline = time.monotonic() + 3
        while os.path.isdir(self.path):
            try:
                os.rmdir(self.path)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


class Elsewhere:
    """A namespace in which SYNs are ignored, and how it is held."""

    def __init__(self, held):
        self.held = held
        self.net = watched.Net(inhabited=held == "process")
        self.inode = self.net.inode
        self.net.run(SILENT)

    def let_go(self):
        """What is mounted, or what waits there, holds it from now on."""
        os.close(self.net.fd)


def linked(held):
    """One that is held so, and another one, with a link between them."""
    far, near = Elsewhere(held), watched.Net()
    os.set_inheritable(far.net.fd, True)
    with near:
        subprocess.run(["sh", "-ec", LINK % far.net.fd], check=True, env=harness.ENV, pass_fds=[far.net.fd])
    os.set_inheritable(far.net.fd, False)
    far.net.run(LINK_FAR)
    return far, near


class Test:
    def __init__(self, synsent):
        self.synsent = synsent
        self.home = watched.Net()

    def client(self, t, net, user, name):
        with net:
            p = subprocess.Popen([PYTHON, "-c", CLIENT, str(user), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 env=harness.ENV)
        t.kept.append(p)
        if p.stdout.readline() != b"ready\n":
            raise RuntimeError("the client did not start")
        return p

    def watch(self, t, args):
        with self.home:
            w = Watch(self.synsent, ["-j", "--pending", *map(str, args)])
        t.watches.append(w)
        return w

    def watch_mounted(self, t, elsewhere, args):
        """One that sees a mount of it, which nothing else holds but the sockets in it."""
        read, write = os.pipe()
        directory = self.synsent.path("mounts-%x" % time.monotonic_ns())
        before = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", MOUNTED, "sh", directory,
                  elsewhere.net.path]
        with self.home:
            w = Watch(self.synsent, ["-j", "--pending", *map(str, args)], before, stdin=read)
        t.watches.append(w)
        os.close(read)
        if not w.await_text("mounted"):
            raise RuntimeError("no mount: " + w.said())
        elsewhere.let_go()
        os.write(write, b"go\n")
        os.close(write)
        return w

    # ---- what waited already ----

    def early(self, t):
        """The same addresses and ports wait in three namespaces, one of which no process lives in; which is whose?"""
        places = [Elsewhere(held) for held in ("process", "process", "descriptor")]
        users, names = (0, NOBODY, 0), ("first one", "second one", "third one")
        clients = [self.client(t, p.net, u, n) for p, u, n in zip(places[:2], users, names)]
        t.kept.insert(0, Cgroup([clients[1].pid]))
        # Made there, and held here.
        with places[2].net:
            t.kept.append(connecting("127.0.0.1", SILENT_PORT, ("127.0.0.1", SAME_PORT))[0])
            t.kept.append(connecting("127.0.0.1", SILENT_PORT)[0])
        with open("/proc/self/comm") as f:
            own_name = f.read().strip()
        expected = [(places[0].inode, clients[0].pid, "first one", "0"),
                    (places[1].inode, clients[1].pid, "second one", str(NOBODY)),
                    (places[2].inode, os.getpid(), own_name, "0"), (places[2].inode, os.getpid(), own_name, "0")]
        cases = (
            ([], expected), (["--netns", places[1].inode], expected[1:2]), (["--netns", places[2].inode], expected[2:]),
            (["--pid", clients[0].pid], expected[:1]), (["--pid", os.getpid()], expected[2:]),
            (["--comm", "second one"], expected[1:2]), (["--uid", NOBODY], expected[1:2]),
            (["--netns", places[0].inode, "--uid", NOBODY], []), (["--netns", self.home.inode], []),
            (["--cgroup", t.kept[0].path], expected[1:2]), (["--failures"], expected), (["src", "port", SAME_PORT], expected[:3]), (["ip6"], []),
        )
        watches = [(args, self.watch(t, args), right) for args, right in cases]
        with self.home:
            watches[0][1].ready()
        time.sleep(1.5)  # the others show nothing that could be awaited
        inodes = {p.inode for p in places}

        def told(attempts, outcome):
            return sorted((a["synsent"]["netns"], a.get("process", {}).get("pid"),
                           a.get("process", {}).get("executable", {}).get("name"), a.get("user", {}).get("id"))
                          for a in attempts if a["synsent"].get("netns") in inodes and
                          a["synsent"]["outcome"] == outcome)
        for args, w, right in watches[1:]:
            t.want("what %r shows" % (args,), told(w.end(), "pending"), sorted(right))
        # One is given up by its program, which is gone then.
        clients[0].stdin.close()
        clients[0].wait(5)
        every = watches[0][1]
        every.await_text('"abandoned"')
        attempts = every.end()
        t.want("what was given up", told(attempts, "abandoned"), expected[:1])
        t.want("what waits", told(attempts, "pending"), sorted(expected[1:]))
        t.want("the statuses", {w.status for _, w, _ in watches}, {0})
        t.want("what is said besides", {line for _, w, _ in watches for line in w.said().splitlines()
                                        if line.startswith("synsent: ")}, set())

    def early_mounted(self, t):
        """In a namespace that is mounted."""
        place = Elsewhere("mount")
        with place.net:
            t.kept.append(connecting("127.0.0.1", SILENT_PORT)[0])
        w = self.watch_mounted(t, place, [])
        with self.home:
            w.ready()
        got = [(a["synsent"]["outcome"], a.get("process", {}).get("pid")) for a in w.end()
               if a["synsent"].get("netns") == place.inode]
        t.want("what waits", got, [("pending", os.getpid())])

    # ---- a rule there ----

    def dropped(self, t):
        """By a rule in another namespace: told of one that waits as of one that was given up."""
        far, near = linked("process")
        w = self.watch(t, [])
        with self.home:
            w.ready()
        with near:
            connect("10.9.0.2", SILENT_PORT, 0.3)
            t.kept.append(connecting("10.9.0.2", SILENT_PORT)[0])
        time.sleep(1.5)  # its port, by which its drops are found, is known when SYN 1 leaves
        got = {a["synsent"]["outcome"]: a["synsent"].get("drop", {}).get("place") for a in w.end()
               if a["synsent"].get("netns") == near.inode}
        t.want("where it was", got, {"abandoned": "path-or-peer", "pending": "path-or-peer"})

    def answers(self, t):
        """What answers is dropped, by rules of the server's namespace and of the client's: both sides are told where."""
        far, near = linked("process")
        t.kept += [n.process for n in (far.net, near)]
        for net, rules, *more in ((far.net, ANSWERS, 2, "e1"), (near, ANSWERS_CLIENT, 1, "e0")):
            net.run("%s; nft '%s'" % (LINK6 % tuple(more), rules))
        with far.net:
            t.kept += [listener(a, p) for a in ("10.9.0.2", "fd09::2") for p in (EGRESS_PORT, OUTPUT_PORT, CLIENT_PORT)]
        here = {EGRESS_PORT: "nft netdev a e ", OUTPUT_PORT: "nft inet a o ", RESET_PORT: "nft inet a o ",
                CLIENT_PORT: "nft inet a i "}
        for args in [], ["--rules"]:
            w = self.watch(t, ["--inbound", "--netns", near.inode, "--netns", far.inode, *args])
            with near:
                w.ready()
                sockets = [connecting(a, p)[0] for a in ("10.9.0.2", "fd09::2") for p in here]
                time.sleep(2.5)  # SYN 1 comes, and an answer is sent again by the server's timer
                for s in sockets:
                    s.close()
            for inbound, own in ((False, near.inode), (True, far.inode)):
                self.want_answers(t, w.end(), inbound, own, (near.inode, far.inode),
                                  {p: rule if args or p in (EGRESS_PORT, CLIENT_PORT) else None for p, rule in here.items()})

    def want_answers(self, t, attempts, inbound, own, inodes, rules):
        near, far = inodes
        for family in ("ipv4", "ipv6"):
            got, expected = {}, {}
            for a in attempts:
                drop, port = a["synsent"].get("drop", {}), a["server"]["port"]
                if (a["network"].get("direction") == "inbound", a["network"]["type"]) == (inbound, family):
                    rule = drop.get("rule")
                    got[port] = (a["synsent"]["netns"], drop.get("reply"), drop.get("place"), drop.get("netns"),
                                 rule and rule[:len(rules.get(port) or "")])
            for port, rule in rules.items():
                at = near if port == CLIENT_PORT else far
                place = "path-or-peer" if at != own else "local-output" if inbound else "local-input"
                expected[port] = (own, True, place, at, rule)
            t.want("%s attempts, %s" % ("inbound" if inbound else "own", family), got, expected)

    def same_flow(self, t):
        """What is dropped of another socket's, with the same addresses and ports, in namespaces that it does not come to."""
        (far, near), (lossy, other) = linked("process"), linked("process")
        t.kept += [n.process for n in (far.net, near, lossy.net, other)]
        near.run(LOST_UNSEEN)
        lossy.net.run("nft '%s'" % SAME_FLOW)
        with lossy.net:
            t.kept.append(listener("10.9.0.2", OUTPUT_PORT))
        w = self.watch(t, [])
        with self.home:
            w.ready()
        sockets = {}
        for port, bound in (SILENT_PORT, 40001), (OUTPUT_PORT, 40002), (SILENT_PORT, 40003):
            for net in (near, other):
                with net:
                    sockets[net.inode, bound] = connecting("10.9.0.2", port, ("10.9.0.1", bound))[0]
        t.kept += sockets.values()
        time.sleep(1.5)  # their ports, by which drops are found, are known when SYN 1 leaves
        for (_, bound), s in sockets.items():
            if bound != 40003:
                s.close()
        time.sleep(0.2)
        got = {}
        for a in w.end():
            drop, replies = a["synsent"].get("drop", {}), a["synsent"]["replies"]
            if (a["synsent"].get("netns"), a["client"]["port"]) in sockets:
                got[a["synsent"]["netns"], a["client"]["port"]] = (
                    a["synsent"]["outcome"], drop.get("netns"), drop.get("reply"), len(replies) > 0)
        t.want("what was told", got, {
            (near.inode, 40001): ("abandoned", None, None, False),
            (other.inode, 40001): ("abandoned", lossy.inode, False, False),
            (near.inode, 40002): ("abandoned", None, None, False),
            (other.inode, 40002): ("abandoned", lossy.inode, True, True),
            (near.inode, 40003): ("pending", None, None, False),
            (other.inode, 40003): ("pending", lossy.inode, False, False)})

    def dropped_many(self, t):
        """More at once than are kept: those of which nothing is told say that."""
        far, near = linked("process")
        t.kept += [far.net.process, near.process]
        w = self.watch(t, ["--netns", near.inode])
        with near:
            w.ready()
            sockets = [connecting("10.9.0.2", SILENT_PORT)[0] for _ in range(FLOOD)]
        for s in sockets:
            s.close()
        deadline = time.monotonic() + 10
        while w.text().count('"abandoned"') < FLOOD and time.monotonic() < deadline:
            time.sleep(0.05)
        told = collections.Counter(("drop" in a["synsent"], MISSED in a["synsent"]["evidence"]) for a in w.end())
        t.want("how many there were", sum(told.values()), FLOOD)
        t.want("how many tell neither", told[False, False], 0)
        t.want("how many tell of both", told[True, True], 0)
        t.want("that some were dropped, and some not kept", told[True, False] > 0 and told[False, True] > 0, True)

    # ---- a full accept queue ----

    def full(self, t, held):
        """Of a listener in a namespace that is held so, tried from another one."""
        far, near = linked(held)
        for net, address in ((far.net, "10.9.0.2"), (far.net, "127.0.0.1")):
            with net:
                t.kept.append(listener(address, FULL_PORT, 0))
        for net, address in ((near, "10.9.0.2"), (far.net, "127.0.0.1")):  # the queue of a backlog of 0 holds one
            with net:
                s, error = connecting(address, FULL_PORT)
            t.kept.append(s)
            t.want("the one that fills the queue of %s" % address, error or end_of(s, 2), 0)
        with far.net:
            inside = socket.socket()  # it stays there, wherever it is used
        inside.setblocking(False)
        t.kept.append(inside)
        w = self.watch_mounted(t, far, []) if held == "mount" else self.watch(t, [])
        with self.home:
            w.ready()
        with near:
            t.want("the attempt from afar", connect("10.9.0.2", FULL_PORT, 0.3), None)
        inside.connect_ex(("127.0.0.1", FULL_PORT))
        t.want("the attempt there", end_of(inside, 0.3), None)
        inside.close()
        time.sleep(0.2)
        got = {a["server"]["address"]: a["synsent"].get("drop", {}) for a in w.end()
               if a["synsent"].get("netns") in (near.inode, far.inode)}
        for address in ("10.9.0.2", "127.0.0.1"):
            drop = got.get(address, {})
            t.want("where SYNs to %s were lost" % address,
                   (drop.get("place"), drop.get("reason"), drop.get("rule")),
                   ("peer-backlog", "accept queue full", "listener %s:%d %s, 1 waiting, backlog 0" %
                    (address, FULL_PORT, watched.own_name())))
        t.want("the status", w.status, 0)

    def full_process(self, t):
        self.full(t, "process")

    def full_descriptor(self, t):
        self.full(t, "descriptor")

    def full_mount(self, t):
        self.full(t, "mount")

    def full_many(self, t):
        """More at once than there is time to ask for: of the others it is likely."""
        far, near = linked("process")
        t.kept += [far.net.process, near.process]
        with far.net:
            t.kept.append(listener("10.9.0.2", FULL_PORT, 0))
        with near:
            filled, error = connecting("10.9.0.2", FULL_PORT)
            t.want("the one that fills the queue", error or end_of(filled, 2), 0)
            t.kept.append(filled)
            w = self.watch(t, ["--netns", near.inode])
            w.ready()
            sockets = [connecting("10.9.0.2", FULL_PORT)[0] for _ in range(MANY)]
            time.sleep(0.2)
        for s in sockets:
            s.close()
        deadline = time.monotonic() + 10
        while w.text().count('"abandoned"') < MANY and time.monotonic() < deadline:
            time.sleep(0.05)
        drops = [a["synsent"].get("drop", {}) for a in w.end()]
        t.want("how many there were", len(drops), MANY)
        t.want("what is said of where", {(d.get("place"), d.get("reason", "").removesuffix(", likely")) for d in drops},
               {("peer-backlog", "accept queue full")})

    def full_bridged(self, t):
        """Behind two bridges of a namespace that routes between them."""
        near, router, far = watched.Net(), watched.Net(), watched.Net()
        t.kept += [n.process for n in (near, router, far)]
        for net, side, n in ((near, "a", 1), (far, "b", 2)):
            with router:
                subprocess.run(["sh", "-ec", BRIDGE.format(side=side, n=n, fd=net.fd)], check=True, env=harness.ENV,
                               pass_fds=[net.fd])
            net.run(BEHIND.format(side=side, n=n))
        router.run("echo 1 >/proc/sys/net/ipv4/ip_forward")
        t.want("where SYNs were lost", self.lost(t, near, far, "10.9.2.2"), ("peer-backlog", far.inode))

    def same_address(self, t):
        """A full queue in a namespace that is on nobody's way is not the server's, though it has the address."""
        decoy, near = watched.Net(), watched.Net()
        t.kept += [n.process for n in (decoy, near)]
        decoy.run("ip addr add 10.9.0.2/24 dev lo; ip addr add %s/24 dev lo" % THERE)
        t.kept.append(Peer(near, {}))  # to which SYNs leave this host
        t.want("where SYNs were lost", self.lost(t, near, decoy, THERE), None)
        # one that is on its way, whose queue is not full, and from which no answer comes
        far, near = linked("process")
        t.kept += [n.process for n in (far.net, near)]
        far.net.run("ip route add unreachable 10.9.0.1")
        t.want("where SYNs to the other one were lost", self.lost(t, near, decoy, "10.9.0.2", far.net), None)

    def lost(self, t, near, full, address, open_in=None):
        """Tried from `near`, and by a queue that is full in that namespace."""
        with full:
            t.kept.append(listener(address, FULL_PORT, 0))
            filled, error = connecting(address, FULL_PORT)
            t.kept.append(filled)
            t.want("the one that fills the queue", error or end_of(filled, 2), 0)
        if open_in:
            with open_in:
                t.kept.append(listener(address, FULL_PORT))
        w = self.watch(t, ["--netns", near.inode])
        w.await_text("attempts", 1)
        with near:
            w.await_text('"port":%d}' % FULL_PORT, 60, lambda: connect(address, FULL_PORT, 0.3))
        drop = w.end()[0]["synsent"].get("drop")
        return drop and (drop["place"], drop.get("netns"))

    def let_go(self, t):
        """A namespace that was looked at goes when its last process does, and its link with it."""
        far, near = linked("process")
        w = self.watch(t, [])
        with self.home:
            w.ready()
        with near:
            for port in (SILENT_PORT, FULL_PORT):  # a rule of it is looked for, and a listener in it
                connect("10.9.0.2", port, 0.3)
        t.want("told", w.await_text('"port":%d}' % SILENT_PORT) and "10.9.0.2" in w.text(), True)
        time.sleep(0.2)
        far.net.process.kill()
        far.net.process.wait()
        far.let_go()
        deadline = time.monotonic() + 10
        while not near.run("ip link show e0", False).returncode and time.monotonic() < deadline:
            time.sleep(0.05)
        t.want("the link's end is gone", time.monotonic() < deadline, True)
        w.end()


TRIES = 3


def run_part(test, name):
    t = Trial(name)
    try:
        getattr(test, name)(t)
    except (RuntimeError, OSError, subprocess.SubprocessError, KeyError, ValueError, TypeError) as e:
        t.wrong.append("%s: %s" % (type(e).__name__, e))
    finally:
        t.close()
    return t


def run_parts(test, names, o):
    """Those that are asked for; whatever happens, nothing is left of them.  True: something is wrong."""
    wrong = []
    for name in names:
        if o.only not in name:
            continue
        began, tries = time.monotonic(), 1
        t = run_part(test, name)
        while t.may_go_again() and tries < TRIES:
            print("%s: events were lost, and that was said; once more" % name)
            t, tries = run_part(test, name), tries + 1
        wrong.append(t.report(o.show))
        print("%5.1f s  %s" % (time.monotonic() - began, name))
    print("%d parts, %d wrong" % (len(wrong), sum(wrong)))
    return any(wrong)


def run_test(test, parts, doc, why="other network namespaces are made by root only", beside=None):
    """What a test's command line asks for.  `why`: who is not root cannot run it.  True: something is wrong.

    Parts with `beside` in their names run beside the others: they load no eBPF, by which events of others get lost.
    """
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("--only", default="")
    p.add_argument("--show", action="store_true", help="all that was said in a part that is wrong")
    o = p.parse_args()
    if os.geteuid():
        harness.skip(why)
    other = None
    if beside and not o.only:
        other = subprocess.Popen([sys.executable, *sys.argv, "--only", beside])
        parts = [p for p in parts if beside not in p]
    with harness.Synsent(o.synsent) as synsent:
        wrong = run_parts(test(synsent), parts, o)
    return bool(other and other.wait()) or wrong


def main():
    return run_test(Test, ("early", "early_mounted", "dropped", "answers", "same_flow", "dropped_many",
                           "full_process", "full_descriptor", "full_mount",
                           "full_many", "full_bridged", "same_address", "let_go"), __doc__)


if __name__ == "__main__":
    sys.exit(main())
