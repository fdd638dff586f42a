#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault of `synsent run --list`: what `run` says of an attempt, and what `synsent watch` on the host says of it.

watch_runs.py SYNSENT [--repeat N] [--all] [--only TEXT] [--jobs N]

Where both are certain, outcome, who gave up, limit, error, process and the number of SYNs must be the same.
"""
import argparse
import collections
import json
import os
import re
import shutil
import sys
import time

import harness
import watch_matrix
import watch_world

WAYS = ("block", "poll_close", "child_kills_itself", "poll_kernel")
# what both see is not the same: `run` the packets on its wire, `watch` what the kernel sent
UNSENT = ("no-neighbour", "firewall:reject")


def key(a):
    return (a.get("client", {}).get("port"), a["server"]["address"], a["server"]["port"],
            a.get("process", {}).get("executable", {}).get("name"), a.get("process", {}).get("pid"))


def one_run(synsent, client, number, fault, way, six):
    path = synsent.path("run%d" % number)
    env = dict(harness.ENV, **({"IPV6": "1"} if six else {}))
    args = ["run", "--json=" + path, "--policy", "retries=1,linear=0", "--fault", fault, "--", "python3", client,
            path + ".truth"] + way.split()
    with synsent.start(args, env=env) as p:
        err = p.communicate(timeout=90)[1].decode()
    if p.returncode:
        return fault, way, six, [], "status %d: %s" % (p.returncode, err)
    with open(path) as f:
        return fault, way, six, [json.loads(line) for line in f], None


def compare(done, told):
    wrong, compared, vague = [], 0, collections.Counter()
    by_key = collections.defaultdict(list)
    for a in told:
        by_key[key(a)].append(a)
    for fault, way, six, objects, failed in done:
        what = "%s under %s, IPv%d" % (way, fault, 6 if six else 4)
        if failed:
            wrong.append("%s: %s" % (what, failed))
        for a in objects:
            found = by_key[key(a)]
            if not found:
                wrong.append("%s: watch told nothing of %s" % (what, key(a)))
                continue
            b = found.pop(0)
            compared += 1
            v, w = harness.verdict(a), harness.verdict(b)
            if "certain" != v["confidence"] or "certain" != w["confidence"]:
                vague["%s, run %s, watch %s" % (what, v["confidence"], w["confidence"])] += 1
                continue
            if v != w:
                wrong.append("%s: run says %s (%s), watch %s (%s)" % (
                    what, v, "; ".join(a["synsent"]["evidence"]), w, "; ".join(b["synsent"]["evidence"])))
            n, m = len(a["synsent"]["syns_ns"]), len(b["synsent"]["syns_ns"])
            if n != m and fault not in UNSENT:
                wrong.append("%s: run saw %d SYNs, watch %d" % (what, n, m))
    return wrong, compared, vague


def one_round(o, synsent, world, client, faults):
    watch = watch_matrix.Watch(world, [], False)
    watch_matrix.probe(world, [watch])
    trials = [(i * 8 + k, f, w, six) for i, f in enumerate(faults)
              for k, (w, six) in enumerate([(w, s) for w in WAYS for s in (False, True)])
              if (o.all or k == i % 8) and o.only in f]
    done = harness.all_of(o.jobs, lambda t: one_run(synsent, client, *t), trials)
    time.sleep(0.2)
    told, err, _ = watch.end()
    wrong, compared, vague = compare(done, told)
    lost = watch_matrix.lost(err)
    print("%d runs, %d attempts compared, %d wrong; lost %s; less than certain: %d" % (
        len(trials), compared, len(wrong), lost or "nothing", sum(vague.values())))
    for text in vague:
        print("       " + text)
    for w in wrong[:40]:
        print("WRONG: " + w)
    sys.stdout.flush()
    return bool(wrong)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("--repeat", type=int, default=1)
    p.add_argument("--jobs", type=int, default=16)
    p.add_argument("--only", default="")
    p.add_argument("--all", action="store_true")
    o = p.parse_args()
    if os.geteuid():
        harness.skip("eBPF and other users' processes need root")
    with harness.Synsent(o.synsent) as synsent:
        synsent.need()
        client = synsent.path("run_gives_up.py")
        shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "run_gives_up.py"), client)
        faults = re.findall(r"^([a-z][\w:%-]+) {2,}\S", synsent.run(["run", "--list"]).out, re.M)
        if len(faults) < 30:
            print("only these faults are listed: %s" % faults)
            return 1
        world = watch_world.World(synsent)
        try:
            wrong = sum(one_round(o, synsent, world, client, faults) for _ in range(o.repeat))
        finally:
            world.close()
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
