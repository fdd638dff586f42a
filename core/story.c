/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/story.h"

#include <stdio.h>
#include <string.h>

#include "core/story_making.h"
#include "core/story_words.h"

#define S ((int64_t)1000000000)

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
	return gap_ns < S / 2 ? 0 : (gap_ns + S / 2) / S * S;
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

/* This host's own ICMP: it found no neighbour to send to. */
static bool is_own(const struct story_making *m, const struct reply *p)
{
	return p->kind == REPLY_ICMP && p->from.family && addr_equal(&p->from, &m->a->flow.client.addr) &&
	       !addr_equal(&p->from, &m->a->flow.server.addr);
}

static bool found_no_neighbour(const struct story_making *m)
{
	int k;

	for (k = 0; k < m->n_replies; k++)
		if (is_own(m, &m->a->replies[k]) && m->a->replies[k].ignored == IGNORED_NOT)
			return !m->a->syns_seen;
	return false;
}

/* A router on the way took the SYN and said so. */
static bool is_midway(const struct story_making *m, const struct reply *p)
{
	return p->kind == REPLY_ICMP && p->from.family && !addr_equal(&p->from, &m->a->flow.server.addr) &&
	       !is_own(m, p);
}

static void syn_rows(struct story_making *m)
{
	/* by the client's word it was answered, even where the answer was not seen */
	bool last_answered = m->v->outcome == OUTCOME_ESTABLISHED || m->v->outcome == OUTCOME_REFUSED ||
			     (m->v->outcome == OUTCOME_UNREACHABLE && m->v->gave_up_by == GAVE_UP_NETWORK);
	bool no_neighbour = found_no_neighbour(m);
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
		} else if (no_neighbour || (answer && is_own(m, answer))) {
			r->lost = DROP_LOCAL_OUTPUT;
		} else if (answer && is_midway(m, answer)) {
			r->lost = DROP_PATH_OR_PEER;
		} else if (!answer && m->reply_drop &&
			   (!m->reply_drop->packets || m->made_up < m->reply_drop->packets)) {
			m->made_up++;
			r = story_add(m, STORY_REPLY, t);
			r->from_server = true;
			r->lost = m->reply_drop->place;
			snprintf(r->label, sizeof(r->label), "SYN-ACK");
		} else {
			r->unanswered = !answer && !(last_answered && i == m->n_syns - 1);
		}
	}
}

/* A capture sees a SYN-ACK before the firewall does: one that led nowhere, where a rule drops replies, was dropped. */
static bool reply_was_dropped(const struct story_making *m, const struct reply *p)
{
	if (p->ignored == IGNORED_DROPPED)
		return true;
	return m->reply_drop && p->ignored == IGNORED_NOT && p->kind == REPLY_SYN_ACK &&
	       m->v->outcome != OUTCOME_ESTABLISHED && m->v->outcome != OUTCOME_PENDING;
}

/* Where a reply came from, when not from the server itself: the rule that took the SYN, or a router. */
static enum drop_place reply_origin(const struct story_making *m, const struct reply *p)
{
	if (p->kind == REPLY_SYN_ACK)
		return DROP_NONE;
	if (m->syn_drop)
		return m->syn_drop->place;
	if (is_own(m, p))
		return DROP_LOCAL_OUTPUT;
	return is_midway(m, p) ? DROP_PATH_OR_PEER : DROP_NONE;
}

/* An accepted ICMP error after which the client went on. */
static bool is_soft(const struct story_making *m, int k)
{
	const struct reply *p = &m->a->replies[k];

	if (p->kind != REPLY_ICMP || p->ignored != IGNORED_NOT)
		return false;
	if (m->n_syns && p->t_ns < m->a->syn_ns[m->n_syns - 1])
		return true;
	return m->v->limit == LIMIT_SOFT_ERROR && k + 1 < m->n_replies;
}

static void reply_note(const struct story_making *m, int k, bool again, struct story_row *r)
{
	const struct reply *p = &m->a->replies[k];
	const char *what = p->kind == REPLY_ICMP ? story_icmp_text(p->icmp_family, p->icmp_type, p->icmp_code) : "";
	char from[ADDR_TEXT_LEN + 8] = "", text[ADDR_TEXT_LEN];
	char fate[40];

	if (r->born == DROP_PATH_OR_PEER && p->from.family)
		snprintf(from, sizeof(from), "from %s", addr_format(&p->from, text));
	if (r->lost)
		fate[0] = 0; /* the mark and its footnote say it */
	else if (p->ignored != IGNORED_NOT)
		snprintf(fate, sizeof(fate), "ignored: %s", ignored_word(p->ignored));
	else if (p->kind == REPLY_SYN_ACK && m->v->outcome == OUTCOME_UNANSWERED && !m->a->ack_ns)
		snprintf(fate, sizeof(fate), "no ACK followed");
	else
		snprintf(fate, sizeof(fate), "%s",
			 again		 ? "again"
			 : is_soft(m, k) ? "noted as a soft error"
					 : "accepted");
	snprintf(r->note, sizeof(r->note), "%s%s%s%s%s", what, *what && *from ? ", " : "", from,
		 (*what || *from) && *fate ? ", " : "", fate);
}

static void reply_rows(struct story_making *m)
{
	bool answered = false;
	int k;

	for (k = 0; k < m->n_replies; k++) {
		const struct reply *p = &m->a->replies[k];
		struct story_row *r = story_add(m, STORY_REPLY, p->t_ns - m->start_ns);

		r->from_server = true;
		r->born = reply_origin(m, p);
		if (p->kind == REPLY_ICMP)
			snprintf(r->label, sizeof(r->label), "%s %u/%u", p->icmp_family == 6 ? "icmp6" : "icmp",
				 p->icmp_type, p->icmp_code);
		else
			snprintf(r->label, sizeof(r->label), "%s", p->kind == REPLY_RST ? "RST" : "SYN-ACK");
		if (reply_was_dropped(m, p))
			r->lost = m->reply_drop ? m->reply_drop->place : DROP_LOCAL_INPUT;
		reply_note(m, k, answered, r);
		if (p->kind == REPLY_SYN_ACK && p->ignored == IGNORED_NOT && !r->lost) {
			if (!answered && m->v->outcome == OUTCOME_ESTABLISHED)
				story_set_state(r->client_state, "ESTABLISHED");
			answered = true;
		}
	}
	m->s->more_replies = m->a->n_replies - m->n_replies;
}

static void other_rows(struct story_making *m)
{
	struct story_row *r;

	if (m->a->ack_ns) {
		r = story_add(m, STORY_ACK, m->a->ack_ns - m->start_ns);
		snprintf(r->label, sizeof(r->label), "ACK");
		story_set_state(r->server_state, "ESTABLISHED");
	}
	if (m->a->client_rst_ns) {
		r = story_add(m, STORY_CLIENT_RST, m->a->client_rst_ns - m->start_ns);
		snprintf(r->label, sizeof(r->label), "RST");
		if (m->a->ended_ns && m->a->client_rst_ns > m->a->ended_ns)
			snprintf(r->note, sizeof(r->note), "no socket waits any more");
	}
	if (!m->n_syns) {
		r = story_add(m, STORY_STATE, 0);
		snprintf(r->label, sizeof(r->label), "connect()");
	}
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
	for (i = 1; i < s->n; i++) {
		struct story_row *r = &s->rows[i];

		if (r->kind != STORY_REPLY || r->born != DROP_NONE)
			continue;
		if (!strcmp(r->label, "SYN-ACK")) {
			at_first = "LISTEN";
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
		c->is_rule = d->rule[0];
		if (c->is_rule)
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
	reply_rows(&m);
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
