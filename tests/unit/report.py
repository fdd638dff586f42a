#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports that report_samples writes, read back: JSON against docs/run-report.schema.json, JUnit XML and TAP by their
rules, and all three say the same.

report.py REPORT_SAMPLES
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import validate  # noqa: E402  (exits with 77 when python3-jsonschema is missing)

SCHEMA = os.path.join(HERE, "..", "..", "docs", "run-report.schema.json")
failures = []

# What Jenkins takes: element -> (required attributes, optional ones, children)
JUNIT = {
    "testsuite": ({"name", "tests", "failures", "errors"}, {"skipped", "time", "timestamp"}, ["properties", "testcase"]),
    "properties": (set(), set(), ["property"]),
    "property": ({"name", "value"}, set(), []),
    "testcase": ({"name", "classname"}, {"time"}, ["failure", "skipped"]),
    "failure": ({"message", "type"}, set(), []),
    "skipped": ({"message"}, set(), []),
}
PATTERNS = {
    "tests": r"[0-9]+",
    "failures": r"[0-9]+",
    "errors": r"0",
    "skipped": r"[0-9]+",
    "time": r"[0-9]+\.[0-9]{6}",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
}


def check(condition, text, *of):
    if not condition:
        failures.append(text % of)


def same(what, name, a, b):
    check(a == b, "%s: %s: %r is not %r", name, what, a, b)


def check_element(element, name):
    check(element.tag in JUNIT, "%s: <%s> is no JUnit", name, element.tag)
    required, optional, children = JUNIT.get(element.tag, (set(), set(), []))
    given = set(element.attrib)
    check(required <= given <= required | optional, "%s: <%s> has %s", name, element.tag, sorted(given))
    for key, value in element.attrib.items():
        if key in PATTERNS:
            check(re.fullmatch(PATTERNS[key], value), "%s: %s=%r", name, key, value)
    order = [children.index(child.tag) if child.tag in children else -1 for child in element]
    check(order == sorted(order) and -1 not in order, "%s: in <%s> is %s", name, element.tag, [c.tag for c in element])
    for child in element:
        check_element(child, name)


def read_xml(path):
    """(fate, name, message) of each test, and the root."""
    text = open(path, "rb").read().decode("utf-8")
    check(not HIDDEN.search(text), "%s: what could steer a terminal", path)
    root = ElementTree.fromstring(text)
    check_element(root, path)
    tests = []
    for case in root.iter("testcase"):
        failure, skipped = case.find("failure"), case.find("skipped")
        check(failure is None or skipped is None, "%s: failed and skipped", path)
        if failure is not None:
            check(failure.get("message") in failure.text, "%s: the text lacks the message", path)
            tests.append(("failed", case.get("name"), failure.get("message")))
        elif skipped is not None:
            tests.append(("skipped", case.get("name"), skipped.get("message")))
        else:
            tests.append(("passed", case.get("name"), None))
    count = [sum(fate == t[0] for t in tests) for fate in ("failed", "skipped")]
    same("its own count", path, [int(root.get(k)) for k in ("tests", "failures", "skipped")], [len(tests)] + count)
    return tests, root


HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
TEST = re.compile(r"(not )?ok ([1-9][0-9]*) - ((?:[^#\\]|\\.)*?)( # SKIP (.*))?")


def read_yaml(lines, path):
    """The block after a failed test, its first line still in `lines`."""
    block = {}
    same("the begin of the YAML block", path, lines.pop(0), "  ---")
    while lines and lines[0] != "  ...":
        match = re.fullmatch(r'  ([a-z]+): (".*")', lines.pop(0))
        check(match, "%s: not a line of the YAML block", path)
        if match:
            block[match.group(1)] = json.loads(match.group(2))
    same("the end of the YAML block", path, lines.pop(0) if lines else None, "  ...")
    return block


def read_tap(path):
    text = open(path, "rb").read().decode("utf-8")
    check(text.endswith("\n"), "%s: the last line is not ended", path)
    check(not HIDDEN.search(text), "%s: what could steer a terminal", path)
    lines = text.split("\n")[:-1]
    same("the first line", path, lines.pop(0), "TAP version 13")
    plan = re.fullmatch(r"1\.\.([0-9]+)( # SKIP .*)?", lines.pop(0))
    check(plan and bool(plan.group(2)) == (plan.group(1) == "0"), "%s: no plan", path)
    comments, tests = [], []
    while lines:
        line = lines.pop(0)
        if line.startswith("# "):
            comments.append(line[2:])
            continue
        match = TEST.fullmatch(line)
        check(match, "%s: not TAP: %r", path, line)
        if not match:
            continue
        same("the number", path, int(match.group(2)), len(tests) + 1)
        if match.group(1):
            block = read_yaml(lines, path)
            tests.append(("failed", match.group(3), block["message"], block))
        else:
            tests.append(("skipped" if match.group(4) else "passed", match.group(3), match.group(5), None))
    same("the plan", path, int(plan.group(1)), len(tests))
    return tests, comments


def want(report):
    """(fate, its beginning of a name) of each test, from the JSON."""
    if "expectations" in report:
        return [("passed" if row["held"] else "failed", row["clause"]) for row in report["expectations"]]
    fates = {"established": "passed", "pending": "skipped"}
    deciders = [a["synsent"] for a in report["attempts"] if a["synsent"]["decides"]]
    return [(fates.get(a["outcome"], "failed"), "connect %d to " % a["logical"]) for a in deciders]


def check_json(report, path):
    sum_, attempts = report["sum"], [a["synsent"] for a in report["attempts"]]
    same("attempts", path, sum_["attempts"], len(attempts))
    same("connects", path, sum_["connects"], len({a["logical"] for a in attempts}))
    same("connects", path, sum_["connects"], sum(a["decides"] for a in attempts))
    same("cancelled", path, sum_["cancelled"], sum(a["cancelled"] for a in attempts))
    same("outcomes", path, sum(sum_["outcomes"].values()), len(attempts) - sum_["cancelled"])
    rows = report.get("expectations", [])
    same("as_expected", path, report.get("as_expected", True), all(row["held"] for row in rows))


def check_sample(validator, base):
    raw = open(base + ".json", "rb").read()
    failures.extend("%s: %s" % (base, text) for text in validate.problems(validator, raw))
    report = validate.load(raw)
    check_json(report, base)
    wanted = want(report)
    xml_tests, root = read_xml(base + ".xml")
    tap_tests, comments = read_tap(base + ".tap")
    same("fates in XML", base, [t[0] for t in xml_tests], [w[0] for w in wanted])
    same("fates in TAP", base, [t[0] for t in tap_tests], [w[0] for w in wanted])
    for (_, name), x, t in zip(wanted, xml_tests, tap_tests):
        if "\ufffd" not in x[1] and "\\" not in t[1]:
            same("a name", base, x[1], t[1])
            check(x[1].startswith(name), "%s: %r is named %r", base, name, x[1])
        if x[2] and "\ufffd" not in x[2]:
            same("why", base, x[2], t[2])
    return report, xml_tests, root, tap_tests, comments


def check_first(report, xml_tests, root, tap_tests, comments):
    """Without --expect: a connect of two attempts, and one that failed."""
    same("command", "0", report["command"], ["curl", "-sS", "http://db.internal/?a=1&b=<2>#c", ""])
    same("faults", "0", report["faults"], ["syn-drop:2@v6", "loss:30%"])
    same("seed", "0", report["seed"], 2**64 - 1)
    same("exit", "0", (report["exit"], report["timed_out"]), ({"status": 28}, False))
    same("policy", "0", report["policy"]["retries"], 6)
    same("event", "0", report["event"], {
        "start": "2026-01-02T03:04:05.000000006Z", "end": "2026-01-02T03:04:07.500000006Z", "duration": 2500000000})
    check("expectations" not in report, "0: expectations")
    same("logical", "0", [a["synsent"]["logical"] for a in report["attempts"]], [1, 1, 3])
    same("cancelled", "0", [a["synsent"]["cancelled"] for a in report["attempts"]], [True, False, False])
    same("sum", "0", report["sum"], {"attempts": 3, "connects": 2, "failed": 1, "cancelled": 1,
                                     "outcomes": {"established": 1, "abandoned": 1}})
    last = report["attempts"][2]
    same("server", "0", last["server"], {
        "address": "198.18.0.2", "port": 5432, "domain": "a<b>&\"c'\x1b\ufffd]]>#"})
    same("error", "0", last["error"], {"type": "ETIMEDOUT"})
    why = "abandoned after 2.00 s, application gave up, app-timer, ETIMEDOUT, 2 SYNs"
    same("XML", "0", xml_tests, [
        ("passed", "connect 1 to 198.18.0.1:80 (db.internal)", None),
        ("failed", "connect 3 to 198.18.0.2:5432 (a<b>&\"c'\ufffd\ufffd]]>#)", why)])
    same("TAP", "0", [t[:3] for t in tap_tests], [
        ("passed", "connect 1 to 198.18.0.1:80 (db.internal)", None),
        ("failed", "connect 3 to 198.18.0.2:5432 (a<b>&\"c'\\x1b\\xff]]>\\#)", why)])
    same("comments", "0", comments, [
        "command: curl -sS http://db.internal/?a=1&b=<2>\\#c ", "fault: syn-drop:2@v6", "fault: loss:30%",
        "exit: status 28"])
    same("time", "0", (root.get("time"), root.get("timestamp")), ("2.500000", "2026-01-02T03:04:05"))
    same("suite", "0", root.get("name"), "synsent run: curl -sS http://db.internal/?a=1&b=<2>#c ")
    same("properties", "0", [(p.get("name"), p.get("value")) for p in root.iter("property")], [
        ("command", "curl -sS http://db.internal/?a=1&b=<2>#c "), ("fault", "syn-drop:2@v6"), ("fault", "loss:30%"),
        ("seed", str(2**64 - 1)), ("exit", "status 28"), ("timed-out", "false"), ("attempts", "3")])


def check_second(report, xml_tests, _, tap_tests, comments):
    """With --expect, and a command that was killed."""
    same("exit", "1", (report["exit"], report["timed_out"]), ({"signal": 9, "name": "SIGKILL"}, True))
    same("as_expected", "1", report["as_expected"], False)
    same("expectations", "1", [tuple(row.values()) for row in report["expectations"]], [
        ("exit=28", "exit", "28", "28", True),
        ("within=1s..1.5s", "within", "1s..1.5s", "0.201 s to 198.18.0.1:80 (db.internal), "
         "2.003 s to 198.18.0.2:5432 (a<b>&\"c'\x1b\ufffd]]>#)", False),
        ("name=db.internal", "name", "db.internal",
         "a<b>&\"c'\x1b\ufffd]]># to 198.18.0.2:5432 (a<b>&\"c'\x1b\ufffd]]>#)", False)])
    same("XML", "1", [t[:2] for t in xml_tests], [
        ("passed", "exit=28"), ("failed", "within=1s..1.5s"), ("failed", "name=db.internal")])
    check(xml_tests[1][2].startswith("expected 1s..1.5s, was 0.201 s to "), "1: %r", xml_tests[1][2])
    same("TAP", "1", tap_tests[1][3]["expected"], "1s..1.5s")
    check("exit: signal 9 (SIGKILL), ended by the time limit" in comments, "1: %r", comments)


def check_third(report, xml_tests, root, tap_tests, comments):
    """Nothing happened."""
    same("empty", "2", (report["attempts"], xml_tests, tap_tests, root.get("tests")), ([], [], [], "0"))
    check("exit" not in report and "policy" not in report, "2: %r", report)
    check("exit: not known" in comments, "2: %r", comments)


def check_strict(validator, report):
    """The schema refuses what is not so."""
    wrong = [("colour", "red"), ("v", 2), ("seed", -1), ("exit", {}), ("exit", {"status": 1, "signal": 1}),
             ("timed_out", None), ("expectations", []), ("attempts", [{}]), ("faults", [""]), ("command", "curl")]
    for key, value in wrong:
        check(not validator.is_valid({**report, key: value}), "the schema takes %s: %r", key, value)
    for key in ("v", "command", "faults", "seed", "event", "timed_out", "sum", "attempts", "as_expected"):
        check(not validator.is_valid({k: v for k, v in report.items() if k != key}), "the schema does without %s", key)


def main():
    validator = validate.validator(SCHEMA)
    with tempfile.TemporaryDirectory(prefix="synsent-report.") as directory:
        subprocess.run([sys.argv[1], directory], check=True)
        names = sorted(glob.glob(os.path.join(directory, "*")))
        bases = sorted({os.path.splitext(name)[0] for name in names}, key=lambda b: int(os.path.basename(b)))
        same("files", directory, len(names), 3 * len(bases))
        samples = [check_sample(validator, base) for base in bases]
    check_first(*samples[0])
    check_second(*samples[1])
    check_third(*samples[2])
    check_strict(validator, samples[1][0])
    fates = {test[0] for sample in samples for test in sample[1]}
    same("fates among the samples", directory, fates, {"passed", "failed", "skipped"})
    for failure in failures[:20]:
        print(failure)
    print("%d samples, %d failures" % (len(samples), len(failures)))
    return 1 if failures or len(samples) < 50 else 0


sys.exit(main())
