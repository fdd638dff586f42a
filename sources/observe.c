/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/observe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sources/procs.h"
#include "sources/sockdiag.h"
#include "util/clock.h"

#define FLOWS_MAX 64
#define LOOK_EVERY_NS (8 * 1000000LL)
#define MS 1000000LL
#define GONE_LOOKS_MAX 6 /* then it is left untold whether the kernel gave up */

/* What is known of one flow, so that each thing is told once. */
struct known {
	struct flow flow;
	int64_t syn0_ns; /* 0: not seen */
	bool packets;	 /* SYNs are seen as packets */
	bool listed;	 /* sock_diag had it in SYN_SENT at the last look */
	bool in_this_look;
	bool told;	 /* on_socket was called */
	int phase_looks; /* how often the jiffy of its timer was read */
	bool has_phase, new_phase;
	uint64_t phase;
	int64_t phase_edge_ns;
	int64_t armed_ns; /* when that jiffy began */
	int retransmits;
	int64_t connect_ns;
	bool has_policy; /* told by observe_connect */
	bool over;	 /* asked for by itself, it was there no more */
	struct event_state last;
	int gone_looks; /* looks since it left SYN_SENT; 0: it did not, or it is judged */
};

struct observe {
	struct observe_opts o;
	struct live *live; /* NULL: blind */
	struct err blind;
	struct sockdiag *diag;
	struct jiffies_clock jiffies;
	int64_t shift_ns; /* event time = CLOCK_MONOTONIC + shift */
	int64_t last_look_ns;
	uint64_t n_packets, lost;
	int32_t hint;
	struct counters counters;
	int64_t aborts; /* kernel give-ups that are told already */
	struct known flows[FLOWS_MAX];
	int n_flows; /* a ring: the oldest gives way */
};

int64_t observe_time(const struct observe *ob, int64_t mono_ns)
{
	return mono_ns + ob->shift_ns;
}

int64_t observe_now(const struct observe *ob)
{
	return observe_time(ob, clock_mono_ns());
}

static int open_live(struct observe *ob, struct err *e)
{
	char filter[160], addr[ADDR_TEXT_LEN];
	struct live_opts lo = { .device = ob->o.device, .filter = filter };

	addr_format(&ob->o.server.addr, addr);
	snprintf(filter, sizeof(filter), "(tcp port %u and host %s) or icmp or icmp6", ob->o.server.port, addr);
	return live_open(&lo, &ob->live, e);
}

int observe_new(const struct observe_opts *o, struct observe **ret, struct err *e)
{
	struct observe *ob = calloc(1, sizeof(*ob));
	int r;

	if (!ob)
		return err_sys(e, ENOMEM, "observation");
	ob->o = *o;
	ob->shift_ns = clock_real_ns() - clock_mono_ns();
	r = jiffies_calibrate(&ob->jiffies, e);
	if (!r) {
		r = open_live(ob, o->packets_optional ? &ob->blind : e);
		r = o->packets_optional ? 0 : r;
	}
	if (!r)
		r = sockdiag_open(&ob->diag, e);
	if (r) {
		observe_free(ob);
		return r;
	}
	counters_read(&ob->counters);
	ob->aborts = ob->counters.abort_on_timeout;
	*ret = ob;
	return 0;
}

void observe_free(struct observe *ob)
{
	if (!ob)
		return;
	live_free(ob->live);
	sockdiag_free(ob->diag);
	free(ob);
}

const struct err *observe_blind(const struct observe *ob)
{
	return ob->live ? NULL : &ob->blind;
}

void observe_hint(struct observe *ob, int32_t pid)
{
	ob->hint = pid;
}

static struct known *known_find(struct observe *ob, const struct flow *f)
{
	int i, n = ob->n_flows < FLOWS_MAX ? ob->n_flows : FLOWS_MAX;

	for (i = 0; i < n; i++) {
		struct known *k = &ob->flows[i];

		if (k->flow.client.port == f->client.port && endpoint_equal(&k->flow.server, &f->server) &&
		    (addr_equal(&k->flow.client.addr, &f->client.addr) || addr_is_any(&k->flow.client.addr)))
			return k;
	}
	return NULL;
}

static struct known *known_get(struct observe *ob, const struct flow *f)
{
	struct known *k = known_find(ob, f);

	if (!k) {
		k = &ob->flows[ob->n_flows++ % FLOWS_MAX];
		memset(k, 0, sizeof(*k));
	}
	k->flow = *f;
	return k;
}

void observe_connect(struct observe *ob, const struct event_connect *c, int64_t t_ns)
{
	struct event ev = { .kind = EVENT_CONNECT, .t_ns = t_ns, .connect = *c };
	struct known *k = known_get(ob, &c->flow);

	memset(k, 0, sizeof(*k)); /* the port may have been used before */
	k->flow = c->flow;
	k->connect_ns = t_ns;
	k->has_policy = true;
	ob->hint = c->pid;
	ob->o.on_event(&ev, ob->o.user);
}

/* How often the armed jiffy is read: of several the least is right (sources/sockdiag.h). */
#define PHASE_LOOKS 3

/*
 * The jiffy in which SYN 0's timer was armed, as the kernel tells it, or, when
 * it does not, the jiffy of SYN 0's time.
 */
static void find_phase(struct observe *ob, struct known *k, const struct sockdiag_socket *s)
{
	int64_t tick = jiffies_tick_ns(ob->jiffies.hz), after = 0, since;
	int64_t syn0 = k->syn0_ns ? k->syn0_ns : k->connect_ns;
	uint64_t now = jiffies_at(&ob->jiffies, clock_mono_ns(), &since), phase = now;
	bool armed = sockdiag_armed(s, ob->jiffies.hz, now, &phase);

	if (s->state.retransmits || k->phase_looks == PHASE_LOOKS || (!armed && !syn0))
		return;
	k->phase_looks++;
	if (!armed)
		phase = jiffies_at(&ob->jiffies, syn0 - ob->shift_ns, &after);
	else if (syn0)
		after = syn0 - (observe_now(ob) - since - (int64_t)(now - phase) * tick);
	if (k->has_phase && phase >= k->phase)
		return;
	k->has_phase = k->new_phase = true;
	k->phase = phase;
	k->phase_edge_ns = after;
	k->armed_ns = observe_now(ob) - since - (int64_t)(now - phase) * tick;
}

/* The state event of a flow; with the phase of jiffies when it is news. */
static void give_state(struct observe *ob, struct known *k, int64_t t_ns)
{
	struct event ev = { .kind = EVENT_STATE, .t_ns = t_ns, .state = k->last };

	ev.state.flow = k->flow;
	ev.state.has_phase = k->new_phase;
	ev.state.phase = k->phase;
	ev.state.phase_edge_ns = k->phase_edge_ns;
	k->new_phase = false;
	if (!k->has_policy) {
		ev.state.has_policy = true;
		ev.state.policy = ob->o.policy;
	}
	ob->o.on_event(&ev, ob->o.user);
}

static bool is_first_syn(const struct event *ev)
{
	return ev->kind == EVENT_SEGMENT && (ev->segment.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

static void on_live(const struct live_packet *p, void *user)
{
	struct observe *ob = user;
	struct live_packet shifted = *p;
	struct packet decoded;
	struct event *ev = &decoded.event;

	if (decode_cut_frame(p->linktype, bytes_of(p->data, p->caplen), p->len, &decoded) != DECODE_OK)
		return;
	/* The wall clock of this moment, not of the start, dates the packet. */
	shifted.t_ns = p->t_ns - (clock_real_ns() - clock_mono_ns()) + ob->shift_ns;
	ev->t_ns = shifted.t_ns;
	ev->packet = ++ob->n_packets;
	ob->o.on_packet(&shifted, &decoded, ob->o.user);
	ob->o.on_event(ev, ob->o.user);
	if (is_first_syn(ev) && endpoint_equal(&ev->segment.dst, &ob->o.server)) {
		const struct flow f = { .client = ev->segment.src, .server = ev->segment.dst };
		struct known *k = known_get(ob, &f);

		k->packets = true;
		if (!k->syn0_ns)
			k->syn0_ns = ev->t_ns;
	}
}

/* Where no packet shows the SYNs, the kernel's count and timer do: the last one left rto - expires ago. */
static void give_counted(struct observe *ob, struct known *k, const struct sockdiag_socket *s, int64_t now)
{
	struct event ev = { .kind = EVENT_RETRANSMIT, .retransmit = { .flow = k->flow } };
	int64_t ago_ns = ((int64_t)s->state.rto_us / 1000 - s->state.expires_ms) * MS;
	int64_t t = ago_ns > 0 ? now - ago_ns : now;

	if (t < ob->last_look_ns)
		t = ob->last_look_ns;
	if (!k->syn0_ns) {
		k->syn0_ns = k->connect_ns ? k->connect_ns : k->has_phase ? k->armed_ns : t;
		ev.t_ns = k->syn0_ns;
		ob->o.on_event(&ev, ob->o.user);
	}
	if (s->state.retransmits > k->retransmits) {
		ev.t_ns = t;
		ev.retransmit.n = s->state.retransmits;
		ob->o.on_event(&ev, ob->o.user);
	}
}

struct look {
	struct observe *ob;
	int64_t now;
};

static void on_socket(const struct sockdiag_socket *s, void *user)
{
	struct look *look = user;
	struct observe *ob = look->ob;
	struct known *k;
	bool news;

	if (s->state.state != 2 || !endpoint_equal(&s->state.flow.server, &ob->o.server))
		return;
	k = known_get(ob, &s->state.flow);
	k->in_this_look = true;
	k->last = s->state;
	find_phase(ob, k, s);
	news = !k->listed || s->state.retransmits != k->retransmits || k->new_phase;
	if (!k->told && (!procs_socket_owner(s->state.inode, ob->hint, &k->last.pid, k->last.comm) || !s->state.inode))
		k->told = true;
	if (news)
		give_state(ob, k, look->now);
	if (!k->packets && k->syn0_ns + 2 * LOOK_EVERY_NS < look->now &&
	    (!k->connect_ns || k->connect_ns + 2 * MS < look->now))
		give_counted(ob, k, s, look->now);
	k->retransmits = s->state.retransmits;
	if (!k->listed && ob->o.on_socket)
		ob->o.on_socket(&k->last, ob->o.user);
	k->listed = true;
}

static void give_gone(struct observe *ob, struct known *k, int64_t now)
{
	struct event ev = { .kind = EVENT_CLOSE,
			    .t_ns = now,
			    .close = { .flow = k->flow, .cause = CLOSE_UNKNOWN, .retransmits = k->retransmits } };

	k->listed = false;
	k->gone_looks = 1;
	ob->o.on_event(&ev, ob->o.user);
}

static void give_abort(struct observe *ob, struct known *k, int64_t delta)
{
	struct event ev = { .kind = EVENT_COUNTER,
			    .t_ns = observe_now(ob),
			    .counter = { .flow = k->flow, .name = "TCPAbortOnTimeout", .delta = delta } };

	k->gone_looks = 0;
	ob->aborts += delta;
	ob->o.on_event(&ev, ob->o.user);
}

/*
 * TCPAbortOnTimeout counts the kernel's give-ups of the whole namespace.  Of
 * the sockets that are gone it did for none when it stood still, and for all
 * when it moved by their number; anything else is not told, and may become
 * clear at the next look.  A look must lie between: the counter moves after the
 * state does.
 */
static void give_aborts(struct observe *ob)
{
	int64_t moved = ob->counters.abort_on_timeout - ob->aborts;
	int i, n_gone = 0;

	for (i = 0; i < FLOWS_MAX; i++)
		n_gone += ob->flows[i].gone_looks > 0;
	for (i = 0; i < FLOWS_MAX; i++) {
		struct known *k = &ob->flows[i];

		if (k->gone_looks > 1 && (moved == 0 || moved == n_gone))
			give_abort(ob, k, moved != 0);
		else if (k->gone_looks > 0 && k->gone_looks < GONE_LOOKS_MAX)
			k->gone_looks++;
		else
			k->gone_looks = 0;
	}
}

static void read_counters(struct observe *ob)
{
	struct event ev = { .kind = EVENT_COUNTER,
			    .t_ns = observe_now(ob),
			    .counter = { .flow.server = ob->o.server, .name = "ListenOverflows" } };
	int64_t before = ob->counters.listen_overflows;

	if (counters_read(&ob->counters))
		return;
	ev.counter.delta = ob->counters.listen_overflows - before;
	if (before >= 0 && ev.counter.delta > 0)
		ob->o.on_event(&ev, ob->o.user);
	if (ob->counters.abort_on_timeout >= 0)
		give_aborts(ob);
}

static int look_at_own(struct look *l)
{
	struct observe *ob = l->ob;
	int i, n = ob->n_flows < FLOWS_MAX ? ob->n_flows : FLOWS_MAX;

	for (i = 0; i < n; i++)
		if (!ob->flows[i].over && sockdiag_get(ob->diag, &ob->flows[i].flow, on_socket, l) == -ENOENT)
			ob->flows[i].over = true;
	return 0;
}

static int look(struct observe *ob, struct err *e)
{
	struct look l = { .ob = ob, .now = observe_now(ob) };
	int i, n, r;

	for (i = 0; i < FLOWS_MAX; i++)
		ob->flows[i].in_this_look = false;
	r = ob->o.own_only ? look_at_own(&l)
			   : sockdiag_dump(ob->diag, ob->o.server.addr.family, SOCKDIAG_SYN_SENT, on_socket, &l, e);
	ob->last_look_ns = l.now;
	if (r == -EAGAIN)
		return 0; /* sockets changed meanwhile: some may not have been shown */
	n = ob->n_flows < FLOWS_MAX ? ob->n_flows : FLOWS_MAX;
	for (i = 0; !r && i < n; i++)
		if (ob->flows[i].listed && !ob->flows[i].in_this_look)
			give_gone(ob, &ob->flows[i], l.now);
	if (!ob->o.own_only)
		read_counters(ob);
	return r;
}

int observe_fds(const struct observe *ob, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = ob->live ? live_fd(ob->live) : -1, .events = POLLIN };
	return 1;
}

int observe_wait_ms(const struct observe *ob)
{
	int64_t left = ob->last_look_ns + LOOK_EVERY_NS - observe_now(ob);

	return left <= 0 ? 0 : (int)((left + MS - 1) / MS);
}

int observe_pump(struct observe *ob, struct err *e)
{
	struct event ev = { .kind = EVENT_LOST, .lost = { .source = "packets" } };
	uint64_t lost;
	int r = ob->live ? live_read(ob->live, on_live, ob, e) : 0;

	if (r < 0)
		return r;
	if (observe_wait_ms(ob) > 0)
		return 0;
	lost = ob->live ? live_lost(ob->live) : 0;
	if (lost > ob->lost) {
		ev.t_ns = observe_now(ob);
		ev.lost.n = lost - ob->lost;
		ob->lost = lost;
		ob->o.on_event(&ev, ob->o.user);
	}
	return look(ob, e);
}
