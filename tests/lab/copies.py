#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that send copies of packets elsewhere are noticed, whether or not there is connection tracking.

copies.py TELL_COPIES

Each in a network namespace of its own; a mount over conntrack's sysctls, there alone, is as if it were not loaded.
"""
import os
import subprocess
import sys

import harness

HIDE = "mount -t tmpfs none /proc/sys/net/netfilter; "
RULE = "nft 'table ip t { chain o { type filter hook output priority 0; tcp dport 9 %s; }; }'; "
# name: (a script, what is told)
CASES = {
    "no rule": ("", "none"),
    "no rule, no conntrack": (HIDE, "none"),
    "another rule": (RULE % "counter", "none"),
    "dup": (RULE % "dup to 127.0.0.2 device \"lo\"", "copies"),
    "dup, no conntrack": (HIDE + RULE % "dup to 127.0.0.2 device \"lo\"", "copies"),
    "mirred, no conntrack": (HIDE + "tc actions add action mirred egress mirror dev lo; ", "copies"),
}


def told(script, program):
    done = subprocess.run(["unshare", "-n", "-m", "sh", "-ec", "ip link set lo up; " + script + 'exec "$0"', program],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=harness.ENV)
    return done.stdout.strip() or "%d: %s" % (done.returncode, done.stderr.strip())


def main():
    if os.geteuid():
        harness.skip("network namespaces are made by root")
    wrong = 0
    for name, (script, expected) in CASES.items():
        got = told(script, os.path.abspath(sys.argv[1]))
        if got != expected:
            wrong += 1
            print("WRONG: %s: %r, not %r" % (name, got, expected))
    print("%d cases, %d wrong" % (len(CASES), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
