/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gencap - deterministic generator of TCP packet captures.
 *
 * Writes a capture (pcap with micro- or nanosecond stamps, or pcapng) of a
 * chosen size and mix, and the ground truth about every TCP connection
 * attempt in it (JSON totals; optionally one CSV line per attempt), so that a
 * reader of captures can be timed and checked on the same file.
 *
 * Everything follows from the seed: the same arguments give the same bytes.
 *
 * Mixes
 *   web       established flows of full-size segments; ~1 % of the packets
 *             are SYN or SYN-ACK; a share of the attempts fails (refused,
 *             ICMP unreachable, timed out, abandoned, half-open, reset)
 *   synflood  SYNs from random sources, nearly all unanswered, with a few
 *             SYN-ACKs (and their retransmissions) and a few real clients
 *   smallpkt  64-byte packets of flows that were open before the capture,
 *             plus a thin stream of new attempts
 *
 * How time is modelled: each flow is a small script with exactly one next
 * event; a 4-ary heap orders all flows by time, so packets come out in strict
 * time order.  SYNs are retransmitted on the Linux schedule: the exponential
 * one (0 1 3 7 15 31 63 s) or the one of Linux >= 6.5 with
 * tcp_syn_linear_timeouts = 4 (0 1 2 3 4 5 7 s).  After the last arrival the
 * scripts are run to their end, and a long-lived flow keeps the clock of the
 * capture moving until the outcome of every attempt is decided.
 *
 * It stands alone: cc -D_GNU_SOURCE -O2 -o gencap gencap*.c -lm
 */
#include "gencap.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gencap_random.h"

uint64_t rng_state;

struct options opt = { .mix = "web",
		       .out = NULL,
		       .size = 100u << 20,
		       .seed = 1,
		       .format = PCAP_US,
		       .link = LINK_ETHER,
		       .snaplen = 262144 };

void die(const char *what)
{
	fprintf(stderr, "gencap: %s: %s\n", what, errno ? strerror(errno) : "failed");
	exit(1);
}

static uint64_t parse_size(const char *s)
{
	char *end;
	double v = strtod(s, &end);
	switch (*end) {
	case 'k':
	case 'K':
		v *= 1e3;
		break;
	case 'm':
	case 'M':
		v *= 1e6;
		break;
	case 'g':
	case 'G':
		v *= 1e9;
		break;
	}
	return (uint64_t)v;
}

static void usage(FILE *o)
{
	fputs("usage: gencap [options] -o FILE\n"
	      "  -o FILE           capture to write ('-': standard output)\n"
	      "  -m MIX            web (default), synflood, smallpkt\n"
	      "  -n SIZE           about how many bytes to write: 500M, 2G (default 105M)\n"
	      "  -f FORMAT         us (pcap, default), ns (pcap), ng (pcapng, ns)\n"
	      "  -s SNAPLEN        bytes kept of each packet (96: headers only)\n"
	      "  -l LINK           ether (default), raw, sll, sll2\n"
	      "  -d SECONDS        time over which attempts arrive (web 600, others 60)\n"
	      "  -S SEED           (default 1)\n"
	      "  -B                write the capture in the other byte order\n"
	      "  -t FILE           truth, JSON (default: FILE of -o with .json added)\n"
	      "  -c FILE           truth, one CSV line per attempt\n",
	      o);
}

static void parse_options(int argc, char **argv)
{
	int c;
	while ((c = getopt(argc, argv, "o:m:n:f:s:l:d:S:Bt:c:h")) != -1) {
		switch (c) {
		case 'o':
			opt.out = optarg;
			break;
		case 'm':
			opt.mix = optarg;
			break;
		case 'n':
			opt.size = parse_size(optarg);
			break;
		case 'f':
			opt.format = !strcmp(optarg, "ns") ? PCAP_NS : !strcmp(optarg, "ng") ? PCAPNG : PCAP_US;
			break;
		case 's':
			opt.snaplen = (uint32_t)atoi(optarg);
			break;
		case 'l':
			opt.link = !strcmp(optarg, "raw")    ? LINK_RAW
				   : !strcmp(optarg, "sll")  ? LINK_SLL
				   : !strcmp(optarg, "sll2") ? LINK_SLL2
							     : LINK_ETHER;
			break;
		case 'd':
			opt.duration = atof(optarg);
			break;
		case 'S':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'B':
			opt.swap = true;
			break;
		case 't':
			opt.truth = optarg;
			break;
		case 'c':
			opt.csv = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (!opt.out || optind != argc || opt.snaplen < 14) {
		usage(stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	rng_state = opt.seed * 0xD1342543DE82EF95ULL + 1;
	if (!set_mix()) {
		fprintf(stderr, "gencap: unknown mix '%s'\n", opt.mix);
		return 2;
	}
	open_capture();
	open_truth();
	run_flows();
	close_capture();
	close_truth();
	return 0;
}
