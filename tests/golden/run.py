#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py SYNSENT [--bless] [PREFIX]: runs the command lines of list.txt and compares their output.

An expected file holds stdout; then, if there was any, stderr with "! " before each line; then "[exit N]" unless
the status was 0.  "< FILE" at the end of a command line is its standard input.  --bless rewrites the files instead; PREFIX chooses those whose name begins so.
"""
import difflib
import json
import os
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def cases():
    with open(os.path.join(HERE, "list.txt")) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, command = line.split(None, 1)
                yield name, shlex.split(command)


def run(synsent, args):
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    given = os.devnull
    if len(args) > 2 and args[-2] == "<":
        given = os.path.join(HERE, args[-1])
        args = args[:-2]
    with open(given, "rb") as stdin:
        done = subprocess.run([synsent] + args, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                              timeout=30)
    text = done.stdout.decode()
    text += "".join("! " + line + "\n" for line in done.stderr.decode().splitlines())
    if done.returncode:
        text += "[exit %d]\n" % done.returncode
    return text


def main():
    args = [a for a in sys.argv[1:] if a != "--bless"]
    bless = "--bless" in sys.argv
    synsent = os.path.abspath(args[0])
    prefix = args[1] if len(args) > 1 else ""
    chosen = [(name, command) for name, command in cases() if name.startswith(prefix)]
    wrong = 0
    for name, command in chosen:
        path = os.path.join(HERE, name)
        got = run(synsent, command)
        if name.endswith(".json"):
            json.loads(got)
        elif name.endswith(".jsonl"):
            for line in got.splitlines():
                json.loads(line)
        elif "[exit" not in got and max(map(len, got.splitlines())) > 80:
            print("%s: a line has more than 80 columns" % name)
            wrong += 1
        if bless:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(got)
            continue
        expected = open(path).read() if os.path.exists(path) else ""
        if got != expected:
            wrong += 1
            print("%s: synsent %s" % (name, " ".join(command)))
            sys.stdout.writelines(line + "\n" for line in difflib.unified_diff(
                expected.splitlines(), got.splitlines(), "expected", "got", lineterm=""))
    print("%d command lines, %d %s" % (len(chosen), len(chosen) if bless else wrong, "blessed" if bless else "wrong"))
    return 1 if wrong or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
