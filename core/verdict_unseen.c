/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_unseen.h"

#include "core/verdict_replies.h"
#include "core/verdict_say.h"

bool sees_all(const struct attempt *a)
{
	return !a->blind && !a->lost && a->n_replies <= ATTEMPT_REPLIES_MAX && a->syns_seen;
}

static bool came_no_icmp(const struct attempt *a)
{
	return a->has_icmp_count && !a->icmp_errors;
}

bool may_be_answered(const struct attempt *a)
{
	if (a->traced || sees_all(a))
		return false;
	return !a->has_left || a->left_failed || a->left_answered || !came_no_icmp(a);
}

/* An RST was seen, and then a segment was in its socket's count, which was closed as one that had failed. */
static bool took_reset(const struct attempt *a)
{
	return a->has_left && a->left_answered && first_accepted(a, REPLY_RST);
}

/* The kernel counted no failed attempt, and the process has the socket still, so it was not its end that ended it. */
static bool was_given_up_by_holder(const struct attempt *a)
{
	return a->has_fail_count && !a->attempt_fails && a->end == ATTEMPT_END_CLOSE && a->pid && !a->exited &&
	       !a->holder_ending && !a->holder_alive;
}

bool say_several_holders(const struct attempt *a, struct verdict *v)
{
	if (!a->several_holders || a->closer_pid)
		return false;
	say_evidence(v, "several processes had the socket, and which of them let go of it last was not seen: one may "
			"have closed it, have exited, or have been killed");
	return true;
}

void lower_unproven(const struct attempt *a, struct verdict *v)
{
	bool proven = false;

	if (!a->glimpsed || v->confidence != CONFIDENCE_CERTAIN)
		return;
	if (v->outcome == OUTCOME_ESTABLISHED || v->outcome == OUTCOME_PENDING)
		proven = a->socket_seen;
	else if (v->outcome == OUTCOME_REFUSED)
		proven = took_reset(a);
	else if (v->outcome == OUTCOME_ABANDONED)
		proven = was_given_up_by_holder(a);
	if (proven)
		return;
	v->confidence = CONFIDENCE_LIKELY;
	if (!a->socket_seen)
		say_evidence(v, "only packets were seen of it, and not the socket that sent them");
	else if (v->outcome == OUTCOME_REFUSED)
		say_evidence(v, "whether its socket took that is not known: it may have been closed just before");
	else if (v->outcome == OUTCOME_KILLED)
		say_evidence(v, "if another process had the socket, too, it may have ended otherwise");
	else if (v->outcome == OUTCOME_ABANDONED)
		say_evidence(v,
			     "a socket that is destroyed from outside (ss -K), or whose process is killed, looks much "
			     "the same");
}

static void unknown(struct verdict *v, const char *headline)
{
	say_conclusion(v, OUTCOME_UNANSWERED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
	say_headline(v, "%s", headline);
}

static bool is_no_timeout(const struct attempt *a)
{
	return a->timer_left_ns > 0 || (a->has_abort_count && !a->abort_on_timeout);
}

void nobody_known(struct verdict *v)
{
	unknown(v, "the socket left SYN-SENT, and nothing seen tells who ended the wait");
}

/* Its connect() failed. */
static void judge_failed(const struct attempt *a, struct verdict *v)
{
	say_evidence(v, "its program did not close it: a connect() that waited failed");
	if (!is_no_timeout(a)) {
		unknown(v, "the kernel ended the wait, by its own timer or for an answer that could not be seen");
	} else if (came_no_icmp(a)) {
		say_evidence(v, "no ICMP error came to this network namespace then: so an RST");
		refused(a, v, CONFIDENCE_LIKELY);
	} else {
		unknown(v, "ended by an RST or an ICMP error: which, could not be seen here");
	}
}

void judge_unseen_answer(const struct attempt *a, struct verdict *v)
{
	if (!a->has_left) {
		nobody_known(v);
	} else if (a->left_failed) {
		judge_failed(a, v);
	} else if (a->left_answered && is_no_timeout(a)) {
		say_evidence(v, "a segment came to its socket then (tcp_info), and did not establish it: an RST");
		refused(a, v, CONFIDENCE_LIKELY);
	} else if (a->left_answered) {
		say_evidence(v, "a segment came to its socket then (tcp_info), and did not establish it");
		nobody_known(v);
	} else {
		say_evidence(v, "an ICMP error came to this network namespace then; for which socket is not known");
		unknown(v,
			"the program closed it, by a limit of its own or for an ICMP error, which could not be seen");
	}
}
