/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace_attempt_inside.h"

void trace_add_reply(struct attempt *a, const struct reply *r)
{
	int i = a->n_replies < ATTEMPT_REPLIES_MAX ? a->n_replies : ATTEMPT_REPLIES_MAX - 1;

	a->n_replies++;
	/* In order of time. */
	while (i > 0 && a->replies[i - 1].t_ns > r->t_ns) {
		a->replies[i] = a->replies[i - 1];
		i--;
	}
	a->replies[i] = *r;
}

static enum ignored ignored_by(const struct watch_drop *d, const char *reason)
{
	if (!strcmp(reason, "TCP_CSUM"))
		return IGNORED_CHECKSUM;
	if (!strcmp(reason, "TCP_INVALID_ACK_SEQUENCE") || !strcmp(reason, "TCP_ACK_UNSENT_DATA") ||
	    !strcmp(reason, "TCP_OLD_ACK") || !strcmp(reason, "TCP_TOO_OLD_ACK"))
		return IGNORED_WRONG_ACK;
	if (d->reset && (!strcmp(reason, "TCP_FLAGS") || !strcmp(reason, "TCP_RESET")))
		return IGNORED_NO_ACK;
	return IGNORED_DROPPED;
}

static void take_lost_reply(const struct watch_drop *d, enum ignored why, const struct trace_frame *f,
			    struct attempt *a)
{
	struct reply r = { .t_ns = when(f, d->first_ns),
			   .kind = d->reset ? REPLY_RST : REPLY_SYN_ACK,
			   .ignored = why,
			   .from = a->flow.server.addr };

	trace_add_reply(a, &r);
	if (d->packets < 2)
		return;
	r.t_ns = when(f, d->last_ns);
	r.more = d->packets - 2; /* when those in between came is not known */
	trace_add_reply(a, &r);
}

/*
 * A SYN that TCP drops has no device any more (net/ipv4/tcp_ipv4.c tcp_v4_rcv()): it was where the server is, which is
 * here when the address is this namespace's own.
 */
static bool is_at_server(const struct watch_attempt *w, const struct watch_drop *d)
{
	struct addr server = endpoint_of(w->flow.family, &w->flow.server, 0).addr;

	return !d->netns && !d->reply && memcmp(&w->flow.client, &w->flow.server, sizeof(w->flow.client)) &&
	       !addr_is_loopback(&server);
}

static enum drop_place place_of(const struct watch_attempt *w, const struct watch_drop *d)
{
	/* what answers it has left the server, which is here, too, then */
	if (d->output || (d->unreceived && d->netns == w->netns))
		return DROP_LOCAL_OUTPUT;
	if (is_at_server(w, d))
		return DROP_PATH_OR_PEER;
	return !d->netns || d->netns == w->netns ? DROP_LOCAL_INPUT : DROP_PATH_OR_PEER;
}

/* In another namespace a copy is not told from the SYN, but where TCP itself is known to have sent it. */
static bool is_unproven(const struct watch_attempt *w, const struct watch_drop *d)
{
	return !d->original && !d->reply && place_of(w, d) == DROP_PATH_OR_PEER;
}

void trace_drop(const struct watch_drop *d, uint8_t family, const struct trace_frame *f, struct drop *ret)
{
	*ret = (struct drop){ .reply = d->reply,
			      .packets = d->packets,
			      .last_ns = when(f, d->last_ns),
			      .netns = d->netns,
			      .ifindex = d->ifindex,
			      .has_opener = d->opener_known,
			      .opener = d->opener };
	if (d->to_port)
		ret->sent_to = endpoint_of(family, &d->to, d->to_port);
	strncpy(ret->reason, f->reason(d->reason, f->user), sizeof(ret->reason) - 1);
	strncpy(ret->function, f->function(d->location, f->user), sizeof(ret->function) - 1);
}

/* What a sniffer's full buffer did not take was a copy (net/packet/af_packet.c); up to 6.10 that has no reason. */
static bool is_copy(const struct watch_drop *d, const struct trace_frame *f)
{
	const char *function = f->function(d->location, f->user);

	return !strcmp(function, "packet_rcv") || !strcmp(function, "tpacket_rcv") ||
	       !strcmp(function, "packet_rcv_spkt");
}

static void take_drop(const struct watch_attempt *w, const struct watch_drop *d, const struct trace_frame *f,
		      struct attempt *a)
{
	const char *reason = f->reason(d->reason, f->user);
	enum ignored why = d->reply ? ignored_by(d, reason) : IGNORED_NOT;
	struct drop *to;

	if (is_copy(d, f))
		return;
	if (d->reply)
		take_lost_reply(d, why, f, a);
	/* It reached the socket, which did not want it: that is the reply's fault, and no place. */
	if ((d->reply && why != IGNORED_DROPPED) || a->n_drops == ATTEMPT_DROPS_MAX)
		return;
	to = &a->drops[a->n_drops++];
	trace_drop(d, w->flow.family, f, to);
	to->place = place_of(w, d);
	to->unproven = is_unproven(w, d);
	if (!to->netns && to->place == DROP_LOCAL_OUTPUT)
		to->netns = w->netns; /* no device had it yet */
}

/* Copies come last, and where most were dropped first, since a retransmission is dropped, too, by a server that has
 * answered SYN 0. */
static bool is_worse(const struct watch_attempt *w, const struct watch_drop *d, const struct watch_drop *than)
{
	if (is_unproven(w, d) != is_unproven(w, than))
		return is_unproven(w, than);
	return d->packets != than->packets ? d->packets > than->packets : d->first_ns < than->first_ns;
}

/* The server has answered. */
static void leave_repeated(struct attempt *a)
{
	int i, n = 0;

	for (i = 0; i < a->n_drops; i++)
		if (!drop_is_as_of_repeated_syn(&a->drops[i]))
			a->drops[n++] = a->drops[i];
	a->n_drops = n;
}

/* Each SYN is dropped once: when all were, what else was dropped were copies. */
static void leave_copies(struct attempt *a)
{
	uint64_t known = 0;
	int i, n = 0;

	for (i = 0; i < a->n_drops; i++)
		known += a->drops[i].reply || a->drops[i].unproven ? 0 : a->drops[i].packets;
	if (a->n_syns <= 0 || known < (uint64_t)a->n_syns)
		return;
	for (i = 0; i < a->n_drops; i++)
		if (!a->drops[i].unproven)
			a->drops[n++] = a->drops[i];
	a->n_drops = n;
}

void trace_take_drops(const struct watch_attempt *w, const struct watch_more *more, const struct trace_frame *f,
		      struct attempt *a)
{
	const struct watch_drop *drops[WATCH_DROPS_MAX];
	int i, k, n = w->n_drops < WATCH_DROPS_MAX ? w->n_drops : WATCH_DROPS_MAX;

	for (i = 0; i < n; i++) {
		for (k = i; k > 0 && is_worse(w, &more->drops[i], drops[k - 1]); k--)
			drops[k] = drops[k - 1];
		drops[k] = &more->drops[i];
	}
	for (i = 0; i < n; i++)
		take_drop(w, drops[i], f, a);
	for (i = 0; i < n; i++)
		if (drops[i]->reply && !drops[i]->reset)
			leave_repeated(a);
	leave_copies(a);
}
