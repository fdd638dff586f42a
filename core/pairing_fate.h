/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_PAIRING_FATE_H
#define SYNSENT_CORE_PAIRING_FATE_H

#include "core/pairing_inside.h"

/* What became of packets that one side lacks.  Private to core/pairing*.c. */

/* An attempt that is looked at, and what decides about its packets. */
struct look {
	const struct pairing *p;
	uint32_t c, s;				    /* attempts */
	const struct side_attempt *client, *server; /* NULL: not there */
	int server_syns, client_syn_acks, server_syn_acks;
	bool answered_between;		 /* SYN-ACKs came to the client, and none of the server's */
	bool has_passed;		 /* one side lacks it all, and what followed shows that it was there */
	int64_t ack_ns;			 /* the client's, by its clock, or when it came; INT64_MAX: none */
	bool lenient;			 /* a capture that does not show when it ran is taken to have run */
	bool client_taken, server_taken; /* which it was, or (not lenient) which it would be */
};

/* m: for its use.  p, c and s are set. */
void look_at(struct look *l, struct packet_match *m);

/* With a time that both sides share; NULL: there is none. */
const struct pairing_clock *look_clock(const struct look *l);

/* By the client's clock. */
int64_t look_time(const struct look *l, const struct side_packet *k, bool at_server);

/* It left its sender's side, and the other does not have it. */
enum pair_fate fate_of_sent(struct look *l, const struct packet_match *m, int i);

/* It came to its receiver's side, and the other does not have it. */
enum pair_fate fate_of_taken(struct look *l, const struct packet_match *m, int k);

#endif
