#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast `synsent read` is beside what people have, and how much memory it takes.

read.py SYNSENT GENCAP [WORD]...

Ratios within one run say more than times: they stay what they are on another machine.  Each round runs ours and its
peers in turn, each after a `cat` of the file, because an idle file can leave the page cache; medians are compared.
The status is 1 when a ratio is above its target, or the memory above its limit.  WORDs choose the workloads that have
one of them in their name.

BENCH_DIR    where the captures are kept between runs; a temporary directory unless set.  They need 6 GB.
BENCH_RUNS   rounds, 7 unless set
BENCH_QUICK  1: captures of a tenth of the size.  The targets are meant for the whole.
"""
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

QUICK = os.environ.get("BENCH_QUICK", "") not in ("", "0")
RUNS = int(os.environ.get("BENCH_RUNS") or 7)
MB, MIB = 10 ** 6, 1 << 20
ALL_OF_THEM = 6000 * MB
FILTER = "tcp[13]&6!=0 or icmp"  # with it tcpdump keeps no state
ENV = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
WEB, FLOOD = 32 * MIB, 16 * MIB  # memory; a flood's grows by OPEN for each attempt that waits at once
OPEN = 64


def size(mb):
    return mb * MB // (10 if QUICK else 1)


class Captures:
    """Generated and converted on demand, and kept."""

    def __init__(self, directory, gencap):
        self.directory, self.gencap = directory, gencap

    def path(self, name):
        return os.path.join(self.directory, name)

    def made(self, name, command):
        """By a shell command that writes to $OUT; a file of that name is complete."""
        path = self.path(name)
        if not os.path.exists(path):
            part = path + ".part"
            subprocess.run(["sh", "-c", command], check=True, stdout=subprocess.DEVNULL,
                           env={**ENV, "OUT": part, "GENCAP": self.gencap})
            os.rename(part, path)
        return path

    def generated(self, mix, mb, *args):
        name = "-".join((mix, *(arg.strip("-") for arg in args), "%d.pcap" % (size(mb) // MB)))
        return self.made(name, "$GENCAP -m %s -n %d %s -t %s -o $OUT" % (
            mix, size(mb), " ".join(args), shlex.quote(self.path(name + ".json"))))

    def converted(self, path, ending, command):
        return self.made(os.path.basename(path) + ending, "%s >$OUT" % command.format(shlex.quote(path)))

    def most_open(self, path):
        with open(path + ".json", encoding="utf-8") as f:
            return json.load(f)["max_open"]


class Failed(Exception):
    pass


def run(command):
    """Seconds, and the highest memory use in bytes, of argv, or of a shell's pipeline."""
    argv = ["sh", "-c", command] if isinstance(command, str) else command
    out = os.open(os.devnull, os.O_WRONLY)
    said = tempfile.TemporaryFile()
    began = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, ENV, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, out, 1),
        (os.POSIX_SPAWN_DUP2, said.fileno(), 2)])
    _, status, usage = os.wait4(pid, 0)
    took = time.perf_counter() - began
    os.close(out)
    if status:
        said.seek(0)
        raise Failed("%s: status %d: %s" % (
            command, os.waitstatus_to_exitcode(status), said.read().decode("utf-8", "replace")[-300:]))
    said.close()
    return took, usage.ru_maxrss * 1024


class Bench:
    def __init__(self, synsent, captures, words):
        self.synsent, self.captures, self.words = os.path.abspath(synsent), captures, words
        self.held = self.missed = self.skipped = 0

    def ours(self, path):
        return [self.synsent, "read", "--summary", path]

    def piped(self, path):
        return "cat %s | %s read --summary -" % (shlex.quote(path), shlex.quote(self.synsent))

    def row(self, name, text, held, otherwise="TOO SLOW"):
        self.held += held
        self.missed += not held
        print("%-20s %s%s" % (name, text, "" if held else "   " + otherwise), flush=True)

    def compare(self, name, *args, **more):
        """As measure(); a command that fails is one target that is missed."""
        if self.words and not any(word in name for word in self.words):
            return
        try:
            self.measure(name, *args, **more)
        except Failed as failed:
            self.row(name, str(failed), False, "FAILED")

    def measure(self, name, path, ours, peers, memory=None):
        """peers: [(what it is called, command, most times of it)]; memory: bytes at most."""
        there = []
        for peer in peers:
            lacks = [p for p in ("tcpdump", "tshark", "igzip", "zstd") if p in peer[0] and not shutil.which(p)]
            if lacks:
                print("%-20s skipped: %s is missing" % (name, lacks[0]))
                self.skipped += 1
            else:
                there.append(peer)
        times = {command: [] for command in ["ours"] + [peer[0] for peer in there]}
        most = 0
        for _ in range(RUNS):
            for called, command in [("ours", ours)] + [peer[:2] for peer in there]:
                run("cat %s >/dev/null" % shlex.quote(path))
                took, peak = run(command)
                times[called].append(took)
                most = max(most, peak) if called == "ours" else most
        took = statistics.median(times["ours"])
        for called, _, target in there:
            peer = statistics.median(times[called])
            self.row(name, "%8.3f s  %8.3f s   %6.3f x  (target %5.2f)  %s" % (
                took, peer, took / peer, target, called), took <= target * peer)
        if memory:
            self.row(name, "%8.1f MiB of at most %.0f" % (most / MIB, memory / MIB), most <= memory, "TOO MUCH")

    def linear(self, least, small, big):
        """Four times the file takes four times as long, apart from what even the least of them takes."""
        name = "linear"
        if self.words and name not in self.words:
            return
        times = {least: [], small: [], big: []}
        for _ in range(RUNS):
            for path, of in times.items():
                run("cat %s >/dev/null" % shlex.quote(path))
                of.append(run(self.ours(path))[0])
        begin, took, longer = (statistics.median(times[path]) for path in (least, small, big))
        took = (longer - begin) / (took - begin)
        file = os.path.getsize(big) / os.path.getsize(small)
        self.row(name, "%.2f x the file takes %.2f x the time, the %.0f ms that 1 MB takes apart" % (
            file, took, begin * 1000), 0.9 <= took / file <= 1.1, "NOT LINEAR")


def cat(path, most):
    return "cat", ["cat", path], most


def tcpdump(path, most):
    return "tcpdump FILTER", ["tcpdump", "-r", path, "-w", "/dev/null", FILTER], most


def headers_and_flood(b, captures):
    headers = captures.generated("web", 500, "-s", "96")
    b.compare("web, headers only", headers, b.ours(headers), [tcpdump(headers, 0.20), cat(headers, 1.2)], WEB)
    small = captures.generated("smallpkt", 500)
    b.compare("smallpkt", small, b.ours(small), [tcpdump(small, 0.20), cat(small, 1.2)], WEB)
    flood = captures.generated("synflood", 500)
    b.compare("synflood", flood, b.ours(flood), [tcpdump(flood, 0.80)], FLOOD + OPEN * captures.most_open(flood))


def by_read(b, web):
    quoted = shlex.quote(web)
    b.compare("web through a pipe", web, b.piped(web), [
        ("cat | tcpdump FILTER", "cat %s | tcpdump -r - -w /dev/null '%s'" % (quoted, FILTER), 0.40),
        ("cat | cat", "cat %s | cat" % quoted, 1.1)])


def compressed(b, captures, middle):
    if shutil.which("gzip"):
        packed = captures.converted(middle, ".gz", "gzip -6 -c {}")
        b.compare("web, gzip", packed, b.ours(packed), [
            ("igzip | tcpdump FILTER", "igzip -dc %s | tcpdump -r - -w /dev/null '%s'" % (shlex.quote(packed), FILTER),
             0.6)], WEB)
    if shutil.which("zstd"):
        packed = captures.converted(middle, ".zst", "zstd -q -3 -c {}")
        b.compare("web, zstd", packed, b.ours(packed), [("zstd -dc", "zstd -q -dc %s" % shlex.quote(packed), 1.3)],
                  WEB + 16 * MIB)


def all_of_it(b, captures):
    web = captures.generated("web", 2000)
    b.compare("web", web, b.ours(web), [cat(web, 0.60), tcpdump(web, 0.25)], WEB)
    headers_and_flood(b, captures)
    little = captures.generated("web", 200)
    b.compare("web against tshark", little, b.ours(little), [
        ("tshark", ["tshark", "-r", little, "-Y", "tcp.flags.syn==1"], 0.01)])
    middle = captures.generated("web", 500)
    if shutil.which("editcap"):
        # Written in pieces as large as the other's: the kernel keeps a file in pages as large as its writes.
        ng = captures.converted(middle, "ng", "editcap -F pcapng {} - | dd bs=1M iflag=fullblock status=none")
        b.compare("web as pcapng", ng, b.ours(ng), [("the same as pcap", b.ours(middle), 1.3)], WEB)
    else:
        print("web as pcapng: skipped: editcap is missing (apt-get install tshark)")
    by_read(b, web)
    compressed(b, captures, middle)
    b.linear(captures.made("least.pcap", "$GENCAP -m web -n 1M -o $OUT"), middle, web)


def main():
    synsent, gencap, *words = sys.argv[1:]
    kept = os.environ.get("BENCH_DIR")
    if kept:
        os.makedirs(kept, exist_ok=True)
    needs = ALL_OF_THEM // (10 if QUICK else 1)
    places = [kept] if kept else [tempfile.gettempdir(), "/var/tmp"]
    there = {place: sum(os.path.getsize(os.path.join(place, f)) for f in os.listdir(place)) if kept else 0
             for place in places}
    place = next((p for p in places if shutil.disk_usage(p).free + there[p] >= needs), None)
    if not place:
        print("skipped: the captures need %.1f GB in BENCH_DIR (or %s)" % (needs / 1e9, " or ".join(places)))
        return 0
    with tempfile.TemporaryDirectory(prefix="synsent-bench-", dir=None if kept else place) as directory:
        captures = Captures(kept or directory, os.path.abspath(gencap))
        b = Bench(synsent, captures, words)
        load, cpus = os.getloadavg()[0], os.cpu_count()
        if load > cpus / 4:
            print("This machine is busy (load %.1f, %d CPUs). Reading takes two of them, its peers mostly one, so the "
                  "ratios are worse than they are." % (load, cpus))
        print("%-20s %8s    %8s    %s" % ("read --summary", "ours", "peer", "ours / peer"))
        all_of_it(b, captures)
    print("%d held, %d not, %d skipped; median of %d rounds%s" % (
        b.held, b.missed, b.skipped, RUNS, ", captures of a tenth of the size" if QUICK else ""))
    return 1 if b.missed else 0


if __name__ == "__main__":
    sys.exit(main())
