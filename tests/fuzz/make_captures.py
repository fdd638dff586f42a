#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes corpus/capture/, corpus/pcapng/, corpus/handshakes/ and corpus/classify/: small inputs of the fuzz targets of
these names, which say at their top what the bytes mean.  Needs the tools gzip and zstd."""
import os
import shutil
import struct
import subprocess

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
ACK = bytes.fromhex("020000000001020000000002080045000028000140004006000" "00a0000010a000002c350005000000001000000015010faf000000000")
SYN = ACK[:47] + b"\x02" + ACK[48:]
FRAMES = [SYN, ACK, b"", ACK[:30], ACK]


def pcap(frames, order="<", magic=0xA1B2C3D4, extra=b""):
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, 1)
    for i, frame in enumerate(frames):
        out += struct.pack(order + "IIII", 1700000000 + i, i, len(frame), len(frame) + i % 3) + extra + frame
    return out


def block(kind, body, order="<"):
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def option(code, value, order="<"):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order="<", options=b""):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + options, order)


def interface(order="<", link=1, snaplen=0, options=b""):
    return block(1, struct.pack(order + "HHI", link, 0, snaplen) + options, order)


def enhanced(frame, t=1700000000000000, number=0, order="<", options=b""):
    head = struct.pack(order + "IIIII", number, t >> 32, t & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, head + frame + bytes(-len(frame) % 4) + options, order)


def old(frame, t=1700000000000000, order="<"):
    return block(2, struct.pack(order + "HHIIII", 0, 0, t >> 32, t & 0xFFFFFFFF, len(frame), len(frame)) + frame, order)


def simple(frame, order="<"):
    return block(3, struct.pack(order + "I", len(frame)) + frame, order)


def rich(order="<"):
    remark = option(1, b"a remark", order)
    return (section(order, remark) + interface(order, options=remark) + enhanced(SYN, order=order, options=remark) +
            interface(order, 101, 40, option(9, b"\x09", order) + option(14, bytes(7) + b"\1", order)) +
            enhanced(ACK[14:], number=1, order=order) + block(0xBAD, b"unknown", order) + old(ACK, order=order) +
            simple(SYN, order))


PCAPNG = {
    "rich": rich(),
    "rich-be": rich(">"),
    "two-orders": section() + interface() + enhanced(SYN) + section(">") + interface(">") + enhanced(ACK, order=">"),
    "cut": rich()[:-9],
    "resolutions": section() + b"".join(interface(options=option(9, bytes([r]))) for r in (0, 9, 20, 0x80, 0x94, 0xFF)) +
    enhanced(SYN, 2**64 - 1, 3) + enhanced(SYN, 5, 5),
    "interface-7": section() + interface() + enhanced(SYN, number=7),
    "long-unknown": section() + interface() + struct.pack("<III", 0xBAD, 1 << 21, 0) + bytes(40),
    "trailer": section() + interface() + enhanced(SYN)[:-4] + struct.pack("<I", 64),
    "zeros": section() + interface() + bytes(64),
}

PCAP = {
    "us": pcap(FRAMES),
    "us-be": pcap(FRAMES, ">"),
    "ns": pcap(FRAMES, magic=0xA1B23C4D),
    "modified": pcap(FRAMES, magic=0xA1B2CD34, extra=bytes(8)),
    "cut": pcap(FRAMES)[:-7],
    "caplen": pcap(FRAMES) + struct.pack("<IIII", 1, 2, 0xFFFFFFFF, 0xFFFFFFFF) + bytes(20),
    "zeros": pcap([SYN]) + bytes(80),
    "many": pcap([SYN, ACK] * 12),
}


def tool(data, *command):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def captures():
    packed = {"gzip": tool(PCAP["us"], "gzip", "-nc"), "zstd": tool(PCAPNG["rich"], "zstd", "-qc")}
    everything = {**PCAP, **{"ng-" + name: data for name, data in PCAPNG.items()}, **packed}
    everything["events"] = b"synsent-events 1\n# nothing happened\n"
    many_blocks = section() + interface() + enhanced(b"") * 80
    return {**{name: b"\x00\x00\x01" + data for name, data in everything.items()},
            "us-chunks": b"\x20\x07\x02" + PCAP["us"], "ng-rich-threaded": b"\x03\x50\x06" + PCAPNG["rich"],
            "ng-walked": b"\x10\x40\x00" + many_blocks}


def sighting(step=1, flow=0x06, kind=0, seq=0, ack=0, mark=0, more=0, icmp=1):
    return bytes([step, flow, kind, seq, ack, mark, more, icmp])


def answer(kind, ack=0, step=2, **more):
    return sighting(step, flow=0x19, kind=kind, seq=2, ack=ack | 8, **more)


HANDSHAKES = {
    "established": sighting() + answer(2) + sighting(kind=6, seq=8),
    "refused-again": sighting() + answer(4) + sighting(step=5, mark=1) + answer(4, mark=1),
    "half-open": sighting() + answer(2) + answer(2, step=5, mark=1) + answer(2, step=6, mark=2),
    "late": sighting() + answer(2, step=7) + sighting(kind=5, seq=8) + answer(2, step=5, mark=1),
    "crossed": sighting() + sighting(flow=0x19, seq=2) + answer(2) + sighting(kind=2, seq=0, ack=10),
    "replaced": sighting() + sighting(step=2, seq=5) + answer(4) + answer(2, ack=5),
    "ignored": sighting() + answer(2, ack=3) + answer(5) + answer(2, more=8) + sighting(kind=6, seq=8),
    "icmp": sighting() + sighting(icmp=8, kind=0x10) + sighting(icmp=0, kind=3) + sighting(icmp=8, kind=0x40),
    "duplicates": sighting() + sighting(step=1) + answer(2) + answer(2, step=1) + sighting(step=3),
    "data": sighting(more=6) + answer(2, ack=0x10) + answer(4, ack=0x18, step=1),
    "ipv6": sighting(flow=0x46) + sighting(flow=0x59, kind=2, ack=8) + sighting(flow=0x46, kind=6, seq=8),
    "waits": b"".join(sighting(step=s, mark=i) for i, s in enumerate((0, 5, 7, 7, 8, 9))),
}

CLASSIFY = ["link-arp", "link-ethernet", "link-ethernet-padded", "link-vlan", "link-qinq", "link-sll", "link-sll-vlan",
            "link-sll2", "link-raw-4", "link-raw-6", "ip4-udp", "ip4-fragment-first", "ip4-total-0", "ip6-ack", "ip6-route",
            "tcp-data", "tcp-fin", "tcp-rst", "tcp-cut-in-options", "tcp-wrong-checksum-6", "icmp-host-8", "tunnel-vxlan"]


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(target, files):
    directory = os.path.join(HERE, target)
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    for name, data in files.items():
        with open(os.path.join(directory, name), "wb") as f:
            f.write(data)


def main():
    frames = os.path.join(HERE, "frame")
    write("capture", captures())
    write("pcapng", {name: bytes([30 * i]) + data for i, (name, data) in enumerate(PCAPNG.items())})
    write("handshakes", {name: bytes([7 * i]) + data for i, (name, data) in enumerate(HANDSHAKES.items())})
    write("classify", {name: read(os.path.join(frames, name)) for name in CLASSIFY})


main()
