/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/expect_terms.h"
#include "core/expect_wrong.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/duration.h"

#define BLANKS " \t\n"

/* One clause, in pieces. */
struct pieces {
	const char *whole; /* as written */
	const struct expect_term *term;
	struct expect_clause *c;
	struct err *e;
};

static int parse_word(const struct pieces *p)
{
	int i;

	for (i = p->term->first_word; i < p->term->n_words; i++) {
		if (strcmp(p->c->value, p->term->word(i)))
			continue;
		p->c->low = p->c->high = i;
		return 0;
	}
	return expect_unknown_word(p->term, p->c, p->e);
}

/* Digits alone.  -EINVAL, or -ERANGE when it is above max. */
static int parse_count(const char *text, int64_t max, int64_t *ret)
{
	int64_t n = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		n = n * 10 + (*text - '0');
		if (n > max)
			return -ERANGE;
	}
	*ret = n;
	return 0;
}

static int parse_errno(const struct pieces *p)
{
	int64_t n = 0;

	if (strcmp(p->c->value, "none") && parse_count(p->c->value, 4095, &n)) {
		n = errno_of(p->c->value);
		if (!n)
			return expect_unknown_word(p->term, p->c, p->e);
	}
	p->c->low = p->c->high = n;
	return 0;
}

static int parse_signal(const struct pieces *p)
{
	int n = expect_signal_of(p->c->value);

	if (n < 0)
		return expect_unknown_word(p->term, p->c, p->e);
	p->c->low = p->c->high = n;
	return 0;
}

static int parse_number(const struct pieces *p, const char *text, int64_t *ret)
{
	bool duration = p->term->sort == SORT_DURATION;
	int r = duration ? duration_parse(text, ret) : parse_count(text, p->term->max, ret);

	if (!r)
		return 0;
	if (r == -ERANGE) {
		expect_wrong(p->e, "that is more than it can be", p->whole);
		if (duration)
			err_remedy(p->e, "at most 100 days");
		else
			err_remedy(p->e, "at most %lld", (long long)p->term->max);
	} else {
		expect_wrong(p->e, duration ? "not a duration" : "not a number", p->whole);
		err_remedy(p->e, "%s", duration ? "as 300ms, 2s, 1.5s..2s, ..3s" : "as 3, 2..4, 2.., ..4");
	}
	return r;
}

static int parse_range(const struct pieces *p, char *text, char *dots)
{
	const char *to = dots + 2;
	int r = 0;

	if (p->c->op != EXPECT_EQ && p->c->op != EXPECT_NE) {
		expect_wrong(p->e, "a range goes with = or !=", p->whole);
		return -EINVAL;
	}
	if (dots == text && !*to)
		return expect_wrong(p->e, "a range has at least one end", p->whole);
	*dots = '\0';
	if (*text)
		r = parse_number(p, text, &p->c->low);
	if (!r && *to)
		r = parse_number(p, to, &p->c->high);
	if (!r && p->c->low > p->c->high)
		r = expect_wrong(p->e, "the range ends before it begins", p->whole);
	return r;
}

static int parse_numbers(const struct pieces *p)
{
	char text[EXPECT_CLAUSE_LEN], *dots;
	int r;

	snprintf(text, sizeof(text), "%s", p->c->value);
	p->c->low = INT64_MIN;
	p->c->high = INT64_MAX;
	dots = strstr(text, "..");
	if (dots)
		return parse_range(p, text, dots);
	r = parse_number(p, text, &p->c->high);
	if (p->term->sort != SORT_DURATION || (p->c->op != EXPECT_EQ && p->c->op != EXPECT_NE))
		p->c->low = p->c->high;
	return r;
}

static int parse_address(const struct pieces *p)
{
	char text[EXPECT_CLAUSE_LEN], *slash;
	int64_t prefix = 0;
	int bits;

	snprintf(text, sizeof(text), "%s", p->c->value);
	slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	if (addr_parse(text, &p->c->addr)) {
		expect_wrong(p->e, "not an address", p->whole);
		err_remedy(p->e, "as 10.0.0.2, 2001:db8::1 or 10.0.0.0/8; `name` is for names");
		return -EINVAL;
	}
	bits = p->c->addr.family == 4 ? 32 : 128;
	if (slash && parse_count(slash, bits, &prefix)) {
		expect_wrong(p->e, "not a length of a network's prefix", p->whole);
		err_remedy(p->e, "from 0 to %d", bits);
		return -EINVAL;
	}
	p->c->prefix = slash ? (int)prefix : bits;
	return 0;
}

static int parse_value(const struct pieces *p)
{
	switch (p->term->sort) {
	case SORT_WORD:
		return parse_word(p);
	case SORT_ERRNO:
		return parse_errno(p);
	case SORT_SIGNAL:
		return parse_signal(p);
	case SORT_ADDRESS:
		return parse_address(p);
	case SORT_TEXT:
		return 0; /* any is one */
	default:
		return parse_numbers(p);
	}
}

static enum expect_op op_of(const char *at, size_t *ret_len)
{
	static const struct {
		const char *text;
		enum expect_op op;
	} ops[] = { { "!=", EXPECT_NE }, { "<=", EXPECT_LE }, { ">=", EXPECT_GE },
		    { "=", EXPECT_EQ },	 { "<", EXPECT_LT },  { ">", EXPECT_GT } };
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		*ret_len = strlen(ops[i].text);
		if (!strncmp(at, ops[i].text, *ret_len))
			return ops[i].op;
	}
	return EXPECT_OP_N;
}

/* Cuts the blanks off a piece of text, which may have no end of its own, and copies it. */
static void copy_trimmed(char to[EXPECT_CLAUSE_LEN], const char *from, size_t len)
{
	size_t blank = strspn(from, BLANKS);

	if (blank > len)
		blank = len;
	from += blank;
	len -= blank;
	while (len && strchr(BLANKS, from[len - 1]))
		len--;
	memcpy(to, from, len);
	to[len] = '\0';
}

/* `text` has no blanks around it. */
static int parse_clause(struct expect_clause *c, struct err *e)
{
	struct pieces p = { .whole = c->text, .c = c, .e = e };
	size_t name_len = strcspn(c->text, "=!<>"), op_len;
	char name[EXPECT_CLAUSE_LEN];

	copy_trimmed(name, c->text, name_len);
	c->op = op_of(c->text + name_len, &op_len);
	if (!*c->text)
		return expect_wrong(e, "a clause is empty", "NAME OP VALUE");
	c->term = expect_term_of(name);
	if (*name && c->term < 0)
		return expect_unknown_name(name, e);
	if (!*name || c->op == EXPECT_OP_N) {
		expect_wrong(e, *name ? "it compares with nothing" : "it names nothing", c->text);
		err_remedy(e, "NAME OP VALUE, OP one of = != < <= > >=");
		return -EINVAL;
	}
	copy_trimmed(c->value, c->text + name_len + op_len, strlen(c->text + name_len + op_len));
	if (!*c->value || strchr("=!<>", *c->value)) {
		expect_wrong(e, *c->value ? "no such comparison" : "a value is missing", c->text);
		err_remedy(e, "NAME OP VALUE, OP one of = != < <= > >=");
		return -EINVAL;
	}
	p.term = &expect_terms[c->term];
	if (!p.term->ordered && c->op != EXPECT_EQ && c->op != EXPECT_NE) {
		expect_wrong(e, "of these none is less than another", c->text);
		err_remedy(e, "%s takes = or !=", p.term->name);
		return -EINVAL;
	}
	return parse_value(&p) ? -EINVAL : 0;
}

int expect_add(struct expect *x, const char *text, struct err *e)
{
	struct expect_clause *c;
	int before = x->n, r = 0;
	size_t len;

	for (;;) {
		len = strcspn(text, ",");
		if (x->n == EXPECT_MAX) {
			r = expect_wrong(e, "too many clauses", text);
			err_remedy(e, "at most %d", EXPECT_MAX);
			break;
		}
		if (len >= EXPECT_CLAUSE_LEN) {
			r = expect_wrong(e, "a clause is too long", text);
			err_remedy(e, "at most %d bytes", EXPECT_CLAUSE_LEN - 1);
			break;
		}
		c = &x->clauses[x->n];
		memset(c, 0, sizeof(*c));
		copy_trimmed(c->text, text, len);
		r = parse_clause(c, e);
		if (r)
			break;
		x->n++;
		if (!text[len])
			return 0;
		text += len + 1;
	}
	x->n = before;
	return r;
}
