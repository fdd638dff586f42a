/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/expect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/expect_holds.h"
#include "core/expect_terms.h"
#include "util/buf.h"
#include "util/duration.h"

#define NAMED_MAX 3 /* logical connects in a row */

/* The first attempt of t's logical connect. */
static const struct tried *first_of(const struct expect_run *run, const struct tried *t)
{
	size_t low = 0, high = run->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (run->tried[middle].number < t->logical)
			low = middle + 1;
		else
			high = middle;
	}
	return low < run->n && run->tried[low].number == t->logical ? &run->tried[low] : t;
}

static struct expect_value value_of(int term, const struct expect_run *run, const struct tried *t)
{
	switch (term) {
	case TERM_OUTCOME:
		return (struct expect_value){ .n = t->outcome };
	case TERM_GAVE_UP:
		return (struct expect_value){ .n = t->gave_up_by };
	case TERM_LIMIT:
		return (struct expect_value){ .n = t->limit };
	case TERM_CONFIDENCE:
		return (struct expect_value){ .n = t->confidence };
	case TERM_ERRNO:
		return (struct expect_value){ .n = t->error };
	case TERM_WITHIN:
		return (struct expect_value){ .n = t->end_ns - first_of(run, t)->start_ns,
					      .pending = t->outcome == OUTCOME_PENDING };
	case TERM_SYNS:
		return (struct expect_value){ .n = t->n_syns };
	case TERM_REPLIES:
		return (struct expect_value){ .n = t->n_replies };
	case TERM_IGNORED:
		return (struct expect_value){ .n = t->n_ignored };
	case TERM_ADDRESS:
		return (struct expect_value){ .addr = &t->flow.server.addr };
	case TERM_PORT:
		return (struct expect_value){ .n = t->flow.server.port };
	case TERM_NAME:
		return (struct expect_value){ .text = t->name, .text_max = sizeof(t->name) - 1 };
	default:
		return (struct expect_value){ .text = t->comm, .text_max = sizeof(t->comm) - 1 };
	}
}

static struct expect_value value_of_run(int term, const struct expect_run *run)
{
	struct expect_value v = { 0 };
	size_t i;

	switch (term) {
	case TERM_ATTEMPTS:
		v.n = (int64_t)run->n;
		break;
	case TERM_CONNECTS:
		for (i = 0; i < run->n; i++)
			v.n += run->tried[i].decides;
		break;
	case TERM_EXIT:
		v.n = run->exit_status;
		v.none = run->exit_status < 0;
		break;
	default:
		v.n = run->exit_signal;
	}
	return v;
}

/* Milliseconds, or as much more as it takes to see on which side of the clause it is. */
static void say_duration(const struct expect_clause *c, const struct expect_value *v, struct buf *to)
{
	int64_t unit = NS_PER_MS, ns = v->n > 0 ? v->n : 0;
	struct expect_value rounded = *v;
	int digits;

	for (digits = 3; digits < 9; digits += 3, unit /= 1000) {
		rounded.n = (ns + unit / 2) / unit * unit;
		if (expect_holds(c, &rounded) == expect_holds(c, v))
			break;
	}
	ns = (ns + unit / 2) / unit * unit;
	buf_fmt(to, "%" PRId64 ".%0*" PRId64 " s", (int64_t)(ns / NS_PER_S), digits, (int64_t)(ns % NS_PER_S / unit));
	if (v->pending)
		buf_str(to, " and still waiting");
}

static void say_signal(int n, struct buf *to)
{
	const char *abbrev = n > 0 && n < EXPECT_SIGNALS ? sigabbrev_np(n) : NULL;

	if (abbrev)
		buf_fmt(to, "SIG%s", abbrev);
	else if (n)
		buf_fmt(to, "signal %d", n);
	else
		buf_str(to, "none");
}

static void say_word(const char *word, struct buf *to)
{
	buf_str(to, word && *word ? word : "none");
}

static void say_value(const struct expect_clause *c, const struct expect_value *v, struct buf *to)
{
	const struct expect_term *t = &expect_terms[c->term];
	char address[ADDR_TEXT_LEN];
	size_t len;

	switch (t->sort) {
	case SORT_DURATION:
		say_duration(c, v, to);
		break;
	case SORT_WORD:
		say_word(t->word((int)v->n), to);
		break;
	case SORT_ERRNO:
		say_word(v->n ? errno_name((int)v->n) : NULL, to);
		break;
	case SORT_SIGNAL:
		say_signal((int)v->n, to);
		break;
	case SORT_ADDRESS:
		buf_str(to, addr_format(v->addr, address));
		break;
	case SORT_TEXT:
		len = strnlen(v->text, v->text_max);
		buf_add(to, len ? v->text : "none", len ? len : 4);
		break;
	default:
		buf_fmt(to, "%" PRId64, v->n);
	}
}

static void say_connect(const struct tried *t, struct buf *to)
{
	char endpoint[ENDPOINT_TEXT_LEN];
	size_t len = strnlen(t->name, sizeof(t->name));

	buf_fmt(to, " to %s", endpoint_format(&t->flow.server, endpoint));
	if (len) {
		buf_str(to, " (");
		buf_add(to, t->name, len);
		buf_char(to, ')');
	}
}

static void say_expected(const struct expect_clause *c, struct expect_row *row)
{
	static const char *const ops[EXPECT_OP_N] = { "", "not ", "< ", "<= ", "> ", ">= " };
	const char *most = expect_terms[c->term].sort == SORT_DURATION && !strstr(c->value, "..") ? "at most " : "";

	if (c->op != EXPECT_EQ && c->op != EXPECT_NE)
		most = "";
	snprintf(row->expected, sizeof(row->expected), "%s%s%s", ops[c->op], most, c->value);
}

static void check_run(const struct expect_clause *c, const struct expect_run *run, struct expect_row *row,
		      struct buf *to)
{
	struct expect_value v = value_of_run(c->term, run);

	row->held = expect_holds(c, &v);
	if (!v.none) {
		say_value(c, &v, to);
	} else if (run->exit_signal) {
		buf_str(to, "none: ended by ");
		say_signal(run->exit_signal, to);
	} else {
		buf_str(to, "not known");
	}
}

/* Tells of those connects for which the clause holds, or does not, and returns how many they are. */
static size_t check_connects(const struct expect_clause *c, const struct expect_run *run, bool held, bool several,
			     struct buf *to)
{
	size_t i, found = 0;
	struct expect_value v;

	for (i = 0; i < run->n; i++) {
		if (!run->tried[i].decides)
			continue;
		v = value_of(c->term, run, &run->tried[i]);
		if (expect_holds(c, &v) != held || found++ >= NAMED_MAX)
			continue;
		if (found > 1)
			buf_str(to, ", ");
		say_value(c, &v, to);
		if (several)
			say_connect(&run->tried[i], to);
	}
	if (found > NAMED_MAX)
		buf_fmt(to, " and %zu more", found - NAMED_MAX);
	return found;
}

static void check(const struct expect_clause *c, const struct expect_run *run, size_t connects, struct expect_row *row)
{
	struct buf actual = { 0 };

	*row = (struct expect_row){ .name = expect_terms[c->term].name, .clause = c->text };
	say_expected(c, row);
	if (c->term <= TERM_RUN_LAST) {
		check_run(c, run, row, &actual);
	} else if (!connects) {
		row->nothing = true;
		buf_str(&actual, "no connection attempt was made");
	} else {
		row->held = !check_connects(c, run, false, connects > 1, &actual);
		if (row->held)
			check_connects(c, run, true, connects > 1, &actual);
	}
	snprintf(row->actual, sizeof(row->actual), "%s", buf_text(&actual));
	buf_fini(&actual);
}

int expect_judge(const struct expect *x, const struct expect_run *run, struct expect_row *rows)
{
	size_t connects = (size_t)value_of_run(TERM_CONNECTS, run).n;
	int i, failed = 0;

	for (i = 0; i < x->n; i++) {
		check(&x->clauses[i], run, connects, &rows[i]);
		failed += !rows[i].held;
	}
	return failed;
}
