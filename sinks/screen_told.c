/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "sinks/figures.h"
#include "sinks/screen_cells.h"
#include "sinks/screen_model.h"

static void tell_drop(const struct attempt *a, struct buf *to)
{
	if (a->n_drops <= 0)
		return;
	buf_str(to, "; ");
	screen_silence(a, to);
}

static void tell_pending(const struct screen *s, const struct screen_pending *p, struct buf *to)
{
	char client[ENDPOINT_TEXT_LEN];

	screen_process(p->a.comm, sizeof(p->a.comm), p->a.pid, to);
	buf_fmt(to, " waits, from %s", endpoint_format(&p->a.flow.client, client));
	if (p->end_ns) {
		bool own = p->a.own_timer && p->start_ns + p->a.own_timer_ns == p->end_ns;

		buf_fmt(to, "; %s ", own ? "its own timer ends that in" : "the kernel gives up in");
		screen_countdown(p->end_ns - s->now_ns, p->exact || own, to);
	}
	tell_drop(&p->a, to);
}

static void tell_failure(const struct screen *s, const struct screen_failure *f, struct buf *to)
{
	const struct screen_kept *k = screen_kept_of(s, f->id);

	buf_fmt(to, "%s: ", outcome_word(f->outcome));
	buf_escaped(to, f->headline, strlen(f->headline));
	if (k)
		tell_drop(&k->a, to);
}

static void tell_server(const struct screen_rate *r, struct buf *to)
{
	char text[ENDPOINT_TEXT_LEN];

	buf_str(to, endpoint_format(&r->server, text));
	buf_str(to, ": ");
	figures_count(r->attempts, to);
	buf_str(to, r->attempts == 1 ? " attempt, " : " attempts, ");
	figures_count(r->failed, to);
	buf_str(to, " failed");
	if (r->last_failed_ns) {
		buf_fmt(to, ", the last %s at ", outcome_word(r->last_failure));
		figures_clock(r->last_failed_ns, 0, to);
	}
}

void screen_tell(const struct screen *s, struct buf *to)
{
	const struct screen_item *i = screen_chosen(s);

	if (!i)
		return;
	if (s->focus == SCREEN_PANE_PENDING)
		tell_pending(s, i->of, to);
	else if (s->focus == SCREEN_PANE_FAILURES)
		tell_failure(s, i->of, to);
	else
		tell_server(i->of, to);
}
