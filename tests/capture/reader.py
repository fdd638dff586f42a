# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of `synsent read` share: runs of it, with what holds for every run checked, and the corpora.

Of every run it is checked that it ends, by itself, without a word of a sanitizer, with a status that it may have, and
that every ledger that it printed adds up; `-v` is given, unless the caller says otherwise, so that there is one.
A test that cannot run here says why and exits 77.  SYNSENT_CORPUS names the directory of captures from elsewhere;
where it is not set, that is shared/corpus beside the source tree.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
CORPUS = os.environ.get("SYNSENT_CORPUS") or os.path.join(os.path.dirname(SOURCE), "shared", "corpus")
COUNTS = ("attempts", "syn_retrans", "by_synack", "by_rst", "by_icmp", "unanswered")
PARTS = ("counted", "duplicates", "filtered", "truncated", "malformed", "not_tcp")
LEDGER = re.compile(r"seen ([\d,]+) = ([\d,]+) counted \+ ([\d,]+) duplicates? \+ ([\d,]+) filtered \+ "
                    r"([\d,]+) truncated \+ ([\d,]+) malformed \+ ([\d,]+) not TCP")
SANITIZER = re.compile(r"==\d+==ERROR|runtime error:|SUMMARY: \w+Sanitizer")
ENV = {
    "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS") or k.startswith("LLVM_PROFILE")},
}
OK, USAGE, PARTIAL, LIMITED = 0, 2, 3, 4


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def corpus(name):
    """The path of a part of the corpora; without it the test is skipped."""
    path = os.path.join(CORPUS, name)
    if not os.path.exists(path):
        skip("%s is missing (SYNSENT_CORPUS names the directory of corpora)" % path)
    return path


def found(program):
    return shutil.which(program, path=ENV["PATH"])


def tool(*command, stdin=None, env=None):
    done = subprocess.run(command, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**ENV, **(env or {})})
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def temporary():
    """A directory to be used in `with`."""
    return tempfile.TemporaryDirectory(prefix="synsent-capture-")


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


class Wrong:
    """What did not hold, printed at once; only the first of many alike."""

    def __init__(self, most=int(os.environ.get("SYNSENT_WRONG_MOST") or 40)):
        self.n = 0
        self.most = most
        self.lock = threading.Lock()

    def __call__(self, what):
        with self.lock:
            self.n += 1
            if self.n <= self.most:
                print("WRONG: " + what.encode("unicode_escape").decode(), flush=True)
            elif self.n == self.most + 1:
                print("WRONG: and more", flush=True)

    def want(self, what, got, expected):
        if got != expected:
            self("%s: %r, not %r" % (what, got, expected))
        return got == expected

    def status(self):
        return 1 if self.n else 0


class Run:
    """One that has ended."""

    def __init__(self, args, status, out, err):
        self.command = "synsent " + " ".join(args)
        self.status, self.out, self.err_bytes = status, out or b"", err or b""
        self.err = self.err_bytes.decode("utf-8", "replace")

    @property
    def objects(self):
        """Of -j and --json=counts."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def ledgers(self):
        """Dictionaries with `seen` and PARTS."""
        return [dict(zip(("seen",) + PARTS, (int(n.replace(",", "")) for n in m.groups())))
                for m in LEDGER.finditer(self.err)]

    def ledger(self):
        """The one ledger, or that of all files together, which comes last; without one, all of it is -1."""
        return (self.ledgers or [dict.fromkeys(("seen",) + PARTS, -1)])[-1]

    def said(self):
        """stderr in short, for a message."""
        return " | ".join(self.err.strip().splitlines()[-4:])[:600]


class Reader:
    """`synsent read` as a test runs it."""

    def __init__(self, binary, wrong):
        self.binary = os.path.abspath(binary)
        self.wrong = wrong
        self.runs = 0
        self.ledgers = 0
        self.cwd = None
        # Every test may be run once more with what the environment adds: SYNSENT_READ_OPTIONS=--sandbox=require
        self.more = os.environ.get("SYNSENT_READ_OPTIONS", "").split()

    def argv(self, args, verbose=True):
        return [self.binary, "read"] + self.more + (["-v"] if verbose else []) + list(args)

    def start(self, *args, verbose=True, env=None, **more):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                   "cwd": self.cwd, **more}
        return subprocess.Popen(self.argv(args, verbose), env={**ENV, **(env or {})}, **options)

    def run(self, *args, may=(OK,), within=60, verbose=True, env=None, feed=None, **more):
        """may: exit statuses that are right, None for all; feed(fd): writes stdin, in a thread of its own."""
        if feed:
            end, fd = os.pipe2(os.O_CLOEXEC | more.pop("pipe_flags", 0))
            more["stdin"] = end
        p = self.start(*args, verbose=verbose, env=env, **more)
        if feed:
            os.close(end)
            feeder = threading.Thread(target=self.feed, args=(feed, fd))
            feeder.start()
        try:
            out, err = p.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
            self.wrong("%s did not end within %d s" % (" ".join(("synsent read",) + args)[-300:], within))
        if feed:
            feeder.join()
        return self.ended(args, p.returncode, out, err, may)

    @staticmethod
    def feed(feed, fd):
        try:
            feed(fd)
        except BrokenPipeError:
            pass
        finally:
            os.close(fd)

    def ended(self, args, status, out, err, may=(OK,)):
        """A Run, checked."""
        r = Run(("read",) + tuple(args), status, out, err)
        short = r.command if len(r.command) < 300 else r.command[:150] + " ... " + r.command[-100:]
        if status < 0 or SANITIZER.search(r.err):
            self.wrong("%s: ended by signal %d, a crash: %s" % (short, -status, r.said()))
        elif may is not None and status not in may:
            self.wrong("%s: exit %d, not %s: %s" % (short, status, " or ".join(map(str, may)), r.said()))
        for ledger in r.ledgers:
            if ledger["seen"] != sum(ledger[part] for part in PARTS):
                self.wrong("%s: the ledger does not add up: %r" % (short, ledger))
        self.runs += 1
        self.ledgers += len(r.ledgers)
        return r

    def counts(self, *paths, **more):
        """{path: its six numbers}, and the run."""
        r = self.run("--json=counts", *paths, **more)
        return {o["file"]: tuple(o[c] for c in COUNTS) for o in r.objects}, r

    def attempts(self, *args, **more):
        """Every attempt, and the run."""
        r = self.run("--all", "-j", *args, **more)
        return r.objects, r


def schema_problems():
    """A function: one line of JSON, as bytes with its end -> what docs/attempt.schema.json has against it, a list."""
    sys.path.insert(0, os.path.join(HERE, ".."))
    try:
        import validate
    except SystemExit:  # it has said that python3-jsonschema is missing
        return lambda line: []
    check = validate.validator()
    return lambda line: validate.problems(check, line)


def all_of(function, items, jobs=2):
    """Applies function to each, so many side by side; results in order."""
    import concurrent.futures
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        return list(pool.map(function, items))


def key(attempt):
    """What tells attempts of one capture apart: both addresses and ports, and the ISN.

    An endpoint lacks a port that is 0.
    """
    c, s = attempt["client"], attempt["server"]
    return c["address"], c.get("port", 0), s["address"], s.get("port", 0), attempt["synsent"]["isn"]


def without(attempt, *names):
    """A copy without what is at these dotted names."""
    attempt = json.loads(json.dumps(attempt))
    for name in names:
        at, *inner = name.split(".")
        holder = attempt
        for step in inner:
            holder, at = holder.get(at, {}), step
        holder.pop(at, None)
    return attempt
