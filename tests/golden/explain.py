#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""explain.py SYNSENT: every entry as it is printed, and standard input at its limits."""
import json
import subprocess
import sys

synsent = sys.argv[1]
wrong = []
LABELS = ["timer", "on the wire", "look at", "to change it", "see also"]
LINE_MAX = 1 << 20


def check(holds, what):
    if not holds:
        wrong.append(what)


def explain(*args, given=b""):
    return subprocess.run([synsent, "explain", *args], input=given, capture_output=True, timeout=30)


def objects(done):
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def check_entry(entry):
    name = entry["name"]
    done = explain(name)
    lines = done.stdout.decode().splitlines()
    check(done.returncode == 0 and not done.stderr, f"{name}: status {done.returncode}, {done.stderr!r}")
    check(lines and lines[0].startswith(name + ": "), f"{name}: begins with {lines[:1]}")
    for line in lines:
        check(len(line) <= 80, f"{name}: wider than 80 columns: {line}")
    labels = [line[2:14].rstrip() for line in lines if line.startswith("  ") and line[2] != " "]
    check([label for label in labels if label in LABELS] == LABELS, f"{name}: has {labels}")
    for word in entry["words"]:
        answer = objects(explain("-j", word))[0]
        check(name in [answer["name"]] + answer["also"], f"{word} does not ask for {name}")


def check_log(entries):
    """A log of all texts, told in as many objects as there are entries with texts."""
    texts = [(e["name"], t.replace("*", "10.0.0.1:80").replace("#", "3")) for e in entries for t in e["texts"]]
    for repeat in (1, 3):
        done = explain("-j", "-", given="".join(t + "\n" for _, t in texts).encode() * repeat)
        *told, counts = objects(done)
        check(done.returncode == 0, f"the log of all texts: status {done.returncode}, {done.stderr!r}")
        check([o["name"] for o in told] == list(dict.fromkeys(n for n, _ in texts)), "the log's entries, each once")
        check(counts["lines"] == counts["lines_known"] == sum(k["lines"] for k in counts["known"]) == len(texts) * repeat,
              f"the log's lines: {counts}")


def check_limits():
    text = b"dial tcp 10.0.0.1:80: i/o timeout"
    done = explain("-j", "-", given=b"x" * LINE_MAX + b" " + text + b"\n" + text + b"\n")
    check(done.returncode == 4 and objects(done)[-1]["lines_cut"] == 1 and objects(done)[0]["line"] == 2,
          f"a line behind the limit: status {done.returncode}, {done.stdout!r}")
    done = explain("-j", "-", given=b"x" * (LINE_MAX - len(text) - 1) + b" " + text)
    check(done.returncode == 0 and objects(done)[-1]["lines_cut"] == 0, f"a line at the limit: status {done.returncode}")
    done = explain("-", given=bytes(range(256)) + text + b"\x1b[31m\n")
    check(done.returncode == 0 and not any(b < 32 and b != 10 for b in done.stdout), f"control characters: {done.stdout!r}")
    done = explain("x" * 100000)
    check(done.returncode == 1 and len(done.stderr) < 500, f"a long argument: status {done.returncode}")


def main():
    entries = objects(explain("--list", "-j"))
    check(len(entries) > 100, f"there are hardly any entries: {len(entries)}")
    listed = explain("--list").stdout.decode()
    for line in listed.splitlines():
        check(len(line) <= 80, f"--list: wider than 80 columns: {line}")
    for entry in entries:
        check(f"\n  {entry['name']}" in listed, f"--list lacks {entry['name']}")
        check_entry(entry)
    check_log(entries)
    check_limits()
    for what in wrong:
        print(what)
    print("%d entries, %d wrong" % (len(entries), len(wrong)))
    return 1 if wrong else 0


sys.exit(main())
