/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/screen_cells.h"

#include <string.h>

#include "sinks/drop_words.h"
#include "sinks/figures.h"
#include "util/duration.h"

void screen_process(const char *comm, size_t size, int32_t pid, struct buf *to)
{
	size_t len = strnlen(comm, size);

	if (len)
		buf_escaped(to, comm, len);
	else
		buf_char(to, '?');
	if (pid)
		buf_fmt(to, "[%d]", pid);
}

static void put_seconds(int64_t ns, struct buf *to)
{
	int64_t tenths = (ns > 0 ? ns : 0) / (100 * NS_PER_MS);

	buf_fmt(to, "%d.%d s", (int)(tenths / 10), (int)(tenths % 10));
}

void screen_countdown(int64_t left_ns, bool exact, struct buf *to)
{
	if (left_ns <= 0) {
		buf_str(to, "now");
		return;
	}
	if (!exact)
		buf_char(to, '~');
	put_seconds(left_ns, to);
}

static void put_server(const struct endpoint *server, struct buf *to)
{
	char text[ENDPOINT_TEXT_LEN];

	buf_str(to, endpoint_format(server, text));
}

enum { PENDING_PROCESS, PENDING_SERVER, PENDING_SYNS, PENDING_WAITED, PENDING_NEXT, PENDING_END, PENDING_LOST };

static const struct screen_column pending_columns[] = {
	[PENDING_PROCESS] = { "PROCESS", 11, 26, 2, false }, [PENDING_SERVER] = { "SERVER", 19, 53, 0, false },
	[PENDING_SYNS] = { "SYNS", 5, 7, 3, true },	     [PENDING_WAITED] = { "WAITED", 7, 9, 5, true },
	[PENDING_NEXT] = { "NEXT SYN", 8, 9, 0, true },	     [PENDING_END] = { "GIVE-UP", 8, 9, 0, true },
	[PENDING_LOST] = { "LOST AT", 14, 200, 4, false },
};

static void pending_cell(const struct screen *s, const void *of, int i, struct buf *to, unsigned int *pen)
{
	const struct screen_pending *p = of;

	switch (i) {
	case PENDING_PROCESS:
		screen_process(p->a.comm, sizeof(p->a.comm), p->a.pid, to);
		break;
	case PENDING_SERVER:
		put_server(&p->a.flow.server, to);
		break;
	case PENDING_SYNS:
		buf_fmt(to, p->n_due ? "%d/%d" : "%d", p->n_syns, p->n_due);
		break;
	case PENDING_WAITED:
		put_seconds(s->now_ns - p->start_ns, to);
		break;
	case PENDING_NEXT:
		if (p->next_ns)
			screen_countdown(p->next_ns - s->now_ns, p->exact, to);
		else
			buf_str(to, p->n_due ? "no more" : "?");
		break;
	case PENDING_END:
		if (p->end_ns)
			screen_countdown(p->end_ns - s->now_ns, p->exact || p->a.own_timer, to);
		else
			buf_char(to, '?');
		break;
	case PENDING_LOST:
		*pen = SCREEN_RED;
		if (p->a.n_drops > 0) {
			buf_str(to, drop_way(&p->a, &p->a.drops[0]));
			drop_cause(&p->a.drops[0], to);
		}
	}
}

enum {
	FAILURES_TIME,
	FAILURES_PROCESS,
	FAILURES_SERVER,
	FAILURES_OUTCOME,
	FAILURES_BY,
	FAILURES_AFTER,
	FAILURES_SYNS,
	FAILURES_WHY
};

static const struct screen_column failures_columns[] = {
	[FAILURES_TIME] = { "TIME", 8, 8, 4, false },	    [FAILURES_PROCESS] = { "PROCESS", 11, 26, 3, false },
	[FAILURES_SERVER] = { "SERVER", 18, 53, 0, false }, [FAILURES_OUTCOME] = { "OUTCOME", 11, 11, 0, false },
	[FAILURES_BY] = { "GAVE UP", 11, 11, 6, false },    [FAILURES_AFTER] = { "AFTER", 7, 7, 0, true },
	[FAILURES_SYNS] = { "SYNS", 4, 4, 5, true },	    [FAILURES_WHY] = { "WHY", 20, 200, 7, false },
};

static void failures_cell(const struct screen *s, const void *of, int i, struct buf *to, unsigned int *pen)
{
	const struct screen_failure *f = of;

	switch (i) {
	case FAILURES_TIME:
		figures_clock(f->ended_ns, 0, to);
		break;
	case FAILURES_PROCESS:
		screen_process(f->comm, sizeof(f->comm), f->pid, to);
		break;
	case FAILURES_SERVER:
		put_server(&f->server, to);
		break;
	case FAILURES_OUTCOME:
		*pen = SCREEN_RED;
		buf_str(to, outcome_word(f->outcome));
		break;
	case FAILURES_BY:
		buf_str(to, gave_up_by_word(f->gave_up_by));
		break;
	case FAILURES_AFTER:
		if (f->n_syns)
			figures_elapsed(f->elapsed_ns, to);
		else
			buf_str(to, "at once");
		break;
	case FAILURES_SYNS:
		buf_fmt(to, "%d", f->n_syns);
		break;
	case FAILURES_WHY:
		buf_str(to, f->why);
	}
}

enum {
	SERVERS_SERVER,
	SERVERS_10,
	SERVERS_60,
	SERVERS_PERCENT,
	SERVERS_MEDIAN,
	SERVERS_ATTEMPTS,
	SERVERS_FAILED,
	SERVERS_LAST
};

static const struct screen_column servers_columns[] = {
	[SERVERS_SERVER] = { "SERVER", 18, 53, 0, false }, [SERVERS_10] = { "IN 10 s", 9, 9, 0, true },
	[SERVERS_60] = { "IN 60 s", 9, 9, 5, true },	   [SERVERS_PERCENT] = { "FAILED", 7, 8, 0, true },
	[SERVERS_MEDIAN] = { "CONNECT", 7, 9, 2, true },   [SERVERS_ATTEMPTS] = { "ATTEMPTS", 10, 13, 4, true },
	[SERVERS_FAILED] = { "FAILED", 9, 13, 3, true },   [SERVERS_LAST] = { "LAST FAILURE", 21, 21, 6, false },
};

/* "12.3/s": n in the seconds up to now, the one that runs included, and no more than there were. */
static void put_rate(const struct screen *s, uint32_t n, int seconds, struct buf *to)
{
	int64_t window = (seconds - 1) * NS_PER_S + s->now_ns % NS_PER_S, since = s->now_ns - s->since_ns;
	uint64_t tenths;

	if (since < window)
		window = since;
	if (window < NS_PER_S)
		window = NS_PER_S;
	tenths = (uint64_t)((double)n * 10 * NS_PER_S / (double)window + 0.5);
	if (!n) {
		buf_char(to, '-');
		return;
	}
	if (!tenths)
		buf_str(to, "<0.1");
	else if (tenths < 1000)
		buf_fmt(to, "%d.%d", (int)(tenths / 10), (int)(tenths % 10));
	else
		figures_count((tenths + 5) / 10, to);
	buf_str(to, "/s");
}

static void put_last_failure(const struct screen_rate *r, struct buf *to)
{
	if (!r->last_failed_ns)
		return;
	figures_clock(r->last_failed_ns, 0, to);
	buf_fmt(to, "  %s", outcome_word(r->last_failure));
}

static void servers_cell(const struct screen *s, const void *of, int i, struct buf *to, unsigned int *pen)
{
	const struct screen_rate *r = of;

	switch (i) {
	case SERVERS_SERVER:
		put_server(&r->server, to);
		break;
	case SERVERS_10:
		put_rate(s, r->attempts_10, 10, to);
		break;
	case SERVERS_60:
		put_rate(s, r->attempts_60, SCREEN_RATE_SECONDS, to);
		break;
	case SERVERS_PERCENT:
		*pen = r->failed_60 ? SCREEN_RED : 0;
		if (r->attempts_60)
			figures_percent(r->failed_60, r->attempts_60, to);
		else
			buf_char(to, '-');
		break;
	case SERVERS_MEDIAN:
		if (r->median_ns >= 0)
			figures_elapsed(r->median_ns, to);
		else
			buf_char(to, '-');
		break;
	case SERVERS_ATTEMPTS:
		figures_count(r->attempts, to);
		break;
	case SERVERS_FAILED:
		figures_count(r->failed, to);
		break;
	case SERVERS_LAST:
		put_last_failure(r, to);
	}
}

#define COUNT(columns) ((int)(sizeof(columns) / sizeof((columns)[0])))

static const struct screen_form forms[SCREEN_PANES] = {
	[SCREEN_PANE_PENDING] = { "Pending", "nobody waits", COUNT(pending_columns), pending_columns, pending_cell,
				  1 << PENDING_PROCESS | 1 << PENDING_SERVER },
	[SCREEN_PANE_FAILURES] = { "Failures", "none so far", COUNT(failures_columns), failures_columns, failures_cell,
				   1 << FAILURES_PROCESS | 1 << FAILURES_SERVER },
	[SCREEN_PANE_SERVERS] = { "Servers", "no attempt has ended so far", COUNT(servers_columns), servers_columns,
				  servers_cell, 1 << SERVERS_SERVER },
};

const struct screen_form *screen_form(enum screen_pane p)
{
	return &forms[p];
}
