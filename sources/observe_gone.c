/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  A socket that was in SYN_SENT at one look and is not at
 * the next was ended in between, and sock_diag does not say by whom.  The
 * namespace's counters do, when they are read before the look that still had it
 * and again some time after the one that had it no more:
 *
 *   TcpAttemptFails     every attempt that the kernel ended: timeout, RST, ICMP, SOCK_DESTROY
 *                       (net/ipv4/tcp.c tcp_done()); not close(), shutdown(), connect(AF_UNSPEC), exit
 *   TCPAbortOnTimeout   every timeout (net/ipv4/tcp_timer.c tcp_write_err()), those of other states too
 *
 * What did not move ended none of the sockets.  What moved by just as much as
 * there are sockets that it may have ended, ended them all.  A socket whose
 * timer was not due is none of those for TCPAbortOnTimeout alone: timers never
 * fire early, but for an ICMP error that makes them.  All sockets of
 * the namespace are looked at for this, to whatever server.  Anything else is
 * not told, and then the verdict does not say `certain`.  In a namespace that is
 * shared with programs whose sockets may escape (observe_opts.shared) only what
 * did not move tells anything, and what became of the socket (sources/observe_left.c).
 */
#include "sources/observe_flows.h"

#include <errno.h>
#include <string.h>

#include "sources/procs.h"

/* A counter moves after the socket's state does, in the same softirq; a virtual machine may stop in between. */
#define COUNTED_WITHIN_NS (20 * MS)

/* A packet's time is as good as two readings of the clocks are close to each other. */
#define DATED_WITHIN_NS (1 * MS)

/* Longer than that sockets that go one after the other are not waited for. */
#define RESOLVED_WITHIN_NS (500 * MS)

void gone_count(struct observe *ob)
{
	struct event ev = { .kind = EVENT_COUNTER,
			    .t_ns = observe_now(ob),
			    .counter = { .flow.server = ob->o.server, .name = "ListenOverflows" } };
	int64_t before = ob->counters.listen_overflows;

	ob->was = ob->now;
	ob->now = (struct counts){ 0 };
	if (counters_read(&ob->counters)) {
		ob->counters.active_opens = -1;
		return;
	}
	ev.counter.delta = ob->counters.listen_overflows - before;
	if (before >= 0 && ev.counter.delta > 0)
		ob->o.on_event(&ev, ob->o.user);
	if (ob->counters.abort_on_timeout >= 0 && ob->counters.attempt_fails >= 0)
		ob->now = (struct counts){ ev.t_ns,
					   ob->counters.abort_on_timeout,
					   ob->counters.attempt_fails,
					   observe_now(ob),
					   counters_icmp(&ob->counters),
					   ob->counters.abort_on_data,
					   ob->counters.estab_resets };
}

static void tell(struct observe *ob, const struct known *k, const char *name, int64_t delta)
{
	struct event ev = { .kind = EVENT_COUNTER,
			    .t_ns = observe_now(ob),
			    .counter = { .flow = k->flow,
					 .cookie = k->cookie,
					 .has_isn = k->has_isn,
					 .isn = k->isn,
					 .delta = delta } };

	/* Of a SYN that no socket is known to have sent nothing was counted. */
	if (!k->watched || !socket_was_seen(ob, k))
		return;
	strcpy(ev.counter.name, name);
	ob->o.on_event(&ev, ob->o.user);
}

/* Before then the kernel's own timer cannot have fired; 0: it may have at any time. */
static int64_t timer_due(const struct observe *ob, const struct known *k)
{
	int rto_j = ob->o.policy.rto_first_j;

	if (k->replied)
		return 0;
	if (k->due_ns)
		return k->due_ns;
	if (!k->last_syn_ns)
		return 0;
	return k->last_syn_ns + (rto_j ? (rto_j - 1) * jiffies_tick_ns(ob->jiffies.hz) : 990 * MS);
}

void gone_begin(struct observe *ob, struct known *k)
{
	int64_t now = observe_now(ob), seen = k->seen_ns ? k->seen_ns : k->last_syn_ns, due = timer_due(ob, k);
	int64_t end = k->destroyed_ns > seen ? k->destroyed_ns : now;
	struct event ev = { .kind = EVENT_CLOSE,
			    .t_ns = end,
			    .close = { .flow = k->flow,
				       .cookie = k->cookie,
				       .has_isn = k->has_isn,
				       .isn = k->isn,
				       .retransmits = k->retransmits,
				       .unseen_ns = seen && seen < end ? end - seen : 0,
				       .timer_left_ns = due > end ? due - end : 0,
				       .packets_only = !socket_was_seen(ob, k) } };

	k->gone_ns = now;
	k->may_be_timeout = !k->watched || due <= end;
	k->state = ob->o.own_only || !k->before.t_ns ? KNOWN_OVER : KNOWN_GONE;
	/* A SYN from before the count was done: the socket may have gone before it too, and be in it. */
	if (!k->seen_ns && k->syn0_ns < k->before.read_ns + DATED_WITHIN_NS && ob->was.t_ns &&
	    k->syn0_ns >= ob->was.read_ns + DATED_WITHIN_NS)
		k->before = ob->was;
	if (!k->seen_ns && k->syn0_ns < k->before.read_ns + DATED_WITHIN_NS)
		k->state = KNOWN_OVER;
	if (!k->watched)
		return;
	/* It was in SYN_SENT, so its SYN was sent, seen or not. */
	if (k->seen_ns && !k->syn0_ns)
		socket_give_first(ob, k, k->born_ns);
	socket_blame_holder(ob, k);
	ev.close.several_holders = k->n_holders > 1;
	if (k->pid) {
		ev.close.holder_ending = procs_is_ending(k->pid);
		/* Where one's own programs are observed what they called is known, and it costs time in which they end.
		 */
		ev.close.holder_alive = !ev.close.holder_ending && !(ob->o.shared && socket_is_held(k));
	}
	ob->o.on_event(&ev, ob->o.user);
	socket_tell_end(ob, k);
}

/* Sockets whose ends cannot be told apart by the counts. */
struct group {
	struct counts before, after;
	int n;
	bool timeouts; /* only those whose timer may have fired */
	bool complete;
};

/* Its end may have been counted between the group's two counts. */
static bool belongs(const struct known *k, const struct group *g)
{
	return (k->state == KNOWN_GONE || k->state == KNOWN_OVER) && (k->may_be_timeout || !g->timeouts) &&
	       !k->connected && k->before.t_ns && k->before.t_ns < g->after.read_ns &&
	       k->gone_ns + COUNTED_WITHIN_NS > g->before.t_ns;
}

/* Grows until no other socket's end may have been counted between its two counts. */
static void group_of(const struct observe *ob, const struct known *k, bool timeouts, struct group *g)
{
	bool grown = true;
	int i;

	*g = (struct group){ .before = k->before, .after = k->after, .timeouts = timeouts, .complete = true };
	while (grown) {
		grown = false;
		g->n = 0;
		for (i = 0; i < ob->n_flows; i++) {
			const struct known *other = &ob->flows[i];

			if (!belongs(other, g))
				continue;
			g->n++;
			if (!other->after.t_ns) {
				g->complete = other->state == KNOWN_OVER && g->complete;
				continue;
			}
			if (other->before.t_ns < g->before.t_ns) {
				g->before = other->before;
				grown = true;
			}
			if (other->after.t_ns > g->after.t_ns) {
				g->after = other->after;
				grown = true;
			}
		}
	}
}

/* Of these all were ended by the kernel, and when `timeouts`, by its limit. */
static void tell_group(struct observe *ob, const struct group *g)
{
	int i;

	for (i = 0; i < ob->n_flows; i++) {
		struct known *k = &ob->flows[i];

		if (k->state != KNOWN_GONE || !belongs(k, g))
			continue;
		if (g->timeouts || g->after.aborts - g->before.aborts == g->n)
			tell(ob, k, "TCPAbortOnTimeout", 1);
		else if (k->after.aborts == k->before.aborts)
			tell(ob, k, "TCPAbortOnTimeout", 0);
		tell(ob, k, "AttemptFails", 1);
		k->state = KNOWN_OVER;
	}
}

/* True when it is told, or has to wait for others. */
static bool resolve_in_group(struct observe *ob, struct known *k, bool timeouts)
{
	struct group g;
	int64_t aborts, fails;

	group_of(ob, k, timeouts, &g);
	if (!g.complete)
		return ob->now.t_ns - k->gone_ns < RESOLVED_WITHIN_NS;
	aborts = g.after.aborts - g.before.aborts;
	fails = g.after.fails - g.before.fails;
	if (timeouts ? aborts != g.n || fails < g.n : fails != g.n)
		return false;
	tell_group(ob, &g);
	return true;
}

/* Failed attempts were counted, and whose they were is not known. */
static void tell_unattributed(struct observe *ob, struct known *k, bool timed_out)
{
	if (!timed_out)
		tell(ob, k, "TCPAbortOnTimeout", 0);
	if (k->before.icmp >= 0 && k->after.icmp >= 0)
		tell(ob, k, "IcmpErrors", k->after.icmp - k->before.icmp);
	socket_tell_left(ob, k);
	k->state = KNOWN_OVER;
}

static void resolve(struct observe *ob, struct known *k)
{
	bool timed_out = k->after.aborts != k->before.aborts;

	if (k->after.fails == k->before.fails) {
		tell(ob, k, "TCPAbortOnTimeout", 0);
		if (!ob->o.shared || !socket_may_have_connected(k))
			tell(ob, k, "AttemptFails", 0);
		k->state = KNOWN_OVER;
		return;
	}
	if (ob->o.shared) {
		tell_unattributed(ob, k, timed_out);
		return;
	}
	if (timed_out && k->may_be_timeout && resolve_in_group(ob, k, true))
		return;
	/* Also with a timeout before its timer was due: an ICMP error may fire it (net/ipv4/tcp_ipv4.c
	 * tcp_ld_RTO_revert()). */
	if (!resolve_in_group(ob, k, false))
		tell_unattributed(ob, k, timed_out);
}

void gone_resolve(struct observe *ob)
{
	int i;

	for (i = 0; i < ob->n_flows; i++) {
		struct known *k = &ob->flows[i];

		if (k->state != KNOWN_GONE || k->after.t_ns || ob->now.t_ns < k->gone_ns + COUNTED_WITHIN_NS)
			continue;
		k->after = ob->now;
		/* Before any is judged: what was counted between the same two moments is the others' then. */
		if (k->after.aborts == k->before.aborts || k->after.fails == k->before.fails)
			k->may_be_timeout = false;
	}
	for (i = 0; i < ob->n_flows; i++)
		if (ob->flows[i].state == KNOWN_GONE && ob->flows[i].after.t_ns)
			resolve(ob, &ob->flows[i]);
}
