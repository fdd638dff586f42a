#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many of run_gives_up.py's ways at once, in one network namespace: watch_clients.py CELLS

CELLS is a file of JSON: a list of [TRUTH, [WAY, ARG...], SERVER, SERVER6, IPV6].
"""
import json
import os
import subprocess
import sys
import time

import run_gives_up


def sock_destroy():
    """`ss -K`: destroyed from outside (SOCK_DESTROY)."""
    o = run_gives_up.new()
    o.wait(run_gives_up.LIMIT)
    if not o.over():
        at = "[%s]" % o.to if ":" in o.to else o.to
        subprocess.run(["ss", "-K", "-t", "-n", "state", "syn-sent", "dst %s and sport = :%d" % (at, o.local)],
                       stdout=subprocess.DEVNULL, check=True)
        o.wait(2)
    o.leave()


run_gives_up.sock_destroy = sock_destroy
pids = []
with open(sys.argv[1]) as cells:
    for truth, way, server, server6, ipv6 in json.load(cells):
        time.sleep(0.003)
        pid = os.fork()
        if not pid:
            run_gives_up.SERVER, run_gives_up.SERVER6, run_gives_up.IPV6 = server, server6, ipv6
            run_gives_up.main([truth] + way)
            os._exit(0)
        pids.append(pid)
for pid in pids:
    os.waitpid(pid, 0)
