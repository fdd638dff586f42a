/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/watch_summary.h"

#include <string.h>

#include "sinks/figures.h"
#include "sinks/summary_block.h"

static void put_losses(const struct watch_summary_facts *f, struct buf *to)
{
	bool any = false;
	int i;

	for (i = 0; i < f->n_losses; i++) {
		if (!f->losses[i].n)
			continue;
		buf_str(to, any ? ", " : "; LOST: ");
		figures_count(f->losses[i].n, to);
		buf_fmt(to, " (%s)", f->losses[i].source);
		any = true;
	}
	if (!any)
		buf_str(to, "; nothing lost");
}

static void first_line(struct block *b, const struct summary_counts *c, const struct watch_summary_facts *f)
{
	struct buf t = { 0 };

	figures_count(c->attempts, &t);
	buf_fmt(&t, " attempt%s in ", c->attempts == 1 ? "" : "s");
	figures_length(f->took_ns, &t);
	if (f->pending) {
		buf_str(&t, "; ");
		figures_count(f->pending, &t);
		buf_str(&t, " still waiting");
	}
	put_losses(f, &t);
	buf_str(b->to, buf_text(&t));
	block_end(b);
	buf_fini(&t);
}

/* Those that are not named. */
static void others(struct block *b, uint64_t n, struct buf *t)
{
	if (!n)
		return;
	figures_count(n, t);
	buf_fmt(t, " other%s", n == 1 ? "" : "s");
	block_take(b, ", ", t, PEN_NONE);
}

static void processes(struct block *b, const struct watch_summary_facts *f)
{
	struct buf t = { 0 };
	int i;

	if (!f->n_processes)
		return;
	block_row(b, f->n_processes + f->other_processes == 1 ? "process" : "processes");
	for (i = 0; i < f->n_processes; i++) {
		const struct watch_summary_process *p = &f->processes[i];

		buf_escaped(&t, p->name, strlen(p->name));
		buf_char(&t, ' ');
		figures_count(p->attempts, &t);
		if (p->failures) {
			buf_str(&t, " (");
			figures_count(p->failures, &t);
			buf_str(&t, " failed)");
		}
		block_take(b, ", ", &t, PEN_NONE);
	}
	others(b, f->other_processes, &t);
	block_end(b);
	buf_fini(&t);
}

/* Those with the most attempts; who fails is among the rows above. */
static void servers(struct block *b, const struct summary *s)
{
	enum { SHOWN = 5 };
	const struct top *top = summary_servers(s);
	const struct top_entry *most[SHOWN] = { 0 };
	char name[ENDPOINT_TEXT_LEN];
	struct buf t = { 0 };
	size_t i, n = 0;
	int at;

	for (i = 0; i < top_n(top); i++) {
		const struct top_entry *e = top_get(top, i);

		n++;
		for (at = SHOWN;
		     at > 0 && (!most[at - 1] || tally_attempts(&most[at - 1]->tally) < tally_attempts(&e->tally));
		     at--)
			if (at < SHOWN)
				most[at] = most[at - 1];
		if (at < SHOWN)
			most[at] = e;
	}
	if (!n)
		return;
	block_row(b, n == 1 ? "server" : "servers");
	for (at = 0; at < SHOWN && most[at]; at++) {
		const struct endpoint ep = { most[at]->key.addr, most[at]->key.port };

		figures_count(tally_attempts(&most[at]->tally), &t);
		buf_fmt(&t, " to %s", endpoint_format(&ep, name));
		block_take(b, ", ", &t, PEN_NONE);
	}
	others(b, n > SHOWN ? n - SHOWN : 0, &t);
	block_end(b);
	buf_fini(&t);
}

static void inbound(struct block *b, const struct watch_summary_facts *f)
{
	const struct {
		uint64_t n;
		const char *what;
	} parts[] = { { f->in_answered, "answered at once" },
		      { f->in_late, "late or without an ACK" },
		      { f->in_refused, "refused" },
		      { f->in_ignored, "ignored" } };
	struct buf t = { 0 };
	size_t i;
	bool any = false;

	if (!f->has_inbound)
		return;
	block_row(b, "inbound");
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].n)
			continue;
		figures_count(parts[i].n, &t);
		buf_fmt(&t, " %s", parts[i].what);
		block_take(b, ", ", &t, PEN_NONE);
		any = true;
	}
	if (!any)
		block_words(b, "none");
	block_end(b);
	buf_fini(&t);
}

static void notes(struct block *b, const struct watch_summary_facts *f)
{
	struct buf t = { 0 };

	if (f->cancelled) {
		block_row(b, "cancelled");
		figures_count(f->cancelled, &t);
		buf_fmt(&t, " of those that were abandoned, likely: another address of %s server won",
			f->cancelled == 1 ? "its" : "their");
		block_words(b, buf_text(&t));
		block_end(b);
	}
	buf_reset(&t);
	if (f->without) {
		block_row(b, "without eBPF");
		buf_escaped(&t, f->without, strlen(f->without));
		block_words(b, buf_text(&t));
		block_end(b);
	}
	buf_reset(&t);
	if (f->drops_unseen) {
		block_row(b, "drops");
		buf_fmt(&t, "not all are seen: %s", f->drops_unseen);
		block_words(b, buf_text(&t));
		block_end(b);
	}
	buf_reset(&t);
	if (f->unseen) {
		block_row(b, "between looks");
		figures_count(f->unseen, &t);
		buf_fmt(&t, " attempt%s of this network namespace came and went between two looks at its sockets; ",
			f->unseen == 1 ? "" : "s");
		if (f->unseen_failed) {
			buf_str(&t, "at most ");
			figures_count(f->unseen_failed, &t);
			buf_str(&t, " failed, by the kernel's count (TcpAttemptFails)");
		} else {
			buf_str(&t, "none failed, by the kernel's count (TcpAttemptFails)");
		}
		block_words(b, buf_text(&t));
		block_end(b);
	}
	buf_fini(&t);
}

void watch_summary_text(const struct summary *s, const struct watch_summary_facts *f, const struct summary_look *o,
			struct buf *to)
{
	struct summary_look look = *o;
	struct block b = { .to = to, .look = &look, .began = true };
	struct summary_counts c;

	/* what went as most do is counted by server and command: a client would seem to have nothing but failures */
	look.no_clients = true;
	summary_counts(s, &c);
	b.clock = figures_same_day(c.first_ns, c.last_ns) ? 0 : CLOCK_DAY;
	first_line(&b, &c, f);
	if (c.attempts) {
		block_attempts(&b, s, &c);
		servers(&b, s);
		processes(&b, f);
	}
	inbound(&b, f);
	notes(&b, f);
}
