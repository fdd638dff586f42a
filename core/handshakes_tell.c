/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/handshakes_table.h"

/* An IPv4 address, in one store of which the first word can be read at once. */
static void put4(uint8_t to[16], uint32_t addr)
{
	uint64_t words[2] = { 0 };

	memcpy(words, &addr, sizeof(addr));
	memcpy(to, words, sizeof(words));
}

static inline void set_flow(const struct handshakes *h, const struct entry *e, struct flow *f)
{
	const struct addresses *a;

	f->client.port = e->sport;
	f->server.port = e->dport;
	f->client.addr.family = f->server.addr.family = e->flags & ENTRY_V6 ? 6 : 4;
	if (e->flags & ENTRY_V6) {
		a = pool_at(&h->addresses, e->src);
		memcpy(f->client.addr.b, a->src, sizeof(a->src));
		memcpy(f->server.addr.b, a->dst, sizeof(a->dst));
	} else {
		put4(f->client.addr.b, e->src);
		put4(f->server.addr.b, e->dst);
	}
}

static void end(struct attempt *a, int64_t t_ns)
{
	if (a->end != ATTEMPT_OPEN)
		return;
	a->end = ATTEMPT_END_PACKETS;
	a->ended_ns = t_ns;
}

static void take_note(struct attempt *a, const struct note *n)
{
	int64_t t_ns = a->syn_ns[0] + n->t_ns;

	switch (n->kind) {
	case NOTE_SYN:
		if (a->end == ATTEMPT_END_PACKETS && !a->ack_ns && !a->replaced) { /* it was refused, and tries again */
			a->end = ATTEMPT_OPEN;
			a->ended_ns = 0;
		}
		if (a->n_syns < ATTEMPT_SYNS_MAX)
			a->syn_ns[a->n_syns] = t_ns;
		a->n_syns++;
		break;
	case NOTE_SYN_ACK:
	case NOTE_SYN_ACK_AGAIN:
	case NOTE_REPLY:
		if (a->n_replies < ATTEMPT_REPLIES_MAX) {
			a->replies[a->n_replies] = n->reply;
			if (addr_is_any(&n->reply.from))
				a->replies[a->n_replies].from = a->flow.server.addr;
		}
		a->n_replies++;
		if (n->reply.kind == REPLY_RST && n->ignored == IGNORED_NOT)
			end(a, t_ns);
		break;
	case NOTE_ACK:
		a->ack_ns = t_ns;
		end(a, t_ns);
		break;
	case NOTE_CLIENT_RST:
		a->client_rst_ns = t_ns;
		break;
	case NOTE_RESET:
		a->reset_ns = t_ns;
		a->reset_ttl = (uint8_t)n->value;
		break;
	case NOTE_SYN_LEN:
		a->syn_len = n->value;
		break;
	case NOTE_REPLACED:
		a->replaced = true;
		end(a, t_ns);
		break;
	case NOTE_FIRST_TSVAL:
		a->first_tsval = n->value;
		break;
	case NOTE_ECHO: /* it is in the next one's reply */
		break;
	}
}

/* Writes what it has, and leaves the arrays' unused parts as they are but for what is read by everyone. */
static void expand(struct handshakes *h, const struct entry *e, struct attempt *a)
{
	const char *path = e->path && h->config.path_text ? h->config.path_text(e->path, h->config.paths) : NULL;
	const struct chunk *first = e->notes ? pool_at(&h->chunks, e->notes) : NULL;
	struct notes_iter it;
	struct note n;

	memset(a, 0, sizeof(*a));
	set_flow(h, e, &a->flow);
	a->retransmits = -1;
	a->has_isn = a->syns_seen = true;
	a->isn = e->isn;
	a->n_syns = 1;
	a->syn_ns[0] = e->start_ns;
	a->first_packet = e->packet;
	a->number = e->number;
	a->file = e->file;
	a->syn_ttl = e->ttl;
	a->has_tsvals = e->has_ts;
	a->first_tsval = a->last_tsval = sighting_tsval(e->ip_id, e->mark);
	a->syn_bad_checksum = e->flags & ENTRY_BAD_CHECKSUM;
	a->crossed = e->flags & ENTRY_CROSSED;
	a->answered_by_reset = e->flags & ENTRY_ANSWERED_BY_RST;
	a->evicted = h->evicting;
	a->observed_until_ns = h->clock_ns;
	if (path)
		snprintf(a->path, sizeof(a->path), "%s", path);
	notes_first(&it, h, e);
	while (notes_next(&it, &n))
		take_note(a, &n);
	if (e->n_syns == UINT8_MAX && first)
		a->n_syns += (int)first->syns_more;
	if (e->n_replies > a->n_replies)
		a->n_replies = e->n_replies;
}

/* One SYN, silence, and nothing else to tell: the commonest by far in a flood, and all have the same verdict. */
static bool is_bare(const struct entry *e)
{
	return !e->notes && !(e->flags & ~(ENTRY_V6 | ENTRY_AWAITS | ENTRY_BAD_CHECKSUM | ENTRY_HIDDEN));
}

static void judge(struct handshakes *h, struct digest *ret)
{
	struct verdict v;

	verdict_conclude(h->attempt, &v);
	digest_make(h->attempt, &v, ret);
}

const struct attempt *handshakes_attempt(struct handshakes *h)
{
	if (!h->attempt_made)
		expand(h, h->telling, h->attempt);
	h->attempt_made = true;
	return h->attempt;
}

static __attribute__((noinline)) void make_bare(struct handshakes *h, struct digest *ret)
{
	handshakes_attempt(h);
	judge(h, ret);
}

/* Only what differs is written. */
static const struct digest *bare(struct handshakes *h, const struct entry *e)
{
	struct digest *d = &h->bare[(e->flags & ENTRY_V6) != 0];

	if (!d->number)
		make_bare(h, d);
	d->number = e->number;
	d->start_ns = e->start_ns;
	set_flow(h, e, &d->flow);
	return d;
}

static __attribute__((noinline)) void tell_in_full(struct handshakes *h)
{
	struct digest d;

	handshakes_attempt(h);
	judge(h, &d);
	h->config.fn(&d, h->config.user);
}

void entry_tell(struct handshakes *h, struct entry *e, bool overdue)
{
	if (!h->config.fn || e->flags & ENTRY_UNASKED)
		return;
	h->telling = e;
	h->attempt_made = false;
	if (overdue && is_bare(e))
		h->config.fn(bare(h, e), h->config.user);
	else
		tell_in_full(h);
	h->telling = NULL;
}
