#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes corpus/metrics_request/: what clients send that scrape metrics, or do not."""
import os

HOST = b"Host: 127.0.0.1:9464\r\n"
GET = b"GET /metrics HTTP/1.1\r\n" + HOST
ACCEPT = (b"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;"
          b"version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1")
cases = {
    "prometheus": GET + b"User-Agent: Prometheus/2.42.0\r\nAccept: " + ACCEPT + b"\r\nAccept-Encoding: gzip\r\n"
                  b"X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
    "accepts": GET + b"Accept: text/plain;q=0.3\r\naccept: application/openmetrics-text; version=\"1.0.0\"\r\n\r\n",
    "accept-long": GET + b"Accept: " + b"text/html," * 60 + b"application/openmetrics-text\r\n\r\n",
    "curl": GET + b"User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
    "page": b"GET / HTTP/1.1\r\n" + HOST + b"\r\n",
    "absolute": b"GET http://a:9464/metrics?x=y HTTP/1.1\r\n" + HOST + b"\r\n",
    "absolute-bare": b"GET HTTP://a HTTP/1.1\r\n" + HOST + b"\r\n",
    "head": b"HEAD /metrics HTTP/1.1\r\n" + HOST + b"\r\n",
    "post": b"POST /metrics HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    "no-host": b"GET /metrics HTTP/1.1\r\n\r\n",
    "two-hosts": GET + HOST + b"\r\n",
    "1.0": b"GET /metrics HTTP/1.0\r\n\r\n",
    "2.0": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "pipelined": (GET + b"\r\n") * 2,
    "long-target": b"GET /metrics?" + b"a" * 600 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "too-large": GET + b"A: " + b"b" * 8200,
    "accept-value": ACCEPT,
    "weights": b"application/openmetrics-text;q=0.001,text/plain;q=1.000,text/*;q=1.,*/*;q=0,*;q=1.001,a;q=,;q=\"0.5\"",
    "tls": bytes.fromhex("16030100c8010000c40303") + bytes(40),
}

where = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "metrics_request")
os.makedirs(where, exist_ok=True)
for case, data in cases.items():
    with open(os.path.join(where, case), "wb") as f:
        f.write(data)
