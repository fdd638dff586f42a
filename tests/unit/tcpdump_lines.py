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
TCPDUMP_TELLS_MORE = set("""
    icmp-echo icmp6-echo ip4-udp ip4-version-5 link-avs-short link-empty link-llc-cut link-ppi-length-7
    link-ppp-contradicts link-radiotap-length-7 link-radiotap-length-long link-vlan-cut shim-mpls-bottomless
    shim-pppoe-length-1 tunnel-gre-short tunnel-ipip-contradicts tunnel-ipip-empty tunnel-udp-cut
    """.split())
# Ours, but tcpdump does not come to the packet inside, or says things of the radio first.
TCPDUMP_KNOWS_LESS = set("""
    link-hdlc-direction link-hdlc-ppp link-mpls link-ppp-cisco link-ppp-direction link-radiotap-padded
    link-radiotap-words link-radiotap-words-endless link-raw-openbsd link-wifi-amsdu link-wifi-ht-control
    link-wifi-vlan shim-cisco shim-mpls-control-word shim-mpls-pseudowire shim-pbb tunnel-all tunnel-erspan-1
    tunnel-erspan-2 tunnel-erspan-3 tunnel-erspan-3-ip tunnel-erspan-3-subheader tunnel-gpe-mpls tunnel-gre-wccp
    tunnel-gre-wccp-2 tunnel-gtpu tunnel-gtpu-6 tunnel-gtpu-extensions tunnel-gtpu-sequence tunnel-ipip-outer-total-0
    tunnel-vxlan-udp-length-0
    """.split())


def write_capture(path, linktype, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, linktype))
        for n, (cut, frame) in enumerate(frames, 1):
            f.write(struct.pack("<IIII", n, 0, len(frame), len(frame) + cut) + frame)


def run(command):
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TZ": "UTC"}).stdout


def is_compared(name, result):
    """What is around a packet that is not ours in the end is printed only as far as it was decoded."""
    if result == "not-ours" and name.startswith(("link-", "shim-", "tunnel-")):
        return False
    return name not in TCPDUMP_TELLS_MORE | TCPDUMP_KNOWS_LESS


def main(frame_lines, corpus):
    if not shutil.which("tcpdump"):
        print("tcpdump is not installed")
        return 77
    version = run(["tcpdump", "--version"])
    if not re.search(r"tcpdump version 4\.99\.", version):
        print("not tcpdump 4.99:", version)
        return 77
    by_link = {}
    for name in sorted(os.listdir(corpus)):
        path = os.path.join(corpus, name)
        result = run([frame_lines, path]).split("\t")[0]
        with open(path, "rb") as f:
            linktype, cut = struct.unpack(">HH", f.read(4))
            if is_compared(name, result):
                by_link.setdefault(linktype, []).append((name, cut, f.read()))
    compared = wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        for linktype, frames in by_link.items():
            capture = os.path.join(scratch, "capture")
            write_capture(capture, linktype, [f[1:] for f in frames])
            # Behind a tunnel's headers there may be a newline; a time, or a result, begins a packet.
            theirs = re.split(r"^(?=\d\d:\d\d:\d\d\.\d{6} )", run(["tcpdump", "-nn", "-r", capture]), flags=re.M)[1:]
            ours = run([frame_lines] + [os.path.join(corpus, f[0]) for f in frames])
            ours = re.split(r"^[a-z-]+\t", ours, flags=re.M)[1:]
            if len(theirs) != len(frames) or len(ours) != len(frames):
                print("link type %d: %d frames, %d lines of tcpdump's, %d of ours" %
                      (linktype, len(frames), len(theirs), len(ours)))
                return 1
            for (name, _, _), their, our in zip(frames, theirs, ours):
                compared += 1
                if our != their:
                    wrong += 1
                    print("%s\n  tcpdump: %s  ours:    %s" % (name, their, our))
    print("%d lines compared, %d differ" % (compared, wrong))
    return 0 if compared and not wrong else 1


sys.exit(main(sys.argv[1], sys.argv[2]))
