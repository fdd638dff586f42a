/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "core/story_making.h"
#include "core/story_words.h"
#include "core/verdict_remarks.h"

bool story_is_own(const struct story_making *m, const struct reply *p)
{
	return p->kind == REPLY_ICMP && p->from.family && addr_equal(&p->from, &m->a->flow.client.addr) &&
	       !addr_equal(&p->from, &m->a->flow.server.addr);
}

bool story_is_midway(const struct story_making *m, const struct reply *p)
{
	return p->kind == REPLY_ICMP && p->from.family && !addr_equal(&p->from, &m->a->flow.server.addr) &&
	       !story_is_own(m, p);
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
	if (p->kind == REPLY_RST && story_by_packets(m->a) && is_of_other_origin(m->a, p->t_ns, p->ttl))
		return DROP_PATH_OR_PEER;
	if (story_is_own(m, p))
		return DROP_LOCAL_OUTPUT;
	return story_is_midway(m, p) ? DROP_PATH_OR_PEER : DROP_NONE;
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

/* Only packets are known, and the client sent SYNs as if it had not got this reply, or tried again after it. */
static bool went_on_after(const struct story_making *m, const struct reply *p)
{
	return story_by_packets(m->a) && m->n_syns && m->a->syn_ns[m->n_syns - 1] > p->t_ns;
}

/* What became of a reply that was not lost. */
static const char *reply_fate(const struct story_making *m, int k, bool again)
{
	const struct reply *p = &m->a->replies[k];

	if (p->kind == REPLY_RST && (p->ignored == IGNORED_NOT || p->ignored == IGNORED_LATE) && went_on_after(m, p))
		return m->v->outcome == OUTCOME_REFUSED ? "the client tried again" : "the client went on";
	if (p->ignored != IGNORED_NOT)
		return NULL;
	if (p->kind == REPLY_SYN_ACK && !m->a->ack_ns && story_by_packets(m->a) && m->v->outcome != OUTCOME_ESTABLISHED)
		return m->v->outcome == OUTCOME_PENDING ? "no ACK so far" : "no ACK followed";
	if (p->kind == REPLY_SYN_ACK && m->v->outcome == OUTCOME_UNANSWERED && !m->a->ack_ns)
		return "no ACK followed";
	if (again && p->kind == REPLY_SYN_ACK)
		return "again";
	return is_soft(m, k) ? "noted as a soft error" : "accepted";
}

static void reply_note(const struct story_making *m, int k, bool again, struct story_row *r)
{
	const struct reply *p = &m->a->replies[k];
	const char *what = p->kind == REPLY_ICMP ? story_icmp_text(p->icmp_family, p->icmp_type, p->icmp_code) : "";
	const char *fate = r->lost ? "" : reply_fate(m, k, again); /* the mark and its footnote say it */
	char from[ADDR_TEXT_LEN + 8] = "", text[ADDR_TEXT_LEN], ignored[40];

	if (r->born == DROP_PATH_OR_PEER && p->kind == REPLY_RST && !m->syn_drop)
		snprintf(from, sizeof(from), "of a middlebox, likely");
	else if (r->born == DROP_PATH_OR_PEER && p->from.family)
		snprintf(from, sizeof(from), "from %s", addr_format(&p->from, text));
	if (!fate) {
		snprintf(ignored, sizeof(ignored), "ignored: %s", ignored_word(p->ignored));
		fate = ignored;
	}
	snprintf(r->note, sizeof(r->note), "%s%s%s%s%s", what, *what && *from ? ", " : "", from,
		 (*what || *from) && *fate ? ", " : "", fate);
}

void story_replies(struct story_making *m)
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
