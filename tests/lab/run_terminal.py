#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A program keeps its terminal under `synsent run`: size, foreground, Ctrl-C, Ctrl-Z and fg, and it may be a shell.

run_terminal.py SYNSENT [--user nobody]
"""
import argparse
import fcntl
import os
import re
import select
import shlex
import signal
import struct
import sys
import termios
import time

import harness
from run_life import ENV

WITHIN = 20  # seconds, for each thing that is waited for

SEES = """
import os, signal
print('tty', [os.isatty(i) for i in (0, 1, 2)], os.get_terminal_size())
print('foreground', os.tcgetpgrp(0) == os.getpgrp())
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
print('waits', flush=True)
signal.sigwait([signal.SIGWINCH])
print('now', os.get_terminal_size())
raise SystemExit(3)
"""


class Session:
    """A program on a terminal of its own, to which a person types."""

    def __init__(self, argv, nobody):
        self.seen, self.at = "", 0
        self.pid, self.fd = os.forkpty()
        if not self.pid:
            if nobody:
                os.setgroups([])
                os.setresgid(harness.NOBODY, harness.NOBODY, harness.NOBODY)
                os.setresuid(harness.NOBODY, harness.NOBODY, harness.NOBODY)
            os.chdir("/")
            os.execvpe(argv[0], argv, dict(ENV, TERM="dumb", PS1="READY> ", HISTFILE="/dev/null"))
        self.resize(40, 100)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, until):
        """False: the terminal was closed, or the time is over."""
        if not select.select([self.fd], [], [], max(0, until - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern):
        until = time.monotonic() + WITHIN
        while True:
            found = re.search(pattern, self.seen[self.at:])
            if found:
                self.at += found.end()
                return
            if not self.read(until):
                raise AssertionError("%r was not seen after:\n%s" % (pattern, self.seen))

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        until = time.monotonic() + WITHIN
        while self.read(until):
            pass
        while time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError("it did not end:\n" + self.seen)


def wants(session, status):
    got = session.end()
    assert got == status, "status %d, not %d:\n%s" % (got, status, session.seen)


def sees_it(synsent):
    s = Session([synsent.binary, "run", "--", "/usr/bin/python3", "-c", SEES], synsent.nobody)
    s.expect(r"tty \[True, True, True\] os.terminal_size\(columns=100, lines=40\)")
    s.expect("foreground True")
    s.expect("waits")
    s.resize(24, 77)
    s.expect(r"now os.terminal_size\(columns=77, lines=24\)")
    wants(s, 3)


def ctrl_c(synsent):
    """It ends the program, not the telling."""
    line = "echo begun; exec curl -s http://192.0.2.1/"
    s = Session([synsent.binary, "run", "-f", "syn-drop", "--", "sh", "-c", line], synsent.nobody)
    s.expect("begun")
    time.sleep(0.5)
    s.type("\x03")
    s.expect(r"curl\[\d+\] 192.0.2.1:80  killed after ")
    s.expect(r"1 attempt, 1 killed; sh was ended by SIGINT")
    wants(s, 130)


def ctrl_c_heard(synsent):
    """A program that hears it, once, has its own way of ending."""
    line = "n=0; trap 'n=$((n+1)); echo heard $n' INT; echo begun; sleep 30; sleep 0.5; exit 4"
    s = Session([synsent.binary, "run", "--", "sh", "-c", line], synsent.nobody)
    s.expect("begun")
    time.sleep(0.3)
    s.type("\x03")
    s.expect("heard 1")
    wants(s, 4)
    assert "heard 2" not in s.seen, s.seen


def ctrl_z(synsent):
    run = shlex.join([synsent.binary, "run", "--", "sh", "-c", "echo be''gun; read word; echo got $word; exit 6"])
    s = Session(["bash", "--norc", "--noprofile", "-i"], synsent.nobody)
    s.expect("READY> ")
    s.type(run + "\n")
    s.expect("begun")
    time.sleep(0.3)
    s.type("\x1a")
    s.expect("Stopped")
    s.expect("READY> ")
    time.sleep(0.5)  # the program may read a first letter before it has stopped, as any background job may
    s.type("fg\n")
    time.sleep(0.5)
    s.type("hello\n")
    s.expect("got hello")
    s.expect(r"it was stopped for a while \(SIGTSTP\)")
    s.expect("READY> ")
    s.type("exit $?\n")
    wants(s, 6)


def background(synsent):
    """Behind `&` it runs, and is told of; one that reads the terminal there is stopped, and goes on with fg."""
    run = shlex.quote(synsent.binary) + " run -- "
    s = Session(["bash", "--norc", "--noprofile", "-i"], synsent.nobody)
    s.expect("READY> ")
    s.type(run + "sh -c 'exit 5' & wait $!; echo status $?\n")
    s.expect("0 attempts; sh exited 5")
    s.expect("status 5")
    s.type(run + "sh -c 'read word; echo got $word' &\n")
    s.expect(r"\[1\] \d+")
    time.sleep(1)
    s.type("jobs\n")
    s.expect("Stopped")
    s.expect("READY> ")
    s.type("fg\n")
    time.sleep(0.5)
    s.type("hello\n")
    s.expect("got hello")
    s.expect("READY> ")
    s.type("exit\n")
    wants(s, 0)


def a_shell(synsent):
    """An interactive shell as the program, with jobs of its own; afterwards the terminal is the caller's again."""
    s = Session(["bash", "--norc", "--noprofile", "-i"], synsent.nobody)
    s.expect("READY> ")
    s.type(shlex.quote(synsent.binary) + " run -- env PS1='IN''NER> ' bash --norc --noprofile -i\n")
    s.expect("INNER> ")
    s.type("sleep 31\n")
    time.sleep(0.7)
    s.type("\x1a")
    s.expect("Stopped")
    s.type("fg\n")
    time.sleep(0.7)
    s.type("\x03")
    s.expect("INNER> ")
    s.type("exit 7\n")
    s.expect("env exited 7")
    s.expect("READY> ")
    s.type("exit $?\n")
    wants(s, 7)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    o = parser.parse_args()
    checks, wrong = [sees_it, ctrl_c, ctrl_c_heard, ctrl_z, background, a_shell], 0
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        synsent.need()
        for check in checks:
            try:
                check(synsent)
            except AssertionError as e:
                print("WRONG: as %s: %s: %s" % (synsent.user, check.__name__, e))
                wrong += 1
    print("as %s: %d checks, %d wrong" % (synsent.user, len(checks), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
