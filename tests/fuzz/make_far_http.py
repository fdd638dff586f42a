#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes corpus/far_http/: what clients send."""
import os

HOST = b"Host: a\r\n"
cases = {
    "get": b"GET / HTTP/1.1\r\n" + HOST + b"\r\n",
    "shortest": b"A  HTTP/1.1\n\n" * 5,
    "pipelined": (b"GET /%d HTTP/1.1\r\n" + HOST + b"\r\n") % 1 + b"HEAD / HTTP/1.1\r\n\r\nDELETE / HTTP/1.1\r\n\r\n",
    "body": b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n\r\n",
    "body-continue": b"PUT / HTTP/1.1\r\nexpect: 100-Continue\r\nContent-Length:3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n",
    "lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nxPOST / HTTP/1.1\r\nContent-Length: 1\r\n"
               b"Content-Length: 2\r\n\r\nx",
    "length-large": b"POST / HTTP/1.1\r\nContent-Length: 999999999999999999\r\n\r\nxyz",
    "length-wrong": b"POST / HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\nxyz",
    "length-sign": b"POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\nxyz",
    "chunked": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "close": b"GET / HTTP/1.1\r\nConnection: keep-alive, Close\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "1.0": b"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    "2.0": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "0.9": b"GET /\r\n\r\n",
    "connect": b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n\x16\x03\x01",
    "empty-lines": b"\r\n\n\r\nGET / HTTP/1.1\r\n\r\n",
    "folded": b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    "blank-before-colon": b"GET / HTTP/1.1\r\nContent-Length : 3\r\n\r\nabc",
    "no-colon": b"GET / HTTP/1.1\r\nnothing\r\n\r\n",
    "nul": b"GET / HTTP/1.1\r\nA\0: b\r\n\r\n",
    "cr": b"GET / HTTP/1.1\r\r\n\r\r\n",
    "long-target": b"GET /" + b"a" * 300 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "long-fields": b"GET / HTTP/1.1\r\nCookie: " + b"c" * 300 + b"\r\n" + b"n" * 200 + b": x\r\nConnection: " + b"x," * 100 +
                   b"close\r\n\r\n",
    "tls": bytes.fromhex("16030100c8010000c40303") + bytes(40),
}

where = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "far_http")
os.makedirs(where, exist_ok=True)
for case, data in cases.items():
    with open(os.path.join(where, case), "wb") as f:
        f.write(data)
