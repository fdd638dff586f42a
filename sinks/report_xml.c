/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/report_forms.h"

#include <inttypes.h>

#include "sinks/report_cases.h"
#include "sinks/rfc3339.h"
#include "sinks/xml.h"
#include "util/duration.h"

#define DATE_TIME_LEN 19 /* "2026-01-02T03:04:05": UTC, and some readers take no zone */

/* Takes the text away. */
static void attribute_of(struct buf *to, const char *name, struct buf *value)
{
	xml_attribute(to, name, buf_text(value));
	buf_reset(value);
}

static void property(struct buf *to, const char *name, struct buf *value)
{
	buf_str(to, "<property");
	xml_attribute(to, "name", name);
	attribute_of(to, "value", value);
	buf_str(to, "/>\n");
}

static void seconds(struct buf *to, int64_t ns)
{
	int64_t us = ns > 0 ? ns / NS_PER_US : 0;

	buf_fmt(to, " time=\"%" PRId64 ".%06" PRId64 "\"", us / 1000000, us % 1000000);
}

static void properties(const struct report *r, struct buf *to)
{
	struct buf value = { 0 };
	int i;

	buf_str(to, "<properties>\n");
	report_command(r, &value);
	property(to, "command", &value);
	for (i = 0; i < r->n_faults; i++) {
		buf_str(&value, r->faults[i]);
		property(to, "fault", &value);
	}
	buf_fmt(&value, "%" PRIu64, r->seed);
	property(to, "seed", &value);
	report_exit(r, &value);
	property(to, "exit", &value);
	buf_str(&value, r->timed_out ? "true" : "false");
	property(to, "timed-out", &value);
	buf_fmt(&value, "%zu", r->n);
	property(to, "attempts", &value);
	buf_str(to, "</properties>\n");
	buf_fini(&value);
}

static void suite(const struct report *r, struct buf *to)
{
	size_t n[CASE_FATE_N];
	struct buf name = { 0 };
	char time[RFC3339_LEN];

	report_case_count(r, n);
	buf_str(to, "<testsuite");
	buf_str(&name, "synsent run: ");
	report_command(r, &name);
	attribute_of(to, "name", &name);
	buf_fmt(to, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"",
		n[CASE_PASSED] + n[CASE_FAILED] + n[CASE_SKIPPED], n[CASE_FAILED], n[CASE_SKIPPED]);
	seconds(to, r->duration_ns);
	rfc3339(r->started_ns, time);
	time[DATE_TIME_LEN] = '\0';
	xml_attribute(to, "timestamp", time);
	buf_str(to, ">\n");
	buf_fini(&name);
}

/* The message once more, and with it what a reader of the log alone needs. */
static void failure(const struct report_case *c, struct buf *to)
{
	struct buf why = { 0 };

	report_case_why(c, &why);
	buf_str(to, "<failure");
	xml_attribute(to, "message", buf_text(&why));
	xml_attribute(to, "type", c->row ? "expectation" : outcome_word(c->t->outcome));
	buf_char(to, '>');
	if (c->row) {
		xml_text(to, c->row->clause);
		buf_str(to, "\n");
	}
	xml_text(to, buf_text(&why));
	buf_str(to, "</failure>\n");
	buf_fini(&why);
}

static void test(const struct report_case *c, struct buf *to)
{
	struct buf text = { 0 };

	buf_str(to, "<testcase");
	report_case_name(c, &text);
	attribute_of(to, "name", &text);
	xml_attribute(to, "classname", c->row ? "synsent.expect" : "synsent.connect");
	if (!c->row)
		seconds(to, c->t->elapsed_ns);
	if (c->fate == CASE_PASSED) {
		buf_str(to, "/>\n");
	} else {
		buf_str(to, ">\n");
		if (c->fate == CASE_FAILED) {
			failure(c, to);
		} else {
			report_case_why(c, &text);
			buf_str(to, "<skipped");
			attribute_of(to, "message", &text);
			buf_str(to, "/>\n");
		}
		buf_str(to, "</testcase>\n");
	}
	buf_fini(&text);
}

void report_xml(const struct report *r, struct report_out *o)
{
	struct report_case c = { 0 };

	buf_str(&o->text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	suite(r, &o->text);
	properties(r, &o->text);
	while (!o->error && report_case_next(r, &c)) {
		test(&c, &o->text);
		report_flow(o);
	}
	buf_str(&o->text, "</testsuite>\n");
}
