#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every attempt that attempt_samples prints is as docs/attempt.schema.json has it, and the schema is strict.  Likewise
for other samples and another schema.

Strict: a sample with any one value replaced by null or "", one name added, or one word replaced is refused.
Complete: every word and every name that the schema allows occurs among the samples.
schema.py SAMPLES [SCHEMA]
"""
import copy
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import validate  # noqa: E402  (exits with 77 when python3-jsonschema is missing)

failures = []


def places(value, path=()):
    """Every (path, value) below an object, itself included."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from places(below, path + (key,))


def with_value(value, path, new):
    value = copy.deepcopy(value)
    at = value
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return value


def mutants(sample):
    for path, value in places(sample):
        if isinstance(value, dict):
            yield path, "a name more", with_value({"": sample}, ("",) + path + ("colour",), "red")[""]
        if not path:
            continue
        if path[:2] != ("synsent", "syns_ns") or len(path) == 2:  # a SYN whose time is not known is null
            yield path, "null", with_value(sample, path, None)
        yield path, '""', with_value(sample, path, "")
        if isinstance(value, bool):
            yield path, "a number", with_value(sample, path, int(value))
        elif isinstance(value, int):
            yield path, "a text", with_value(sample, path, str(value))


def words(schema):
    """Every enum and every property name in the schema, as (name, set of words)."""
    for path, value in places(schema):
        if path and path[-1] == "enum":
            yield path[-2], set(value)
        if path and path[-1] == "properties" and not {"if", "then", "else"} & set(path):
            yield "names in " + "/".join(map(str, path[:-1])), set(value)


def main():
    out = subprocess.run([sys.argv[1]], stdout=subprocess.PIPE, check=True).stdout
    check = validate.validator(*sys.argv[2:3])
    lines = out.splitlines(keepends=True)
    seen = set()
    samples = []
    for number, line in enumerate(lines, 1):
        failures.extend("sample %d: %s" % (number, text) for text in validate.problems(check, line))
        sample = validate.load(line)
        samples.append(sample)
        for path, value in places(sample):
            seen.update(path[-1:])
            if isinstance(value, str):
                seen.add(value)
    tried = 0
    for sample in samples[:6]:
        for path, what, mutant in mutants(sample):
            tried += 1
            if check.is_valid(mutant):
                failures.append("%s: %s is accepted: %s" % ("/".join(map(str, path)), what, json.dumps(mutant)))
    for name, allowed in words(check.schema):
        missing = allowed - seen
        if missing:
            failures.append("%s: allowed, but in no sample: %s" % (name, ", ".join(sorted(missing))))
    for failure in failures[:20]:
        print(failure)
    print("%d samples, %d mutants, %d failures" % (len(samples), tried, len(failures)))
    return 1 if failures or len(samples) < 100 or tried < 300 else 0


sys.exit(main())
