/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout: which rows are shown, on which line of a grid, and with which
 * words.  Lines between rows grow with the logarithm of the time between them,
 * so that a doubling backoff is seen to double and 63 s still fit on a screen;
 * the middle of a long run of SYNs is left out and counted.
 */
#include "sinks/diagram.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/diagram_layout.h"
#include "util/buf.h"

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)

/* Longer runs keep this many of their SYNs at the start and at the end. */
#define SENT_SHOWN 24
#define SENT_HEAD 8
#define SENT_TAIL 6
#define DUE_SHOWN 5
#define DUE_HEAD 3
#define DUE_TAIL 1

/* Where along the way a mark stands. */
#define AT_OWN_END 80
#define AT_MIDDLE 550
#define AT_UNSEEN 870
#define AT_OTHER_END 930

static struct diagram_item *item_add(struct diagram *d, enum diagram_shape shape)
{
	struct diagram_item *it;

	if (d->n == d->cap) {
		int cap = d->cap ? d->cap * 2 : 64;

		it = realloc(d->items, (size_t)cap * sizeof(*it));
		if (!it) {
			d->failed = true;
			return NULL;
		}
		d->items = it;
		d->cap = cap;
	}
	it = &d->items[d->n++];
	memset(it, 0, sizeof(*it));
	it->shape = shape;
	it->line = d->lines++;
	return it;
}

/* The columns at the right, and the states. */
static void item_figures(const struct story_row *r, struct diagram_item *it)
{
	int64_t us = r->gap_ns / 1000;
	char gap[24];

	diagram_time(r->t_ns, r->nominal, it->time);
	if (us > 0 && us < 10000) { /* its column has room for a digit less than that of the time has */
		snprintf(it->gap, sizeof(it->gap), "+0.%05d", (int)(us + 5) / 10);
	} else if (r->gap_ns > 0) {
		diagram_time(r->gap_ns, false, gap);
		snprintf(it->gap, sizeof(it->gap), "+%.22s", gap);
	}
	diagram_rto(r->backoff_ns, it->rto);
	snprintf(it->client_state, sizeof(it->client_state), "%s", r->client_state);
	snprintf(it->server_state, sizeof(it->server_state), "%s", r->server_state);
}

static bool is_sent(const struct story_row *r)
{
	return r->kind == STORY_SYN;
}

static bool is_due(const struct story_row *r)
{
	return r->kind == STORY_PREDICTED && r->n >= 0;
}

/* Lines left free above a row: none up to 1.5 s, then one more with every fourfold gap, at most 3, or 1
 * in a long run. */
static int lines_before(const struct story_row *before, const struct story_row *r, bool elided)
{
	int64_t gap = r->t_ns - before->t_ns;

	if (elided)
		return gap > S + S / 2;
	if (r->kind == STORY_PREDICTED && before->kind == STORY_PREDICTED)
		return gap > 6 * S;
	if (gap > 24 * S)
		return 3;
	if (gap > 6 * S)
		return 2;
	if (gap > S + S / 2)
		return 1;
	/* a SYN and its answers stand together, apart from the next SYN */
	return (gap > S / 4 && before->kind != STORY_SYN) || r->kind == STORY_PREDICTED;
}

static enum diagram_mark mark_of(const struct story_row *r)
{
	if (r->kind == STORY_PREDICTED)
		return DIAGRAM_NO_MARK;
	if (r->lost)
		return DIAGRAM_DROPPED;
	return r->unanswered || r->unseen ? DIAGRAM_UNSEEN : DIAGRAM_HEAD;
}

/* How far from its sender a packet was lost, or made, in thousandths. */
static int way_to(enum drop_place place)
{
	switch (place) {
	case DROP_LOCAL_OUTPUT:
		return AT_OWN_END;
	case DROP_LOCAL_INPUT:
		return AT_OTHER_END;
	case DROP_PATH_OR_PEER:
		return AT_MIDDLE;
	default:
		return DIAGRAM_SPAN;
	}
}

static void item_way(const struct story_row *r, struct diagram_item *it)
{
	int to = r->lost ? way_to(r->lost) : it->mark == DIAGRAM_UNSEEN ? AT_UNSEEN : DIAGRAM_SPAN;

	it->from = 0;
	it->to = to;
	if (r->from_server) {
		/* a reply was made where the SYN's way ended, so that is measured from the client */
		it->from = r->born ? way_to(r->born) : DIAGRAM_SPAN;
		it->to = DIAGRAM_SPAN - to;
	}
}

/* Text from the story between the lifelines, on as many lines as it takes. */
static void remark_add(struct diagram *d, const char *text, bool predicted)
{
	struct buf b = { 0 };
	const char *s;
	size_t n;

	diagram_escape(text, &b);
	for (s = buf_text(&b); *s;) {
		struct diagram_item *it = item_add(d, DIAGRAM_REMARK);
		const char *next;

		n = diagram_wrap(s, DIAGRAM_TEXT_COLUMNS - 2, &next);
		if (!it)
			break;
		it->predicted = predicted;
		snprintf(it->text, sizeof(it->text), "%.*s", (int)n, s);
		s = next;
	}
	buf_fini(&b);
}

/* The label with its note after it when both fit into `columns`, else the note goes below. */
static void item_text(struct diagram *d, int index, const struct story_row *r, int columns)
{
	struct diagram_item *it = &d->items[index];
	bool predicted = it->predicted;
	struct buf label = { 0 }, note = { 0 };
	bool beside;

	diagram_escape(r->label, &label);
	diagram_escape(r->note, &note);
	beside = note.len &&
		 diagram_columns(buf_text(&label), label.len) + 2 + diagram_columns(buf_text(&note), note.len) <=
			 columns;
	snprintf(it->text, sizeof(it->text), "%s%s%s", buf_text(&label), beside && label.len ? ", " : "",
		 beside ? buf_text(&note) : "");
	if (note.len && !beside)
		remark_add(d, r->note, predicted);
	buf_fini(&label);
	buf_fini(&note);
}

static void row_add(struct diagram *d, const struct story *s, const struct story_row *r)
{
	bool arrow = r->kind != STORY_STATE && r->kind != STORY_END && !(r->kind == STORY_PREDICTED && r->n < 0);
	struct diagram_item *it = item_add(d, arrow ? DIAGRAM_ARROW : DIAGRAM_PLAIN);

	if (!it)
		return;
	it->predicted = r->kind == STORY_PREDICTED;
	if (r != s->rows)
		item_figures(r, it);
	else {
		snprintf(it->client_state, sizeof(it->client_state), "%s", r->client_state);
		snprintf(it->server_state, sizeof(it->server_state), "%s", r->server_state);
	}
	if (arrow) {
		it->mark = mark_of(r);
		it->unanswered = r->unanswered;
		item_way(r, it);
	}
	if (r->kind == STORY_END) {
		it->shape = DIAGRAM_ENDING;
		it->tone = diagram_tone_of(s->outcome);
		if (!strcmp(r->client_state, "CLOSED") || s->outcome == OUTCOME_PENDING ||
		    s->outcome == OUTCOME_UNANSWERED)
			d->client_until = it->line;
	}
	/* an arrow needs its dashes: four before the text, some after it */
	item_text(d, d->n - 1, r, arrow ? DIAGRAM_TEXT_COLUMNS - 9 : DIAGRAM_TEXT_COLUMNS - 1);
}

static void elided_add(struct diagram *d, const struct story *s, int from, int to)
{
	struct diagram_item *it = item_add(d, DIAGRAM_ELIDED);
	int64_t min = INT64_MAX, max = 0;
	int i, syns = 0, replies = 0;
	char low[16], high[16], text[64];

	for (i = from; i < to; i++) {
		const struct story_row *r = &s->rows[i];

		if (!is_sent(r) && !is_due(r)) {
			replies++;
			continue;
		}
		syns++;
		min = r->backoff_ns < min ? r->backoff_ns : min;
		max = r->backoff_ns > max ? r->backoff_ns : max;
	}
	if (!it)
		return;
	it->predicted = is_due(&s->rows[from]);
	if (replies)
		snprintf(it->text, sizeof(it->text), "%d more SYN%s, %d repl%s", syns, syns == 1 ? "" : "s", replies,
			 replies == 1 ? "y" : "ies");
	else
		snprintf(it->text, sizeof(it->text), "%d more%s", syns,
			 !it->predicted			 ? syns == 1 ? " SYN" : " SYNs"
			 : s->outcome == OUTCOME_PENDING ? " due"
							 : ", never sent");
	if (min <= 0 || min == INT64_MAX)
		return;
	diagram_rto(min, low);
	diagram_rto(max, high);
	if (min == max)
		snprintf(text, sizeof(text), "%s apart", low);
	else
		snprintf(text, sizeof(text), "%s to %s apart", low, high);
	remark_add(d, text, it->predicted);
}

/* The rows [*from, *to) that a run of more than `shown` such rows leaves out. */
static void elision(const struct story *s, bool (*is)(const struct story_row *), const int keep[3], int *from, int *to)
{
	int i, n = 0, seen = 0;

	*from = *to = -1;
	for (i = 0; i < s->n; i++)
		n += is(&s->rows[i]);
	if (n <= keep[0])
		return;
	for (i = 0; i < s->n; i++) {
		if (!is(&s->rows[i]))
			continue;
		if (seen == keep[1])
			*from = i;
		if (seen == n - keep[2])
			*to = i;
		seen++;
	}
}

static void rows_add(struct diagram *d, const struct story *s)
{
	static const int sent[] = { SENT_SHOWN, SENT_HEAD, SENT_TAIL }, due[] = { DUE_SHOWN, DUE_HEAD, DUE_TAIL };
	int from[2], to[2], i, k;

	elision(s, is_sent, sent, &from[0], &to[0]);
	elision(s, is_due, due, &from[1], &to[1]);
	for (i = 0; i < s->n && !d->failed; i++) {
		for (k = 0; k < 2; k++) {
			if (i != from[k])
				continue;
			d->lines++;
			elided_add(d, s, from[k], to[k]);
			d->lines++;
			i = to[k];
		}
		if (i > 1 && i != to[0] && i != to[1])
			d->lines += lines_before(&s->rows[i - 1], &s->rows[i], from[0] >= 0);
		row_add(d, s, &s->rows[i]);
	}
}

static void endpoint_name(const struct endpoint *e, struct buf *to)
{
	char text[ENDPOINT_TEXT_LEN];

	/* where no route was found, no address of this host was chosen */
	if (e->addr.family && addr_is_any(&e->addr) && e->port)
		buf_fmt(to, "port %u", e->port);
	else if (e->addr.family && !addr_is_any(&e->addr))
		buf_str(to, e->port ? endpoint_format(e, text) : addr_format(&e->addr, text));
}

struct diagram *diagram_new(const struct story *s)
{
	struct diagram *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->client_until = -1;
	endpoint_name(&s->flow.client, &d->client);
	endpoint_name(&s->flow.server, &d->server);
	rows_add(d, s);
	diagram_feet_add(d, s);
	if (d->failed) {
		diagram_free(d);
		return NULL;
	}
	if (d->client_until < 0)
		d->client_until = d->lines;
	return d;
}

void diagram_free(struct diagram *d)
{
	int i;

	if (!d)
		return;
	for (i = 0; i < d->n_feet; i++)
		buf_fini(&d->feet[i].text);
	buf_fini(&d->client);
	buf_fini(&d->server);
	free(d->items);
	free(d);
}
