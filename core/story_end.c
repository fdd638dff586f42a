/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/story_making.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/story_words.h"
#include "core/verdict_silence.h"
#include "core/verdict_wire.h"

/* connect() failed before a SYN could leave: known only where the kernel refused at once and never had it in SYN-SENT.
 */
static bool none_left(const struct story_making *m)
{
	return !m->n_syns && !m->n_replies && !m->a->last_state_ns &&
	       (m->v->outcome == OUTCOME_FAILED ||
		(m->v->outcome == OUTCOME_UNREACHABLE && m->v->gave_up_by == GAVE_UP_KERNEL));
}

/* Packets alone are known, and the last of them is a SYN-ACK that led nowhere; or NULL. */
static const struct reply *last_word(const struct story_making *m)
{
	const struct reply *last = m->n_replies ? &m->a->replies[m->n_replies - 1] : NULL;

	if (m->v->outcome != OUTCOME_UNANSWERED || !story_by_packets(m->a) || m->a->client_rst_ns || !m->n_syns)
		return NULL;
	return last && last->kind == REPLY_SYN_ACK && last->ignored == IGNORED_NOT &&
			       last->t_ns > m->a->syn_ns[m->n_syns - 1]
		       ? last
		       : NULL;
}

/* The server answered, and the client had nothing more to say. */
static bool is_half_open(const struct story_making *m)
{
	int k;

	for (k = 0; last_word(m) && k < m->n_replies; k++)
		if (m->a->replies[k].kind == REPLY_SYN_ACK && m->a->replies[k].ignored == IGNORED_NOT)
			return m->a->replies[k].t_ns >= m->a->syn_ns[m->n_syns - 1];
	return false;
}

/* What packets alone let one say of who gave up is an inference: the note has it, beside its reason. */
static const char *inferred(const struct story_making *m, char to[48])
{
	const struct verdict *v = m->v;
	const char *who = v->outcome == OUTCOME_TIMED_OUT ? "kernel gave up, likely: " : "likely: ";

	if (silent_end_ns(m->a, v))
		snprintf(to, 48, "%sno SYN %d came", who, m->n_syns);
	else if (story_by_packets(m->a) && refuses_syn_ack(m->a) && v->confidence == CONFIDENCE_LIKELY &&
		 (v->outcome == OUTCOME_ABANDONED || v->outcome == OUTCOME_TIMED_OUT))
		snprintf(to, 48, "%sbefore the SYN-ACK", who);
	else
		return NULL;
	return to;
}

static void end_words(const struct story_making *m, struct story_row *r)
{
	const struct verdict *v = m->v;
	const char *label = outcome_word(v->outcome), *note = story_gave_up_text(v->gave_up_by);
	char by[32] = "", guess[48];

	if (v->outcome == OUTCOME_ESTABLISHED)
		label = "connected", note = m->a->crossed ? "by a simultaneous open" : "";
	else if (v->outcome == OUTCOME_PENDING)
		label = "still waiting", note = "";
	else if (is_half_open(m))
		label = "half-open", note = "nothing of the client";
	else if (v->outcome == OUTCOME_UNANSWERED)
		label = "silence", note = "who gave up is unknown";
	else if (v->error)
		label = errno_name(v->error);
	else if (v->outcome == OUTCOME_ABANDONED && m->n_syns == 1 && silent_end_ns(m->a, v))
		label = "closed, or no TCP stack";
	else if (v->outcome == OUTCOME_ABANDONED)
		label = note, note = "";
	if (v->outcome == OUTCOME_KILLED) {
		const char *name = sigabbrev_np(m->a->exit_signal ? m->a->exit_signal : m->a->end_signal);

		snprintf(by, sizeof(by), "by %s%s", name ? "SIG" : "a signal", name ? name : "");
		note = by;
	} else if (none_left(m)) {
		note = "no SYN left the host";
	} else if (inferred(m, guess)) {
		note = guess;
	}
	snprintf(r->label, sizeof(r->label), "%s", *label ? label : "end");
	snprintf(r->note, sizeof(r->note), "%s", note);
}

/*
 * By the attempt, so that it stands on the attempt's axis; by the verdict where
 * that had to judge when it ended.  Silence becomes an end when the next SYN
 * was due: *ret_nominal.
 */
static int64_t end_time(const struct story_making *m, bool *ret_nominal)
{
	int64_t silent = silent_end_ns(m->a, m->v);

	*ret_nominal = silent > 0;
	if (silent)
		return silent;
	if (last_word(m))
		return last_word(m)->t_ns - m->start_ns;
	if (m->a->ended_ns && m->a->end != ATTEMPT_END_PACKETS && m->v->outcome != OUTCOME_UNANSWERED)
		return m->a->ended_ns - m->start_ns;
	return m->v->elapsed_ns;
}

int story_end(struct story_making *m)
{
	const struct verdict *v = m->v;
	struct story *s = m->s;
	struct story_row *r, end;
	bool nominal;
	int64_t t = end_time(m, &nominal);
	int i, at = 1;

	r = story_add(m, STORY_END, t);
	r->nominal = nominal;
	if (v->outcome != OUTCOME_ESTABLISHED && v->outcome != OUTCOME_PENDING && v->outcome != OUTCOME_UNANSWERED)
		story_set_state(r->client_state, "CLOSED");
	end_words(m, r);
	if (m->n_syns && (nominal || (v->outcome == OUTCOME_TIMED_OUT && !story_by_packets(m->a)))) {
		int64_t last = m->a->syn_ns[m->n_syns - 1];

		r->gap_ns = last ? t - (last - m->start_ns) : 0;
		if (!m->nominal.n)
			r->backoff_ns = story_backoff(m, m->n_syns, r->gap_ns);
		else if (m->n_syns == m->nominal.n)
			r->backoff_ns =
				schedule_jiffies_ns(m->nominal.end - m->nominal.syn[m->n_syns - 1], m->a->policy.hz);
	}
	for (i = 1; i < s->n - 1; i++) {
		const struct story_row *o = &s->rows[i];

		if (o->kind == STORY_SYN || o->kind == STORY_ACK || o->client_state[0] == 'E' ||
		    (o->kind != STORY_FIN && o->t_ns <= t))
			at = i + 1;
	}
	end = *r;
	memmove(&s->rows[at + 1], &s->rows[at], (size_t)(s->n - 1 - at) * sizeof(end));
	s->rows[at] = end;
	return at;
}

void story_predicted(struct story_making *m)
{
	enum outcome o = m->v->outcome;
	const char *note = o == OUTCOME_PENDING ? "due" : "never sent";
	bool exact = false;
	int64_t syns[ATTEMPT_SYNS_MAX], end = 0, ended = end_time(m, &exact);
	int64_t last = m->n_syns ? m->a->syn_ns[m->n_syns - 1] - m->start_ns : 0;
	struct story_row *r;
	int i, n;

	if (o != OUTCOME_ABANDONED && o != OUTCOME_KILLED && o != OUTCOME_PENDING)
		return;
	n = m->n_syns ? verdict_predict(m->a, syns, ATTEMPT_SYNS_MAX, &end, &exact) : 0;
	if (n <= 0)
		return;
	for (i = m->n_syns; i < n; i++) {
		if (syns[i] <= ended)
			continue; /* it is not still to come */
		r = story_add(m, STORY_PREDICTED, syns[i]);
		r->n = i;
		r->nominal = !exact;
		r->gap_ns = syns[i] - (exact && i == m->n_syns ? last : syns[i - 1]);
		r->backoff_ns = story_backoff(m, i, r->gap_ns);
		snprintf(r->label, sizeof(r->label), "SYN %d", i);
		snprintf(r->note, sizeof(r->note), "%s", note);
	}
	if (end <= ended)
		return;
	r = story_add(m, STORY_PREDICTED, end);
	r->n = -1;
	r->nominal = !exact;
	snprintf(r->label, sizeof(r->label), "%s",
		 o == OUTCOME_PENDING ? "the kernel gives up" : "the kernel would give up");
}

void story_fins(struct story_making *m)
{
	const int64_t *fin = m->a->fin_ns;
	const struct reply *p = m->n_replies && m->n_syns ? &m->a->replies[0] : NULL;
	int64_t rtt = p ? p->t_ns - m->a->syn_ns[m->n_syns - 1] : 0;
	/* seen from the client: a server's FIN that comes sooner than a round trip cannot be an answer */
	bool crossed = fin[0] && fin[1] && fin[1] >= fin[0] && (fin[1] == fin[0] || fin[1] - fin[0] < rtt / 2);
	int first = fin[0] && (!fin[1] || fin[0] <= fin[1]) ? 0 : 1;
	int i;

	for (i = 0; i < 2; i++) {
		int side = i ? !first : first;
		struct story_row *r;
		char *own, *other;

		if (!fin[side])
			continue;
		r = story_add(m, STORY_FIN, fin[side] - m->start_ns);
		r->from_server = side == 1;
		snprintf(r->label, sizeof(r->label), "FIN");
		own = side ? r->server_state : r->client_state;
		other = side ? r->client_state : r->server_state;
		if (crossed) {
			story_set_state(own, "FIN-WAIT-1");
			story_set_state(other, i ? "CLOSING" : "");
			snprintf(r->note, sizeof(r->note), "%s", i ? "the FINs crossed" : "");
		} else {
			story_set_state(own, i ? "LAST-ACK" : "FIN-WAIT-1");
			story_set_state(other, i ? "TIME-WAIT" : "CLOSE-WAIT");
		}
	}
}
