#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`synsent diff` against incidents whose truth is known, packet by packet, and against what cannot be compared.

diff.py SYNSENT [NAME]
"""
import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import incident
import pcaplib
import reader

wrong = reader.Wrong()
synsent = os.path.abspath(sys.argv[1])
MORE = os.environ.get("SYNSENT_READ_OPTIONS", "").split()
KINDS = ("syn", "syn-ack", "ack", "rst", "client-rst", "icmp")
S = incident.NSEC


def schema():
    """A function: a line of JSON -> what docs/diff.schema.json has against it."""
    sys.path.insert(0, os.path.join(reader.HERE, ".."))
    try:
        import validate
    except SystemExit:
        return lambda line: []
    check = validate.validator(os.path.join(reader.SOURCE, "docs", "diff.schema.json"))
    return lambda line: validate.problems(check, line)


problems = schema()


def diff(*args, may=(0,), stdin=None):
    """(status, stdout, stderr); what holds for every run is checked."""
    done = subprocess.run([synsent, "diff", "-v"] + MORE + list(args), stdin=stdin or subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=reader.ENV, timeout=60)
    err = done.stderr.decode("utf-8", "replace")
    name = "diff " + " ".join(args)[-200:]
    if done.returncode < 0 or reader.SANITIZER.search(err):
        wrong("%s: a crash, %d: %s" % (name, done.returncode, err[-600:]))
    elif done.returncode not in may:
        wrong("%s: exit %d: %s" % (name, done.returncode, err[-600:]))
    for m in reader.LEDGER.finditer(err):
        n = [int(x.replace(",", "")) for x in m.groups()]
        if n[0] != sum(n[1:]):
            wrong("%s: the ledger does not add up" % name)
    return done.returncode, done.stdout.decode("utf-8"), err


SURE = re.compile(r"(?<!nothing )died(?!.* likely\b)(?! is not known)|from between(?!.* likely$)")


def check_headline(synsent_object):
    """A headline is no surer than its verdict."""
    if synsent_object.get("confidence") != "unknown":
        return
    for clause in synsent_object["headline"].split("; "):
        if SURE.search(clause):
            wrong("not known, and told as if it were: %s" % synsent_object["headline"])
    if re.search(r"\b\d{7,}\b", synsent_object["headline"]):
        wrong("no such number: %s" % synsent_object["headline"])


def objects(*args, **more):
    _, out, _ = diff("-j", *args, **more)
    for line in out.splitlines(keepends=True)[:40]:
        for problem in problems(line.encode()):
            wrong("not as the schema has it: %s: %s" % (problem[:200], line[:100]))
    found = [json.loads(line) for line in out.splitlines()]
    for value in found:
        check_headline(value["synsent"])
    return found


def write(directory, world, client="client.pcap", server="server.pcap"):
    paths = [os.path.join(directory, name) for name in (client, server)]
    for side, path in enumerate(paths):
        packets = world.packets(side)
        data = pcaplib.pcapng(packets) if "ng" in path else pcaplib.pcap(packets)
        reader.write(path, gzip.compress(data, 1) if path.endswith(".gz") else data)
    return paths


def counts(attempt):
    """{(kind, fate): n} of handshakes."""
    found = {}
    for packet in attempt["synsent"]["packets"]:
        key = packet["kind"], packet["fate"]
        found[key] = found.get(key, 0) + 1
    return found


def compare(name, attempt, truth, exact=True):
    """exact: both captures have all that passed them."""
    got = counts(attempt)
    ends = any(fate == "uncovered" for _, fate in got)  # nobody can tell at either end of the captures
    for kind in KINDS:
        for fate, of in (("arrived", truth.arrived), ("died", truth.died), ("between", truth.between)):
            n, was = got.get((kind, fate), 0), of[kind]
            if n != was and not (ends and n < was) and (exact or fate != "arrived"):
                wrong("%s: %s: %d %ss %s, not %d: %s" % (name, truth.key(), n, kind, fate, was,
                                                         attempt["synsent"]["headline"]))
    return ends


def key(attempt):
    side = attempt["synsent"].get("at_client") or attempt["synsent"]["at_server"]
    return "%s:%d/%d" % (attempt["client"]["address"], attempt["client"]["port"], side["isn"])


def check_clocks(name, o, head):
    clocks = head["clocks"]
    if clocks["known"] != "both-ways":
        return wrong("%s: the clocks are known %s" % (name, clocks["known"]))
    at_ns = int(float(clocks["at"][17:-1]) * S) + 0  # seconds of the minute are enough to know it is there
    assert at_ns >= 0
    slack = clocks["uncertainty_ns"] + 20000 + abs(o.drift_ppm) * o.seconds * 100
    if abs(clocks["server_ahead_ns"] - o.skew_ns) > slack:
        wrong("%s: the server's clock is %d ns ahead, not %d +- %d" % (name, clocks["server_ahead_ns"], o.skew_ns, slack))
    drift = clocks.get("drift_ppb", 0) / 1000
    if abs(drift - o.drift_ppm) > abs(o.drift_ppm) / 10:
        wrong("%s: drift %.3f ppm, not %.3f" % (name, drift, o.drift_ppm))
    if o.attempts > 50 and clocks["uncertainty_ns"] > (o.delay_ns + o.back_ns + o.jitter_ns) // 2:
        wrong("%s: an uncertainty of %d ns" % (name, clocks["uncertainty_ns"]))


def check_between(name, o, head):
    between, both = head["between"], head["attempts"]["both"]
    for key_, is_ in (("client_addresses", o.nat_client), ("server_addresses", o.nat_server),
                      ("server_ports", o.nat_server), ("isns", o.nat_isn)):
        if not o.others and between[key_] != (both if is_ else 0):
            wrong("%s: %s are rewritten in %d of %d" % (name, key_, between[key_], both))
    if (between["hops_min"], between["hops_max"]) != (incident.HOPS, incident.HOPS):
        wrong("%s: %r hops" % (name, between["hops_min"]))


def incidents():
    """name -> what it is like."""
    some = {"lose_syn": .05, "lose_syn_ack": .05, "lose_ack": .05}
    return {
        "clean": {},
        "losses": some,
        "heavy": {"lose_syn": .4, "lose_syn_ack": .4, "lose_ack": .3},
        "refused": {**some, "closed": .3, "lose_rst": .3, "silent": .1},
        "skew of seconds": {**some, "skew_ns": -3 * S + 777},
        "skew of hours": {**some, "skew_ns": 7 * 3600 * S + 123456},
        "drift": {**some, "skew_ns": 40 * S, "drift_ppm": 25, "seconds": 600},
        "losing drift": {**some, "drift_ppm": -60, "seconds": 300},
        "ipv6": {**some, "v6": True, "skew_ns": 5 * S},
        "client nat": {**some, "nat_client": True, "skew_ns": 5 * S},
        "server nat": {**some, "nat_server": True, "skew_ns": 5 * S},
        "both nat": {**some, "nat_client": True, "nat_server": True, "skew_ns": -900 * S},
        "both nat, ipv6": {**some, "nat_client": True, "nat_server": True, "v6": True},
        "isns rewritten": {**some, "nat_isn": True, "skew_ns": 60 * S},
        "all rewritten": {"lose_syn": .05, "nat_isn": True, "nat_client": True, "attempts": 100},
        "no timestamps": {**some, "timestamps": False, "skew_ns": 60 * S},
        "idents rewritten": {"lose_syn": .05, "lose_syn_ack": .05, "keep_idents": False, "skew_ns": 60 * S},
        "doubled": {**some, "twice": .2},
        "forged": {"lose_syn": .2, "forged_rst": .3, "forged_icmp": .3, "skew_ns": 3 * S},
        "others": {**some, "others": .5, "elsewhere": .2, "skew_ns": 3 * S},
        "few": {"attempts": 3, "servers": 1, "lose_syn": .3, "seconds": 20},
        "one": {"attempts": 1, "skew_ns": 3600 * S, "nat_client": True, "nat_server": True},
    }


def test_incident(name, more, directory, seed):
    o = incident.Options(**more)
    world = incident.World(o, seed)
    endings = [("c.pcap", "s.pcap"), ("c.ng", "s.pcap.gz"), ("c.ng.gz", "s.ng")][seed % 3]
    paths = write(directory, world, *endings)
    swapped = seed % 4 == 3 and o.attempts > 1
    truth = world.truth()
    if swapped:
        paths.reverse()
    found = objects(*paths)
    head = objects("--summary", *paths)[0]["synsent"]
    name = "%s, seed %d" % (name, seed)
    if head["swapped"] != swapped:
        wrong("%s: %s taken as swapped" % (name, "not" if swapped else ""))
    seen = ends = 0
    for attempt in found:
        was = truth.get(key(attempt))
        sort = attempt["synsent"]["seen"]
        if sort == "others" and o.others or not was:
            if not was and not (sort == "others" and o.nat_client):
                wrong("%s: an attempt that never was: %s" % (name, key(attempt)))
            continue
        if was.elsewhere != (sort == "elsewhere"):
            wrong("%s: %s is %s" % (name, was.key(), sort))
        if sort in ("both", "lost"):
            seen += 1
            ends += compare(name, attempt, was)
    missing = sum(not a.elsewhere and not a.others for a in truth.values()) - seen
    if missing > 1 or ends > 2 + len(truth) // 50:
        wrong("%s: %d attempts are not compared, %d not in full" % (name, missing, ends))
    check_clocks(name, o, head)
    check_between(name, o, head)
    diff(*paths)
    diff("--all", *paths)


def test_incidents(directory):
    for name, more in incidents().items():
        for seed in range(4):
            test_incident(name, more, directory, seed)


def test_cut(directory):
    """One capture ends early: what came after is not taken for lost, and the exit status says so."""
    world = incident.World(incident.Options(lose_syn=.1, skew_ns=9 * S), 1)
    client, server = write(directory, world)
    with open(server, "rb") as f:
        data = f.read()
    reader.write(server, data[:len(data) * 6 // 10 - 5])
    truth = world.truth()
    status, out, err = diff(client, server, may=(3,))
    if "server.pcap" not in err:
        wrong("the file that is cut is not named: %s" % err)
    n = dict.fromkeys(("both", "lost", "uncovered"), 0)
    for attempt in objects(client, server, may=(3,)):
        n[attempt["synsent"]["seen"]] += 1
        was = truth[key(attempt)]
        got = counts(attempt)
        for kind in KINDS:
            if got.get((kind, "died"), 0) > was.died[kind]:
                wrong("cut: %s: %r died, not %r" % (was.key(), got, was.died))
    if n["uncovered"] < 50 or n["both"] < 80:
        wrong("cut: %r" % n)


def test_holes(directory):
    """A capture that lost packets itself: what it lacks is not told as if the network had lost it."""
    for misses in ("server_misses", "client_misses"):
        world = incident.World(incident.Options(attempts=400, **{misses: .1}), 2)
        head = objects("--summary", *write(directory, world))[0]["synsent"]
        if not head["holes"][misses.replace("misses", "missed")]:
            wrong("%s: no holes are seen: %r" % (misses, head["holes"]))
        sure = [a for a in objects(*write(directory, world))
                if a["synsent"]["confidence"] == "likely" and any(f == "died" for _, f in counts(a))]
        if len(sure) > 40:
            wrong("%s: %d losses are told as likely that were none" % (misses, len(sure)))
        _, out, _ = diff(*write(directory, world))
        if "holes" not in out:
            wrong("%s: the head does not tell of holes" % misses)


class Elsewhere(incident.World):
    """Hosts of other networks, so that two worlds are one incident."""

    def address(self, net, host):
        return super().address({10: 12, 198: 197, 203: 204, 11: 13, 199: 196, 172: 173}[net], host)


def third(packets):
    return packets[:len(packets) // 3] + packets[len(packets) * 2 // 3:]


def step(packets):
    """The clock is set meanwhile."""
    return [p._replace(t_ns=p.t_ns + (5 * S if i > len(packets) // 2 else 0)) for i, p in enumerate(packets)]


def mixtures():
    """name -> what most attempts are like, what some are like, and what became of both captures."""
    loss = {"lose_syn": .1, "lose_syn_ack": .1, "lose_ack": .1}
    many, some = {"attempts": 300, **loss}, {"attempts": 30, **loss}
    few = {"attempts": 10, "seconds": 20, **loss}
    far = {"delay_ns": 600000000, "back_ns": 700000000, "jitter_ns": 300000000}
    return {
        "idents rewritten for some": (many, {**some, "keep_idents": False}, None, None),
        "idents and addresses": (many, {**some, "keep_idents": False, "nat_client": True, "nat_server": True}, None, None),
        "refused, idents rewritten": (many, {**some, "keep_idents": False, "closed": .5, "lose_rst": .2}, None, None),
        "isns rewritten for some": (many, {**some, "nat_isn": True}, None, None),
        "all rewritten for some": (many, {**some, "nat_isn": True, "nat_client": True, "nat_server": True}, None, None),
        "far": ({**many, **far}, some, None, None),
        "far, no marks": ({**many, **far, "keep_idents": False}, some, None, None),
        "clock set": (many, some, None, step),
        "clock set, no marks": ({**many, "keep_idents": False}, some, None, step),
        "a gap at the server": (many, some, None, third),
        "a gap at the client": (many, some, third, None),
        "few, server late": (few, {"attempts": 1}, None, lambda p: p[len(p) // 2:]),
        "few, server early": (few, {"attempts": 1}, None, lambda p: p[:len(p) // 2]),
        "few, client late": (few, {"attempts": 1}, lambda p: p[len(p) // 2:], None),
        "few, client early": (few, {"attempts": 1}, lambda p: p[:len(p) // 2], None),
    }


def merged(directory, worlds, changes):
    paths = []
    for side, change in enumerate(changes):
        packets = sorted((p for w in worlds for p in w.packets(side)), key=lambda p: p.t_ns)
        data = pcaplib.pcap(change(packets) if change else packets)
        paths.append(reader.write(os.path.join(directory, "%d.pcap" % side), data))
    return paths


def test_mixed(directory):
    """Some attempts are unlike the others, or a capture lacks some: nothing is said to have died, or to come from in
    between, that did not, unless it is said that it is not known."""
    for name, (most, some, *changes) in mixtures().items():
        for seed in range(2):
            worlds = (incident.World(incident.Options(**most), seed),
                      Elsewhere(incident.Options(**some), seed + 1000))
            truth = {**worlds[0].truth(), **worlds[1].truth()}
            for attempt in objects(*merged(directory, worlds, changes), may=(0, 1)):
                was = truth.get(key(attempt))  # where all is rewritten, the server's side is another
                if not was or attempt["synsent"]["confidence"] == "unknown":
                    continue
                got = counts({"synsent": {"packets": [p for p in attempt["synsent"]["packets"] if not p.get("late")]}})
                for kind in KINDS:
                    if got.get((kind, "died"), 0) > was.died[kind] or got.get((kind, "between"), 0) > was.between[kind]:
                        wrong("%s, seed %d: %s: %s of %ss is not true: %s" % (
                            name, seed, was.key(), got, kind, attempt["synsent"]["headline"]))


def test_twice(directory):
    """One capture under two names shows nothing of a way, and that is said."""
    world = incident.World(incident.Options(attempts=5, seconds=5), 15)
    client, _ = write(directory, world)
    again, _ = write(directory, world, "again.pcap", "unused.pcap")
    if "one capture twice" not in " ".join(diff(client, again)[1].split()):
        wrong("one capture twice is taken for two")


def test_nothing(directory):
    """Captures that have nothing in common."""
    worlds = [incident.World(incident.Options(), seed) for seed in (5, 6)]
    client, _ = write(directory, worlds[0])
    _, server = write(directory, worlds[1], "other.pcap", "server.pcap")
    write(directory, worlds[0], "client.pcap", "unused.pcap")
    _, out, _ = diff(client, server, may=(1,))
    if "no attempt is paired" not in out:
        wrong("nothing in common, but: %s" % out)
    _, out, _ = diff(client, reader.write(os.path.join(directory, "empty.pcap"), pcaplib.pcap([])), may=(1,))
    if "every SYN died" not in out:
        wrong("an empty capture of the server's: %s" % out)
    objects("--summary", client, server, may=(1,))


def test_usage(directory):
    world = incident.World(incident.Options(attempts=5, seconds=5, lose_syn=.3), 7)
    client, server = write(directory, world)
    missing = os.path.join(directory, "missing.pcap")
    junk = reader.write(os.path.join(directory, "junk.pcap"), b"no capture, whatever its name says" * 9)
    for args in ((), (client,), (client, client), (client, server, server), ("-", "-"), (missing, client),
                 ("--svg", "x.svg", client, server), ("--since", "noon", client, server),
                 ("--diagram", "x", client, server), ("--memory", "1k", client, server),
                 ("--sandbox", "maybe", client, server), ("--diagram", "1", "-j", client, server),
                 ("--diagram", "1", "--svg", client, client, server), ("and and", client, server)):
        _, out, err = diff(*args, may=(2,))
        if out or "\n  " not in err:
            wrong("%r: neither is stdout empty nor is there a remedy: %s %s" % (args, out, err))
    for bad in (missing, junk, directory, reader.write(os.path.join(directory, "nothing.pcap"), b"")):
        _, out, err = diff(client, bad, may=(3,))
        if out or "\n  " not in err:
            wrong("%r: neither is stdout empty nor is there a remedy: %s %s" % (bad, out, err))
    diff("--diagram", "999", client, server, may=(1,))
    with open(server, "rb") as f:
        _, piped, _ = diff(client, "-", stdin=f)
    _, plain, _ = diff(client, server)
    if piped[piped.index("\nclocks"):] != plain[plain.index("\nclocks"):]:
        wrong("by a pipe it is another: %s\n%s" % (piped, plain))
    svg = os.path.join(directory, "one.svg")
    _, out, _ = diff("--diagram", "1", "--svg", svg, client, server)
    if "SYN 0" not in out or b"</svg>" not in open(svg, "rb").read():
        wrong("the diagram: %s" % out)


def test_interrupt(directory):
    """Ctrl-C while a pipe has nothing yet: at once, and nothing is left of what was to be written."""
    world = incident.World(incident.Options(attempts=5, seconds=5), 16)
    client, _ = write(directory, world)
    svg = os.path.join(directory, "one.svg")
    p = subprocess.Popen([synsent, "diff", "--diagram", "1", "--svg", svg] + MORE + ["-", client], env=reader.ENV,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        time.sleep(0.5)
        p.send_signal(signal.SIGINT)
        p.wait(10)
        if (p.returncode, p.stdout.read(), p.stderr.read()) != (130, b"", b""):
            wrong("Ctrl-C: exit %d" % p.returncode)
        if any("one.svg" in name for name in os.listdir(directory)):
            wrong("Ctrl-C leaves the drawing behind")
    except subprocess.TimeoutExpired:
        wrong("Ctrl-C is not heard while a pipe has nothing")
    finally:
        p.kill()
        p.communicate()


def test_choice(directory):
    world = incident.World(incident.Options(nat_client=True, lose_syn=.1), 8)
    paths = write(directory, world)
    everything = objects(*paths)
    one = objects("host 10.0.0.3", *paths)
    if not 0 < len(one) < len(everything) or any(a["client"]["address"] != "10.0.0.3" for a in one):
        wrong("a filter on the client's side chose %d of %d" % (len(one), len(everything)))
    there = objects("host 203.0.0.7", *paths)
    if any("at_server" not in a["synsent"] for a in there) or not there:
        wrong("a filter on the server's side chose %d" % len(there))
    early = objects("--until", "+60s", *paths)
    late = objects("--since", "+60s", *paths)
    if len(early) + len(late) != len(everything) or not early or not late:
        wrong("%d before and %d after are not %d" % (len(early), len(late), len(everything)))
    _, out, _ = diff("--summary", "host 10.0.0.3", *paths)
    if 'chosen         by "host 10.0.0.3"\n' not in out:
        wrong("the head does not tell what was chosen: %s" % out)
    _, out, _ = diff("--diagram", "1", "--svg", "-", *paths)
    if not out.startswith("<svg ") or not out.endswith("</svg>\n"):
        wrong("--svg -: standard output is not the drawing's alone: %s" % out[-200:])
    _, out, _ = diff("--summary", "port 9", *paths)
    if "attempts       none: not one is chosen\n" not in out:
        wrong("the head does not tell why there is none: %s" % out)
    _, _, err = diff("--since", "+60s", "--until", "+30s", *paths, may=(2,))
    if "--until +30s is not later than --since +60s" not in err:
        wrong("times in the wrong order: %s" % err)


def test_days(directory):
    """Lines of another day than that of the client's first packet have its date, and no others have."""
    paths = write(directory, incident.World(incident.Options(attempts=40, seconds=2 * 86400, lose_syn=.5), 17))
    first = time.gmtime(incident.START / S)
    dated = plain = 0
    for args in ((), ("--all",), ("--diagram", "39"), ("--diagram", "1")):
        for line in diff(*args, *paths)[1].splitlines():
            m = re.match(r" *\d+  (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{3}  ", line)
            if m and m.group(1):
                dated += m.group(1) != time.strftime("%F ", first)
            plain += bool(m and not m.group(1))
    days = [a["event"]["start"][:10] for a in objects(*paths)]
    others = sum(day != days[0] for day in days)
    lines = [a for a in objects(*paths) if a["synsent"]["packets"][1]["kind"] == "syn"]
    wanted = others + sum(a["event"]["start"][:10] != days[0] for a in lines) + 1
    if dated != wanted or plain != len(days) + len(lines) + 2 - wanted:
        wrong("%d lines have a date, not %d, and %d have none" % (dated, wanted, plain))


def test_uncompared(directory):
    """What the other capture cannot have is not drawn as if it had arrived, and neither is what may have."""
    world = incident.World(incident.Options(attempts=200, seconds=60, lose_syn=.2), 4)
    client, server = (world.packets(side) for side in (0, 1))
    late = reader.write(os.path.join(directory, "late.pcap"), pcaplib.pcap(server[len(server) // 2:]))
    whole = reader.write(os.path.join(directory, "client.pcap"), pcaplib.pcap(client))
    _, out, _ = diff("--diagram", "1", whole, late)
    if "? whether it arrived was not seen" not in out:
        wrong("no foot tells of the mark: %s" % out)
    for line in out.splitlines():
        if re.search("SYN 0|─ ACK", line) and not ("?" in line and "▶" not in line and ">" not in line):
            wrong("drawn as if it had arrived: %s" % line)
    svg = diff("--diagram", "1", "--svg", "-", whole, late)[1]
    if ", not seen to arrive" not in svg or "unanswered" in svg:
        wrong("the drawing does not tell of it: %s" % svg[:900])
    early = reader.write(os.path.join(directory, "early.pcap"), pcaplib.pcap(client[len(client) // 2:]))
    whole = reader.write(os.path.join(directory, "server.pcap"), pcaplib.pcap(server))
    _, out, _ = diff("--diagram", "1", early, whole)
    if not re.search(r"\? [^\n]*SYN-ACK", out):
        wrong("a SYN-ACK is drawn as if it had arrived: %s" % out)


def test_schema(directory):
    """It is strict: one name more, one less, or a value that is null, and it is refused."""
    world = incident.World(incident.Options(lose_syn=.3, forged_icmp=.5), 14)
    paths = write(directory, world)
    if not problems(b"{}\n"):
        return  # there is nothing to validate with
    for value in (objects(*paths)[0], objects("--summary", *paths)[0]):
        for holder in (value, value["event"], value["synsent"]):
            for name in list(holder):
                kept = holder.pop(name)
                for change in ({"colour": "red"}, {name: None}, {name: ""}):
                    holder.update({name: kept}, **change)
                    if not problems(json.dumps(value).encode() + b"\n"):
                        wrong("the schema takes %r" % change)
                    holder.pop("colour", None)
                holder[name] = kept
        if problems(json.dumps(value).encode() + b"\n"):
            wrong("the schema does not take what it took")


def test_memory(directory):
    world = incident.World(incident.Options(attempts=30000, seconds=100), 9)
    paths = write(directory, world)
    _, out, err = diff("--memory", "8M", "--summary", *paths, may=(4,))
    if "want of memory" not in err or "--memory" not in out:
        wrong("little memory: %s %s" % (out, err))
    head = objects("--memory", "8M", "--summary", *paths, may=(4,))[0]["synsent"]
    if head["packets"]["syn"]["died"] or head["attempts"]["lost"]:
        wrong("with little memory, what was not kept is taken for lost: %r" % head["packets"]["syn"])


def test_garbage(directory):
    """Whatever the bytes are: no crash, and an exit status that there is."""
    world = incident.World(incident.Options(attempts=20, seconds=20, lose_syn=.2), 10)
    both = write(directory, world), write(directory, world, "client.ng", "server.ng")
    rng = random.Random(int(os.environ.get("SYNSENT_SEED") or 11))
    for turn in range(60):
        bad, paths = [], both[turn % 2]
        for path in paths:
            with open(path, "rb") as f:
                data = bytearray(f.read())
            for _ in range(rng.choice((0, 1, 20, 300))):
                data[rng.randrange(24, len(data))] = rng.getrandbits(8)
            bad.append(reader.write(os.path.join(directory, "bad" + os.path.basename(path)), data))
        diff("--all", *bad, may=(0, 1, 3))
        objects(*bad, may=(0, 1, 3))


def test_times(directory):
    """Clocks that jump to anywhere: no figure of time overflows."""
    world = incident.World(incident.Options(attempts=20, seconds=20, lose_syn=.2), 12)
    rng = random.Random(int(os.environ.get("SYNSENT_SEED") or 13))
    odd = (0, 1, 2 ** 62 - 1, 2 ** 62, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1)
    for turn in range(30):
        paths = []
        for side in (0, 1):
            packets = [p._replace(t_ns=rng.choice(odd + (rng.getrandbits(64), rng.getrandbits(61))))
                       if rng.random() < turn / 60 else p for p in world.packets(side)]
            paths.append(reader.write(os.path.join(directory, "%d.ng" % side), pcaplib.pcapng(packets)))
        diff("--all", *paths, may=(0, 1))
        diff("--diagram", "3", *paths, may=(0, 1))
        objects(*paths, may=(0, 1))
        objects("--summary", *paths, may=(0, 1))


def main():
    tests = [test_incidents, test_cut, test_holes, test_mixed, test_twice, test_nothing, test_usage, test_interrupt,
             test_choice, test_days, test_uncompared, test_schema, test_memory, test_garbage, test_times]
    for test in tests:
        if len(sys.argv) < 3 or sys.argv[2] in test.__name__:
            with reader.temporary() as directory:
                test(directory)
    return wrong.status()


sys.exit(main())
