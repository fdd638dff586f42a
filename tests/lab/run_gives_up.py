#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that end a connect() in every way there is, and write down what became of it:

run_gives_up.py TRUTH WAY [ARG]...

Each active open of theirs is a line of JSON in the file TRUTH: who ("who": the process's own name, unique), where
to, from which port, when, and how it ended, by what the kernel told the program itself.  run_gave_up.py compares
that with the verdicts.  The last line has what the namespace's counters moved by.  SERVER, SERVER6: addresses that
exist; LIMIT: a client's own patience, in seconds.
"""
import contextlib
import ctypes
import errno
import json
import mmap
import os
import select
import signal
import socket
import struct
import sys
import threading
import time

SERVER, SERVER6 = os.environ.get("SERVER", "198.51.100.7"), os.environ.get("SERVER6", "2001:db8::7")
OTHER, OTHER6 = "198.51.100.8", "2001:db8::8"
PORT = 7000
LIMIT = float(os.environ.get("LIMIT", "1.3"))
LONG = 60
IPV6 = bool(os.environ.get("IPV6"))
TCP_SYNCNT, TCP_USER_TIMEOUT, TCP_FASTOPEN_CONNECT, TCP_RTO_MAX_MS = 7, 18, 30, 44
MPTCP = 262
SYN_SENT, CLOSE = 2, 7
GOES_ON = (errno.EINPROGRESS, errno.EALREADY, errno.EINTR, errno.EAGAIN)

libc = ctypes.CDLL(None, use_errno=True)
# wall time that no step of the wall clock bends, as synsent has it
SHIFT = time.time_ns() - time.monotonic_ns()
truth = None


def now_ns():
    return time.monotonic_ns() + SHIFT


def name(word):
    """Of this process from now on, as ps has it."""
    number = "-%d" % os.getpid()
    full = word[:min(9, 15 - len(number))] + number
    libc.prctl(15, full.encode(), 0, 0, 0)
    return full


def who():
    with open("/proc/self/comm") as f:
        return f.read().strip()


def write(**line):
    os.write(truth, json.dumps(line).encode() + b"\n")


def counters():
    found = {}
    for path in ("/proc/self/net/snmp", "/proc/self/net/netstat"):
        with open(path) as f:
            lines = f.read().splitlines()
        for head, values in zip(lines[::2], lines[1::2]):
            found.update(zip(head.split()[1:], map(int, values.split()[1:])))
    return {n: found[n] for n in ("ActiveOpens", "AttemptFails", "TCPSynRetrans", "TCPAbortOnTimeout")}


class Open:
    """An active open, and the truth of it."""

    def __init__(self, to=None, port=PORT, blocking=False, ipv6=None, protocol=0, bind=None, before=(), mapped=False,
                 socket_type=None):
        self.ipv6 = IPV6 if ipv6 is None else ipv6
        family = socket.AF_INET6 if self.ipv6 or mapped else socket.AF_INET
        self.to = to or (SERVER6 if self.ipv6 else SERVER)
        self.at = (("::ffff:" if mapped else "") + self.to, port)
        self.s = socket.socket(family, socket.SOCK_STREAM, protocol)
        self.s.setblocking(blocking)
        self.blocking = blocking
        for level, option, value in before:
            self.s.setsockopt(level, option, value)
        if bind is not None:
            self.s.bind(bind)
        self.who = who()
        self.told = False
        self.local = self.begun = 0

    def begin(self):
        """connect(), once; its error."""
        self.begun = now_ns()
        error = self.s.connect_ex(self.at)
        self.began(error)
        return error

    def began(self, error):
        with contextlib.suppress(OSError):
            self.local = self.s.getsockname()[1] or self.local
        if not error:
            self.tell("connected")
        elif error not in GOES_ON:
            self.tell("kernel", error)

    def wait_for_begin(self):
        """Until someone else called connect()."""
        for _ in range(500):
            if self.state() != CLOSE:
                break
            time.sleep(0.01)

    def info(self):
        return self.s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)

    def state(self):
        return self.info()[0]

    def syns(self):
        """So many were sent, while it is in SYN_SENT."""
        return self.info()[2] + 1

    def error(self):
        return self.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def tell(self, end, error=0, syns=None, ended=None):
        if self.told:
            return
        self.told = True
        write(who=self.who, to=self.to, port=self.at[1], local=self.local, begun=self.begun,
              ended=ended or now_ns(), by=who(), end=end, error=error and errno.errorcode[error], syns=syns)

    def over(self):
        """True when the kernel ended the wait, which is told."""
        if self.told:
            return True
        if self.state() == SYN_SENT:
            return False
        error = self.error()
        self.tell("kernel" if error else "connected", error)
        return True

    def wait(self, seconds=LONG):
        """For the kernel's word, so long.  True when it came."""
        if self.told:
            return True
        until = time.monotonic() + seconds
        while not self.over():
            left = until - time.monotonic()
            if left <= 0:
                return False
            p = select.poll()
            p.register(self.s, select.POLLOUT)
            if p.poll(left * 1000 + 1) and not self.over():
                time.sleep(0.05)  # a soft error is told, and the socket goes on
        return True

    def leave(self, how="app", end=None):
        """Ends it, unless the kernel did."""
        if self.s.fileno() < 0:
            return
        info = self.info()
        if self.told or info[0] != SYN_SENT:
            self.over()
        with contextlib.suppress(OSError):  # shutdown() of one that is over
            (end or self.s.close)()
        self.tell(how, syns=info[2] + 1)


def new(**more):
    o = Open(**more)
    o.begin()
    return o


def block():
    new(blocking=True)


def poll_close():
    o = new()
    o.wait(LIMIT)
    o.leave()
    time.sleep(0.1)


def poll_kernel():
    o = new()
    o.wait()
    time.sleep(0.1)
    o.leave()


def quick():
    new().leave()
    time.sleep(0.1)


def sndtimeo():
    o = new(blocking=True, before=[(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 200000))])
    o.wait(LIMIT / 2)
    o.leave()
    time.sleep(0.1)


def sndtimeo_kernel():
    o = new(blocking=True, before=[(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 200000))])
    o.wait()
    o.leave()


def alarm():
    """A handler that throws: connect() does not go on."""
    class Over(Exception):
        pass

    def over(*_):
        raise Over
    o = Open(blocking=True)
    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        o.begin()
    except Over:
        o.local = o.s.getsockname()[1]
    signal.setitimer(signal.ITIMER_REAL, 0)
    o.leave()
    time.sleep(0.1)


def alarm_goes_on():
    """Interrupted, the socket goes on, and the kernel ends it."""
    class Over(Exception):
        pass

    def over(*_):
        raise Over
    o = Open(blocking=True)
    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, LIMIT / 3)
    try:
        o.begin()
    except Over:
        o.local = o.s.getsockname()[1]
    signal.setitimer(signal.ITIMER_REAL, 0)
    o.wait()
    o.leave()


def restarted():
    """SA_RESTART: connect() is called again by the kernel, and waits on."""
    o = Open(blocking=True)
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, LIMIT / 5, LIMIT / 5)
    o.begin()
    signal.setitimer(signal.ITIMER_REAL, 0)
    o.wait()
    o.leave()


def ends_itself(how):
    o = new()
    o.wait(LIMIT)
    if not o.over():
        o.tell("app" if how == "exit" else "signal", syns=o.syns())
    if how == "exit":
        os._exit(0)
    os.kill(os.getpid(), int(how))
    time.sleep(1)


def forked(function, *args, keeps=False):
    """A child that does it; it keeps the sockets, or not."""
    pid = os.fork()
    if pid:
        return pid
    for fd in os.listdir("/proc/self/fd") if not keeps else ():
        with contextlib.suppress(OSError):
            if os.readlink("/proc/self/fd/" + fd).startswith("socket:"):
                os.close(int(fd))
    name("child")
    function(*args)
    os._exit(0)


def child_kills_itself(sig="9"):
    os.waitpid(forked(ends_itself, sig), 0)
    time.sleep(0.1)


def child_exits():
    os.waitpid(forked(ends_itself, "exit"), 0)
    time.sleep(0.1)


def block_told_before(o):
    o.begun = now_ns()
    o.s.connect_ex(o.at)


def child_killed_in_connect(sig="9"):
    """Blocking, and killed by its parent, who sees the socket by a descriptor of the same."""
    o = Open(blocking=True, bind=("::" if IPV6 else "0.0.0.0", 0))
    o.local = o.s.getsockname()[1]
    o.begun = now_ns()
    pid = os.fork()
    if not pid:
        name("child")
        o.s.connect_ex(o.at)
        time.sleep(LONG)
    o.wait_for_begin()
    with open("/proc/%d/comm" % pid) as f:
        o.who = f.read().strip()
    o.wait(LIMIT)
    alive = not o.over()
    syns = alive and o.syns()
    o.s.close()
    if alive:
        o.tell("signal", syns=syns)
    os.kill(pid, int(sig))
    os.waitpid(pid, 0)
    time.sleep(0.1)


def shut():
    o = new()
    o.wait(LIMIT)
    o.leave(end=lambda: o.s.shutdown(socket.SHUT_RDWR))
    time.sleep(0.2)
    o.s.close()


def unspec():
    o = new()
    o.wait(LIMIT)
    o.leave(end=lambda: libc.connect(o.s.fileno(), bytes(16), 16))
    time.sleep(0.2)
    o.s.close()


def unspec_again():
    """Taken back, and begun anew on the same socket."""
    o = new()
    o.wait(LIMIT / 2)
    o.leave(end=lambda: libc.connect(o.s.fileno(), bytes(16), 16))
    again = Open(to=OTHER6 if IPV6 else OTHER)
    again.s.close()
    again.s = o.s
    again.begin()
    again.wait(LIMIT / 2)
    again.leave()
    time.sleep(0.1)


def linger():
    o = new(before=[(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))])
    o.wait(LIMIT)
    o.leave()
    time.sleep(0.1)


def dup():
    """Closed by one of its descriptors, and later by the other."""
    o = new()
    other = o.s.dup()
    o.wait(LIMIT / 2)
    o.s.close()
    o.s = other
    o.wait(LIMIT / 2)
    o.leave()
    time.sleep(0.1)


def inherited():
    """The child has it, the parent leaves it to it: the child closes."""
    o = new()

    def close_it():
        o.wait(LIMIT)
        o.leave()
        time.sleep(0.1)
    pid = forked(close_it, keeps=True)
    o.s.close()
    os.waitpid(pid, 0)


def inherited_killed(sig="9"):
    """The same, but the child is killed, while it is the only one who has it."""
    o = new()

    def die():
        o.wait(LIMIT)
        if not o.over():
            o.tell("signal", syns=o.syns())
        os.kill(os.getpid(), int(sig))
    pid = forked(die, keeps=True)
    o.s.close()
    os.waitpid(pid, 0)
    time.sleep(0.2)


def parent_killed():
    """The parent, who called connect(), is killed; its child goes on with the socket, and closes it."""
    r, w = os.pipe()

    def parent():
        o = new()

        def child():
            os.read(r, 1)
            time.sleep(0.1)
            o.wait(LIMIT)
            o.leave()
            os._exit(0)
        forked(child, keeps=True)
        time.sleep(LIMIT / 4)
        os.kill(os.getpid(), 9)
    pid = forked(parent, keeps=True)
    os.waitpid(pid, 0)
    os.write(w, b"x")
    time.sleep(LIMIT + 0.5)


def parent_exits():
    """The parent, who called connect(), exits; its child goes on until the kernel's end."""
    def parent():
        o = new()

        def child():
            o.wait()
            o.leave()
        forked(child, keeps=True)
        time.sleep(LIMIT / 4)
    os.waitpid(forked(parent, keeps=True), 0)
    time.sleep(0.1)
    wait_all()


def dies_with(o, seconds):
    o.wait(seconds)
    if not o.over():
        o.tell("signal", syns=o.syns())
    os.kill(os.getpid(), 9)


def daemon_killed():
    """Who called connect() exits; the daemon that has the socket is killed later."""
    def starter():
        o = new()
        forked(dies_with, o, LIMIT, keeps=True)
        time.sleep(LIMIT / 4)
    os.waitpid(forked(starter, keeps=True), 0)
    time.sleep(LIMIT + 0.3)


def holders_end(ms="10"):
    """Two have the socket: one exits, and so soon afterwards the other is killed that nobody looks in between."""
    def parent():
        r, w = os.pipe()
        o = new()

        def child():
            os.close(w)
            os.read(r, 1)
            dies_with(o, int(ms) / 1000)
        pid = forked(child, keeps=True)
        if o.wait(LIMIT):
            os.kill(pid, 9)
    os.waitpid(forked(parent, keeps=True), 0)
    time.sleep(0.3)


def wait_all():
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def passed():
    """By a Unix socket to another process, who closes it."""
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def take():
        fds = socket.recv_fds(b, 4000, 1)
        line = json.loads(fds[0])
        o = Open(blocking=False)
        o.s.close()
        o.s = socket.socket(fileno=fds[1][0])
        o.who, o.local, o.begun = line
        o.wait(LIMIT)
        o.leave()
        time.sleep(0.1)
    pid = forked(take, keeps=True)
    o = new()
    if not o.told:
        socket.send_fds(a, [json.dumps([o.who, o.local, o.begun]).encode()], [o.s.fileno()])
        o.s.close()
    else:
        os.kill(pid, 9)
    os.waitpid(pid, 0)


def passed_killed():
    """... who is killed with it."""
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def take():
        fds = socket.recv_fds(b, 4000, 1)
        line = json.loads(fds[0])
        o = Open(blocking=False)
        o.s.close()
        o.s = socket.socket(fileno=fds[1][0])
        o.who, o.local, o.begun = line
        o.wait(LIMIT)
        if not o.over():
            o.tell("signal", syns=o.syns())
        os.kill(os.getpid(), 9)
    pid = forked(take, keeps=True)
    o = new()
    if o.told:
        os.kill(pid, 9)
    else:
        socket.send_fds(a, [json.dumps([o.who, o.local, o.begun]).encode()], [o.s.fileno()])
        o.s.close()
    os.waitpid(pid, 0)
    time.sleep(0.2)


def threads(n="8"):
    """Each its own, some blocking; all in one process."""
    def one(i):
        o = new(blocking=i % 2 == 0, port=PORT + i % 3)
        if i % 4 == 1:
            o.wait(LIMIT)
        o.wait()
        o.leave()
    all_of = [threading.Thread(target=one, args=(i,)) for i in range(int(n))]
    for t in all_of:
        t.start()
    for t in all_of:
        t.join()


def thread_closes():
    """A thread is blocked in connect(); another one shuts the socket down."""
    o = Open(blocking=True, bind=("::" if IPV6 else "0.0.0.0", 0))
    o.local = o.s.getsockname()[1]
    o.begun = now_ns()
    t = threading.Thread(target=lambda: o.s.connect_ex(o.at))
    t.start()
    o.wait_for_begin()
    o.wait(LIMIT)
    o.leave(end=lambda: o.s.shutdown(socket.SHUT_RDWR))
    t.join()


def several(n="6"):
    """To one server at once; every other is given up, the rest is the kernel's."""
    of = [new() for _ in range(int(n))]
    time.sleep(LIMIT)
    for o in of[::2]:
        o.leave()
    for o in of[1::2]:
        o.wait()
        o.leave()


def servers(n="6"):
    """To several at once."""
    of = [new(to="2001:db8::%x" % (32 + i) if IPV6 else "198.51.100.%d" % (32 + i)) for i in range(int(n))]
    time.sleep(LIMIT)
    for o in of[::3]:
        o.leave()
    for o in of:
        o.wait()
        o.leave()


def processes(n="12"):
    """Side by side to one server; a third gives up, a third is killed, a third waits."""
    def one(i):
        o = Open()
        time.sleep(0.005 * (i % 3))
        o.begin()
        o.wait(LIMIT if i % 3 else LONG)
        if i % 3 == 2 and not o.over():
            o.tell("signal", syns=o.syns())
            os.kill(os.getpid(), 9)
        o.leave()
    for i in range(int(n)):
        forked(one, i)
    wait_all()
    time.sleep(0.1)


def blocking_processes(n="12"):
    for _ in range(int(n)):
        forked(block)
    wait_all()


def parallel(n="50"):
    of = [new() for _ in range(int(n))]
    for o in of:
        o.wait()
    for o in of:
        o.leave()


def burst(n="200"):
    for _ in range(int(n)):
        new().leave()
    time.sleep(0.1)


def syncnt(n="1"):
    new(blocking=True, before=[(socket.IPPROTO_TCP, TCP_SYNCNT, int(n))])


def syncnt_poll(n="1"):
    o = new(before=[(socket.IPPROTO_TCP, TCP_SYNCNT, int(n))])
    o.wait()
    o.leave()


def syncnt_later():
    """Set when the connect() is on its way."""
    o = new()
    if not o.over():
        o.s.setsockopt(socket.IPPROTO_TCP, TCP_SYNCNT, 1)
    o.wait()
    o.leave()


def user_timeout(ms="2000"):
    o = new(before=[(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, int(ms))])
    o.wait()
    o.leave()


def user_timeout_later():
    o = new()
    if not o.over():
        o.s.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 1500)
    o.wait()
    o.leave()


def user_timeout_closed():
    """Closed 50 ms before TCP_USER_TIMEOUT ends it."""
    o = new(before=[(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 2000)])
    o.wait(1.95)
    o.leave()
    time.sleep(0.1)


def rto_max():
    with contextlib.suppress(OSError):
        o = Open(before=[(socket.IPPROTO_TCP, TCP_RTO_MAX_MS, 1000)])
        o.begin()
        o.wait()
        o.leave()


def second():
    """On the same socket, after the first failed."""
    first = new(blocking=True, before=[(socket.IPPROTO_TCP, TCP_SYNCNT, 1)])
    if first.error() == 0 and first.state() != CLOSE:
        return
    again = Open(blocking=True, to=OTHER6 if IPV6 else OTHER)
    again.s.close()
    again.s = first.s
    again.begin()


def second_same():
    """The same, to the same server."""
    first = new(blocking=True, before=[(socket.IPPROTO_TCP, TCP_SYNCNT, 1)])
    if first.state() != CLOSE:
        return
    again = Open(blocking=True)
    again.s.close()
    again.s = first.s
    again.begin()


def second_nonblocking():
    """Non-blocking: SO_ERROR takes the error, then connect() begins anew."""
    first = new(before=[(socket.IPPROTO_TCP, TCP_SYNCNT, 1)])
    first.wait()
    if first.state() != CLOSE:
        return
    again = Open()
    again.s.close()
    again.s = first.s
    error = again.begin()
    while error == errno.ECONNABORTED:  # what the failed one leaves behind; the next call begins
        again.told = False
        error = again.begin()
    again.wait(LIMIT)
    again.leave()


def asks_again():
    """connect() is called again and again, to see how it is going."""
    o = new()
    until = time.monotonic() + LIMIT
    while not o.told and time.monotonic() < until:
        time.sleep(0.01)
        error = o.s.connect_ex(o.at)
        if error in (0, errno.EISCONN):
            o.tell("connected")
        elif error not in GOES_ON:
            o.tell("kernel", error)
    o.leave()
    time.sleep(0.1)


def asks_until_end():
    """Until connect() itself tells of the end."""
    o = new()
    while not o.told:
        time.sleep(0.01)
        error = o.s.connect_ex(o.at)
        if error in (0, errno.EISCONN):
            o.tell("connected")
        elif error not in GOES_ON:
            o.tell("kernel", error)
    o.s.close()


def asks_beside():
    """Two to one server; the first asks again and again, the second must not be taken for it."""
    a = new()
    for _ in range(5):
        a.s.connect_ex(a.at)
    pid = forked(poll_close)
    for _ in range(5):
        a.s.connect_ex(a.at)
        time.sleep(0.01)
    a.wait(LIMIT * 1.5)
    a.leave()
    os.waitpid(pid, 0)


def bound():
    o = new(bind=("::" if IPV6 else "0.0.0.0", 0))
    o.wait(LIMIT)
    o.leave()
    time.sleep(0.1)


def same_port(n="4"):
    """The same source port again and again."""
    port = 0
    for _ in range(int(n)):
        o = Open(bind=("::" if IPV6 else "0.0.0.0", port),
                 before=[(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1),
                         (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))])
        port = o.s.getsockname()[1]
        o.begin()
        o.wait(LIMIT / 4)
        o.leave()


def same_port_at_once(n="20"):
    port = 0
    for _ in range(int(n)):
        o = Open(bind=("::" if IPV6 else "0.0.0.0", port),
                 before=[(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1),
                         (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))])
        port = o.s.getsockname()[1]
        o.begin()
        o.leave()
    time.sleep(0.1)


def port_shared():
    """One source port, two servers, at once (SO_REUSEPORT)."""
    before = [(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)]
    a = new(bind=("::" if IPV6 else "0.0.0.0", 0), before=before)
    b = new(bind=("::" if IPV6 else "0.0.0.0", a.local), before=before, to=OTHER6 if IPV6 else OTHER)
    a.wait(LIMIT / 2)
    a.leave()
    b.wait(LIMIT / 2)
    b.leave()
    time.sleep(0.1)


def port_taken():
    """The second to the same server from the same port: EADDRNOTAVAIL, and no SYN."""
    before = [(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)]
    a = new(bind=("::" if IPV6 else "0.0.0.0", 0), before=before)
    b = Open(bind=("::" if IPV6 else "0.0.0.0", a.local), before=before)
    if b.begin() != errno.EADDRNOTAVAIL:
        write(note="the port was free")
    c = new()  # must not be taken for b
    a.wait(LIMIT / 2)
    for o in (a, c):
        o.leave()
    b.s.close()
    time.sleep(0.1)


def port_taken_then_waits():
    """A call that fails must not be remembered for what another process sends much later."""
    before = [(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)]
    a = new(bind=("::" if IPV6 else "0.0.0.0", 0), before=before)
    b = Open(bind=("::" if IPV6 else "0.0.0.0", a.local), before=before)
    b.begin()
    time.sleep(0.2)
    pid = forked(poll_close)
    os.waitpid(pid, 0)
    for o in (a, b):
        o.leave() if o is a else o.s.close()


def connected_again():
    """EISCONN, to a server that answers, and no SYN."""
    o = new(blocking=True)
    if o.error() == 0 and o.state() == 1:
        o.s.connect_ex(o.at)
    p = forked(poll_close)
    os.waitpid(p, 0)


def bad_calls():
    """Calls that are refused at once, of every kind; then one that is real."""
    for family, address in ((socket.AF_INET, ("255.255.255.255", PORT)), (socket.AF_INET, ("224.0.0.1", PORT))):
        with socket.socket(family, socket.SOCK_STREAM) as s:
            e = s.connect_ex(address)
            write(note="%s: %s" % (address[0], errno.errorcode.get(e, e)))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        write(note="from lo: %s" % errno.errorcode.get(s.connect_ex((SERVER, PORT)), 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((SERVER, PORT))
    libc.connect(0, b"\2\0\1\1\1\1\1\1" + bytes(8), 16)
    libc.connect(99, b"\2\0\1\1\1\1\1\1" + bytes(8), 16)
    poll_close()


def listening():
    """connect() on a socket that listens: EISCONN, no SYN."""
    with socket.socket() as s:
        s.bind(("0.0.0.0", 0))
        s.listen()
        write(note="listening: %s" % errno.errorcode.get(s.connect_ex((SERVER, PORT)), 0))
    poll_close()


def mapped():
    """IPv4 by an IPv6 socket."""
    o = Open(mapped=True, ipv6=False)
    o.begin()
    o.wait(LIMIT)
    o.leave()
    time.sleep(0.1)


def mapped_kernel():
    o = Open(mapped=True, ipv6=False, blocking=True)
    o.begin()


def to_itself(address="0.0.0.0"):
    """A server of its own, full: connect() waits."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    ls = socket.socket(family)
    ls.bind(("::" if ":" in address else "0.0.0.0", 0))
    ls.listen(0)
    port = ls.getsockname()[1]
    of = []
    for _ in range(3):
        of.append(new(to=address, port=port, ipv6=":" in address))
        time.sleep(0.05)
    of[-1].wait(LIMIT)
    for o in of:
        o.leave()
    time.sleep(0.1)


def refused_here(address="127.0.0.1"):
    new(to=address, port=9, ipv6=":" in address, blocking=True)


def own_server(address="127.0.0.1"):
    ls = socket.socket()
    ls.bind((address, 0))
    ls.listen()
    for _ in range(5):
        o = new(to=address, port=ls.getsockname()[1], blocking=True, ipv6=False)
        o.leave()


def own_address():
    """The address that it has in its world."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((SERVER, PORT))
        mine = s.getsockname()[0]
    to_itself(mine)


def fast_open_sendto():
    """sendto(MSG_FASTOPEN), which calls no connect()."""
    o = Open()
    o.begun = now_ns()
    error = 0
    try:
        o.s.sendto(b"hello", socket.MSG_FASTOPEN, o.at)
    except OSError as e:
        error = e.errno
    o.local = o.s.getsockname()[1]
    if error not in GOES_ON and error:
        o.tell("kernel", error)
    o.wait(LIMIT)
    o.leave()
    time.sleep(0.1)


def fast_open_connect():
    """connect() returns 0 at once; the SYN leaves there, or with the first data."""
    o = Open(before=[(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)])
    o.begun = now_ns()
    o.s.connect_ex(o.at)
    o.local = o.s.getsockname()[1]
    with contextlib.suppress(OSError):
        o.s.send(b"hello")
    o.wait(LIMIT)
    o.leave()
    time.sleep(0.1)


def mptcp():
    try:
        o = Open(protocol=MPTCP)
    except OSError:
        write(note="no MPTCP")
        return
    o.begin()
    o.wait(LIMIT)
    o.leave()
    time.sleep(0.1)


def mptcp_kernel():
    try:
        o = Open(protocol=MPTCP, blocking=True)
    except OSError:
        write(note="no MPTCP")
        return
    o.begin()


def mptcp_several(n="5"):
    """Beside one of plain TCP to the same server."""
    try:
        of = [Open(protocol=MPTCP) for _ in range(int(n))]
    except OSError:
        write(note="no MPTCP")
        return
    for o in of:
        o.begin()
    pid = forked(poll_close)
    time.sleep(LIMIT / 2)
    for o in of:
        o.leave()
    os.waitpid(pid, 0)


SQPOLL = 2


class Ring:
    """io_uring, for as much as a connect() needs.  With SQPOLL a thread of the kernel in this process takes what is asked.
    """

    def __init__(self, flags=0):
        p = ctypes.create_string_buffer(struct.pack("5I", 0, 0, flags, 0, 1000), 120)
        self.fd = libc.syscall(425, 4, p)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "io_uring")
        entries, cq_entries, _, _, _, features = struct.unpack_from("6I", p.raw, 0)
        self.sq_off = struct.unpack_from("7I", p.raw, 40)  # head, tail, mask, entries, flags, dropped, array
        self.cq_off = struct.unpack_from("5I", p.raw, 80)  # head, tail, mask, entries, overflow
        cqes = struct.unpack_from("I", p.raw, 100)[0]
        self.cqes = cqes
        self.sq = mmap.mmap(self.fd, self.sq_off[6] + entries * 4, offset=0)
        self.cq = mmap.mmap(self.fd, cqes + cq_entries * 16, offset=0x8000000)
        self.sqes = mmap.mmap(self.fd, entries * 64, offset=0x10000000)

    def connect(self, fd, address):
        self.address = ctypes.create_string_buffer(address)
        sqe = struct.pack("BBHiQQIIQQQQ", 16, 0, 0, fd, len(address), ctypes.addressof(self.address), 0, 0, 1, 0, 0, 0)
        self.sqes[0:64] = sqe
        tail = struct.unpack_from("I", self.sq, self.sq_off[1])[0]
        struct.pack_into("I", self.sq, self.sq_off[6], 0)
        struct.pack_into("I", self.sq, self.sq_off[1], tail + 1)
        libc.syscall(426, self.fd, 1, 0, 2, None, 0)  # IORING_ENTER_SQ_WAKEUP

    def hold(self, fd):
        """It has the file from now on, whoever closes the descriptor (IORING_REGISTER_FILES)."""
        if libc.syscall(427, self.fd, 2, (ctypes.c_int * 1)(fd), 1):
            raise OSError(ctypes.get_errno(), "io_uring_register")

    def result(self):
        libc.syscall(426, self.fd, 0, 1, 1, None, 0)
        return struct.unpack_from("i", self.cq, self.cqes + 8)[0]


def sockaddr(address, port):
    if ":" in address:
        return struct.pack("=HH", socket.AF_INET6, socket.htons(port)) + bytes(4) + socket.inet_pton(
            socket.AF_INET6, address) + bytes(4)
    return struct.pack("=HH", socket.AF_INET, socket.htons(port)) + socket.inet_aton(address) + bytes(8)


def uring(how="waits"):
    """connect() by io_uring, which no filter announces."""
    try:
        ring = Ring()
    except OSError:
        write(note="no io_uring")
        return
    o = Open(blocking=True, bind=("::" if IPV6 else "0.0.0.0", 0))
    o.local = o.s.getsockname()[1]
    o.begun = now_ns()
    ring.connect(o.s.fileno(), sockaddr(o.to, PORT))
    if how != "waits":
        o.wait_for_begin()
    if how == "waits":
        result = ring.result()
        o.tell("kernel" if result else "connected", -result)
        return
    o.wait(LIMIT)
    o.leave(end=lambda: o.s.shutdown(socket.SHUT_RDWR))
    time.sleep(0.1)


def stopped():
    """Stopped for long in the middle of a blocking connect(); it goes on before the kernel's end, or not."""
    pid = forked(block)
    time.sleep(0.5)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(LIMIT)
    os.kill(pid, signal.SIGCONT)
    os.waitpid(pid, 0)


def stopped_nonblocking():
    """Closes after it has been stopped for longer than the kernel would wait, or not so long."""
    pid = forked(poll_close)
    time.sleep(0.1)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(LIMIT * 1.5)
    os.kill(pid, signal.SIGCONT)
    os.waitpid(pid, 0)


def daemon():
    """The program is over before its daemon calls connect()."""
    if os.fork():
        os._exit(0)
    os.setsid()
    name("daemon")
    time.sleep(0.2)
    poll_close()


def shell(word="kill"):
    """A child that runs another program: what it inherited it has no more (close on exec)."""
    o = new()
    pid = os.fork()
    if not pid:
        os.execvp("sleep", ["sleep", "0.05"])
    os.waitpid(pid, 0)
    o.wait(LIMIT)
    o.leave()
    time.sleep(0.1)


def child_killed_meanwhile():
    """A child without the socket is killed just as its parent closes it."""
    pid = os.fork()
    if not pid:
        time.sleep(LONG)
    o = new()
    o.wait(LIMIT)
    over = o.over()
    os.kill(pid, 9)
    o.leave()
    os.waitpid(pid, 0)
    time.sleep(0.1)
    del over


def closes_while_dying(sig="9"):
    """Closes, and kills itself at once, as a handler of SIGTERM does that cleans up first."""
    def one():
        o = new()
        o.wait(LIMIT)
        o.leave("closed, then signal")
        os.kill(os.getpid(), int(sig))
    os.waitpid(forked(one), 0)
    time.sleep(0.1)


def close_then_exec():
    """Closes, and becomes another program."""
    def one():
        o = new()
        o.wait(LIMIT)
        o.leave()
        os.execvp("true", ["true"])
    os.waitpid(forked(one), 0)
    time.sleep(0.1)


def exec_closes():
    """The socket is closed by exec (close on exec)."""
    def one():
        o = new()
        o.wait(LIMIT)
        if not o.over():
            o.tell("app", syns=o.syns())
        os.execvp("sleep", ["sleep", "0.2"])
    os.waitpid(forked(one), 0)
    time.sleep(0.1)


def exec_keeps():
    """The socket outlives exec, and its new program exits, with it."""
    def one():
        o = new()
        if not o.told:
            o.s.set_inheritable(True)
            o.tell("app")
        os.execvp("sleep", ["sleep", str(LIMIT)])
    os.waitpid(forked(one), 0)
    time.sleep(0.1)


def main(argv):
    global truth
    truth = os.open(argv[0], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    direct = argv[1] == "--direct"
    way, args = argv[1 + direct], argv[2 + direct:]
    name(way)
    if direct:
        globals()[way](*args)
        return
    before = counters()
    libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: whoever is left behind is waited for
    pid = os.fork()
    if not pid:
        name(way)
        globals()[way](*args)
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    wait_all()
    after = counters()
    write(counters={n: after[n] - before[n] for n in after}, status=status, netns=os.stat("/proc/self/ns/net").st_ino)


if __name__ == "__main__":
    main(sys.argv[1:])
