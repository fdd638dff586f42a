/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "sources/observe_flows.h"
#include "sources/procs.h"
#include "util/clock.h"

#define OWNER_TRIES 4 /* each is a walk through /proc */
#define OWNER_FIRST_AFTER_NS (20 * MS)

/* A SYN that no packet shows so long after it is told of by the kernel's count. */
#define PACKET_COMES_WITHIN_NS (16 * MS)

/* How often the armed jiffy is read: of several the least is right (sources/sockdiag.h). */
#define PHASE_LOOKS 3

static int64_t jiffy_ns(const struct observe *ob, uint64_t jiffy, uint64_t now, int64_t now_ns)
{
	return now_ns - (int64_t)(now - jiffy) * jiffies_tick_ns(ob->jiffies.hz);
}

void socket_find_phase(struct observe *ob, struct known *k, const struct sockdiag_socket *s)
{
	int64_t after = 0, since, now_ns;
	int64_t syn0 = k->syn0_ns ? k->syn0_ns : k->connect_ns;
	int64_t mono = clock_mono_ns(); /* once: we may be held back between two readings */
	uint64_t now = jiffies_at(&ob->jiffies, mono, &since), phase = now;
	bool armed = sockdiag_armed(s, ob->jiffies.hz, now, &phase);

	now_ns = observe_time(ob, mono) - since;
	k->timer_ns = armed ? jiffy_ns(ob, phase, now, now_ns) : 0;
	if (s->state.retransmits || k->phase_looks == PHASE_LOOKS || (!armed && !syn0))
		return;
	k->phase_looks++;
	if (!armed)
		phase = jiffies_at(&ob->jiffies, syn0 - ob->shift_ns, &after);
	else if (syn0)
		after = syn0 - k->timer_ns;
	if (k->has_phase && phase >= k->phase)
		return;
	k->has_phase = k->new_phase = true;
	k->phase = phase;
	k->phase_edge_ns = after;
	k->armed_ns = jiffy_ns(ob, phase, now, now_ns);
}

#define OWNERS_AT_ONCE 256

void sockets_find_owners(struct observe *ob, int64_t now)
{
	struct procs_wanted wanted[OWNERS_AT_ONCE];
	struct known *of[OWNERS_AT_ONCE];
	int i, n = 0;

	if (now < ob->next_walk_ns)
		return;
	for (i = 0; i < ob->n_flows && n < OWNERS_AT_ONCE; i++) {
		struct known *k = &ob->flows[i];

		if (k->state != KNOWN_LISTED || !k->watched || k->owner_known || !k->last.inode ||
		    k->owner_tries == OWNER_TRIES || now < k->owner_next_ns)
			continue;
		k->owner_next_ns = now + (OWNER_FIRST_AFTER_NS << (2 * k->owner_tries++));
		wanted[n].inode = k->last.inode;
		of[n++] = k;
	}
	if (!n)
		return;
	procs_socket_owners(wanted, n, ob->hint);
	ob->next_walk_ns = observe_now(ob) + 3 * (observe_now(ob) - now);
	for (i = 0; i < n; i++) {
		if (!wanted[i].pid)
			continue;
		of[i]->owner_known = of[i]->refresh = true;
		of[i]->pid = wanted[i].pid;
		of[i]->blocking = wanted[i].blocking;
		memcpy(of[i]->comm, wanted[i].comm, sizeof(of[i]->comm));
		if (ob->fates && of[i]->pid != ob->hint)
			fates_watch(ob->fates, of[i]->pid);
	}
}

void socket_give_state(struct observe *ob, struct known *k, int64_t t_ns)
{
	struct event ev = { .kind = EVENT_STATE, .t_ns = t_ns, .state = k->last };

	ev.state.flow = k->flow;
	ev.state.has_isn = k->has_isn;
	ev.state.isn = k->isn;
	ev.state.pid = k->pid;
	memcpy(ev.state.comm, k->comm, sizeof(ev.state.comm));
	ev.state.has_phase = k->new_phase;
	ev.state.phase = k->new_phase ? k->phase : 0;
	ev.state.phase_edge_ns = k->new_phase ? k->phase_edge_ns : 0;
	k->new_phase = false;
	if (!k->has_policy) {
		ev.state.has_policy = true;
		ev.state.policy = ob->o.policy;
	}
	ob->o.on_event(&ev, ob->o.user);
}

void observe_set_policy(struct observe *ob, const struct policy *p)
{
	int i;

	if (p->retries == ob->o.policy.retries && p->linear == ob->o.policy.linear &&
	    p->rto_max_ms == ob->o.policy.rto_max_ms)
		return;
	ob->o.policy.retries = p->retries;
	ob->o.policy.linear = p->linear;
	ob->o.policy.rto_max_ms = p->rto_max_ms;
	ob->next_look_ns = 0;
	for (i = 0; i < ob->n_flows; i++)
		ob->flows[i].refresh |= ob->flows[i].state == KNOWN_LISTED && !ob->flows[i].has_policy;
}

void socket_give_first(struct observe *ob, struct known *k, int64_t t_ns)
{
	struct event ev = { .kind = EVENT_RETRANSMIT, .retransmit = { .flow = k->flow } };

	k->syn0_ns = ev.t_ns = k->connect_ns ? k->connect_ns : k->has_phase ? k->armed_ns : t_ns;
	ob->o.on_event(&ev, ob->o.user);
}

/* So long after SYN 0 its timer fires for the n-th time, by the sysctls. */
static int64_t took_until(const struct observe *ob, int n)
{
	struct schedule s = { 0 };

	schedule_nominal(&ob->o.policy, &s);
	return (n < s.n ? s.syn[n] : s.end) * jiffies_tick_ns(ob->jiffies.hz);
}

/*
 * Where no packet shows the SYNs, the kernel's count and timer do: the last one
 * left when the timer was set, after the look before this one.  By the kernel's
 * clock, since we may be held back before and after it answers.
 */
static void give_counted(struct observe *ob, struct known *k, const struct event_state *s)
{
	struct event ev = { .kind = EVENT_RETRANSMIT, .retransmit = { .flow = k->flow } };
	int64_t now = observe_now(ob), t = k->timer_ns && k->timer_ns < now ? k->timer_ns : now;
	bool waited = ob->o.shared && !k->syn0_ns && s->retransmits;

	if (t < ob->last_look_ns && !waited)
		t = ob->last_look_ns;
	if (!k->syn0_ns)
		socket_give_first(ob, k, waited ? t - took_until(ob, s->retransmits) : t);
	if (s->retransmits - s->unsent > k->resent) {
		ev.t_ns = t;
		ev.retransmit.n = s->retransmits - s->unsent;
		ob->o.on_event(&ev, ob->o.user);
	}
}

void socket_tell_resent(struct observe *ob, struct known *k, uint32_t n)
{
	struct event ev = { .kind = EVENT_RETRANSMIT,
			    .t_ns = observe_now(ob),
			    .retransmit = { .flow = k->flow, .n = k->resent + 1 } };

	if (k->packets || n <= (uint32_t)k->resent || !k->syn0_ns || !k->watched)
		return;
	/* Its timer was not due: that was data. */
	if (k->due_ns >= ev.t_ns || k->resent + 1 >= SCHEDULE_SYNS_MAX)
		return;
	if (k->due_ns > k->seen_ns)
		ev.t_ns = k->due_ns;
	k->retransmits++;
	k->resent++;
	ob->o.on_event(&ev, ob->o.user);
}

static bool counts_are_due(const struct known *k, int64_t now)
{
	return !k->packets && k->syn0_ns + PACKET_COMES_WITHIN_NS < now &&
	       (!k->connect_ns || k->connect_ns + 2 * MS < now);
}

void socket_tell(struct observe *ob, struct known *k, int64_t now)
{
	if (k->refresh || k->new_phase)
		socket_give_state(ob, k, now);
	k->refresh = false;
	if (counts_are_due(k, now))
		give_counted(ob, k, &k->last);
	k->retransmits = k->last.retransmits;
	k->resent = k->last.retransmits - k->last.unsent;
	if (k->first_listed && ob->o.on_socket) {
		k->last.pid = k->pid;
		memcpy(k->last.comm, k->comm, sizeof(k->last.comm));
		ob->o.on_socket(&k->last, ob->o.user);
	}
	k->first_listed = false;
}
