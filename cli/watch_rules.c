/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/watch_counters.h"
#include "cli/watch_hits.h"
#include "sources/namespaces.h"
#include "sources/netns.h"
#include "sources/netprogs.h"
#include "sources/nftrace.h"
#include "util/clock.h"

struct watch_rules {
	struct namespaces *namespaces;
	struct nftrace *traces[WATCH_RULES_NETNS_MAX];
	int n_traces;
	int netns[WATCH_RULES_NETNS_MAX]; /* each trace's, open as long as it is; -1: this one */
	uint32_t inodes[WATCH_RULES_NETNS_MAX];
	uint32_t reading; /* the inode number of the one whose trace is read */
	uint64_t lost;
	struct watch_hits *hits;
	struct watch_counters *counters;
	uint32_t watched[WATCH_RULES_NETNS_MAX]; /* the network namespaces whose rules are traced on request */
	int n_watched;
	struct buf note;
};

/* ---- by tracing ---- */

static void on_hit(const struct rule_hit *h, void *user)
{
	const struct watch_rules *w = user;

	if (h->has_packet)
		watch_hits_add(w->hits, w->reading, h);
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
	w->inodes[w->n_traces] = netns ? netns : netns_own();
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
	if (d->place == DROP_LOCAL_OUTPUT)
		k.way = RULES_WAY_OUT;
	else if (!d->reply && d->place == DROP_LOCAL_INPUT)
		k.way = RULES_WAY_IN;
	k.has_uid = d->has_opener;
	k.uid = d->opener;
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
		watch_hits_put(buf_text(&f.text), d->rule);
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
		watch_hits_put(buf_text(&k.text), d->rule);
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
	w->hits = watch_hits_new();
	if (!w->namespaces || !w->counters || !w->hits)
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
	watch_hits_free(w->hits);
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
		w->reading = w->inodes[i];
		r = nftrace_read(w->traces[i], clock_mono_ns(), on_hit, w);
		if (r > 0)
			w->lost += (uint64_t)r;
	}
}

static void name_drop(struct watch_rules *w, const struct attempt *a, struct drop *d)
{
	if (d->rule[0])
		return;
	if (is_xdp(d) || is_tc(d)) {
		name_program(w, d);
		return;
	}
	if (strcmp(d->reason, "NETFILTER_DROP"))
		return;
	if (!watch_hits_name(w->hits, a, d))
		name_by_counters(w, a, d);
}

void watch_rules_name(struct watch_rules *w, struct attempt *a)
{
	int i;

	if (!a->n_drops && a->n_syns && a->n_replies && !a->connected)
		a->n_drops = watch_hits_reject(w->hits, a, &a->drops[0]);
	for (i = 0; i < a->n_drops; i++)
		name_drop(w, a, &a->drops[i]);
}

uint64_t watch_rules_lost(const struct watch_rules *w)
{
	return w->lost;
}
