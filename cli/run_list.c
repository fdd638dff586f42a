/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run_list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/explain.h"
#include "cli/run_policy.h"
#include "lab/fault_result.h"
#include "sinks/figures.h"
#include "sinks/json.h"
#include "sources/sysctls.h"

#define COLUMN 28 /* after the longest form, indented */

/* The policy that a run would have: the host's, or the defaults, with what is set. */
static void policy_of(const struct run_config *c, struct policy *p)
{
	int i;

	policy_default(0, p);
	if (c->inherit)
		sysctls_policy(p, NULL);
	for (i = 0; i < c->n_settings; i++) {
		const struct run_setting *s = &c->settings[i];

		if (!strcmp(s->name, "ipv4/tcp_syn_retries"))
			p->retries = (int)s->value;
		else if (!strcmp(s->name, "ipv4/tcp_syn_linear_timeouts"))
			p->linear = (int)s->value;
		else if (!strcmp(s->name, "ipv4/tcp_rto_max_ms"))
			p->rto_max_ms = (int)s->value;
	}
}

static const char *errno_or(int error)
{
	return error ? errno_name(error) : "succeeds";
}

static void add_errors(const struct fault_result *r, struct buf *to)
{
	if (r->error4 < 0 || r->error4 == r->error6)
		buf_str(to, errno_or(r->error6));
	else
		buf_fmt(to, "%s, IPv6 %s,", errno_or(r->error4), errno_or(r->error6));
}

static void add_when(const struct fault_effect *f, const struct fault_result *r, struct buf *to)
{
	if (f->when == WHEN_RETRANSMITTED)
		buf_fmt(to, " at SYN %d,", f->syns - 1);
	if (r->ns < 0)
		buf_str(to, ", as luck has it");
	else if (!r->ns)
		buf_str(to, " at once");
	else
		buf_str(to, " after ");
	if (r->ns > 0)
		figures_elapsed(r->ns, to);
}

/* The fault and what it does; how it is written in general, and what comes of it. */
static void add_text(const struct fault_effect *f, const struct policy *p, struct buf *to)
{
	struct buf line = { 0 };
	struct fault_result r;

	fault_result(f, p, &r);
	buf_fmt(to, "%-*s", COLUMN, f->text);
	explain_wrap(to, f->what, COLUMN, COLUMN);
	buf_str(&line, r.error4 < 0 ? "connect() with IPv6: " : "connect(): ");
	add_errors(&r, &line);
	add_when(f, &r, &line);
	buf_fmt(to, "  %-*s", COLUMN - 2, strcmp(f->form, f->text) ? f->form : "");
	explain_wrap(to, buf_text(&line), COLUMN, COLUMN);
	buf_fini(&line);
}

static void json_families(struct json *j, const char *key, const char *ipv4, const char *ipv6)
{
	json_key(j, key);
	json_begin_object(j);
	json_key(j, "ipv4");
	json_text(j, ipv4);
	json_key(j, "ipv6");
	json_text(j, ipv6);
	json_end(j);
}

static const char *result_word(int error)
{
	return error < 0 ? NULL : error ? errno_name(error) : "connects";
}

static void json_or_null(struct json *j, const char *key, int64_t n)
{
	json_key(j, key);
	if (n < 0)
		json_nothing(j);
	else
		json_int(j, n);
}

static void add_json(const struct fault_effect *f, const struct policy *p, struct buf *to)
{
	struct fault_result r;
	struct json j;

	fault_result(f, p, &r);
	json_init(&j, to);
	json_begin_object(&j);
	json_key_int(&j, "v", 1);
	json_key_string(&j, "text", f->text);
	json_key_string(&j, "form", f->form);
	json_key_string(&j, "what", f->what);
	json_families(&j, "connect", result_word(r.error4), result_word(r.error6));
	json_families(&j, "outcome", r.error4 < 0 ? NULL : outcome_word(r.outcome4), outcome_word(r.outcome6));
	json_key(&j, "when");
	json_begin_object(&j);
	json_key_string(&j, "kind", fault_when_word(f->when));
	json_or_null(&j, "ns", r.ns);
	json_end(&j);
	json_or_null(&j, "syns", r.syns);
	json_end(&j);
	buf_char(to, '\n');
}

static void add_head(const struct policy *p, struct buf *to)
{
	struct buf line = { 0 };
	struct schedule s;

	schedule_nominal(p, &s);
	buf_fmt(&line, "tcp_syn_retries %d, tcp_syn_linear_timeouts %d: the kernel gives up after ", p->retries,
		p->linear);
	figures_elapsed(schedule_jiffies_ns(s.end, p->hz), &line);
	explain_wrap(to, buf_text(&line), 0, 0);
	buf_str(to, "Of each fault an example, and what a plain blocking connect() gets, nominal:\n\n");
	buf_fini(&line);
}

int run_list(const struct option_list *policies, const char *json)
{
	const struct fault_effect *f;
	struct run_config c = { 0 };
	struct buf text = { 0 };
	struct inherit in;
	struct policy p;
	struct err e = { 0 };
	int r = run_policy(policies, &in, &c, &e);

	if (!r && json && *json) {
		e.exit_code = 2;
		r = err_set(&e, EINVAL, "--list: it goes to standard output, not to a file");
	}
	if (r)
		return report_error("run", &e, 2);
	policy_of(&c, &p);
	if (!json)
		add_head(&p, &text);
	for (f = fault_effects; f->text; f++)
		(json ? add_json : add_text)(f, &p, &text);
	fputs(buf_text(&text), stdout);
	buf_fini(&text);
	return 0;
}
