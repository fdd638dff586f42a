#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that makes very many short connections under `synsent run`: each is told, none is missed or mistaken, and
the memory and the descriptors of our processes stay within bounds.

run_many.py SYNSENT [--user nobody] [--connections N]
"""
import argparse
import collections
import json
import os
import sys
import time

import harness
import machine
from run_life import ENV

RSS_MAX_KB = 96 << 10  # of all our processes together; what is kept of 200,000 attempts is bounded, too
GROWTH_MAX = 4  # descriptors that come and go while a connect() call is looked at

# Half to a port that is open, half to one that refuses; closed by RST, so that ports do not run out.
CONNECTS = """
import socket, sys
n = {80: 0, 81: 0}
for i in range(int(sys.argv[1])):
    port = 80 + i % 2
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\\1\\0\\0\\0\\0\\0\\0\\0')
    try:
        s.connect(('192.0.2.%d' % (i % 200 + 1), port))
        n[port] += port == 80
    except ConnectionRefusedError:
        n[port] += port == 81
    s.close()
print(n[80], n[81])
"""


def ours(marker):
    """name -> (resident kB, descriptors) of our processes."""
    found = {}
    for pid in machine.marked(marker):
        try:
            exe = os.readlink("/proc/%d/exe" % pid)
            if not exe.endswith("/synsent"):
                continue
            with open("/proc/%d/status" % pid) as f:
                fields = dict(line.split(":", 1) for line in f if ":" in line)
            found["%s[%d]" % (fields["Name"].strip(), pid)] = (
                int(fields["VmRSS"].split()[0]), len(os.listdir("/proc/%d/fd" % pid)))
        except (OSError, KeyError):
            continue
    return found


def the_program_runs(marker):
    for pid in machine.marked(marker):
        try:
            if "python" in os.readlink("/proc/%d/exe" % pid):
                return True
        except OSError:
            continue
    return False


def watch(p, marker):
    """Until it ends: the most resident kB of all together, and each one's fewest and most descriptors once it runs."""
    most, descriptors, began = 0, {}, time.monotonic()
    while p.poll() is None and time.monotonic() < began + 300:
        runs = the_program_runs(marker)
        now = ours(marker)
        most = max(most, sum(rss for rss, _ in now.values()))
        for name, (_, n) in now.items():
            if runs and the_program_runs(marker):
                low, high = descriptors.get(name, (n, n))
                descriptors[name] = min(low, n), max(high, n)
        time.sleep(0.1)
    return most, descriptors


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--connections", type=int, default=4000)
    o = parser.parse_args()
    wrong = []
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        synsent.need()
        marker, path = "synsent-many-%d-%d" % (os.getpid(), time.monotonic_ns()), synsent.path("many.json")
        args = ["run", "-f", "rst@:81", "--json=" + path, "--time-limit", "280", "--"]
        with open(synsent.path("out"), "w+b") as out, open(synsent.path("err"), "w+b") as err:
            began = time.monotonic()
            with synsent.start(args + ["/usr/bin/python3", "-c", CONNECTS, str(o.connections)], stdout=out, stderr=err,
                               env=dict(ENV, **{machine.MARK: marker})) as p:
                most, descriptors = watch(p, marker)
            took = time.monotonic() - began
            out.seek(0)
            err.seek(0)
            made, said = out.read().decode(), err.read().decode()
        counts = collections.Counter()
        with open(path) as f:
            for line in f:
                s = json.loads(line)["synsent"]
                counts[s["outcome"], s["confidence"], len(s["syns_ns"])] += 1
    half = o.connections // 2
    if p.returncode or made.split() != [str(half), str(half)]:
        wrong.append("the program: status %d, %r" % (p.returncode, made))
    if counts != {("established", "certain", 1): half, ("refused", "certain", 1): half}:
        wrong.append("verdicts: %s" % dict(counts))
    if "%d attempts, %d established, %d refused" % (2 * half, half, half) not in said:
        wrong.append("the sum is not as it should be: " + said[-400:])
    if not descriptors or most > RSS_MAX_KB:
        wrong.append("memory: %d kB" % most)
    for name, (low, high) in descriptors.items():
        if high - low > GROWTH_MAX:
            wrong.append("%s had %d to %d descriptors" % (name, low, high))
    for w in wrong:
        print("WRONG: " + w)
    print("as %s: %d connections in %.1f s; at most %d kB resident in %d processes; descriptors %s" % (
        synsent.user, o.connections, took, most, len(descriptors),
        ", ".join("%s %d-%d" % (n, *d) for n, d in sorted(descriptors.items()))))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
