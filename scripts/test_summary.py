#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads Meson's test logs (testlog.json, one JSON object per line) and says what they hold:
each test that did not pass, a skip with its reason, and last "N passed, N failed, N skipped".
Fails when a log is missing or holds no test, or a test failed."""
import json
import os
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}


def read(paths):
    for path in paths:
        if not os.path.exists(path):
            print(f"{path}: missing, so no test ran", file=sys.stderr)
            yield None
            continue
        n = 0
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                if line.strip():
                    n += 1
                    yield json.loads(line)
        if not n:
            print(f"{path}: empty, so no test ran", file=sys.stderr)
            yield None


def reason(test):
    """The last line that a skipped test said."""
    said = ((test.get("stdout") or "") + "\n" + (test.get("stderr") or "")).strip().splitlines()
    return said[-1].strip().removeprefix("skipped: ") if said else "gave no reason"


def main():
    passed = failed = skipped = 0
    broken = False
    for test in read(sys.argv[1:]):
        if test is None:
            broken = True
        elif test["result"] in PASSED:
            passed += 1
        elif test["result"] in SKIPPED:
            skipped += 1
            print(f"skipped: {test['name']}: {reason(test)}")
        else:
            failed += 1
            print(f"failed: {test['name']} ({test['result'].lower()})")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or broken or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
