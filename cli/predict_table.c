/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/predict_table.h"

#include <stdio.h>

#include "cli/predict.h"
#include "cli/predict_app.h"
#include "cli/predict_words.h"
#include "util/buf.h"
#include "util/duration.h"

/* Longer tables are cut in the middle, where row is like row. */
#define ROWS_HEAD 20
#define ROWS_TAIL 2

/* A row before it is text; times in ns, -1 where there is none. */
struct row {
	char label[12];
	int64_t nominal_ns, wait_ns, min_ns, max_ns, exact_ns;
	int64_t exact_j;
	bool end;
};

/* "133.316", or "" for none */
static char *cell(int64_t ns, const char *sign, char to[SECONDS_LEN])
{
	int64_t ms = (ns + NS_PER_MS / 2) / NS_PER_MS;

	to[0] = '\0';
	if (ns >= 0)
		snprintf(to, SECONDS_LEN, "%s%lld.%03lld", sign, (long long)(ms / 1000), (long long)(ms % 1000));
	return to;
}

static void row_fill(const struct predict *p, int i, struct row *ret)
{
	const struct schedule *n = &p->nominal;
	int hz = p->policy.hz, last = n->n - 1;
	struct row r = { .nominal_ns = -1, .wait_ns = -1, .exact_ns = -1, .end = i == p->range.n };

	snprintf(r.label, sizeof(r.label), "%d", i);
	if (r.end)
		snprintf(r.label, sizeof(r.label), "end");
	r.min_ns = r.end ? p->range.end.min_ns : p->range.syn[i].min_ns;
	r.max_ns = r.end ? p->range.end.max_ns : p->range.syn[i].max_ns;
	if (r.end || i <= last)
		r.nominal_ns = schedule_jiffies_ns(r.end ? n->end : n->syn[i], hz);
	if (r.end)
		r.wait_ns = schedule_jiffies_ns(n->end - n->syn[last], hz);
	else if (i && i <= last)
		r.wait_ns = schedule_jiffies_ns(n->syn[i] - n->syn[i - 1], hz);
	if (p->has_phase && (r.end || i < p->exact.n)) {
		r.exact_j = r.end ? p->exact.end : p->exact.syn[i];
		r.exact_ns = schedule_jiffies_ns(r.exact_j, hz);
	}
	*ret = r;
}

static const char *timer_word(const struct predict *p, const struct row *r)
{
	/* a SYN that leaves in some phases only has no nominal time */
	int64_t nominal_ns = r->nominal_ns >= 0 ? r->nominal_ns : r->min_ns;
	enum cut c = app_cut_of(p->app_ns, nominal_ns, r->min_ns, r->max_ns, p->policy.hz);

	if (r->end)
		return c == CUT_LEAVES ? "first" : c == CUT_EITHER ? "either" : "-";
	return cut_word(c);
}

static void row_add(const struct predict *p, int i, struct buf *to)
{
	char nominal[SECONDS_LEN], wait[SECONDS_LEN], min[SECONDS_LEN], max[SECONDS_LEN], exact[SECONDS_LEN];
	struct row r;

	row_fill(p, i, &r);
	cell(r.nominal_ns, "", nominal);
	cell(r.wait_ns, "+", wait);
	buf_fmt(to, "  %5s %9s %9s", r.label, nominal, wait);
	if (i)
		buf_fmt(to, " %10s .. %-9s", cell(r.min_ns, "", min), cell(r.max_ns, "", max));
	else
		buf_fmt(to, " %10s    %-9s", cell(0, "", min), "");
	if (p->app_ns)
		buf_fmt(to, " %7s", timer_word(p, &r));
	if (p->has_phase && r.exact_ns >= 0)
		buf_fmt(to, " %9s %8lld", cell(r.exact_ns, "", exact), (long long)r.exact_j);
	while (to->len && to->data[to->len - 1] == ' ')
		to->data[--to->len] = '\0';
	buf_char(to, '\n');
}

void predict_table(const struct predict *p, struct buf *to)
{
	int i, rows = p->range.n + 1, skipped = rows - ROWS_HEAD - ROWS_TAIL;

	buf_fmt(to, "  %5s %9s %9s %10s %-12s", p->synack ? "no." : "SYN", "nominal", "wait", "with the",
		"timers' slack");
	if (p->app_ns)
		buf_fmt(to, " %7s", "timer");
	if (p->has_phase)
		buf_fmt(to, " %9s %8s", "exact", "jiffies");
	while (to->data && to->data[to->len - 1] == ' ')
		to->data[--to->len] = '\0';
	buf_char(to, '\n');
	for (i = 0; i < rows; i++) {
		if (i == ROWS_HEAD && skipped > 1) {
			buf_fmt(to, "  %5s %d more\n", "...", skipped);
			i += skipped;
		}
		row_add(p, i, to);
	}
}
