#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent watch` tells of attempts in network namespaces that are set up in an unusual way.

watch_odd.py SYNSENT [--only TEXT] [--show]
"""
import errno
import sys

import watch_elsewhere
import watch_sockets
import watched
from watch_sockets import verdict
from watched import connecting

PORT = 42101
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


PARTS = ("no_ipv6",)


def main():
    return watch_elsewhere.run_test(Test, PARTS, __doc__)


if __name__ == "__main__":
    sys.exit(main())
