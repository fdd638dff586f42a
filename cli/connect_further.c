/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/connect_further.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/watch_nat.h"
#include "cli/watch_neighbour.h"
#include "cli/watch_route.h"
#include "cli/watch_rules.h"
#include "core/refusal.h"
#include "sources/backlog.h"
#include "sources/namespaces.h"
#include "sources/nat_sent.h"
#include "sources/netns.h"
#include "sources/observe.h"
#include "sources/route.h"
#include "sources/trace.h"

#define PENDING_MAX 64

struct connect_further {
	struct trace *trace; /* NULL: not wanted yet, or not to be had */
	struct watch_rules *rules;
	struct nat_sent *nat; /* NULL: root only is told */
	bool trace_tried, loading;
	pthread_t loader;
	struct attempt *attempt; /* while it is looked at */
};

struct connect_further *connect_further_new(void)
{
	struct connect_further *f = calloc(1, sizeof(*f));
	const uint32_t own = netns_own();

	/* what is refused is told to those who listen before */
	if (f && !geteuid())
		f->nat = nat_sent_new(&own, 1);
	return f;
}

static void end_loading(struct connect_further *f)
{
	if (f->loading)
		pthread_join(f->loader, NULL);
	f->loading = false;
}

void connect_further_free(struct connect_further *f)
{
	if (!f)
		return;
	end_loading(f);
	watch_rules_free(f->rules);
	trace_free(f->trace);
	nat_sent_free(f->nat);
	free(f);
}

static void *load_trace(void *arg)
{
	struct connect_further *f = arg;
	const struct trace_opts o = { .no_failed = true };
	struct err e = { 0 };

	if (trace_open(&o, &f->trace, &e))
		f->trace = NULL; /* then nothing is known of drops, as without privilege */
	else if (watch_rules_new(&(const struct watch_rules_opts){ 0 }, &f->rules, &e))
		f->rules = NULL;
	return NULL;
}

void connect_further_watch(struct connect_further *f)
{
	if (f->trace_tried || geteuid())
		return;
	f->trace_tried = true;
	f->loading = !pthread_create(&f->loader, NULL, load_trace, f);
}

/* How many were dropped is not told: the first may have been before this was looked at. */
static void on_traced(const struct attempt *a, void *user)
{
	const struct connect_further *f = user;
	struct attempt *to = f->attempt;
	int i;

	if (!endpoint_equal(&a->flow.client, &to->flow.client) || !endpoint_equal(&a->flow.server, &to->flow.server))
		return;
	for (i = 0; i < a->n_drops && to->n_drops < ATTEMPT_DROPS_MAX; i++) {
		to->drops[to->n_drops] = a->drops[i];
		to->drops[to->n_drops++].packets = 0;
	}
}

static void take_drops(struct connect_further *f)
{
	end_loading(f);
	if (!f->trace)
		return;
	trace_read(f->trace, on_traced, f);
	trace_pending(f->trace, PENDING_MAX, on_traced, f);
}

static void look_behind_nat(struct connect_further *f, const struct flow *flow, int64_t began_ns)
{
	struct attempt *a = f->attempt;
	const struct reply *r = attempt_accepted_reply(a);
	struct nat_sent_answer is;

	if (!f->nat || a->end_error != ECONNREFUSED || (r && r->kind != REPLY_RST))
		return;
	nat_sent_find(f->nat, flow, 0, began_ns, false, &is);
	watch_nat_take(&is, a);
}

/* No packet is dropped by a listener of this host whose queue is full, and no event tells of it. */
static void look_for_full_queue(struct attempt *a)
{
	struct namespaces *n;
	struct drop d;

	if (!attempt_syns_are_lost(a) || a->n_drops == ATTEMPT_DROPS_MAX)
		return;
	n = namespaces_new();
	if (n && backlog_look(n, 0, &a->flow, &d))
		a->drops[a->n_drops++] = d;
	namespaces_free(n);
}

void connect_further_look(struct connect_further *f, const struct flow *flow, int64_t began_ns,
			  const struct observe *observe, struct attempt *a)
{
	struct route_answer route;

	f->attempt = a;
	take_drops(f);
	refusal_settle(a);
	look_behind_nat(f, flow, began_ns);
	look_for_full_queue(a);
	if (watch_route_decides(a) && !route_ask(&flow->server, &route))
		watch_route_take(&route, a);
	if (observe && watch_neighbour_concerns(a))
		watch_neighbour_look_here(a, observe_now(observe));
	if (f->rules && a->n_drops)
		watch_rules_name(f->rules, a);
}
