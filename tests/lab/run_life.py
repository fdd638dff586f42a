#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a program keeps under `synsent run`: all that it would have without.

run_life.py SYNSENT [--user nobody] [--only WORD]

Each check asks a program what it sees, and compares: with what it was given, or with what the same program sees when
nothing stands between.  Of standard output not a byte is ours.
"""
import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

import harness

BINARY = bytes(range(256)) * 4096
OF_OURS = ["-q", "-v", "-j"]  # none of them may reach the program's standard output

# Which descriptors are open, and what they are, without opening one on the way.
DESCRIPTORS = """
import os
open_ones = []
for fd in range(64):
    try:
        os.fstat(fd)
    except OSError:
        continue
    open_ones.append(fd)
"""
SIGNALS = "import re; print(re.findall('Sig(?:Blk|Ign):.*', open('/proc/self/status').read()))"

CONNECTS_C = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
int main(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(4444) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, "192.0.2.7", &to.sin_addr);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return 1;
	puts("connected");
	return 0;
}
"""


ENV = dict(harness.ENV, PATH="/usr/sbin:/usr/bin:/sbin:/bin")  # which everybody may read


class Wrong(Exception):
    pass


def want(what, got, expected):
    if got != expected:
        raise Wrong("%s: %r, not %r" % (what, got, expected))


def under(synsent, options, command, **more):
    """(status, stdout, stderr) of a command under `synsent run`; bytes."""
    data = more.pop("input", None)
    if data is not None:
        more["stdin"] = subprocess.PIPE
    more.setdefault("env", ENV)
    with synsent.start(["run", "--time-limit", "30"] + options + ["--"] + command, **more) as p:
        try:
            out, err = p.communicate(data, timeout=40)
        except subprocess.TimeoutExpired:
            p.kill()
            raise Wrong("%s did not end" % command)
    return p.returncode, out, err


def python(text):
    return ["/usr/bin/python3", "-c", text]


def shell(synsent, line, **more):
    """A line in which $RUN is `synsent run`, by sh."""
    line = line.replace("$RUN", shlex.quote(synsent.binary) + " run --time-limit 30")
    user = {"user": harness.NOBODY, "group": harness.NOBODY, "extra_groups": []} if synsent.nobody else {}
    r = subprocess.run(["sh", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=40, **{"cwd": "/", "env": ENV, **user, **more})
    return r.returncode, r.stdout, r.stderr


def check_arguments(synsent):
    given = ["", "two words", "--", "-x", "\u00e9\n\t", "*", "--fault=nothing"]
    status, out, _ = under(synsent, ["-q"], python("import sys; print(sys.argv[1:])") + given)
    want("arguments", (status, out.decode()), (0, "%s\n" % given))


def check_standard_input(synsent):
    for options in ([], ["-q"], ["-v"], ["-j"]):
        status, out, _ = under(synsent, options, ["cat"], input=BINARY)
        want("a megabyte through cat, with %s" % options, (status, out == BINARY), (0, True))
    status, out, _ = under(synsent, [], ["cat"], input=b"")
    want("an empty one", (status, out), (0, b""))


def check_standard_output(synsent):
    fetch = ["sh", "-c", "printf 'mine\\0'; curl -s -o /dev/null http://db.internal/; printf end"]
    for options in ([], ["-q"], ["-v"], ["-j"], ["-v", "--expect", "outcome=established"]):
        status, out, err = under(synsent, options, fetch)
        want("standard output with %s" % options, (status, out), (0, b"mine\0end"))
        want("something is said, with %s" % options, bool(err), options != ["-q"])
    # Ours are apart from the program's errors: those are whole.
    status, _, err = under(synsent, ["-q"], ["sh", "-c", "echo mine >&2"])
    want("standard error with -q", err, b"mine\n")


def check_environment(synsent):
    given = {"PATH": ENV["PATH"], "EMPTY": "", "ODD": "a=b c\n\u00e9", "LC_ALL": "C.UTF-8"}
    show = python("import os; print(sorted(os.environ.items()))")
    plain = subprocess.run(show, env=given, stdout=subprocess.PIPE).stdout
    want("environment", under(synsent, ["-q"], show, env=given)[1], plain)


def check_directory(synsent):
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="synsent-life-") as d:
        os.chmod(d, 0o777)
        with open(os.path.join(d, "file"), "w") as f:
            f.write("here\n")
        os.chmod(f.name, 0o666)
        status, out, _ = under(synsent, ["-q"], ["sh", "-c", "pwd; cat file; cat %s/file; echo more >>file" % d], cwd=d)
        want("in a directory under /tmp", (status, out.decode()), (0, "%s\nhere\nhere\n" % d))
        with open(f.name) as f:
            want("what it wrote there", f.read(), "here\nmore\n")
        status, out, _ = under(synsent, ["-q"], ["sh", "-c", "pwd; cat %s/file" % os.path.basename(d)], cwd="/tmp")
        want("in /tmp", (status, out), (0, b"/tmp\nhere\nmore\n"))
        line = "cp /bin/true %s/mine && cd %s && $RUN -q -- ./mine" % (d, d)
        want("a program under /tmp", shell(synsent, line)[0], 0)


def check_umask(synsent):
    show = ["sh", "-c", "umask; cat /etc/resolv.conf /etc/hosts /etc/nsswitch.conf >/dev/null && ls -lL /etc/hosts"]
    for umask in (0o077, 0o000, 0o022):
        status, out, _ = under(synsent, ["-q"], show, umask=umask)
        lines = out.decode().split()
        want("umask", (status, lines[0]), (0, "%04o" % umask))
        want("who may read /etc/hosts", lines[1][:10], "-r--r--r--")


def check_status(synsent):
    for n in (0, 1, 2, 42, 77, 125, 255):
        want("exit %d" % n, under(synsent, ["-q"], ["sh", "-c", "exit %d" % n])[0], n)
    for name in ("KILL", "SEGV", "TERM", "ABRT", "PIPE", "USR1"):
        status, _, err = under(synsent, [], ["sh", "-c", "ulimit -c 0; kill -%s $$" % name])
        want("ended by SIG%s" % name, status, 128 + getattr(signal, "SIG" + name))
        want("and that is said", ("was ended by SIG%s" % name).encode() in err, True)
    for path, status, words in (("/etc/passwd", 126, b"Permission denied"), ("/tmp", 126, b"Permission denied"),
                                ("/no/such/program", 127, b"there is no such program"),
                                ("no-such-program-in-path", 127, b"there is no such program")):
        got, out, err = under(synsent, [], [path])
        want("cannot run %s" % path, (got, out, words in err), (status, b"", True))
    with open(synsent.path("script"), "w") as f:
        f.write("echo by the shell; exit 3\n")
    os.chmod(f.name, 0o755)
    want("a script without #!", under(synsent, ["-q"], [f.name])[:2], (3, b"by the shell\n"))


def check_descriptors(synsent):
    text = DESCRIPTORS + "print(open_ones)"
    r, w = os.pipe()
    try:
        status, out, _ = under(synsent, ["-q"], python(text + "; os.write(%d, b'x')" % w), pass_fds=[w])
    finally:
        os.close(w)
    want("open descriptors", (status, out), (0, b"[0, 1, 2, %d]\n" % w))
    want("a pipe at descriptor %d" % w, os.read(r, 9), b"x")
    want("and its end", os.read(r, 9), b"")
    os.close(r)


def closed(synsent, numbers, by_us, command):
    """The line `$RUN COMMAND` with those of 0, 1, 2 closed, as sh does it."""
    how = " ".join("%d%s&-" % (n, "<" if n == 0 else ">") for n in numbers)
    return shell(synsent, "exec %s; exec $RUN %s -- %s" % (how, by_us, command))


def check_closed_streams(synsent):
    """None of our sockets may get their numbers: messages would go there."""
    answer = synsent.path("descriptors")
    text = DESCRIPTORS + "open(%r, 'w').write(str(open_ones))" % answer
    show = " ".join(shlex.quote(w) for w in python(text))
    connect = "sh -c " + shlex.quote("curl -s -o /dev/null http://a/; " + show)
    for numbers in ([0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]):
        for by_us in ("", "-v", "-j"):
            if os.path.exists(answer):
                os.unlink(answer)
            status, out, err = closed(synsent, numbers, by_us, connect)
            want("status with %s closed, %s" % (numbers, by_us), status, 0)
            with open(answer) as f:
                want("open with %s closed" % numbers, f.read(), str([n for n in (0, 1, 2) if n not in numbers]))
            want("standard output with %s closed" % numbers, out, b"")
            want("something is said", bool(err), 2 not in numbers)
    want("a failure that nobody hears", closed(synsent, [0, 1, 2], "--no-such-option", "true")[0], 2)


def check_signals(synsent):
    """Ignored ones, SIGCHLD among them, and blocked ones are as the caller had them."""
    def odd():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM])

    def usual():
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    # sh keeps what it was given, and starts no Python that sets SIGINT by itself.
    show = ["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"]
    for prepare in (usual, odd):
        plain = subprocess.run(show, stdout=subprocess.PIPE, preexec_fn=prepare).stdout
        status, out, err = under(synsent, [], show, preexec_fn=prepare)
        want("status; %s" % err.decode(), status, 0)
        want("signals", out, plain)
    want("SIGCHLD ignored, and a status", under(synsent, ["-q"], ["sh", "-c", "exit 42"], preexec_fn=odd)[0], 42)


def check_limits(synsent):
    """Too few descriptors are said, not stumbled over."""
    for n in (8, 12, 16, 24):
        status, out, err = shell(synsent, "ulimit -n %d; $RUN -- echo ran" % n)
        want("status with %d descriptors: %s" % (n, err.decode()), status in (0, 125, 77), True)
        want("it ran, or not", out, b"ran\n" if status == 0 else b"")
        want("what is said", status == 0 or b"Too many open files" in err, True)
    show = "ulimit -S -a; ulimit -H -a"
    plain = subprocess.run(["sh", "-c", show], stdout=subprocess.PIPE).stdout
    want("its limits", under(synsent, ["-q"], ["sh", "-c", show])[1], plain)


def check_identity(synsent):
    show = ["sh", "-c", "id -u; id -g; nice; cat /proc/self/oom_score_adj"]
    user = {"user": harness.NOBODY, "group": harness.NOBODY, "extra_groups": []} if synsent.nobody else {}
    plain = subprocess.run(show, stdout=subprocess.PIPE, **user).stdout
    want("user and priority", under(synsent, ["-q"], show)[1], plain)
    if not synsent.root:
        show = ["grep", "-E", "CapEff|CapPrm|CapInh|CapAmb", "/proc/self/status"]
        plain = subprocess.run(show, stdout=subprocess.PIPE, **user).stdout
        want("capabilities", under(synsent, ["-q"], show)[1], plain)


def check_static(synsent):
    compiler = harness.found("cc")
    if not compiler:
        return "no C compiler"
    with tempfile.TemporaryDirectory() as d:
        with open(os.path.join(d, "c.c"), "w") as f:
            f.write(CONNECTS_C)
        built = subprocess.run([compiler, "-static", "-o", synsent.path("static"), f.name],
                               stderr=subprocess.DEVNULL).returncode
    if built:
        return "no static C library"
    os.chmod(synsent.path("static"), 0o755)
    status, out, err = under(synsent, ["-f", "syn-drop:1"], [synsent.path("static")])
    want("a static program: %s" % err.decode(), (status, out), (0, b"connected\n"))
    want("its SYNs", b"SYNs at 0 and 1.0" in err, True)
    return None


FILES = {"-w": "x.pcapng", "--svg": "x.svg", "--events": "x.events", "--log": "x.log", "--json=": "x.json",
         "--report": "x.xml"}


def option(name, path):
    return [name + path] if name.endswith("=") else [name, path]


def check_unwritable(synsent):
    """It is said before the program starts, with what to do; nothing stays."""
    for name, base in FILES.items():
        places = ["/no/such/directory/" + base, "/proc/" + base] + ([] if name == "--json=" else [""])
        if not synsent.root:
            places.append("/etc/" + base)
        for path in places:
            status, out, err = under(synsent, option(name, path), ["echo", "ran"])
            want("%s %r: status" % (name, path), status in (125, 2), True)
            want("%s %r: ran" % (name, path), out, b"")
            want("%s %r: said: %s" % (name, path, err.decode()), len(err.splitlines()), 2)
            want("%s %r: named" % (name, path), (path or "name").encode() in err, True)


def check_full_disk(synsent):
    """What could not be written is said, whatever the program's status; the program is not disturbed."""
    fetch = ["sh", "-c", "curl -s -o /dev/null http://a/; echo ran"]
    for name in ("-w", "--svg", "--log", "--json="):
        status, out, err = under(synsent, option(name, "/dev/full"), fetch)
        want("%s /dev/full" % name, (status, out), (125, b"ran\n"))
        want("%s /dev/full: %s" % (name, err.decode()), b"cannot write /dev/full: No space left on device" in err, True)
    # Its first line is written when it is opened.
    want("--events /dev/full", under(synsent, ["--events", "/dev/full"], fetch)[0], 125)


def check_files(synsent):
    """Whole files at their names, and no others, whatever became of the program."""
    d = synsent.path("files")
    for command, whole in ((["curl", "-s", "-o", "/dev/null", "http://a/"], True), (["sh", "-c", "kill -9 $$"], True),
                           (["/no/such/program"], False)):
        shutil.rmtree(d, ignore_errors=True)
        os.mkdir(d)
        os.chmod(d, 0o777)
        options = []
        for name, base in FILES.items():
            options += option(name, os.path.join(d, base)) if name != "--svg" or command[0] == "curl" else []
        under(synsent, options, command)
        expected = sorted(b for n, b in FILES.items() if n != "--svg" or command[0] == "curl") if whole else []
        want("files after %s" % command, sorted(os.listdir(d)), expected)


CHECKS = {name[6:].replace("_", "-"): function for name, function in sorted(globals().items())
          if name.startswith("check_")}


def judge(synsent, item):
    name, function = item
    try:
        return name, None, function(synsent)
    except Wrong as e:
        return name, str(e), None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("synsent")
    parser.add_argument("--user", choices=["nobody"])
    parser.add_argument("--only", default="", help="checks with this in their names")
    parser.add_argument("--jobs", type=int, default=4)
    o = parser.parse_args()
    with harness.Synsent(o.synsent, o.user == "nobody") as synsent:
        synsent.need()
        checks = [(n, f) for n, f in CHECKS.items() if re.search(o.only, n)]
        results = harness.all_of(o.jobs, lambda item: judge(synsent, item), checks)
    wrong = [(n, w) for n, w, _ in results if w]
    for name, what in wrong:
        print("WRONG: as %s: %s: %s" % (synsent.user, name, what))
    left_out = ["%s (%s)" % (n, why) for n, _, why in results if why]
    print("as %s: %d checks, %d wrong%s" % (synsent.user, len(results), len(wrong),
                                          "; left out: " + ", ".join(left_out) if left_out else ""))
    return 1 if wrong or not results else 0


if __name__ == "__main__":
    sys.exit(main())
