#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tcpdump itself reads every frame of tests/fuzz/corpus/frame that is ours, and prints the same line.

Usage: tcpdump_lines.py FRAME_LINES CORPUS.  Other versions than 4.99 print other lines: then it skips (77).
"""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

# Not packets of ours, or not even IP: tcpdump tells more about them than we do.
TCPDUMP_TELLS_MORE = {"icmp-echo", "icmp6-echo", "ip4-udp", "ip4-version-5", "link-arp", "link-empty", "link-null-other",
                      "link-unknown", "link-vlan-cut"}


def write_capture(path, linktype, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, linktype))
        for n, (cut, frame) in enumerate(frames, 1):
            f.write(struct.pack("<IIII", n, 0, len(frame), len(frame) + cut) + frame)


def main(frame_lines, corpus):
    if not shutil.which("tcpdump"):
        print("tcpdump is not installed")
        return 77
    version = subprocess.run(["tcpdump", "--version"], capture_output=True, text=True).stdout
    if not re.search(r"tcpdump version 4\.99\.", version):
        print("not tcpdump 4.99:", version)
        return 77
    by_link = {}
    for name in sorted(os.listdir(corpus)):
        with open(os.path.join(corpus, name), "rb") as f:
            linktype, cut = struct.unpack(">HH", f.read(4))
            if name not in TCPDUMP_TELLS_MORE:
                by_link.setdefault(linktype, []).append((name, cut, f.read()))
    compared = wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        for linktype, frames in by_link.items():
            capture = os.path.join(scratch, "capture")
            write_capture(capture, linktype, [f[1:] for f in frames])
            run = subprocess.run(["tcpdump", "-nn", "-r", capture], capture_output=True, text=True,
                                 env={**os.environ, "TZ": "UTC"})
            theirs = run.stdout.splitlines()
            run = subprocess.run([frame_lines] + [os.path.join(corpus, f[0]) for f in frames], capture_output=True,
                                 text=True, check=True)
            ours = run.stdout.splitlines()
            if len(theirs) != len(frames) or len(ours) != len(frames):
                print("link type %d: %d frames, %d lines of tcpdump's, %d of ours" %
                      (linktype, len(frames), len(theirs), len(ours)))
                return 1
            for (name, _, _), their, our in zip(frames, theirs, ours):
                compared += 1
                if our.split("\t")[1] != their:
                    wrong += 1
                    print("%s\n  tcpdump: %s\n  ours:    %s" % (name, their, our))
    print("%d lines compared, %d differ" % (compared, wrong))
    return 0 if compared and not wrong else 1


sys.exit(main(sys.argv[1], sys.argv[2]))
