# SPDX-License-Identifier: GPL-2.0-or-later
"""BPF programs that run and do not run in turns, within one load: what they cost, and nothing else that changes.

Rates of one second and of the next differ by more than the programs cost: other guests of the machine, where the
kernel has put what, how warm it is.  Turns of 50 ms, some hundreds of them, tell 1 % apart.
"""
import ctypes
import mmap
import os
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

CALL = {"x86_64": 321, "aarch64": 280}.get(os.uname().machine)  # bpf()
GET_PROGRAM, OPEN_RAW_TRACEPOINT = 13, 17  # enum bpf_cmd
COUNTS_BYTES = 128  # watch_load.c
WARM_S = 0.5
SETTLE_S = 0.012  # after programs have come or gone
TURN_S = 0.05

LIBC = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, 128)
    fd = LIBC.syscall(CALL, command, buffer, len(buffer))
    if fd < 0:
        raise OSError(ctypes.get_errno(), "bpf(%d)" % command)
    return fd


class Programs:
    """Those that a process has attached to tracepoints, held beyond its end."""

    def __init__(self, fdinfos):
        """What /proc says of its descriptors."""
        self.of = []  # tracepoint, descriptor
        links = []
        for text in fdinfos:
            fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
            if "tp_name" in fields:
                links.append((int(fields["link_id"]), fields["tp_name"].strip(), int(fields["prog_id"])))
        for _, tracepoint, program in sorted(links):  # in the order in which they were attached
            self.of.append((tracepoint, bpf(GET_PROGRAM, struct.pack("I", program))))

    def attach(self, without=None):
        return [bpf(OPEN_RAW_TRACEPOINT, struct.pack("QI", 0, fd)) for tracepoint, fd in self.of if tracepoint != without]


class Load:
    def __init__(self, binary, kind, jobs):
        self.kind, self.jobs = kind, jobs
        self.file = tempfile.NamedTemporaryFile()
        self.file.truncate(16 * COUNTS_BYTES)
        self.counts = mmap.mmap(self.file.fileno(), 0)
        self.process = subprocess.Popen([binary, kind, "3600", str(jobs), self.file.name], start_new_session=True,
                                        stdout=subprocess.DEVNULL)
        time.sleep(WARM_S)

    def attempts(self):
        return sum(struct.unpack_from("Q", self.counts, i * COUNTS_BYTES)[0] for i in range(self.jobs))

    def rate(self):
        """Attempts a second, over one turn."""
        time.sleep(SETTLE_S)
        since, before = time.monotonic_ns(), self.attempts()
        time.sleep(TURN_S)
        return (self.attempts() - before) * 1e9 / (time.monotonic_ns() - since)

    def end(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        wrong = sum(struct.unpack_from("Q", self.counts, i * COUNTS_BYTES + 8)[0] for i in range(self.jobs))
        if wrong:
            sys.exit("the load itself: %d attempts were not as they should be" % wrong)


def ratio(load, programs, without):
    """The rate with them over the mean of those before and after; and the one before."""
    before = load.rate()
    links = programs.attach(without) if programs else []
    during = load.rate()
    for fd in links:
        os.close(fd)
    return 2 * during / (before + load.rate()), before


def measure(binary, kind, jobs, turns, what):
    """`what`: (name, Programs or None, a tracepoint to leave out or None).  Prints a line for each; their medians."""
    load = Load(binary, kind, jobs)
    ratios, rates = {name: [] for name, *_ in what}, []
    try:
        for _ in range(turns):
            for name, programs, without in what:
                r, rate = ratio(load, programs, without)
                ratios[name].append(r)
                rates.append(rate)
    finally:
        load.end()
    print("%s, in %d turns of %d ms: %d/s without programs (median); with them, of that:" % (
        kind, turns, TURN_S * 1000, statistics.median(rates)))
    for name, of in ratios.items():
        q1, median, q3 = statistics.quantiles(of, n=4, method="inclusive")
        # of a median of n that are spread like errors
        print("  %-32s %.3f +- %.3f (quartiles %.3f to %.3f)" % (
            name, median, 0.93 * (q3 - q1) / len(of) ** 0.5, q1, q3))
    return {name: statistics.median(of) for name, of in ratios.items()}
