# SPDX-License-Identifier: GPL-2.0-or-later
"""Do the examples of docs/testing-connect-timeouts.md work as they stand?

    run_examples.py SYNSENT SOURCE_DIR [--user nobody]

The shell script and the Makefile are run as they are, and the workflow's steps that use synsent, with the built program
in PATH; each once more with a client that does not hold, and must then fail.  Of the page and the man page each command
line and expectation must be one that the program takes.
"""
import argparse
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import harness

PAGES = ("docs/testing-connect-timeouts.md", "docs/man/synsent-run.1.scd.in")


class Examples:
    def __init__(self, synsent, source):
        self.synsent, self.source = synsent, source
        self.wrong, self.number = [], itertools.count(1)
        self.examples = os.path.join(source, "docs", "examples")
        if not synsent.nobody:
            os.symlink(synsent.binary, synsent.path("synsent"))
        self.env = {**harness.ENV, "PATH": synsent.directory + ":" + harness.ENV["PATH"], "HOME": synsent.directory}

    def run(self, what, argv, **more):
        """In a new directory of its own; the exit status, what was printed, and the directory."""
        directory = self.synsent.path("%02d" % next(self.number))
        shutil.copytree(self.examples, directory)
        if self.synsent.nobody:
            os.chown(directory, harness.NOBODY, harness.NOBODY)
            more.update(user=harness.NOBODY, group=harness.NOBODY, extra_groups=[])
        env = {**self.env, **more.pop("env", {})}
        r = subprocess.run(argv, cwd=directory, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=60, check=False, **more)
        if r.returncode == 77:
            harness.skip("%s, as %s: %s" % (what, self.synsent.user, " ".join(r.stdout.split())))
        return r.returncode, r.stdout, directory

    def want(self, what, holds, said):
        if not holds:
            self.wrong.append("%s (as %s)\n    %s" % (what, self.synsent.user, said.strip().replace("\n", "\n    ")))

    def reports(self, what, directory, least, said):
        """Each a JUnit suite without a failure."""
        folder = os.path.join(directory, "reports")
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        self.want("%s: %d reports: %s" % (what, len(names), names), len(names) >= least, said)
        for name in names:
            suite = ElementTree.parse(os.path.join(folder, name)).getroot()
            self.want("%s: %s has %s tests, %s failures" % (what, name, suite.get("tests"), suite.get("failures")),
                      int(suite.get("tests")) > 0 and suite.get("failures") == "0", said)

    def holds_and_fails(self, what, argv, broken, least):
        status, said, directory = self.run(what, argv)
        self.want("%s ended with status %d" % (what, status), status == 0, said)
        self.reports(what, directory, least, said)
        status, said, _ = self.run(what, broken)
        self.want("%s with a client that does not connect ended with status %d" % (what, status), status > 0, said)
        self.want("%s with a client that does not connect does not say so" % what,
                  "no connection attempt was made" in said, said)


def script(x):
    path = "./connect-timeout-test.sh"
    x.holds_and_fails("the shell script", [path], [path, "true"], 4)


def makefile(x):
    if not harness.found("make"):
        print("the Makefile: skipped, there is no make")
        return
    argv = ["make", "-j4", "test-connect"]
    x.holds_and_fails("the Makefile", argv, ["make", "no-answer", "CLIENT=true"], 5)


def workflow(x):
    try:
        import yaml
    except ImportError:
        print("the workflow: skipped, python3-yaml is missing")
        return
    with open(os.path.join(x.examples, "workflow.yml"), encoding="utf-8") as f:
        steps = [s for job in yaml.safe_load(f)["jobs"].values() for s in job["steps"]]
    steps = [s for s in steps if re.search(r"^\s*synsent run ", s.get("run", ""), re.M)]
    x.want("the workflow has hardly a step that uses synsent", len(steps) > 1, "")
    # GitHub runs each as `bash -e FILE`, in one directory.
    text = "\n".join("bash -e -c %s" % shlex.quote(s["run"]) for s in steps)
    status, said, directory = x.run("the workflow", ["bash", "-e", "-c", text])
    x.want("the workflow ended with status %d" % status, status == 0, said)
    x.reports("the workflow", directory, len(steps), said)


def command_lines(text):
    """What the code of a page runs, lines that go on joined; what it shows of output is left out."""
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if re.match(r"(\$ )?synsent run ", line):
                yield line.removeprefix("$ ")


def without_command(line):
    """Its arguments, with true(1) in the place of what it runs; None where it runs nothing, or on the real network,
    whose names are not known here."""
    words = shlex.split(line, comments=True)[2:]
    if "--" not in words or "--here" in words or ("--serve" in words and words[words.index("--serve") + 1] == "--"):
        return None
    words = words[:words.index("--")]
    return ["run", "-q", *(w for w in words if w != "--fast"), "--", "true"]


def taken(x, page, what, args):
    status, said, _ = x.run(page, [x.synsent.path("synsent"), *args])
    x.want("%s: not taken, status %d: %s" % (page, status, what), status in (0, 1), said)


def pages(x):
    todo = []
    for page in PAGES:
        with open(os.path.join(x.source, page), encoding="utf-8") as f:
            text = f.read()
        lines = [line for line in command_lines(text) if without_command(line)]
        x.want("%s shows hardly a command" % page, lines, "")
        todo += [(page, line, without_command(line)) for line in lines]
    # each name that can be expected has its example
    with open(os.path.join(x.source, PAGES[0]), encoding="utf-8") as f:
        rows = re.findall(r"^\| `([a-z-]+)` \| (.*?) \|", f.read(), re.M)
    names = {name for name, _ in rows}
    for name, examples in rows:
        for clause in re.findall(r"`([^`]+)`", examples):
            x.want("%s: %s is no example of %s" % (PAGES[0], clause, name), re.match(name + r"[=!<>]", clause), "")
            todo.append((PAGES[0], clause, ["run", "-q", "--expect", clause, "--", "true"]))
    harness.all_of(4, lambda one: taken(x, *one), todo)
    said = subprocess.run([x.synsent.binary, "run", "--help"], capture_output=True, text=True, check=True).stdout
    known = re.search(r"Names:(.*?)\. May be repeated", " ".join(said.split())).group(1).replace(" ", "").split(",")
    x.want("%s explains %s, and there are %s" % (PAGES[0], sorted(names), sorted(known)), names == set(known), "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("source")
    parser.add_argument("--user", choices=["nobody"])
    o = parser.parse_args()
    if not harness.found("curl"):
        harness.skip("curl, the client of the examples, is missing")
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        x = Examples(synsent, os.path.abspath(o.source))
        for example in (script, makefile, workflow, pages):
            example(x)
    for what in x.wrong:
        print("WRONG: " + what)
    print("as %s: %d runs, %d wrong" % (synsent.user, next(x.number) - 1, len(x.wrong)))
    return 1 if x.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
