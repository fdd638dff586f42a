# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of `synsent watch` share: network namespaces of their own, and a `watch` that is read as it goes."""
import atexit
import ctypes
import errno
import ipaddress
import os
import select
import signal
import socket
import subprocess
import time

import harness

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
READY_PORT = 1  # nothing listens there
HOST = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def enter(fd):
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def cgroup_root():
    with open("/proc/self/mounts") as f:
        for line in f:
            if line.split()[2] == "cgroup2":
                return line.split()[1]
    return None


class Net:
    """A network namespace that lives as long as this; `with net:` is in it, programs that are started there too.

    Without a process in it, `fd` alone holds it, and whatever is mounted or connected there.
    """

    def __init__(self, inhabited=True):
        if LIBC.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        self.fd = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.inode = os.fstat(self.fd).st_ino
        self.path = "/proc/%d/fd/%d" % (os.getpid(), self.fd)
        enter(HOST)
        self.before = []
        self.run("ip link set lo up")
        if inhabited:
            with self:
                self.process = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
            atexit.register(self.process.kill)

    def __enter__(self):
        self.before.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        enter(self.fd)
        return self

    def __exit__(self, *_):
        before = self.before.pop()
        enter(before)
        os.close(before)

    def run(self, script, check=True):
        """A shell's, there."""
        with self:
            done = subprocess.run(["sh", "-ec", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, env=harness.ENV)
        if check and done.returncode:
            raise RuntimeError("%s: %s" % (script, done.stdout))
        return done


def own_name():
    """This process, as `watch` names who listens."""
    with open("/proc/self/comm") as f:
        return "(%s, pid %d)" % (f.read().strip(), os.getpid())


def connecting(address, port, bind=None):
    """A connect() that does not wait; the socket, and its error or 0."""
    s = socket.socket(socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET)
    s.setblocking(False)
    if bind:
        s.bind(bind)
    error = s.connect_ex((address, port))
    return s, 0 if error == errno.EINPROGRESS else error


def end_of(s, within):
    """The error with which it ended, 0 when it connected; None when it waits still."""
    if not select.select([], [s], [], within)[1]:
        return None
    return s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def connect(address, port, within=0.2):
    """One attempt, which is given up after so many seconds; as end_of()."""
    s, error = connecting(address, port)
    error = error or end_of(s, within)
    s.close()
    return error


def listener(address, port, backlog=64):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(backlog)
    return s


class Watch:
    """`synsent watch` with these arguments, run by the command `before` them; what it says is in files."""

    def __init__(self, synsent, args, before=(), **more):
        self.json, self.with_command = "-j" in args, "--" in args
        self.command = "synsent watch " + " ".join(args)
        self.path = synsent.path("watch-%x" % time.monotonic_ns())
        self.out, self.err = open(self.path + ".out", "w+b"), open(self.path + ".err", "w+b")
        options = {"stdin": subprocess.DEVNULL, "stdout": self.out, "stderr": self.err, "cwd": "/",
                   "env": harness.ENV, "start_new_session": True, **more}
        self.p = subprocess.Popen([*before, synsent.binary, "watch"] + args, **options)
        self.status = None

    def text(self):
        """What is to be read: on standard output, or, where that is a command's, on standard error."""
        if not self.with_command:
            return self.printed()
        return "".join(line for line in self.said().splitlines(True) if not self.json or line.startswith("{"))

    def printed(self):
        with open(self.path + ".out", encoding="utf-8", errors="surrogateescape") as f:
            return f.read()

    def said(self):
        with open(self.path + ".err", encoding="utf-8", errors="surrogateescape") as f:
            return f.read()

    def await_text(self, text, within=5, poke=None):
        """Whether it says so within that; poke is done again and again until then."""
        deadline = time.monotonic() + within
        while text not in self.text() and text not in self.said():
            if self.p.poll() is not None or time.monotonic() > deadline:
                return text in self.text() + self.said()
            if poke:
                poke()
            time.sleep(0.03)
        return True

    def ready(self, address="127.0.0.1"):
        """It is, when it tells of an attempt that is refused."""
        where = '"port":%d}' % READY_PORT if self.json else ":%d " % READY_PORT
        if not self.await_text(where, 60, lambda: connect(address, READY_PORT)):
            raise RuntimeError("%s: tells of nothing: %s" % (self.command, self.said()))
        return self

    def end(self, how=signal.SIGINT, within=10):
        """Ends it, or waits for its end when how is None; the attempts that it told of, but those of ready()."""
        if how and self.p.poll() is None:
            self.p.send_signal(how)
        try:
            self.status = self.p.wait(within)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            self.status = "did not end within %d s" % within
        if not self.json:
            return []
        attempts = [harness.validate.load(line.encode()) for line in self.text().splitlines()]
        return [a for a in attempts if a.get("server", {}).get("port") != READY_PORT]

    def stop(self):
        """Whatever happened, nothing is left of it."""
        if self.p.poll() is None:
            self.p.kill()
            self.p.wait()

    def schema_problems(self):
        return [p for line in self.text().splitlines(keepends=True)
                for p in harness.validate.problems(harness.CHECK, line.encode())]
