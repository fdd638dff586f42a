/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/observe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sources/observe_flows.h"
#include "util/clock.h"

/* Enough for the headers and what a client says first; a ring slot holds as much, so a longer one means fewer. */
#define SNAPLEN 2048

/* Two looks are at least so far apart, however many sockets close. */
#define LOOK_APART_NS (1 * MS)

/* When the wall clock was set, a packet that seems older was dated before that. */
#define READ_WITHIN_NS (2000 * MS)

/* It was set when it moved by that much, and more than it is slewed (adjtimex(2): 500 ppm). */
#define STEP_NS (10 * MS)
#define SLEW_PER 1000

int64_t observe_time(const struct observe *ob, int64_t mono_ns)
{
	return mono_ns + ob->shift_ns;
}

int64_t observe_now(const struct observe *ob)
{
	return observe_time(ob, clock_mono_ns());
}

static int open_live(const struct observe *ob, const char *device, struct live **ret, struct err *e)
{
	char filter[160] = "tcp or icmp or icmp6", addr[ADDR_TEXT_LEN];
	struct live_opts lo = { .device = device,
				.filter = filter,
				.snaplen = ob->o.snaplen ? ob->o.snaplen : SNAPLEN,
				.buffer = ob->o.buffer };

	addr_format(&ob->o.server.addr, addr);
	/* In a namespace of one's own all connections count: the kernel's counters are theirs together. */
	if (ob->o.filter)
		lo.filter = ob->o.filter;
	else if (ob->o.own_only && ob->o.server.port)
		snprintf(filter, sizeof(filter), "(tcp port %u and host %s) or icmp or icmp6", ob->o.server.port, addr);
	return live_open(&lo, ret, e);
}

/* What is nice to have: it tells of closed sockets at once, and how processes of others ended. */
static void open_extras(struct observe *ob)
{
	ob->destroyed = -1;
	if (ob->o.own_only)
		return;
	ob->fates = fates_new();
	if (sockdiag_destroy_open(&ob->destroyed, NULL))
		ob->destroyed = -1;
}

int observe_new(const struct observe_opts *o, struct observe **ret, struct err *e)
{
	struct observe *ob = calloc(1, sizeof(*ob));
	int r;

	if (!ob)
		return err_sys(e, ENOMEM, "observation");
	ob->o = *o;
	ob->shift_ns = ob->ahead_ns = clock_real_ahead_ns();
	ob->read_ns = clock_mono_ns();
	flows_init(ob);
	open_extras(ob);
	r = jiffies_calibrate(&ob->jiffies, e);
	if (!r) {
		r = open_live(ob, o->device, &ob->live[0], o->packets_optional ? &ob->blind : e);
		r = o->packets_optional ? 0 : r;
	}
	if (!r)
		r = sockdiag_open(&ob->diag, e);
	if (r) {
		observe_free(ob);
		return r;
	}
	if (!o->own_only)
		gone_count(ob);
	*ret = ob;
	return 0;
}

int observe_also(struct observe *ob, const char *device, struct err *e)
{
	return ob->live[1] || !strcmp(ob->o.device, "any") ? 0 : open_live(ob, device, &ob->live[1], e);
}

void observe_free(struct observe *ob)
{
	if (!ob)
		return;
	live_free(ob->live[0]);
	live_free(ob->live[1]);
	sockdiag_free(ob->diag);
	fates_free(ob->fates);
	if (ob->destroyed >= 0)
		close(ob->destroyed);
	free(ob);
}

const struct err *observe_blind(const struct observe *ob)
{
	return ob->live[0] ? NULL : &ob->blind;
}

void observe_hint(struct observe *ob, int32_t pid)
{
	ob->hint = pid;
}

void observe_soon(struct observe *ob)
{
	ob->next_look_ns = 0;
}

static void take_cookie(const struct sockdiag_socket *s, void *user)
{
	*(uint64_t *)user = s->state.cookie;
}

uint64_t observe_cookie(struct observe *ob, const struct flow *f)
{
	uint64_t cookie = 0;

	return sockdiag_get(ob->diag, f, 0, take_cookie, &cookie) ? 0 : cookie;
}

void observe_connect(struct observe *ob, const struct event_connect *c, int64_t t_ns)
{
	struct event ev = { .kind = EVENT_CONNECT, .t_ns = t_ns, .connect = *c };
	struct known *k = flows_find(ob, &c->flow);

	if (!k || k->connect_ns || (k->state != KNOWN_FRESH && k->state != KNOWN_LISTED))
		k = flows_add(ob, &c->flow, true);
	if (k) {
		k->connect_ns = t_ns;
		k->has_policy = c->has_policy;
	}
	if (k && c->pid && !k->held) {
		k->owner_known = true;
		k->pid = c->pid;
		memcpy(k->comm, c->comm, sizeof(k->comm));
	}
	if (!ob->hint)
		ob->hint = c->pid;
	if (ob->fates && c->pid && c->pid != ob->hint)
		fates_watch(ob->fates, c->pid);
	ob->o.on_event(&ev, ob->o.user);
}

void observe_socket(struct observe *ob, const struct flow *f, uint64_t cookie)
{
	struct known *k = flows_find(ob, f);

	if (k && !k->cookie)
		k->cookie = cookie;
}

bool observe_watches(const struct observe *ob, const struct endpoint *server)
{
	return !ob->o.server.port || endpoint_equal(server, &ob->o.server);
}

static void note_syn(struct observe *ob, const struct event *ev)
{
	const struct flow f = { .client = ev->segment.src, .server = ev->segment.dst };
	struct known *k = flows_of_syn(ob, &f, ev->segment.seq);

	if (!k)
		return;
	k->packets = true;
	k->last_syn_ns = ev->t_ns;
	if (!k->syn0_ns)
		k->syn0_ns = ev->t_ns;
	if (k->state == KNOWN_FRESH)
		ob->next_look_ns = 0; /* whose it is, while it is there */
}

/* The handshake's ACK: no end of that socket is counted as that of a failed attempt. */
static void note_ack(struct observe *ob, const struct event_segment *g)
{
	const struct flow f = { .client = g->src, .server = g->dst };
	struct known *k = flows_find(ob, &f);

	if (k && k->has_isn && k->replied && (g->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_ACK &&
	    g->seq == k->isn + 1)
		k->connected = true;
}

bool observe_is_syn(const struct event *ev)
{
	return ev->kind == EVENT_SEGMENT && (ev->segment.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

static void note_packet(struct observe *ob, const struct event *ev)
{
	struct known *k;
	struct flow f;

	if (ev->kind == EVENT_ICMP) {
		k = flows_find(ob, &ev->icmp.flow);
		if (k)
			k->replied = true;
	}
	if (ev->kind != EVENT_SEGMENT)
		return;
	if (observe_is_syn(ev)) {
		note_syn(ob, ev);
		return;
	}
	note_ack(ob, &ev->segment);
	f = (struct flow){ .client = ev->segment.dst, .server = ev->segment.src };
	k = flows_find(ob, &f);
	if (k)
		k->replied = true;
}

/* It is about a connection to the observed server. */
static bool is_watched(const struct observe *ob, const struct event *ev)
{
	if (ev->kind == EVENT_ICMP)
		return observe_watches(ob, &ev->icmp.flow.server);
	return ev->kind != EVENT_SEGMENT || observe_watches(ob, &ev->segment.src) ||
	       observe_watches(ob, &ev->segment.dst);
}

static void on_live(const struct live_packet *p, void *user)
{
	struct observe *ob = user;
	struct live_packet shifted = *p;
	int64_t now = observe_now(ob);
	struct packet decoded;
	struct event *ev = &decoded.event;

	if (decode_cut_frame(p->linktype, bytes_of(p->data, p->caplen), p->len, &decoded) != DECODE_OK)
		return;
	/* The wall clock of this moment, not of the start, dates the packet; one that was set meanwhile dates none. */
	shifted.t_ns = p->t_ns - clock_real_ahead_ns() + ob->shift_ns;
	if (shifted.t_ns > now || (ob->stepped && shifted.t_ns < now - READ_WITHIN_NS))
		shifted.t_ns = now;
	ev->t_ns = shifted.t_ns;
	ev->packet = ++ob->n_packets;
	nat_undo(ob, ev);
	if (observe_is_syn(ev)) {
		if (!syn_is_own(ob, &decoded))
			return;
		nat_find(ob, ev);
	}
	if (is_watched(ob, ev)) {
		if (ob->o.on_packet)
			ob->o.on_packet(&shifted, &decoded, ob->o.user);
		ob->o.on_event(ev, ob->o.user);
	}
	note_packet(ob, ev);
}

static void look_at_clock(struct observe *ob)
{
	int64_t ahead = clock_real_ahead_ns(), now = clock_mono_ns();

	ob->stepped = imaxabs(ahead - ob->ahead_ns) > STEP_NS + (now - ob->read_ns) / SLEW_PER;
	ob->ahead_ns = ahead;
	ob->read_ns = now;
}

/* Its interface went away, as they may: what follows is seen without its packets. */
static void go_on_without(struct observe *ob, int i)
{
	live_free(ob->live[i]);
	ob->live[i] = NULL;
	if (!i && ob->live[1]) {
		ob->live[0] = ob->live[1];
		ob->live[1] = NULL;
	}
}

void observe_read_packets(struct observe *ob, struct err *e, int *ret)
{
	bool optional = ob->o.packets_optional;
	int i, r = 0;

	look_at_clock(ob);
	for (i = 0; r >= 0 && i < 2 && ob->live[i]; i++) {
		r = live_read(ob->live[i], on_live, ob, optional ? &ob->blind : e);
		if (r < 0 && optional) {
			go_on_without(ob, i--);
			r = 0;
		}
	}
	*ret = r < 0 ? r : 0;
}

int observe_packets(struct observe *ob, struct err *e)
{
	int r;

	observe_read_packets(ob, e, &r);
	return r;
}

void observe_segment(struct observe *ob, const struct event *ev)
{
	ob->o.on_event(ev, ob->o.user);
	note_packet(ob, ev);
}

int observe_fds(const struct observe *ob, struct pollfd *fds)
{
	int i;

	for (i = 0; i < 2; i++)
		fds[i] = (struct pollfd){ .fd = ob->live[i] ? live_fd(ob->live[i]) : -1, .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = ob->destroyed, .events = POLLIN };
	return OBSERVE_FDS_MAX;
}

int observe_wait_ms(const struct observe *ob)
{
	int64_t at = ob->next_look_ns, left;

	if (at < ob->last_look_ns + LOOK_APART_NS + ob->look_rest_ns)
		at = ob->last_look_ns + LOOK_APART_NS + ob->look_rest_ns;
	left = at - observe_now(ob);
	return left <= 0 ? 0 : (int)((left + MS - 1) / MS);
}

/*
 * A socket that lived between two looks, and whose SYN no packet socket saw, as
 * behind a firewall of this host.  One that never got so far has no port of the
 * server any more.
 */
static void take_missed(struct observe *ob, const struct event_state *s)
{
	struct known *k;
	int r;

	if (!ob->o.on_missed || !s->cookie || !s->flow.client.port || !s->flow.server.port)
		return;
	observe_read_packets(ob, NULL, &r); /* its SYN may wait there */
	k = flows_find(ob, &s->flow);
	if (k && k->packets && !k->cookie)
		return; /* that is the one */
	ob->o.on_missed(s, ob->o.user);
	k = flows_find(ob, &s->flow);
	if (!k || k->state != KNOWN_FRESH || k->has_isn || k->cookie || !k->connect_ns)
		return;
	k->cookie = s->cookie;
	socket_give_first(ob, k, k->connect_ns);
	gone_begin(ob, k);
}

static void any_socket(const struct sockdiag_socket *s, void *user)
{
	struct observe *ob = user;
	struct known *k = flows_of_cookie(ob, &s->state);

	/* Whichever it was: who is gone is best seen now. */
	if (s->state.state)
		ob->next_look_ns = 0;
	if (!k)
		take_missed(ob, &s->state);
	else
		socket_destroyed(ob, k, s);
}

int observe_pump(struct observe *ob, struct err *e)
{
	int r;

	observe_read_packets(ob, e, &r);
	if (r < 0)
		return r;
	if (ob->destroyed >= 0 && sockdiag_destroy_read(ob->destroyed, any_socket, ob) > 0)
		ob->next_look_ns = 0;
	return observe_wait_ms(ob) > 0 ? 0 : observe_look(ob, e);
}

const struct counters *observe_counters(const struct observe *ob)
{
	return &ob->dumped;
}

void observe_hurry(struct observe *ob)
{
	ob->next_look_ns = 0;
	ob->look_rest_ns = 0;
	if (ob->o.shared)
		ob->last_dump_ns = 0;
}

bool observe_settled(const struct observe *ob)
{
	int i;

	for (i = 0; i < ob->n_flows; i++)
		if (ob->flows[i].state == KNOWN_GONE || (ob->flows[i].state == KNOWN_FRESH && ob->flows[i].has_isn))
			return false;
	return !ob->fates || !fates_unsettled(ob->fates);
}

const struct event_state *observe_waiting(struct observe *ob, int64_t since_ns)
{
	int i;

	for (i = 0; i < ob->n_flows; i++) {
		struct known *k = &ob->flows[i];

		bool open = k->state == KNOWN_LISTED || (k->state == KNOWN_FRESH && k->has_isn);

		if (!open || !k->watched || k->born_ns > since_ns)
			continue;
		k->last.pid = k->pid;
		memcpy(k->last.comm, k->comm, sizeof(k->last.comm));
		return &k->last;
	}
	return NULL;
}
