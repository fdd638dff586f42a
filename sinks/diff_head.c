/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/diff_head.h"

#include <inttypes.h>
#include <string.h>

#include "sinks/figures.h"
#include "util/duration.h"

#define MAPS_SHOWN 3
#define NAME_COLUMNS 60

static void file(struct block *b, const char *label, const struct diff_side *s)
{
	bool same_day = figures_same_day(s->first_ns, s->last_ns);
	struct buf t = { 0 };

	block_row(b, label);
	block_cut(strcmp(s->path, "-") ? s->path : "standard input", NAME_COLUMNS, &t);
	block_take(b, "", &t, PEN_BOLD);
	figures_count(s->ledger.seen, &t);
	buf_str(&t, s->ledger.seen == 1 ? " packet" : " packets");
	block_take(b, "  ", &t, PEN_NONE);
	figures_count(s->counts.attempts, &t);
	buf_str(&t, s->counts.attempts == 1 ? " attempt" : " attempts");
	block_take(b, ", ", &t, PEN_NONE);
	if (s->first_ns || s->last_ns) {
		block_newline(b, BLOCK_LABEL);
		figures_clock(s->first_ns, CLOCK_DATE, &t);
		if (s->last_ns - s->first_ns >= NS_PER_S) {
			buf_str(&t, " to ");
			figures_clock(s->last_ns, same_day ? 0 : CLOCK_DATE, &t);
		}
		buf_char(&t, ' ');
		figures_zone(s->first_ns, &t);
		block_take(b, "", &t, PEN_NONE);
		figures_length(s->last_ns - s->first_ns, &t);
		block_take(b, ", ", &t, PEN_NONE);
	}
	block_end(b);
	buf_fini(&t);
}

static void lost(struct block *b, const char *whose, const struct diff_side *s)
{
	bool same_day = figures_same_day(s->first_ns, s->counts.lost_ns);
	struct buf t = { 0 };

	if (!s->counts.lost)
		return;
	block_row(b, "memory");
	buf_fmt(&t, "of the %s's capture nothing after ", whose);
	figures_clock(s->counts.lost_ns, CLOCK_MS | (same_day ? 0 : CLOCK_DATE), &t);
	buf_str(&t, " is compared (--memory)");
	block_words(b, buf_text(&t));
	block_end(b);
	buf_fini(&t);
}

void head_files(struct block *b, const struct diff_facts *f)
{
	file(b, "client's side", &f->client);
	file(b, "server's side", &f->server);
	if (f->swapped) {
		block_row(b, "order");
		block_words(b, "the first file named is the server's side, by TTLs, delays and losses; taken so");
		block_end(b);
	}
	lost(b, "client", &f->client);
	lost(b, "server", &f->server);
}

/* "3.20 ms", "3603.204 s (1 h 0 min)" */
static void apart(int64_t ns, struct buf *to)
{
	if (ns < 10 * NS_PER_S) {
		figures_elapsed(ns, to);
		return;
	}
	buf_fmt(to, "%" PRId64 ".%03" PRId64 " s", (int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / NS_PER_MS));
	if (ns >= 120 * NS_PER_S) {
		buf_str(to, " (");
		figures_length(ns, to);
		buf_char(to, ')');
	}
}

static int64_t magnitude(int64_t ns)
{
	return ns < 0 ? -ns : ns;
}

static void one_way(const struct pairing_clock *c, struct buf *t)
{
	bool at_most = c->forward;

	buf_fmt(t, "the server's is at %s ", at_most ? "most" : "least");
	apart(magnitude(c->offset_ns), t);
	buf_str(t, c->offset_ns < 0 ? " behind" : " ahead");
	buf_fmt(t, ": nothing that went %s is in both captures", at_most ? "to the client" : "to the server");
}

static void both_ways(const struct pairing_clock *c, struct buf *t)
{
	buf_str(t, "the server's is ");
	apart(magnitude(c->offset_ns), t);
	buf_str(t, c->offset_ns < 0 ? " behind (+-" : " ahead (+-");
	figures_elapsed(c->uncertainty_ns, t);
	buf_char(t, ')');
	if (magnitude(c->offset_ns) <= c->uncertainty_ns)
		buf_str(t, ": they agree as far as can be told");
}

void head_clocks(struct block *b, const struct diff_facts *f)
{
	const struct pairing_clock *c = f->clock;
	struct buf t = { 0 };

	if (!c->forward && !c->backward)
		return;
	block_row(b, "clocks");
	if (c->forward && c->backward)
		both_ways(c, &t);
	else
		one_way(c, &t);
	if (c->has_drift) {
		buf_fmt(&t, ", drift %.*f ppm (", magnitude(c->drift_ppb) < 10000, (double)c->drift_ppb / 1000);
		figures_elapsed(magnitude(c->drift_ppb) * 3600, &t);
		buf_str(&t, " an hour)");
	}
	if (c->uneven)
		buf_str(&t, "; they do not run alike: one was set meanwhile, and delays mean nothing");
	block_words(b, buf_text(&t));
	block_end(b);
	buf_fini(&t);
}

static void map(const struct pairing_nat_map *m, struct buf *t)
{
	char text[ENDPOINT_TEXT_LEN];

	buf_str(t, m->from.port ? endpoint_format(&m->from, text) : addr_format(&m->from.addr, text));
	buf_str(t, " is ");
	buf_str(t, m->to.port ? endpoint_format(&m->to, text) : addr_format(&m->to.addr, text));
}

/* After what they are of. */
static void maps(struct block *b, const char *of, const struct pairing_nat_map *m, int n, bool more)
{
	struct buf t = { 0 };
	int i;

	block_row(b, "NAT");
	block_piece(b, "", of, PEN_NONE);
	for (i = 0; i < n && i < MAPS_SHOWN; i++) {
		map(&m[i], &t);
		block_take(b, i ? ", " : ": ", &t, PEN_NONE);
	}
	if (more || i < n)
		block_piece(b, ", ", "and others", PEN_NONE);
	block_end(b);
	buf_fini(&t);
}

static void nat(struct block *b, const struct pairing_nat *n)
{
	if (n->client_addr || n->client_port)
		maps(b,
		     !n->client_addr  ? "of the clients' ports"
		     : n->client_port ? "of the clients' addresses and ports"
				      : "of the clients' addresses",
		     n->clients, n->n_clients, n->more_clients);
	if (n->server_addr || n->server_port)
		maps(b, "of the servers", n->servers, n->n_servers, n->more_servers);
	if (n->isn) {
		block_row(b, "ISNs");
		block_words(b, "are rewritten in between; attempts are paired by addresses and time, likely");
		block_end(b);
	}
}

void head_between(struct block *b, const struct diff_facts *f)
{
	const struct pairing_nat *n = f->nat;
	struct buf t = { 0 };

	if (n->hops_min >= 0) {
		block_row(b, "between them");
		buf_fmt(&t, "%d", n->hops_min);
		if (n->hops_max > n->hops_min)
			buf_fmt(&t, " to %d", n->hops_max);
		buf_str(&t, n->hops_max == 1 ? " hop" : " hops");
		buf_str(&t, ", by the SYNs' TTL");
		block_take(b, "", &t, PEN_NONE);
		block_end(b);
	}
	nat(b, n);
	buf_fini(&t);
}

void head_same(struct block *b, const struct diff_facts *f)
{
	const struct spread *there = &f->totals->to_server, *back = &f->totals->to_client;

	if (f->nat->hops_max > 0 || !there->n || there->max_ns || back->max_ns || f->clock->offset_ns)
		return;
	block_row(b, "the same");
	block_words(b, "each packet has the same time in both: this is one capture twice, and tells nothing of what "
		       "lies in between");
	block_end(b);
}

void head_nothing(struct block *b, const struct diff_facts *f)
{
	struct buf t = { 0 };

	block_row(b, "nothing");
	block_piece(b, "", "is in both captures: no attempt is paired", PEN_RED);
	block_newline(b, BLOCK_LABEL);
	if (f->client.refused || f->server.refused) {
		buf_fmt(&t, "the link type of the %s capture cannot be read",
			!f->server.refused   ? "client's"
			: !f->client.refused ? "server's"
					     : "two");
		block_words(b, buf_text(&t));
	} else if (!f->server.counts.attempts && f->client.counts.attempts) {
		block_words(b, "the server's capture has no attempt at all: if it ran then, every SYN died on the way");
	} else if (!f->client.counts.attempts && f->server.counts.attempts) {
		block_words(
			b, "the client's capture has no attempt at all: it did not run then, or it is the server's and "
			   "all SYNs died, the two being named in the wrong order");
	} else if (f->same_servers) {
		figures_count(f->same_servers, &t);
		buf_str(&t, " attempts go to servers that the server's capture has, from others: if it ran at the same "
			    "time, all of this client's SYNs died on the way");
		block_words(b, buf_text(&t));
	} else {
		block_words(b, "they may be of other hosts or of another time, or something in between rewrites "
			       "addresses and ISNs of all packets");
	}
	block_end(b);
	buf_fini(&t);
}
