# SPDX-License-Identifier: GPL-2.0-or-later
"""More than one fault at one address: to whom a fault applies, several at once, options of TCP as the far end sees
them, the same seed twice, and what the far end is.  Each is a run of `synsent run`; run_faults.py checks them."""
import re
import shlex

from harness import MS

QUICK = ["--policy", "retries=1,linear=0"]
A4, B4, A6, B6 = "10.9.0.1", "10.9.0.2", "2001:db8:9::1", "2001:db8:9::2"
TARGETS = [(host, port) for host in (A4, B4, A6, B6) for port in (80, 81)]
ALWAYS = ("established", "connects")


def at_once(client, targets, words=()):
    """A command that connects to all of them side by side."""
    one = " & ".join(shlex.join([client, host, str(port), *words]) for host, port in targets)
    return ["sh", "-c", one + " & wait"]


def outcomes(r):
    """(host, port) -> (outcome, what connect() gave), of the verdicts and of the clients."""
    given = {(t["host"], int(t["port"])): t["result"] for t in r.tries}
    said = {}
    for o in r.objects:
        r.late += o["synsent"]["confidence"] == "likely"
        r.want("confidence", o["synsent"]["confidence"], "certain")
        said[o["server"]["address"], o["server"]["port"]] = o["synsent"]["outcome"]
    return {t: (said.get(t), given.get(t)) for t in set(said) | set(given)}


def hit(fault, outcome, result, places):
    """Where the fault is for these places, they and no others have that outcome."""
    def check(r):
        r.want("the outcomes", outcomes(r), {t: (outcome, result) if t in places else ALWAYS for t in TARGETS})
    return check


WHERE = {
    "@" + A4: [(A4, 80), (A4, 81)],
    "@" + A4 + ":80": [(A4, 80)],
    "@[%s]:81" % A6: [(A6, 81)],
    "@" + A6: [(A6, 80), (A6, 81)],
    "@:80": [t for t in TARGETS if t[1] == 80],
    "@v4": [t for t in TARGETS if ":" not in t[0]],
    "@v6": [t for t in TARGETS if ":" in t[0]],
    "@v6@:81": [(A6, 81), (B6, 81)],
    "@two.test:80": [(B4, 80), (B6, 80)],
}

# A fault of the wire, and each of the kernel's own means, which take other ways to the same end.
KERNELS = {
    "backlog-full": ("timed-out", "ETIMEDOUT"),
    "no-route": ("unreachable", "ENETUNREACH"),
    "blackhole-route": ("failed", "EINVAL"),
    "prohibit-route": ("failed", "EACCES"),
    "firewall:drop": ("timed-out", "ETIMEDOUT"),
    "firewall:drop:in": ("timed-out", "ETIMEDOUT"),
    "firewall:reject": ("refused", "ECONNREFUSED"),
    "firewall:reject:in": ("timed-out", "ETIMEDOUT"),
}
NAMED = ["--resolve", "two.test=%s,%s" % (B4, B6)]


def limits(cell, client):
    for where, places in WHERE.items():
        yield cell("syn-drop" + where, [*QUICK, *NAMED, "-f", "syn-drop" + where], at_once(client, TARGETS),
                   hit("syn-drop", "timed-out", "ETIMEDOUT", places), None, 4)
    for i, (fault, (outcome, result)) in enumerate(KERNELS.items()):
        for where in (("@" + A4 + ":80", "@v6"), ("@[%s]:81" % A6, "@:80"))[i % 2]:
            yield cell(fault + where, [*QUICK, "-f", fault + where], at_once(client, TARGETS),
                       hit(fault, outcome, result, WHERE[where]), None, 4)
    for where, places in (("--to", [(A4, 80)]), ("both", [(A4, 80), (A6, 80), (B6, 80), (A6, 81), (B6, 81)])):
        faults = ["-f", "icmp:host"] + (["-f", "icmp:host@v6"] if where == "both" else [])
        to = A4 + ":80" if where == "--to" else A4
        expected = [(A4, 80)] if where == "--to" else [(A4, 80), (A4, 81)]
        yield cell("--to " + to + (" twice" if where == "both" else ""), [*QUICK, *faults, "--to", to],
                   at_once(client, TARGETS), hit("icmp:host", "unreachable", "EHOSTUNREACH", expected))


def neighbours(cell, client):
    """The kernel gives up on a neighbour after 3 s, whoever waits for it: the kernel's own limit must be further off."""
    for where in ("@" + A4 + ":80", "@[%s]:81" % A6, "@v6"):
        yield cell("no-neighbour" + where, ["--policy", "retries=4,linear=0", "-f", "no-neighbour" + where],
                   at_once(client, TARGETS), hit("no-neighbour", "unreachable", "EHOSTUNREACH", WHERE[where]), None, 4)


def deaf(cell, client):
    """no-accept: all connect, and those in question are told nothing."""
    def check(r):
        r.want("who echoes", {(t["host"], int(t["port"])): t["reply"] for t in r.tries},
               {t: "-" if t in WHERE["@:80"] else "hi" for t in TARGETS})
    yield cell("no-accept@:80", [*QUICK, "-f", "no-accept@:80"], at_once(client, TARGETS, ["say=hi"]), check)


def stale(cell, client):
    """The first port is dead for good, a second one works, and another server has a first port of its own."""
    ways = ((A4, 40001), (A4, 40002), (A4, 40001), (B4, 40002))
    words = ("ETIMEDOUT", "connects", "ETIMEDOUT", "ETIMEDOUT")

    def check(r):
        r.want("the ports", [t["from"] for t in r.tries], [str(port) for _, port in ways])
        r.want("connect()", [t["result"] for t in r.tries], list(words))
    command = "; ".join(shlex.join([client, host, "80", "from=%d" % port]) for host, port in ways)
    yield cell("conntrack-stale, then another port", [*QUICK, "-f", "conntrack-stale"], ["sh", "-c", command], check,
               None, 10)


def together(cell, client, policy):
    """Two faults at once."""
    def both(r):
        t = r.tries[0]
        r.want("connect()", t["result"], "connects")
        r.want_within("it ended", int(t["ns"]), 1100 * MS, 1140 * MS)
        r.want("drop.rule", r.last["synsent"]["drop"]["rule"], "syn-drop:1")

    def both_packets(r):
        r.want("the packets", re.match(r">S >S <SA >A ", r.words) is not None, True)
        r.want("the SYN-ACK is late by twice the delay", r.packets[2].t_ns - r.packets[1].t_ns >= 100 * MS, True)
    for host in (A4, A6):
        for faults in (["delay:50ms", "syn-drop:1"], ["syn-drop:1", "delay:50ms"]):
            yield cell(" + ".join(faults) + " to " + host, [*policy] + [w for f in faults for w in ("-f", f)],
                       [client, host, "80"], both, both_packets, 2)

    def silence(r):
        r.want("connect()", r.tries[0]["result"], "ETIMEDOUT")
        r.want("SYNs", len(r.last["synsent"]["syns_ns"]), 3)

    def silence_packets(r):
        r.want("SYNs and SYN-ACKs alone", {p.says for p in r.packets}, {">S", "<SA"})
        r.want("the first SYN was lost", r.words.startswith(">S >S <SA "), True)
    yield cell("firewall:drop:in + syn-drop:1", [*policy, "-f", "firewall:drop:in", "-f", "syn-drop:1"],
               [client, A4, "80"], silence, silence_packets, 8)

    def by_family(r):
        r.want("the outcomes", outcomes(r), {(A4, 80): ("refused", "ECONNREFUSED"), (A4, 81): ALWAYS,
                                             (A6, 80): ("unreachable", "EACCES"), (A6, 81): ALWAYS})
    yield cell("rst@v4@:80 + icmp:admin@v6@:80", [*QUICK, "-f", "rst@v4@:80", "-f", "icmp:admin@v6@:80"],
               at_once(client, [t for t in TARGETS if t[0] in (A4, A6)]), by_family)

    def first_decides(r):
        r.want("connect()", r.tries[0]["result"], "ECONNREFUSED")
        r.want("outcome", r.last["synsent"]["outcome"], "refused")
    yield cell("rst + icmp:host", [*QUICK, "-f", "rst", "-f", "icmp:host"], [client, A4, "80"], first_decides)


# What a SYN offers: how the client comes to offer it, and the option's kind (ECN: flags).
OFFERS = {
    "sack": ([], 4),
    "timestamps": ([], 8),
    "mptcp": (["mptcp"], 30),
    "tfo": (["tfo"], 34),
    "ecn": ([], None),
}
ECN_FLAGS = 0xC0
ASK = ["say=", "within=10000"]  # the far end answers with the SYN that it saw


def offers(kind, options, flags):
    return flags & ECN_FLAGS == ECN_FLAGS if kind is None else kind in options


def header(syn):
    """(kinds of options, flags) of the IP and TCP headers that the far end's kernel kept."""
    syn = bytes.fromhex(syn)
    tcp = syn[40:] if syn[0] >> 4 == 6 else syn[(syn[0] & 15) * 4:]
    kinds, options = set(), tcp[20:(tcp[12] >> 4) * 4]
    while options and options[0]:
        kinds.add(options[0])
        options = options[1:] if options[0] == 1 else options[options[1]:]
    return kinds, tcp[13]


def middleboxes(cell, client):
    """What the client offers and the far end's kernel sees, with the option stripped and without."""
    world = ["--policy", "retries=2,linear=0,fastopen=1,ecn=1"]
    for name, (words, kind) in OFFERS.items():
        for host in (A4, A6):
            for strips in (True, False):
                title = "%s:%s at the far end, %s" % ("strip" if strips else "no strip", name, host)
                fault = ["-f", "strip:" + name] if strips else []
                yield cell(title, [*world, *fault, "--serve", "--", client, "serve", "80"],
                           [client, host, "80", *words, *ASK], *middlebox(kind, strips))
    # The kernel does not try again with what it may leave out (tcp_ecn, Fast Open; MPTCP after 2 more SYNs).
    for name, syns in (("ecn", 2), ("tfo", 2), ("timestamps", None)):
        def check(r, syns=syns):
            r.want("connect()", r.tries[0]["result"], "connects" if syns else "ETIMEDOUT")
            r.want("SYNs", len(r.last["synsent"]["syns_ns"]), syns or 3)
        for host in (A4, A6):
            yield cell("drop-option:%s to %s" % (name, host), [*world, "-f", "drop-option:" + name],
                       [client, host, "80", *OFFERS[name][0]], check, None, 2 if syns else 8)


def middlebox(kind, strips):
    def check(r):
        r.want("connect()", r.tries[0]["result"], "connects")
        r.want("the number of attempts", len(r.objects), 1)
        seen = r.tries[0]["reply"]
        r.want("the far end sees it", seen if seen in ("-", "end") else offers(kind, *header(seen)), not strips)

    def packets(r):
        syn = next(p for p in r.packets if p.says == ">S")
        r.want("the client offers it", offers(kind, syn.options, syn.flags), True)
    return check, packets


def chance(cell, client):
    """The same seed, the same SYNs; another one, others.  48 SYNs at least, of which some and not all are lost."""
    targets = [(host, port) for host in (A4, A6) for port in range(1000, 1012)]
    seen = {}

    def keep(seed, run):
        def check(r):
            seen[seed, run] = {(o["server"]["address"], o["server"]["port"]): len(o["synsent"]["syns_ns"])
                               for o in r.objects}
            r.want("the number of attempts", len(r.objects), len(targets))
            r.want("all connect with one SYN", set(seen[seed, run].values()) == {1}, False)
            r.want("none does", 1 in seen[seed, run].values(), True)
            r.want("seed %s gives the same each time" % seed,
                   [v for k, v in seen.items() if k[0] == seed and v != seen[seed, run]], [])
            r.want("other seeds give others", [v for k, v in seen.items() if k[0] != seed and v == seen[seed, run]],
                   [])
        return check
    for seed in ("1", "7"):
        for run in range(2):
            yield cell("loss:50%% with seed %s, %d" % (seed, run), [*QUICK, "-f", "loss:50%", "--seed", seed],
                       at_once(client, targets), keep(seed, run), None, 5)


def far_ends(cell, client):
    """--only, --serve, --resolve."""
    def only(r):
        r.want("the outcomes", outcomes(r), {t: ALWAYS if t == (A4, 80) else ("refused", "ECONNREFUSED")
                                             for t in TARGETS})
    yield cell("--only " + A4 + ":80", [*QUICK, "--only", A4 + ":80"], at_once(client, TARGETS), only)

    say = {"auto": "hi", "echo": "hi", "close": "end", "hang": "-", "sink": "-", "http": "-"}
    for what, reply in say.items():
        for host in (A4, A6):
            words = ["say=" + ("" if what == "close" else "hi")]

            def check(r, reply=reply):
                r.want("connect()", r.tries[0]["result"], "connects")
                r.want("the reply", r.tries[0]["reply"], reply)
            yield cell("--serve %s, %s" % (what, host), [*QUICK, "--serve", what], [client, host, "80", *words], check)

    def http(r):
        r.want("the reply", r.tries[0]["reply"][:12], "HTTP/1.1 200")
    for what in ("auto", "http"):
        yield cell("--serve %s, asked in HTTP" % what, [*QUICK, "--serve", what],
                   [client, A4, "80", "say=GET / HTTP/1.0\r\n\r\n"], http)

    def resolved(r):
        results = [(t["host"], t["result"]) for t in r.tries]
        r.want("what became of each name", results, [("one.test", "ECONNREFUSED"), ("none.test", "no-name"),
                                                     ("other.test", "connects")])
        r.want("the address", [o["server"]["address"] for o in r.objects][:1], [A4])
    command = "; ".join(shlex.join([client, name, "80"]) for name in ("one.test", "none.test", "other.test"))
    yield cell("--resolve", [*QUICK, "-4", "--resolve", "one.test=" + A4, "--resolve", "none.test=", "-f",
                             "rst@one.test"], ["sh", "-c", command], resolved)


def cells(cell, client, policy):
    yield from limits(cell, client)
    yield from neighbours(cell, client)
    yield from deaf(cell, client)
    yield from stale(cell, client)
    yield from together(cell, client, policy)
    yield from middleboxes(cell, client)
    yield from chance(cell, client)
    yield from far_ends(cell, client)
