# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that connect, and what is known of how they do: from their manuals and sources, not from synsent.

A row says which addresses of a name a program tries and in which order, how long it waits for each, whether it tries
again, and what its exit status tells.
"""
import dataclasses
import errno

NAME, V4 = "db.internal", "198.51.100.7"
PYTHON = "/usr/bin/python3"
# A name has both addresses, and getaddrinfo() sorts that of IPv6 first (RFC 6724's default table of precedence).
BOTH, V4_ONLY, V6_FIRST = (6, 4), (4,), (6,)


def last_errno(made, timer):
    """The program ends with the errno that it saw last; `timer` when it was its own timer."""
    return made[-1].error or timer


def curl_status(made):
    """CURLE_OPERATION_TIMEDOUT whoever's time it was, else CURLE_COULDNT_CONNECT."""
    error = max(made, key=lambda a: a.end).error
    return 28 if error in (None, errno.ETIMEDOUT) else 7


@dataclasses.dataclass
class Program:
    name: str
    needs: str  # a program that must be there; it is asked for its version where `version` is given
    command: list
    comm: str  # as the kernel has it
    families: tuple = BOTH  # in order
    timer: float = None  # patience with each address; in a race, with all together.  None: the kernel's
    early: float = 0.3  # so much earlier may it end: a timer that begins before the SYN, a clock of whole seconds
    race: float = None  # after so long the next address is tried too
    hands_over: float = None  # after so long an address is given up, but for the last one
    killed_after: float = None
    tries: int = 1
    pause: float = 0  # between them
    gives_up_on: tuple = ()  # errors after which there is no other try
    connected: int = 0  # the exit status after a connection that the far end served or closed
    failed: object = 1  # a status, or what makes it of the attempts
    serve: str = "close"
    literal: bool = False  # it is given an address, not a name
    full: bool = False  # with --full only
    version: int = None  # the oldest that is known to do so

    def status(self, made):
        if any(a.outcome == "established" for a in made):
            return self.connected
        if self.killed_after and made[-1].outcome == "killed":
            return 124  # timeout(1)
        return self.failed(made) if callable(self.failed) else self.failed


def python(*lines):
    """A script that ends with the errno of its exception; 99 when there is none, as in TimeoutError of a timer."""
    body = ["try:"] + ["    " + line for line in lines] + ["except OSError as e:", "    sys.exit(e.errno or 99)"]
    return [PYTHON, "-c", "\n".join(["import sys, socket, struct"] + body)]


ASYNCIO = ("import asyncio", "asyncio.run(asyncio.open_connection('%s', 80, happy_eyeballs_delay=0.4))" % NAME)
HTTP_CLIENT = ("import http.client", "http.client.HTTPConnection('%s', timeout=1.5).request('GET', '/')" % NAME)
SNDTIMEO = ("s = socket.socket()", "s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('ll', 1, 500000))",
            "s.connect(('%s', 80))" % V4)
# It does not block: of each try a second connect() tells how it ended, and a third one tries again.  An ICMP error of
# an earlier try that stays in the socket's error queue (MSG_ERRQUEUE) would make select() return at once.
SAME_SOCKET = ("import select", "s = socket.socket()", "s.setblocking(False)", "for _ in range(3):",
               "    e = s.connect_ex(('%s', 80))" % V4, "    if e == 115:", "        select.select([], [s], [])",
               "        e = s.connect_ex(('%s', 80))" % V4, "    if not e:", "        break", "    try:",
               "        s.recvmsg(1, 512, 0x2000)", "    except OSError:", "        pass", "sys.exit(e)")


def node(script):
    return ["node", "-e", "const fail = e => process.exit(require('os').constants.errno[e.code] || 99); " + script]


NODE_HTTP = ("require('http').get({host: '%s', autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 250}, "
             "r => r.resume()).on('error', fail)" % NAME)
NODE_NET = ("const s = require('net').connect({host: '%s', port: 80, timeout: 1500}); s.on('error', fail); "
            "s.on('connect', () => process.exit(0)); s.on('timeout', () => process.exit(98))" % V4)


def perl(module, more=""):
    return ["perl", "-MIO::Socket::" + module, "-e",
            "IO::Socket::%s->new(PeerAddr => '%s', PeerPort => 80%s) or exit($! + 0)" % (module, NAME, more)]


URL = "http://%s/" % NAME
SSH = ["ssh", "-F", "none", "-o", "BatchMode=yes"]
PSQL = ["psql", "-w", "-h", NAME, "-U", "x"]
DEV_TCP = ["bash", "-c", "exec 3<>/dev/tcp/%s/5432" % NAME]
# retryable_socket_connect_error() of wget's connect.c, without --retry-connrefused
WGET_NO_RETRY = (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EINVAL)
JAVA = """import java.net.*;
class Connect {
    public static void main(String[] a) throws Exception {
        new Socket().connect(new InetSocketAddress("%s", 80), 1500);
    }
}
""" % V4

CURL = ["curl", "-s", "-o", "/dev/null"]
WGET = ["wget", "-q", "-O", "/dev/null"]
CREATE = "socket.create_connection(('%s', 80)%%s)" % NAME


def own_timer(status):
    """What last_errno() makes of the attempts, where the program's own timer is `status`."""
    return lambda made: last_errno(made, status)


PROGRAMS = (
    # libcurl: --connect-timeout is 300 s by default, far beyond the kernel here; Happy Eyeballs after 200 ms
    # (CURL_HET_DEFAULT).
    Program("curl", "curl", CURL + [URL], "curl", race=0.2, failed=curl_status, serve="auto"),
    Program("curl --connect-timeout 2", "curl", CURL + ["--connect-timeout", "2", URL], "curl", race=0.2,
            timer=2, failed=curl_status, serve="auto"),
    # The same libcurl, in git's helper.  No repository answers, so it always fails.
    Program("git clone", "git", ["git", "clone", "-q", URL + "x", "{dir}"], "git-remote-http", race=0.2, connected=128,
            failed=128, serve="http"),
    # wget: -T is alarm() and longjmp(), for each address; tries again after 1 s, then 2 s, ... (--waitretry).
    Program("wget -t 1", "wget", WGET + ["-t", "1", URL], "wget", failed=4, serve="auto"),
    Program("wget -t 2 -T 1.5", "wget", WGET + ["-t", "2", "-T", "1.5", URL], "wget", timer=1.5,
            tries=2, pause=1, gives_up_on=WGET_NO_RETRY, failed=4, serve="auto"),
    # OpenBSD's nc: poll(), for each address, without -w for ever.
    Program("nc", "nc", ["nc", NAME, "5432"], "nc"),
    Program("nc -w 2", "nc", ["nc", "-w", "2", NAME, "5432"], "nc", timer=2),
    Program("telnet", "telnet", ["telnet", NAME, "5432"], "telnet"),
    # ssh: timeout_connect() for each address; ConnectTimeout is not set by default.
    Program("ssh", "ssh", SSH + [NAME], "ssh", connected=255, failed=255),
    Program("ssh ConnectTimeout=2", "ssh", SSH + ["-o", "ConnectTimeout=2", NAME], "ssh", timer=2, connected=255,
            failed=255),
    # libpq: connect_timeout for each address; its clock is time(), so up to 1 s may be missing.
    Program("psql", "psql", PSQL, "psql", connected=2, failed=2, full=True),
    Program("psql PGCONNECT_TIMEOUT=2", "psql", ["env", "PGCONNECT_TIMEOUT=2"] + PSQL, "psql", timer=2, early=1.06,
            connected=2, failed=2),
    # hiredis: IPv4 unless the name has none, its first address alone.  redis-cli connects when it starts and, if that
    # failed, once more for the command.
    Program("redis-cli", "redis-cli", ["redis-cli", "-h", NAME, "ping"], "redis-cli", families=V4_ONLY, tries=2,
            connected=1),
    Program("python3 create_connection", PYTHON, python(CREATE % ""), "python3", failed=own_timer(99)),
    Program("python3 create_connection, 1.5", PYTHON, python(CREATE % ", 1.5"), "python3", timer=1.5,
            failed=own_timer(99)),
    Program("python3 http.client, 1.5", PYTHON, python(*HTTP_CLIENT), "python3", timer=1.5, failed=own_timer(99)),
    # SO_SNDTIMEO: connect() returns EINPROGRESS then, and the script ends.
    Program("python3 SO_SNDTIMEO 1.5", PYTHON, python(*SNDTIMEO), "python3", families=V4_ONLY, literal=True, timer=1.5,
            failed=own_timer(errno.EINPROGRESS)),
    Program("python3, a socket three times", PYTHON, python(*SAME_SOCKET), "python3", families=V4_ONLY, literal=True,
            tries=3, failed=own_timer(None)),
    # Two failures are one exception without an errno, unless they read the same: those of connect() itself name no
    # address.
    Program("python3 asyncio, Happy Eyeballs", PYTHON, python(*ASYNCIO), "python3", race=0.4,
            failed=lambda made: 99 if made[0].syns[1] else made[0].error),
    # Node 20 (before, the error has no code): autoSelectFamily; each address has 250 ms, the last one all the time
    # there is.  The error is that of the first address, and ETIMEDOUT when it was that timer.
    Program("node http", "node", node(NODE_HTTP), "node", hands_over=0.25, serve="auto", version=20,
            failed=lambda made: made[0].error or errno.ETIMEDOUT),
    Program("node net, timeout 1500", "node", node(NODE_NET), "node", families=V4_ONLY, literal=True, timer=1.5,
            failed=own_timer(98)),
    # IO::Socket::INET knows IPv4 alone; Timeout is for each address (IO::Socket::IP's manual says so).
    Program("perl IO::Socket::INET", "perl", perl("INET", ", Timeout => 2"), "perl", families=V4_ONLY, timer=2,
            failed=own_timer(errno.ETIMEDOUT)),
    Program("perl IO::Socket::IP", "perl", perl("IP"), "perl", failed=own_timer(None)),
    Program("perl IO::Socket::IP, Timeout", "perl", perl("IP", ", Timeout => 2"), "perl", timer=2,
            failed=own_timer(errno.ETIMEDOUT)),
    Program("bash /dev/tcp", "bash", DEV_TCP, "bash"),
    Program("timeout 2 bash /dev/tcp", "timeout", ["timeout", "2"] + DEV_TCP, "bash", killed_after=2),
    # busybox: the first address alone.  (Debian 12's wget -T crashes before it connects.)
    Program("busybox nc -w 2", "busybox", ["busybox", "nc", "-w", "2", NAME, "5432"], "busybox", families=V6_FIRST,
            timer=2),
    Program("busybox wget", "busybox", ["busybox", "wget", "-q", "-O", "/dev/null", URL], "busybox", families=V6_FIRST,
            serve="auto"),
    Program("java Socket.connect, 1500", "java", ["java", "{java}"], "java", families=V4_ONLY, literal=True,
            timer=1.5, full=True),
)
