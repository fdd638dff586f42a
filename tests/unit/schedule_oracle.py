#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An independent simulation of tcp_retransmit_timer() and the timer wheel, step by step, in absolute jiffies.

schedule_oracle.py PRINTER [SEED [N]] runs PRINTER (schedule_print.c) and compares every schedule with its own.
It was checked against the real kernel; milliseconds become jiffies rounded up, as msecs_to_jiffies() has it (with
tcp_rto_max_ms=1022 and HZ 250 the kernel spaces SYNs by 264 jiffies, as with 1024; rounding down would give 256).
"""
import subprocess
import sys

STEPS = 260


def bucket(expires, clk):
    delta = expires - clk
    if delta < 63:
        return expires + 1
    if delta < 504:
        shift = 3
    elif delta < 4032:
        shift = 6
    elif delta < 32256:
        shift = 9
    elif delta < 258048:
        shift = 12
    else:
        shift = 15
    return ((expires >> shift) + 1) << shift


def ceil_div(a, b):
    return -(-a // b)


def simulate(j0, hz, rto0, retries, linear, rto_max_ms, user_timeout):
    """The jiffies of the retransmissions and of ETIMEDOUT, and what ended it."""
    rto_max = ceil_div(rto_max_ms * hz, 1000)
    thresh = (rto_max // rto0).bit_length() - 1 if rto_max >= rto0 else 0
    if retries <= thresh:
        model = ((2 << retries) - 1) * rto0
    else:
        model = ((2 << thresh) - 1) * rto0 + (retries - thresh) * rto_max
    rto, sent = rto0, []
    now = bucket(j0 + rto, j0)
    for _ in range(STEPS):
        elapsed = now - j0
        if len(sent) >= retries + linear:
            return sent, now, "count"
        if sent:
            if user_timeout and elapsed * 1000 >= user_timeout * hz:
                return sent, now, "user timeout"
            if not user_timeout and elapsed >= model:
                return sent, now, "model"
        sent.append(now)
        if len(sent) > linear:
            rto = min(rto * 2, rto_max)
        delay = rto
        if user_timeout:
            left = user_timeout * hz - elapsed * 1000  # in 1/1000 jiffies
            delay = 1 if left <= 0 else min(rto, ceil_div(left, 1000))
        now = bucket(now + delay, now + 1)
    raise AssertionError("the schedule does not end")


def main():
    printer = sys.argv[1]
    seed = sys.argv[2] if len(sys.argv) > 2 else "1"
    n = sys.argv[3] if len(sys.argv) > 3 else "120000"
    run = subprocess.run([printer, seed, n], stdout=subprocess.PIPE, check=True)
    seen, wrong, ends = 0, 0, {}
    for line in run.stdout.splitlines():
        hz, rto0, retries, linear, rto_max, user_timeout, j0, end, *syns = map(int, line.split())
        if retries + linear > 254:
            sys.exit("outside the model: %s" % line.decode())
        sent, expected_end, why = simulate(j0, hz, rto0, retries, linear, rto_max, user_timeout)
        seen += 1
        ends[why] = ends.get(why, 0) + 1
        if [s - j0 for s in sent] != syns or expected_end - j0 != end:
            wrong += 1
            if wrong <= 5:
                print("differs:", line.decode(), "\n  expected", expected_end - j0, *[s - j0 for s in sent])
    print("%d schedules compared, seed %s: %d differ; ended by %s" % (seen, seed, wrong, ends))
    # every way to end must be among them, or the comparison proves little
    if wrong or seen != int(n) or min(ends.get(w, 0) for w in ("count", "user timeout", "model")) < seen // 100:
        sys.exit(1)


if __name__ == "__main__":
    main()
