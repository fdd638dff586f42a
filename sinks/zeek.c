/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/zeek.h"

#include <stddef.h>

static bool saw(const struct attempt *a, enum reply_kind kind)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		const struct reply *r = &a->replies[i];

		/* a wrong checksum, or another connection: Zeek too leaves these out */
		if (r->kind == kind && r->ignored != IGNORED_CHECKSUM && r->ignored != IGNORED_OTHER_ISN)
			return true;
	}
	return false;
}

static const char *without_packets(const struct attempt *a, const struct verdict *v)
{
	if (v->outcome == OUTCOME_ESTABLISHED)
		return "S1";
	if (v->outcome == OUTCOME_REFUSED && v->gave_up_by == GAVE_UP_PEER)
		return "REJ";
	return a->n_syns ? "S0" : NULL;
}

const char *zeek_conn_state(const struct attempt *a, const struct verdict *v)
{
	bool answered = saw(a, REPLY_SYN_ACK) || a->ack_ns;

	if (!a->syns_seen)
		return without_packets(a, v);
	if (saw(a, REPLY_RST))
		return answered ? "RSTR" : "REJ";
	if (a->client_rst_ns)
		return answered ? "RSTO" : "RSTOS0";
	if (a->fin_ns[0] && a->fin_ns[1])
		return "SF";
	if (a->fin_ns[0])
		return answered ? "S2" : "SH";
	if (a->fin_ns[1])
		return "S3";
	return answered ? "S1" : "S0";
}
