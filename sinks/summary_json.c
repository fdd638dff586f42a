/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/summary.h"

#include <stdio.h>

#include "sinks/rfc3339.h"
#include "sinks/summary_row_json.h"

#define ROWS_MAX 20

static void uint_of(struct json *j, const char *key, uint64_t n)
{
	json_key(j, key);
	json_uint(j, n);
}

static void write_ledger(struct json *j, const struct summary_ledger *l)
{
	json_key(j, "ledger");
	json_begin_object(j);
	uint_of(j, "seen", l->seen);
	uint_of(j, "counted", l->counted);
	uint_of(j, "duplicates", l->duplicates);
	uint_of(j, "filtered", l->filtered);
	uint_of(j, "truncated", l->truncated);
	uint_of(j, "malformed", l->malformed);
	uint_of(j, "not_tcp", l->not_tcp);
	json_end(j);
}

static void write_texts(struct json *j, const char *key, const char *const *texts, size_t n)
{
	size_t i;

	if (!n)
		return;
	json_key(j, key);
	json_begin_array(j);
	for (i = 0; i < n; i++)
		json_text(j, texts[i]);
	json_end(j);
}

static void write_capture(struct json *j, const struct summary_facts *f)
{
	json_key(j, "capture");
	json_begin_object(j);
	write_texts(j, "files", f->files, f->n_files);
	uint_of(j, "bytes", f->bytes);
	uint_of(j, "packets", f->packets);
	if (f->took_ns >= 0)
		json_key_int(j, "took_ns", f->took_ns);
	write_texts(j, "comments", f->comments, f->n_comments);
	json_key_string(j, "refused", f->refused);
	json_key_string(j, "filter", f->filter);
	if (f->has_since)
		row_json_time(j, "since", f->since_ns);
	if (f->has_until)
		row_json_time(j, "until", f->until_ns);
	if (f->interrupted) {
		json_key(j, "interrupted");
		json_bool(j, true);
	}
	write_ledger(j, &f->ledger);
	uint_of(j, "unmatched", f->unmatched);
	uint_of(j, "evicted", f->evicted);
	json_end(j);
}

static void write_event(struct json *j, const struct summary_facts *f, const struct summary_counts *c)
{
	bool packets = f->start_ns || f->end_ns;
	int64_t start = packets ? f->start_ns : c->first_ns, end = packets ? f->end_ns : c->last_ns;

	json_key(j, "event");
	json_begin_object(j);
	if (packets || c->attempts) {
		row_json_time(j, "start", start);
		row_json_time(j, "end", end);
		json_key_int(j, "duration", end - start);
	}
	json_key_string(j, "provider", "synsent");
	json_key_string(j, "dataset", "read");
	json_end(j);
}

/* {"1": 9749, "2": 198}; the last class, of those with more, is "16+". */
static void write_syns(struct json *j, const char *key, const uint64_t n[SUMMARY_SYNS_N])
{
	char name[16];
	int i;

	json_key(j, key);
	json_begin_object(j);
	for (i = 0; i < SUMMARY_SYNS_N; i++) {
		if (!n[i])
			continue;
		snprintf(name, sizeof(name), "%d%s", i, i == SUMMARY_SYNS_N - 1 ? "+" : "");
		uint_of(j, name, n[i]);
	}
	json_end(j);
}

static void write_connect(struct json *j, const struct summary *s, const struct summary_counts *c)
{
	static const struct {
		const char *key;
		int permille;
	} figures[] = {
		{ "min_ns", 0 }, { "median_ns", 500 }, { "p95_ns", 950 }, { "p99_ns", 990 }, { "max_ns", 1000 }
	};
	size_t i;

	if (!c->outcomes[OUTCOME_ESTABLISHED])
		return;
	json_key(j, "connect");
	json_begin_object(j);
	for (i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		json_key_int(j, figures[i].key, summary_connect_ns(s, figures[i].permille));
	json_key(j, "bands");
	json_begin_array(j);
	for (i = 0; i < SUMMARY_BANDS_N; i++) {
		json_begin_object(j);
		if (i < SUMMARY_BANDS_N - 1)
			json_key_int(j, "below_ns", summary_band_ns((int)i));
		uint_of(j, "attempts", c->bands[i]);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_steps(struct json *j, const struct steps *f)
{
	size_t i;

	json_key(j, "failures_over_time");
	json_begin_object(j);
	row_json_time(j, "start", f->first * f->width_ns);
	json_key_int(j, "step_ns", f->width_ns);
	json_key(j, "failures");
	json_begin_array(j);
	for (i = 0; i < f->n; i++)
		json_uint(j, tally_attempts(&f->rows[i]));
	json_end(j);
	json_end(j);
}

static void write_rows(struct json *j, const char *key, const struct top *t, enum summary_by by)
{
	const struct top_entry *rows[ROWS_MAX];
	size_t i, n = top_worst(t, rows, ROWS_MAX);

	json_key(j, key);
	json_begin_array(j);
	for (i = 0; i < n; i++) {
		json_begin_object(j);
		row_json_entry(j, by, rows[i]);
		json_end(j);
	}
	json_end(j);
}

void summary_json(const struct summary *s, const struct summary_facts *f, struct buf *to)
{
	struct summary_counts c;
	struct json j;

	summary_counts(s, &c);
	json_init(&j, to);
	json_begin_object(&j);
	json_key_int(&j, "v", 1);
	write_event(&j, f, &c);
	json_key(&j, "synsent");
	json_begin_object(&j);
	write_capture(&j, f);
	row_json_counts(&j, c.attempts, c.failures, c.outcomes, c.half_open);
	if (c.failures)
		row_json_failures(&j, c.first_failure_ns, c.last_failure_ns);
	json_key(&j, "syns");
	json_begin_object(&j);
	write_syns(&j, "established", c.syns_established);
	write_syns(&j, "failed", c.syns_failed);
	json_end(&j);
	write_connect(&j, s, &c);
	if (c.failures)
		write_steps(&j, summary_failures(s));
	write_rows(&j, "servers", summary_servers(s), BY_SERVER);
	write_rows(&j, "clients", summary_clients(s), BY_CLIENT);
	json_end(&j);
	json_end(&j);
	buf_char(to, '\n');
}
