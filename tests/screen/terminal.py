#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The full screen as tmux shows it: keys, sizes, and what it leaves behind.

terminal.py SHOW
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

WITHIN = 10  # seconds, for each thing that is waited for


class Tmux:
    def __init__(self, show, locale, rows, columns, **env):
        self.directory = tempfile.mkdtemp(prefix="synsent-screen-")
        words = ["env", "LC_ALL=" + locale, "TZ=UTC", *("%s=%s" % e for e in env.items()), show, "still"]
        line = "trap : INT; echo before; stty -a >%s/1; %s; echo status $?; stty -a >%s/2; echo done; read word" % (
            self.directory, " ".join("'%s'" % w for w in words), self.directory)
        self.run("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "sh", "-c", line)

    def run(self, *args):
        # -u: tmux itself speaks UTF-8, whatever this test's locale is
        done = subprocess.run(["tmux", "-u", "-S", self.directory + "/socket", *args], capture_output=True, text=True,
                              env=dict(os.environ, LC_ALL="C.UTF-8"), timeout=WITHIN)
        if done.returncode:
            raise AssertionError("tmux %s: %s" % (args, done.stderr))
        return done.stdout

    def shown(self, *more):
        return self.run("capture-pane", "-p", *more)

    def type(self, *keys):
        self.run("send-keys", *keys)

    def expect(self, *texts, gone=None):
        until = time.monotonic() + WITHIN
        while True:
            seen = self.shown()
            if all(t in seen for t in texts) and not (gone and gone in seen):
                return seen
            if time.monotonic() > until:
                raise AssertionError("%r (and not %r) not seen in:\n%s" % (texts, gone, seen))
            time.sleep(0.05)

    def ended(self):
        self.expect("before", "the scene is over", "status 0", "done", gone="Failures")
        before, after = (open(self.directory + "/" + n).read().splitlines()[1:] for n in "12")
        assert before == after, "stty before and after: %s %s" % (before, after)  # but for the size

    def close(self):
        try:
            self.run("kill-server")
        except AssertionError:
            pass  # its last session ended
        shutil.rmtree(self.directory, ignore_errors=True)


def keys(t):
    t.expect("▶ Failures 9, by newest", "デー…[31]", "an RST answered SYN 0")
    t.type("j", "Down")
    t.expect("abandoned: the application gave up after 10")
    t.type("Enter")
    t.expect("データ取得[31]  10.0.0.5", "client 10.0.0.5:", "│", "application gave up")
    t.type("q")
    t.type("/", "PSQL")
    t.expect("filter: PSQL", "▶ Failures 2 of 9", gone="デー…")
    t.type("BSpace", "Enter")
    t.expect("filter PSQ ", "q clears it")
    t.type("q")
    t.expect("▶ Failures 9, by newest")
    t.type("s")
    t.expect("▶ Failures 9, by after")
    t.type("Tab")
    t.expect("▶ Servers 6, by rate")
    t.type("h")
    t.expect("median of the last 64 connects")
    t.type("Escape", "p")
    t.expect("PAUSED")
    t.type("p", "Enter")
    t.expect("▶ Failures", "filter 10.0.3.7:5432   q clears it", gone="PAUSED")
    t.type("q")
    t.expect("▶ Servers 6")
    t.type("q")
    t.ended()


def sizes(t):
    t.expect("▶ Failures 9", "nothing lost")
    t.run("resize-window", "-x", "40", "-y", "10")
    t.expect("▶Failures 9", gone="nothing lost")
    t.run("resize-window", "-x", "132", "-y", "43")
    t.expect("WHY", "LAST FAILURE", "nothing lost")
    t.type("C-l", "q")
    t.ended()


def ascii_only(t):
    seen = t.expect("> Failures 9, by newest", "----")
    assert seen.isascii(), seen
    t.type("q")
    t.ended()


def no_color(t):
    t.expect("▶ Failures 9")
    seen = t.shown("-e")
    assert "\x1b[31m" not in seen and ("7m17:02:10" in seen or "49m17:02:10" in seen), repr(seen)
    t.type("q")
    t.ended()


def a_signal(t):
    t.expect("▶ Failures 9")
    assert "\x1b[31m" in t.shown("-e"), repr(t.shown("-e"))
    t.type("C-c")
    t.ended()


def main():
    if not shutil.which("tmux"):
        print("skipped: tmux is missing")
        return 77
    show = os.path.abspath(sys.argv[1])
    if "without ncursesw" in subprocess.run([show], capture_output=True, text=True).stderr:
        print("skipped: built without ncursesw")
        return 77
    wrong = 0
    checks = [(keys, "C.UTF-8", {}), (sizes, "C.UTF-8", {}), (ascii_only, "C", {}),
              (no_color, "C.UTF-8", {"NO_COLOR": "1"}), (a_signal, "C.UTF-8", {})]
    for check, locale, env in checks:
        t = Tmux(show, locale, 24, 80, **env)
        try:
            check(t)
        except AssertionError as e:
            print("WRONG: %s: %s" % (check.__name__, e))
            wrong += 1
        finally:
            t.close()
    print("%d checks, %d wrong" % (len(checks), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
