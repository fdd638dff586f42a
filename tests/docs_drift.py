# SPDX-License-Identifier: GPL-2.0-or-later
"""Do help, man pages, completion and the READMEs say the same as the program?

    docs_drift.py SYNSENT SOURCE_DIR BUILT_DOCS_DIR
"""
import os
import re
import shutil
import subprocess
import sys

synsent, source, built = sys.argv[1:4]
wrong = []


def check(holds, what):
    if not holds:
        wrong.append(what)


def run(*argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, **more)


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def help_of(*argv):
    r = run(synsent, *argv)
    name = " ".join(("synsent",) + argv)
    check(r.returncode == 0 and not r.stderr, f"{name}: status {r.returncode}, stderr {r.stderr!r}")
    for line in r.stdout.splitlines():
        check(len(line) <= 80, f"{name}: wider than 80 columns: {line}")
    return r.stdout


def commands():
    section = re.search(r"^Commands:\n((?:  .*\n)+)", help_of("--help"), re.M).group(1)
    return re.findall(r"^  (\S+)", section, re.M)


def options(command):
    """Its long options as --help lists them."""
    section = re.search(r"^Options:\n(.*?)(?=^\S|\Z)", help_of(command, "--help"), re.M | re.S).group(1)
    return re.findall(r"^  (?:-\w, |    )--([a-z0-9-]+)", section, re.M)


def rendered(page):
    """The page as text; None when there is nothing that renders it."""
    if not os.path.exists(page) or not shutil.which("man"):
        return None
    env = dict(os.environ, MANWIDTH="80", LC_ALL="C.UTF-8")
    r = run("man", "--warnings", "--no-hyphenation", "--no-justification", "-l", page, env=env)
    check(r.returncode == 0 and not r.stderr.strip(), f"{page}: man says {r.stderr.strip()!r}")
    return re.sub(".\x08", "", r.stdout)


def check_page(command, names):
    page = read(source, "docs", "man", f"synsent-{command}.1.scd.in")
    check("@OPTIONS@" in page, f"synsent-{command}.1 does not take its OPTIONS from the program")
    check("@EXAMPLES@" in page, f"synsent-{command}.1 does not take its EXAMPLES from the program")
    path = os.path.join(built, f"synsent-{command}.1")
    text = rendered(path)
    if os.path.exists(os.path.join(built, "synsent.1")):
        check(os.path.exists(path), f"synsent-{command}.1 is not built: name it in docs/meson.build")
    for name in names if text is not None else []:
        check(re.search(rf"--{name}\b", text), f"synsent-{command}.1 lacks --{name}")


def check_completion(table):
    script = os.path.join(built, "synsent.bash")
    r = run("bash", "-n", script)
    check(r.returncode == 0, f"synsent.bash: {r.stderr}")

    def complete(*words):
        ask = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _synsent; '
               'printf "%s\\n" "${COMPREPLY[@]}"')
        r = run("bash", "-c", ask, "bash", script, "synsent", *words)
        check(not r.stderr, f"completion of {words}: {r.stderr}")
        return r.stdout.split()

    for command, names in table.items():
        check(complete(command[:-1]) == [command] or command in complete(command[:-1]),
              f"completion of {command[:-1]} lacks {command}")
        offered = complete(command, "--")
        for name in names:
            check(f"--{name}" in offered, f"completion of {command} lacks --{name}")
    check("help" in complete("help", "hel"), "completion of `help hel` lacks help")


def check_prose(path, table, known):
    """The commands and options that the prose names must be there; a command may have its page before it is."""
    text = read(source, path)
    for command, rest in re.findall(r"synsent ([a-z]+)\b([^`\n*]*)", "\n".join(re.findall(r"`[^`]+`|^.*$", text, re.M))):
        if command not in table:
            continue
        for name in re.findall(r"(?<!\S)--([a-z][a-z0-9-]*)", rest.split("#")[0].split(" -- ")[0]):
            check(name in table[command] or name == "help", f"{path}: synsent {command} has no --{name}")
    for command in re.findall(r"^(?:\$ )?synsent ([a-z]+)\b|`synsent ([a-z]+)\b", text, re.M):
        command = "".join(command)
        check(command in table or os.path.exists(os.path.join(source, "docs", "man", f"synsent-{command}.1.scd.in")),
              f"{path} names a command that is not there: synsent {command}")
    if path.endswith(".in"):
        for name in re.findall(r"\*--([a-z][a-z0-9-]*)\*", text):
            check(name in known, f"{path} names --{name}, which no command has")
    return text


def check_faults(page):
    """Each form of `run --list`: "icmp:host", "syn-drop[:N]"; of "strip:sack" the option may stand by itself."""
    listed = run(synsent, "run", "--list").stdout
    faults = {re.match("[a-z-]+(:[a-z-]+)?", form).group() for form in
              re.findall(r"^([a-z-]+(?:[:\[]\S*)?) ", listed, re.M)}
    check(len(faults) > 30, "run --list has hardly any faults")
    for fault in faults:
        name, _, arg = fault.partition(":")
        check(f"*{fault}" in page or (arg and f"*{name}:" in page and f"*{arg}*" in page),
              f"synsent-run.1 lacks the fault {fault}")


def main():
    table = {command: options(command) for command in commands()}
    check(len(table) > 1, "there are hardly any commands")
    known = {name for names in table.values() for name in names} | {"help", "version"}
    for command, names in table.items():
        check(help_of("help", command) == help_of(command, "--help"), f"help {command} differs from {command} --help")
        if command != "help":
            check_page(command, names)
    page = read(source, "docs", "man", "synsent-lab.1.scd.in")
    for line in run(synsent, "lab", "--list").stdout.splitlines():
        check(len(line) <= 80, f"lab --list: wider than 80 columns: {line}")
        check(f"\n*{line.split()[0]}*\n" in page, f"synsent-lab.1 lacks the scenario {line.split()[0]}")
    page = read(source, "docs", "man", "synsent-run.1.scd.in")
    check_faults(page)
    check_completion(table)
    main_page = rendered(os.path.join(built, "synsent.1"))
    for command in table:
        check(main_page is None or f"synsent {command}" in main_page, f"synsent.1 lacks the command {command}")
    for page in sorted(os.listdir(os.path.join(source, "docs", "man"))):
        command = re.match(r"synsent-?(\w*)\.1\.scd\.in$", page)
        # A page may be there before its command is.
        if not command.group(1) or command.group(1) in table:
            check_prose(os.path.join("docs", "man", page), table, known)

    check_prose(os.path.join("docs", "testing-connect-timeouts.md"), table, known)
    readmes = [check_prose(name, table, known) for name in ("README.md", "README.ja.md")]
    for command in table:
        for name, text in zip(("README.md", "README.ja.md"), readmes):
            check(f"synsent {command}" in text or command == "help", f"{name} lacks `synsent {command}`")
    blocks = [re.findall(r"^```.*?^```", text, re.M | re.S) for text in readmes]
    check(blocks[0] == blocks[1], "the READMEs show different commands or output")
    check(readmes[0].count("\n## ") == readmes[1].count("\n## "), "the READMEs have different sections")

    for what in wrong:
        print(what)
    if main_page is None:
        print("the man pages were not rendered: man or scdoc is missing")
    return 1 if wrong else 0


sys.exit(main())
