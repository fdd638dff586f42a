/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "sinks/diff_head.h"
#include "sinks/figures.h"
#include "util/duration.h"

#define BARS_MIN 5 /* losses, fewer need no picture */

static void piece(struct block *b, const char *gap, uint64_t n, const char *words, const char *pen)
{
	struct buf t = { 0 };

	if (!n)
		return;
	figures_count(n, &t);
	buf_char(&t, ' ');
	buf_str(&t, words);
	block_take(b, gap, &t, pen);
	buf_fini(&t);
}

static void attempts(struct block *b, const struct pairing_totals *t, bool chosen)
{
	const uint64_t *n = t->sorts;

	block_row(b, "attempts");
	piece(b, "", n[PAIR_BOTH], "on both sides", PEN_GREEN);
	piece(b, ", ", n[PAIR_LOST], "never seen at the server's side", PEN_RED);
	piece(b, ", ", n[PAIR_UNSENT], "not in the client's capture though it has their clients", PEN_RED);
	piece(b, ", ", n[PAIR_UNCOVERED], "while one capture did not run", PEN_NONE);
	piece(b, ", ", n[PAIR_ELSEWHERE], "to servers that the server's capture does not have", PEN_NONE);
	piece(b, ", ", n[PAIR_OTHERS], "of clients that the client's capture does not have", PEN_NONE);
	piece(b, ", ", n[PAIR_UNSEEN], "passed, but one capture lacks them", PEN_NONE);
	piece(b, ", ", n[PAIR_AGAIN], "once more, before or after a NAT", PEN_NONE);
	if (!b->started)
		block_piece(b, "", chosen ? "none: not one is chosen" : "none", PEN_NONE);
	block_end(b);
}

/* "12,000 sent, 11,950 arrived: 50 died on the way to the server" */
static void packets(struct block *b, const char *label, const struct pairing_totals *t, enum pairing_kind kind,
		    const char *way)
{
	const uint64_t *fate = t->fate[kind];
	struct buf text = { 0 };

	if (!t->sent[kind] && !fate[FATE_BETWEEN])
		return;
	block_row(b, label);
	if (t->sent[kind]) {
		piece(b, "", t->sent[kind], "sent", PEN_NONE);
		figures_count(fate[FATE_ARRIVED], &text);
		buf_str(&text, " arrived");
		block_take(b, ", ", &text, PEN_NONE);
	}
	buf_fmt(&text, "died on the way %s", way);
	piece(b, ": ", fate[FATE_DIED], buf_text(&text), PEN_RED);
	piece(b, "; ", fate[FATE_BETWEEN], "came from between", PEN_RED);
	piece(b, "; ", fate[FATE_UNCOVERED], "not compared", PEN_NONE);
	piece(b, "; ", fate[FATE_UNSEEN], "passed, but one capture lacks them", PEN_NONE);
	piece(b, "; ", fate[FATE_COPY], "came twice", PEN_NONE);
	block_end(b);
	buf_fini(&text);
}

static void losses(struct block *b, const struct pairing_totals *t)
{
	struct buf text = { 0 };

	if (!t->losses)
		return;
	block_row(b, "losses");
	figures_count(t->losses, &text);
	buf_str(&text, t->losses == 1 ? " attempt (" : " attempts (");
	figures_percent(t->losses, t->sorts[PAIR_BOTH] + t->sorts[PAIR_LOST], &text);
	buf_str(&text, "), ");
	figures_clock(t->first_loss_ns, b->clock, &text);
	if (t->last_loss_ns - t->first_loss_ns >= NS_PER_S) {
		buf_str(&text, " to ");
		figures_clock(t->last_loss_ns, b->clock, &text);
	}
	block_take(b, "", &text, PEN_NONE);
	if (t->losses >= BARS_MIN)
		block_bars(b, &t->losses_over_time, t->first_ns, t->last_ns);
	block_end(b);
	buf_fini(&text);
}

static void way(struct block *b, const char *gap, const char *where, const struct spread *s)
{
	struct buf t = { 0 };

	if (!s->n)
		return;
	buf_fmt(&t, "%s ", where);
	figures_elapsed(spread_quantile(s, 500), &t);
	if (s->n > 1) {
		buf_str(&t, " (median), ");
		figures_elapsed(s->max_ns, &t);
		buf_str(&t, " at most");
	}
	block_take(b, gap, &t, PEN_NONE);
	buf_fini(&t);
}

static void delays(struct block *b, const struct diff_facts *f)
{
	const struct pairing_totals *t = f->totals;

	if (f->clock->uneven || (!t->to_server.n && !t->to_client.n))
		return;
	block_row(b, "on the way");
	way(b, "", "to the server", &t->to_server);
	way(b, "; ", "back", &t->to_client);
	if (!f->clock->forward || !f->clock->backward)
		block_piece(b, "; ", "each is what it took more than the quickest", PEN_NONE);
	block_end(b);
}

static void chosen(struct block *b, const struct diff_facts *f)
{
	const struct summary_facts s = { .filter = f->filter,
					 .has_since = f->has_since,
					 .has_until = f->has_until,
					 .since_ns = f->since_ns,
					 .until_ns = f->until_ns,
					 .start_ns = f->client.first_ns,
					 .end_ns = f->client.last_ns };

	block_scope(b, &s);
}

static void hole(struct block *b, const char *whose, uint64_t missed, uint64_t had)
{
	struct buf t = { 0 };

	if (!missed)
		return;
	block_row(b, "holes");
	buf_fmt(&t, "the %s's capture lacks ", whose);
	figures_count(missed, &t);
	buf_str(&t, " of ");
	figures_count(missed + had, &t);
	buf_str(&t,
		" packets that passed there for certain: it lost some, so that what seems to have died may not have");
	block_words(b, buf_text(&t));
	block_end(b);
	buf_fini(&t);
}

void diff_text(const struct diff_facts *f, const struct summary_look *o, struct buf *to)
{
	const struct pairing_totals *t = f->totals;
	struct block b = { .to = to, .look = o };

	head_files(&b, f);
	if (!f->nat->paired) {
		head_nothing(&b, f);
		return;
	}
	b.clock = figures_same_day(t->first_ns, t->last_ns) ? 0 : CLOCK_DAY;
	head_clocks(&b, f);
	head_between(&b, f);
	head_same(&b, f);
	chosen(&b, f);
	attempts(&b, t, f->filter || f->has_since || f->has_until);
	packets(&b, "SYNs", t, PAIRING_SYN, "to the server");
	packets(&b, "SYN-ACKs", t, PAIRING_SYN_ACK, "back");
	packets(&b, "final ACKs", t, PAIRING_ACK, "to the server");
	packets(&b, "RSTs", t, PAIRING_RST, "back");
	packets(&b, "clients' RSTs", t, PAIRING_CLIENT_RST, "to the server");
	packets(&b, "ICMP errors", t, PAIRING_ICMP, "back");
	losses(&b, t);
	delays(&b, f);
	hole(&b, "client", f->holes->client_missed, f->holes->client_had);
	hole(&b, "server", f->holes->server_missed, f->holes->server_had);
}
