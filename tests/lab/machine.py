# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine before and after: what a lab that was killed must not have changed, and whom to kill.

Other labs may run meanwhile: processes count when they carry this test's mark, BPF programs when they are a lab's,
cgroups and mounts when they are not by their name another test's; all else must not change at all.  A namespace is held by a process or by a mount, and both are looked for.
"""
import difflib
import json
import os
import shutil
import subprocess
import time

MARK = "SYNSENT_TEST_MARK"
TEST = "synsent-test-"  # so begin the names of the cgroups and directories that tests make


def output(*command):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if not shutil.which(command[0], path=path):
        return ""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env=dict(os.environ, PATH=path)).stdout


def marked(marker):
    """Processes of ours, which inherit the mark in their environment, with their network namespaces."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if f"{MARK}={marker}".encode() in f.read():
                    found[int(pid)] = os.readlink(f"/proc/{pid}/ns/net")
        except OSError:
            continue
    return found


def our_programs():
    try:
        items = json.loads(output("bpftool", "-j", "prog", "list") or "[]")
    except ValueError:
        return set()
    return {i["id"] for i in items if i.get("name") == "synsent_fast"}


def our_links(programs):
    try:
        items = json.loads(output("bpftool", "-j", "link", "list") or "[]")
    except ValueError:
        return set()
    return {i["id"] for i in items if i.get("prog_id") in programs}


def sysctls():
    """Of this network namespace; without the values that the kernel counts up by itself, and what only root reads."""
    found = []
    for directory, _, names in os.walk("/proc/sys/net"):
        for name in names:
            path = os.path.join(directory, name)
            try:
                with open(path) as f:
                    found.append(path + " = " + " ".join(f.read().split()))
            except (OSError, UnicodeDecodeError):
                continue
    return "\n".join(sorted(line for line in found if "_count = " not in line))


def of_before(before, after):
    """Without those that came since: a module that the first use of something loads brings its own."""
    names = {line.split(" = ")[0] for line in before.splitlines()}
    return "\n".join(line for line in after.splitlines() if line.split(" = ")[0] in names)


def but_tests(lines):
    return "\n".join(line for line in lines if "/" + TEST not in line)


def machine():
    """What must be the same afterwards, to the letter."""
    names = "\n".join(line.split(":")[1].strip() for line in output("ip", "-o", "link").splitlines())
    return {
        "rules": output("nft", "--stateless", "list", "ruleset"),
        "links": names,
        "mounts": but_tests(open("/proc/self/mountinfo").read().splitlines()),
        "cgroups": but_tests(sorted(d for d, _, _ in os.walk("/sys/fs/cgroup"))),
        "sysctls": sysctls(),
    }


def become_nobody():
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)


def child_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return int(f.read().split()[0])
    except (OSError, IndexError):
        return None


def victim_of(outer, rng):
    """Mostly the outer process; else its init or the inner one, if they are there yet."""
    if rng.random() < 0.7:
        return outer
    init = child_of(outer)
    inner = child_of(init) if init else None
    return rng.choice([v for v in (init, inner) if v] or [outer])


class Watch:
    """From before the first lab to after the last."""

    def __init__(self):
        self.marker = f"synsent-sigkill-{os.getpid()}-{time.monotonic_ns()}"
        self.before, self.programs = machine(), our_programs()

    def environment(self):
        return dict(os.environ, **{MARK: self.marker})

    def left(self):
        """What is there that was not, after 3 s at most for what the kernel clears away in the background, and for
        the fast labs of others to end."""
        deadline = time.monotonic() + 3
        new_programs = our_programs() - self.programs
        while True:
            new_programs &= our_programs()
            left = {
                "processes": marked(self.marker),
                "BPF programs": new_programs,
                "BPF links": our_links(new_programs),
            }
            left = {k: v for k, v in left.items() if v}
            if not left or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        after = machine()
        after["sysctls"] = of_before(self.before["sysctls"], after["sysctls"])
        for what in self.before:
            if self.before[what] != after[what]:
                left[what] = "".join(difflib.unified_diff(self.before[what].splitlines(True),
                                                          after[what].splitlines(True), "before", "after", n=0))
        return left
