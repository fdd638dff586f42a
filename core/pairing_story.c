/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pairing_story.h"

#include <stdio.h>
#include <string.h>

static enum story_kind kind_of(const struct pair_packet *k)
{
	switch (k->kind) {
	case PAIRING_SYN:
		return STORY_SYN;
	case PAIRING_ACK:
		return STORY_ACK;
	case PAIRING_CLIENT_RST:
		return STORY_CLIENT_RST;
	default:
		return STORY_REPLY;
	}
}

static void label(const struct pair_packet *k, char *to, size_t len)
{
	static const char *const names[] = { "SYN", "SYN-ACK", "ACK", "RST", "RST" };

	if (k->kind == PAIRING_ICMP)
		snprintf(to, len, "%s %u/%u", k->icmp_family == 6 ? "icmp6" : "icmp", k->icmp_type, k->icmp_code);
	else if (k->kind == PAIRING_SYN)
		snprintf(to, len, "SYN %d", k->n);
	else
		snprintf(to, len, "%s", names[k->kind]);
}

/* What it says of its way. */
static void note(const struct pair_report *r, const struct pair_packet *k, char *to, size_t len)
{
	char t[PAIR_SPAN_LEN];

	switch (k->fate) {
	case FATE_ARRIVED:
		snprintf(to, len, "%s%s", r->one_way ? "+" : "", pair_span(k->delay_ns, t));
		break;
	case FATE_BETWEEN:
		snprintf(to, len, "made in between the captures");
		break;
	case FATE_UNSEEN:
		snprintf(to, len, "not in the %s's capture", k->at_client ? "server" : "client");
		break;
	case FATE_UNCOVERED:
		snprintf(to, len, "not compared");
		break;
	case FATE_COPY:
		snprintf(to, len, "came twice");
		break;
	default:
		if (!pair_is_sure(r, k->kind))
			snprintf(to, len, "not in the %s's capture", k->at_client ? "server" : "client");
	}
}

/* Its sender's side alone has it, and nothing tells what became of it. */
static bool is_unseen(const struct pair_report *r, const struct pair_packet *k, bool from_server)
{
	if (k->fate == FATE_UNCOVERED)
		return from_server ? !k->at_client : !k->at_server;
	return k->fate == FATE_DIED && !pair_is_sure(r, k->kind);
}

static void add(struct story *s, const struct pair_report *report, const struct pair_packet *k)
{
	struct story_row *r;

	if (s->n == STORY_ROWS_MAX)
		return;
	r = &s->rows[s->n++];
	r->kind = kind_of(k);
	r->t_ns = r->real_ns = k->t_ns;
	r->n = k->n;
	r->from_server = r->kind == STORY_REPLY;
	r->unseen = is_unseen(report, k, r->from_server);
	if (k->fate == FATE_DIED && !r->unseen)
		r->lost = DROP_PATH_OR_PEER;
	if (k->fate == FATE_BETWEEN && r->from_server)
		r->born = DROP_PATH_OR_PEER;
	label(k, r->label, sizeof(r->label));
	note(report, k, r->note, sizeof(r->note));
}

/* What the packets make of both sides. */
static void states(struct story *s)
{
	bool sent = false, answered = false, connected = false, complete = false;
	int i;

	for (i = 1; i < s->n; i++) {
		struct story_row *r = &s->rows[i];
		bool syn_ack = r->kind == STORY_REPLY && !strcmp(r->label, "SYN-ACK");

		if (r->kind == STORY_SYN && !sent)
			strcpy(r->client_state, "SYN-SENT");
		if (syn_ack && !r->born && !answered)
			strcpy(r->server_state, "SYN-RECV");
		if (syn_ack && !r->lost && !r->unseen && !connected && s->outcome == OUTCOME_ESTABLISHED)
			strcpy(r->client_state, "ESTABLISHED");
		if (r->kind == STORY_ACK && !r->lost && !r->unseen && answered && !complete)
			strcpy(r->server_state, "ESTABLISHED");
		sent |= r->kind == STORY_SYN;
		answered |= syn_ack && !r->born;
		connected |= syn_ack && !r->lost && !r->unseen;
		complete |= r->kind == STORY_ACK && !r->lost && !r->unseen;
	}
	strcpy(s->rows[0].client_state, sent ? "CLOSED" : "-");
	strcpy(s->rows[0].server_state, answered ? "LISTEN" : "-");
}

static void cause(struct story *s, const struct story_cause *what)
{
	struct story_cause *c = &s->causes[s->n_causes];

	if (!what->packets)
		return;
	s->n_causes++;
	*c = *what;
	c->place = DROP_PATH_OR_PEER;
	snprintf(c->text, sizeof(c->text), "the %s's capture does not have %s", c->reply ? "client" : "server",
		 c->packets == 1 ? "it" : "them");
}

/* How many died for sure. */
static uint32_t died(const struct pair_report *r, enum pairing_kind kind)
{
	return pair_is_sure(r, kind) ? r->counts[kind].fate[FATE_DIED] : 0;
}

static void causes(struct story *s, const struct pair_report *r)
{
	uint32_t others = died(r, PAIRING_ACK) + died(r, PAIRING_CLIENT_RST);
	struct story_cause to_server = { .others = others, .packets = died(r, PAIRING_SYN) + others };
	struct story_cause to_client = {
		.reply = true, .packets = died(r, PAIRING_SYN_ACK) + died(r, PAIRING_RST) + died(r, PAIRING_ICMP)
	};

	cause(s, &to_server);
	cause(s, &to_client);
}

void pair_story(const struct pair_report *r, const struct pair_words *w, struct story *ret)
{
	int64_t last_ns = 0;
	int i, last = 0;

	memset(ret, 0, sizeof(*ret));
	ret->flow = r->client_flow;
	ret->outcome = r->client_outcome != OUTCOME_NONE ? r->client_outcome : r->server_outcome;
	ret->n = 1;
	ret->rows[0].kind = STORY_STATE;
	for (i = 0; i < r->n_packets; i++) {
		add(ret, r, &r->packets[i]);
		if (r->packets[i].kind != PAIRING_SYN)
			continue;
		if (last)
			ret->rows[ret->n - 1].gap_ns = r->packets[i].t_ns - last_ns;
		last_ns = r->packets[i].t_ns;
		last = ret->n - 1;
	}
	states(ret);
	causes(ret, r);
	ret->more_replies = r->more_packets;
	snprintf(ret->end_text, sizeof(ret->end_text), "%.*s", (int)sizeof(ret->end_text) - 1, w->headline);
}
