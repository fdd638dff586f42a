#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that `synsent lab` writes, read by others.

capture.py SYNSENT REPLAY [--fast] [--user nobody] [--jobs N]

-w: `tcpdump -nn -r` prints exactly the packet lines that the lab printed; tshark and capinfos find the verdict in
the comments and nothing odd.  --events: REPLAY, a tracker of its own, makes the same attempts of them.  --svg: XML.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

import harness

PACKET = re.compile(r"    (\d\d:\d\d:\d\d\.\d{6} IP.*)")
SCENARIOS = ("drop", "drop-output", "drop-synack", "reset", "host-prohibited", "no-listener", "backlog-full",
             "late-answer", "shadowed", "abandon", "no-route")


def tool(*command, stdin=None):
    done = subprocess.run(command, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=harness.ENV)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def packet_lines(r):
    return [m.group(1) for m in map(PACKET.fullmatch, r.out.splitlines()) if m]


def check_tcpdump(r, path):
    """Returns how many packets there are."""
    printed = packet_lines(r)
    status, out, err = tool("tcpdump", "-nn", "-r", path)
    r.want("tcpdump's status", status, 0)
    if out.splitlines() != printed:
        r.wrong.append("tcpdump -nn -r prints\n%s      (stderr %s), the lab printed\n      %s" % (
            out, err, "\n      ".join(printed)))
    if len(printed) < 6:
        r.wrong.append("%d packets, and not even the first connection's handshake and close" % len(printed))
    return len(printed)


def check_comments(r, path, headline):
    """Wireshark's view: a comment on each SYN of the attempt under study, the verdict on the section."""
    status, out, err = tool("tshark", "-r", path, "-T", "fields", "-e", "frame.comment", "-Y",
                            "tcp.flags.syn == 1 && tcp.flags.ack == 0 && !icmp && !icmpv6")
    r.want("tshark's status", status, 0)
    comments = out.splitlines()[1:]  # without the first connection's
    r.want("the number of SYNs", len(comments), sum("Flags [S]," in line for line in packet_lines(r)) - 1)
    for n, comment in enumerate(comments):
        if not comment.startswith("SYN %d, " % n):
            r.wrong.append("the comment of SYN %d is %r (%s)" % (n, comment, err))
    if not headline or headline not in comment_of_section(r, path):
        r.wrong.append("the section's comment %r has not %r" % (comment_of_section(r, path), headline))


def comment_of_section(r, path):
    _, out, _ = tool("capinfos", "-k", path)
    return " ".join(line.split(":", 1)[1] for line in out.splitlines() if line.startswith("Capture comment"))


def check_capinfos(r, path, n):
    status, out, err = tool("capinfos", path)
    said = dict(line.split(":", 1) for line in out.splitlines() if ":" in line)
    said = {k.strip(): v.strip() for k, v in said.items()}
    r.want("capinfos' status", status, 0)
    r.want("capinfos: encapsulation", said.get("File encapsulation"), "Ethernet")
    r.want("capinfos: packets", said.get("Number of packets"), str(n))
    r.want("capinfos: order", said.get("Strict time order"), "True")
    if re.search("cut short|damaged|corrupt|isn't a capture", out + err):
        r.wrong.append("capinfos: " + err)


def strip(attempt):
    """Without what the recorder of events does not know."""
    attempt = json.loads(json.dumps(attempt))
    for name in ("scenario", "scaled"):
        attempt["synsent"].pop(name, None)
    return attempt


def check_replay(r, replay, path):
    with open(path, "rb") as f:
        status, out, err = tool(replay, stdin=f)
    r.want("the replay's status (%s)" % err.strip(), status, 0)
    again = [json.loads(line) for line in out.splitlines()]
    for live, replayed in zip(r.objects, again):
        if strip(live) != strip(replayed):
            r.wrong.append("replayed, the attempt is %s" % json.dumps(replayed))
    r.want("the number of attempts replayed", len(again), len(r.objects))


def check_svg(r, path):
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
        r.want("the SVG's root", root.tag, "{http://www.w3.org/2000/svg}svg")
        if not any(True for _ in root.iter("{http://www.w3.org/2000/svg}text")):
            r.wrong.append("the SVG has no text")
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        r.wrong.append("the SVG: %s" % error)


def check_text(r, path):
    r.want("the exit status", r.status, 0)
    n = check_tcpdump(r, path + ".pcapng")
    check_svg(r, path + ".svg")
    verdict = [line for line in r.out.splitlines() if re.match(r"[a-z-]+: ", line)]
    r.want("the number of verdicts", len(verdict), 1)
    if harness.found("tshark") and harness.found("capinfos"):
        check_comments(r, path + ".pcapng", verdict[0] if verdict else None)
        check_capinfos(r, path + ".pcapng", n)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("replay")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--jobs", type=int)
    o = parser.parse_args()
    if not harness.found("tcpdump"):
        harness.skip("tcpdump is missing (apt-get install tcpdump)")
    for program in ("tshark", "capinfos"):
        if not harness.found(program):
            print("left out: %s is missing" % program)
    replay = os.path.abspath(o.replay)
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        synsent.need(*(["--fast"] if o.fast else []))

        def one(case):
            scenario, more, json_too = case
            retries = "3" if scenario == "late-answer" else "2"
            path = synsent.path("-".join([scenario, "json" if json_too else "text"] + more))
            r = synsent.run(["lab", "--scenario", scenario, "--retries", retries, "-w", path + ".pcapng", "--svg",
                             path + ".svg", "--events", path + ".events"] + (["--fast"] if o.fast else []) +
                            (["-j"] if json_too else []) + more)
            if json_too:
                check_replay(r, replay, path + ".events")
            else:
                check_text(r, path)
            r.report()
            return r

        chosen = [(s, six, j) for s in SCENARIOS for six in ([], ["-6"]) for j in (False, True)]
        runs = harness.all_of(o.jobs or (2 if o.fast else 20), one, chosen)
    wrong = sum(bool(r.wrong) for r in runs)
    print("as %s: %d runs, %d packets read by tcpdump, %d wrong" % (
        synsent.user, len(runs), sum(len(packet_lines(r)) for r in runs), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
