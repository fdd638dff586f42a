#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""predict_live.py SYNSENT: without options `predict` takes this host's policy; and what it prints with --phase is the
oracle's, from the command line to the JSON."""
import json
import os
import random
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "unit"))
sys.dont_write_bytecode = True
import schedule_oracle  # noqa: E402


def predict(synsent, *args):
    done = subprocess.run([synsent, "predict", "-j"] + [str(a) for a in args], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.decode())


def sysctl(name, otherwise):
    try:
        return int(open("/proc/sys/net/ipv4/" + name).read())
    except FileNotFoundError:
        return otherwise


def live(synsent):
    policy = predict(synsent)["policy"]
    expected = {
        "retries": sysctl("tcp_syn_retries", 6),
        "linear": sysctl("tcp_syn_linear_timeouts", 0),
        "rto_max_ms": sysctl("tcp_rto_max_ms", 120000),
        "hz": round(1 / time.clock_getres(6)),  # CLOCK_MONOTONIC_COARSE
    }
    for key, value in expected.items():
        assert policy[key] == value, (key, policy[key], value)
    assert os.uname().release.startswith(policy["kernel"]), policy["kernel"]
    synacks = predict(synsent, "--synack")["policy"]["synack_retries"]
    assert synacks == sysctl("tcp_synack_retries", 5), synacks


def through_the_options(synsent, n):
    rng = random.Random(2)
    for _ in range(n):
        hz = rng.choice((100, 250, 300, 1000))
        retries, linear, rto_max = rng.randint(1, 12), rng.randint(0, 6), rng.choice((1000, 1022, 5000, 120000))
        user_timeout, j0 = rng.choice((0, 0, 700, 2500, 30001)), rng.randrange(1 << 40)
        args = ["--kernel", "6.18", "--hz", hz, "--linear", linear, "--rto-max", "%dms" % rto_max, "--phase", j0]
        args += [rng.choice(("--retries", "--syncnt")), retries]
        if user_timeout:
            args += ["--user-timeout", "%dms" % user_timeout]
        got = predict(synsent, *args)
        sent, end, _ = schedule_oracle.simulate(j0, hz, hz, retries, linear, rto_max, user_timeout)
        assert got["exact"]["syns_jiffies"] == [0] + [s - j0 for s in sent], (args, got)
        assert got["exact"]["gives_up_jiffies"] == end - j0, (args, got)
        low, high = got["range"]["gives_up_ms"]
        assert low <= (end - j0) * 1000 / hz + 1e-3 and (end - j0) * 1000 / hz <= high + 1e-3, (args, got)


if __name__ == "__main__":
    live(sys.argv[1])
    through_the_options(sys.argv[1], 100)
