/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/attempt.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

int64_t attempt_start_ns(const struct attempt *a)
{
	if (a->n_syns && a->syn_ns[0])
		return a->syn_ns[0];
	if (a->connect_ns || a->first_state_ns)
		return a->connect_ns ? a->connect_ns : a->first_state_ns;
	return a->ended_ns;
}

int attempt_syns_sent(const struct attempt *a)
{
	int counted = a->retransmits + 1 - a->unsent;

	return a->socket_seen && counted > a->n_syns ? counted : a->n_syns;
}

const struct reply *attempt_accepted_reply(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].ignored == IGNORED_NOT)
			return &a->replies[i];
	return NULL;
}

bool attempt_syns_are_lost(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops && i < ATTEMPT_DROPS_MAX; i++)
		if (!a->drops[i].reply)
			return false;
	return a->n_syns && !a->connected && !a->n_replies;
}

bool attempt_answer_was_dropped(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].ignored == IGNORED_DROPPED)
			return true;
	return false;
}

int attempt_answered_syn(const struct attempt *a)
{
	if (a->n_syns == 1)
		return 0;
	return a->has_answered && a->answered_syn < a->n_syns ? a->answered_syn : -1;
}

bool attempt_error_is_provisional(int error)
{
	return error == EINPROGRESS || error == EAGAIN || error == EALREADY || error == EINTR;
}

bool drop_is_of_syn_queue(const struct drop *d)
{
	return d->place == DROP_PEER_BACKLOG && !strncmp(d->reason, DROP_SYN_QUEUE, strlen(DROP_SYN_QUEUE));
}

bool drop_is_as_of_repeated_syn(const struct drop *d)
{
	return !d->reply && !strcmp(d->reason, "NOT_SPECIFIED") &&
	       (!strcmp(d->function, "tcp_v4_rcv") || !strcmp(d->function, "tcp_v6_rcv"));
}
