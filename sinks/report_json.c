/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/report_forms.h"

#include <stdio.h>
#include <string.h>

#include "sinks/json.h"
#include "sinks/json_ecs.h"
#include "sinks/json_policy.h"

static void texts(struct json *j, const char *key, const char *const *texts_, int n)
{
	int i;

	json_key(j, key);
	json_begin_array(j);
	for (i = 0; i < n; i++)
		json_text(j, texts_[i]);
	json_end(j);
}

static void flag(struct json *j, const char *key, bool b)
{
	json_key(j, key);
	json_bool(j, b);
}

static void write_event(struct json *j, int64_t start_ns, int64_t duration_ns, bool ended)
{
	int64_t duration = duration_ns > 0 ? duration_ns : 0;

	json_key(j, "event");
	json_begin_object(j);
	json_ecs_time(j, "start", start_ns);
	if (ended)
		json_ecs_time(j, "end", start_ns + duration);
	json_key_int(j, "duration", duration);
	json_end(j);
}

static void write_exit(struct json *j, const struct report *r)
{
	const char *abbrev = r->exit_signal ? sigabbrev_np(r->exit_signal) : NULL;
	char name[32];

	if (r->exit_signal <= 0 && r->exit_status < 0)
		return;
	json_key(j, "exit");
	json_begin_object(j);
	if (r->exit_signal > 0) {
		json_key_int(j, "signal", r->exit_signal);
		snprintf(name, sizeof(name), "SIG%s", abbrev ? abbrev : "");
		json_key_string(j, "name", abbrev ? name : NULL);
	} else {
		json_key_int(j, "status", r->exit_status);
	}
	json_end(j);
}

static void write_rows(struct json *j, const struct report *r)
{
	bool as_expected = true;
	int i;

	for (i = 0; i < r->n_rows; i++)
		as_expected = as_expected && r->rows[i].held;
	flag(j, "as_expected", as_expected);
	json_key(j, "expectations");
	json_begin_array(j);
	for (i = 0; i < r->n_rows; i++) {
		json_begin_object(j);
		json_key_string(j, "clause", r->rows[i].clause);
		json_key_string(j, "name", r->rows[i].name);
		json_key_string(j, "expected", r->rows[i].expected);
		json_key_string(j, "actual", r->rows[i].actual);
		flag(j, "held", r->rows[i].held);
		json_end(j);
	}
	json_end(j);
}

static void write_server(struct json *j, const struct tried *t)
{
	char address[ADDR_TEXT_LEN], name[sizeof(t->name) + 1] = { 0 };
	const struct endpoint *s = &t->flow.server;

	memcpy(name, t->name, sizeof(t->name));
	if (addr_is_any(&s->addr) && !s->port && !*name)
		return;
	json_key(j, "server");
	json_begin_object(j);
	if (!addr_is_any(&s->addr))
		json_key_string(j, "address", addr_format(&s->addr, address));
	if (s->port)
		json_key_int(j, "port", s->port);
	json_key_string(j, "domain", name);
	json_end(j);
}

static void write_synsent(struct json *j, const struct tried *t)
{
	json_key(j, "synsent");
	json_begin_object(j);
	json_key_int(j, "number", t->number);
	json_key_int(j, "logical", t->logical);
	flag(j, "decides", t->decides);
	flag(j, "won", t->won);
	flag(j, "cancelled", t->cancelled);
	json_key_string(j, "outcome", outcome_word(t->outcome));
	json_key_string(j, "gave_up_by", gave_up_by_word(t->gave_up_by));
	json_key_string(j, "limit", limit_word(t->limit));
	json_key_string(j, "confidence", confidence_word(t->confidence));
	json_key_int(j, "syns", t->n_syns);
	json_key_int(j, "replies", t->n_replies);
	json_key_int(j, "ignored", t->n_ignored);
	json_end(j);
}

static void write_tried(struct json *j, const struct tried *t)
{
	json_begin_object(j);
	write_event(j, t->start_ns, t->elapsed_ns, t->outcome != OUTCOME_PENDING);
	json_ecs_endpoint(j, "client", &t->flow.client);
	write_server(j, t);
	json_ecs_network(j, &t->flow, NULL);
	json_ecs_process(j, t->pid, t->comm);
	if (t->error) {
		json_key(j, "error");
		json_begin_object(j);
		json_key_string(j, "type", errno_name(t->error));
		json_end(j);
	}
	write_synsent(j, t);
	json_end(j);
}

static void write_sum(struct json *j, const struct report *r)
{
	struct logical_sum s;
	int i;

	logical_sum(r->tried, r->n, &s);
	json_key(j, "sum");
	json_begin_object(j);
	json_key_int(j, "attempts", (int64_t)s.attempts);
	json_key_int(j, "connects", (int64_t)s.logical);
	json_key_int(j, "failed", (int64_t)s.failed);
	json_key_int(j, "cancelled", (int64_t)s.cancelled);
	json_key(j, "outcomes");
	json_begin_object(j);
	for (i = OUTCOME_NONE + 1; i < OUTCOME_N; i++)
		if (s.by_outcome[i])
			json_key_int(j, outcome_word((enum outcome)i), (int64_t)s.by_outcome[i]);
	json_end(j);
	json_end(j);
}

void report_json(const struct report *r, struct report_out *o)
{
	struct json j;
	size_t i;

	json_init(&j, &o->text);
	json_begin_object(&j);
	json_key_int(&j, "v", 1);
	texts(&j, "command", r->argv, r->argc);
	texts(&j, "faults", r->faults, r->n_faults);
	json_key(&j, "seed");
	json_uint(&j, r->seed);
	if (r->policy)
		json_policy(&j, r->policy);
	write_event(&j, r->started_ns, r->duration_ns, true);
	write_exit(&j, r);
	flag(&j, "timed_out", r->timed_out);
	if (r->n_rows)
		write_rows(&j, r);
	write_sum(&j, r);
	json_key(&j, "attempts");
	json_begin_array(&j);
	for (i = 0; i < r->n && !o->error; i++) {
		write_tried(&j, &r->tried[i]);
		report_flow(o);
	}
	json_end(&j);
	json_end(&j);
	buf_char(&o->text, '\n');
}
