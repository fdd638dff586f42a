/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_remarks.h"

#include <string.h>

#include "core/verdict_replies.h"
#include "core/verdict_say.h"

static bool fits(const struct reply *r, enum reply_kind kind)
{
	return r->kind == kind &&
	       (r->ignored == IGNORED_NOT || r->ignored == IGNORED_LATE || r->ignored == IGNORED_NOT_TAKEN);
}

const struct reply *fitting_syn_ack(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (fits(&a->replies[i], REPLY_SYN_ACK))
			return &a->replies[i];
	return NULL;
}

bool is_of_other_origin(const struct attempt *a, int64_t rst_ns, uint8_t rst_ttl)
{
	const struct reply *syn_ack = fitting_syn_ack(a);

	return rst_ns && rst_ttl && syn_ack && syn_ack->ttl && syn_ack->ttl != rst_ttl;
}

static void say_origin(const struct attempt *a, struct verdict *v)
{
	const struct reply *syn_ack = fitting_syn_ack(a);
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		const struct reply *r = &a->replies[i];

		if (!fits(r, REPLY_RST) || !is_of_other_origin(a, r->t_ns, r->ttl))
			continue;
		say_evidence(v, "an RST with TTL %u where the SYN-ACK had %u: from a middlebox, likely", r->ttl,
			     syn_ack->ttl);
		return;
	}
	if (is_of_other_origin(a, a->reset_ns, a->reset_ttl))
		say_evidence(v, "later an RST with TTL %u ended it, where the SYN-ACK had %u: from a middlebox, likely",
			     a->reset_ttl, syn_ack->ttl);
}

/* net/ipv4/tcp_fastopen.c: a server may take none, some or all of the data. */
static void say_fast_open(const struct attempt *a, struct verdict *v)
{
	const struct reply *syn_ack = fitting_syn_ack(a);
	uint32_t taken = syn_ack ? syn_ack->ack - (a->isn + 1) : 0;

	if (!a->syn_len)
		return;
	if (!syn_ack)
		say_evidence(v, "SYN 0 carried %u byte%s (TCP Fast Open)", a->syn_len, say_plural(a->syn_len));
	else if (taken == a->syn_len)
		say_evidence(v, "SYN 0 carried %u byte%s (TCP Fast Open), and the SYN-ACK took them", a->syn_len,
			     say_plural(a->syn_len));
	else if (!taken)
		say_evidence(v, "SYN 0 carried %u byte%s (TCP Fast Open), and the SYN-ACK took none of them",
			     a->syn_len, say_plural(a->syn_len));
	else
		say_evidence(v, "SYN 0 carried %u bytes (TCP Fast Open), and the SYN-ACK took %u of them", a->syn_len,
			     taken);
}

/* A client that repeats its SYN while the answer is on its way gets a SYN-ACK for each: those are not repeated. */
int syn_acks_after_ack(const struct attempt *a)
{
	int i, before = 0, after = 0, owed;

	if (!a->ack_ns)
		return 0;
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		if (a->replies[i].kind != REPLY_SYN_ACK || a->replies[i].ignored != IGNORED_NOT)
			continue;
		if (a->replies[i].t_ns > a->ack_ns)
			after++;
		else
			before++;
	}
	owed = a->n_syns > before && before ? a->n_syns - before : 0;
	return after > owed ? after - owed : 0;
}

static void say_repeats(const struct attempt *a, struct verdict *v)
{
	int n = syn_acks_after_ack(a);

	if (n)
		say_evidence(v, "the server sent its SYN-ACK again %d time%s after the ACK: %s", n, say_plural(n),
			     n == 1 ? "the ACK was lost beyond this point, or the accept queue is full"
				    : "its accept queue is full, likely, for then it ignores the ACK");
}

#define DEFERRED_NS 1000000

void say_deferral(const struct attempt *a, struct verdict *v)
{
	char t[SAY_SECONDS_LEN];

	if (!a->traced || !a->n_syns || !a->connect_ns)
		return;
	if (a->may_be_deferred)
		say_evidence(v, "with TCP_FASTOPEN_CONNECT, SYN 0 may leave only with the first write; when it did is "
				"not known");
	else if (attempt_start_ns(a) - a->connect_ns > DEFERRED_NS)
		say_evidence(v,
			     "connect() was called %s before SYN 0, which left with the first write "
			     "(TCP_FASTOPEN_CONNECT)",
			     say_span(attempt_start_ns(a) - a->connect_ns, t));
}

/* A program may have such a name, too. */
void say_worker(const struct attempt *a, struct verdict *v)
{
	static const char worker[] = "kworker/";

	if (a->traced && !strncmp(a->comm, worker, sizeof(worker) - 1))
		say_evidence(v, "a worker of the kernel connected it, and no program did: for a further subflow of "
				"MPTCP, likely (`ss -M`)");
}

void say_queued(const struct attempt *a, struct verdict *v)
{
	char t[SAY_SECONDS_LEN];

	if (a->queued_ns)
		say_evidence(
			v,
			"SYN 0 was seen to leave only %s after the kernel had sent it: it waited for a neighbour (ARP "
			"or ND), likely, or the first one was lost on this host",
			say_span(a->queued_ns, t));
}

void say_crossed(struct verdict *v)
{
	say_evidence(v, "the other side sent a SYN of its own (a simultaneous open), and did not acknowledge this one");
}

void wire_remarks(const struct attempt *a, struct verdict *v)
{
	say_repeats(a, v);
	say_origin(a, v);
	say_fast_open(a, v);
	if (a->crossed && v->outcome != OUTCOME_ESTABLISHED)
		say_evidence(v, "the other side sent a SYN of its own (a simultaneous open), and nothing came of it");
	if (a->syn_bad_checksum)
		say_evidence(v,
			     "the SYN's checksum is wrong in the capture: offloaded to the network card, or damaged");
}
