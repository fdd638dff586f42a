#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Metrics as Prometheus itself reads them: every series that it has scraped is the one that was served.

prometheus.py METRICS_SAMPLE                    of known attempts, with one more that comes meanwhile
prometheus.py --url URL [OUTCOME=N...]          of what is served there, with so many attempts of each outcome at least
Exit: 0 as expected, 1 not, 77 prometheus is missing.

What is served may change while it is looked at: it is fetched before Prometheus' scrape and after it, and a counter
that was scraped lies between.  promtool, which reads Prometheus' own format, and the reference parser of OpenMetrics
in python3-prometheus-client, where it is installed, must find nothing to say.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin"
CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
FAMILIES = {
    "synsent_connect_attempts": "counter",
    "synsent_connect_cancelled": "counter",
    "synsent_syns_per_attempt": "histogram",
    "synsent_handshake_seconds": "histogram",
    "synsent_events_lost": "counter",
    "synsent_attempts_pending": "gauge",
    "synsent_build": "info",
}
# tests/unit/metrics_known.c
KNOWN = {"established": 1775, "refused": 97, "unreachable": 41, "timed-out": 42, "abandoned": 60, "killed": 5,
         "failed": 20, "unanswered": 8, "unknown": 1}
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"')
failures = []


def expect(what, holds):
    if not holds:
        failures.append(what)


def plain(value):
    return re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), value)


def samples_of(text):
    """{(name, ((label, value), ...)): number} of either format, strictly."""
    samples = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.match(line)
        if not match:
            failures.append("no sample: %r" % line)
            continue
        labels = tuple(sorted((name, plain(value)) for name, value in LABEL.findall(match.group(2) or "")))
        expect("%s is there twice" % line, (match.group(1), labels) not in samples)
        samples[match.group(1), labels] = float(match.group(3))
    return samples


def fetch(url, accept, wanted):
    request = urllib.request.Request(url, headers={"Accept": accept} if accept else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        expect("%s: %s" % (accept, answer.headers["Content-Type"]), answer.headers["Content-Type"] == wanted)
        return answer.read().decode("utf-8")


def check_promtool(text):
    """promtool's opinion of a text in Prometheus' own format."""
    done = subprocess.run([shutil.which("promtool", path=PATH), "check", "metrics"], input=text, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    expect("promtool: status %d, %s" % (done.returncode, done.stdout), done.returncode == 0 and not done.stdout)


def check_openmetrics(text):
    """The reference parser's."""
    expect("no EOF at the end", text.endswith("\n# EOF\n"))
    try:
        from prometheus_client.openmetrics import parser
    except ImportError:
        print("left out: the parser of OpenMetrics (apt-get install python3-prometheus-client)")
        return
    try:
        families = {f.name: f.type for f in parser.text_string_to_metric_families(text)}
    except ValueError as error:
        failures.append("OpenMetrics: %s" % error)
        return
    expect("families: %r" % families, families == FAMILIES)


def total(samples, name, **labels):
    return sum(n for (of, has), n in samples.items() if of == name and set(labels.items()) <= set(has))


def check_sums(samples):
    """What must be equal in itself."""
    attempts = total(samples, "synsent_connect_attempts_total")
    established = total(samples, "synsent_connect_attempts_total", outcome="established")
    for name, count in (("synsent_syns_per_attempt", attempts), ("synsent_handshake_seconds", established)):
        expect("%s_count is not %d" % (name, count), total(samples, name + "_count") == count)
        buckets = sorted((float(dict(has)["le"]), n) for (of, has), n in samples.items() if of == name + "_bucket")
        expect("%s: %r" % (name, buckets), [n for _, n in buckets] == sorted(n for _, n in buckets))
        expect("%s: +Inf is not %d" % (name, count), buckets[-1:] == [(float("inf"), count)])
    expect("build info", total(samples, "synsent_build_info") == 1)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Prometheus:
    """Debian's, scraping that URL four times a second.  Where its port was taken meanwhile it tries another."""

    def __init__(self, url):
        self.url = urllib.parse.urlparse(url)

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="synsent-prometheus-")
        config = os.path.join(self.directory, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"scrape_configs": [{  # JSON is YAML
                "job_name": "synsent", "scrape_interval": "250ms", "scrape_timeout": "250ms",
                "metrics_path": self.url.path, "static_configs": [{"targets": [self.url.netloc]}]}]}, file)
        for _ in range(3):
            self.port = free_port()
            self.log = open(os.path.join(self.directory, "log"), "w+", encoding="utf-8")
            self.process = subprocess.Popen(
                [shutil.which("prometheus", path=PATH), "--config.file=" + config, "--log.level=warn",
                 "--storage.tsdb.path=" + os.path.join(self.directory, "data"),
                 "--web.listen-address=127.0.0.1:%d" % self.port],
                stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
            if self.is_up():
                return self
            self.end()
        self.log.seek(0)
        raise RuntimeError("prometheus does not start: " + self.log.read())

    def is_up(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen("http://127.0.0.1:%d/-/ready" % self.port, timeout=1):
                    return True
            except OSError:
                time.sleep(0.05)
        return False

    def end(self):
        self.process.terminate()
        self.process.wait(30)

    def __exit__(self, *_):
        self.end()
        shutil.rmtree(self.directory)

    def get(self, path, **query):
        url = "http://127.0.0.1:%d/api/v1/%s?%s" % (self.port, path, urllib.parse.urlencode(query))
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, what):
        """{(name, ((label, value), ...)): number}, without Prometheus' own labels."""
        rows = self.get("query", query=what)["result"]
        return {(row["metric"].pop("__name__", ""),
                 tuple(sorted((k, v) for k, v in row["metric"].items() if k not in ("job", "instance")))):
                float(row["value"][1]) for row in rows}

    def scraped(self, within=15):
        """All series of a scrape that began after this call; its health is checked."""
        began, deadline = time.time(), time.monotonic() + within
        while time.monotonic() < deadline:
            when = self.query("timestamp(up)")
            if when and min(when.values()) > began:
                target = self.get("targets")["activeTargets"][0]
                expect("the scrape: %s, %s" % (target["health"], target["lastError"]), target["health"] == "up")
                return self.query('{__name__=~"synsent_.*"}')
            time.sleep(0.05)
        failures.append("prometheus did not scrape within %d s" % within)
        return {}


def look(prometheus, url):
    """The samples of a scrape, which were checked against what was served before it and after it."""
    before = samples_of(fetch(url, "application/openmetrics-text", OPENMETRICS))
    scraped = prometheus.scraped()
    after = samples_of(fetch(url, "", CLASSIC))
    check_sums(scraped)
    expect("series were scraped that are not served: %r" % (scraped.keys() - after.keys()), scraped.keys() <= after.keys())
    expect("series were served, but not scraped: %r" % (before.keys() - scraped.keys()), before.keys() <= scraped.keys())
    for series, value in scraped.items():
        low, high = before.get(series, 0), after.get(series, 0)
        if series[0] != "synsent_attempts_pending" or low == high:
            expect("%r: %r was scraped, %r to %r served" % (series, value, low, high), low <= value <= high)
    return scraped


def check_texts(url):
    classic = fetch(url, "", CLASSIC)
    check_promtool(classic)
    check_openmetrics(fetch(url, "application/openmetrics-text; version=1.0.0", OPENMETRICS))
    return classic


def known(sample):
    """Everything is known here, to the last attempt."""
    with subprocess.Popen([sample, "serve", "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as served:
        url = "http://%s/metrics" % served.stdout.readline().strip()
        classic = check_texts(url)
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "synsent.prom")
            subprocess.run([sample, "file", path], check=True, timeout=10)
            with open(path, encoding="utf-8") as file:
                expect("the file is not what is served", file.read() == classic)
        with Prometheus(url) as prometheus:
            scraped = look(prometheus, url)
            for outcome, n in KNOWN.items():
                was = total(scraped, "synsent_connect_attempts_total", outcome=outcome)
                expect("%s: %d, not %d" % (outcome, was, n), was == n)
            expect("attempts", total(scraped, "synsent_connect_attempts_total") == sum(KNOWN.values()))
            expect("cancelled", total(scraped, "synsent_connect_cancelled_total") == 12)
            expect("lost", total(scraped, "synsent_events_lost_total") == 17)
            expect("pending", total(scraped, "synsent_attempts_pending") == 4)
            expect("SYNs", total(scraped, "synsent_syns_per_attempt_sum") == 2997)
            served.stdin.write("\n")
            served.stdin.flush()
            more = look(prometheus, url)
            grown = {series for series in more if more[series] != scraped.get(series)}
            expect("one more: %r" % grown, total(more, "synsent_connect_attempts_total") == sum(KNOWN.values()) + 1)
            le = {dict(has)["le"] for name, has in grown if name == "synsent_handshake_seconds_bucket"}
            expect("3.5 s: %r" % le, "3.99" in le and "2.99" not in le)
        served.stdin.close()
        expect("metrics_sample ended badly", served.wait(10) == 0)
    return more


def main():
    for tool in ("prometheus", "promtool"):
        if not shutil.which(tool, path=PATH):
            print("skipped: %s is missing (apt-get install prometheus)" % tool)
            return 77
    if sys.argv[1] == "--url":
        url = sys.argv[2]
        check_texts(url)
        with Prometheus(url) as prometheus:
            scraped = look(prometheus, url)
        for word in sys.argv[3:]:
            outcome, n = word.split("=")
            was = total(scraped, "synsent_connect_attempts_total", outcome=outcome)
            expect("%s: %d, not %s" % (outcome, was, n), was >= int(n))
    else:
        scraped = known(sys.argv[1])
    for text in failures:
        print(text)
    print("%d series scraped, %d attempts" % (len(scraped), total(scraped, "synsent_connect_attempts_total")))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
