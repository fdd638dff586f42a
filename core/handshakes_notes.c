/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A note is one to five words.  The first holds kind, whether it was ignored and
 * why, 8 bits of the mark, and the time since SYN 0 in 48 bits, which reach 39
 * hours in either direction.  The usual SYN-ACK takes two words and each
 * repetition of it one, so that a half-open connection of six SYN-ACKs fits into
 * one chunk.
 */
#include <string.h>

#include "core/handshakes_table.h"

#define TIME_BITS 48
#define TIME_MAX ((INT64_C(1) << (TIME_BITS - 1)) - 1)
#define PACKETS_AFTER_MAX 0xffffffu

static uint64_t head_word(const struct note *n)
{
	int64_t t = n->t_ns > TIME_MAX ? TIME_MAX : n->t_ns < -TIME_MAX ? -TIME_MAX : n->t_ns;

	return (uint64_t)n->kind << 60 | (uint64_t)n->ignored << 56 | (uint64_t)n->mark << TIME_BITS |
	       ((uint64_t)t & ((UINT64_C(1) << TIME_BITS) - 1));
}

static unsigned int addr_words(const struct addr *a)
{
	return a->family == 4 ? 1 : a->family == 6 ? 2 : 0;
}

/* NOTE_REPLY: the packet's number, then ttl, ICMP and the sender's family, then seq and ack, then an address. */
static unsigned int encode_reply(const struct reply *r, uint64_t *to)
{
	to[0] = r->packet;
	to[1] = (uint64_t)r->kind | (uint64_t)r->ttl << 8 | (uint64_t)r->icmp_family << 16 |
		(uint64_t)r->icmp_type << 24 | (uint64_t)r->icmp_code << 32 | (uint64_t)r->from.family << 40;
	to[2] = (uint64_t)r->seq << 32 | r->ack;
	memcpy(to + 3, r->from.b, addr_words(&r->from) * sizeof(*to));
	return 3 + addr_words(&r->from);
}

/* The usual SYN-ACK: it acknowledges the SYN alone, and came soon after it in the file. */
static bool is_usual(const struct entry *e, const struct note *n)
{
	uint64_t first = e->packet;

	return n->reply.ack == e->isn + 1 && n->reply.packet >= first && n->reply.packet - first <= PACKETS_AFTER_MAX;
}

static unsigned int encode(const struct entry *e, const struct note *n, uint64_t *to)
{
	struct note as = *n;

	if (n->kind == NOTE_SYN_ACK && !is_usual(e, n)) {
		as.kind = NOTE_REPLY;
		as.reply.from.family = 0; /* the server's */
	}
	to[0] = head_word(&as);
	switch (as.kind) {
	case NOTE_SYN_ACK:
		to[1] = (uint64_t)n->reply.seq << 32 | (uint64_t)n->reply.ttl << 24 | (n->reply.packet - e->packet);
		return 2;
	case NOTE_REPLY:
		return 1 + encode_reply(&as.reply, to + 1);
	case NOTE_RESET:
	case NOTE_SYN_LEN:
	case NOTE_FIRST_TSVAL:
	case NOTE_ECHO:
		to[1] = n->value;
		return 2;
	default:
		return 1;
	}
}

static struct chunk *chunk_at(const struct handshakes *h, uint32_t i)
{
	return pool_at(&h->chunks, i);
}

/* The last chunk with room for n words in it and, if need be, in an empty one after it; 0: there is no memory. */
static uint32_t chunk_with_room(struct handshakes *h, struct entry *e, unsigned int n)
{
	uint32_t last = e->notes, i;

	while (last && chunk_at(h, last)->next_used >> 3)
		last = chunk_at(h, last)->next_used >> 3;
	if (last && CHUNK_WORDS - (chunk_at(h, last)->next_used & 7) >= n)
		return last;
	i = pool_take(h, &h->chunks);
	if (!i)
		return 0;
	chunk_at(h, i)->next_used = chunk_at(h, i)->syns_more = 0;
	if (!last) {
		e->notes = i;
		return i;
	}
	chunk_at(h, last)->next_used |= i << 3;
	return last;
}

bool notes_add(struct handshakes *h, struct entry *e, const struct note *n)
{
	uint64_t words[8];
	unsigned int i, n_words = encode(e, n, words);
	uint32_t at = chunk_with_room(h, e, n_words);
	struct chunk *c;

	if (!at) {
		h->counts.notes_lost++;
		return false;
	}
	for (i = 0; i < n_words; i++) {
		c = chunk_at(h, at);
		if ((c->next_used & 7) == CHUNK_WORDS) {
			at = c->next_used >> 3;
			c = chunk_at(h, at);
		}
		c->words[c->next_used++ & 7] = words[i];
	}
	return true;
}

void notes_free(struct handshakes *h, struct entry *e)
{
	uint32_t i, next;

	for (i = e->notes; i; i = next) {
		next = chunk_at(h, i)->next_used >> 3;
		pool_give_back(&h->chunks, i);
	}
	e->notes = 0;
}

void notes_first(struct notes_iter *it, const struct handshakes *h, const struct entry *e)
{
	*it = (struct notes_iter){ .h = h, .e = e, .chunk = e->notes };
}

static bool next_word(struct notes_iter *it, uint64_t *ret)
{
	const struct chunk *c;

	while (it->chunk) {
		c = chunk_at(it->h, it->chunk);
		if (it->word < (c->next_used & 7)) {
			*ret = c->words[it->word++];
			return true;
		}
		it->chunk = c->next_used >> 3;
		it->word = 0;
	}
	return false;
}

static bool decode_reply(struct notes_iter *it, struct reply *r)
{
	uint64_t w[3];
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (!next_word(it, &w[i]))
			return false;
	memset(r, 0, sizeof(*r));
	r->packet = w[0];
	r->kind = (enum reply_kind)(w[1] & 0xff);
	r->ttl = (uint8_t)(w[1] >> 8);
	r->icmp_family = (uint8_t)(w[1] >> 16);
	r->icmp_type = (uint8_t)(w[1] >> 24);
	r->icmp_code = (uint8_t)(w[1] >> 32);
	r->from.family = (uint8_t)(w[1] >> 40);
	r->seq = (uint32_t)(w[2] >> 32);
	r->ack = (uint32_t)w[2];
	for (i = 0; i < addr_words(&r->from); i++) {
		if (!next_word(it, &w[0]))
			return false;
		memcpy(r->from.b + i * sizeof(w[0]), &w[0], sizeof(w[0]));
	}
	return true;
}

static bool decode_rest(struct notes_iter *it, struct note *n)
{
	struct reply *r = &n->reply;
	uint64_t w;

	switch (n->kind) {
	case NOTE_SYN_ACK:
		if (!next_word(it, &w))
			return false;
		*r = (struct reply){ .kind = REPLY_SYN_ACK,
				     .seq = (uint32_t)(w >> 32),
				     .ttl = (uint8_t)(w >> 24),
				     .ack = it->e->isn + 1,
				     .packet = it->e->packet + (w & PACKETS_AFTER_MAX) };
		it->last_syn_ack = *r;
		return true;
	case NOTE_SYN_ACK_AGAIN:
		*r = it->last_syn_ack;
		r->packet = 0;
		return true;
	case NOTE_REPLY:
		if (!decode_reply(it, r))
			return false;
		if (r->kind == REPLY_SYN_ACK)
			it->last_syn_ack = *r;
		return true;
	case NOTE_RESET:
	case NOTE_SYN_LEN:
	case NOTE_FIRST_TSVAL:
	case NOTE_ECHO:
		if (!next_word(it, &w))
			return false;
		n->value = (uint32_t)w;
		return true;
	default:
		return true;
	}
}

/* It is noted before its SYN-ACK. */
static void take_echo(struct notes_iter *it, struct note *n)
{
	if (n->kind == NOTE_ECHO) {
		it->has_echo = true;
		it->echo = n->value;
	} else if (n->reply.kind == REPLY_SYN_ACK) {
		n->reply.has_echo = it->has_echo;
		n->reply.echo = it->echo;
		it->has_echo = false;
	}
}

bool notes_next(struct notes_iter *it, struct note *ret)
{
	uint64_t w;

	if (!next_word(it, &w))
		return false;
	ret->value = 0;
	ret->reply.kind = REPLY_NONE; /* the rest of it is filled where it is one */
	ret->kind = (enum note_kind)(w >> 60);
	ret->ignored = (enum ignored)(w >> 56 & 15);
	ret->mark = (uint8_t)(w >> TIME_BITS);
	ret->t_ns = (int64_t)(w << (64 - TIME_BITS)) >> (64 - TIME_BITS);
	if (!decode_rest(it, ret))
		return false;
	take_echo(it, ret);
	ret->reply.ignored = ret->ignored;
	ret->reply.t_ns = it->e->start_ns + ret->t_ns;
	return true;
}

static void set_ignored(const struct handshakes *h, uint32_t chunk, unsigned int word, enum ignored ignored)
{
	uint64_t *w = &chunk_at(h, chunk)->words[word];

	*w = (*w & ~(UINT64_C(15) << 56)) | (uint64_t)ignored << 56;
}

void notes_change_syn_acks(struct handshakes *h, struct entry *e, enum ignored from, enum ignored to)
{
	struct notes_iter it, before;
	struct note n;

	notes_first(&it, h, e);
	for (before = it; notes_next(&it, &n); before = it) {
		if (n.reply.kind != REPLY_SYN_ACK || n.ignored != from)
			continue;
		/* the iterator may have stood at the end of the chunk before */
		if (before.word >= (chunk_at(h, before.chunk)->next_used & 7)) {
			before.chunk = chunk_at(h, before.chunk)->next_used >> 3;
			before.word = 0;
		}
		set_ignored(h, before.chunk, before.word, to);
	}
}
