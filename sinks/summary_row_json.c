/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/summary_row_json.h"

#include <stdlib.h>

#include "sinks/rfc3339.h"
#include "sinks/summary_block.h"

void row_json_time(struct json *j, const char *key, int64_t t_ns)
{
	char text[RFC3339_LEN];

	json_key_string(j, key, rfc3339(t_ns, text));
}

static void uint_of(struct json *j, const char *key, uint64_t n)
{
	json_key(j, key);
	json_uint(j, n);
}

void row_json_counts(struct json *j, uint64_t attempts, uint64_t failures, const uint64_t n[OUTCOME_N],
		     uint64_t half_open)
{
	int o;

	uint_of(j, "attempts", attempts);
	uint_of(j, "failures", failures);
	json_key(j, "outcomes");
	json_begin_object(j);
	for (o = 1; o < OUTCOME_N; o++)
		uint_of(j, outcome_word((enum outcome)o), n[o]);
	json_end(j);
	uint_of(j, "half_open", half_open);
}

static void tally_json(struct json *j, const struct tally *t)
{
	uint64_t n[OUTCOME_N];
	int o;

	for (o = 0; o < OUTCOME_N; o++)
		n[o] = t->n[o];
	row_json_counts(j, tally_attempts(t), tally_failures(t), n, t->half_open);
}

void row_json_failures(struct json *j, int64_t first_ns, int64_t last_ns)
{
	row_json_time(j, "first_failure", first_ns);
	row_json_time(j, "last_failure", last_ns);
}

void row_json_entry(struct json *j, enum summary_by by, const struct top_entry *e)
{
	char text[ADDR_TEXT_LEN];

	json_key(j, by == BY_SERVER ? "server" : "client");
	json_begin_object(j);
	json_key_string(j, "address", addr_format(&e->key.addr, text));
	if (by == BY_SERVER)
		json_key_int(j, "port", e->key.port);
	json_end(j);
	json_key(j, "synsent");
	json_begin_object(j);
	if (e->missing) {
		json_key(j, "at_least");
		json_bool(j, true);
	}
	tally_json(j, &e->tally);
	if (tally_failures(&e->tally))
		row_json_failures(j, e->first_failure_ns, e->last_failure_ns);
	json_end(j);
}

static void open_line(struct json *j, struct buf *to)
{
	json_init(j, to);
	json_begin_object(j);
	json_key_int(j, "v", 1);
}

static void entries(const struct top *t, enum summary_by by, size_t max, struct buf *to)
{
	size_t i, n = max && max < top_n(t) ? max : top_n(t);
	const struct top_entry **rows = malloc((n + !n) * sizeof(const struct top_entry *));
	struct json j;

	if (!rows) {
		to->failed = true;
		return;
	}
	n = top_worst(t, rows, n);
	for (i = 0; i < n; i++) {
		open_line(&j, to);
		row_json_entry(&j, by, rows[i]);
		json_end(&j);
		buf_char(to, '\n');
	}
	free(rows);
}

static void outcomes(const struct summary *s, struct buf *to)
{
	enum outcome order[OUTCOME_N], o;
	struct summary_counts c;
	struct json j;
	int i, n;

	summary_counts(s, &c);
	n = block_outcomes(c.outcomes, order);
	for (i = 0; i < n; i++) {
		o = order[i];
		open_line(&j, to);
		json_key(&j, "synsent");
		json_begin_object(&j);
		json_key_string(&j, "outcome", block_word(o));
		uint_of(&j, "attempts", c.outcomes[o]);
		if (o == OUTCOME_UNANSWERED)
			uint_of(&j, "half_open", c.half_open);
		row_json_time(&j, "first", c.outcome_first_ns[o]);
		row_json_time(&j, "last", c.outcome_last_ns[o]);
		json_end(&j);
		json_end(&j);
		buf_char(to, '\n');
	}
}

/* Minutes without attempts are left out. */
static void minutes(const struct steps *m, size_t max, struct buf *to)
{
	struct json j;
	size_t i, n = 0;

	for (i = 0; i < m->n && (!max || n < max); i++) {
		if (!tally_attempts(&m->rows[i]))
			continue;
		open_line(&j, to);
		json_key(&j, "event");
		json_begin_object(&j);
		row_json_time(&j, "start", (m->first + (int64_t)i) * m->width_ns);
		json_key_int(&j, "duration", m->width_ns);
		json_end(&j);
		json_key(&j, "synsent");
		json_begin_object(&j);
		tally_json(&j, &m->rows[i]);
		json_end(&j);
		json_end(&j);
		buf_char(to, '\n');
		n++;
	}
}

void summary_table_json(const struct summary *s, enum summary_by by, size_t max, struct buf *to)
{
	if (by == BY_SERVER)
		entries(summary_servers(s), by, max, to);
	else if (by == BY_CLIENT)
		entries(summary_clients(s), by, max, to);
	else if (by == BY_OUTCOME)
		outcomes(s, to);
	else
		minutes(summary_minutes(s), max, to);
}
