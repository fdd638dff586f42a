/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_hits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"

#define HITS 4096
#define RULES_SHOWN 3 /* of one place */

struct hit {
	struct endpoint src, dst;
	uint32_t seq, ack;
	uint32_t netns;
	bool output, reject;
	char text[WATCH_RULE_LEN];
};

struct watch_hits {
	uint64_t n; /* all that were added */
	struct hit hits[HITS];
};

struct watch_hits *watch_hits_new(void)
{
	return calloc(1, sizeof(struct watch_hits));
}

void watch_hits_free(struct watch_hits *w)
{
	free(w);
}

void watch_hits_put(const char *text, char to[WATCH_RULE_LEN])
{
	if ((size_t)snprintf(to, WATCH_RULE_LEN, "%s", text) >= WATCH_RULE_LEN)
		memcpy(to + WATCH_RULE_LEN - 4, "...", 4);
}

void watch_hits_add(struct watch_hits *w, uint32_t netns, const struct rule_hit *h)
{
	struct hit *to = &w->hits[w->n++ % HITS];
	struct buf b = { 0 };

	to->src = h->packet.src;
	to->dst = h->packet.dst;
	to->seq = h->packet.seq;
	to->ack = h->packet.ack;
	to->netns = netns;
	to->reject = h->reject;
	to->output = !strcmp(h->hook, "output") || !strcmp(h->hook, "postrouting");
	rule_format(h, &b);
	watch_hits_put(buf_text(&b), to->text);
	buf_fini(&b);
}

static bool is_of(const struct hit *h, const struct attempt *a, bool reply)
{
	const struct endpoint *src = reply ? &a->flow.server : &a->flow.client,
			      *dst = reply ? &a->flow.client : &a->flow.server;

	return a->has_isn && (reply ? h->ack == a->isn + 1 : h->seq == a->isn) && endpoint_equal(&h->src, src) &&
	       endpoint_equal(&h->dst, dst);
}

/* The next one in time, from *at on, which is moved; NULL: there is none. */
static const struct hit *next_hit(const struct watch_hits *w, const struct attempt *a, bool reply, uint64_t *at)
{
	if (w->n > HITS && *at < w->n - HITS)
		*at = w->n - HITS;
	while (*at < w->n) {
		const struct hit *h = &w->hits[(*at)++ % HITS];

		if (is_of(h, a, reply))
			return h;
	}
	return NULL;
}

/* The text of one may be missing: it could not be listed just then. */
static bool is_same_rule(const struct hit *a, const struct hit *b)
{
	size_t n = strlen(a->text), m = strlen(b->text), len = n < m ? n : m;

	return !memcmp(a->text, b->text, len) && (n == m || (n > m ? a : b)->text[len] == ':');
}

/* A limit lets the next one pass, to another rule. */
bool watch_hits_name(const struct watch_hits *w, const struct attempt *a, struct drop *d)
{
	const struct hit *h, *rules[RULES_SHOWN];
	struct buf text = { 0 };
	uint64_t at = 0;
	int n = 0, i;

	while ((h = next_hit(w, a, d->reply, &at)) != NULL) {
		if (h->netns != d->netns)
			continue;
		for (i = 0; i < n && !is_same_rule(rules[i], h); i++)
			;
		if (i < n && strlen(h->text) > strlen(rules[i]->text))
			rules[i] = h;
		else if (i == n && n < RULES_SHOWN)
			rules[n++] = h;
	}
	for (i = 0; i < n; i++)
		buf_fmt(&text, "%s%s", i ? "; and " : "", rules[i]->text);
	if (n) {
		watch_hits_put(buf_text(&text), d->rule);
		d->rule_by = RULE_BY_TRACE;
	}
	buf_fini(&text);
	return n > 0;
}

bool watch_hits_reject(const struct watch_hits *w, const struct attempt *a, struct drop *ret)
{
	const struct hit *h, *first = NULL;
	uint64_t at = 0, n = 0;

	while ((h = next_hit(w, a, false, &at)) != NULL) {
		if (!h->reject || (first && h->netns != first->netns))
			continue;
		first = first ? first : h;
		n++;
	}
	if (!first)
		return false;
	*ret = (struct drop){ .place = a->netns && first->netns != a->netns ? DROP_PATH_OR_PEER
				       : first->output			    ? DROP_LOCAL_OUTPUT
									    : DROP_LOCAL_INPUT,
			      .packets = n,
			      .netns = first->netns };
	snprintf(ret->reason, sizeof(ret->reason), "NETFILTER_DROP");
	return true;
}
