#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What programs print when their connection fails: `synsent explain -` knows it, and means whom `synsent lab` found.

explain.py SYNSENT [--user nobody] [--jobs N] [--only TEXT]

The entries say "seen with" where that is so; here it is seen.  A program that is missing is reported and left out; the
test is skipped when all are.
"""
import argparse
import json
import subprocess
import sys

import harness

HOST, PORT = "127.0.0.1", "12345"
URL = "http://%s:%s/" % (HOST, PORT)
PYTHON = sys.executable or "/usr/bin/python3"
NODE = "require('net').connect(%s, '%s').on('error', e => console.log(String(e)))" % (PORT, HOST)
PERL = "use IO::Socket::INET; IO::Socket::INET->new(PeerAddr => '%s:%s'%%s) or die qq($@\\n)" % (HOST, PORT)
JAVA = """import java.net.*;
class Connect {
    public static void main(String[] a) throws Exception {
        new Socket().connect(new InetSocketAddress("%s", %s), Integer.parseInt(a[0]));
    }
}
""" % (HOST, PORT)
SSH = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-p", PORT]
PSQL = ["psql", "-h", HOST, "-p", PORT, "-U", "x"]


def python(timeout):
    return [PYTHON, "-c", "import socket; socket.create_connection(('%s', %s)%s)" % (HOST, PORT, timeout)]


# who gave up, by the lab; the entry that is explained first; the program; the command
KERNEL, APPLICATION, PEER = "kernel", "application", "peer"
CLIENTS = (
    (KERNEL, "curl: the kernel's timeout", "curl", ["curl", "-sS", URL]),
    (APPLICATION, "curl's own timer", "curl", ["curl", "-sS", "--connect-timeout", "1", URL]),
    (APPLICATION, "curl's own timer", "curl", ["curl", "-sS", "-m", "1", URL]),
    (PEER, "curl: (7)", "curl", ["curl", "-sS", URL]),
    (KERNEL, "wget: connect failed", "wget", ["wget", "-t", "1", "-O", "-", URL]),
    (APPLICATION, "wget: connect failed", "wget", ["wget", "-t", "1", "-T", "1", "-O", "-", URL]),
    (PEER, "ECONNREFUSED", "wget", ["wget", "-t", "1", "-O", "-", URL]),
    (KERNEL, "nc", "nc", ["nc", "-v", HOST, PORT]),
    (APPLICATION, "nc", "nc", ["nc", "-v", "-w", "1", HOST, PORT]),
    (PEER, "nc", "nc", ["nc", "-v", HOST, PORT]),
    (KERNEL, "nc", "ncat", ["ncat", HOST, PORT]),
    (APPLICATION, "nc", "ncat", ["ncat", "-w", "1", HOST, PORT]),
    (KERNEL, "redis-cli", "redis-cli", ["redis-cli", "-h", HOST, "-p", PORT, "ping"]),
    (PEER, "redis-cli", "redis-cli", ["redis-cli", "-h", HOST, "-p", PORT, "ping"]),
    (KERNEL, "MariaDB: 2002", "mariadb", ["mariadb", "-h", HOST, "-P", PORT, "-u", "x"]),
    (APPLICATION, "MariaDB: 2002", "mariadb", ["mariadb", "-h", HOST, "-P", PORT, "-u", "x", "--connect-timeout=1"]),
    (KERNEL, "telnet: unable to connect", "telnet", ["telnet", HOST, PORT]),
    (KERNEL, "ssh: connect to host", "ssh", SSH + ["x@" + HOST]),
    (APPLICATION, "ssh: connect to host", "ssh", SSH + ["-o", "ConnectTimeout=1", "x@" + HOST]),
    (PEER, "ssh: refused or unreachable", "ssh", SSH + ["x@" + HOST]),
    (KERNEL, "libpq: the kernel's timeout", "psql", PSQL),
    (APPLICATION, "libpq: timeout expired", "psql", ["env", "PGCONNECT_TIMEOUT=2"] + PSQL),
    (PEER, "libpq: refused or unreachable", "psql", PSQL),
    (KERNEL, "git: failed to connect", "git", ["git", "ls-remote", URL + "x"]),
    (KERNEL, "git: failed to connect", "git", ["git", "ls-remote", "git://%s:%s/x" % (HOST, PORT)]),
    (KERNEL, "bash /dev/tcp", "bash", ["bash", "-c", "exec 3<>/dev/tcp/%s/%s" % (HOST, PORT)]),
    (KERNEL, "Perl: connect timeout", "perl", ["perl", "-e", PERL % ""]),
    (APPLICATION, "Perl: connect timeout", "perl", ["perl", "-e", PERL % ", Timeout => 1"]),
    (KERNEL, "Python: Errno 110", PYTHON, python("")),
    (APPLICATION, "Python: timed out", PYTHON, python(", 1")),
    (PEER, "Python: refused or unreachable", PYTHON, python("")),
    (KERNEL, "Node: connect ETIMEDOUT", "node", ["node", "-e", NODE]),
    (PEER, "Node: refused or unreachable", "node", ["node", "-e", NODE]),
    (KERNEL, "Java: the kernel's timeout", "java", ["java", "Connect.java", "0"]),
    (APPLICATION, "Java: connect timed out", "java", ["java", "Connect.java", "1000"]),
    (PEER, "Java: refused or unreachable", "java", ["java", "Connect.java", "0"]),
)


def explained(synsent, text):
    """The names of the entries, in the order in which they come."""
    done = subprocess.run([synsent.binary, "explain", "-j", "-"], input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, env=harness.ENV, timeout=30)
    return [o["name"] for o in map(json.loads, done.stdout.splitlines()) if "name" in o]


def check(r, synsent, gave_up_by, entry):
    r.want("gave_up_by", harness.verdict(r.last)["gave_up_by"] if r.objects else None, gave_up_by)
    names = explained(synsent, r.err)
    if names[:1] != [entry]:
        r.wrong.append("%r is explained, not %r: %s" % (names, entry, r.err))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--only", default="")
    o = parser.parse_args()
    chosen = [c for c in CLIENTS if o.only in c[1]]
    there = [c for c in chosen if harness.found(c[2])]
    for program in sorted({c[2] for c in chosen} - {c[2] for c in there}):
        print("left out: %s is missing" % program)
    if not there:
        harness.skip("none of the client programs is there")
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        synsent.need()
        with open(synsent.path("Connect.java"), "w") as f:
            f.write(JAVA)

        def one(case):
            gave_up_by, entry, _, command = case
            command = [synsent.path(word) if word == "Connect.java" else word for word in command]
            scenario = "reset" if gave_up_by == PEER else "drop"
            r = synsent.run(["lab", "-j", "--retries", "1", "--linear", "0", "--scenario", scenario, "--"] + command)
            check(r, synsent, gave_up_by, entry)
            r.report()
            return r

        wrong = sum(bool(r.wrong) for r in harness.all_of(o.jobs, one, there))
    print("as %s: %d texts, %d wrong" % (synsent.user, len(there), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
