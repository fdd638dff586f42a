#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tables.py FILE...: the entries of explain/*.txt as a C table, on stdout.  README.md here says how they are written.

What is wrong with an entry is told as FILE:LINE, and the build ends there.
"""
import re
import sys

KINDS = ["outcome", "gave-up-by", "limit", "confidence", "drop", "reply", "ignored", "fault", "errno", "state",
         "setting", "counter", "message"]
LISTS = ["word", "text"]  # may come more than once
ONES = ["kind", "what", "timer", "wire", "look", "change", "see"]  # each exactly once
TEXT_LITERAL_MIN = 4  # MATCH_ANCHOR of match.c


class Wrong(Exception):
    pass


def must(holds, where, what):
    if not holds:
        raise Wrong("%s: %s" % (where, what))


def read(path):
    """The entries of a file: dicts of field -> text or list, with "name" and "where"."""
    entry, field = None, None
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line, where = line.rstrip(), "%s:%d" % (path, number)
            must(line.isascii() and line.isprintable(), where, "not printable ASCII")
            if not line or line.startswith("#"):
                field = None
            elif line.startswith("["):
                must(re.match(r"\[[^\[\]]+\]$", line), where, "an entry begins with [NAME]")
                if entry:
                    yield entry
                entry = {"name": line[1:-1], "where": where, "word": [], "text": []}
                field = None
            elif line[0] == " ":
                must(field and field not in LISTS, where, "nothing goes on here")
                entry[field] += " " + line.strip()
            else:
                field, colon, value = (part.strip() for part in line.partition(":"))
                must(entry and colon and value and field in LISTS + ONES, where, "not a field: %s" % line)
                if field in LISTS:
                    entry[field].append(value)
                else:
                    must(field not in entry, where, "a second %s" % field)
                    entry[field] = value
    if entry:
        yield entry


def check(entry):
    where = entry["where"]
    for field in ONES:
        must(field in entry, where, "[%s] has no %s" % (entry["name"], field))
    for kind in entry["kind"].split(", "):
        must(kind in KINDS, where, "no such kind: %s" % kind)
    for text in entry["text"]:
        parts = re.split(r"[*#]", text)
        must(parts[0] and not text.endswith("*"), where, "a text begins with what it says, and does not end with *: " + text)
        must(max(map(len, parts)) >= TEXT_LITERAL_MIN, where, "nothing in this text is known: " + text)
        must(not re.search(r"#[#.\d]|\*\*|[\d.]#|  ", text), where, "this text cannot be told apart: " + text)


def literal(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")


def array(items):
    return "(const char *const[]){ %s }" % ", ".join([literal(i) for i in items] + ["NULL"])


def wanted(see, names):
    """A name of an entry, a manual page or a command of ours."""
    return see in names or re.match(r"[\w.-]+\(\d\)$", see) or re.match(r"synsent [a-z]+$", see)


def main():
    entries = [entry for path in sys.argv[1:] for entry in read(path)]
    names = {}
    for entry in entries:
        check(entry)
        must(entry["name"].lower() not in names, entry["where"], "a second [%s]" % entry["name"])
        names[entry["name"].lower()] = entry
    exact = {entry["name"] for entry in entries}
    print('#include "explain/entry.h"\n\n#include <stddef.h>\n\nconst struct explain_entry explain_entries[] = {')
    for entry in entries:
        see = entry["see"].split(", ")
        for other in see:
            must(wanted(other, exact) and other != entry["name"], entry["where"], "see: there is no %s" % other)
        kinds = " | ".join("1U << EXPLAIN_" + kind.upper().replace("-", "_") for kind in entry["kind"].split(", "))
        print("\t{\n\t\t.name = %s,\n\t\t.kinds = %s," % (literal(entry["name"]), kinds))
        for field in LISTS:
            print("\t\t.%ss = %s," % (field, array(entry[field])))
        for field in ("what", "timer", "wire", "look", "change"):
            print("\t\t.%s = %s," % (field, literal(entry[field])))
        print("\t\t.see = %s,\n\t}," % array(see))
    print("};\n\nconst int explain_n_entries = %d;" % len(entries))


try:
    main()
except Wrong as e:
    sys.exit("explain: %s" % e)
