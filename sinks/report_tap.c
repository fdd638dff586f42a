/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/report_forms.h"

#include <string.h>

#include "sinks/json.h"
#include "sinks/report_cases.h"

/* A comment or a description: one line, in which # begins nothing. */
static void line_text(struct buf *to, const char *text)
{
	struct buf escaped = { 0 };
	const char *s;

	buf_escaped(&escaped, text, strlen(text));
	for (s = buf_text(&escaped); *s; s++) {
		if (*s == '#')
			buf_char(to, '\\');
		buf_char(to, *s);
	}
	buf_fini(&escaped);
}

/* A line of a YAML block; a JSON string is a YAML scalar. */
static void yaml(struct buf *to, const char *key, const char *value)
{
	struct json j;

	buf_fmt(to, "  %s: ", key);
	json_init(&j, to);
	json_text(&j, value);
	buf_char(to, '\n');
}

static void comment(struct buf *to, const char *key, struct buf *value)
{
	buf_fmt(to, "# %s: ", key);
	line_text(to, buf_text(value));
	buf_char(to, '\n');
	buf_reset(value);
}

static void comments(const struct report *r, struct buf *to)
{
	struct buf text = { 0 };
	int i;

	report_command(r, &text);
	comment(to, "command", &text);
	for (i = 0; i < r->n_faults; i++) {
		buf_str(&text, r->faults[i]);
		comment(to, "fault", &text);
	}
	report_exit(r, &text);
	if (r->timed_out)
		buf_str(&text, ", ended by the time limit");
	comment(to, "exit", &text);
	buf_fini(&text);
}

static void failure(const struct report_case *c, struct buf *to)
{
	struct buf why = { 0 };

	report_case_why(c, &why);
	buf_str(to, "  ---\n");
	yaml(to, "message", buf_text(&why));
	yaml(to, "severity", "fail");
	if (c->row) {
		yaml(to, "expected", c->row->expected);
		yaml(to, "actual", c->row->actual);
	}
	buf_str(to, "  ...\n");
	buf_fini(&why);
}

static void test(const struct report_case *c, size_t number, struct buf *to)
{
	struct buf name = { 0 };

	report_case_name(c, &name);
	buf_fmt(to, "%sok %zu - ", c->fate == CASE_FAILED ? "not " : "", number);
	line_text(to, buf_text(&name));
	if (c->fate == CASE_SKIPPED) {
		buf_reset(&name);
		report_case_why(c, &name);
		buf_str(to, " # SKIP ");
		line_text(to, buf_text(&name));
	}
	buf_char(to, '\n');
	if (c->fate == CASE_FAILED)
		failure(c, to);
	buf_fini(&name);
}

void report_tap(const struct report *r, struct report_out *o)
{
	struct report_case c = { 0 };
	size_t n[CASE_FATE_N], number = 0, all;

	report_case_count(r, n);
	all = n[CASE_PASSED] + n[CASE_FAILED] + n[CASE_SKIPPED];
	buf_fmt(&o->text, "TAP version 13\n1..%zu%s\n", all, all ? "" : " # SKIP no connection attempt was made");
	comments(r, &o->text);
	while (!o->error && report_case_next(r, &c)) {
		test(&c, ++number, &o->text);
		report_flow(o);
	}
}
