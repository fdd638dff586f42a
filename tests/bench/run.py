#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the wire of `synsent run` carries.

run.py SYNSENT RUN_LOAD

One connection's throughput through the wire, beside the same program over a bare loopback in the same round; and
connections at a given rate, of which every one must be found, and found established.  Medians of BENCH_RUNS rounds
(7 unless set).  The status is 1 when a target is missed.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile

RUNS = int(os.environ.get("BENCH_RUNS") or 7)
GBIT = 1e9
LEAST_BITS = 1 * GBIT
RATE, CONNECTIONS = 2000, 4000
SECONDS = "1"
synsent, load = (os.path.abspath(p) for p in sys.argv[1:3])
missed = []


def number(argv):
    r = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    if r.returncode:
        sys.exit("%s: status %d: %s" % (" ".join(argv), r.returncode, r.stderr.strip()))
    return float(r.stdout)


def through_wire():
    return number([synsent, "run", "-q", "--serve", "sink", "--", load, "send", "sink.example", "9", SECONDS])


def bare():
    script = 'ip link set lo up && { "$0" sink 9000 & } | cat && exec "$0" send 127.0.0.1 9000 %s' % SECONDS
    return number(["unshare", "--user", "--map-root-user", "--net", "sh", "-c", script, load])


def connections():
    """The rate that was had, and what is wrong with the account of it."""
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "r.json")
        rate = number([synsent, "run", "-q", "--serve", "close", "--report", path, "--", load, "connect", "srv.example",
                       "9", str(CONNECTIONS), str(RATE)])
        with open(path) as f:
            attempts = json.load(f)["attempts"]
    wrong = [a for a in attempts if a["synsent"]["outcome"] != "established"]
    if len(attempts) != CONNECTIONS or wrong:
        missed.append("%d connections made, %d found, %d of them not established" % (
            CONNECTIONS, len(attempts), len(wrong)))
    return rate


ours, peers, rates = [], [], []
for _ in range(RUNS):
    ours.append(through_wire())
    peers.append(bare())
    rates.append(connections())
bits, peer, rate = (statistics.median(x) for x in (ours, peers, rates))
if bits < LEAST_BITS:
    missed.append("less than 1 Gbit/s")
if rate < RATE * 0.95:
    missed.append("less than %d connections a second" % RATE)
print("run: one connection through the wire %.2f Gbit/s (target 1), %.2f x the loopback's %.1f" % (
    bits / GBIT, bits / peer, peer / GBIT))
print("run: %.0f connections a second (target %d), %d in each round, every one found and established" % (
    rate, RATE, CONNECTIONS) if not missed else "run: %.0f connections a second (target %d)" % (rate, RATE))
for m in sorted(set(missed)):
    print("run: MISSED: " + m)
sys.exit(bool(missed))
