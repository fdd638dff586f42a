/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_not_taken.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/refusal.h"
#include "core/verdict_say.h"
#include "core/verdict_wire.h"

enum why { WHY_ACK, WHY_ECHO, WHY_UNKNOWN, WHY_N };

struct refused {
	const struct reply *first[WHY_N];
	uint64_t n[WHY_N];
	bool others;	 /* replies of other kinds, or with another fate */
	bool unfollowed; /* no SYN followed the last of WHY_UNKNOWN */
};

/* It sent an RST, and not one that ended its connection. */
static bool has_refused(const struct attempt *a)
{
	return a->client_rst_ns && !(a->ack_ns && a->client_rst_ns > a->ack_ns);
}

static void find(const struct attempt *a, struct refused *to)
{
	int i;

	*to = (struct refused){ .others = false };
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		const struct reply *r = &a->replies[i];
		enum why why = WHY_N;

		if (r->kind == REPLY_SYN_ACK && r->ignored == IGNORED_NOT_TAKEN)
			why = r->has_echo ? WHY_ECHO : WHY_UNKNOWN;
		else if (r->kind == REPLY_SYN_ACK && r->ignored == IGNORED_WRONG_ACK && has_refused(a) && a->has_isn)
			why = WHY_ACK;
		if (why == WHY_N) {
			to->others = true;
			continue;
		}
		if (!to->n[why])
			to->first[why] = r;
		to->n[why] += 1 + (uint64_t)r->more;
		if (why == WHY_UNKNOWN)
			to->unfollowed = !next_syn_ns(a, r->t_ns);
	}
}

bool not_taken(const struct attempt *a)
{
	struct refused f;

	find(a, &f);
	return f.n[WHY_ACK] || f.n[WHY_ECHO] || f.n[WHY_UNKNOWN];
}

#define TIMES_LEN 32

static const char *times(uint64_t n, char to[TIMES_LEN])
{
	if (n > 1)
		snprintf(to, TIMES_LEN, " %" PRIu64 " times,", n);
	else
		snprintf(to, TIMES_LEN, ",");
	return to;
}

static void say_echo(const struct attempt *a, const struct refused *f, struct verdict *v)
{
	char n[TIMES_LEN], last[24] = "";
	const struct reply *r = f->first[WHY_ECHO];

	if (a->first_tsval != a->last_tsval)
		snprintf(last, sizeof(last), " to %" PRIu32, a->last_tsval);
	say_evidence(
		v,
		"a SYN-ACK came%s and the client did not take it: its timestamp echoes none that this attempt sent "
		"(PAWS): %" PRIu32 ", where the SYN%s sent %" PRIu32 "%s",
		times(f->n[WHY_ECHO], n), r->echo, a->n_syns > 1 ? "s" : "", a->first_tsval, last);
	if (!next_syn_ns(a, r->t_ns))
		say_evidence(v, "no SYN followed the RST: it is not known whether the client waited still%s",
			     (int32_t)(r->echo - a->first_tsval) < 0
				     ? ", nor whether an earlier SYN, which was not seen, had that timestamp"
				     : "");
}

static void say_rst(const struct attempt *a, struct verdict *v)
{
	int64_t next_ns = next_syn_ns(a, a->client_rst_ns);
	char at[SAY_SECONDS_LEN], later[SAY_SECONDS_LEN];

	if (!has_refused(a))
		return;
	say_span(a->client_rst_ns - attempt_start_ns(a), at);
	if (next_ns)
		say_evidence(v, "the client answered it with an RST %s after SYN 0, and sent its SYN again %s later",
			     at, say_span(next_ns - a->client_rst_ns, later));
	else
		say_evidence(v, "the client answered it with an RST %s after SYN 0", at);
}

void say_not_taken(const struct attempt *a, struct verdict *v)
{
	struct refused f;
	char n[TIMES_LEN];

	if (v->wordless || a->traced || !not_taken(a))
		return;
	find(a, &f);
	if (f.n[WHY_ACK])
		say_evidence(v,
			     "a SYN-ACK came%s and the client did not take it: it acknowledges %" PRIu32
			     ", and the SYN wants %" PRIu32,
			     times(f.n[WHY_ACK], n), f.first[WHY_ACK]->ack, a->isn + 1);
	if (f.n[WHY_ECHO])
		say_echo(a, &f, v);
	if (f.n[WHY_UNKNOWN])
		say_evidence(
			v,
			"a SYN-ACK came%s and the client did not take it; why does not show here: it is altered on "
			"the way to the client, likely, or the SYNs are no TCP socket's (scanner)",
			times(f.n[WHY_UNKNOWN], n));
	if (f.n[WHY_UNKNOWN] && f.unfollowed)
		say_evidence(v, "no SYN followed the last of these: it may have come when no socket waited any more");
	say_rst(a, v);
}

const char *not_taken_advice(const struct attempt *a)
{
	static const struct drop paws = { .place = DROP_LOCAL_INPUT, .reply = true, .reason = "TCP_RFC7323_PAWS" };
	struct refused f;

	find(a, &f);
	if (f.others || f.n[WHY_UNKNOWN])
		return NULL;
	if (f.n[WHY_ECHO])
		return refusal_of(&paws)->helps;
	return f.n[WHY_ACK] ? REFUSAL_WRONG_ACK_HELPS : NULL;
}
