# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines at the end of a run: a fault that no connection meets is named, and one that is met is not; the first line
says whose it is.

    run_text.py SYNSENT [--user nobody]
"""
import argparse
import re
import sys

import harness

CONNECT = "import socket, sys\nfor to in sys.argv[1:]:\n    socket.create_connection(to.rsplit(':', 1)).close()"
AT_HOME = ("import socket\nwith socket.create_server(('127.0.0.1', 0)) as s:\n"
           "    socket.create_connection(s.getsockname()).close()")
REFUSED_AT_HOME = "import socket\nassert socket.socket().connect_ex(('127.0.0.1', 9)) == 111"
NOWHERE = "no connection was to where it acts"
HOME = "connections to localhost do not pass the wire"

# faults, what is run, the faults that met nothing and why
CASES = [
    (["delay:1ms"], [CONNECT, "db:80"], []),
    (["delay:1ms@db"], [CONNECT, "db:80"], []),
    (["delay:1ms@db:80@v4"], [CONNECT, "web:80", "db:80"], []),
    (["delay:1ms@bd"], [CONNECT, "db:80"], [("delay:1ms@bd", NOWHERE)]),
    (["delay:1ms@:81", "duplicate", "rst@v6"], [CONNECT, "db:80"], [("delay:1ms@:81", NOWHERE), ("rst@v6", NOWHERE)]),
    (["delay:1ms"], [CONNECT, *["db:80"] * 20], []),  # more than are listed
    (["syn-drop"], ["pass"], []),
    (["syn-drop"], [AT_HOME], [("syn-drop", HOME)]),
    (["syn-drop@127.0.0.1"], [AT_HOME], [("syn-drop@127.0.0.1", HOME)]),
    (["syn-drop@bd"], [AT_HOME], [("syn-drop@bd", NOWHERE)]),
    (["firewall:drop@127.0.0.1:9"], [AT_HOME], [("firewall:drop@127.0.0.1:9", NOWHERE)]),
    (["firewall:reject@127.0.0.1:9"], [REFUSED_AT_HOME], []),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    o = parser.parse_args()
    wrong = 0
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        for faults, program, expected in CASES:
            options = [word for fault in faults for word in ("-f", fault)]
            r = synsent.run(["run", "-4", *options, "--", "/usr/bin/python3", "-c", *program])
            if r.status == 77:
                harness.skip("as %s: %s" % (synsent.user, " ".join(r.err.split())))
            r.want("the exit status", r.status, 0)
            r.want("the first line's begin", r.err[:9], "synsent: ")
            r.want("what met nothing", re.findall(r'the fault "(.*)" met nothing: (.*)', r.err), expected)
            wrong += r.report()
    print("as %s: %d runs, %d wrong" % (synsent.user, len(CASES), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
