#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `synsent doctor` claims of a host, against what the commands then do.

    doctor.py SYNSENT [--user nobody] [--self-test] [--kill]

On hosts of several kinds: this one, and as root also without some capabilities, in a user namespace, without /sys, and
where no namespaces are to be had.  A command that works, or works with less, must run there, and one that cannot must
exit 77; what is said to be missed must be.  --self-test: it finds no difference on this kernel; what differs once is
tried again, for a busy host is late.  --kill: SIGKILL in its middle leaves nothing.  The machine is the same afterwards.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import time

import harness
import machine
import validate

SCHEMA = validate.validator(os.path.join(os.path.dirname(validate.SCHEMA), "doctor.schema.json"))
NO_NAMESPACES = ("for n in user net pid; do echo 0 > /proc/sys/user/max_${n}_namespaces || exit 1; done; "
                 'exec "$@"')
NO_SYS = 'mount -t tmpfs none /sys && exec "$@"'
# name -> what is put in front of the command
HOSTS = {
    "as it is": [],
    "without CAP_BPF": ["setpriv", "--bounding-set=-bpf,-perfmon,-sys_admin", "--inh-caps=-bpf,-perfmon,-sys_admin"],
    "without CAP_NET_RAW": ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"],
    "without any capability": ["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
    "in a user namespace": ["unshare", "--user", "--map-root-user"],
    "without /sys": ["unshare", "--mount", "sh", "-c", NO_SYS, "sh"],
    "without namespaces": ["unshare", "--user", "--map-root-user", "sh", "-c", NO_NAMESPACES, "sh"],
}
# use -> a command that needs what it needs, and is soon over
COMMANDS = {
    "lab": ["lab", "-j", "-q", "--scenario", "reset"],
    "lab --fast": ["lab", "-j", "-q", "--fast", "--scenario", "reset"],
    "run": ["run", "-q", "--", "true"],
    "run --here": ["run", "-q", "--here", "--", "true"],
    "watch": ["watch", "-q", "--for", "200ms"],
    "watch --rules": ["watch", "-q", "--rules", "--for", "200ms"],
    "read": ["read", "CAPTURE"],
    "diff": ["diff", "CAPTURE", "OTHER"],
    "predict": ["predict"],
    "connect": ["connect", "-j", "127.0.0.1", "1"],
    "explain": ["explain", "ETIMEDOUT"],
}
CAPTURES = ["CAPTURE", "OTHER"]
# nothing listens; there is nothing in both; of what others do here meanwhile some was lost
MAY_END_IN = {"connect": 1, "diff": 1, "watch": 4}
NO_EXAMPLE = {"listen", "doctor --self-test"}


class Host:
    def __init__(self, synsent, name, marker):
        self.synsent, self.name, self.marker, self.wrong = synsent, name, marker, []

    def say(self, what):
        print("WRONG: %s, %s: %s" % (self.synsent.user, self.name, what))
        self.wrong.append(what)

    def run(self, args, within=60):
        """(status, stdout, stderr)"""
        s = self.synsent
        args = [s.path(a) if a in CAPTURES else a for a in args]
        user = {"user": harness.NOBODY, "group": harness.NOBODY, "extra_groups": []} if s.nobody else {}
        r = subprocess.run(HOSTS[self.name] + [s.binary] + args, stdin=subprocess.DEVNULL, capture_output=True, cwd="/",
                           env=dict(harness.ENV, **{machine.MARK: self.marker}), timeout=within, **user)
        return r.returncode, r.stdout, r.stderr.decode()

    def doctor(self, *more):
        status, out, err = self.run(["doctor", "-j", *more])
        if status not in (0, 1) or err:
            self.say("status %d, stderr %r" % (status, err))
        for problem in validate.problems(SCHEMA, out):
            self.say("not as the schema has it: " + problem)
        answer = json.loads(out)
        held = all(case["held"] for case in answer.get("self_test", {}).get("cases", []))
        well = all(use["status"] == "works" for use in answer["uses"]) and held
        if answer["well"] != well or status != (0 if well else 1):
            self.say("well: %s, status %d, and the uses say %s" % (answer["well"], status, well))
        return answer

    def check_use(self, use):
        name, status = use["name"], use["status"]
        got, out, err = self.run(COMMANDS[name])
        if (got == 77) != (status == "cannot"):
            self.say("%s: %s, and its status is %d: %s" % (name, status, got, err))
        elif status != "cannot" and got not in (0, MAY_END_IN.get(name, 0)):
            self.say("%s: %s, and its status is %d: %s" % (name, status, got, err))
        missing = {m["trial"] for m in use["missing"]}
        for trial, row in ("tracing", b"\nwithout eBPF "), ("drops", b"\ndrops  "):
            if name == "watch" and status != "cannot" and (trial in missing) != (row in out):
                self.say("watch: %s is missing, and it says %r" % (missing, out))
        if name == "connect" and status != "cannot":
            replies = json.loads(out)["synsent"]["replies"]
            if ("packets" in missing) != (replies == []):
                self.say("connect: %s is missing, and its replies are %s" % (missing, replies))

    def check_listen(self, use):
        """Only where it is to fail: nothing listens on this host for a test's sake."""
        if use["status"] == "less":
            got, _, err = self.run(["listen", "81"])
            if got != 77:
                self.say("listen: %s, and its status is %d: %s" % (use["missing"], got, err))

    def check_sys(self, uses):
        """The kernel may have BTF there: no other kernel is advised."""
        for name, option in ("watch", []), ("watch --rules", ["--rules"]), ("run --here", None):
            if option is not None:
                wants = [(m["why"], m["allow"]) for m in uses[name]["missing"] if m["trial"] == "tracing"]
                wants.append((self.run(["watch", "-q", "--for", "100ms", *option])[2],) * 2)
            else:
                wants = [(m["why"], m["allow"]) for m in uses[name]["missing"]]
            for why, allow in wants:
                if "/sys is not mounted" not in why or "mount -t sysfs sysfs /sys" not in allow:
                    self.say("%s: %r, %r" % (name, why, allow))

    def check(self):
        answer = self.doctor()
        uses = {use["name"]: use for use in answer["uses"]}
        if set(uses) != set(COMMANDS) | NO_EXAMPLE:
            self.say("the uses are %s" % sorted(uses))
        for name, use in uses.items():
            if name == "watch --rules" and b"--rules" not in self.run(["watch", "--help"])[1]:
                continue
            if name in COMMANDS:
                self.check_use(use)
        self.check_listen(uses["listen"])
        status, out, err = self.run(["doctor"])
        if status != (0 if answer["well"] else 1) or err or not out.startswith(b"Linux "):
            self.say("as text: status %d, %r, stderr %r" % (status, out[:80], err))
        cannot = sum(use["status"] == "cannot" for use in answer["uses"])
        if bool(cannot) != (b"\ncannot  " in out):
            self.say("as text: %d cannot, and it says %r" % (cannot, out))
        if cannot == len(COMMANDS):
            self.say("nothing works")
        if self.name == "without /sys":
            self.check_sys(uses)
        return {name: use["status"] for name, use in uses.items()}


def self_test(host):
    for last in (False, True):
        answer = host.doctor("--self-test")
        test = answer.get("self_test")
        if not test:
            return host.say("no self-test")
        cases = test["cases"]
        different = [c for c in cases if not c["held"]]
        print("%s: self-test: %d cases, %d not held, %d tried again, %.1f s" % (
            host.synsent.user, len(cases), len(different), sum("again" in c for c in cases), test["duration"] / 1e9))
        for case in different:
            print("    %(name)s, %(network_type)s: expected %(expected)s, was %(observed)s" % case)
        kinds = {kind: sum(c["kind"] == kind for c in cases) for kind in ("schedule", "icmp", "answer")}
        if kinds["schedule"] < 10 or kinds["icmp"] < 20 or kinds["answer"] < 20:
            host.say("few cases: %s" % kinds)
        if not different:
            return None
    return host.say("the self-test finds differences, twice")


def kill(host):
    s = host.synsent
    env = dict(harness.ENV, **{machine.MARK: host.marker})
    for after in (0.05, 0.5):
        with s.start(["doctor", "--self-test"], env=env) as p:
            time.sleep(after)
            p.send_signal(signal.SIGKILL)
            p.communicate()


def capture(path):
    """A capture without a packet."""
    with open(path, "wb") as f:
        f.write(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
    os.chmod(path, 0o644)


def possible(synsent, name):
    """Whether such a host can be made here."""
    words = HOSTS[name]
    if not words:
        return True
    if not synsent.root or not harness.found(words[0]):
        return False
    return subprocess.run(words + ["true"], stderr=subprocess.DEVNULL, env=harness.ENV).returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--kill", action="store_true")
    o = parser.parse_args()
    watch = machine.Watch()
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        for name in CAPTURES:
            capture(synsent.path(name))
        hosts = [Host(synsent, name, watch.marker) for name in HOSTS if possible(synsent, name)]
        for name in HOSTS:
            if synsent.root and name not in [h.name for h in hosts]:
                print("left out: this host %s cannot be made here" % name)
        claims = harness.all_of(4, Host.check, hosts)
        if o.self_test:
            self_test(hosts[0])
        if o.kill:
            kill(hosts[0])
        for what, left in watch.left().items():
            hosts[0].say("left behind: %s: %s" % (what, left))
    for host, claim in zip(hosts, claims):
        print("%s, %s: %s" % (synsent.user, host.name, ", ".join(
            "%s: %s" % (word, " ".join(n.replace(" ", "_") for n in claim if claim[n] == word))
            for word in ("works", "less", "cannot") if word in claim.values())))
    return 1 if any(host.wrong for host in hosts) else 0


if __name__ == "__main__":
    sys.exit(main())
