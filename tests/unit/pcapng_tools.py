#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What tshark, capinfos and tcpdump read out of a capture that sinks/pcapng.c wrote.

pcapng_tools.py PCAPNG_SAMPLE
Exit: 0 as expected, 1 not, 77 a tool is missing.
"""
import os
import shutil
import subprocess
import sys
import tempfile

ENV = dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8")
failures = []


def run(*command):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, env=ENV, timeout=60
    )
    if done.returncode:
        failures.append("%s: status %d, %s" % (command[0], done.returncode, done.stderr.strip()))
    return done.stdout


def expect(what, found, wanted):
    if found != wanted:
        failures.append("%s: expected %r, found %r" % (what, wanted, found))


def check(path):
    rows = run("tshark", "-r", path, "-T", "fields", "-e", "frame.comment", "-e", "frame.time_epoch", "-e",
               "frame.interface_name", "-e", "tcp.seq_raw")
    expect("tshark", rows.splitlines(), [
        "SYN 0, dropped at local-input\t1767323045.000000006\teth0\t16180339",
        "\t1767323046.009000006\teth0\t16180339",
    ])
    infos = run("capinfos", path)
    for text in ("Number of packets:   2", "timestamp precision:  nanoseconds (9)", "the kernel gave up", "synsent ",
                 "Capture length = 262144", "Name = eth0"):
        if text not in infos:
            failures.append("capinfos does not say %r: %s" % (text, infos))
    lines = run("tcpdump", "--nano", "-nn", "-tt", "-r", path)
    syn = "IP 192.0.2.1.60632 > 198.51.100.2.443: Flags [S], seq 16180339, win 64240, options [mss 1460], length 0"
    expect("tcpdump", lines.splitlines(), ["1767323045.000000006 " + syn, "1767323046.009000006 " + syn])


def main():
    for tool, package in (("tshark", "tshark"), ("capinfos", "wireshark-common"), ("tcpdump", "tcpdump")):
        if not shutil.which(tool):
            print("skipped: %s is missing (apt-get install %s)" % (tool, package))
            return 77
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "sample.pcapng")
        subprocess.run([sys.argv[1], path], check=True)
        expect("files", os.listdir(directory), ["sample.pcapng"])
        check(path)
        piped = subprocess.run([sys.argv[1], "-"], check=True, stdout=subprocess.PIPE).stdout
        with open(path, "rb") as file:
            expect("the same on standard output", piped == file.read(), True)
    for failure in failures:
        print(failure)
    return 1 if failures else 0


sys.exit(main())
