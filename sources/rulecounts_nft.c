/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sources/rulecounts_list.h"
#include "sources/rules_list.h"

/*
 * The text, and not nft's JSON: nft 1.0.6 breaks off in the midst of it when a
 * table has the flag owner, as those of firewalld and of sources/nftrace.h do.
 */
struct reading {
	struct rulecounts_list *to;
	struct rulecounts_list named; /* counters that have a name, in their chains' stead */
	int r;
};

static bool begins_with_packets(const char *text)
{
	return !strncmp(text, "packets ", strlen("packets "));
}

static char *borrow(const char *text)
{
	return *text ? (char *)(uintptr_t)text : NULL;
}

/* "packets N" */
static uint64_t value(const char *text)
{
	return begins_with_packets(text) ? strtoull(text + strlen("packets "), NULL, 10) : 0;
}

static void note_counter(struct reading *rd, const struct rules_listed *l)
{
	struct rulecount c = { .family = borrow(l->family), .table = borrow(l->table), .chain = borrow(l->counter) };

	c.packets = value(l->text);
	rd->r = rulecounts_list_add(&rd->named, &c);
}

static const char *quoted_name(const char *at, char *to, size_t len)
{
	at += *at == '"';
	snprintf(to, len, "%.*s", (int)strcspn(at, "\" "), at);
	return to;
}

static bool named_counter(const struct reading *rd, const struct rules_listed *l, const char *at, uint64_t *ret)
{
	char name[RULE_NAME_LEN];

	quoted_name(at, name, sizeof(name));
	for (size_t i = 0; i < rd->named.n; i++) {
		const struct rulecount *c = &rd->named.items[i];

		if (!strcmp(c->chain, name) && !strcmp(c->table, l->table) && !strcmp(c->family, l->family)) {
			*ret = c->packets;
			return true;
		}
	}
	return false;
}

/* False: it has none. */
static bool counter_of(const struct reading *rd, const struct rules_listed *l, uint64_t *ret)
{
	static const char word[] = "counter ", name[] = "name ";
	const char *at = l->text;

	while ((at = strstr(at, word))) {
		bool whole = at == l->text || at[-1] == ' ';

		at += strlen(word);
		if (whole && begins_with_packets(at)) {
			*ret = value(at);
			return true;
		}
		if (whole && !strncmp(at, name, strlen(name)) && named_counter(rd, l, at + strlen(name), ret))
			return true;
	}
	return false;
}

/* nft(8), "REJECT STATEMENT": an ICMP error, if nothing else is said.  What iptables-nft's target does is not printed.
 */
static enum rule_answer answer(const char *text)
{
	if (!rules_list_has(text, "reject"))
		return rules_list_has(text, "drop") ? RULE_ANSWER_NONE : RULE_ANSWER_ANY;
	return strstr(text, "reject with tcp reset") ? RULE_ANSWER_RST : RULE_ANSWER_ICMP;
}

static bool translates(const char *text)
{
	return rules_list_has(text, "dnat") || rules_list_has(text, "redirect") || strstr(text, "xt target \"DNAT\"") ||
	       strstr(text, "xt target \"REDIRECT\"");
}

static void add(struct reading *rd, const struct rules_listed *l, struct rulecount *c)
{
	c->maker = RULE_NFT;
	c->family = borrow(l->family);
	c->table = borrow(l->table);
	c->chain = borrow(l->chain);
	c->hook = borrow(l->hook);
	c->comment = borrow(l->comment);
	rd->r = rulecounts_list_add(rd->to, c);
}

static void take_rule(struct reading *rd, const struct rules_listed *l)
{
	struct rulecount c = { .handle = l->handle };
	bool drop = rules_list_has(l->text, "drop");
	size_t len = strlen(l->text) + 1;

	rd->to->translates |= translates(l->text);
	c.reject = !drop && rules_list_rejects(l->text);
	if (!drop && !c.reject)
		return;
	c.uncounted = !counter_of(rd, l, &c.packets);
	c.answer = answer(l->text);
	c.text = malloc(len);
	if (!c.text) {
		rd->r = -ENOMEM;
		return;
	}
	rules_list_text(l->text, c.text, len);
	add(rd, l, &c);
	free(c.text);
}

/* Policies do not count. */
static void take_base_chain(struct reading *rd, const struct rules_listed *l)
{
	struct rulecount c = { .policy = true, .uncounted = true };

	if (strstr(l->text, "policy drop;"))
		add(rd, l, &c);
}

static void listed(const struct rules_listed *l, void *user)
{
	struct reading *rd = user;

	if (rd->r)
		return;
	if (l->counter)
		note_counter(rd, l);
	else if (l->handle)
		take_rule(rd, l);
	else
		take_base_chain(rd, l);
}

int rulecounts_from_nft(const char *listing, struct rulecounts_list *to)
{
	struct reading rd = { .to = to };
	int r = rules_list_parse(listing, listed, &rd);

	rulecounts_list_fini(&rd.named);
	return r ? r : rd.r;
}
