/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_PAIRING_LINES_H
#define SYNSENT_TESTS_UNIT_PAIRING_LINES_H

#include "core/pairing_story.h"

/* Two captures, given line by line, and what is said of them. */

#define S 1000000000LL
#define PROXY_TTL 63 /* of what has another ISN than the server's */

/* One packet of one capture.  Packets with the same letter are one; ' ': as of a system that numbers none. */
struct line {
	char side; /* 'c' or 's'; 0: no more */
	int t_ms;  /* true time */
	enum pairing_kind kind;
	char mark;
	uint8_t ttl;
	uint16_t port; /* of the client; 0: 4000 */
};

#define SYN PAIRING_SYN
#define SYN_ACK PAIRING_SYN_ACK
#define ACK PAIRING_ACK
#define RST PAIRING_RST
#define CLIENT_RST PAIRING_CLIENT_RST
#define ICMP PAIRING_ICMP

#define END                      \
	{                        \
		0, 0, 0, 0, 0, 0 \
	}
#define HANDSHAKE(t, a, b, c)                                                                            \
	{ 'c', t, SYN, a, 64, 0 }, { 's', (t) + 3, SYN, a, 57, 0 }, { 's', (t) + 3, SYN_ACK, b, 64, 0 }, \
		{ 'c', (t) + 7, SYN_ACK, b, 57, 0 }, { 'c', (t) + 7, ACK, c, 64, 0 },                    \
	{                                                                                                \
		's', (t) + 10, ACK, c, 57, 0                                                             \
	}

struct result {
	struct pair_report r;
	struct pair_words w;
	struct story story;
};

/* What is said of the attempt from port 4000.  ends: the server's capture does with the last line, having many packets
 * more. */
struct result *play(const struct line *lines, bool ends);
bool has_evidence(const struct pair_words *w, const char *text);

#endif
