#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes corpus/unpack/: small compressed streams, each showing one thing that unpacking must get right.

A file is: format (0 gzip, 1 zstd, 2 lz4), how it is cut into pieces, then the stream.  Needs the tools gzip, zstd, lz4.
"""
import os
import random
import struct
import subprocess
import zlib

TEXT = b"a handshake in three acts: SYN, SYN-ACK, ACK. " * 4
NOISE = random.Random(1).randbytes(100)


def tool(data, *command):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def gzip(data, level=6, flags=0, fields=b"", strategy=zlib.Z_DEFAULT_STRATEGY, method=8):
    head = bytes([0x1F, 0x8B, method, flags]) + b"\0\0\0\0\0\xff" + fields
    if flags & 2:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    c = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    return head + c.compress(data) + c.flush() + struct.pack("<II", zlib.crc32(data), len(data))


def zstd(data, *options):
    return tool(data, "zstd", "-qc", *options)


def lz4(data, *options):
    return tool(data, "lz4", "-qc", *options)


def skippable(n=3, magic=0x184D2A53):
    return struct.pack("<II", magic, n) + b"?" * n


GZIP = {
    "plain": gzip(TEXT),
    "empty": gzip(b""),
    "stored": gzip(NOISE, level=0),
    "fixed-codes": gzip(TEXT, strategy=zlib.Z_FIXED),
    "huffman-only": gzip(TEXT + NOISE, strategy=zlib.Z_HUFFMAN_ONLY),
    "all-fields": gzip(b"x", flags=31, fields=struct.pack("<H", 5) + b"extra" + b"name\0" + b"comment\0"),
    "two-members": gzip(TEXT) + gzip(b"2"),
    "padded": gzip(b"1") + b"\0" * 7 + gzip(b"2") + b"\0" * 5,
    "tail": gzip(b"1") + b"tail",
    "method": gzip(b"1", method=7),
    "bomb": gzip(bytes(200000)),
}
ZSTD = {
    "plain": zstd(TEXT),
    "empty": zstd(b""),
    "no-checksum": zstd(TEXT, "--no-check"),
    "noise": zstd(NOISE),
    "two-frames": zstd(TEXT) + zstd(b"2"),
    "skippable": skippable() + zstd(b"1") + skippable(0, 0x184D2A5F) + zstd(b"2") + skippable(),
    "skippable-lz4": skippable() + lz4(b"1"),
    "tail": zstd(b"1") + b"tail",
    "window": b"\x28\xb5\x2f\xfd\x00\xff" + b"\x01\0\0",
    "dictionary": b"\x28\xb5\x2f\xfd\x21\x07\x01" + b"\x09\0\0x",
    "bomb": zstd(bytes(400000)),
}
LZ4 = {
    "plain": lz4(TEXT),
    "empty": lz4(b""),
    "linked": lz4(TEXT, "-BD", "-B4"),
    "block-checksums": lz4(TEXT, "-BX", "--content-size"),
    "noise": lz4(NOISE),
    "two-frames": lz4(TEXT) + skippable() + lz4(b"2"),
    "legacy": lz4(TEXT, "-l"),
    "legacy-two": lz4(TEXT, "-l") + lz4(b"2", "-l") + lz4(b"3"),
    "tail": lz4(b"1") + b"tail",
    "bomb": lz4(bytes(100000)),
}


def main():
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "unpack")
    os.makedirs(here, exist_ok=True)
    for number, (name, streams) in enumerate({"gzip": GZIP, "zstd": ZSTD, "lz4": LZ4}.items()):
        for what, stream in streams.items():
            for how in (0x00, 0x2A):
                with open(os.path.join(here, f"{name}-{what}-{how:02x}"), "wb") as f:
                    f.write(bytes([number, how]) + stream)


main()
