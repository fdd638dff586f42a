/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_counters.h"

#include <stdlib.h>
#include <unistd.h>

#include "sources/rulecounts.h"
#include "util/clock.h"
#include "util/duration.h"

#define NETNS_MAX 16 /* network namespaces whose counters are known */
#define LOOKS 16     /* the last ones of each that are kept */
#define SHARE 20
#define SPENT_MAX_NS (100 * NS_PER_MS)
#define REST_NS (50 * NS_PER_MS)
#define CANDIDATES_SHOWN 3

/* The counters were read at some moment between the two times, which are since 1970. */
struct look {
	int64_t begun_ns, ended_ns;
	int64_t since_ns; /* begun_ns of the look that the counters were compared with last; 0: none */
	struct rulecounts *counts;
};

/* Of one network namespace. */
struct series {
	uint32_t netns;
	int64_t looked_ns;	  /* when the last look was over, by CLOCK_MONOTONIC; 0: there was none */
	int64_t spent_ns;	  /* on looks, at looked_ns */
	struct look looks[LOOKS]; /* oldest first */
	int n;
};

struct watch_counters {
	struct namespaces *namespaces;
	struct series series[NETNS_MAX];
	int n;
};

struct watch_counters *watch_counters_new(struct namespaces *namespaces)
{
	struct watch_counters *w = calloc(1, sizeof(*w));

	if (w)
		w->namespaces = namespaces;
	return w;
}

static void forget(struct series *s)
{
	while (s->n)
		rulecounts_free(s->looks[--s->n].counts);
}

void watch_counters_free(struct watch_counters *w)
{
	int i;

	for (i = 0; w && i < w->n; i++)
		forget(&w->series[i]);
	free(w);
}

static struct series *series_of(struct watch_counters *w, uint32_t netns)
{
	int i;

	for (i = 0; i < w->n; i++)
		if (w->series[i].netns == netns)
			return &w->series[i];
	if (!netns || w->n == NETNS_MAX)
		return NULL;
	w->series[w->n].netns = netns;
	return &w->series[w->n++];
}

static void keep(struct series *s, const struct look *l)
{
	int i;

	if (s->n == LOOKS) {
		rulecounts_free(s->looks[0].counts);
		for (i = 1; i < LOOKS; i++)
			s->looks[i - 1] = s->looks[i];
		s->n--;
	}
	s->looks[s->n++] = *l;
}

static bool read_counters(const struct watch_counters *w, struct series *s, struct look *ret)
{
	int fd = namespaces_open(w->namespaces, s->netns);
	struct err e = { 0 };
	bool ok;

	if (fd < 0)
		return false;
	ret->begun_ns = clock_real_ns();
	ok = !rulecounts_take(fd, &ret->counts, &e);
	ret->ended_ns = clock_real_ns();
	close(fd);
	return ok;
}

/* A few looks may follow soon one upon the other; in the long run they take one part in SHARE of the time. */
static bool may_look(struct series *s, int64_t now_ns)
{
	int64_t since_ns = now_ns - s->looked_ns, owed_ns = s->spent_ns - since_ns / SHARE;

	if (s->looked_ns && (since_ns < REST_NS || owed_ns > SPENT_MAX_NS))
		return false;
	s->spent_ns = owed_ns > 0 ? owed_ns : 0;
	return true;
}

static void look(struct watch_counters *w, struct series *s)
{
	int64_t begun_ns = clock_mono_ns();
	struct look l = { 0 };

	if (!may_look(s, begun_ns))
		return;
	if (read_counters(w, s, &l))
		keep(s, &l);
	s->looked_ns = clock_mono_ns();
	s->spent_ns += s->looked_ns - begun_ns;
}

void watch_counters_look(struct watch_counters *w, uint32_t netns)
{
	struct series *s = series_of(w, netns);

	if (s)
		look(w, s);
}

static bool compare(const struct watch_counters *w, const struct series *s, const struct look *before,
		    struct look *after)
{
	struct err e = { 0 };
	int fd;

	if (after->since_ns == before->begun_ns)
		return true;
	fd = namespaces_open(w->namespaces, s->netns);
	if (fd < 0)
		return false;
	after->since_ns = rulecounts_compare(before->counts, after->counts, fd, &e) ? 0 : before->begun_ns;
	close(fd);
	return after->since_ns;
}

/* The first look that began after t_ns, compared with the last one that was over by then.  NULL: there are no such two.
 */
static const struct look *look_around(const struct watch_counters *w, struct series *s, int64_t t_ns)
{
	int before = s->n - 1, after = 0;

	while (before >= 0 && s->looks[before].ended_ns >= t_ns)
		before--;
	while (after < s->n && s->looks[after].begun_ns <= t_ns)
		after++;
	if (before < 0 || after == s->n || !compare(w, s, &s->looks[before], &s->looks[after]))
		return NULL;
	return &s->looks[after];
}

static void on_rule(const struct rule_hit *h, void *user)
{
	struct watch_counters_found *f = user;

	f->n_nft += h->maker == RULE_NFT;
	if (f->n++ >= CANDIDATES_SHOWN)
		return;
	buf_str(&f->text, f->n > 1 ? "; or " : "");
	rule_format(h, &f->text);
}

void watch_counters_find(struct watch_counters *w, uint32_t netns, int64_t t_ns, const struct rules_case *k,
			 struct watch_counters_found *ret)
{
	struct series *s = series_of(w, netns);
	const struct look *l;

	*ret = (struct watch_counters_found){ 0 };
	if (!s || !t_ns)
		return;
	if (!s->n || t_ns >= s->looks[s->n - 1].begun_ns)
		look(w, s);
	l = look_around(w, s, t_ns);
	if (!l)
		return;
	ret->sure = rulecounts_moved(l->counts, k, on_rule, ret) && ret->n == 1;
	if (ret->n > CANDIDATES_SHOWN)
		buf_fmt(&ret->text, "; or %d more", ret->n - CANDIDATES_SHOWN);
}
