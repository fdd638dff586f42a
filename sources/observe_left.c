/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  Where neither packets nor the namespace's counters tell
 * who ended an attempt, its socket may: a program that closes one that is
 * connecting destroys it at once, with the server still in it.  One whose
 * connect() failed is there until it is closed, and a blocking connect() takes it
 * back before it returns the error, so that its server is gone
 * (net/ipv4/af_inet.c __inet_stream_connect(), net/ipv4/tcp.c tcp_disconnect());
 * a close with SO_LINGER 0 does that, too, which TCPAbortOnData counts.  Of one that did not block, the segment that
 * refused it is in the count of those that came.
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
				       .retransmits = (int)s->total_retrans,
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
	k->answered = s->segs_in > 0;
	/* that came and went between two looks */
	if (s->was_connected)
		socket_connected(ob, k, s);
	else if (k->state == KNOWN_LISTED)
		socket_tell_resent(ob, k, s->total_retrans);
}

/* Its process tells, where it is known; else that no notice of its end came, which may come some ms late. */
static bool is_there_still(const struct observe *ob, const struct known *k)
{
	if (k->destroyed_ns || !k->cookie) /* a notice is known by that */
		return false;
	if (k->pid && k->last.inode)
		return procs_holds_socket(k->pid, k->last.inode);
	return ob->destroyed >= 0 && ob->notices_lost_ns < k->before.t_ns;
}

void socket_tell_left(struct observe *ob, const struct known *k)
{
	struct event ev = { .kind = EVENT_LEFT,
			    .t_ns = observe_now(ob),
			    .left = { .flow = k->flow,
				      .cookie = k->cookie,
				      .has_isn = k->has_isn,
				      .isn = k->isn,
				      .failed = k->undone,
				      .answered = k->answered } };

	if (k->undone && k->after.closed_hard != k->before.closed_hard)
		return;
	ev.left.failed |= is_there_still(ob, k);
	if (k->watched && (k->destroyed_ns || ev.left.failed))
		ob->o.on_event(&ev, ob->o.user);
}
