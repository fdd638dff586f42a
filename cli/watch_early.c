/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_early.h"

#include <stdlib.h>
#include <string.h>

#include "sources/procs.h"
#include "sources/sockdiag.h"
#include "sources/sysctls.h"

#define EARLY_MAX 4096

struct early {
	struct event_state state;
	bool over;
};

struct watch_early {
	int64_t begun_ns;
	struct policy policy;
	bool has_policy;
	size_t n;
	struct early *v;
};

static void on_socket(const struct sockdiag_socket *s, void *user)
{
	struct watch_early *w = user;

	if (w->n == EARLY_MAX)
		return;
	w->v[w->n++] = (struct early){ .state = s->state };
}

static void name_all(struct watch_early *w)
{
	struct procs_wanted *wanted = calloc(w->n, sizeof(*wanted));
	size_t i;

	if (!wanted)
		return;
	for (i = 0; i < w->n; i++)
		wanted[i].inode = w->v[i].state.inode;
	procs_socket_owners(wanted, (int)w->n, 0);
	for (i = 0; i < w->n; i++) {
		w->v[i].state.pid = wanted[i].pid;
		memcpy(w->v[i].state.comm, wanted[i].comm, sizeof(wanted[i].comm));
	}
	free(wanted);
}

struct watch_early *watch_early_new(int64_t now_ns)
{
	struct watch_early *w = calloc(1, sizeof(*w));
	struct sockdiag *d = NULL;
	struct err e = { 0 };

	if (!w)
		return NULL;
	w->begun_ns = now_ns;
	w->has_policy = !sysctls_policy(&w->policy, &e);
	w->v = calloc(EARLY_MAX, sizeof(*w->v));
	if (w->v && !sockdiag_open(&d, &e))
		sockdiag_dump(d, 0, SOCKDIAG_SYN_SENT, on_socket, w, &e);
	sockdiag_free(d);
	if (w->n)
		name_all(w);
	return w;
}

void watch_early_free(struct watch_early *w)
{
	if (!w)
		return;
	free(w->v);
	free(w);
}

static bool same_flow(const struct flow *a, const struct flow *b)
{
	return endpoint_equal(&a->client, &b->client) && endpoint_equal(&a->server, &b->server);
}

static struct early *find(struct watch_early *w, const struct attempt *a)
{
	size_t i;

	for (i = 0; w && i < w->n; i++) {
		const struct event_state *s = &w->v[i].state;

		if (!w->v[i].over && ((a->cookie && s->cookie == a->cookie) || same_flow(&s->flow, &a->flow)))
			return &w->v[i];
	}
	return NULL;
}

static void take_process(struct attempt *a, int32_t pid, const char comm[16])
{
	a->pid = pid;
	memcpy(a->comm, comm, sizeof(a->comm));
}

void watch_early_name(struct watch_early *w, struct attempt *a)
{
	struct procs_wanted wanted = { .inode = (uint32_t)a->inode };
	struct early *early = w && attempt_start_ns(a) < w->begun_ns ? find(w, a) : NULL;

	if (early) {
		take_process(a, early->state.pid, early->state.comm);
		early->over = a->ended_ns != 0;
	} else if (!a->pid && wanted.inode && procs_socket_owners(&wanted, 1, 0)) {
		take_process(a, wanted.pid, wanted.comm);
	}
}

/* ---- those that wait ---- */

struct asking {
	struct watch_early *w;
	struct attempt a;
	struct flow known[EARLY_MAX]; /* that the trace told of */
	int n_known;
	int64_t now_ns;
	trace_fn *fn;
	void *user;
};

static void on_traced(const struct attempt *a, void *user)
{
	struct asking *k = user;

	k->a = *a;
	if (!k->a.has_policy && k->w && k->w->has_policy) {
		k->a.has_policy = true;
		k->a.policy = k->w->policy;
	}
	if (k->a.late_found)
		watch_early_name(k->w, &k->a);
	if (k->n_known < EARLY_MAX)
		k->known[k->n_known++] = a->flow;
	k->fn(&k->a, k->user);
}

static void on_waiting(const struct sockdiag_socket *s, void *user)
{
	struct asking *k = user;
	struct early *early;
	int i;

	memset(&k->a, 0, sizeof(k->a));
	k->a.flow = s->state.flow;
	k->a.cookie = s->state.cookie;
	for (i = 0; i < k->n_known; i++)
		if (same_flow(&k->known[i], &k->a.flow))
			return;
	early = find(k->w, &k->a);
	if (!early)
		return;
	take_process(&k->a, early->state.pid, early->state.comm);
	k->a.late_found = k->a.socket_seen = k->a.traced = true;
	k->a.first_state_ns = k->w->begun_ns;
	k->a.n_syns = 1 + s->state.retransmits;
	k->a.retransmits = s->state.retransmits;
	k->a.observed_until_ns = k->now_ns;
	k->fn(&k->a, k->user);
}

void watch_early_pending(struct watch_early *w, struct trace *t, int max, trace_fn *fn, void *user)
{
	struct asking *k = calloc(1, sizeof(*k));
	struct sockdiag *d = NULL;
	struct err e = { 0 };

	if (!k)
		return;
	k->w = w;
	k->fn = fn;
	k->user = user;
	k->now_ns = trace_now(t);
	trace_pending(t, max, on_traced, k);
	if (w && w->n && !sockdiag_open(&d, &e))
		sockdiag_dump(d, 0, SOCKDIAG_SYN_SENT, on_waiting, k, &e);
	sockdiag_free(d);
	free(k);
}
