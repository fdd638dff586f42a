/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sources/namespaces.h"
#include "sources/netns.h"
#include "sources/netprogs.h"
#include "sources/nftrace.h"
#include "sources/rulecounts.h"
#include "util/clock.h"
#include "util/duration.h"

#define HITS 4096	  /* the last that were traced */
#define SNAPSHOTS_MAX 16  /* network namespaces whose counters are known */
#define AGAIN_NS NS_PER_S /* counters are read at most so often */
#define CANDIDATES_SHOWN 3
#define RULE_LEN sizeof(((struct drop *)NULL)->rule)

struct hit {
	struct endpoint src, dst;
	bool output;
	char text[RULE_LEN];
};

/* The counters of one network namespace, and which rules moved between the last two looks. */
struct snapshot {
	uint32_t netns;
	int64_t taken_ns; /* CLOCK_MONOTONIC */
	struct rulecounts *counts;
	/* Of nft's rules, and of iptables-legacy's; for people */
	struct {
		struct buf text;
		int n;
	} moved[2];
};

struct watch_rules {
	struct namespaces *namespaces;
	struct nftrace *traces[WATCH_RULES_NETNS_MAX];
	int n_traces;
	int netns[WATCH_RULES_NETNS_MAX]; /* each trace's, open as long as it is; -1: this one */
	uint64_t lost, n_hits;
	struct hit hits[HITS];
	struct snapshot snapshots[SNAPSHOTS_MAX];
	int n_snapshots;
	struct buf note;
};

/* ---- by tracing ---- */

static void format(const struct rule_hit *h, char to[RULE_LEN])
{
	struct buf b = { 0 };

	rule_format(h, &b);
	snprintf(to, RULE_LEN, "%s", buf_text(&b));
	buf_fini(&b);
}

static void on_hit(const struct rule_hit *h, void *user)
{
	struct watch_rules *w = user;
	struct hit *to = &w->hits[w->n_hits++ % HITS];

	if (!h->has_packet) {
		w->n_hits--;
		return;
	}
	to->src = h->packet.src;
	to->dst = h->packet.dst;
	to->output = !strcmp(h->hook, "output") || !strcmp(h->hook, "postrouting");
	format(h, to->text);
}

static const struct hit *find_hit(const struct watch_rules *w, const struct endpoint *src, const struct endpoint *dst)
{
	uint64_t n = w->n_hits < HITS ? w->n_hits : HITS, i;

	for (i = 1; i <= n; i++) {
		const struct hit *h = &w->hits[(w->n_hits - i) % HITS];

		if (endpoint_equal(&h->src, src) && endpoint_equal(&h->dst, dst))
			return h;
	}
	return NULL;
}

static void close_netns(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int trace_in(struct watch_rules *w, uint32_t netns, struct err *e)
{
	const struct nftrace_opts o = { .netns = netns ? namespaces_open(w->namespaces, netns) : -1 };
	const char *note;
	int r;

	if (netns && o.netns < 0)
		return err_set(e, ENOENT, "--rules: network namespace %u is not found", netns);
	r = nftrace_open(&o, &w->traces[w->n_traces], e);
	if (r) {
		err_wrap(e, "--rules");
		close_netns(o.netns);
		return r;
	}
	w->netns[w->n_traces] = o.netns;
	note = nftrace_note(w->traces[w->n_traces++]);
	if (*note)
		buf_fmt(&w->note, "--rules: %s\n", note);
	return 0;
}

static int start_tracing(struct watch_rules *w, const struct watch_rules_opts *o, struct err *e)
{
	int i, r = 0;

	if (o->n_netns > WATCH_RULES_NETNS_MAX)
		return err_set(e, EINVAL, "--rules: at most %d network namespaces", WATCH_RULES_NETNS_MAX);
	for (i = 0; i < o->n_netns && !r; i++)
		r = trace_in(w, o->netns[i], e);
	if (!o->n_netns)
		r = trace_in(w, 0, e);
	if (!r)
		buf_fmt(&w->note,
			"--rules: tables that trace handshakes are in the ruleset of %s network namespace%s until this ends\n",
			o->n_netns ? "these" : "this", o->n_netns > 1 ? "s" : "");
	return r;
}

/* ---- by counters ---- */

static struct snapshot *snapshot_of(struct watch_rules *w, uint32_t netns)
{
	int i;

	for (i = 0; i < w->n_snapshots; i++)
		if (w->snapshots[i].netns == netns)
			return &w->snapshots[i];
	if (w->n_snapshots == SNAPSHOTS_MAX)
		return NULL;
	w->snapshots[w->n_snapshots].netns = netns;
	return &w->snapshots[w->n_snapshots++];
}

static void on_moved(const struct rule_hit *h, void *user)
{
	struct snapshot *s = user;
	bool legacy = h->maker == RULE_IPTABLES_LEGACY;

	if (s->moved[legacy].n++ >= CANDIDATES_SHOWN)
		return;
	buf_str(&s->moved[legacy].text, s->moved[legacy].n > 1 ? "; or " : "");
	rule_format(h, &s->moved[legacy].text);
}

/* Reads the counters, and notes which moved since they were read last. */
static void look(struct watch_rules *w, struct snapshot *s)
{
	int fd = namespaces_open(w->namespaces, s->netns);
	struct rulecounts *now = NULL;
	struct err e = { 0 };

	s->taken_ns = clock_mono_ns();
	if (fd < 0)
		return;
	if (rulecounts_take(fd, &now, &e) || !now) {
		close(fd);
		return;
	}
	if (s->counts) {
		buf_reset(&s->moved[0].text);
		buf_reset(&s->moved[1].text);
		s->moved[0].n = s->moved[1].n = 0;
		rulecounts_moved(s->counts, now, on_moved, s, &e);
	}
	close(fd);
	rulecounts_free(s->counts);
	s->counts = now;
}

static void name_by_counters(struct watch_rules *w, struct drop *d)
{
	struct snapshot *s = d->netns ? snapshot_of(w, d->netns) : NULL;
	/* nft's rules drop in its own code, those of iptables-legacy's modules leave that to the hook. */
	bool legacy = !strcmp(d->function, "nf_hook_slow");
	const char *text;
	int n;

	if (!s)
		return;
	if (!s->taken_ns || clock_mono_ns() - s->taken_ns >= AGAIN_NS)
		look(w, s);
	text = buf_text(&s->moved[legacy].text);
	n = s->moved[legacy].n;
	if (n == 1)
		snprintf(d->rule, sizeof(d->rule), "%.*s (by its counter)", (int)sizeof(d->rule) - 20, text);
	else if (n)
		snprintf(d->rule, sizeof(d->rule), "one of %d whose counters moved: %.*s", n, (int)sizeof(d->rule) - 48,
			 text);
}

/* ---- programs at devices ---- */

struct programs {
	const struct drop *drop;
	struct buf text;
	int n;
};

static bool is_xdp(const struct drop *d)
{
	return strstr(d->function, "xdp") != NULL || !strncmp(d->reason, "XDP", 3);
}

static bool is_tc(const struct drop *d)
{
	return !strcmp(d->reason, "TC_INGRESS") || !strcmp(d->reason, "TC_EGRESS");
}

static void on_program(const struct netprog *p, void *user)
{
	struct programs *k = user;
	bool xdp = p->kind == NETPROG_XDP;

	if (xdp != is_xdp(k->drop) || (!xdp && p->egress != !strcmp(k->drop->reason, "TC_EGRESS")))
		return;
	buf_str(&k->text, k->n++ ? "; or " : "");
	netprog_format(p, &k->text);
}

static void name_program(struct watch_rules *w, struct drop *d)
{
	int fd = namespaces_open(w->namespaces, d->netns);
	struct programs k = { .drop = d };
	struct err e = { 0 };

	if (fd < 0)
		return;
	netprogs_list(fd, d->ifindex, on_program, &k, &e);
	close(fd);
	if (k.n)
		snprintf(d->rule, sizeof(d->rule), "%s", buf_text(&k.text));
	buf_fini(&k.text);
}

/* ---- all of it ---- */

int watch_rules_new(const struct watch_rules_opts *o, struct watch_rules **ret, struct err *e)
{
	struct watch_rules *w = calloc(1, sizeof(*w));
	struct snapshot *own;
	int r = 0, i;

	if (!w)
		return err_sys(e, ENOMEM, "rules");
	w->namespaces = namespaces_new();
	if (!w->namespaces)
		r = err_sys(e, ENOMEM, "rules");
	if (!r && o->trace)
		r = start_tracing(w, o, e);
	if (r) {
		watch_rules_free(w);
		return r;
	}
	/* What counters are before. */
	for (i = 0; i < o->n_netns && i < SNAPSHOTS_MAX; i++)
		look(w, snapshot_of(w, o->netns[i]));
	own = o->n_netns ? NULL : snapshot_of(w, netns_own());
	if (own)
		look(w, own);
	*ret = w;
	return 0;
}

void watch_rules_free(struct watch_rules *w)
{
	int i;

	if (!w)
		return;
	for (i = 0; i < w->n_traces; i++)
		nftrace_free(w->traces[i]);
	for (i = 0; i < w->n_traces; i++)
		close_netns(w->netns[i]);
	for (i = 0; i < w->n_snapshots; i++) {
		rulecounts_free(w->snapshots[i].counts);
		buf_fini(&w->snapshots[i].moved[0].text);
		buf_fini(&w->snapshots[i].moved[1].text);
	}
	namespaces_free(w->namespaces);
	buf_fini(&w->note);
	free(w);
}

const char *watch_rules_note(const struct watch_rules *w)
{
	return buf_text(&w->note);
}

int watch_rules_fds(const struct watch_rules *w, struct pollfd *fds)
{
	int i;

	for (i = 0; i < w->n_traces; i++)
		fds[i] = (struct pollfd){ .fd = nftrace_fd(w->traces[i]), .events = POLLIN };
	return i;
}

void watch_rules_read(struct watch_rules *w)
{
	int i, r;

	for (i = 0; i < w->n_traces; i++) {
		r = nftrace_read(w->traces[i], clock_mono_ns(), on_hit, w);
		if (r > 0)
			w->lost += (uint64_t)r;
	}
}

void watch_rules_name_drop(struct watch_rules *w, const struct flow *f, struct drop *d)
{
	const struct hit *h;

	if (d->rule[0])
		return;
	if (is_xdp(d) || is_tc(d)) {
		name_program(w, d);
		return;
	}
	if (strcmp(d->reason, "NETFILTER_DROP"))
		return;
	h = d->reply ? find_hit(w, &f->server, &f->client) : find_hit(w, &f->client, &f->server);
	if (h)
		snprintf(d->rule, sizeof(d->rule), "%s", h->text);
	else
		name_by_counters(w, d);
}

/* A rule that rejects answers first, and drops the SYN when the attempt is over. */
static void add_reject(const struct watch_rules *w, struct attempt *a)
{
	const struct hit *h = find_hit(w, &a->flow.client, &a->flow.server);
	struct drop *d = &a->drops[0];

	if (!h)
		return;
	*d = (struct drop){ .place = h->output ? DROP_LOCAL_OUTPUT : DROP_LOCAL_INPUT,
			    .packets = (uint64_t)a->n_syns,
			    .netns = a->netns };
	snprintf(d->reason, sizeof(d->reason), "NETFILTER_DROP");
	snprintf(d->rule, sizeof(d->rule), "%s", h->text);
	a->n_drops = 1;
}

void watch_rules_name(struct watch_rules *w, struct attempt *a)
{
	int i;

	if (!a->n_drops && a->n_syns && a->n_replies && !a->connected)
		add_reject(w, a);

	for (i = 0; i < a->n_drops; i++)
		watch_rules_name_drop(w, &a->flow, &a->drops[i]);
}

uint64_t watch_rules_lost(const struct watch_rules *w)
{
	return w->lost;
}
