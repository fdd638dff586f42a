/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  Both sides' attempts are sorted by what is compared, all
 * of it at first, then less and less, and those that agree are paired in order of
 * time, if the clocks as they are known by then allow it.  The ISN goes first,
 * since nothing but a firewall that means to changes it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/flow_hash.h"
#include "core/pairing_inside.h"

#define S_NS ((int64_t)1000000000)
#define SLACK_NS (3 * S_NS)	   /* of what a packet takes */
#define MORE_THAN_CHANCE 20	   /* times as many as chance makes are none of its making */
#define MARKS_MAX 8		   /* SYNs of an attempt that are looked at */
#define SLACK_LEAST_NS (S_NS / 10) /* where others look the same */
#define SLACK_NEAR_NS S_NS	   /* where little but time tells */

struct fields {
	uint64_t word[6];
};

static void fields_of(const struct pairing_side *side, const struct side_attempt *a, unsigned int which, uint32_t mark,
		      struct fields *ret)
{
	struct flow f;

	memset(ret, 0, sizeof(*ret));
	side_flow(side, a, &f);
	if (which & FIELD_CLIENT_ADDR)
		memcpy(&ret->word[0], f.client.addr.b, 16);
	if (which & FIELD_SERVER_ADDR)
		memcpy(&ret->word[2], f.server.addr.b, 16);
	if (which & FIELD_CLIENT_PORT)
		ret->word[4] |= f.client.port;
	if (which & FIELD_SERVER_PORT)
		ret->word[4] |= (uint64_t)f.server.port << 16;
	if (which & FIELD_ISN)
		ret->word[4] |= (uint64_t)a->isn << 32;
	ret->word[5] = mark;
}

static uint64_t key_of(const struct fields *f, uint64_t seed)
{
	uint64_t key = seed;
	size_t i;

	for (i = 0; i < sizeof(f->word) / sizeof(f->word[0]); i++)
		key = flow_hash_mix(key ^ f->word[i], i % 2 ? FLOW_HASH_K1 : FLOW_HASH_K2) + i;
	return key;
}

unsigned int pairing_common(const struct pairing *p, uint32_t c, uint32_t s)
{
	const struct side_attempt *a = side_attempt(p->client, c), *b = side_attempt(p->server, s);
	struct flow at_client, at_server;
	unsigned int common = 0;

	side_flow(p->client, a, &at_client);
	side_flow(p->server, b, &at_server);
	common |= a->isn == b->isn ? FIELD_ISN : 0;
	common |= addr_equal(&at_client.client.addr, &at_server.client.addr) ? FIELD_CLIENT_ADDR : 0;
	common |= addr_equal(&at_client.server.addr, &at_server.server.addr) ? FIELD_SERVER_ADDR : 0;
	common |= a->sport == b->sport ? FIELD_CLIENT_PORT : 0;
	common |= a->dport == b->dport ? FIELD_SERVER_PORT : 0;
	return common;
}

static int by_key(const void *a, const void *b)
{
	const struct group_item *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->t_ns != y->t_ns)
		return x->t_ns < y->t_ns ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

static size_t n_alone(const struct pairing_side *side)
{
	size_t n = 0;
	uint32_t i;

	for (i = 1; i < side->attempts.n; i++)
		n += !side_attempt(side, i)->partner;
	return n;
}

struct items {
	struct group_item *item;
	size_t n;
};

static void put(const struct pairing *p, const struct pairing_side *side, uint32_t i, unsigned int which, uint32_t mark,
		struct items *to)
{
	const struct side_attempt *a = side_attempt(side, i);
	struct fields f;

	fields_of(side, a, which, mark, &f);
	to->item[to->n++] = (struct group_item){ key_of(&f, p->seed), side_start_ns(side, a), i };
}

/* One for each of its SYNs that has a mark. */
static void put_marks(const struct pairing *p, const struct pairing_side *side, uint32_t i, unsigned int which,
		      struct items *to)
{
	const struct side_packet *syns[PAIRING_PACKETS_MAX];
	int n = side_list(side, side_attempt(side, i), PAIRING_SYN, syns), k;

	for (k = 0; k < n && k < MARKS_MAX; k++)
		if (syns[k]->mark)
			put(p, side, i, which, syns[k]->mark, to);
}

/* Those without a partner, sorted; false when there is no memory. */
static bool collect(const struct pairing *p, const struct pairing_side *side, unsigned int which, struct items *ret)
{
	size_t each = which & FIELD_MARK ? MARKS_MAX : 1;
	uint32_t i;

	ret->item = malloc((n_alone(side) * each + 1) * sizeof(*ret->item));
	ret->n = 0;
	if (!ret->item)
		return false;
	for (i = 1; i < side->attempts.n; i++) {
		if (side_attempt(side, i)->partner || !side_attempt(side, i)->first)
			continue;
		if (which & FIELD_MARK)
			put_marks(p, side, i, which, ret);
		else
			put(p, side, i, which, 0, ret);
	}
	qsort(ret->item, ret->n, sizeof(*ret->item), by_key);
	return true;
}

static size_t group_end(const struct items *items, size_t i)
{
	size_t end = i;

	while (end < items->n && items->item[end].key == items->item[i].key)
		end++;
	return end;
}

bool pairing_groups(struct pairing *p, unsigned int fields, group_fn *fn, void *user)
{
	struct items c = { 0 }, s = { 0 };
	size_t i = 0, k = 0, end_i, end_k;
	bool done;

	if (!n_alone(p->client) || !n_alone(p->server))
		return true;
	done = collect(p, p->client, fields, &c) && collect(p, p->server, fields, &s);
	while (done && i < c.n && k < s.n) {
		if (c.item[i].key != s.item[k].key) {
			if (c.item[i].key < s.item[k].key)
				i++;
			else
				k++;
			continue;
		}
		end_i = group_end(&c, i);
		end_k = group_end(&s, k);
		fn(p, c.item + i, end_i - i, s.item + k, end_k - k, user);
		i = end_i;
		k = end_k;
	}
	free(c.item);
	free(s.item);
	return done;
}

/* Which fields a pass compares. */
struct pass {
	unsigned int fields;
	enum pairing_how how;
	bool lone;     /* only where no other has the same */
	bool weak;     /* by chance others have the same: only where marks tell that it is the same packet */
	bool counting; /* only to see how many there are */
	uint64_t n;
};

static void pair_up(struct pairing *p, uint32_t c, uint32_t s, enum pairing_how how)
{
	side_attempt(p->client, c)->partner = s;
	side_attempt(p->server, s)->partner = c;
	side_attempt(p->client, c)->how = (uint8_t)how;
}

/* When its handshake's last packet was captured. */
static int64_t end_ns(const struct pairing_side *side, const struct side_attempt *a)
{
	int64_t end = side_start_ns(side, a);
	uint32_t i;

	for (i = a->first; i; i = side_packet(side, i)->next)
		if (!(side_packet(side, i)->flags & PACKET_LATE) && side_packet(side, i)->t_ns > end)
			end = side_packet(side, i)->t_ns;
	return end;
}

/* <0: the client's is over before the server's begins, >0: the other way round; by the clocks as they are known. */
static int order_of(const struct pairing *p, uint32_t c, uint32_t s, int64_t slack_ns)
{
	const struct side_attempt *a = side_attempt(p->client, c), *b = side_attempt(p->server, s);
	int64_t start = pairing_clock_to_client(&p->clock, side_start_ns(p->server, b));
	int64_t end = pairing_clock_to_client(&p->clock, end_ns(p->server, b));

	slack_ns += p->clock.uncertainty_ns;
	if (end_ns(p->client, a) + slack_ns < start)
		return -1;
	return end + slack_ns < side_start_ns(p->client, a);
}

/* Equal keys are equal fields but for a chance in 2^64, and what somebody makes of it who knows the seed. */
static bool agrees(const struct pairing *p, uint32_t c, uint32_t s, unsigned int fields)
{
	return (pairing_common(p, c, s) & fields & FIELDS_ALL) == (fields & FIELDS_ALL);
}

static bool has_same_mark(const struct pairing *p, uint32_t c, uint32_t s)
{
	struct packet_match m;

	pairing_packets(p, c, s, PAIRING_SYN, NULL, &m);
	return m.by_mark;
}

static void pair_group(struct pairing *p, const struct group_item *c, size_t n, const struct group_item *s, size_t m,
		       void *user)
{
	struct pass *pass = user;
	bool exact = pass->how == PAIRED_EXACT;
	int64_t slack = n > 1 || m > 1 ? SLACK_LEAST_NS : exact || pass->how == PAIRED_ISN ? SLACK_NS : SLACK_NEAR_NS;
	size_t i = 0, k = 0;
	int order;

	if (!pairing_clock_known(p) || (pass->lone && (n > 1 || m > 1)))
		return;
	while (i < n && k < m) {
		if (side_attempt(p->client, c[i].i)->partner || side_attempt(p->server, s[k].i)->partner)
			return; /* by another of its SYNs */
		order = exact && n == 1 && m == 1 ? 0 : order_of(p, c[i].i, s[k].i, slack);
		if (!order && agrees(p, c[i].i, s[k].i, pass->fields) &&
		    (!pass->weak || pass->counting || has_same_mark(p, c[i].i, s[k].i))) {
			pass->n++;
			if (!pass->counting)
				pair_up(p, c[i].i, s[k].i, pass->how);
		}
		i += order <= 0;
		k += order >= 0;
	}
}

/*
 * ISNs have 32 bits, so that among very many attempts without a partner some are
 * the same by chance, at about the same time.  False when there is no memory.
 */
static bool weigh(struct pairing *p, struct pass *pass)
{
	uint64_t pairs = (uint64_t)n_alone(p->client) * n_alone(p->server);
	int64_t span = p->client->span.last_ns - p->client->span.first_ns;
	uint64_t chance; /* how many, about, in 1/100 */

	if (pass->fields & (FIELD_CLIENT_ADDR | FIELD_SERVER_ADDR | FIELD_MARK) || !(pass->fields & FIELD_ISN))
		return true;
	chance = (pairs >> 16) * 100 >> 16;
	if (span > 2 * SLACK_NS)
		chance = chance / (uint64_t)(span / (2 * SLACK_NS));
	if (!chance)
		return true;
	pass->weak = pass->counting = true;
	if (!pairing_groups(p, pass->fields, pair_group, pass))
		return false;
	pass->weak = pass->n * 100 < MORE_THAN_CHANCE * chance;
	pass->counting = false;
	return true;
}

bool pairing_match(struct pairing *p)
{
	static const struct pass passes[] = {
		{ FIELDS_ALL, PAIRED_EXACT },
		{ FIELD_ISN | FIELD_MARK, PAIRED_ISN, .lone = true },
		{ FIELDS_ALL & ~(unsigned int)FIELD_SERVER_ADDR, PAIRED_ISN },
		{ FIELD_ISN | FIELDS_CLIENT, PAIRED_ISN },
		{ FIELDS_ALL & ~(unsigned int)FIELD_CLIENT_ADDR, PAIRED_ISN },
		{ FIELD_ISN | FIELDS_SERVER, PAIRED_ISN },
		{ FIELD_ISN | FIELD_CLIENT_PORT | FIELD_SERVER_PORT, PAIRED_ISN },
		{ FIELD_ISN | FIELD_SERVER_PORT, PAIRED_ISN },
		{ FIELD_ISN, PAIRED_ISN },
		{ FIELDS_CLIENT | FIELDS_SERVER, PAIRED_TUPLE },
		{ FIELD_MARK | FIELD_SERVER_PORT, PAIRED_MARK, .lone = true },
	};
	size_t i;

	for (i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
		struct pass pass = passes[i];

		if (!weigh(p, &pass) || !pairing_groups(p, pass.fields, pair_group, &pass))
			return false;
	}
	return true;
}
