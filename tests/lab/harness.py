# SPDX-License-Identifier: GPL-2.0-or-later
"""What the end-to-end tests of synsent share: runs of the program, as root or as an ordinary user, and what to expect.

A test that cannot run here says why and exits 77.  Every object that a run prints is validated against
docs/attempt.schema.json, whatever else is looked at.
"""
import concurrent.futures
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import machine
import validate  # exits 77 when python3-jsonschema is missing

NOBODY = 65534
MS = 1e6  # ns
ENV = {
    "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS") or k.startswith("LLVM_PROFILE")},
}
CHECK = validate.validator()


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def kernel():
    """(6, 18)"""
    return tuple(int("".join(filter(str.isdigit, part))) for part in os.uname().release.split(".")[:2])


def found(program):
    return shutil.which(program, path=ENV["PATH"])


class Synsent:
    """The program, run as this user or, where this is root, as nobody: from a copy in a directory of nobody's."""

    def __init__(self, binary, nobody=False):
        root = os.geteuid() == 0
        self.nobody = nobody and root
        self.root = root and not nobody
        self.user = "root" if self.root else "nobody" if root else "an ordinary user"
        self.binary = os.path.abspath(binary)
        self.directory = tempfile.mkdtemp(prefix=machine.TEST)
        if self.nobody:
            shutil.copy(self.binary, os.path.join(self.directory, "synsent"))
            self.binary = os.path.join(self.directory, "synsent")
            os.chown(self.directory, NOBODY, NOBODY)
        os.chmod(self.directory, 0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory, ignore_errors=True)

    def path(self, name):
        """Of a file that the program may write."""
        return os.path.join(self.directory, name)

    def start(self, args, **more):
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.nobody else {}
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": "/",
                   "env": ENV, "start_new_session": True, **as_nobody, **more}
        return subprocess.Popen([self.binary] + args, **options)

    def run(self, args, within=60, interrupt_after=None):
        return Run(self, args, within, interrupt_after)

    def need(self, *args):
        """Skips when this machine refuses such a run, in the program's own words."""
        r = self.run(["lab", "-j", "--scenario", "reset", *args])
        if r.status == 77:
            skip("as %s: %s" % (self.user, " ".join(r.err.split())))


class Run:
    def __init__(self, synsent, args, within, interrupt_after):
        self.command = "synsent " + " ".join(args) + " (as " + synsent.user + ")"
        self.args = args
        self.wrong = []
        self.late = 0  # of what is wrong so much is late, and nothing else
        started = time.monotonic()
        with synsent.start(args) as p:
            if interrupt_after:
                time.sleep(interrupt_after)
                p.send_signal(signal.SIGINT)
            try:
                out, err = p.communicate(timeout=within)
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGKILL)  # the sandbox goes with it
                out, err = p.communicate()
                self.wrong.append("did not end within %d s" % within)
        self.took = time.monotonic() - started
        self.status = p.returncode
        self.out, self.err = out.decode(), err.decode()
        self.objects = []
        if {"-j", "--json"} & set(args):
            self.read_objects(out)

    def read_objects(self, out):
        for line in out.splitlines(keepends=True):
            problems = validate.problems(CHECK, line)
            self.wrong += ["not as the schema has it: " + p for p in problems]
            try:
                self.objects.append(validate.load(line))
            except ValueError:
                pass

    @property
    def last(self):
        """The attempt under study."""
        return self.objects[-1] if self.objects else {"synsent": {"syns_ns": [], "replies": []}, "event": {}}

    def want(self, what, got, expected):
        if got != expected:
            self.wrong.append("%s is %r, not %r" % (what, got, expected))

    def want_near(self, what, got_ns, expected_ns, early_ns, late_ns):
        """Timers never fire early; late is the business of a busy machine, within reason."""
        self.late += got_ns > expected_ns + late_ns
        if not expected_ns - early_ns <= got_ns <= expected_ns + late_ns:
            self.wrong.append("%s at %.1f ms, expected at %.1f (-%.1f +%.1f)" % (
                what, got_ns / MS, expected_ns / MS, early_ns / MS, late_ns / MS))

    def report(self):
        """Prints what was wrong; whether anything was."""
        if self.wrong:
            print("WRONG: " + self.command)
            for w in self.wrong:
                print("    " + w)
            if self.err:
                print("    stderr: " + self.err.strip().replace("\n", "\n    "))
            if self.out:
                print("    stdout: " + self.out.strip()[-6000:].replace("\n", "\n    "))
            sys.stdout.flush()
        return bool(self.wrong)


@contextlib.contextmanager
def kept_busy(busy):
    """The machine, meanwhile, when that is wanted."""
    hogs = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(4 * os.cpu_count() * busy)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def all_of(jobs, function, items):
    """Applies function to each, so many side by side; results in order."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        return list(pool.map(function, items))


def verdict(attempt):
    """What was judged, as one comparable dictionary."""
    s = attempt["synsent"]
    return {
        "outcome": s.get("outcome"),
        "gave_up_by": s.get("gave_up_by"),
        "limit": s.get("limit"),
        "confidence": s.get("confidence"),
        "error": attempt.get("error", {}).get("type"),
    }
