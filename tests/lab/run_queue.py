#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`synsent run` and `lab` name the listener whose accept queue is full, with its process where that may be asked.

run_queue.py SYNSENT [--only TEXT] [--show]
"""
import json
import re
import socket
import sys

import watch_elsewhere
import watched

PYTHON = sys.executable
SERVER = """
import socket, time
s = socket.socket()
s.bind(("0.0.0.0", 80))
s.listen(0)
c = socket.create_connection(("127.0.0.1", 80))
time.sleep(30)
"""
# Until the queue is full it is connected, and goes.
CLIENT = """
import socket, sys, time
for i in range(100):
    s = socket.socket()
    s.settimeout(1.3)
    try:
        s.connect((sys.argv[1], int(sys.argv[2])))
    except TimeoutError:
        break
    except OSError:
        time.sleep(0.05)
    s.close()
"""


class Test:
    def __init__(self, synsent):
        self.synsent = synsent

    def want_listener(self, t, r, rule):
        """Of the one that got no answer."""
        told = [json.loads(line)["synsent"] for line in r.err.splitlines() if line.startswith("{")]
        got = [a for a in told if a["outcome"] == "abandoned"]
        t.want("how many were abandoned of %r" % r.err, len(got), 1)
        for a in got:
            drop = a.get("drop", {})
            t.want("where SYNs were lost", (drop.get("place"), drop.get("reason")), ("peer-backlog", "accept queue full"))
            t.want("that %r is %s" % (drop.get("rule"), rule), bool(re.fullmatch(rule, drop.get("rule", ""))), True)
            t.want("that the advice %r is for a queue" % a["advice"], "let it accept faster" in a["advice"], True)

    def of_the_users_server(self, t):
        r = self.synsent.run(["run", "-j", "-f", "delay:1ms", "--serve", "--", PYTHON, "-c", SERVER, "--",
                              PYTHON, "-c", CLIENT, "10.1.1.1", "80"])
        self.want_listener(t, r, r"listener 0\.0\.0\.0:80 \(python3[.\d]*, pid \d+\), 1 waiting, backlog 0")

    def here(self, t):
        """On the real network, of this test's own listener."""
        full = watched.listener("127.0.0.1", 0, 0)
        t.kept += [full, socket.create_connection(full.getsockname())]
        port = str(full.getsockname()[1])
        r = self.synsent.run(["run", "-j", "--here", "-f", "syn-drop@:9", "--", PYTHON, "-c", CLIENT, "127.0.0.1", port])
        self.want_listener(t, r, r"listener 127\.0\.0\.1:%s %s, 1 waiting, backlog 0" % (port, re.escape(watched.own_name())))

    def text(self, t):
        """Which queue it is, and not only whose."""
        r = self.synsent.run(["lab", "--scenario", "backlog-full", "--fast", "--retries", "2"])
        words = " ".join(r.out.split())
        said = "peer-backlog, 3 SYNs, accept queue full: listener 127.0.0.1:12345, 1 waiting, backlog 0"
        t.want("that %r is told in %r" % (said, words), said in words, True)


def main():
    return watch_elsewhere.run_test(Test, ("of_the_users_server", "here", "text"), __doc__,
                                    "on the real network faults are made by root only")


if __name__ == "__main__":
    sys.exit(main())
