/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  A call is heard of before it is made, and waits until it
 * is looked at; then its SYN leaves, or the socket shows itself in SYN_SENT, or it
 * fails at once.  The socket's cookie says for certain which call is whose; a
 * packet has none, but calls to one server are made in the order in which they
 * were heard of, or nearly, so the oldest that waits is meant.  A second call on
 * a socket that is on its way asks how it is going, and begins nothing.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "lab/run_inside.h"
#include "sources/route.h"
#include "util/clock.h"

#define MS 1000000LL

/* A call that sent nothing for so long never will. */
#define SENDS_WITHIN_NS (2000 * MS)

static bool is_repeated(const struct run_calls *k, uint64_t cookie)
{
	int i;

	for (i = 0; cookie && i < RUN_COOKIES; i++)
		if (k->cookies[i] == cookie)
			return true;
	for (i = 0; cookie && i < k->n; i++)
		if (k->waiting[i].c.cookie == cookie)
			return true;
	return false;
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
static bool fails_at_once(struct run *r, const struct run_call *call)
{
	char device[IF_NAMESIZE], at[ENDPOINT_TEXT_LEN];
	const struct flow f = { .client.addr.family = call->c.to.addr.family, .server = call->c.to };
	struct event connected = { .kind = EVENT_CONNECT,
				   .t_ns = call->t_ns,
				   .connect = { .flow = f, .pid = call->c.pid, .has_policy = true } };
	struct event result = { .kind = EVENT_RESULT, .t_ns = call->t_ns, .result.flow = f };
	int code = route_device(&call->c.to, device);

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

void run_call_made(struct run *r, const struct connect_call *c)
{
	struct run_calls *k = &r->calls;
	struct run_call call = { *c, observe_time(r->observe, c->t_ns) };
	char at[ENDPOINT_TEXT_LEN];
	const char *name = names_of(r->c->names, &c->to.addr);

	if (!c->to.addr.family) {
		run_log(r, call.t_ns, "%.15s[%d]: connect(AF_UNSPEC): it takes a connection, or the wait for one, back",
			c->comm, c->pid);
		return;
	}
	if (is_repeated(k, c->cookie))
		return;
	r->end->calls++;
	run_log(r, call.t_ns, "%.15s[%d]: connect() to %s%s%s%s, %s", c->comm, c->pid, endpoint_format(&c->to, at),
		name ? " (" : "", name ? name : "", name ? ")" : "",
		!c->has_options	 ? "called"
		: c->nonblocking ? "non-blocking"
				 : "blocking");
	/* Its packets go by lo, which is looked at from now on: most programs never use it. */
	if (addr_is_loopback(&c->to.addr) || addr_is_any(&c->to.addr))
		observe_also(r->observe, "lo", NULL);
	if (fails_at_once(r, &call)) {
		remember(k, c->cookie);
		return;
	}
	if (k->n == RUN_CALLS_MAX)
		take_away(k, 0);
	k->waiting[k->n++] = call;
}

static bool goes_to(const struct run_call *call, const struct endpoint *server)
{
	/* To 0.0.0.0 and :: is to this host (net/ipv4/route.c ip_route_output_key_hash_rcu()). */
	return call->c.to.port == server->port && (addr_equal(&call->c.to.addr, &server->addr) ||
						   (addr_is_any(&call->c.to.addr) && addr_is_loopback(&server->addr)));
}

bool run_call_of(struct run *r, const struct flow *f, uint64_t cookie, struct policy *ret_policy)
{
	struct run_calls *k = &r->calls;
	int i, found = -1;

	for (i = 0; i < k->n && found < 0; i++)
		if (cookie && k->waiting[i].c.cookie == cookie)
			found = i;
	for (i = 0; i < k->n && found < 0; i++)
		if (goes_to(&k->waiting[i], &f->server) && (!cookie || !k->waiting[i].c.cookie))
			found = i;
	if (found < 0)
		return false;
	remember(k, k->waiting[found].c.cookie);
	tell(r, &k->waiting[found], f, ret_policy);
	take_away(k, found);
	return true;
}

void run_calls_expire(struct run *r, int64_t now_ns)
{
	struct run_calls *k = &r->calls;
	char at[ENDPOINT_TEXT_LEN];

	while (k->n && k->waiting[0].t_ns + SENDS_WITHIN_NS < now_ns) {
		const struct connect_call *c = &k->waiting[0].c;

		r->end->unexplained++;
		run_log(r, k->waiting[0].t_ns, "%.15s[%d]: connect() to %s sent no SYN; its error is not known",
			c->comm, c->pid, endpoint_format(&c->to, at));
		remember(k, c->cookie);
		take_away(k, 0);
	}
}
