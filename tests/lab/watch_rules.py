#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`synsent watch --rules` names the rule that dropped a SYN, or answered it; and what it added is gone afterwards.

watch_rules.py SYNSENT

In a network namespace of its own, with rules of nft and both iptables in one ruleset.  tests/lab/rules.py has more of
them, without `watch`; here is what a user sees, with --rules and, by counters, without.
"""
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import harness

NFT = """table inet fw {
	set bad {
		type inet_service
		elements = { 7002 }
	}
	chain sub {
		tcp dport 7001 counter drop comment "one two"
	}
	chain input {
		type filter hook input priority 0;
		tcp dport vmap { 7001 : jump sub }
		tcp dport @bad counter drop
	}
	chain output {
		type filter hook output priority 0;
		tcp dport 7003 counter drop
		tcp dport 7004 reject with tcp reset
	}
}
"""
READY_PORT = 7000  # nothing listens there, and no rule names it: what is told of it shows that all is told
# port -> what must be named, where, and whether counters alone can tell
EXPECTED = {
    7001: ("nft inet fw sub handle", "one two", "local-input", True),
    7002: ("nft inet fw input handle", "@bad counter drop", "local-input", True),
    7003: ("nft inet fw output handle", "tcp dport 7003 counter drop", "local-output", True),
    7004: ("nft inet fw output handle", "reject with tcp reset", "local-output", False),
    7005: ("ip filter INPUT handle", "7005", "local-input", True),
    7006: ("iptables-legacy filter INPUT rule 1", "--dport 7006", "local-input", True),
}


def sh(command, text=None):
    r = subprocess.run(command, shell=True, input=text, text=True, capture_output=True)
    if r.returncode:
        raise RuntimeError("%s: %s" % (command, r.stderr))
    return r.stdout


def ruleset():
    """All of it without what counts."""
    legacy = sh("iptables-legacy-save") if shutil.which("iptables-legacy-save") else ""
    return sh("nft -s list ruleset"), "\n".join(x for x in legacy.splitlines() if x[:1] not in ":#")


def attempt(port):
    s = socket.socket()
    s.settimeout(0.8)
    try:
        s.connect(("127.0.0.1", port))
    except OSError:
        pass
    s.close()


def watch(synsent, rules, ports):
    """What is told of each port, one after the other so that counters can tell them apart."""
    p = subprocess.Popen([synsent, "watch", "-j", "--pid", str(os.getpid())] + ["--rules"] * rules, env=harness.ENV,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 15
    while not select.select([p.stdout], [], [], 0.1)[0] and time.monotonic() < deadline:
        attempt(READY_PORT)
    time.sleep(1.2)  # and the counters have been read before the first of these
    if rules:
        threads = [threading.Thread(target=attempt, args=(port,)) for port in ports]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    else:
        for port in ports:
            attempt(port)
            time.sleep(1.1)
    time.sleep(0.3)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=20)
    if p.returncode:
        print("WRONG: watch%s: status %d: %s" % (" --rules" * rules, p.returncode, err.decode()))
    return {a["server"]["port"]: a for a in map(json.loads, out.splitlines())}, p.returncode != 0


def check(synsent, rules, ports):
    told, wrong = watch(synsent, rules, ports)
    for port in ports:
        name, text, place, _ = EXPECTED[port]
        drop = told.get(port, {}).get("synsent", {}).get("drop", {})
        rule = drop.get("rule", "")
        if name not in rule or text not in rule or drop.get("place") != place:
            print("WRONG: port %d%s: %s, not %s ... %s at %s" % (port, ", traced" * rules, drop or told.get(port), name,
                                                                 text, place))
            wrong = True
    return wrong


def inside(synsent):
    sh("ip link set lo up")
    sh("nft -f -", NFT)
    ports = [7001, 7002, 7003, 7004]
    if shutil.which("iptables-nft"):
        sh("iptables-nft -A INPUT -p tcp --dport 7005 -j DROP")
        ports.append(7005)
    if shutil.which("iptables-legacy") and not subprocess.run(
            "iptables-legacy -A INPUT -p tcp --dport 7006 -j DROP", shell=True, capture_output=True).returncode:
        ports.append(7006)
    left = [p for p in EXPECTED if p not in ports]
    before = ruleset()
    wrong = check(synsent, True, ports)
    if ruleset() != before:
        print("WRONG: the ruleset is not what it was")
        wrong = True
    p = subprocess.Popen([synsent, "watch", "-q", "--rules"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline, traced = time.monotonic() + 15, False
    while not traced and time.monotonic() < deadline:
        time.sleep(0.1)
        traced = ruleset() != before
    p.kill()
    p.wait()
    time.sleep(0.2)
    if not traced or ruleset() != before:
        print("WRONG: after SIGKILL the ruleset is not what it was" if traced else "WRONG: --rules added nothing")
        wrong = True
    wrong |= check(synsent, False, [p for p in ports if EXPECTED[p][3]][1:3])
    print("%d rules named%s; %s" % (len(ports), ", left out for want of iptables: %s" % left if left else "",
                                    "WRONG" if wrong else "0 wrong"))
    return wrong


def main():
    if os.geteuid():
        harness.skip("rules are named as root only")
    if not shutil.which("nft"):
        harness.skip("nft is not installed")
    if sys.argv[2:] == ["inside"]:
        return inside(sys.argv[1])
    return subprocess.call(["unshare", "--net", sys.executable, __file__, os.path.abspath(sys.argv[1]), "inside"])


if __name__ == "__main__":
    sys.exit(main())
