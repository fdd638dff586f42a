/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_PAIRING_SIM_H
#define SYNSENT_TESTS_PAIRING_SIM_H

#include "core/pairing.h"

/*
 * Incidents whose truth is known: clients, a network that loses and rewrites
 * packets, servers, and a capture on either side of the network, each with a
 * clock of its own.
 */
struct sim_opts {
	size_t memory; /* of the server's side; 0: enough */
	uint64_t seed;
	int attempts;
	int64_t over_ns; /* they begin within so much time */
	bool v6;
	bool nat_client, nat_server, nat_isn;
	bool both_hops;	 /* the server's capture has packets before and after nat_server */
	bool no_marks;	 /* neither IP IDs nor timestamps */
	bool marks_lost; /* rewritten on the way */
	bool same_isn;	 /* one for all */
	int servers;	 /* how many; 0: one */
	bool no_hops;	 /* the TTL does not change */
	int64_t skew_ns, drift_ppb;
	int64_t delay_ns, back_ns, jitter_ns;
	int lose_syn, lose_syn_ack, lose_ack, lose_rst; /* permille */
	int closed, silent, forged;		 /* permille of attempts: refused, never answered, RST of a middlebox */
	int client_misses, server_misses;	 /* permille of packets that a capture lacks */
	int others;				 /* permille: attempts of other clients at the server */
	int twice;				 /* permille of packets that the network doubles */
	int64_t server_from_ns, server_until_ns; /* the server's capture runs from, until (0: to the end), true time */
};

struct sim_truth {
	struct flow flow; /* as the client has it */
	uint32_t isn;
	bool of_others; /* the client's capture does not have it */
	bool forged;
	struct pair_counts counts[PAIRING_KIND_N]; /* FATE_ARRIVED, FATE_DIED */
	bool covered;				   /* all of it was sent while both captures ran */
	bool connected;
};

struct sim {
	struct pairing_side *client, *server;
	struct sim_truth *truth;
	int n;
};

void sim_run(const struct sim_opts *o, struct sim *ret);
void sim_fini(struct sim *s);

/* That attempt of the client's side; NULL: there is none. */
const struct sim_truth *sim_find(const struct sim *s, const struct flow *f, uint32_t isn);

#endif
