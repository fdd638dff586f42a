/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/report_cases.h"

#include <string.h>

#include "core/story_words.h"
#include "sinks/figures.h"

static bool next_row(const struct report *r, struct report_case *c)
{
	if (c->at >= (size_t)r->n_rows)
		return false;
	c->row = &r->rows[c->at++];
	c->fate = c->row->held ? CASE_PASSED : CASE_FAILED;
	return true;
}

bool report_case_next(const struct report *r, struct report_case *c)
{
	if (r->n_rows)
		return next_row(r, c);
	while (c->at < r->n && !r->tried[c->at].decides)
		c->at++;
	if (c->at >= r->n)
		return false;
	c->t = &r->tried[c->at++];
	c->fate = c->t->outcome == OUTCOME_ESTABLISHED ? CASE_PASSED
		  : c->t->outcome == OUTCOME_PENDING   ? CASE_SKIPPED
						       : CASE_FAILED;
	return true;
}

void report_case_count(const struct report *r, size_t ret[CASE_FATE_N])
{
	struct report_case c = { 0 };

	memset(ret, 0, CASE_FATE_N * sizeof(*ret));
	while (report_case_next(r, &c))
		ret[c.fate]++;
}

void report_case_name(const struct report_case *c, struct buf *to)
{
	char endpoint[ENDPOINT_TEXT_LEN];
	size_t len;

	if (c->row) {
		buf_str(to, c->row->clause);
		return;
	}
	buf_fmt(to, "connect %u to %s", (unsigned int)c->t->logical, endpoint_format(&c->t->flow.server, endpoint));
	len = strnlen(c->t->name, sizeof(c->t->name));
	if (!len)
		return;
	buf_str(to, " (");
	buf_add(to, c->t->name, len);
	buf_char(to, ')');
}

static void why_tried(const struct tried *t, struct buf *to)
{
	const char *who = story_gave_up_text(t->gave_up_by), *limit = limit_word(t->limit);

	buf_fmt(to, "%s after ", outcome_word(t->outcome));
	figures_elapsed(t->elapsed_ns, to);
	if (*who)
		buf_fmt(to, ", %s", who);
	if (*limit)
		buf_fmt(to, ", %s", limit);
	if (t->error)
		buf_fmt(to, ", %s", errno_name(t->error));
	buf_fmt(to, ", %d SYN%s", t->n_syns, t->n_syns == 1 ? "" : "s");
}

void report_case_why(const struct report_case *c, struct buf *to)
{
	if (c->row)
		buf_fmt(to, "expected %s, %s%s", c->row->expected, c->row->nothing ? "but " : "was ", c->row->actual);
	else if (c->fate == CASE_SKIPPED)
		buf_str(to, "still waiting when the run ended");
	else
		why_tried(c->t, to);
}

void report_command(const struct report *r, struct buf *to)
{
	int i;

	for (i = 0; i < r->argc; i++) {
		if (i)
			buf_char(to, ' ');
		buf_str(to, r->argv[i]);
	}
}

void report_exit(const struct report *r, struct buf *to)
{
	const char *abbrev = r->exit_signal ? sigabbrev_np(r->exit_signal) : NULL;

	if (r->exit_signal)
		buf_fmt(to, "signal %d%s%s%s", r->exit_signal, abbrev ? " (SIG" : "", abbrev ? abbrev : "",
			abbrev ? ")" : "");
	else if (r->exit_status >= 0)
		buf_fmt(to, "status %d", r->exit_status);
	else
		buf_str(to, "not known");
}
