/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/names_inside.h"

/* Of two rules that fit the one with the longer name is closer, and the name itself is closest. */
const struct names_rule *names_rule_for(const struct names *n, const char *canonical)
{
	const struct names_rule *best = NULL;
	size_t len = strlen(canonical), own;
	int i;

	for (i = 0; i < n->n_rules; i++) {
		const struct names_rule *r = &n->rules[i];

		own = strlen(r->name);
		if (!r->below && !strcmp(r->name, canonical))
			return r;
		if (!r->below || (best && strlen(best->name) >= own))
			continue;
		if (!own ||
		    (len > own + 1 && canonical[len - own - 1] == '.' && !strcmp(canonical + len - own, r->name)))
			best = r;
	}
	return best;
}

struct names_known *names_known_of(const struct names *n, const struct addr *a)
{
	int i;

	for (i = 0; i < n->n_known; i++)
		if (addr_equal(&n->known[i].addr, a))
			return &n->known[i];
	return NULL;
}

/* Its place among the known, or -ENOMEM. */
static int know(struct names *n, const struct addr *a)
{
	const struct names_known *known = names_known_of(n, a);
	struct names_known *more;

	if (known)
		return (int)(known - n->known);
	more = realloc(n->known, (size_t)(n->n_known + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	n->known = more;
	n->known[n->n_known] = (struct names_known){ .addr = *a };
	return n->n_known++;
}

static int read_name(const char *text, size_t len, struct names_rule *ret, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	char name[NAME_LEN];
	struct addr a;

	memset(ret, 0, sizeof(*ret));
	if (len == 1 && text[0] == '*') {
		ret->below = true;
		return 0;
	}
	if (len > 2 && !strncmp(text, "*.", 2)) {
		ret->below = true;
		text += 2;
		len -= 2;
	}
	if (len < sizeof(name)) {
		memcpy(name, text, len);
		name[len] = 0;
		if (!addr_parse(name, &a))
			return err_set(e, EINVAL, "'%s' is an address, not a name", name);
		if (!name[strspn(name, allowed)] && !names_canonical(name, ret->name))
			return 0;
	}
	err_set(e, EINVAL, "'%.*s' is no name of a host", len < sizeof(name) ? (int)len : 64, text);
	err_remedy(e,
		   "A name is letters, digits, '-', '_' and dots (an international one as xn--...), or *.NAME, or *.");
	return -EINVAL;
}

static int read_addrs(const char *text, struct addr to[NAMES_ADDRS_MAX], struct err *e)
{
	char one[ADDR_TEXT_LEN];
	int n = 0;

	while (*text) {
		size_t len = strcspn(text, ",");

		if (n == NAMES_ADDRS_MAX)
			return err_set(e, EINVAL, "more than %d addresses for one name", NAMES_ADDRS_MAX);
		if (len < sizeof(one)) {
			memcpy(one, text, len);
			one[len] = 0;
		}
		if (len >= sizeof(one) || addr_parse(one, &to[n]))
			return err_set(e, EINVAL, "'%.*s' is no address", len < 64 ? (int)len : 64, text);
		n++;
		text += len;
		if (*text && !*++text)
			return err_set(e, EINVAL, "no address after the last comma");
	}
	return n;
}

static struct names_rule *same_rule(const struct names *n, const struct names_rule *r)
{
	int i;

	for (i = 0; i < n->n_rules; i++)
		if (n->rules[i].below == r->below && !strcmp(n->rules[i].name, r->name))
			return &n->rules[i];
	return NULL;
}

static int add_addrs(struct names *n, struct names_rule *r, const struct addr *addrs, int count, struct err *e)
{
	int i, j, at;

	for (i = 0; i < count; i++) {
		at = know(n, &addrs[i]);
		if (at < 0)
			return err_sys(e, ENOMEM, "names");
		for (j = 0; j < r->n && r->known[j] != at; j++)
			;
		if (j < r->n)
			continue;
		if (r->n == NAMES_ADDRS_MAX)
			return err_set(e, EINVAL, "more than %d addresses for one name", NAMES_ADDRS_MAX);
		r->known[r->n++] = at;
	}
	return 0;
}

static int resolve(struct names *n, const char *text, struct err *e)
{
	const char *equals = strchr(text, '=');
	struct addr addrs[NAMES_ADDRS_MAX];
	struct names_rule read, *rule;
	int r, count;

	if (!equals)
		return err_set(e, EINVAL, "there is no '=' in it");
	r = read_name(text, (size_t)(equals - text), &read, e);
	if (r)
		return r;
	count = read_addrs(equals + 1, addrs, e);
	if (count < 0)
		return count;
	rule = same_rule(n, &read);
	if (!rule) {
		rule = realloc(n->rules, (size_t)(n->n_rules + 1) * sizeof(*rule));
		if (!rule)
			return err_sys(e, ENOMEM, "names");
		n->rules = rule;
		rule = &n->rules[n->n_rules++];
		*rule = read;
	}
	return add_addrs(n, rule, addrs, count, e);
}

int names_resolve(struct names *n, const char *text, struct err *e)
{
	int r = resolve(n, text, e);

	if (!r)
		return 0;
	err_wrap(e, "--resolve '%.100s'", text);
	if (e && r == -EINVAL) {
		e->exit_code = 2;
		if (!e->remedy[0])
			err_remedy(e, "It is NAME=ADDRESS[,ADDRESS]..., as in db.internal=10.0.0.1,2001:db8::1; NAME= "
				      "is a name that does not exist.");
	}
	return r;
}
