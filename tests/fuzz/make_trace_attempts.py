#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes corpus/trace_attempt/: records of bpf/watch_shared.h as the ring has them, of little-endian hosts."""
import ctypes as c
import os

u8, u16, u32, u64, i32 = c.c_uint8, c.c_uint16, c.c_uint32, c.c_uint64, c.c_int32


class Flow(c.LittleEndianStructure):
    _fields_ = [("client", u8 * 16), ("server", u8 * 16), ("client_port", u16), ("server_port", u16), ("family", u8),
                ("room", u8 * 3)]


class Drop(c.LittleEndianStructure):
    _fields_ = [(n, u64) for n in "first_ns last_ns location".split()] + \
        [(n, u32) for n in "reason packets netns ifindex".split()] + \
        [(n, u8) for n in "reply reset output".split()] + [("room", u8 * 5)]


class Attempt(c.LittleEndianStructure):
    _fields_ = [(n, u64) for n in "socket cookie start_ns end_ns jiffies cgroup inode reset_ns soft_ns".split()] + \
        [(n, u32) for n in "netns uid isn flags".split()] + \
        [(n, i32) for n in "pid error soft_error closer_pid exit_code".split()] + \
        [(n, u32) for n in "user_timeout_ms rto_max_j rto_first_j".split()] + \
        [("n_retrans", u16)] + \
        [(n, u8) for n in "retransmits syncnt retries linear how by exiting n_drops icmp_origin icmp_type icmp_code "
         "icmp_has_from cgroup_known has_more timer icmp_own".split()] + \
        [("room", u8 * 2), ("icmp_from", u8 * 16), ("flow", Flow), ("comm", c.c_char * 16)]


class More(c.LittleEndianStructure):
    _fields_ = [("retrans_us", u32 * 24), ("drops", Drop * 3)]


S = 1000000000
PENDING, CONNECTED, ENDED, SEEN_GONE, NOT_BEGUN = range(5)
KERNEL, PROGRAM = 1, 2


def attempt(after_ns, how, **more):
    of = dict(socket=0xffff888012345678, cookie=7, start_ns=100 * S, end_ns=100 * S + after_ns, jiffies=4294917296,
              netns=4026531840, isn=0x12345678, pid=812, uid=1000, retries=5, how=how, cgroup=9, cgroup_known=1,
              comm=b"curl")
    of.update(more)
    a = Attempt(**of)
    a.flow = Flow((u8 * 16)(10, 0, 0, 1), (u8 * 16)(10, 0, 0, 2), 40000, 443, 4)
    return a


def whole(a, drops=(), syns=(1009, 3025, 7089, 15281, 31409)):
    m = More()
    for i, ms in enumerate(syns[:a.retransmits]):
        m.retrans_us[i] = ms * 1000
    for i, d in enumerate(drops):
        m.drops[i] = Drop(first_ns=a.start_ns + 1000, last_ns=a.end_ns, location=0xffffffff81234566, **d)
    a.n_drops, a.has_more = len(drops), 1
    return b"\1" + bytes(a) + bytes(m)


def first(a):
    return b"\0" + bytes(a)


timeout = dict(by=KERNEL, error=110, retransmits=5, n_retrans=5)
cases = {
    "established": first(attempt(300000, CONNECTED)),
    "late": whole(attempt(3026000000, CONNECTED, n_retrans=2, retransmits=2)),
    "refused": first(attempt(200000, ENDED, by=KERNEL, error=111, reset_ns=100 * S + 190000)),
    "icmp": first(attempt(2000000, ENDED, by=KERNEL, error=113, icmp_origin=2, icmp_type=3, icmp_code=1,
                          icmp_has_from=1)),
    "soft": whole(attempt(65 * S, ENDED, soft_ns=101 * S, soft_error=113, icmp_origin=3,
                          icmp_type=1, **timeout)),
    "timeout": whole(attempt(65 * S, ENDED, **timeout), [dict(reason=1, packets=6, output=1, netns=4026531840)]),
    "user-timeout": whole(attempt(5 * S, ENDED, user_timeout_ms=5000, by=KERNEL, error=110, retransmits=2,
                                  n_retrans=1)),
    "ignored": whole(attempt(65 * S, ENDED, **timeout), [dict(reason=2, packets=3, reply=1),
                                                         dict(reason=3, packets=1, reply=1),
                                                         dict(reason=4, packets=2, reply=1, reset=1)]),
    "closed": first(attempt(5 * S, ENDED, by=PROGRAM, closer_pid=812)),
    "killed": first(attempt(5 * S, ENDED, by=PROGRAM, exiting=1, exit_code=9)),
    "gone": first(attempt(5 * S, SEEN_GONE)),
    "not-begun": first(attempt(0, NOT_BEGUN, by=KERNEL, error=99)),
    "comm": first(attempt(300000, CONNECTED, comm=b"\x1b[2J\xff\xfe\n%s%n012")),
    "syns": whole(attempt(65 * S, ENDED, by=KERNEL, error=110, retransmits=255, n_retrans=65535, retries=127)),
}
cases["several"] = cases["timeout"] + cases["established"] + cases["ignored"] + cases["not-begun"]

where = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "trace_attempt")
os.makedirs(where, exist_ok=True)
for case, data in cases.items():
    with open(os.path.join(where, case), "wb") as f:
        f.write(data)
