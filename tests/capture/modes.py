#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways to show what was read say the same: each is checked against the attempts of --all -j.

modes.py SYNSENT GENCAP

The failures alone, the tables, the summary, times, -c, -w and what is read from its file, packets of chosen attempts,
the diagram; and what is refused.
"""
import collections
import datetime
import gzip
import json
import os
import re
import signal
import sys
import time
import xml.etree.ElementTree

import corpus
import laws
import pcaplib
import reader

WELL = ("established", "pending")


def outcome(attempt):
    return attempt["synsent"]["outcome"]


def failed(attempts):
    return [a for a in attempts if outcome(a) not in WELL]


class Modes:
    def __init__(self, read, wrong, packets):
        self.read, self.wrong = read, wrong
        self.packets = packets
        self.attempts, r = read.attempts("x.pcap")
        self.seen = r.ledger()["seen"]
        self.failed = failed(self.attempts)

    def lists(self):
        """As JSON; and as a line for each attempt, where its number comes first."""
        self.wrong.want("-j", self.read.run("-j", "x.pcap").objects, self.attempts)
        self.wrong.want("-j --failures", self.read.run("-j", "--failures", "x.pcap").objects, self.failed)
        for mode, of in (("--all", self.attempts), ("--failures", self.failed)):
            lines = self.read.run(mode, "x.pcap").out.decode().splitlines()
            self.wrong.want(mode + ": numbers", [int(line.split()[0]) for line in lines],
                            [a["synsent"]["number"] for a in of])
            for line, a in zip(lines, of):
                if not re.search(r"\s%s\s" % outcome(a), line):
                    self.wrong("%s: %r does not say %s" % (mode, line, outcome(a)))

    def tables(self):
        groups = {
            "server": lambda a: (a["server"]["address"], a["server"]["port"]),
            "client": lambda a: (a["client"]["address"],),
            "outcome": lambda a: (outcome(a),),
            "minute": lambda a: (a["event"]["start"][:16],),
        }
        for by, group in groups.items():
            want = {k: [0, 0] for k in map(group, self.attempts)}
            for a in self.attempts:
                want[group(a)][0] += 1
                want[group(a)][1] += a in self.failed
            got = {}
            for o in self.read.run("-j", "--by", by, "x.pcap").objects:
                s = o["synsent"]
                at = {"server": lambda: (o["server"]["address"], o["server"]["port"]),
                      "client": lambda: (o["client"]["address"],),
                      "outcome": lambda: (s["outcome"],), "minute": lambda: (o["event"]["start"][:16],)}[by]()
                failures = s.get("failures", s["attempts"] if by == "outcome" and s["outcome"] not in WELL else 0)
                if by != "minute" or s["attempts"]:  # a table of minutes has all of them
                    got[at] = [s["attempts"], failures]
            self.wrong.want("--by " + by, got, want)
            rows = self.read.run("--by", by, "x.pcap").out.decode().splitlines()
            shown = len(rows) - 1
            if not rows or not rows[0].startswith(by.upper()) or shown < len(want) and not re.match(
                    r"\.\.\. \d+ more", rows[-1]):
                self.wrong("--by %s: %d lines for %d rows, the last %r" % (by, len(rows), len(want), rows[-1:]))

    def summary(self):
        s = self.read.run("-j", "--summary", "x.pcap").objects[0]["synsent"]
        want = collections.Counter(map(outcome, self.attempts))
        self.wrong.want("summary: outcomes", {k: n for k, n in s["outcomes"].items() if n}, dict(want))
        self.wrong.want("summary: attempts", (s["attempts"], s["failures"]), (len(self.attempts), len(self.failed)))
        self.wrong.want("summary: packets", s["capture"]["ledger"]["seen"], self.seen)
        starts = sorted(a["event"]["start"] for a in self.failed)
        self.wrong.want("summary: failures", (s["first_failure"], s["last_failure"]), (starts[0], starts[-1]))
        self.wrong.want("summary: failures over time", sum(s["failures_over_time"]["failures"]), len(self.failed))
        for kind, of in (("failed", self.failed), ("established", [a for a in self.attempts if a not in self.failed
                                                                   and outcome(a) == "established"])):
            syns = collections.Counter(str(len(a["synsent"]["syns_ns"])) for a in of)
            self.wrong.want("summary: SYNs of the " + kind, s["syns"][kind], dict(syns))
        longest = max(a["event"]["duration"] for a in self.attempts if outcome(a) == "established")
        self.wrong.want("summary: longest connect", s["connect"]["max_ns"], longest)
        self.wrong.want("summary: bands", sum(b["attempts"] for b in s["connect"]["bands"]), want["established"])
        text = self.read.run("x.pcap").out.decode().splitlines()
        rows = sum(bool(re.match(r" *\d+  \d\d:\d\d:\d\d\.\d", line)) for line in text)
        waiting = [a for a in self.attempts if outcome(a) == "pending" and len(a["synsent"]["syns_ns"]) > 1]
        self.wrong.want("without options: attempts behind the summary", rows, len(self.failed) + len(waiting))
        high = len(self.read.run("--summary", "x.pcap").out.decode().splitlines())
        if high > 24:
            self.wrong("the summary is %d lines high" % high)

    def times(self):
        first = self.packets[0].t_ns
        for since, until in ((100, 200), (0, 300), (250, 10 ** 6)):
            want = [a for a in self.attempts if first + since * 10 ** 9 <= corpus.start_ns(a) < first + until * 10 ** 9]
            args = "--since=+%ds" % since, "--until=+%ds" % until
            got, r = self.read.attempts(*args, "x.pcap")
            self.wrong.want(" ".join(args), list(map(reader.key, got)), list(map(reader.key, want)))
        at = first // 10 ** 9 + 123
        want = [a for a in self.attempts if corpus.start_ns(a) >= at * 10 ** 9]
        text = datetime.datetime.utcfromtimestamp(at)
        for form in ("@%d" % at, text.strftime("%Y-%m-%dT%H:%M:%SZ"), text.strftime("%H:%M:%S")):
            got, _ = self.read.attempts("--since", form, "x.pcap")
            self.wrong.want("--since " + form, list(map(reader.key, got)), list(map(reader.key, want)))

    def counted(self):
        """-c N: as a file of so many packets."""
        for n in (1, 17, 1000, len(self.packets) - 1, len(self.packets), len(self.packets) + 5):
            reader.write(os.path.join(self.read.cwd, "n.pcap"), pcaplib.pcap(self.packets[:n], pcaplib.RAW))
            want, _ = self.read.attempts("n.pcap")
            got, r = self.read.attempts("-c", str(n), "x.pcap")
            self.wrong.want("-c %d" % n, [reader.without(a, "log") for a in got],
                            [reader.without(a, "log") for a in want])
            self.wrong.want("-c %d: packets seen" % n, r.ledger()["seen"], min(n, len(self.packets)))

    def written(self):
        """What -w wrote is read as the same attempts, and by others without complaint."""
        for more, of in ((["--all"], self.attempts), ([], self.failed),
                         (["--all", "dst port 443"], [a for a in self.attempts if a["server"]["port"] == 443])):
            self.read.run("-w", "w.pcapng", *more, "x.pcap")
            again, _ = self.read.attempts("w.pcapng")
            self.wrong.want("-w %s: attempts" % more, list(map(reader.key, again)), list(map(reader.key, of)))
            for a, b in zip(of, again):
                # Silence may now be the file's end.
                for what in ("syns_ns",) + (("outcome", "gave_up_by") if a["synsent"].get("answer") else ()):
                    self.wrong.want("-w %s: %s of attempt %s" % (more, what, reader.key(a)), b["synsent"][what],
                                    a["synsent"][what])
            path = os.path.join(self.read.cwd, "w.pcapng")
            for command in (["tcpdump", "-nn", "-r", path], ["tshark", "-r", path], ["capinfos", path]):
                if reader.found(command[0]):
                    status, out, err = reader.tool(*command)
                    if status or "corrupt" in err or "damaged" in err or "cut short" in err:
                        self.wrong("%s of -w: %d %s" % (command[0], status, err))
            if reader.found("tshark"):
                out = reader.tool("tshark", "-r", path, "-T", "fields", "-e", "frame.comment", "-Y",
                                  "tcp.flags.syn == 1 && tcp.flags.ack == 0 && !icmp && !icmpv6")[1].decode()
                syns = [line for line in out.splitlines() if line.strip()]
                self.wrong.want("-w %s: SYNs with a comment" % more, len(syns),
                                sum(len(a["synsent"]["syns_ns"]) for a in of))

    def chosen_packets(self):
        """--packets of a filter: all of the attempts' packets with SYN or RST, and no other's."""
        port = 443
        lines = self.read.run("--packets", "dst port %d" % port, "x.pcap").out.decode().splitlines()
        every = self.read.run("--packets", "x.pcap").out.decode().splitlines()
        flows = set()
        for a in self.attempts:
            if a["server"]["port"] == port:
                c, s = ("%s.%d" % (a[end]["address"], a[end]["port"]) for end in ("client", "server"))
                flows |= {c + " > " + s + ":", s + " > " + c + ":"}
        want = [line for line in every if " ".join(line.split()[2:5]) in flows]
        self.wrong.want("--packets with a filter", lines, want)

    def diagram(self):
        for a in self.failed[:3] + self.attempts[:2]:
            n = a["synsent"]["number"]
            out = self.read.run("--diagram", str(n), "--svg", "d.svg", "x.pcap").out.decode()
            if not re.match(r" *%d  " % n, out):
                self.wrong("--diagram %d begins %r" % (n, out[:60]))
            client = a["client"]
            end = ("[%s]:%d" if ":" in client["address"] else "%s:%d") % (client["address"], client["port"])
            again = self.read.run("--diagram", end, "x.pcap").out.decode()
            if len([b for b in self.attempts if b["client"] == client]) == 1:
                self.wrong.want("--diagram " + end, again, out)
            root = xml.etree.ElementTree.parse(os.path.join(self.read.cwd, "d.svg")).getroot()
            self.wrong.want("the SVG's root", root.tag, "{http://www.w3.org/2000/svg}svg")
        self.read.run("--diagram", "99999", "x.pcap", may=(1,))

    def said(self):
        """What is said where there is little to show."""
        cwd = self.read.cwd

        def has(r, *parts, err=False):
            text = r.err if err else r.out.decode()
            for part in parts:
                if part not in text:
                    self.wrong("%s: %r is not in %r" % (r.command, part, text[:600]))

        def capture(name, packets, link=pcaplib.RAW):
            reader.write(os.path.join(cwd, name), pcaplib.pcap(packets, link))

        few = self.packets[:400]
        has(self.read.run("port 9", "x.pcap"), 'chosen         by "port 9"', "none: not one is chosen")
        has(self.read.run("port 9", "--by", "server", "x.pcap"), "none: not one is chosen")
        for mode in ("--all", "--failures", "--packets", "-j"):
            r = self.read.run("port 9", mode, "x.pcap")
            has(r, "no attempt is chosen", err=True)
            self.wrong.want(r.command + ": stdout", r.out, b"")
        # A file that is not read has no summary; one of a link type that is not read says which.
        r = self.read.run("--summary", "nothing", may=(reader.USAGE,))
        reader.write(os.path.join(cwd, "text"), b"hello\n" * 100)
        for mode in ("--summary", "--all", "-j"):
            r = self.read.run(mode, "text", may=(reader.PARTIAL,))
            self.wrong.want(r.command + ": stdout", r.out, b"")
        for link, name in ((147, "147 (USER0)"), (60000, "60000")):
            capture("other.pcap", few, link)
            r = self.read.run("--summary", "other.pcap")
            has(r, "none: link type %s is not one" % name)
            has(r, "other.pcap: link type %s is not read" % name, err=True)
        r = self.read.run("x.pcap", "other.pcap", "--summary")
        has(r, "2 files, x.pcap and other.pcap  ")
        # What cannot be looked into, and what is there twice.
        for where in ("tree/open", "tree/closed"):
            os.makedirs(os.path.join(cwd, where), exist_ok=True)
        os.symlink("x.pcap/none", os.path.join(cwd, "tree/open/dangling"))
        capture("tree/open/1.pcap", few)
        r = self.read.run("-R", "--summary", "tree")
        has(r, "tree/open/1.pcap  ")
        if os.geteuid() == 0:
            os.chmod(cwd, 0o755)
            os.chmod(os.path.join(cwd, "tree/closed"), 0)
            nobody = {"user": 65534, "group": 65534, "extra_groups": []}
            r = self.read.run("-R", "--summary", "tree", may=(reader.PARTIAL,), **nobody)
            has(r, "tree/open/1.pcap  ")
            has(r, "tree/closed: Permission denied", err=True)
            r = self.read.run("tree/closed/1.pcap", may=(reader.PARTIAL,), **nobody)
            has(r, "Permission denied", err=True)
        self.read.run("-", "-", may=(reader.USAGE,))
        self.read.run("-w", "nowhere/w.pcapng", "x.pcap", may=(reader.LIMITED,))
        # What goes to standard output goes there alone.
        r = self.read.run("-w", "-", "--all", "x.pcap")
        reader.write(os.path.join(cwd, "w.pcapng"), r.out)
        again, _ = self.read.attempts("w.pcapng")
        self.wrong.want("-w -: attempts", list(map(reader.key, again)), list(map(reader.key, self.attempts)))
        r = self.read.run("--diagram", "1", "--svg", "-", "x.pcap")
        self.wrong.want("--svg -: its root", xml.etree.ElementTree.fromstring(r.out).tag,
                        "{http://www.w3.org/2000/svg}svg")
        for args in (["-w", "-", "-j"], ["-w", "-", "--summary"], ["-w", "-", "--diagram", "1"],
                     ["--diagram", "1", "--svg", "-", "--summary"], ["-w", "a", "--diagram", "1", "--svg", "a"]):
            self.read.run(*args, "x.pcap", may=(reader.USAGE,))
        for args in (["x.pcap", "port 443"], ["x.pcap", "port", "443"]):
            has(self.read.run(*args, may=(reader.USAGE,)), "stands before the files", err=True)
        # Times: of the next day where that is nearer, and in order.
        before = 1700000000 // 86400 * 86400 * 10 ** 9 - 60 * 10 ** 9  # 23:59:00
        shift = before - self.packets[0].t_ns
        late = [p._replace(t_ns=p.t_ns + shift) for p in self.packets]
        capture("night.pcap", late)
        every, _ = self.read.attempts("night.pcap")
        midnight = before + 60 * 10 ** 9
        for option, want in (("--since", lambda t: t >= midnight), ("--until", lambda t: t < midnight)):
            got, _ = self.read.attempts(option, "00:00", "night.pcap")
            self.wrong.want(option + " 00:00", [reader.key(a) for a in got],
                            [reader.key(a) for a in every if want(corpus.start_ns(a))])
        for line, a in zip(self.read.run("--all", "night.pcap").out.decode().splitlines(), every):
            dated = bool(re.match(r" *\d+  \d{4}-\d\d-\d\d ", line))
            self.wrong.want("%r has a date" % line[:40], dated, corpus.start_ns(a) >= midnight)
        has(self.read.run("--since", "00:10", "--until", "00:05", "night.pcap", may=(reader.USAGE,)), "not later",
            err=True)
        has(self.read.run("--since", "", "x.pcap", may=(reader.USAGE,)), '--since "": not a time', err=True)
        # Interrupted, the first time with what there is.
        with open(os.path.join(cwd, "x.pcap"), "rb") as f:
            some = f.read(50000)
        for sent in (b"", some, gzip.compress(some)[:4], gzip.compress(some)):
            end, fd = os.pipe()
            p = self.read.start("--summary", "-", stdin=end)
            os.close(end)
            os.write(fd, sent)
            time.sleep(.5)
            p.send_signal(signal.SIGINT)
            out, err = p.communicate(timeout=20)
            os.close(fd)
            r = self.read.ended(("--summary", "-"), p.returncode, out, err, may=(128 + signal.SIGINT,))
            has(r, "standard input  ", "interrupted    after ")
            has(r, "attempts       " if len(sent) > 4 else "none: interrupted before a packet came")
        # ... also when it comes from the parent once more, as what is sent to the whole group does.
        end, fd = os.pipe()
        p = self.read.start("--summary", "-", stdin=end, start_new_session=True)
        os.close(end)
        os.write(fd, some)
        time.sleep(.5)
        os.killpg(p.pid, signal.SIGINT)
        out, err = p.communicate(timeout=20)
        os.close(fd)
        has(self.read.ended(("--summary", "-"), p.returncode, out, err, may=(128 + signal.SIGINT,)), "attempts       ")
        # A signal that is ignored, as under nohup, stays ignored.
        end, fd = os.pipe()
        p = self.read.start("--summary", "-", stdin=end,
                            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        os.close(end)
        os.write(fd, some)
        time.sleep(.5)
        p.send_signal(signal.SIGHUP)
        time.sleep(.2)
        os.close(fd)
        out, err = p.communicate(timeout=20)
        r = self.read.ended(("--summary", "-"), p.returncode, out, err, may=(reader.OK, reader.PARTIAL))
        self.wrong.want("an ignored SIGHUP interrupts", b"interrupted" in r.out, False)
        # A FIFO that nobody writes to.
        os.mkfifo(os.path.join(cwd, "fifo"))
        p = self.read.start("--summary", "fifo")
        time.sleep(.5)
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=20)
        has(self.read.ended(("--summary", "fifo"), p.returncode, out, err, may=(128 + signal.SIGINT,)),
            "none: interrupted before a packet came")
        os.remove(os.path.join(cwd, "fifo"))
        # All comments are counted, though few are kept.
        self.read.run("-w", "c.pcapng", "--all", "x.pcap")
        r = self.read.run("--summary", "c.pcapng")
        n = json.loads(self.read.run("-j", "--summary", "c.pcapng").out)["synsent"]["capture"]["packets"]
        has(r, "(and %d more)" % (n + 1 - 2))
        text = self.read.run("--all", "--summary", "x.pcap").out.decode()
        self.wrong.want("a blank line between list and summary", text.count("\n\nx.pcap  "), 1)

    def refused(self):
        """Usage is exit 2 and says what to do; nothing goes to stdout."""
        for args in ([], ["nosuch.pcap"], ["--by", "size", "x.pcap"], ["--memory", "0", "x.pcap"],
                     ["--since", "yesterday", "x.pcap"], ["--svg", "d.svg", "x.pcap"], ["-c", "0", "x.pcap"],
                     ["-c", "x", "x.pcap"], ["--sandbox=never", "x.pcap"], ["host (", "x.pcap"], ["-S", "x.pcap"],
                     ["--json=lines", "x.pcap"], ["--nosuch", "x.pcap"]):
            r = self.read.run(*args, may=(reader.USAGE,))
            if r.out or not r.err:
                self.wrong("%s: %r, %r" % (r.command, r.out[:60], r.err))
        for name, data in (("empty", b""), ("text", b"hello\n" * 100), ("zeros", bytes(1000))):
            reader.write(os.path.join(self.read.cwd, name), data)
            for mode in ([], ["--all"], ["-j"], ["--packets"], ["--json=counts"], ["--by", "minute"]):
                r = self.read.run(*mode, name, "x.pcap", may=(reader.PARTIAL,))
                if name not in r.err or not r.out and mode != ["-j"]:
                    self.wrong("%s: %r" % (r.command, r.said()))
        os.makedirs(os.path.join(self.read.cwd, "directory"), exist_ok=True)
        self.read.run("directory", "x.pcap", may=(reader.PARTIAL,))
        self.read.run("x.pcap", "nosuch.pcap", may=(reader.PARTIAL,))


def main():
    synsent, gencap, *chosen = sys.argv[1:]
    wrong = reader.Wrong()
    read = reader.Reader(synsent, wrong)
    with reader.temporary() as directory:
        read.cwd = directory
        packets = laws.generate(gencap, directory, "-m", "web", "-n", "3M", "-s", "128", "-S", "11")
        reader.write(os.path.join(directory, "x.pcap"), pcaplib.pcap(packets, pcaplib.RAW))
        m = Modes(read, wrong, packets)
        print("%d attempts, %d of them failed: %s" % (len(m.attempts), len(m.failed), json.dumps(
            collections.Counter(map(outcome, m.attempts)))), flush=True)
        for mode in (m.lists, m.tables, m.summary, m.times, m.counted, m.written, m.chosen_packets, m.diagram, m.said,
                     m.refused):
            if not chosen or mode.__name__ in chosen:
                before = wrong.n, read.runs
                mode()
                print("%s: %d runs, %d wrong" % (mode.__name__, read.runs - before[1], wrong.n - before[0]), flush=True)
    print("%d runs, %d ledgers, %d wrong" % (read.runs, read.ledgers, wrong.n))
    return wrong.status()


if __name__ == "__main__":
    sys.exit(main())
