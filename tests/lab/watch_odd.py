#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` tells of attempts in network namespaces that are set up in an unusual way.

watch_odd.py SYNSENT [--only TEXT] [--show]
"""
import datetime
import errno
import socket
import subprocess
import sys
import time

import watch_elsewhere
import watch_sockets
import watched
from watch_sockets import verdict
from watched import Watch, connect, connecting, listener

PORT, OTHER_PORT = 42101, 42102
NO_IPV6 = "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6"


class Test(watch_sockets.Test):
    def made(self, t, script):
        """A namespace of its own, and a `watch` of it that tells."""
        net = watched.Net()
        t.kept.append(net.process)
        net.run(script)
        w = self.watch(t, ["--netns", net.inode])
        with net:
            w.ready()
        return net, w

    def no_ipv6(self, t):
        """As most containers are made: the kernel has EADDRNOTAVAIL for any address of IPv6, and no program gave it."""
        net, w = self.made(t, NO_IPV6)
        for address in ("::1", "2001:db8::7"):
            with net:
                t.want("connect(%s)" % address, connecting(address, PORT)[1], errno.EADDRNOTAVAIL)
        attempts = self.attempts(t, w, 2)
        t.want("what is told", [(*verdict(a), a["synsent"]["headline"].split(":")[0]) for a in attempts],
               [("failed", "kernel", None, "certain", "EADDRNOTAVAIL",
                 "no address of IPv6 in its network namespace")] * 2)


    def time_namespace(self, t):
        """Where the monotonic clock has an offset, times are right all the same."""
        before = ["unshare", "--time", "--monotonic", "500000"]
        if subprocess.run([*before, "true"], stderr=subprocess.DEVNULL).returncode:
            print("left out: no time namespaces here")
            return
        for more in ([], ["--no-bpf"]):
            with self.home:
                w = Watch(self.synsent, ["-j", *(more or ["--netns", str(self.home.inode)])], before)
                t.watches.append(w)
                w.ready()
                began = time.time()
                t.want("connect()", connect("127.0.0.1", PORT), errno.ECONNREFUSED)
            for a in self.attempts(t, w, 1):
                start = datetime.datetime.fromisoformat(a["event"]["start"][:26] + "+00:00").timestamp()
                t.want("how far off its start is with %s: %.3f s" % (more, start - began), abs(start - began) < 1, True)

    def deferred(self, t):
        """A listener that waits for data takes no ACK without, and answers once more: that is no lost ACK."""
        with self.home:
            s = listener("127.0.0.1", OTHER_PORT)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
            w = self.watch(t, ["--inbound", "--netns", self.home.inode]).ready()
            c = socket.create_connection(("127.0.0.1", OTHER_PORT))
        time.sleep(1.5)  # until its second SYN-ACK
        told = [a["synsent"]["headline"] for a in w.end() if a["network"].get("direction") == "inbound"]
        c.close()
        s.close()
        t.want("what is told", [(h[:30], "TCP_DEFER_ACCEPT" in h) for h in told], [("its SYN-ACK was sent 2 times: ", True)])


PARTS = ("no_ipv6", "time_namespace", "deferred")


def main():
    return watch_elsewhere.run_test(Test, PARTS, __doc__)


if __name__ == "__main__":
    sys.exit(main())
