/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "sources/rulecounts_list.h"
#include "sources/rules_fit.h"
#include "sources/rules_list.h"

/* An input is a letter, n for nft's listing and s for iptables-save's, and that listing. */
#define ROOM 65536

static void listed(const struct rules_listed *l, void *user)
{
	static char once[ROOM], twice[ROOM];
	struct rule_hit h = { .maker = RULE_NFT };

	MUST(strlen(l->family) < sizeof(h.family) && l->table[0] && (l->counter || l->chain[0]));
	rules_list_text(l->text, once, sizeof(once));
	rules_list_text(once, twice, sizeof(twice));
	MUST(strlen(once) <= strlen(l->text) && strlen(twice) <= strlen(once));
	++*(int *)user;
}

/* Each is found again, and no other in its stead. */
static void check(struct rulecounts_list *l)
{
	struct rules_case k = { .way = RULES_WAY_IN, .device = RULES_DEVICE_LO, .answer = RULE_ANSWER_ANY };

	MUST(!endpoint_parse("10.0.0.7:40000", &k.src) && !endpoint_parse("10.0.0.2:7001", &k.dst));
	MUST(!rulecounts_list_sort(l));
	for (size_t i = 0; i < l->n; i++) {
		MUST(rulecounts_list_find(l, &l->items[i]) == &l->items[i]);
		if (l->items[i].policy)
			continue;
		/* without its text it fits as well, or better */
		if (rules_fit(&l->items[i], &k)) {
			struct rulecount bare = l->items[i];

			bare.text = NULL;
			MUST(rules_fit(&bare, &k));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rulecounts_list l = { 0 };
	struct rule_hit h = { .handle = 2, .family = "ip", .table = "fw", .chain = "in" };
	char *text;
	int n = 0;

	if (size < 1 || size > ROOM)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	MUST(text);
	if (data[0] == 'n') {
		MUST(!rules_list_parse(text, listed, &n));
		MUST(!rules_list_find(text, NULL, &h));
		MUST(!rulecounts_from_nft(text, &l) && l.n <= (size_t)n);
	} else {
		MUST(!rulecounts_from_save(text, "ip", &l));
	}
	check(&l);
	rulecounts_list_fini(&l);
	free(text);
	return 0;
}
