#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` says of answers that come later than the next SYN, and of a SYN that leaves later than connect().

watch_late.py SYNSENT [--only TEXT] [--show]
"""
import argparse
import os
import sys
import time

import harness
import watched
from tun_peer import THERE, Peer
from watch_elsewhere import run_parts
from watched import Watch, connect

LATE, LATE_BARE, SECOND, SECOND_BARE, MIDDLE = 401, 402, 403, 404, 405
ANSWERS = {LATE: [(0, 1.3, True, 0)], LATE_BARE: [(0, 1.3, False, 0)], SECOND: [(1, 0.05, True, 1)],
           SECOND_BARE: [(1, 0.05, False, 1)], MIDDLE: [(1, 1.3, True, 1)]}
# how many SYNs, which was answered, and what the headline says
TOLD = {LATE: (2, 0, "SYN 0 had reached the server"), LATE_BARE: (2, None, "which of them was answered is not known"),
        SECOND: (2, 1, "SYN 0 got no usable answer"), SECOND_BARE: (2, None, "which of them was answered is not known"),
        MIDDLE: (3, 1, "SYN 1 had reached the server")}


class Test:
    def __init__(self, synsent):
        self.synsent = synsent

    def late(self, t, *args, known=True):
        """A SYN-ACK that comes when SYN 1 has left, too: its timestamp tells which it answers, if it has one."""
        net = watched.Net()
        t.kept += [net.process, Peer(net, ANSWERS)]
        with net:
            w = Watch(self.synsent, ["-j", *args])
            t.watches.append(w)
            w.ready()
            for port in ANSWERS:
                t.want("it connects to port %d" % port, connect(THERE, port, 5), 0)
        time.sleep(0.3)
        attempts = {a["server"]["port"]: a["synsent"] for a in w.end() if a["synsent"].get("netns", net.inode) == net.inode}
        t.want("the attempts", set(attempts), set(ANSWERS))
        for port, (syns, answered, says) in TOLD.items():
            a = attempts.get(port)
            if not a:
                continue
            if not known:
                answered, says = None, "which of them was answered is not known"
            what = "of port %d " % port
            t.want(what + "the outcome", (a["outcome"], len(a["syns_ns"])), ("established", syns))
            t.want(what + "the SYN that was answered", a.get("answered_syn"), answered)
            t.want(what + "the headline %r says so" % a["headline"], says in a["headline"], True)

    def late_bpf(self, t):
        self.late(t)

    def late_packets(self, t):
        self.late(t, "--no-bpf")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("synsent")
    p.add_argument("--only", default="")
    p.add_argument("--show", action="store_true", help="all that was said in a part that is wrong")
    o = p.parse_args()
    if os.geteuid():
        harness.skip("other network namespaces are made by root only")
    if not os.path.exists("/dev/net/tun"):
        harness.skip("no TUN device")
    with harness.Synsent(o.synsent) as synsent:
        return run_parts(Test(synsent), ("late_bpf", "late_packets"), o)


if __name__ == "__main__":
    sys.exit(main())
