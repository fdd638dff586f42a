/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "sources/rulecounts_list.h"

struct ruleset {
	const json_t *items;
	json_t *hooks;	  /* of base chains, by what place() makes of their names */
	json_t *counters; /* packets of counters that have a name */
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static uint64_t number_of(const json_t *object, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(object, key));

	return v > 0 ? (uint64_t)v : 0;
}

/* One text for a thing within a table.  A name holds no newline, or two things may be taken for one. */
static const char *place(const json_t *of, const char *name, char *to, size_t len)
{
	snprintf(to, len, "%s\n%s\n%s", text_of(of, "family"), text_of(of, "table"), name);
	return to;
}

#define PLACE_LEN (3 * RULE_NAME_LEN)

static int note_things(struct ruleset *r, struct rulecounts_list *to)
{
	char key[PLACE_LEN];
	int failed = 0;
	size_t i;

	for (i = 0; i < json_array_size(r->items); i++) {
		const json_t *item = json_array_get(r->items, i), *chain = json_object_get(item, "chain"),
			     *counter = json_object_get(item, "counter"), *hook = json_object_get(chain, "hook");

		if (json_is_string(hook))
			failed |= json_object_set_new_nocheck(r->hooks,
							      place(chain, text_of(chain, "name"), key, sizeof(key)),
							      json_string_nocheck(json_string_value(hook)));
		if (json_is_string(hook) && !strcmp(text_of(chain, "policy"), "drop"))
			to->blind_policies++;
		if (counter)
			failed |= json_object_set_new_nocheck(
				r->counters, place(counter, text_of(counter, "name"), key, sizeof(key)),
				json_integer((json_int_t)number_of(counter, "packets")));
	}
	return failed ? -ENOMEM : 0;
}

struct found {
	bool drop, reject, counter;
	uint64_t packets;
};

/* A verdict may stand in a map, so all that is within is looked at.  jansson bounds the depth. */
static void look_for_verdicts(const json_t *j, struct found *f)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_array(j)) {
		for (i = 0; i < json_array_size(j); i++)
			look_for_verdicts(json_array_get(j, i), f);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)j, key, value)
	{
		if (!strcmp(key, "drop"))
			f->drop = true;
		else if (!strcmp(key, "reject"))
			f->reject = true;
		else if (!strcmp(key, "xt") && !strcmp(text_of(value, "name"), "REJECT"))
			f->reject = true;
		else
			look_for_verdicts(value, f);
	}
}

static void look_for_counter(const struct ruleset *r, const json_t *rule, struct found *f)
{
	const json_t *exprs = json_object_get(rule, "expr");
	char key[PLACE_LEN];
	size_t i;

	for (i = 0; i < json_array_size(exprs); i++) {
		const json_t *c = json_object_get(json_array_get(exprs, i), "counter");

		if (!c)
			continue;
		f->counter = true;
		if (json_is_string(c))
			f->packets = (uint64_t)json_integer_value(
				json_object_get(r->counters, place(rule, json_string_value(c), key, sizeof(key))));
		else
			f->packets = number_of(c, "packets");
	}
}

static char *text_field(const json_t *object, const char *key)
{
	return (char *)(uintptr_t)json_string_value(json_object_get(object, key));
}

static int take_rule(const struct ruleset *r, const json_t *rule, struct rulecounts_list *to)
{
	struct rulecount c = { .maker = RULE_NFT };
	struct found f = { 0 };
	char key[PLACE_LEN];

	look_for_verdicts(json_object_get(rule, "expr"), &f);
	if (!f.drop && !f.reject)
		return 0;
	look_for_counter(r, rule, &f);
	if (!f.counter) {
		to->blind_rules++;
		return 0;
	}
	c.family = text_field(rule, "family");
	c.table = text_field(rule, "table");
	c.chain = text_field(rule, "chain");
	c.comment = text_field(rule, "comment");
	c.hook = text_field(r->hooks, place(rule, text_of(rule, "chain"), key, sizeof(key)));
	c.handle = number_of(rule, "handle");
	c.packets = f.packets;
	c.reject = f.reject && !f.drop;
	return rulecounts_list_add(to, &c);
}

int rulecounts_from_nft(const char *json, struct rulecounts_list *to, struct err *e)
{
	json_error_t why;
	json_t *root = json_loads(json, 0, &why);
	struct ruleset set = { json_object_get(root, "nftables"), json_object(), json_object() };
	int r = -EPROTO;
	size_t i;

	if (!json_is_array(set.items)) {
		err_set(e, EPROTO, "nft printed something else than its JSON%s%s", root ? "" : ": ",
			root ? "" : why.text);
		goto out;
	}
	r = set.hooks && set.counters ? note_things(&set, to) : -ENOMEM;
	for (i = 0; i < json_array_size(set.items) && !r; i++) {
		const json_t *rule = json_object_get(json_array_get(set.items, i), "rule");

		if (rule)
			r = take_rule(&set, rule, to);
	}
	if (r)
		err_sys(e, -r, "cannot read nft's rules");
out:
	json_decref(set.hooks);
	json_decref(set.counters);
	json_decref(root);
	return r;
}
