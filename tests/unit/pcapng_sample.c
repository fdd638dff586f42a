/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes a capture of two SYNs, one of them commented upon, for tests/unit/pcapng_tools.py. */
#include <stdio.h>

#include "sinks/pcapng.h"

#define START INT64_C(1767323045000000006)

/* 192.0.2.1:60632 > 198.51.100.2:443, SYN, seq 16180339, mss 1460 */
static const uint8_t syn[] = {
	0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00,		/* Ethernet */
	0x45, 0x00, 0x00, 0x2c, 0x00, 0x01, 0x40, 0x00, 0x40, 0x06, 0x00, 0x00,				/* IPv4 */
	0xc0, 0x00, 0x02, 0x01, 0xc6, 0x33, 0x64, 0x02,							/* addresses */
	0xec, 0xd8, 0x01, 0xbb, 0x00, 0xf6, 0xe4, 0x73, 0x00, 0x00, 0x00, 0x00, 0x60, 0x02, 0xfa, 0xf0, /* TCP */
	0x00, 0x00, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4,							/* mss */
};

int main(int argc, char **argv)
{
	struct pcapng_opts o = { .path = argc > 1 ? argv[1] : "-",
				 .comment = "timed-out: the kernel gave up\nits 1 retransmission unanswered",
				 .interface = "eth0",
				 .linktype = 1,
				 .snaplen = 262144 };
	struct pcapng *p;
	struct err e = { "" };

	if (pcapng_create(&o, &p, &e) < 0)
		goto fail;
	if (pcapng_packet(p, START, syn, sizeof(syn), sizeof(syn), "SYN 0, dropped at local-input", &e) < 0 ||
	    pcapng_packet(p, START + 1009000000, syn, sizeof(syn), sizeof(syn), NULL, &e) < 0) {
		pcapng_abort(p);
		goto fail;
	}
	if (pcapng_close(p, &e) < 0)
		goto fail;
	return 0;
fail:
	fprintf(stderr, "%s\n", e.what);
	return 1;
}
