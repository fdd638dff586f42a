/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "core/verdict_outcome.h"
#include "core/verdict_replies.h"
#include "core/verdict_say.h"

#define MS ((int64_t)1000000)

/* "SYN 0", "SYNs 0 and 1", "SYNs 0 to 2": the first n. */
static const char *first_syns(int n, char to[SAY_SECONDS_LEN])
{
	if (n == 1)
		snprintf(to, SAY_SECONDS_LEN, "SYN 0");
	else
		snprintf(to, SAY_SECONDS_LEN, "SYNs 0 %s %d", n == 2 ? "and" : "to", n - 1);
	return to;
}

/*
 * What came beside the SYN-ACK, and was no reply: it makes the kernel send its SYN again at once, so nothing need have
 * been lost (net/ipv4/tcp_input.c tcp_rcv_synsent_state_process(), RFC 5961 section 4).
 */
static void say_other_segments(const struct attempt *a, struct verdict *v)
{
	int64_t n = (int64_t)a->segments_in - 1;

	if (!a->traced || a->crossed || a->n_replies > 1 || n < 1)
		return;
	say_evidence(v, "%" PRId64 " other segment%s reached the socket, and did not answer the SYN", n, say_plural(n));
	say_advice(v, "what sent that: often a server that still has an old connection from that port; packets show it "
		      "(--packets)");
}

/*
 * A SYN-ACK that comes when another SYN has left acknowledges both alike; its timestamp alone tells which it answers.
 * Linux has the same one in a SYN-ACK that it sends again (net/ipv4/tcp_minisocks.c tcp_check_req()), so what was late,
 * or lost, is not known.
 */
static void established_by_one_of(const struct attempt *a, struct verdict *v)
{
	int n = attempt_answered_syn(a), last = a->n_syns - 1;
	char t[SAY_SECONDS_LEN], lost[SAY_SECONDS_LEN];

	if (v->wordless)
		return;
	say_seconds(v->elapsed_ns, t);
	if (a->crossed) {
		say_headline(v, "connected after %d SYNs, in %s, by a simultaneous open", a->n_syns, t);
	} else if (n < 0) {
		say_headline(v, "connected after %d SYNs, in %s; which of them was answered is not known", a->n_syns,
			     t);
		say_advice(v,
			   "lost SYNs or SYN-ACKs, or an answer that took longer than the RTO: TCP timestamps, where "
			   "packets have them, would tell");
	} else if (n < last) {
		say_headline(v, "connected after %d SYNs, in %s; SYN %d had reached the server", a->n_syns, t, n);
		if (n)
			say_evidence(v, "%s got no usable answer", first_syns(n, lost));
		say_evidence(v, "the SYN-ACK has the timestamp of SYN %d: it came late, or one before it was lost", n);
		say_advice(v, "a server or a path that takes longer than the RTO (1 s) to answer, or lost SYN-ACKs; "
			      "that SYN was not lost");
	} else {
		say_headline(v, "connected on SYN %d after %s; %s got no usable answer", last, t,
			     first_syns(last, lost));
		say_advice(v, "lost SYNs or SYN-ACKs: connect times near 1, 3 or 7 s (1 to 5 s with linear timeouts) "
			      "are their sign");
	}
}

/* Of those that came before it was found connected, the last that counts: the others were dropped, or repeat it. */
static const struct reply *connecting_reply(const struct attempt *a)
{
	const struct reply *last = NULL;
	int i;

	for (i = 0; !a->traced && !a->crossed && i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		const struct reply *r = &a->replies[i];

		if (r->kind == REPLY_SYN_ACK && r->ignored == IGNORED_NOT && r->t_ns <= a->connected_ns)
			last = r;
	}
	return last;
}

int64_t connected_at_ns(const struct attempt *a)
{
	const struct reply *r = connecting_reply(a);

	return a->ack_ns ? a->ack_ns : r ? r->t_ns : a->connected_ns;
}

void established(const struct attempt *a, struct verdict *v, enum confidence c)
{
	char t[SAY_SECONDS_LEN];

	say_conclusion(v, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, LIMIT_NONE, c);
	if (a->n_syns > 1) {
		established_by_one_of(a, v);
		say_other_segments(a, v);
	} else {
		int64_t hundredths = (v->elapsed_ns + MS / 200) / (MS / 100);

		if (v->elapsed_ns >= 1000 * MS)
			say_headline(v, "connected in %s", say_seconds(v->elapsed_ns, t));
		else
			say_headline(v, "connected in %" PRId64 ".%02d ms", hundredths / 100, (int)(hundredths % 100));
	}
	if (a->ack_ns && first_accepted(a, REPLY_SYN_ACK))
		say_evidence(v, "SYN, SYN-ACK and ACK were seen");
	else if (a->ack_ns)
		say_evidence(v, "SYN and ACK of the client were seen, and no SYN-ACK that fits: a capture of one "
				"direction, or with losses");
	else if (a->connected && a->traced)
		say_evidence(v, "the kernel made it ESTABLISHED");
	else if (a->connected && connecting_reply(a))
		say_evidence(v, "a SYN-ACK was seen, and then the kernel showed the socket past SYN-SENT");
	else if (a->connected)
		say_evidence(v, "the kernel showed the socket past SYN-SENT by then");
}

/* The kernel has ECONNRESET for what is past SYN-SENT alone (net/ipv4/tcp_input.c tcp_reset()). */
void established_and_reset(const struct attempt *a, struct verdict *v)
{
	bool seen = first_accepted(a, REPLY_SYN_ACK);
	char t[SAY_SECONDS_LEN];

	if (connected_at_ns(a))
		v->elapsed_ns = connected_at_ns(a) - attempt_start_ns(a);
	established(a, v, seen ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY);
	say_headline(v, "connected within %s, and an RST ended the connection before connect() returned",
		     say_span(v->elapsed_ns, t));
	if (!seen)
		say_evidence(v, "an RST that answers a SYN is ECONNREFUSED: there was a connection");
	say_advice(
		v,
		"what accepts connections and resets them: a proxy (SYNPROXY, a load balancer) whose server refuses, "
		"tcp_abort_on_overflow of a server whose accept queue is full, or the server's program itself");
}
