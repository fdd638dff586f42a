# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent run` must refuse with exit status 2, saying why, before the program is run.

    run_usage.py SYNSENT [--user nobody]
"""
import argparse
import sys

import harness

REFUSED = [
    [], ["--"], ["--nonsense", "--", "true"],
    ["-f", "rts", "--", "true"], ["-f", "", "--", "true"], ["-f", "syn-drop:0", "--", "true"],
    ["-f", "icmp:none", "--", "true"], ["-f", "delay", "--", "true"], ["-f", "delay:1x", "--", "true"],
    ["-f", "loss:101%", "--", "true"], ["-f", "rst@", "--", "true"], ["-f", "rst@a@b", "--", "true"],
    ["-f", "rst@:0", "--", "true"], ["-f", "rst@10.0.0.1@v6", "--", "true"], ["--to", "10.0.0.1:x", "--", "true"],
    ["--resolve", "gone=", "-f", "rst@gone", "--", "true"], ["--resolve", "a=b", "--", "true"],
    ["--resolve", "10.0.0.1=10.0.0.2", "--", "true"], ["--only", ":x", "--", "true"],
    ["--serve", "nothing", "--", "true"], ["--serve", "--", "true"], ["--serve", "--", "--", "true"],
    ["--expect", "gaveup=application", "--", "true"], ["--expect", "gave-up=app", "--", "true"],
    ["--expect", "within=2x", "--", "true"], ["--expect", "syns=3..2", "--", "true"], ["--expect", "", "--", "true"],
    ["--policy", "retires=2", "--", "true"], ["--policy", "retries=two", "--", "true"],
    ["--policy", "net.ipv4/../x=1", "--", "true"], ["--seed", "-1", "--", "true"], ["--time-limit", "0", "--", "true"],
    ["--report", "-", "--", "true"], ["--report", "x.txt", "--", "true"],
    ["-w", "-", "--", "true"], ["--svg", "-", "--", "true"], ["--events=-", "--", "true"], ["--json=-", "--", "true"],
    ["--log", "-", "--", "true"],
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    o = parser.parse_args()
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        r = synsent.run(["run", "--", "true"])
        if r.status == 77:
            harness.skip("as %s: %s" % (synsent.user, " ".join(r.err.split())))
        r.want("the exit status", r.status, 0)

        def one(args):
            r = synsent.run(["run", *args])
            r.want("the exit status", r.status, 2)
            r.want("stdout", r.out, "")
            lines = r.err.splitlines()
            r.want("what is wrong", [line.startswith("synsent: run: ") for line in lines[:1]], [True])
            r.want("what would be right", [line.startswith("  ") for line in lines[1:]], [True] * (len(lines) == 2))
            return r

        wrong = r.report() + sum(r.report() for r in harness.all_of(4, one, REFUSED))
    print("as %s: %d refusals, %d wrong" % (synsent.user, len(REFUSED), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
