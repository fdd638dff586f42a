/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/summary.h"

#include <stdlib.h>
#include <string.h>

#include "core/summary_spread.h"

#define MS ((int64_t)1000000)
#define SECOND ((int64_t)1000000000)
#define MINUTE (60 * SECOND)

/* Of one outcome. */
struct share {
	uint64_t n;
	int64_t first_ns, last_ns; /* starts; the first after the last while n is 0 */
};

/* Attempts of one SYN and silence in a row, all in one step of either kind: in a flood they come by the thousand. */
struct lone {
	struct share share;
	int64_t from_ns, to_ns; /* of those steps */
};

struct summary {
	struct lone lone; /* not counted elsewhere yet */
	struct share outcomes[OUTCOME_N];
	uint64_t half_open;
	uint64_t syns_established[SUMMARY_SYNS_N], syns_failed[SUMMARY_SYNS_N], bands[SUMMARY_BANDS_N];
	struct top *servers, *clients, *waits;
	struct steps failures, minutes;
	struct spread connect;
};

static const struct share no_share = { .first_ns = INT64_MAX, .last_ns = INT64_MIN };

struct summary *summary_new(uint64_t seed)
{
	struct summary *s = calloc(1, sizeof(*s));
	bool steps;
	int i;

	if (!s)
		return NULL;
	for (i = 0; i < OUTCOME_N; i++)
		s->outcomes[i] = no_share;
	s->lone.share = no_share;
	s->servers = top_new(SUMMARY_SERVERS, seed);
	s->clients = top_new(SUMMARY_CLIENTS, seed);
	s->waits = top_new(SUMMARY_WAITS, seed);
	steps = steps_init(&s->failures, SECOND / 8, SUMMARY_STEPS);
	steps = steps_init(&s->minutes, MINUTE, SUMMARY_MINUTES) && steps;
	if (!s->servers || !s->clients || !s->waits || !steps) {
		summary_free(s);
		return NULL;
	}
	return s;
}

void summary_free(struct summary *s)
{
	if (!s)
		return;
	top_free(s->servers);
	top_free(s->clients);
	top_free(s->waits);
	steps_fini(&s->failures);
	steps_fini(&s->minutes);
	free(s);
}

static void include(struct share *into, const struct share *from)
{
	into->n += from->n;
	if (from->first_ns < into->first_ns)
		into->first_ns = from->first_ns;
	if (from->last_ns > into->last_ns)
		into->last_ns = from->last_ns;
}

static int syns_class(int n)
{
	return n < 0 ? 0 : n < SUMMARY_SYNS_N ? n : SUMMARY_SYNS_N - 1;
}

int64_t summary_band_ns(int i)
{
	static const int64_t below[SUMMARY_BANDS_N] = {
		MS, 10 * MS, 100 * MS, SECOND, 3 * SECOND, 7 * SECOND, INT64_MAX
	};

	return below[i];
}

static int band_of(int64_t ns)
{
	int i = 0;

	while (i < SUMMARY_BANDS_N - 1 && ns >= summary_band_ns(i))
		i++;
	return i;
}

/* A duration as a number that fits a key, and back: people choose round timers, so classes are round. */
static uint16_t tag_of(int64_t ns)
{
	int64_t tag;

	if (ns < 0)
		return 0;
	if (ns < SECOND)
		tag = (ns + 5 * MS) / (10 * MS);
	else if (ns < 10 * SECOND)
		tag = 90 + (ns + 50 * MS) / (100 * MS);
	else
		tag = 180 + (ns < INT64_MAX / 2 ? (ns + SECOND / 2) / SECOND : UINT16_MAX);
	return tag < UINT16_MAX ? (uint16_t)tag : UINT16_MAX;
}

static int64_t tag_ns(uint16_t tag)
{
	if (tag < 100)
		return tag * 10 * MS;
	if (tag < 190)
		return (tag - 90) * 100 * MS;
	return (tag - 180) * SECOND;
}

static bool is_lone(const struct digest *d)
{
	return d->outcome == OUTCOME_ABANDONED && d->n_syns == 1 && !d->elapsed_ns;
}

static __attribute__((noinline)) void count_lone(struct summary *s)
{
	struct lone *l = &s->lone;

	if (l->share.n) {
		include(&s->outcomes[OUTCOME_ABANDONED], &l->share);
		s->syns_failed[1] += l->share.n;
		steps_add(&s->failures, l->share.first_ns, OUTCOME_ABANDONED, l->share.n);
		steps_add(&s->minutes, l->share.first_ns, OUTCOME_ABANDONED, l->share.n);
	}
	l->share = no_share;
	l->from_ns = l->to_ns = 0;
}

static __attribute__((noinline)) void begin_lone(struct summary *s, int64_t t_ns)
{
	struct lone *l = &s->lone;
	int64_t from, to;

	count_lone(s);
	steps_bounds(&s->failures, t_ns, &l->from_ns, &l->to_ns);
	steps_bounds(&s->minutes, t_ns, &from, &to);
	l->from_ns = from > l->from_ns ? from : l->from_ns;
	l->to_ns = to < l->to_ns ? to : l->to_ns;
}

static void feed_lone(struct summary *s, int64_t t_ns)
{
	struct lone *l = &s->lone;

	if (t_ns < l->from_ns || t_ns >= l->to_ns)
		begin_lone(s, t_ns);
	l->share.n++;
	if (t_ns < l->share.first_ns)
		l->share.first_ns = t_ns;
	if (t_ns > l->share.last_ns)
		l->share.last_ns = t_ns;
}

static __attribute__((noinline)) void feed_any(struct summary *s, const struct digest *d)
{
	const struct endpoint *server = &d->flow.server;
	enum outcome o = tally_outcome(d);
	const struct share one = { 1, d->start_ns, d->start_ns };

	include(&s->outcomes[o], &one);
	s->half_open += d->half_open;
	if (tally_outcome_failed(o)) {
		s->syns_failed[syns_class(d->n_syns)]++;
		steps_feed(&s->failures, d);
	} else if (o == OUTCOME_ESTABLISHED) {
		s->syns_established[syns_class(d->n_syns)]++;
		s->bands[band_of(d->elapsed_ns)]++;
		spread_feed(&s->connect, d->elapsed_ns);
	}
	/* of a single SYN nobody knows how long was waited */
	if (o == OUTCOME_ABANDONED)
		top_feed(s->waits, &server->addr, server->port, tag_of(d->elapsed_ns), d);
	steps_feed(&s->minutes, d);
}

void summary_feed(struct summary *s, const struct digest *d)
{
	const struct endpoint *server = &d->flow.server;

	if (is_lone(d))
		feed_lone(s, d->start_ns);
	else
		feed_any(s, d);
	top_feed(s->servers, &server->addr, server->port, 0, d);
	top_feed(s->clients, &d->flow.client.addr, 0, 0, d);
}

static void add(uint64_t *into, const uint64_t *from, int n)
{
	int i;

	for (i = 0; i < n; i++)
		into[i] += from[i];
}

/* What was fed is counted where it is read: to be called before anything is. */
static void settle(const struct summary *s)
{
	count_lone((struct summary *)s);
	top_settle(s->servers);
	top_settle(s->clients);
	top_settle(s->waits);
}

void summary_merge(struct summary *into, const struct summary *from)
{
	int i;

	settle(into);
	settle(from);
	for (i = 0; i < OUTCOME_N; i++)
		include(&into->outcomes[i], &from->outcomes[i]);
	into->half_open += from->half_open;
	add(into->syns_established, from->syns_established, SUMMARY_SYNS_N);
	add(into->syns_failed, from->syns_failed, SUMMARY_SYNS_N);
	add(into->bands, from->bands, SUMMARY_BANDS_N);
	spread_merge(&into->connect, &from->connect);
	steps_merge(&into->failures, &from->failures);
	steps_merge(&into->minutes, &from->minutes);
	top_merge(into->servers, from->servers);
	top_merge(into->clients, from->clients);
	top_merge(into->waits, from->waits);
}

void summary_counts(const struct summary *s, struct summary_counts *ret)
{
	struct share all = { 0, INT64_MAX, INT64_MIN }, failed = all;
	int i;

	settle(s);
	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < OUTCOME_N; i++) {
		if (!s->outcomes[i].n)
			continue;
		include(&all, &s->outcomes[i]);
		if (tally_outcome_failed(i))
			include(&failed, &s->outcomes[i]);
		ret->outcomes[i] = s->outcomes[i].n;
		ret->outcome_first_ns[i] = s->outcomes[i].first_ns;
		ret->outcome_last_ns[i] = s->outcomes[i].last_ns;
	}
	ret->attempts = all.n;
	ret->failures = failed.n;
	ret->half_open = s->half_open;
	memcpy(ret->syns_established, s->syns_established, sizeof(ret->syns_established));
	memcpy(ret->syns_failed, s->syns_failed, sizeof(ret->syns_failed));
	memcpy(ret->bands, s->bands, sizeof(ret->bands));
	if (all.n) {
		ret->first_ns = all.first_ns;
		ret->last_ns = all.last_ns;
	}
	if (failed.n) {
		ret->first_failure_ns = failed.first_ns;
		ret->last_failure_ns = failed.last_ns;
	}
}

int64_t summary_connect_ns(const struct summary *s, int permille)
{
	if (permille <= 0)
		return s->connect.min_ns;
	return permille >= 1000 ? s->connect.max_ns : spread_quantile(&s->connect, permille);
}

const struct top *summary_servers(const struct summary *s)
{
	settle(s);
	return s->servers;
}

const struct top *summary_clients(const struct summary *s)
{
	settle(s);
	return s->clients;
}

const struct steps *summary_failures(const struct summary *s)
{
	settle(s);
	return &s->failures;
}

const struct steps *summary_minutes(const struct summary *s)
{
	settle(s);
	return &s->minutes;
}

bool summary_wait(const struct summary *s, const struct endpoint *server, struct summary_wait *ret)
{
	const struct top_entry *e, *best = NULL;
	uint64_t n, most = 0;
	size_t i;

	settle(s);
	for (i = 0; i < top_n(s->waits); i++) {
		e = top_get(s->waits, i);
		if (e->key.port != server->port || !addr_equal(&e->key.addr, &server->addr))
			continue;
		n = tally_attempts(&e->tally);
		if (n > most || (n == most && e->key.tag < best->key.tag)) {
			most = n;
			best = e;
		}
	}
	if (!best)
		return false;
	*ret = (struct summary_wait){ .elapsed_ns = tag_ns(best->key.tag), .attempts = most };
	return true;
}
