#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that end a connect() in every way there is: gives_up.py WAY [ARG]...

The server is the lab's, 127.0.0.1:12345.  Each way is a function of its name; gave_up.py
says what must be judged of it.
"""
import ctypes
import errno
import os
import random
import select
import signal
import socket
import struct
import sys
import threading
import time

SERVER = ("127.0.0.1", 12345)


def new(blocking=False, server=SERVER):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setblocking(blocking)
    if not blocking:
        s.connect_ex(server)
    return s


def block():
    s = new(True)
    try:
        s.connect(SERVER)
    except OSError as e:
        print(errno.errorcode[e.errno], file=sys.stderr)


def poll_close(seconds="1.5"):
    s = new()
    select.select([], [s], [], float(seconds))
    s.close()
    time.sleep(0.2)


def poll_kernel():
    s = new()
    select.select([], [s], [], 60)
    time.sleep(0.3)
    s.close()


def sndtimeo():
    s = new(True)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 700000))
    s.connect_ex(SERVER)
    time.sleep(0.6)
    s.close()
    time.sleep(0.1)


def sndtimeo_kernel():
    s = new(True)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 700000))
    s.connect_ex(SERVER)
    select.select([], [s], [], 60)
    s.close()


def alarm_eintr():
    class Over(Exception):
        pass

    def over(*a):
        raise Over
    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, 1.3)
    s = new(True)
    try:
        s.connect(SERVER)
    except Over:
        pass
    s.close()
    time.sleep(0.3)


def alarm_death():
    signal.setitimer(signal.ITIMER_REAL, 1.3)
    new(True).connect_ex(SERVER)


def shut():
    s = new()
    time.sleep(1.3)
    s.shutdown(socket.SHUT_RDWR)
    time.sleep(0.4)
    s.close()


def unspec():
    s = new()
    time.sleep(1.3)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.connect(s.fileno(), bytes(16), 16)
    time.sleep(0.4)
    s.close()


def linger():
    s = new()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(1.3)
    s.close()
    time.sleep(0.1)


def exit_open():
    s = new()
    time.sleep(1.3)
    os._exit(3)


def child_killed(sig="9"):
    pid = os.fork()
    if not pid:
        new(True).connect_ex(SERVER)
        os._exit(0)
    time.sleep(1.3)
    os.kill(pid, int(sig))
    os.waitpid(pid, 0)
    time.sleep(0.3)


def grandchild_killed():
    r, w = os.pipe()
    if not os.fork():
        pid = os.fork()
        if not pid:
            new(True).connect_ex(SERVER)
            os._exit(0)
        os.write(w, str(pid).encode())
        os.waitpid(pid, 0)
        os._exit(0)
    pid = int(os.read(r, 20))
    time.sleep(1.3)
    os.kill(pid, 9)
    os.wait()
    time.sleep(0.3)


def last_holder_killed():
    """Who connected exits; its child, which has the socket still, is killed soon afterwards."""
    r, w = os.pipe()
    pid = os.fork()
    if not pid:
        s = new()
        if not os.fork():
            os.close(w)
            os.read(r, 1)  # until that has exited
            time.sleep(0.02)
            os.kill(os.getpid(), 9)
        time.sleep(1.3)
        os._exit(s.fileno() < 0)
    os.close(w)
    os.waitpid(pid, 0)
    time.sleep(0.3)


def killed_in_call():
    """Another thread closed its descriptor, and connect() waits on: what is killed has the socket by the call alone."""
    pid = os.fork()
    if not pid:
        s = new(True)
        threading.Thread(target=s.connect_ex, args=(SERVER,)).start()
        time.sleep(0.3)
        os.close(s.fileno())
        time.sleep(1)
        os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)
    time.sleep(0.3)


def timeout_command():
    os.execvp("timeout", ["timeout", "1.3", sys.executable, __file__, "block"])


def child_gives_up():
    if not os.fork():
        poll_close("1.3")
        os._exit(0)
    os.wait()


def abort_after():
    new(True).connect_ex(SERVER)
    os.abort()


def close_then_abort():
    s = new()
    time.sleep(1.3)
    s.close()
    time.sleep(0.05)
    os.abort()


def user_timeout(ms="2000"):
    s = new(True)
    s.setsockopt(socket.IPPROTO_TCP, 18, int(ms))
    s.connect_ex(SERVER)


def syncnt(n="1"):
    s = new(True)
    s.setsockopt(socket.IPPROTO_TCP, 7, int(n))
    s.connect_ex(SERVER)


def full_listener():
    """A server of our own whose backlog is full: a connect() to it waits."""
    ls = socket.socket()
    ls.bind(("127.0.0.1", 12346))
    ls.listen(0)
    f = [ls]
    for _ in range(2):
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex(("127.0.0.1", 12346))
        f.append(c)
        time.sleep(0.05)
    return f


def other_port():
    """A socket to a port that is not observed is given up by the kernel; then one that is, by us."""
    keep = full_listener()
    o = new(server=("127.0.0.1", 12346))
    select.select([], [o], [], 60)
    time.sleep(0.2)
    s = new()
    time.sleep(0.5)
    s.close()
    time.sleep(0.2)
    o.close()
    del keep


def other_port_same_time():
    """Ours is closed within a few ms of the other's end by the kernel."""
    keep = full_listener()
    o = new(server=("127.0.0.1", 12346))
    time.sleep(0.5)
    s = new()
    select.select([], [o], [], 60)
    s.close()
    time.sleep(0.3)


def two():
    """One is abandoned as soon as the kernel gave the other up."""
    a = new()
    time.sleep(0.3)
    b = new()
    select.select([], [a], [], 60)
    b.close()
    time.sleep(0.3)


def two_options():
    """Twins: the kernel ends one (TCP_SYNCNT 1), we the other, at once."""
    a = socket.socket()
    a.setblocking(False)
    a.setsockopt(socket.IPPROTO_TCP, 7, 1)
    b = socket.socket()
    b.setblocking(False)
    a.connect_ex(SERVER)
    b.connect_ex(SERVER)
    select.select([], [a], [], 60)
    b.close()
    time.sleep(0.3)


def many(n="20"):
    socks = [new() for _ in range(int(n))]
    left = set(socks)
    while left:
        for s in select.select([], list(left), [], 60)[1]:
            left.discard(s)
    time.sleep(0.1)


def many_but_one():
    """19 are given up by the kernel; one is closed 1 s before."""
    socks = [new() for _ in range(20)]
    time.sleep(1.5)
    socks[7].close()
    left = set(socks) - {socks[7]}
    while left:
        for s in select.select([], list(left), [], 60)[1]:
            left.discard(s)
    time.sleep(0.1)


def use_port_again(times, rests):
    port = 0
    for _ in range(int(times)):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", port))
        port = s.getsockname()[1]
        s.setblocking(False)
        s.connect_ex(SERVER)
        time.sleep(random.choice(rests))
        s.close()


def same_port(times="3"):
    """The same source port again and again, each socket with an ISN of its own."""
    use_port_again(times, (0.3,))


def same_port_soon(times="40"):
    """Again and again, sooner than anybody looks, or at any moment of a look."""
    use_port_again(times, (0, 0, 0.0005, 0.002, 0.01, 0.03))
    time.sleep(0.3)


def same_port_kernel():
    """The kernel ends the first, at once the same port is taken again, and closed by us."""
    s = new()
    port = s.getsockname()[1]
    select.select([], [s], [], 60)
    s.close()
    s = socket.socket()
    s.bind(("127.0.0.1", port))
    s.setblocking(False)
    s.connect_ex(SERVER)
    time.sleep(0.3)
    s.close()
    time.sleep(0.2)


def quick():
    """Open and closed within a ms."""
    s = new()
    s.close()
    time.sleep(0.2)


def quick_exit():
    s = new()
    os._exit(s.fileno() < 0)


def before_kernel(ms="20"):
    """Watches a twin that was made a bit earlier; closes when the twin's end is seen, before its own."""
    a = new()
    time.sleep(float(ms) / 1000)
    b = new()
    select.select([], [a], [], 60)
    b.close()
    time.sleep(0.3)


def daemon():
    """The program is over before its daemon calls connect()."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    for fd in (0, 1, 2):
        os.close(fd)
    time.sleep(0.2)
    new(True).connect_ex(SERVER)


def daemon_abandons():
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    s = new()
    time.sleep(1.5)
    s.close()
    time.sleep(60)


def leaves_child():
    if os.fork():
        time.sleep(0.3)
        os._exit(0)
    new(True).connect_ex(SERVER)


def no_stdio():
    for fd in (0, 1, 2):
        os.close(fd)
    new(True).connect_ex(SERVER)


def stopped():
    pid = os.fork()
    if not pid:
        new(True).connect_ex(SERVER)
        os._exit(0)
    time.sleep(0.5)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(4)
    os.kill(pid, signal.SIGCONT)
    os.waitpid(pid, 0)


def never():
    pass


def elsewhere():
    s = new(server=("127.0.0.1", 2))
    s.close()


def thousand(n="1000"):
    for _ in range(int(n)):
        s = new()
        s.close()
    time.sleep(0.3)


def forks(n="30"):
    pids = []
    for _ in range(int(n)):
        pid = os.fork()
        if not pid:
            s = new()
            time.sleep(1)
            os._exit(0)
        pids.append(pid)
    for p in pids:
        os.waitpid(p, 0)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
