/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/expect_holds.h"

#include <string.h>

#include "core/expect_terms.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Names are without regard to case and a last dot. */
static bool same_name(const char *a, size_t max, const char *b, bool is_host)
{
	size_t i, na = strnlen(a, max), nb = strlen(b);

	if (is_host && na && na < max && a[na - 1] == '.')
		na--;
	if (is_host && nb > 1 && b[nb - 1] == '.')
		nb--;
	if (nb > max && na == max)
		nb = max;
	for (i = 0; i < na && i < nb; i++)
		if (is_host ? lower(a[i]) != lower(b[i]) : a[i] != b[i])
			return false;
	return na == nb;
}

static bool in_network(const struct addr *a, const struct addr *net, int prefix)
{
	int whole = prefix / 8, rest = prefix % 8;

	if (a->family != net->family || memcmp(a->b, net->b, (size_t)whole))
		return false;
	return !rest || !((a->b[whole] ^ net->b[whole]) >> (8 - rest));
}

static bool equals(const struct expect_clause *c, const struct expect_value *v)
{
	switch (expect_terms[c->term].sort) {
	case SORT_ADDRESS:
		return in_network(v->addr, &c->addr, c->prefix);
	case SORT_TEXT:
		return same_name(v->text, v->text_max, c->value, c->term == TERM_NAME);
	default:
		return !v->none && v->n >= c->low && v->n <= c->high;
	}
}

/* Of what is not over only that is certain which will stay so. */
static bool pending_holds(const struct expect_clause *c, const struct expect_value *v)
{
	switch (c->op) {
	case EXPECT_EQ:
		return c->high == INT64_MAX && v->n >= c->low;
	case EXPECT_NE:
		return v->n > c->high;
	case EXPECT_GT:
		return v->n > c->high;
	case EXPECT_GE:
		return v->n >= c->high;
	default:
		return false;
	}
}

bool expect_holds(const struct expect_clause *c, const struct expect_value *v)
{
	if (v->pending)
		return pending_holds(c, v);
	switch (c->op) {
	case EXPECT_EQ:
		return equals(c, v);
	case EXPECT_NE:
		return !equals(c, v);
	case EXPECT_LT:
		return !v->none && v->n < c->high;
	case EXPECT_LE:
		return !v->none && v->n <= c->high;
	case EXPECT_GT:
		return !v->none && v->n > c->high;
	default:
		return !v->none && v->n >= c->high;
	}
}
