/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/names.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lab/names_inside.h"

static const struct addr loopback[] = {
	{ 4, { 127, 0, 0, 1 } },
	{ 6, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } },
};

/* The tree is of names; the number stands in front of each. */
struct named {
	uint32_t number;
	char name[];
};

struct names *names_new(bool ipv6)
{
	struct names *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->ipv6 = ipv6;
	n->by_number = calloc(NAMES_NUMBER_MAX + 1, sizeof(*n->by_number));
	if (!n->by_number) {
		free(n);
		return NULL;
	}
	return n;
}

static struct named *named_at(void *node)
{
	char *name = *(char **)node;

	return (struct named *)(void *)(name - offsetof(struct named, name));
}

static void free_named(void *name)
{
	free((char *)name - offsetof(struct named, name));
}

void names_free(struct names *n)
{
	if (!n)
		return;
	tdestroy(n->tree, free_named);
	free(n->by_number);
	free(n->rules);
	free(n->known);
	free(n);
}

int names_canonical(const char *name, char to[NAME_LEN])
{
	size_t len = strlen(name), label = 0, i;

	if (len && name[len - 1] == '.')
		len--;
	/* RFC 1035 2.3.4: 255 bytes in a message, where each label and the root have a byte more */
	if (!len || len > 253)
		return -EINVAL;
	for (i = 0; i <= len; i++) {
		if (i < len && name[i] != '.') {
			to[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
			label++;
			continue;
		}
		if (!label || label > 63)
			return -EINVAL;
		to[i] = '.';
		label = 0;
	}
	to[len] = 0;
	return 0;
}

bool names_is_localhost(const char *canonical)
{
	size_t len = strlen(canonical), own = strlen("localhost");

	return len >= own && !strcmp(canonical + len - own, "localhost") &&
	       (len == own || canonical[len - own - 1] == '.');
}

static int by_name(const void *a, const void *b)
{
	return strcmp((const char *)a, (const char *)b);
}

static struct addr addr4_of(uint32_t number)
{
	return (struct addr){ 4, { 198, 18, (uint8_t)(number >> 8), (uint8_t)number } };
}

static struct addr addr6_of(uint32_t number)
{
	struct addr a = { 6, { 0x20, 0x01, 0x0d, 0xb8 } };

	a.b[14] = (uint8_t)(number >> 8);
	a.b[15] = (uint8_t)number;
	return a;
}

/* The next one whose addresses no rule gives to another name; 0: there is none left. */
static uint32_t next_number(const struct names *n)
{
	struct addr a4, a6;
	uint32_t number;

	for (number = n->last + 1; number <= NAMES_NUMBER_MAX; number++) {
		a4 = addr4_of(number);
		a6 = addr6_of(number);
		if (!names_known_of(n, &a4) && !names_known_of(n, &a6))
			return number;
	}
	return 0;
}

static int number_of(struct names *n, const char *canonical, uint32_t *ret)
{
	void *node = tfind(canonical, &n->tree, by_name);
	size_t len = strlen(canonical) + 1;
	struct named *named;
	uint32_t number;

	if (node) {
		*ret = named_at(node)->number;
		return 0;
	}
	number = n->n < NAMES_MAX ? next_number(n) : 0;
	if (!number)
		return -ENOSPC;
	named = malloc(sizeof(*named) + len);
	if (!named)
		return -ENOMEM;
	named->number = number;
	memcpy(named->name, canonical, len);
	if (!tsearch(named->name, &n->tree, by_name)) {
		free(named);
		return -ENOMEM;
	}
	n->by_number[number] = named->name;
	n->last = number;
	n->n++;
	*ret = number;
	return 0;
}

/* Those that are asked for, IPv4 first. */
static int pick(const struct names *n, const struct addr *all, int n_all, int family, struct addr *ret, int max)
{
	int f, i, got = 0;

	for (f = 4; f <= 6; f += 2) {
		if ((family && family != f) || (f == 6 && !n->ipv6))
			continue;
		for (i = 0; i < n_all && got < max; i++)
			if (all[i].family == f)
				ret[got++] = all[i];
	}
	return got;
}

static int pick_of_rule(struct names *n, const struct names_rule *r, const char *canonical, int family,
			struct addr *ret, int max)
{
	struct addr all[NAMES_ADDRS_MAX];
	int i, got;

	if (!r->n)
		return -ENOENT;
	for (i = 0; i < r->n; i++)
		all[i] = n->known[r->known[i]].addr;
	got = pick(n, all, r->n, family, ret, max);
	for (i = 0; i < got; i++)
		strcpy(names_known_of(n, &ret[i])->name, canonical);
	return got;
}

int names_addrs(struct names *n, const char *name, int family, struct addr *ret, int max)
{
	const struct names_rule *rule;
	char canonical[NAME_LEN];
	struct addr own[2];
	uint32_t number;
	int r;

	/* Some resolvers ask for the address of an address. */
	if (!addr_parse(name, &own[0]))
		return pick(n, own, 1, family, ret, max);
	r = names_canonical(name, canonical);
	if (r)
		return r;
	rule = names_rule_for(n, canonical);
	/* RFC 6761 6.3; a rule that names it is taken at its word, "*" does not. */
	if (names_is_localhost(canonical) && (!rule || !rule->name[0]))
		return pick(n, loopback, 2, family, ret, max);
	if (rule)
		return pick_of_rule(n, rule, canonical, family, ret, max);
	r = number_of(n, canonical, &number);
	if (r)
		return r;
	own[0] = addr4_of(number);
	own[1] = addr6_of(number);
	return pick(n, own, 2, family, ret, max);
}

const char *names_of(const struct names *n, const struct addr *a)
{
	const struct names_known *known = names_known_of(n, a);
	uint32_t number = a->family == 4 ? (uint32_t)a->b[2] << 8 | a->b[3] : (uint32_t)a->b[14] << 8 | a->b[15];
	struct addr own = a->family == 4 ? addr4_of(number) : addr6_of(number);

	if (known && known->name[0])
		return known->name;
	if (addr_equal(a, &loopback[0]) || addr_equal(a, &loopback[1]))
		return "localhost";
	if (!addr_equal(a, &own) || (a->family == 6 && !n->ipv6))
		return NULL;
	return n->by_number[number];
}
