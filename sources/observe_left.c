/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  Where neither packets nor the namespace's counters tell
 * who ended an attempt, its socket may.
 *
 *   A program that closes one that is connecting destroys it, with the server still
 *   in it.  Whoever polls and is refused closes it so, too: then the segment that
 *   refused it is in the count of those that came.
 *   A blocking connect() that fails takes the socket back before it returns, so
 *   that its server is gone (net/ipv4/af_inet.c __inet_stream_connect(), net/ipv4/tcp.c
 *   tcp_disconnect()).  So do shutdown(), connect(AF_UNSPEC) and a close with SO_LINGER 0,
 *   which TCPAbortOnData counts: who does that while connecting is one that did not wait.
 *   One that was connected has the server's window.
 *
 * The notice of a destroyed socket comes when its last packet is gone, which may
 * be seconds later for a SYN that waits for a neighbour: that none came says
 * nothing.
 */
#include "sources/observe_flows.h"

#define ESTABLISHED 1 /* include/net/tcp_states.h */
#define CLOSE 7

void socket_connected(struct observe *ob, struct known *k, const struct sockdiag_socket *s)
{
	struct event ev = { .kind = EVENT_CLOSE,
			    .t_ns = observe_now(ob),
			    .close = { .flow = k->flow,
				       .cookie = k->cookie,
				       .has_isn = k->has_isn,
				       .isn = k->isn,
				       .retransmits = -1,
				       .unseen_ns = k->seen_ns ? observe_now(ob) - k->seen_ns : 0 } };

	socket_tell_resent(ob, k, s->total_retrans);
	k->last.state = s->state.state == CLOSE ? ESTABLISHED : s->state.state;
	k->connected = true;
	k->gone_ns = ev.t_ns;
	k->state = KNOWN_OVER;
	if (!k->watched)
		return;
	socket_give_state(ob, k, k->gone_ns);
	/* Of others' sockets no result of connect() will be told. */
	if (ob->o.shared)
		ob->o.on_event(&ev, ob->o.user);
}

void socket_destroyed(struct observe *ob, struct known *k, const struct sockdiag_socket *s)
{
	if ((k->state != KNOWN_LISTED && k->state != KNOWN_GONE) || k->destroyed_ns)
		return;
	k->destroyed_ns = observe_now(ob);
	k->undone = !s->state.flow.server.port;
	k->answered = s->segs_in > k->segs_in;
	/* that came and went between two looks */
	if (s->was_connected && !(k->crossed && k->undone))
		socket_connected(ob, k, s);
	else if (k->state == KNOWN_LISTED)
		socket_tell_resent(ob, k, s->total_retrans);
}

bool socket_is_held(const struct known *k)
{
	return k->pid && k->last.inode && procs_holds_socket(k->pid, k->last.inode);
}

bool socket_may_have_connected(const struct known *k)
{
	return !k->destroyed_ns && (k->after.resets != k->before.resets || socket_is_held(k));
}

/* A connect() that waited did, and its program closes the socket later, or not at all. */
static bool has_failed(const struct known *k)
{
	if (!k->blocking)
		return false;
	if (k->destroyed_ns)
		return k->undone && k->after.closed_hard == k->before.closed_hard;
	return k->after.resets == k->before.resets && socket_is_held(k);
}

void socket_tell_left(struct observe *ob, const struct known *k)
{
	struct event ev = { .kind = EVENT_LEFT,
			    .t_ns = observe_now(ob),
			    .left = { .flow = k->flow,
				      .cookie = k->cookie,
				      .has_isn = k->has_isn,
				      .isn = k->isn,
				      .failed = has_failed(k),
				      .answered = k->answered } };

	if (k->watched && (ev.left.failed || (k->destroyed_ns && !k->undone)))
		ob->o.on_event(&ev, ob->o.user);
}
