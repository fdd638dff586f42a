#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`synsent watch --rules` names the rule that dropped a SYN, or answered it; and what it added is gone afterwards.

watch_rules.py SYNSENT

In a network namespace of its own, with rules of nft and both iptables in one ruleset.  tests/lab/rules.py has more of
them, without `watch`; here is what a user sees, with --rules and, by counters, without; by counters also of several faults at once.
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
# Several faults at once, of which counters tell some.
AT_ONCE = """flush ruleset
table inet t {
	set bad {
		type inet_service
		elements = { 5551 }
	}
	chain input {
		type filter hook input priority 0;
		tcp dport 5555 counter drop comment "old rule, other port"
		tcp dport 6666 drop
		tcp dport 7777 reject with tcp reset
		tcp dport 8888 counter reject
		tcp dport @bad counter drop
		meta mark 7 tcp dport 5551 drop
		tcp sport 5552 tcp flags & (syn | ack) == syn | ack counter drop
		tcp dport 5553 counter drop comment "%s"
	}
}
""" % ("word " * 25)
# port -> the true rule, and how it must be known: None where counters cannot tell
TOLD_AT_ONCE = {
    5555: ("dport 5555 counter drop", "counter"),
    6666: (None, None),
    7777: (None, None),
    8888: ("dport 8888 counter reject", "counter"),
    5552: ("tcp sport 5552", "counter"),
    5553: ("dport 5553 counter drop", "counter"),
    5551: ("@bad counter drop", "guess"),
}
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


def attempt(port, timeout=0.8):
    s = socket.socket()
    s.settimeout(timeout)
    try:
        s.connect(("127.0.0.1", port))
    except OSError:
        pass
    s.close()


def all_at_once(ports):
    """The last one alone: its set may be of any port."""
    for some in (ports[:-1], ports[-1:]):
        threads = [threading.Thread(target=attempt, args=(port, 1.3)) for port in some]
        for t in threads:
            t.start()
            time.sleep(0.3)
        for t in threads:
            t.join()
        time.sleep(0.5)  # and the counters have been read


def watch(synsent, rules, ports, act=None, rest=1.1):
    """What is told of each port; without rules, and an act of its own, they are tried one after the other, with so many
    seconds in between."""
    p = subprocess.Popen([synsent, "watch", "-j", "--pid", str(os.getpid())] + ["--rules"] * rules, env=harness.ENV,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 15
    while not select.select([p.stdout], [], [], 0.1)[0] and time.monotonic() < deadline:
        attempt(READY_PORT)
    time.sleep(rest + 0.1)  # and the counters have been read before the first of these
    if act:
        act(ports)
    elif rules:
        threads = [threading.Thread(target=attempt, args=(port,)) for port in ports]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    else:
        for port in ports:
            attempt(port)
            time.sleep(rest)
    time.sleep(0.3)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=20)
    if p.returncode:
        print("WRONG: watch%s: status %d: %s" % (" --rules" * rules, p.returncode, err.decode()))
    return {a["server"]["port"]: a for a in map(json.loads, out.splitlines())}, p.returncode != 0


def check(synsent, rules, ports):
    """What is told must be true.  Where nothing is, it is tried again with more time: reading the counters takes long on
    a busy machine, and is not done again until that time is a small part of all (cli/watch_counters.c may_look())."""
    told, wrong = watch(synsent, rules, ports)
    for rest in (3, 6, 12):
        late = [port for port in ports if (not rules or "legacy" in EXPECTED[port][0]) and
                "rule" not in told.get(port, {}).get("synsent", {}).get("drop", {"rule": None})]
        if late:
            print("not read in time, and tried again: %s" % late)
            again, failed = watch(synsent, rules, late, rest=rest)
            told.update(again)
            wrong |= failed
    for port in ports:
        name, text, place, _ = EXPECTED[port]
        drop = told.get(port, {}).get("synsent", {}).get("drop", {})
        rule = drop.get("rule", "")
        by = drop.get("rule_by"), ("trace" if rules and "legacy" not in name else "counter")
        if name not in rule or text not in rule or drop.get("place") != place or by[0] != by[1]:
            print("WRONG: port %d%s: %s, not %s ... %s at %s" % (port, ", traced" * rules, drop or told.get(port), name,
                                                                 text, place))
            wrong = True
    return wrong


def check_at_once(synsent):
    """Each rule that is named is the true one, or none is: on a busy machine counters are not always read in time."""
    sh("nft -f -", AT_ONCE)
    listener = socket.create_server(("127.0.0.1", 5552))
    wrong, named, times = False, 0, 0
    while times < 2 or (named < 4 and times < 6):
        times += 1
        told, failed = watch(synsent, False, list(TOLD_AT_ONCE), all_at_once)
        wrong |= failed
        for port, (text, by) in TOLD_AT_ONCE.items():
            drop = told.get(port, {}).get("synsent", {}).get("drop", {})
            rule = drop.get("rule")
            named += rule is not None
            right = drop.get("rule_by") == by and text and text in rule if rule else "rule_by" not in drop
            if port == 5553 and rule and not rule.endswith("..."):
                right = False  # it is longer than what is kept of it
            if drop.get("reason") != "NETFILTER_DROP" or not right:
                print("WRONG: several at once, port %d: %s, not %s by %s" % (port, drop or told.get(port), text, by))
                wrong = True
    listener.close()
    print("several at once: %d of %d named" % (named, times * sum(by is not None for _, by in TOLD_AT_ONCE.values())))
    if named < 4:
        print("WRONG: too few")
        wrong = True
    return wrong


OWNERS = """flush ruleset
table inet fw {
	chain out {
		type filter hook output priority 0;
		tcp dport 7011 counter drop
		meta skuid 1001 counter drop
		meta skuid 0 tcp dport 7013 counter drop
	}
}
"""
# one who connects beside the test, as another user
OTHER = "import socket; s = socket.socket(); s.settimeout(1); s.connect_ex(('127.0.0.1', 7012))"


def as_two_users(ports):
    """The second one by a process whose real user is none that the rules ask for: its sockets are root's."""
    other = subprocess.Popen([sys.executable, "-c", OTHER], user=1001)
    time.sleep(0.2)
    attempt(ports[0])
    other.wait()
    time.sleep(1)
    os.setresuid(1001, 0, 0)
    attempt(ports[1])
    os.setresuid(0, 0, 0)
    time.sleep(0.5)


def check_owners(synsent):
    """A rule for one user's packets dropped none of another's, whatever it dropped meanwhile."""
    sh("nft -f -", OWNERS)
    wanted = {7011: "tcp dport 7011 counter drop", 7013: "meta skuid 0 tcp dport 7013 counter drop"}
    for rest in (1.1, 3, 6):
        told, wrong = watch(synsent, False, list(wanted), as_two_users, rest)
        drops = {port: told.get(port, {}).get("synsent", {}).get("drop", {}) for port in wanted}
        if all("rule" in d for d in drops.values()):
            break
    for port, d in drops.items():
        if d.get("rule_by") != "counter" or wanted[port] not in d.get("rule", ""):
            print("WRONG: two users, port %d: %s, not %s" % (port, d or told.get(port), wanted[port]))
            wrong = True
    return wrong


# root of a user namespace, who is another user outside of it; an attempt for each line
ELSEWHERE = """ip link set lo up && nft 'table inet fw { chain out { type filter hook output priority 0;
meta skuid 0 tcp dport 7014 counter drop; }; }' && echo && exec %s -c "import socket, sys
for _ in sys.stdin:
    with socket.socket() as s:
        s.settimeout(0.8)
        s.connect_ex(('127.0.0.1', 7014))
    print(flush=True)" """ % sys.executable


def drops_elsewhere(synsent, inner, rest):
    """What is told of two attempts there; the counters have been read before the second one."""
    p = subprocess.Popen([synsent, "watch", "-j", "--netns", str(inner.pid)], env=harness.ENV, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL)
    told = []
    deadline = time.monotonic() + 15
    while len(told) < 2:
        print(file=inner.stdin, flush=True)
        inner.stdout.readline()
        if select.select([p.stdout], [], [], 1)[0]:
            told.append(json.loads(p.stdout.readline())["synsent"].get("drop", {}))
        elif time.monotonic() > deadline:
            break
        time.sleep(rest)
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=20)
    return told


def check_other_numbers(synsent):
    """A rule has the numbers of its network namespace's users, which are not this program's."""
    inner = subprocess.Popen(["unshare", "--user", "--map-root-user", "--net", "sh", "-c", ELSEWHERE], user=1001,
                             group=1001, extra_groups=[], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                             cwd="/")
    if not inner.stdout.readline():
        print("not tried: a user namespace of another user's")
        return False
    for rest in (1.1, 3, 6):
        told = drops_elsewhere(synsent, inner, rest)
        rules = [d.get("rule", "") for d in told]
        if any(rules):
            break
    inner.stdin.close()
    inner.wait()
    if not any("meta skuid 0 tcp dport 7014" in r for r in rules):
        print("WRONG: another user's network namespace: %s" % told)
        return True
    return False


def refused_from(port):
    """By 127.0.0.1:7009, from the same port each time."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", port))
        s.connect_ex(("127.0.0.1", 7009))


def used_again(synsent):
    """A rule rejected an attempt, and is gone; the next one from that port is refused because nothing listens."""
    sh("nft -f -", "table inet again { chain c { type filter hook output priority 0; "
                   "tcp dport 7009 reject with tcp reset; }; }")
    p = subprocess.Popen([synsent, "watch", "-j", "--rules", "--pid", str(os.getpid())], env=harness.ENV,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 15
    while not select.select([p.stdout], [], [], 0.1)[0] and time.monotonic() < deadline:
        attempt(READY_PORT)
    time.sleep(0.2)
    refused_from(40009)
    time.sleep(0.2)
    sh("nft delete table inet again")
    refused_from(40009)
    time.sleep(0.2)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate()
    told = [(a["synsent"]["gave_up_by"], "rule" in a["synsent"].get("drop", {}))
            for a in map(json.loads, out.splitlines()) if a["server"]["port"] == 7009]
    if told != [("network", True), ("peer", False)]:
        print("WRONG: of a port used again %s is told\n%s" % (told, err.decode()))
        return True
    return False


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
    wrong |= used_again(synsent)
    wrong |= check(synsent, False, [p for p in ports if EXPECTED[p][3]][1:3])
    wrong |= check_at_once(synsent)
    wrong |= check_owners(synsent)
    wrong |= check_other_numbers(synsent)
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
