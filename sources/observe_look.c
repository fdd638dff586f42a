/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/observe_flows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sources/procs.h"
#include "sources/route.h"
#include "util/clock.h"

#define SYN_SENT 2 /* include/net/tcp_states.h */
#define SYN_RECV 3
#define ESTABLISHED 1
#define CLOSE_WAIT 8
#define SOCKETS_MAX 16384 /* of one look */

/* When to look again. */
#define QUICK_NS (8 * MS)
#define QUICK_FAST_NS (5 * MS) /* a fast lab's first RTO is some 12 ms */
#define CALM_NS (25 * MS)
#define YOUNG_NS (300 * MS)
#define SOON_NS (50 * MS)
#define DUMP_EVERY_NS (100 * MS)
#define DUMP_ANYWAY_NS (2000 * MS)
#define ASKED_MAX 64
#define REST_MAX_NS (15 * MS)
#define CALL_ASKS_MAX 8

/* What one look found. */
struct look {
	struct sockdiag_socket *all;
	size_t n, room;
	uint64_t missed;
};

static void collect(const struct sockdiag_socket *s, void *user)
{
	struct look *l = user;
	struct sockdiag_socket *grown;

	if (s->state.state != SYN_SENT)
		return;
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;

		grown = l->n < SOCKETS_MAX ? realloc(l->all, room * sizeof(*grown)) : NULL;
		if (!grown) {
			l->missed++;
			return;
		}
		l->all = grown;
		l->room = room;
	}
	l->all[l->n++] = *s;
}

/* The timer's jiffy is told in whole ticks and ms, so it may begin that much sooner. */
static int64_t due_of(const struct observe *ob, const struct event_state *s, int64_t now)
{
	int64_t due = now + s->expires_ms * MS - jiffies_tick_ns(ob->jiffies.hz) - MS;

	return s->timer == 1 && due > now ? due : now;
}

/* Less than that a dump or a clock may be off. */
#define ANEW_AFTER_MS 20

/*
 * It was taken back (AF_UNSPEC), or failed, and connects again the same way: its count began anew, or its first timer
 * did.  Where packets are seen their sequence number tells.
 */
static bool connects_anew(const struct observe *ob, const struct known *k, const struct sockdiag_socket *s)
{
	uint64_t near = jiffies_at(&ob->jiffies, clock_mono_ns(), NULL), jiffy;

	if (k->state != KNOWN_LISTED || k->has_isn || ob->o.own_only || s->state.timer != 1)
		return false;
	if (s->state.retransmits < k->last.retransmits)
		return true;
	return !s->state.retransmits && k->has_phase && sockdiag_armed(s, ob->jiffies.hz, near, &jiffy) &&
	       (int64_t)(jiffy - k->phase) > ANEW_AFTER_MS * ob->jiffies.hz / 1000 + 1;
}

static struct known *add_anew(struct observe *ob, struct known *former, const struct sockdiag_socket *s)
{
	struct known *k;

	bool watched = former->watched;

	gone_begin(ob, former);
	former->watched =
		false; /* what is counted for it later would be told of the socket, and that is this one's now */
	k = flows_add(ob, &s->state.flow, watched);
	if (k)
		k->cookie = s->state.cookie;
	return k;
}

/* A socket that is in SYN_SENT. */
static void take_socket(struct observe *ob, const struct sockdiag_socket *s, int64_t now)
{
	struct known *k = flows_of_socket(ob, &s->state);

	if (k && connects_anew(ob, k, s))
		k = add_anew(ob, k, s);
	if (!k || (k->state != KNOWN_FRESH && k->state != KNOWN_LISTED))
		return;
	k->first_listed = k->state == KNOWN_FRESH;
	k->refresh |= k->first_listed || s->state.retransmits != k->retransmits;
	k->in_this_look = true;
	k->state = KNOWN_LISTED;
	k->last = s->state;
	k->segs_in = s->segs_in;
	k->device = s->device;
	k->seen_ns = now;
	k->before = ob->now;
	k->due_ns = due_of(ob, &s->state, now);
	if (k->watched)
		socket_find_phase(ob, k, s);
}

struct answer {
	bool any;
	struct sockdiag_socket socket;
};

static void take_answer(const struct sockdiag_socket *s, void *user)
{
	struct answer *a = user;

	a->any = true;
	a->socket = *s;
}

static bool is_connected(int state)
{
	return state != SYN_SENT && state != SYN_RECV && state != 7 /* CLOSE */ && state != 10 /* LISTEN */ &&
	       state != 12 /* NEW_SYN_RECV */;
}

/* One that was not shown yet may be bound to the device that it sends by. */
static int ask_of(struct observe *ob, const struct known *k, struct answer *a)
{
	char device[IF_NAMESIZE];
	int r = sockdiag_get(ob->diag, &k->flow, k->device, take_answer, a);

	if (r != -ENOENT || k->seen_ns || !ob->o.shared || route_device(&k->flow.server, device))
		return r;
	return sockdiag_get(ob->diag, &k->flow, if_nametoindex(device), take_answer, a);
}

/*
 * Its SYN was read after the last dump: the socket may be one whose server is translated, which only a dump shows, and
 * the next look is one, since this is new.
 */
static bool awaits_dump(const struct observe *ob, const struct known *k)
{
	return ob->o.shared && k->state == KNOWN_FRESH && !k->seen_ns && k->has_isn && ob->last_dump_ns < k->syn0_ns;
}

/*
 * The look did not show it.  A dump of many sockets may pass one over, and a
 * socket that connected is gone from SYN_SENT too, so it is asked for itself.
 */
static void check_gone(struct observe *ob, struct known *k)
{
	struct answer a = { 0 };
	int r = ask_of(ob, k, &a);

	/* What answers has sent its SYN, and may be another socket than the one that is meant. */
	if (!r)
		observe_read_packets(ob, NULL, &r);
	if (r && r != -ENOENT)
		return; /* the next look asks again */
	if (a.any && (flows_younger(ob, k) || (k->cookie && a.socket.state.cookie != k->cookie)))
		a.any = false; /* its port is used again */
	/* Both sides opened at once (RFC 9293 section 3.5), and the ACK of our SYN did not come yet. */
	if (a.any && a.socket.state.state == SYN_RECV) {
		k->last.state = SYN_RECV;
		if (!k->crossed && k->watched && k->cookie)
			socket_give_state(ob, k, observe_now(ob));
		k->crossed = true;
		return;
	}
	/* Whoever closes it then sends a FIN, as if it had been connected (net/ipv4/tcp.c new_state[]). */
	if (a.any && k->crossed && a.socket.state.state != ESTABLISHED && a.socket.state.state != CLOSE_WAIT)
		a.any = false;
	if (a.any && a.socket.state.state == SYN_SENT) {
		take_socket(ob, &a.socket, observe_now(ob)); /* told with the others */
	} else if (a.any && is_connected(a.socket.state.state)) {
		socket_connected(ob, k, &a.socket);
	} else if (!awaits_dump(ob, k) && !nat_gone(ob, k)) {
		gone_begin(ob, k);
	}
}

static bool is_missing(const struct known *k, int64_t now)
{
	if (k->in_this_look)
		return false;
	if (k->state == KNOWN_LISTED)
		return true;
	/* One that was never shown, but sent its SYN before we looked; or was answered before that was seen leaving. */
	return k->state == KNOWN_FRESH &&
	       (k->has_isn ? k->syn0_ns < now : k->replied && k->connect_ns && k->connect_ns < now);
}

static bool is_open(const struct known *k)
{
	return k->state == KNOWN_FRESH || k->state == KNOWN_LISTED;
}

/* One by one, which is cheap whatever the host's load: a dump walks the whole table of all namespaces' sockets. */
static void ask_known(struct observe *ob, struct look *l)
{
	int i;

	for (i = 0; i < ob->n_flows; i++)
		if (is_open(&ob->flows[i]))
			sockdiag_get(ob->diag, &ob->flows[i].flow, ob->flows[i].device, collect, l);
}

/* No attempt began since the last dump, by the kernel's count. */
static bool is_quiet(const struct observe *ob)
{
	return !ob->dump_failed && ob->counters.active_opens >= 0 &&
	       ob->dumped.active_opens == ob->counters.active_opens;
}

/*
 * Sockets that are not known yet have to be found, but not at each look, for a
 * dump takes some ms: what a SYN told of is asked for, and others count only when
 * their timers may have ended them, a second after their begin at the soonest,
 * but in a fast lab.
 */
static bool dump_is_due(const struct observe *ob, int64_t now)
{
	int i, n = 0;

	if (ob->o.policy.rto_first_j || now - ob->last_dump_ns >= (is_quiet(ob) ? DUMP_ANYWAY_NS : DUMP_EVERY_NS))
		return true;
	for (i = 0; i < ob->n_flows; i++) {
		if (ob->flows[i].state == KNOWN_FRESH)
			return true;
		n += is_open(&ob->flows[i]);
	}
	return n > ASKED_MAX;
}

/* 0, -EAGAIN when not all may have been shown, or -errno. */
static int find_sockets(struct observe *ob, struct look *l, int64_t now, struct err *e)
{
	int r;

	if (ob->o.own_only || !dump_is_due(ob, now)) {
		ask_known(ob, l);
		return 0;
	}
	ob->last_dump_ns = now;
	r = sockdiag_dump(ob->diag, 0, SOCKDIAG_SYN_SENT, collect, l, e);
	ob->dump_failed = r || l->missed;
	if (!ob->dump_failed)
		ob->dumped = ob->counters;
	return r;
}

static void plan(struct observe *ob, int64_t now)
{
	int64_t wait = CALM_NS;
	int i;

	for (i = 0; i < ob->n_flows; i++) {
		const struct known *k = &ob->flows[i];

		if (k->state == KNOWN_FRESH || k->state == KNOWN_GONE ||
		    (k->state == KNOWN_LISTED && (now - k->born_ns < YOUNG_NS || k->due_ns - now < SOON_NS)))
			wait = QUICK_NS;
	}
	if (ob->o.policy.rto_first_j)
		wait = QUICK_FAST_NS;
	ob->next_look_ns = now + wait;
}

static void on_fate(int32_t pid, int signal, int status, void *user)
{
	struct observe *ob = user;
	struct event ev = { .kind = EVENT_EXIT,
			    .t_ns = observe_now(ob),
			    .exit = { .pid = pid, .signal = signal, .status = status } };
	int i;

	ob->ends[ob->next_end++ % ENDS_KEPT] = ev;
	ob->o.on_event(&ev, ob->o.user);
	/* A socket that is still there belongs to someone else now. */
	for (i = 0; i < ob->n_flows; i++) {
		if (ob->flows[i].state == KNOWN_LISTED && ob->flows[i].n_holders)
			ob->tasks = 0; /* who is left is looked for at the next look */
		if (ob->flows[i].state == KNOWN_LISTED && ob->flows[i].pid == pid) {
			ob->flows[i].refresh = true;
			ob->flows[i].owner_known = false;
			ob->flows[i].owner_tries = 0;
			ob->flows[i].pid = 0;
		}
	}
}

int observe_exit(struct observe *ob, const struct event_exit *x, struct err *e)
{
	int r = observe_look(ob, e); /* what it left behind is seen first */

	on_fate(x->pid, x->signal, x->status, ob);
	return r;
}

void observe_call_begins(struct observe *ob, int32_t pid)
{
	struct known *open[CALL_ASKS_MAX];
	struct err e = { 0 };
	int i, r = 0, n = 0;

	observe_read_packets(ob, &e, &r); /* what they sent, and what ended them; an error shows at the next look */
	for (i = 0; !r && pid && i < ob->n_flows && n < CALL_ASKS_MAX; i++)
		if (ob->flows[i].pid == pid && ob->flows[i].watched && is_open(&ob->flows[i]))
			open[n++] = &ob->flows[i];
	for (i = 0; i < n; i++)
		if (open[i]->state == KNOWN_LISTED || (open[i]->state == KNOWN_FRESH && open[i]->has_isn))
			check_gone(ob, open[i]);
}

static uint64_t packets_lost(const struct observe *ob)
{
	return (ob->live[0] ? live_lost(ob->live[0]) : 0) + (ob->live[1] ? live_lost(ob->live[1]) : 0);
}

static void give_lost(struct observe *ob, const char *source, uint64_t total, uint64_t *told)
{
	struct event ev = { .kind = EVENT_LOST, .t_ns = observe_now(ob), .lost.n = total - *told };

	if (total <= *told)
		return;
	*told = total;
	strcpy(ev.lost.source, source);
	ob->o.on_event(&ev, ob->o.user);
}

int observe_look(struct observe *ob, struct err *e)
{
	int64_t begun = observe_now(ob), now;
	struct look l = { 0 };
	size_t j;
	int i, r, incomplete;

	if (!ob->o.own_only)
		gone_count(ob);
	now = observe_now(ob);
	for (i = 0; i < ob->n_flows; i++)
		ob->flows[i].in_this_look = false;
	r = find_sockets(ob, &l, now, e);
	incomplete = r == -EAGAIN; /* sockets changed meanwhile: some may not have been shown */
	if (incomplete)
		r = 0;
	/* A socket that was shown has sent its SYN: which of its port's sockets it is, the SYN tells. */
	if (!r)
		observe_read_packets(ob, e, &r);
	for (j = 0; !r && j < l.n; j++)
		take_socket(ob, &l.all[j], now);
	for (i = 0; !r && !incomplete && !l.missed && i < ob->n_flows; i++)
		if (is_missing(&ob->flows[i], now))
			check_gone(ob, &ob->flows[i]);
	if (!r)
		sockets_find_owners(ob, now);
	if (!r)
		sockets_find_holders(ob, now);
	for (i = 0; !r && i < ob->n_flows; i++)
		if (ob->flows[i].state == KNOWN_LISTED && ob->flows[i].watched && ob->flows[i].in_this_look)
			/* one that connects anew is told after its former attempt's end */
			socket_tell(ob, &ob->flows[i], now > ob->flows[i].born_ns ? now : ob->flows[i].born_ns);
	free(l.all);
	if (!r && !ob->o.own_only)
		gone_resolve(ob);
	if (!r && ob->fates)
		fates_pump(ob->fates, on_fate, ob);
	ob->no_room += l.missed;
	give_lost(ob, "packets", packets_lost(ob), &ob->lost);
	give_lost(ob, "sockets", ob->no_room, &ob->no_room_told);
	ob->last_look_ns = now;
	ob->look_rest_ns = 3 * (observe_now(ob) - begun);
	if (ob->look_rest_ns > REST_MAX_NS)
		ob->look_rest_ns = REST_MAX_NS;
	plan(ob, observe_now(ob));
	return r;
}
