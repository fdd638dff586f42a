/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/story.h"

#include <stdio.h>
#include <string.h>

#include "core/story_making.h"
#include "core/story_words.h"
#include "core/verdict_not_taken.h"
#include "core/verdict_remarks.h"
#include "core/verdict_wire.h"

#define S ((int64_t)1000000000)

bool story_by_packets(const struct attempt *a)
{
	return !a->socket_seen && !a->connect_ns && (a->end == ATTEMPT_OPEN || a->end == ATTEMPT_END_PACKETS);
}

struct story_row *story_add(struct story_making *m, enum story_kind kind, int64_t t_ns)
{
	struct story *s = m->s;
	struct story_row *r = &s->rows[s->n < STORY_ROWS_MAX ? s->n++ : STORY_ROWS_MAX - 1];

	memset(r, 0, sizeof(*r));
	r->kind = kind;
	r->t_ns = r->real_ns = t_ns;
	return r;
}

void story_set_state(char to[16], const char *state)
{
	snprintf(to, 16, "%s", state);
}

/* Stable, and cheap on rows that are nearly in order, as these are. */
static void rows_sort(struct story_row *rows, int n)
{
	struct story_row one;
	int i, j;

	for (i = 1; i < n; i++) {
		for (j = i; j > 0 && rows[j - 1].t_ns > rows[i].t_ns; j--)
			;
		if (j == i)
			continue;
		one = rows[i];
		memmove(&rows[j + 1], &rows[j], (size_t)(i - j) * sizeof(one));
		rows[j] = one;
	}
}

/* When SYN i left; where only the kernel's count tells of it, its nominal time after the one before. */
static int64_t syn_time(const struct story_making *m, int i, int64_t before)
{
	if (i == 0)
		return m->a->syn_ns[0] ? m->a->syn_ns[0] - m->start_ns : 0;
	if (m->a->syn_ns[i])
		return m->a->syn_ns[i] - m->start_ns;
	if (i < m->nominal.n)
		return before + schedule_jiffies_ns(m->nominal.syn[i] - m->nominal.syn[i - 1], m->a->policy.hz);
	return before;
}

/*
 * The RTO behind a gap without knowing the policy.  Timers never fire early and
 * the wheel adds up to an eighth, so a power of two a little below is meant.
 */
static int64_t gap_rounded(int64_t gap_ns)
{
	int64_t s;

	if (gap_ns > 117 * S)
		return 120 * S; /* TCP_RTO_MAX */
	for (s = 1; s <= 64; s *= 2)
		if (s * S * 50 <= gap_ns * 51 && gap_ns * 8 <= s * S * 9)
			return s * S;
	return gap_ns < S * 9 / 10 ? 0 : (gap_ns + S / 2) / S * S; /* no timer is as short */
}

int64_t story_backoff(const struct story_making *m, int i, int64_t gap_ns)
{
	int64_t rto;

	if (i < 1)
		return 0;
	if (i >= m->nominal.n)
		return gap_rounded(gap_ns);
	rto = schedule_jiffies_ns(m->nominal.syn[i] - m->nominal.syn[i - 1], m->a->policy.hz);
	/* an odd ACK makes the kernel send the next SYN at once: not by its timer */
	return gap_ns < rto / 2 ? 0 : rto;
}

/* The first reply that came after SYN i and before the next, NULL when none did. */
static const struct reply *answer_of(const struct story_making *m, int i)
{
	const struct attempt *a = m->a;
	int k;

	for (k = 0; k < m->n_replies; k++) {
		if (a->replies[k].t_ns < a->syn_ns[i] || a->replies[k].ignored == IGNORED_OTHER_ISN)
			continue;
		if (i + 1 < m->n_syns && a->syn_ns[i + 1] && a->replies[k].t_ns >= a->syn_ns[i + 1])
			continue;
		return &a->replies[k];
	}
	return NULL;
}

/* The drop's count tells how many; SYNs are dropped from the first on, as a rule that goes away has it. */
static bool syn_was_dropped(const struct story_making *m, int i, const struct reply *answer)
{
	if (!m->syn_drop || (answer && answer->kind == REPLY_SYN_ACK))
		return false;
	return !m->syn_drop->packets || (uint64_t)i < m->syn_drop->packets;
}

static bool found_no_neighbour(const struct story_making *m)
{
	int k;

	for (k = 0; k < m->n_replies; k++)
		if (story_is_own(m, &m->a->replies[k]) && m->a->replies[k].ignored == IGNORED_NOT)
			return !m->a->syns_seen;
	return false;
}

static void syn_rows(struct story_making *m)
{
	/* by the client's word it was answered, even where the answer was not seen */
	bool last_answered = m->v->outcome == OUTCOME_ESTABLISHED || m->v->outcome == OUTCOME_REFUSED ||
			     (m->v->outcome == OUTCOME_UNREACHABLE && m->v->gave_up_by == GAVE_UP_NETWORK);
	bool no_neighbour = found_no_neighbour(m);
	int answered = m->v->outcome == OUTCOME_ESTABLISHED ? attempt_answered_syn(m->a) : -1;
	int64_t t = 0, before = 0;
	int i;

	for (i = 0; i < m->n_syns; i++) {
		const struct reply *answer = answer_of(m, i);
		struct story_row *r;

		t = syn_time(m, i, before);
		r = story_add(m, STORY_SYN, t);
		r->n = i;
		r->gap_ns = i ? t - before : 0;
		r->backoff_ns = story_backoff(m, i, r->gap_ns);
		snprintf(r->label, sizeof(r->label), "SYN %d", i);
		if (i == 0)
			story_set_state(r->client_state, "SYN-SENT");
		else if (!m->a->syn_ns[i])
			snprintf(r->note, sizeof(r->note), "time not seen");
		before = t;
		if (syn_was_dropped(m, i, answer)) {
			r->lost = m->syn_drop->place;
		} else if (no_neighbour || (answer && story_is_own(m, answer))) {
			r->lost = DROP_LOCAL_OUTPUT;
		} else if (answer && story_is_midway(m, answer)) {
			r->lost = DROP_PATH_OR_PEER;
		} else if (!answer && m->reply_drop &&
			   (!m->reply_drop->packets || m->made_up < m->reply_drop->packets)) {
			m->made_up++;
			r = story_add(m, STORY_REPLY, t);
			r->from_server = true;
			r->lost = m->reply_drop->place;
			snprintf(r->label, sizeof(r->label), "SYN-ACK");
		} else {
			r->unanswered = !answer && !(last_answered && (i == m->n_syns - 1 || i == answered));
		}
	}
}

static void ack_row(struct story_making *m)
{
	struct story_row *r = story_add(m, STORY_ACK, m->a->ack_ns - m->start_ns);
	int k;

	snprintf(r->label, sizeof(r->label), "ACK");
	if (!syn_acks_after_ack(m->a)) /* else it did not get it, or could not use it */
		story_set_state(r->server_state, "ESTABLISHED");
	for (k = 0; k < m->n_replies; k++)
		if (m->a->replies[k].kind == REPLY_SYN_ACK && m->a->replies[k].ignored == IGNORED_NOT)
			return;
	story_set_state(r->client_state, "ESTABLISHED"); /* the SYN-ACK that led to it was not seen */
}

static void client_rst_row(struct story_making *m)
{
	struct story_row *r = story_add(m, STORY_CLIENT_RST, m->a->client_rst_ns - m->start_ns);

	snprintf(r->label, sizeof(r->label), "RST");
	if ((m->a->ended_ns && m->a->client_rst_ns > m->a->ended_ns && !m->a->ack_ns) ||
	    (story_by_packets(m->a) && refuses_syn_ack(m->a)))
		snprintf(r->note, sizeof(r->note), "no socket waits any more");
	else if (not_taken(m->a) && !m->a->ack_ns)
		snprintf(r->note, sizeof(r->note), "it does not take it");
}

/* An RST that ended a connection, and was not the server's. */
static void foreign_rst_row(struct story_making *m)
{
	struct story_row *r;

	if (!story_by_packets(m->a) || !is_of_other_origin(m->a, m->a->reset_ns, m->a->reset_ttl))
		return;
	r = story_add(m, STORY_REPLY, m->a->reset_ns - m->start_ns);
	r->from_server = true;
	r->born = DROP_PATH_OR_PEER;
	snprintf(r->label, sizeof(r->label), "RST");
	snprintf(r->note, sizeof(r->note), "of a middlebox, likely");
}

static void other_rows(struct story_making *m)
{
	if (m->a->ack_ns)
		ack_row(m);
	if (m->a->client_rst_ns)
		client_rst_row(m);
	foreign_rst_row(m);
	if (!m->n_syns)
		snprintf(story_add(m, STORY_STATE, 0)->label, sizeof(((struct story_row *)0)->label), "connect()");
	story_fins(m);
}

/* What row 0 says of the server, and where its SYN-RECV begins. */
static void server_states(struct story_making *m)
{
	struct story *s = m->s;
	const char *at_first = "-";
	int i;

	if ((m->syn_drop && m->syn_drop->place == DROP_PEER_BACKLOG) || m->a->listen_overflows > 0)
		at_first = "LISTEN";
	if (m->a->crossed)
		at_first = "SYN-SENT";
	for (i = 1; i < s->n; i++) {
		struct story_row *r = &s->rows[i];

		if (r->kind != STORY_REPLY || r->born != DROP_NONE)
			continue;
		if (!strcmp(r->label, "SYN-ACK")) {
			at_first = m->a->crossed ? "SYN-SENT" : "LISTEN";
			story_set_state(r->server_state, "SYN-RECV");
			break;
		}
		if (!strcmp(r->label, "RST"))
			at_first = "CLOSED";
	}
	story_set_state(s->rows[0].server_state, at_first);
}

static void causes_make(struct story_making *m)
{
	const struct attempt *a = m->a;
	int i, n = a->n_drops < ATTEMPT_DROPS_MAX ? a->n_drops : ATTEMPT_DROPS_MAX;

	for (i = 0; i < n; i++) {
		const struct drop *d = &a->drops[i];
		struct story_cause *c = &m->s->causes[m->s->n_causes++];
		if (d->reply && !m->reply_drop)
			m->reply_drop = d;
		else if (!d->reply && !m->syn_drop)
			m->syn_drop = d;
		c->place = d->place;
		c->reply = d->reply;
		c->packets = d->packets;
		c->is_rule = d->rule[0] && d->place != DROP_PEER_BACKLOG;
		if (d->rule[0] && !c->is_rule)
			snprintf(c->text, sizeof(c->text), "%s: %s", d->reason, d->rule);
		else if (c->is_rule)
			snprintf(c->text, sizeof(c->text), "%s", d->rule);
		else
			snprintf(c->text, sizeof(c->text), "%s%s%s", d->reason, d->function[0] ? " in " : "",
				 d->function);
	}
}

void story_make(const struct attempt *a, const struct verdict *v, struct story *ret)
{
	struct story_making m = { .a = a, .v = v, .s = ret, .start_ns = attempt_start_ns(a) };
	struct story_row *r;
	int end;

	memset(ret, 0, sizeof(*ret));
	ret->flow = a->flow;
	ret->outcome = v->outcome;
	m.n_syns = a->n_syns < ATTEMPT_SYNS_MAX ? a->n_syns : ATTEMPT_SYNS_MAX;
	m.n_replies = a->n_replies < ATTEMPT_REPLIES_MAX ? a->n_replies : ATTEMPT_REPLIES_MAX;
	if (a->has_policy && !policy_invalid(&a->policy))
		schedule_nominal(&a->policy, &m.nominal);
	causes_make(&m);
	r = story_add(&m, STORY_STATE, 0);
	story_set_state(r->client_state, "CLOSED");
	syn_rows(&m);
	story_replies(&m);
	other_rows(&m);
	rows_sort(ret->rows + 1, ret->n - 1);
	server_states(&m);
	end = story_end(&m);
	story_predicted(&m);
	rows_sort(ret->rows + end + 1, ret->n - end - 1);
	if (v->error)
		snprintf(ret->end_error, sizeof(ret->end_error), "%s", errno_name(v->error));
	snprintf(ret->end_text, sizeof(ret->end_text), "%s", v->headline);
}
