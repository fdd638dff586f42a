/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "core/tracker_table.h"

/* A reply that the socket outlived by so long did not end its wait: it never reached it. */
#define OUTLIVED_NS 100000000LL

void slot_outlived(struct slot *s, int64_t seen_ns)
{
	struct attempt *a = &s->a;
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].ignored == IGNORED_NOT && a->replies[i].kind != REPLY_ICMP &&
		    a->replies[i].t_ns < seen_ns - OUTLIVED_NS)
			a->replies[i].ignored = IGNORED_DROPPED;
}

void slot_took_no_reset(struct slot *s)
{
	struct attempt *a = &s->a;
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].ignored == IGNORED_NOT && a->replies[i].kind == REPLY_RST && !a->ack_ns)
			a->replies[i].ignored = IGNORED_DROPPED;
}

void slot_took_no_answer(struct slot *s)
{
	struct attempt *a = &s->a;
	int i;

	for (i = 0; !a->ack_ns && !a->connected && i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].ignored == IGNORED_NOT && a->replies[i].kind == REPLY_SYN_ACK)
			a->replies[i].ignored = IGNORED_DROPPED;
}

/* Of what came after the socket was destroyed nothing reached it. */
static void slot_took_none_after(struct slot *s, int64_t t_ns)
{
	struct attempt *a = &s->a;
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].ignored == IGNORED_NOT && a->replies[i].t_ns > t_ns)
			a->replies[i].ignored = IGNORED_LATE;
}

/* The first word counts, for a close follows every result; but a bare disappearance is no word. */
static bool has_its_word(const struct attempt *a, bool result)
{
	switch (a->end) {
	case ATTEMPT_OPEN:
	case ATTEMPT_END_PACKETS:
		return false;
	case ATTEMPT_END_CLOSE:
		return !(result && a->close_cause == CLOSE_UNKNOWN);
	case ATTEMPT_END_RESULT:
		return !attempt_error_is_provisional(a->end_error);
	default:
		return true;
	}
}

/*
 * A timeout is proof that no reply ended the wait; with any other end, those
 * that the wait outlived did not.
 */
static void judge_replies(struct slot *s, int error, int64_t t_ns)
{
	slot_outlived(s, error == ETIMEDOUT ? INT64_MAX : t_ns);
}

void feed_result(struct tracker *t, const struct event *ev)
{
	struct slot *s = table_find(t, &ev->result.flow);

	if (!s) {
		t->counts.unmatched++;
		return;
	}
	s->a.socket_seen = true;
	if (has_its_word(&s->a, true))
		return;
	if (slot_goes_on(s))
		slot_reopen(s);
	if (ev->result.error || ev->result.own_timer)
		judge_replies(s, ev->result.own_timer ? 0 : ev->result.error, ev->t_ns);
	slot_end(s, ev->result.own_timer ? ATTEMPT_END_TIMER : ATTEMPT_END_RESULT, ev->t_ns);
	s->a.end_error = ev->result.error;
}

void feed_close(struct tracker *t, const struct event *ev)
{
	const struct event_close *c = &ev->close;
	const struct socket_id id = { c->cookie, c->has_isn, c->isn };
	struct slot *s = table_find_socket(t, &c->flow, &id);

	if (!s) {
		t->counts.unmatched++;
		return;
	}
	s->a.socket_seen |= !c->packets_only;
	s->a.translated |= c->translated;
	s->a.several_holders |= c->several_holders; /* also of one that an exit is thought to have ended */
	if (has_its_word(&s->a, false))
		return;
	if (slot_goes_on(s))
		slot_reopen(s);
	if (c->cause == CLOSE_KERNEL)
		judge_replies(s, c->error, ev->t_ns);
	slot_end(s, ATTEMPT_END_CLOSE, ev->t_ns);
	s->a.close_cause = c->cause;
	s->a.end_error = c->error;
	s->a.unseen_ns = c->unseen_ns;
	s->a.timer_left_ns = c->timer_left_ns;
	s->a.closer_pid = c->closer;
	s->a.holder_alive = c->holder_alive;
	s->a.holder_ending = c->holder_ending;
	if (c->retransmits > s->a.retransmits)
		s->a.retransmits = c->retransmits;
	if (c->cause == CLOSE_UNKNOWN && !s->a.connected && !s->a.ack_ns)
		slot_took_none_after(s, ev->t_ns);
	if (c->unseen_ns)
		slot_outlived(s, ev->t_ns - c->unseen_ns);
}

void feed_left(struct tracker *t, const struct event *ev)
{
	const struct event_left *l = &ev->left;
	const struct socket_id id = { l->cookie, l->has_isn, l->isn };
	struct slot *s = table_find_socket(t, &l->flow, &id);

	if (!s) {
		t->counts.unmatched++;
		return;
	}
	s->a.has_left = true;
	s->a.left_failed = l->failed;
	s->a.left_answered = l->answered;
}

/* A socket that vanished together with its process was closed by that process's end. */
#define EXIT_CLOSES_NS 100000000LL

static bool exit_ended(const struct attempt *a, const struct event *ev)
{
	if (a->ack_ns || a->connected)
		return false;
	if (a->end == ATTEMPT_OPEN)
		return true;
	/* A dying process closes its sockets just as close() does. */
	if (a->end != ATTEMPT_END_CLOSE || a->close_cause == CLOSE_KERNEL || !ev->exit.signal || a->holder_alive)
		return false;
	return a->holder_ending || ev->t_ns - a->ended_ns < EXIT_CLOSES_NS;
}

/* Another process than the one that connected may have had it last. */
static bool is_closer(const struct attempt *a, int32_t pid)
{
	return a->end == ATTEMPT_END_CLOSE && a->closer_pid && a->closer_pid == pid;
}

void feed_exit(struct tracker *t, const struct event *ev)
{
	int i;

	for (i = t->oldest; i != NONE; i = t->slots[i].newer) {
		struct slot *s = &t->slots[i];

		if (!is_closer(&s->a, ev->exit.pid) && (!s->a.pid || s->a.pid != ev->exit.pid || s->a.exited))
			continue;
		s->a.exited = true;
		s->a.exit_ns = ev->t_ns;
		s->a.exit_signal = ev->exit.signal;
		s->a.exit_status = ev->exit.status;
		if (!exit_ended(&s->a, ev))
			continue;
		if (s->a.end == ATTEMPT_OPEN)
			s->a.ended_ns = ev->t_ns;
		s->a.end = ev->exit.signal ? ATTEMPT_END_SIGNAL : ATTEMPT_END_EXIT;
		s->a.end_signal = ev->exit.signal;
	}
}
