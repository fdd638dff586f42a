/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/predict_timeline.h"

#include <string.h>

#include "cli/predict.h"
#include "cli/predict_words.h"
#include "util/buf.h"

#define COLUMNS 66
#define LABELS (COLUMNS + SECONDS_LEN)

/* log2(v) in 1/65536, v > 0, by squaring: the line needs no more than a column's precision. */
static int64_t log2_of(uint64_t v)
{
	int64_t r = 0;
	int bit, top = 63 - __builtin_clzll(v);
	uint64_t x = top > 31 ? v >> (top - 31) : v << (31 - top); /* 1 <= x < 2, as 1.31 */

	for (bit = 0; bit < 16; bit++) {
		x = x * x >> 31;
		r = 2 * r + (x >> 32 & 1);
		x >>= x >> 32 & 1;
	}
	return (int64_t)top * 65536 + r;
}

/* Time on an axis that is even in log2(1 + t / first RTO). */
static int column(const struct predict *p, int64_t t_ns, int64_t last_ns)
{
	int64_t unit_ns = predict_first_rto_ns(p), zero = log2_of((uint64_t)unit_ns);
	int64_t whole = log2_of((uint64_t)(unit_ns + last_ns)) - zero;

	return (int)(((log2_of((uint64_t)(unit_ns + t_ns)) - zero) * (COLUMNS - 1) + whole / 2) / whole);
}

/* Puts a label at a column unless it would touch the one before. */
static void label(char labels[LABELS], int at, const char *text)
{
	int len = (int)strlen(text), free = LABELS;

	while (free > 0 && labels[free - 1] == ' ')
		free--;
	if (free && at <= free)
		return;
	memcpy(labels + at, text, (size_t)len);
}

static void add_line(struct buf *to, const char *text, int len)
{
	while (len && text[len - 1] == ' ')
		len--;
	buf_str(to, "  ");
	buf_add(to, text, (size_t)len);
	buf_char(to, '\n');
}

void predict_timeline(const struct predict *p, struct buf *to)
{
	const struct schedule *n = &p->nominal;
	int64_t end_ns = schedule_jiffies_ns(n->end, p->policy.hz), t_ns;
	int64_t last_ns = p->app_ns > end_ns ? p->app_ns : end_ns;
	char labels[LABELS], axis[COLUMNS], text[SECONDS_LEN + 2];
	int i, end_at = column(p, end_ns, last_ns);

	memset(labels, ' ', sizeof(labels));
	memset(axis, '-', sizeof(axis));
	for (i = 0; i < n->n; i++) {
		t_ns = schedule_jiffies_ns(n->syn[i], p->policy.hz);
		axis[column(p, t_ns, last_ns)] = '|';
		/* the end's label has precedence, so nothing stands close before it */
		if (column(p, t_ns, last_ns) + (int)strlen(seconds_text(t_ns, text)) < end_at)
			label(labels, column(p, t_ns, last_ns), text);
	}
	axis[end_at] = 'X';
	seconds_text(end_ns, text);
	strcat(text, " s");
	label(labels, end_at, text);
	if (p->app_ns)
		axis[column(p, p->app_ns, last_ns)] = 'A';
	add_line(to, labels, LABELS);
	add_line(to, axis, p->app_ns > end_ns ? COLUMNS : end_at + 1);
	if (p->app_ns)
		buf_str(to, "  A: the application's timer   X: the kernel's end\n");
}
