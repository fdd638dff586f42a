/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/rulebook.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sources/fwtool.h"
#include "sources/netns.h"
#include "sources/nfsock.h"
#include "sources/rules_list.h"
#include "util/duration.h"

#define KNOWN_MAX 32 /* rules that were found already; in a flood it is the same few */

struct known {
	char base[RULE_NAME_LEN];
	struct rule_hit h;
};

struct rulebook {
	int netns, socket;
	bool listed;
	int r; /* the listing's */
	struct err why;
	uint32_t generation;
	int64_t listed_ns;
	char *text;
	int n_known, oldest;
	struct known known[KNOWN_MAX];
};

struct rulebook *rulebook_new(int netns, int socket)
{
	struct rulebook *b = calloc(1, sizeof(*b));

	if (b)
		*b = (struct rulebook){ .netns = netns, .socket = socket };
	return b;
}

void rulebook_free(struct rulebook *b)
{
	if (b)
		free(b->text);
	free(b);
}

/* -s: no counters' values; -t: no elements of sets that have names. */
static int list(void *arg)
{
	static const char *const argv[] = { "nft", "-a", "-s", "-t", "list", "ruleset", NULL };
	const struct fwtool nft = { .argv = argv, .package = "nftables" };
	struct rulebook *b = arg;
	struct spawn_result res;
	int r = fwtool_run(&nft, &res, &b->why);

	if (!r) {
		b->text = res.out.data;
		res.out = (struct buf){ 0 };
	}
	spawn_result_fini(&res);
	return r;
}

static void list_anew(struct rulebook *b, uint32_t generation, int64_t now_ns)
{
	free(b->text);
	b->text = NULL;
	b->n_known = b->oldest = 0;
	memset(&b->why, 0, sizeof(b->why));
	b->r = netns_call(b->netns, list, b, &b->why);
	b->listed = true;
	b->generation = generation;
	b->listed_ns = now_ns;
}

static bool same(const struct known *k, const char *base, const struct rule_hit *h)
{
	return k->h.handle == h->handle && k->h.policy == h->policy && !strcmp(k->h.chain, h->chain) &&
	       !strcmp(k->h.table, h->table) && !strcmp(k->h.family, h->family) && !strcmp(k->base, base);
}

static void fill(const struct rule_hit *from, struct rule_hit *to)
{
	to->reject = from->reject;
	memcpy(to->hook, from->hook, sizeof(to->hook));
	memcpy(to->text, from->text, sizeof(to->text));
	memcpy(to->comment, from->comment, sizeof(to->comment));
}

static int look_up(struct rulebook *b, const char *base, struct rule_hit *h)
{
	struct known *k;
	int i;

	for (i = 0; i < b->n_known; i++) {
		if (same(&b->known[i], base, h)) {
			fill(&b->known[i].h, h);
			return 0;
		}
	}
	if (rules_list_find(b->text ? b->text : "", base, h))
		return -ENOMEM;
	if (h->handle && !h->comment[0])
		nfsock_comment(b->socket, h, h->comment, sizeof(h->comment));
	k = &b->known[b->n_known < KNOWN_MAX ? b->n_known++ : b->oldest++ % KNOWN_MAX];
	b->oldest %= KNOWN_MAX;
	k->h = *h;
	snprintf(k->base, sizeof(k->base), "%s", base);
	return 0;
}

int rulebook_find(struct rulebook *b, uint32_t generation, int64_t now_ns, const char *base, struct rule_hit *h,
		  struct err *e)
{
	if (!b->listed || b->generation != generation) {
		if (b->listed && now_ns - b->listed_ns < NS_PER_S)
			return 0;
		list_anew(b, generation, now_ns);
	}
	if (b->r) {
		if (e)
			*e = b->why;
		return b->r;
	}
	return look_up(b, base ? base : h->chain, h);
}
