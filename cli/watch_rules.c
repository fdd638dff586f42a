/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/watch_counters.h"
#include "sources/namespaces.h"
#include "sources/netns.h"
#include "sources/netprogs.h"
#include "sources/nftrace.h"
#include "util/clock.h"

#define HITS 4096 /* the last that were traced */
#define RULE_LEN sizeof(((struct drop *)NULL)->rule)

struct hit {
	struct endpoint src, dst;
	bool output;
	char text[RULE_LEN];
};

struct watch_rules {
	struct namespaces *namespaces;
	struct nftrace *traces[WATCH_RULES_NETNS_MAX];
	int n_traces;
	int netns[WATCH_RULES_NETNS_MAX]; /* each trace's, open as long as it is; -1: this one */
	uint64_t lost, n_hits;
	struct hit hits[HITS];
	struct watch_counters *counters;
	uint32_t watched[WATCH_RULES_NETNS_MAX]; /* the network namespaces whose rules are traced on request */
	int n_watched;
	struct buf note;
};

/* Ended by a mark where it does not fit. */
static void put_text(const char *text, char to[RULE_LEN])
{
	if ((size_t)snprintf(to, RULE_LEN, "%s", text) >= RULE_LEN)
		memcpy(to + RULE_LEN - 4, "...", 4);
}

/* ---- by tracing ---- */

static void format(const struct rule_hit *h, char to[RULE_LEN])
{
	struct buf b = { 0 };

	rule_format(h, &b);
	put_text(buf_text(&b), to);
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
	static const char *const where[] = { "this network namespace", "that network namespace",
					     "these network namespaces" };
	int i, r = 0;

	if (o->n_netns > WATCH_RULES_NETNS_MAX)
		return err_set(e, EINVAL, "--rules: at most %d network namespaces", WATCH_RULES_NETNS_MAX);
	for (i = 0; i < o->n_netns && !r; i++)
		r = trace_in(w, o->netns[i], e);
	if (!o->n_netns)
		r = trace_in(w, 0, e);
	if (!r)
		buf_fmt(&w->note, "--rules: tables that trace handshakes are in the ruleset of %s until this ends\n",
			where[o->n_netns < 2 ? o->n_netns : 2]);
	return r;
}

/* ---- by counters ---- */

/* What came back of the SYNs that were dropped.  Where some were not, an answer may be theirs. */
static enum rule_answer answer_to(const struct attempt *a, const struct drop *d)
{
	enum rule_answer answer = RULE_ANSWER_NONE;
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind != REPLY_SYN_ACK)
			answer = a->replies[i].kind == REPLY_RST ? RULE_ANSWER_RST : RULE_ANSWER_ICMP;
	if (d->reply || (answer && d->packets < (uint64_t)a->n_syns))
		return RULE_ANSWER_ANY;
	/* it failed by what was not seen */
	if (!answer && (a->soft_error || (a->end_error && a->end_error != ETIMEDOUT)))
		return RULE_ANSWER_ANY;
	return answer;
}

/*
 * Since Linux 6.7 nft's rules drop in its own code (net/netfilter/nf_tables_core.c
 * nft_do_chain()); before, and those of iptables-legacy's modules always, they
 * leave that to the hook.
 */
static bool drops_in_nft(void)
{
	struct utsname u;
	int major, minor;

	return !uname(&u) && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 7));
}

static struct rules_case case_of(const struct attempt *a, const struct drop *d)
{
	struct rules_case k = { .src = d->reply ? a->flow.server : a->flow.client,
				.dst = d->reply ? a->flow.client : a->flow.server,
				.answer = answer_to(a, d) };

	if (strcmp(d->function, "nf_hook_slow") != 0)
		k.not_legacy = true;
	else
		k.not_nft = drops_in_nft();
	if (!d->reply && d->place == DROP_LOCAL_OUTPUT)
		k.way = RULES_WAY_OUT;
	else if (!d->reply && d->place == DROP_LOCAL_INPUT)
		k.way = RULES_WAY_IN;
	/* lo is each network namespace's device 1 (net/core/dev.c dev_new_index()) */
	if (d->ifindex == 1 || addr_is_loopback(&a->flow.server.addr))
		k.device = RULES_DEVICE_LO;
	else if (d->ifindex)
		k.device = RULES_DEVICE_OTHER;
	return k;
}

static bool is_watched(const struct watch_rules *w, uint32_t netns)
{
	int i;

	for (i = 0; i < w->n_watched; i++)
		if (w->watched[i] == netns)
			return true;
	return false;
}

static void name_by_counters(struct watch_rules *w, const struct attempt *a, struct drop *d)
{
	struct rules_case k = case_of(a, d);
	struct watch_counters_found f;

	watch_counters_find(w->counters, d->netns, d->last_ns, &k, &f);
	if (f.n)
		put_text(buf_text(&f.text), d->rule);
	d->rule_by = f.sure ? RULE_BY_COUNTER : f.n ? RULE_BY_GUESS : RULE_BY_NOTHING;
	/* Tracing does not see the rules of iptables-legacy. */
	d->rule_untraced = !w->n_traces && is_watched(w, d->netns) && (!f.n || f.n_nft);
	buf_fini(&f.text);
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
		put_text(buf_text(&k.text), d->rule);
	buf_fini(&k.text);
}

/* ---- all of it ---- */

int watch_rules_new(const struct watch_rules_opts *o, struct watch_rules **ret, struct err *e)
{
	struct watch_rules *w = calloc(1, sizeof(*w));
	int r = 0, i;

	if (!w)
		return err_sys(e, ENOMEM, "rules");
	w->namespaces = namespaces_new();
	w->counters = watch_counters_new(w->namespaces);
	if (!w->namespaces || !w->counters)
		r = err_sys(e, ENOMEM, "rules");
	if (!r && o->trace)
		r = start_tracing(w, o, e);
	if (r) {
		watch_rules_free(w);
		return r;
	}
	for (i = 0; i < o->n_netns && i < WATCH_RULES_NETNS_MAX; i++)
		w->watched[w->n_watched++] = o->netns[i];
	if (!o->n_netns)
		w->watched[w->n_watched++] = netns_own();
	for (i = 0; i < w->n_watched; i++)
		watch_counters_look(w->counters, w->watched[i]);
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
	watch_counters_free(w->counters);
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

static void put_hit(struct drop *d, const struct hit *h)
{
	snprintf(d->rule, sizeof(d->rule), "%s", h->text);
	d->rule_by = RULE_BY_TRACE;
}

static void name_drop(struct watch_rules *w, const struct attempt *a, struct drop *d)
{
	const struct flow *f = &a->flow;
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
		put_hit(d, h);
	else
		name_by_counters(w, a, d);
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
	put_hit(d, h);
	a->n_drops = 1;
}

void watch_rules_name(struct watch_rules *w, struct attempt *a)
{
	int i;

	if (!a->n_drops && a->n_syns && a->n_replies && !a->connected)
		add_reject(w, a);

	for (i = 0; i < a->n_drops; i++)
		name_drop(w, a, &a->drops[i]);
}

uint64_t watch_rules_lost(const struct watch_rules *w)
{
	return w->lost;
}
