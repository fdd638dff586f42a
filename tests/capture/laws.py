#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What must not matter: how a capture is packed, written, cut into files, wrapped, and read.

laws.py SYNSENT GENCAP

One capture in many forms must give the same attempts, and the same summary but for its head.
"""
import difflib
import gzip
import os
import random
import struct
import sys

import frames
import pcaplib
import reader
from pcaplib import Packet

PACKETS = ("synsent.first_packet", "synsent.answer.packet", "synsent.file")  # numbers that files have of their own


def generate(gencap, directory, *args):
    """The packets of a capture of raw IP."""
    path = os.path.join(directory, "generated")
    status, _, err = reader.tool(gencap, "-f", "ns", "-l", "raw", "-o", path, "-t", path + ".json", *args)
    if status:
        sys.exit("gencap %s: %s" % (" ".join(args), err))
    with open(path, "rb") as f:
        return pcaplib.read_pcap(f.read())[1]


def with_noise(packets, rng):
    """Bursts of what is no TCP between them, so that whole buffers and whole files hold nothing else."""
    data = frames.tunnel(17, frames.udp(1, 2, bytes(100)))
    out = []
    noisy = {0, len(packets) - 1} | set(rng.sample(range(len(packets)), 6))
    for i, p in enumerate(packets):
        if i in noisy and i:
            step = max(1, (p.t_ns - out[-1].t_ns) // 400)
            out += [Packet(out[-1].t_ns + k * step, data, len(data)) for k in range(1, 400)
                    if out[-1].t_ns + k * step < p.t_ns]
        elif i in noisy:
            out += [Packet(p.t_ns - k, data, len(data)) for k in range(400, 0, -1)]
        out.append(p)
    return out + [Packet(out[-1].t_ns + k, data, len(data)) for k in range(1, 400)]


def strip(attempt, ignored):
    attempt = reader.without(attempt, "log", *ignored)
    if "synsent.file" in ignored:
        for reply in attempt["synsent"]["replies"]:
            reply.pop("packet", None)
    return attempt


class Laws:
    def __init__(self, read, wrong, gencap, directory):
        self.read, self.wrong, self.directory = read, wrong, directory
        read.cwd = directory  # so that names are short: a summary is as high as a screen, its head included
        self.web = generate(gencap, directory, "-m", "web", "-n", "1000k", "-s", "200", "-S", "5")
        self.flood = generate(gencap, directory, "-m", "synflood", "-n", "40k", "-S", "6")
        self.small = self.flood[:700]
        rng = random.Random(7)
        self.web, self.flood = with_noise(self.web, rng), with_noise(self.flood, rng)
        self.n = 0

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, data):
        """Returns the name."""
        reader.write(self.path(name), data)
        return name

    def attempts(self, *args, **more):
        return self.read.attempts(*args, **more)[0]

    def summary(self, *args, **more):
        """Without its head, which tells of the file."""
        out = self.read.run("--summary", *args, **more).out.decode()
        return out[out.find("\ncaptured"):]

    def same(self, what, expected, got, ignored=()):
        """Compares attempts."""
        self.n += 1
        expected, got = ([strip(a, ignored) for a in some] for some in (expected, got))
        if expected == got:
            return
        for i, (a, b) in enumerate(zip(expected, got)):
            if a != b:
                names = sorted(k for k in a.keys() | b.keys() if a.get(k) != b.get(k))
                inner = sorted(k for k in a["synsent"].keys() | b["synsent"].keys()
                               if a["synsent"].get(k) != b["synsent"].get(k))
                self.wrong("%s: attempt %d of %d differs in %s %s: %r, not %r" % (
                    what, i, len(got), names, inner, [b["synsent"].get(k) for k in inner] or [b.get(k) for k in names],
                    [a["synsent"].get(k) for k in inner] or [a.get(k) for k in names]))
                return
        self.wrong("%s: %d attempts, not %d" % (what, len(got), len(expected)))

    def same_file(self, what, base, *args, **more):
        """As `base`, a path: attempts and summary."""
        self.same(what, self.attempts(base), self.attempts(*args, **more))
        self.same_summary(what, self.summary(base), self.summary(*args, **more))

    def same_summary(self, what, expected, got):
        self.n += 1
        if expected != got:
            self.wrong("%s: another summary: %s" % (what, "; ".join(line for line in difflib.unified_diff(
                expected.splitlines(), got.splitlines(), "", "", "", "", 0, "") if line[0] in "+-")))


def feed(data, step):
    """Writes it in pieces of so many bytes."""
    def write(fd):
        for at in range(0, len(data), step):
            os.write(fd, data[at:at + step])
    return write


def packers(wrong):
    """[(ending, function)] of what compresses here."""
    yield ".gz", lambda data: gzip.compress(data, 6)
    yield ".members.gz", lambda data: b"".join(gzip.compress(data[i:i + 5000]) for i in range(0, len(data), 5000))
    for program, ending, args in (("zstd", ".zst", ["-q"]), ("zstd", ".check.zst", ["-q", "--check", "-19"]),
                                  ("lz4", ".lz4", ["-q"]), ("lz4", ".legacy.lz4", ["-q", "-l"]),
                                  ("lz4", ".linked.lz4", ["-q", "-B4", "-BD", "--content-size"])):
        if not reader.found(program):
            print("left out: %s, %s is missing (apt-get install %s)" % (ending, program, program))
            continue

        def pack(data, command=(program, *args)):
            with reader.temporary() as d:
                path = reader.write(os.path.join(d, "x"), data)
                status, out, err = reader.tool(*command, "-c", path)
            if status:
                wrong("%s: %s" % (" ".join(command), err))
            return out
        yield ending, pack


def packing(laws):
    """pcap = pcapng = compressed = pipe = pipe by single bytes, in either byte order."""
    compressors = list(packers(laws.wrong))
    for name, packets in (("web", laws.web), ("flood", laws.flood)):
        whole = pcaplib.pcap(packets, pcaplib.RAW)
        base = laws.write(name + ".pcap", whole)
        for order in "<>":
            for form, data in (("pcap", pcaplib.pcap(packets, pcaplib.RAW, order)),
                               ("pcapng", pcaplib.pcapng(packets, pcaplib.RAW, order))):
                path = laws.write("%s-%s.%s" % (name, "be" if order == ">" else "le", form), data)
                laws.same_file(path, base, path)
        for form, data in ((".pcap", whole), (".pcapng", pcaplib.pcapng(packets, pcaplib.RAW))):
            laws.same_file("a pipe of %s%s" % (name, form), base, "-", feed=feed(data, 65536))
            for ending, pack in compressors:
                packed = pack(data)
                path = laws.write(name + form + ending, packed)
                laws.same_file(path, base, path)
                laws.same_file("a pipe of " + path, base, "-", feed=feed(packed, 4096))
    single_bytes(laws, compressors)


def single_bytes(laws, compressors):
    """A pipe in packet mode gives what one write() wrote to one read()."""
    whole = pcaplib.pcap(laws.small, pcaplib.RAW)
    base = laws.write("small.pcap", whole)
    forms = [(".pcap", whole), (".pcapng", pcaplib.pcapng(laws.small, pcaplib.RAW))]
    forms += [(ending, pack(whole)) for ending, pack in compressors]
    for form, data in forms:
        laws.same("single bytes of small" + form, laws.attempts(base),
                  laws.attempts("-", feed=feed(data, 1), pipe_flags=os.O_DIRECT))


def microseconds(laws):
    """Coarser times in the file, the same attempts."""
    coarse = [p._replace(t_ns=p.t_ns // 1000 * 1000) for p in laws.web]
    base = laws.write("coarse-ns.pcap", pcaplib.pcap(coarse, pcaplib.RAW))
    for order in "<>":
        path = laws.write("coarse-us.pcap", pcaplib.pcap(coarse, pcaplib.RAW, order, nano=False))
        laws.same_file("microseconds " + order, base, path)


def splitting(laws):
    """Cut into files at random, in any form and any order, and read together: the whole."""
    rng = random.Random(8)
    compressors = list(packers(laws.wrong))
    for name, packets in (("web", laws.web), ("flood", laws.flood)):
        base = laws.write("whole.pcap", pcaplib.pcap(packets, pcaplib.RAW))
        whole = laws.attempts(base)
        places = [i for i in range(1, len(packets)) if packets[i - 1].t_ns < packets[i].t_ns]
        for trial in range(5):
            # Some of the files hold nothing of TCP.
            cuts = [0, 100, 300] + sorted(rng.sample(places, rng.randint(1, 6))) + [len(packets) - 300, len(packets)]
            cuts.sort()
            parts = []
            for i, (first, end) in enumerate(zip(cuts, cuts[1:])):
                form = rng.choice((pcaplib.pcap, pcaplib.pcapng))
                data = form(packets[first:end], pcaplib.RAW, rng.choice("<>"))
                ending, pack = rng.choice([("", lambda data: data)] + compressors)
                parts.append(laws.write("%d%s" % (i, ending), pack(data)))
            rng.shuffle(parts)
            attempts, r = laws.read.attempts(*parts)
            laws.same("%s in %d files" % (name, len(parts)), whole, attempts, PACKETS)
            laws.wrong.want("%s in %d files: packets seen" % (name, len(parts)), r.ledger()["seen"], len(packets))
            laws.same_summary("%s in %d files" % (name, len(parts)), laws.summary(base), laws.summary(*parts))
        dealt = [[], []]
        for p in packets:
            dealt[rng.randrange(2)].append(p)
        parts = [laws.write("dealt-%d" % i, pcaplib.pcap(part, pcaplib.RAW)) for i, part in enumerate(dealt)]
        laws.same("%s dealt to two files" % name, whole, laws.attempts(*parts), PACKETS)
        laws.same("%s dealt, the other order" % name, whole, laws.attempts(*reversed(parts)), PACKETS)


def togetherness(laws):
    """Several captures in any order; a directory; a file that is given twice is one and its duplicates."""
    os.makedirs(laws.path("some/inner"), exist_ok=True)
    rng = random.Random(9)
    paths = [laws.write("some/web.pcap", pcaplib.pcap(laws.web, pcaplib.RAW)),
             laws.write("some/inner/flood.pcapng", pcaplib.pcapng(laws.flood, pcaplib.RAW)),
             laws.write("some/small.pcap.gz", gzip.compress(pcaplib.pcap(
                 [p._replace(t_ns=p.t_ns + 10 ** 12) for p in laws.small], pcaplib.RAW)))]
    together = laws.attempts(*paths)
    for _ in range(3):
        rng.shuffle(paths)
        laws.same("files in another order", together, laws.attempts(*paths), PACKETS)
    laws.same("a directory", together, laws.attempts("-R", "some"), PACKETS)
    for path in paths:
        _, once = laws.read.attempts(path)
        attempts, twice = laws.read.attempts(path, path)
        laws.same("%s, given twice" % path, once.objects, attempts, PACKETS)
        laws.n += 1
        laws.wrong.want("%s, given twice: packets seen" % path, twice.ledger()["seen"], 2 * once.ledger()["seen"])


WRAPPINGS = {
    "ether": (pcaplib.ETHERNET, lambda p: frames.ether(p, frames.of_packet(p))),
    "vlan": (pcaplib.ETHERNET, lambda p: frames.ether(p, frames.of_packet(p), [(frames.VLAN, 10)])),
    "qinq": (pcaplib.ETHERNET, lambda p: frames.ether(p, frames.of_packet(p), [(frames.QINQ, 9), (frames.VLAN, 10)])),
    "mpls": (pcaplib.ETHERNET, frames.mpls),
    "pppoe": (pcaplib.ETHERNET, frames.pppoe),
    "sll": (pcaplib.SLL, frames.sll),
    "sll2": (pcaplib.SLL2, frames.sll2),
    "null": (pcaplib.NULL, frames.null),
    "loop": (pcaplib.LOOP, lambda p: frames.null(p, ">")),
    "ppp": (pcaplib.PPP, frames.ppp),
    "802.11": (pcaplib.RADIOTAP, frames.radiotap),
    "ipip": (pcaplib.RAW, frames.ipip),
    "gre": (pcaplib.RAW, frames.gre),
    "gre with a key": (pcaplib.RAW, frames.gre_key),
    "erspan": (pcaplib.RAW, frames.erspan),
    "vxlan": (pcaplib.RAW, frames.vxlan),
    "geneve": (pcaplib.RAW, frames.geneve),
    "gtp-u": (pcaplib.RAW, frames.gtpu),
    "gre in vxlan in ipip": (pcaplib.RAW, lambda p: frames.ipip(frames.vxlan(frames.gre(p)))),
    "8 tunnels": (pcaplib.RAW, lambda p: frames.ipip(frames.gre(frames.ipip(frames.geneve(frames.ipip(
        frames.gtpu(frames.vxlan(frames.gre_key(p))))))))),
}


def wrapping(laws):
    """Any link and any tunnel: the same attempts, but for the path that they are said to have taken."""
    uncut = [p for p in laws.web if len(p.data) == p.length]  # so that outer headers may say the true length
    for name, packets in (("web", uncut), ("flood", laws.flood)):
        base, r = laws.read.attempts(laws.write("bare.pcap", pcaplib.pcap(packets, pcaplib.RAW)))
        for wrapping_name, (link, wrap) in WRAPPINGS.items():
            wrapped = []
            for p in packets:
                data = wrap(p.data)
                wrapped.append(Packet(p.t_ns, data, p.length + len(data) - len(p.data)))
            got, s = laws.read.attempts(laws.write("wrapped.pcap", pcaplib.pcap(wrapped, link)))
            laws.same("%s by %s" % (name, wrapping_name), base, got, ("synsent.path",))
            laws.wrong.want("%s by %s: the ledger" % (name, wrapping_name), s.ledger(), r.ledger())


def inner_workings(laws):
    """The hash's seed, the buffer's size, the memory allowed, the sandbox: none shows."""
    for name, packets in (("web", laws.web), ("flood", laws.flood)):
        whole = pcaplib.pcapng(packets, pcaplib.RAW)
        base = laws.write("inner.pcapng", whole)
        packed = laws.write("inner.pcapng.gz", gzip.compress(whole))
        for variable, values in (("SYNSENT_SEED", ("0", "1", "18446744073709551615")),
                                 ("SYNSENT_BUFFER", ("1", "100", "4096", "70001", "16777216"))):
            for value in values:
                env = {variable: value}
                laws.same_file("%s=%s %s" % (variable, value, name), base, base, env=env)
                laws.same("%s=%s %s.gz" % (variable, value, name), laws.attempts(base), laws.attempts(packed, env=env))
                laws.same("%s=%s a pipe of %s" % (variable, value, name), laws.attempts(base),
                          laws.attempts("-", feed=feed(whole, 30011), env=env))
        for option in ("--memory=64M", "--memory=1G", "--sandbox=off", "--sandbox=try"):
            laws.same_file("%s %s" % (option, name), base, option, base)
        attempts, r = laws.read.attempts("--sandbox=require", base, may=(reader.OK, 77))
        if r.status == 77:
            print("left out: --sandbox=require: " + r.said())
        else:
            laws.same("--sandbox=require " + name, laws.attempts(base), attempts)


def filters(laws):
    """A filter looks at the SYN's own packet and chooses attempts; what is not chosen is counted."""
    base = laws.write("filtered.pcap", pcaplib.pcap(laws.web, pcaplib.RAW))
    whole, r = laws.read.attempts(base)
    client = whole[len(whole) // 2]["client"]["address"]
    for text, chosen in (("port 443", lambda a: 443 in (a["client"]["port"], a["server"]["port"])),
                         ("dst port 443", lambda a: a["server"]["port"] == 443),
                         ("not dst port 443", lambda a: a["server"]["port"] != 443),
                         ("ip6", lambda a: a["network"]["type"] == "ipv6"),
                         ("src host " + client, lambda a: a["client"]["address"] == client),
                         ("dst host " + client, lambda a: False),
                         ("greater 1", lambda a: True)):
        got, s = laws.read.attempts(text, base)
        laws.same("the filter %r" % text, [a for a in whole if chosen(a)], got, ("synsent.number",))
        laws.wrong.want("the filter %r: packets seen" % text, s.ledger()["seen"], r.ledger()["seen"])


def little_memory(laws):
    """What does not fit is given early and said; nothing is lost from the count."""
    packets = [Packet(10 ** 18 + i * 1000, frames.ip4(struct.pack("!I", 0x0B000000 + i), frames.DST4, 6, frames.tcp(
        struct.pack("!I", 0x0B000000 + i), frames.DST4, 1024, 80, i, 0, frames.SYN)), 40) for i in range(60000)]
    path = laws.write("crowd.pcap", pcaplib.pcap(packets, pcaplib.RAW))
    _, r = laws.read.counts("--memory=1M", path, may=(reader.LIMITED,))
    laws.n += 1
    laws.wrong.want("in 1 MiB: attempts", [o["attempts"] for o in r.objects], [len(packets)])
    if r.status == reader.LIMITED and not r.err.strip():
        laws.wrong("in 1 MiB: nothing is said of the limit")


def main():
    synsent, gencap, *chosen = sys.argv[1:]
    wrong = reader.Wrong()
    read = reader.Reader(synsent, wrong)
    all_laws = (packing, microseconds, splitting, togetherness, wrapping, inner_workings, filters, little_memory)
    with reader.temporary() as directory:
        laws = Laws(read, wrong, gencap, directory)
        for law in all_laws:
            if not chosen or law.__name__ in chosen:
                before = laws.n, wrong.n
                law(laws)
                print("%s: %d comparisons, %d wrong" % (
                    law.__name__, laws.n - before[0], wrong.n - before[1]), flush=True)
    print("%d runs, %d ledgers, %d comparisons, %d wrong" % (read.runs, read.ledgers, laws.n, wrong.n))
    return wrong.status()


if __name__ == "__main__":
    sys.exit(main())
