#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Validates attempts, one JSON object per line on stdin, against docs/attempt.schema.json.

validate.py [FILE]...   stdin when no file is named
Exit: 0 every line holds, 1 some do not (each is named) or there is no line, 77 python3-jsonschema is missing.
"""
import json
import os
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is missing (apt-get install python3-jsonschema)")
    sys.exit(77)

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "attempt.schema.json")


def no_twins(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a name is given twice among " + ", ".join(names))
    return dict(pairs)


def no_constant(text):
    raise ValueError(text + " is no JSON")


def load(line):
    """One line of bytes as an object; ValueError when it is not exactly one."""
    return json.loads(line.decode("utf-8"), object_pairs_hook=no_twins, parse_constant=no_constant)


def validator(schema=SCHEMA):
    with open(schema, encoding="utf-8") as file:
        schema = json.load(file, object_pairs_hook=no_twins)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def problems(check, line):
    """What is wrong with one line, as a list of texts."""
    if not line.endswith(b"\n"):
        return ["the line is not ended"]
    try:
        value = load(line)
    except ValueError as error:
        return ["not JSON: %s" % error]
    return [
        "%s: %s" % ("/".join(map(str, error.absolute_path)) or "the object", error.message)
        for error in check.iter_errors(value)
    ]


def main():
    check = validator()
    lines = bad = 0
    for name in sys.argv[1:] or ["/dev/stdin"]:
        with open(name, "rb") as file:
            for number, line in enumerate(file, 1):
                lines += 1
                found = problems(check, line)
                bad += bool(found)
                for problem in found:
                    print("%s:%d: %s" % (name, number, problem))
    if not lines:
        print("no attempt to validate")
        return 1
    print("%d attempts, %d not as docs/attempt.schema.json has them" % (lines, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
