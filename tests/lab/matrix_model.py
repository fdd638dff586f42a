# SPDX-License-Identifier: GPL-2.0-or-later
"""What a program under a fault must come to, from what is known of the program, of the fault and of Linux.

Nothing here looks at synsent: a program is how it walks through the addresses of a name and when its patience
ends; a fault is what a connection attempt gets from it; and play() makes the attempts of it.  All times in seconds.
"""
import collections
import errno
import re

# One attempt to connect, if nobody abandons it.  syns: when they are sent, until the end.
Fate = collections.namedtuple("Fate", "outcome by limit error end syns replies drop")
# What is expected of an attempt.  error: errno, or None; syns: at least, at most; replies: (accepted, ignored), None:
# not looked at; drop: (place, is it a reply); cancelled: it was given up since another one had won.
Attempt = collections.namedtuple("Attempt", "family start end outcome by limit error syns replies drop cancelled")
# The status is the program's; connects counts its tries, each of which is one connect() to its user.
Story = collections.namedtuple("Story", "attempts status connects")

SOON = 0.01  # a bad acknowledgement makes the kernel send again within two or three jiffies


class Kernel:
    """tcp_syn_retries, with linear timeouts 0; the first RTO is 1 s but in fast runs (RFC 6298)."""

    def __init__(self, retries, rto=1.0):
        self.retries, self.rto = retries, rto

    def schedule(self, first=None):
        """When the SYNs leave, and the give-up; the first retransmission is hurried to `first`."""
        times, rto = [0.0], self.rto
        for n in range(self.retries + 1):
            times.append(times[-1] + rto)
            if n == 0 and first is not None:
                # The timer is armed anew, already doubled, when the SYN was sent again.
                times[-1] = first
            rto *= 2
        return times[:-1], times[-1]


def silence(kernel, drop, replies=(0, 0), hurried=False):
    syns, end = kernel.schedule(SOON if hurried else None)
    return Fate("timed-out", "kernel", "syn-retries", errno.ETIMEDOUT, end, syns, replies, drop)


def connects(end=0.0, syns=(0.0,), drop=None):
    return Fate("established", "nobody", None, None, end, list(syns), (1, 0), drop)


def refused():
    return Fate("refused", "peer", None, errno.ECONNREFUSED, 0.0, [0.0], (1, 0), None)


def unreachable(error):
    return Fate("unreachable", "network", None, error, 0.0, [0.0], (1, 0), None)


def no_packet(outcome, error):
    return Fate(outcome, "kernel", None, error, 0.0, [], (0, 0), None)


# (place, is it a reply): where the packet is lost
PATH, PATH_BACK, OWN_RULE = ("path-or-peer", False), ("path-or-peer", True), ("local-output", False)


def after_first_loss(kernel, drop):
    syns, _ = kernel.schedule()
    return connects(syns[1], syns[:2], drop)


# fault -> what an attempt gets: (kernel, family, how many before it went to this address)
FAULTS = {
    "syn-drop": lambda k, family, nth: silence(k, PATH),
    "syn-drop:1": lambda k, family, nth: after_first_loss(k, PATH),
    "synack-drop": lambda k, family, nth: silence(k, PATH_BACK),
    "firewall:drop": lambda k, family, nth: silence(k, OWN_RULE),
    # tcp_v4_conn_request() ignores the SYN.
    "backlog-full": lambda k, family, nth: silence(k, ("peer-backlog", False)),
    # tcp_rcv_synsent_state_process(): ignored, but the retransmission timer is hurried, once.
    "rst:bad-ack": lambda k, family, nth: silence(k, None, None, True),
    "synack:bad-ack": lambda k, family, nth: silence(k, None, None, True),
    "rst": lambda k, family, nth: refused(),
    # The same to the program, but nobody else had a part in it.
    "firewall:reject": lambda k, family, nth: refused()._replace(by="network", drop=OWN_RULE),
    # icmp_err_convert[] and icmpv6_err_convert()
    "icmp:host": lambda k, family, nth: unreachable(errno.EHOSTUNREACH),
    "icmp:net": lambda k, family, nth: unreachable(errno.ENETUNREACH),
    "icmp:admin": lambda k, family, nth: unreachable(errno.EACCES if family == 6 else errno.EHOSTUNREACH),
    # The lookup of the route fails before there is a packet.
    "no-route": lambda k, family, nth: no_packet("unreachable", errno.ENETUNREACH),
    "prohibit-route": lambda k, family, nth: no_packet("failed", errno.EACCES),
    "blackhole-route": lambda k, family, nth: no_packet("failed", errno.EINVAL),
    "conntrack-stale": lambda k, family, nth: connects() if nth else silence(k, PATH),
}


def fate(fault, kernel, family, nth):
    name, _, scope = fault.partition("@")
    if scope and scope != "v%d" % family:
        return connects()
    delay = re.fullmatch(r"delay:(\d+)ms", name)
    if delay:
        return connects(2e-3 * int(delay.group(1)))
    return FAULTS[name](kernel, family, nth)


def attempt(f, family, start, limit=None, killed=False, cancelled=False):
    """An attempt with this fate, unless the program's patience ends at `limit`, seconds after its start."""
    if limit is None or f.end < limit:
        return Attempt(family, start, start + f.end, f.outcome, f.by, f.limit, f.error, (len(f.syns),) * 2, f.replies,
                       f.drop, False)
    # The clocks of both are not the same: a SYN that is due at about that time may be in it or not.
    syns = tuple(sum(t < limit + slack for t in f.syns) for slack in (-0.06, 0.06))
    verdict = ("killed", "signal", None) if killed else ("abandoned", "application", "app-timer")
    silent = f.outcome == "timed-out"
    return Attempt(family, start, start + limit, *verdict, None, syns, f.replies if silent else None,
                   f.drop if silent else None, cancelled)


class World:
    """Counts what went to each address."""

    def __init__(self, fault, kernel):
        self.fault, self.kernel, self.tries = fault, kernel, collections.Counter()

    def fate(self, family):
        self.tries[family] += 1
        return fate(self.fault, self.kernel, family, self.tries[family] - 1)


def in_sequence(p, world, start):
    """One address after the other, until one connects; each has the program's patience."""
    made = []
    for i, family in enumerate(p.families):
        limit = p.timer
        if p.hands_over and i + 1 < len(p.families):
            limit = p.hands_over
        if p.killed_after:
            limit = p.killed_after - start
        made.append(attempt(world.fate(family), family, start, limit, bool(p.killed_after)))
        start = made[-1].end
        if made[-1].outcome in ("established", "killed"):
            break
    return made


def in_a_race(p, world, start):
    """RFC 8305: the second address is tried when the first one failed, or after a while; the loser is closed."""
    first, second = p.families
    a = world.fate(first)
    lead = min(p.race, a.end)
    if a.outcome == "established" and a.end <= p.race:
        return [attempt(a, first, start)]
    b = world.fate(second)
    won = [f.end + after for f, after in ((a, 0), (b, lead)) if f.outcome == "established"]
    patience = min([p.timer or float("inf")] + won)
    made = []
    for f, family, after in ((a, first, 0), (b, second, lead)):
        limit = patience - after
        over = f.end > limit
        made.append(attempt(f, family, start + after, limit if over else None, cancelled=over and bool(won)))
    return made


def play(p, fault, kernel):
    """The Story of program p (a row of matrix_programs.py) under the fault."""
    world, made, connects_made, start = World(fault, kernel), [], 0, 0.0
    for n in range(p.tries):
        now = (in_a_race if p.race else in_sequence)(p, world, start)
        made += now
        connects_made += 1
        last = now[-1] if not p.race else max(now, key=lambda a: a.end)
        if any(a.outcome in ("established", "killed") for a in now) or last.error in p.gives_up_on:
            break
        start = last.end + p.pause
    return Story(made, p.status(made), connects_made)
