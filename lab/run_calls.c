/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  A call is heard of before it is made, and waits until it
 * is looked at; then its SYN leaves, or the socket shows itself in SYN_SENT, or it
 * fails at once.  The socket's cookie says for certain which call is whose: that
 * of a SYN's socket is asked for when the SYN is seen.  Where that socket is gone
 * already, one of the calls that wait for that server is meant: the oldest,
 * likely, and whose it is, is told when all of them are of one process.  A
 * subflow of MPTCP has a cookie that its call does not know.  A second call on a
 * socket that is on its way asks how it is going, and begins nothing.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "lab/run_inside.h"
#include "sources/route.h"
#include "util/clock.h"

#define MS 1000000LL
#define CLOSED 7 /* include/net/tcp_states.h */

/* A packet's time is as good as two readings of the clocks are close to each other; a call takes longer. */
#define DATED_WITHIN_NS (MS / 20)

/* A call that sent nothing for so long never will. */
#define SENDS_WITHIN_NS (2000 * MS)

static bool is_known(const struct run_calls *k, uint64_t cookie)
{
	int i;

	for (i = 0; cookie && i < RUN_COOKIES; i++)
		if (k->cookies[i] == cookie)
			return true;
	return false;
}

static int find_by_cookie(const struct run_calls *k, uint64_t cookie)
{
	int i;

	for (i = 0; cookie && i < k->n; i++)
		if (k->waiting[i].c.cookie == cookie)
			return i;
	return -1;
}

/*
 * Of a call that did not block the next one tells how it ended, and begins nothing (net/ipv4/af_inet.c
 * __inet_stream_connect(), SS_CONNECTING).
 */
static bool takes_error(struct run_calls *k, const struct connect_call *c)
{
	int i;

	for (i = 0; c->cookie && i < RUN_COOKIES; i++)
		if (k->owing[i] == c->cookie) {
			if (c->state == CLOSED || !c->nonblocking)
				k->owing[i] = 0;
			return true;
		}
	return false;
}

/* A socket that is closed, and has told its error, may begin anew, on whatever it failed before. */
static bool is_repeated(struct run_calls *k, const struct connect_call *c)
{
	bool told = takes_error(k, c);

	if (c->state)
		return told || c->state != CLOSED;
	return is_known(k, c->cookie) || find_by_cookie(k, c->cookie) >= 0;
}

static void remember(struct run_calls *k, uint64_t cookie)
{
	k->cookies[k->next_cookie++ % RUN_COOKIES] = cookie;
}

static void policy_of(const struct run *r, const struct connect_call *c, struct policy *ret)
{
	*ret = r->end->policy;
	if (!c->has_options)
		return;
	ret->syncnt = c->syncnt == ret->retries ? 0 : c->syncnt;
	ret->user_timeout_ms = c->user_timeout_ms;
	if (c->rto_max_ms)
		ret->rto_max_ms = c->rto_max_ms;
}

static void tell(struct run *r, const struct run_call *call, const struct flow *f, struct policy *ret_policy)
{
	struct event_connect ec = { .flow = *f, .pid = call->c.pid, .has_policy = true };

	memcpy(ec.comm, call->c.comm, sizeof(ec.comm));
	policy_of(r, &call->c, &ec.policy);
	*ret_policy = ec.policy;
	observe_connect(r->observe, &ec, call->t_ns);
}

static void take_away(struct run_calls *k, int i)
{
	k->n--;
	memmove(&k->waiting[i], &k->waiting[i + 1], (size_t)(k->n - i) * sizeof(k->waiting[0]));
}

/* The kernel itself says that there is no way: then connect() says the same, and no SYN leaves. */
static bool fails_at_once(struct run *r, const struct run_call *call, int code)
{
	char at[ENDPOINT_TEXT_LEN];
	const struct flow f = { .client.addr.family = call->c.to.addr.family, .server = call->c.to };
	struct event connected = { .kind = EVENT_CONNECT,
				   .t_ns = call->t_ns,
				   .connect = { .flow = f, .pid = call->c.pid, .has_policy = true } };
	struct event result = { .kind = EVENT_RESULT, .t_ns = call->t_ns, .result.flow = f };

	if (!code || code == -ENODEV || code == -EBADMSG)
		return false;
	memcpy(connected.connect.comm, call->c.comm, sizeof(connected.connect.comm));
	policy_of(r, &call->c, &connected.connect.policy);
	result.result.error = -code;
	run_on_event(&connected, r);
	run_on_event(&result, r);
	run_log(r, call->t_ns, "%.15s[%d]: connect() to %s gives %s at once: the kernel has no way there", call->c.comm,
		call->c.pid, endpoint_format(&call->c.to, at), errno_name(-code));
	return true;
}

static bool meets(const struct run *r, const struct connect_call *c, enum fault_kind kind)
{
	int i;

	for (i = 0; i < r->c->n_faults; i++)
		if (r->c->faults[i].kind == kind && fault_concerns(&r->c->faults[i].scope, &c->to))
			return true;
	return false;
}

/* No packet shows its SYN: it does not get as far as the link. */
static bool is_hidden(const struct run *r, const struct connect_call *c)
{
	return meets(r, c, FAULT_FIREWALL) || meets(r, c, FAULT_NO_NEIGHBOUR);
}

void run_call_made(struct run *r, const struct connect_call *c)
{
	struct run_calls *k = &r->calls;
	struct run_call call = { *c, observe_time(r->observe, c->t_ns) };
	char at[ENDPOINT_TEXT_LEN], device[IF_NAMESIZE];
	int route, before;
	const char *name = names_of(r->c->names, &c->to.addr);

	if (c->netns && r->netns && c->netns != r->netns) {
		r->end->elsewhere++;
		run_log(r, call.t_ns, "%.15s[%d]: connect() to %s in another network namespace: it is not watched",
			c->comm, c->pid, endpoint_format(&c->to, at));
		return;
	}
	if (!c->to.addr.family) {
		run_log(r, call.t_ns, "%.15s[%d]: connect(AF_UNSPEC): it takes a connection, or the wait for one, back",
			c->comm, c->pid);
		return;
	}
	if (is_repeated(k, c))
		return;
	r->end->calls++;
	observe_call_begins(r->observe, c->pid);
	run_log(r, call.t_ns, "%.15s[%d]: connect() to %s%s%s%s, %s", c->comm, c->pid, endpoint_format(&c->to, at),
		name ? " (" : "", name ? name : "", name ? ")" : "",
		!c->has_options	 ? "called"
		: c->nonblocking ? "non-blocking"
				 : "blocking");
	route = route_device(&c->to, device);
	/* Its packets go by lo, which is looked at from now on: most programs never use it. */
	if (addr_is_loopback(&c->to.addr) || addr_is_any(&c->to.addr) || (!route && !strcmp(device, "lo")) ||
	    meets(r, c, FAULT_NO_NEIGHBOUR)) /* this host tells itself so by ICMP, which makes timers fire early */
		observe_also(r->observe, "lo", NULL);
	if (!r->kind->begins_told && fails_at_once(r, &call, route)) {
		remember(k, c->cookie);
		return;
	}
	if (c->nonblocking)
		k->owing[k->next_owing++ % RUN_COOKIES] = c->cookie;
	before = find_by_cookie(k, c->cookie); /* that one sent nothing */
	if (before >= 0 || k->n == RUN_CALLS_MAX)
		take_away(k, before >= 0 ? before : 0);
	k->waiting[k->n++] = call;
	if (is_hidden(r, c))
		observe_soon(r->observe);
}

static bool goes_to(const struct run_call *call, const struct endpoint *server)
{
	/* To 0.0.0.0 and :: is to this host (net/ipv4/route.c ip_route_output_key_hash_rcu()). */
	return call->c.to.port == server->port && (addr_equal(&call->c.to.addr, &server->addr) ||
						   (addr_is_any(&call->c.to.addr) && addr_is_loopback(&server->addr)));
}

/* Whether the call may be of a socket with that cookie; 0: of any. */
static bool may_be(const struct run_call *call, const struct flow *f, uint64_t cookie)
{
	return goes_to(call, &f->server) && (!cookie || !call->c.cookie || call->c.is_mptcp);
}

/* Of those that may be meant, and were made by then, the oldest; *ret_sure: all are of one process. */
static int find_by_server(const struct run_calls *k, const struct flow *f, uint64_t cookie, int64_t t_ns,
			  bool *ret_sure)
{
	int i, found = -1;

	*ret_sure = true;
	for (i = 0; i < k->n; i++) {
		if (!may_be(&k->waiting[i], f, cookie) || k->waiting[i].t_ns > t_ns + DATED_WITHIN_NS)
			continue;
		if (found < 0)
			found = i;
		*ret_sure &= k->waiting[i].c.pid == k->waiting[found].c.pid;
	}
	/* Where one was guessed, the ones that are left are no better known. */
	for (i = 0; found >= 0 && i < RUN_GUESSES; i++)
		if (may_be(&k->guesses[i], f, 0) && k->guesses[i].t_ns + SENDS_WITHIN_NS > k->waiting[found].t_ns)
			*ret_sure &= k->guesses[i].c.pid == k->waiting[found].c.pid;
	return found;
}

/* One that was taken for another's, whose socket was gone: that other one waits in its place. */
static bool swap_back(struct run_calls *k, uint64_t cookie, struct run_call *ret)
{
	int i, j;

	for (i = 0; cookie && i < RUN_GUESSES; i++) {
		if (k->guesses[i].c.cookie != cookie)
			continue;
		*ret = k->guesses[i];
		k->guesses[i] = (struct run_call){ 0 };
		for (j = 0; j < k->n && !endpoint_equal(&k->waiting[j].c.to, &ret->c.to); j++)
			;
		if (j < k->n)
			take_away(k, j);
		return true;
	}
	return false;
}

bool run_call_of(struct run *r, const struct flow *f, uint64_t cookie, int64_t t_ns, struct policy *ret_policy)
{
	struct run_calls *k = &r->calls;
	struct run_call call;
	bool sure = true;
	int found, before = -1;

	if (!cookie)
		cookie = observe_cookie(r->observe, f);
	found = find_by_cookie(k, cookie); /* a subflow's is none of these */
	/* Its port was taken again meanwhile, and this is the later one's; if there was one before. */
	if (found >= 0 && k->waiting[found].t_ns > t_ns + DATED_WITHIN_NS)
		before = find_by_server(k, f, 0, t_ns, &sure);
	if (before >= 0)
		found = before;
	if (found < 0 && swap_back(k, cookie, &call)) {
		tell(r, &call, f, ret_policy);
		return true;
	}
	if (found < 0)
		found = find_by_server(k, f, cookie, t_ns, &sure);
	if (found < 0)
		return false;
	call = k->waiting[found];
	take_away(k, found);
	remember(k, call.c.cookie);
	if (!sure) {
		k->guesses[k->next_guess++ % RUN_GUESSES] = call;
		call.c.pid = 0;
		memset(call.c.comm, 0, sizeof(call.c.comm));
	}
	tell(r, &call, f, ret_policy);
	return true;
}

void run_call_missed(const struct event_state *s, void *user)
{
	const struct attempt *a;
	struct run *r = user;
	struct policy policy;
	int i = find_by_cookie(&r->calls, s->cookie);

	/* Of all others the packet is about to be read. */
	if (i < 0 || !is_hidden(r, &r->calls.waiting[i].c))
		return;
	a = tracker_find(r->tracker, &s->flow);
	if (a && a->syns_seen && a->syn_ns[0] + DATED_WITHIN_NS >= r->calls.waiting[i].t_ns)
		take_away(&r->calls, i); /* its SYN was seen, and taken for another's */
	else
		run_call_of(r, &s->flow, s->cookie, INT64_MAX - DATED_WITHIN_NS, &policy);
}

static void sent_nothing(struct run *r, const struct run_call *call)
{
	char at[ENDPOINT_TEXT_LEN], device[IF_NAMESIZE];

	if (r->kind->begins_told && fails_at_once(r, call, route_device(&call->c.to, device)))
		return;
	r->end->unexplained++;
	run_log(r, call->t_ns, "%.15s[%d]: of its connect() to %s no SYN was seen: refused, or taken back, at once",
		call->c.comm, call->c.pid, endpoint_format(&call->c.to, at));
}

void run_calls_expire(struct run *r, int64_t now_ns)
{
	struct run_calls *k = &r->calls;

	while (k->n && k->waiting[0].t_ns + SENDS_WITHIN_NS < now_ns) {
		const struct connect_call *c = &k->waiting[0].c;

		/* On a socket whose attempt is over it was told how that one ended. */
		if (!is_known(k, c->cookie)) {
			sent_nothing(r, &k->waiting[0]);
			remember(k, c->cookie);
		}
		take_away(k, 0);
	}
}
