/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_counts.h"

#include "core/verdict_outcome.h"
#include "core/verdict_replies.h"
#include "core/verdict_say.h"
#include "core/verdict_schedule.h"
#include "core/verdict_unseen.h"

/* One that waits for longer and has no process known had one that was looked for, and not found. */
#define HOLDER_SOUGHT_NS 100000000LL

static void ended_by_application(const struct attempt *a, struct verdict *v, enum confidence c)
{
	bool went_with_it = a->holder_ending || a->end == ATTEMPT_END_EXIT;

	if (a->exited && went_with_it && a->exit_status == EXIT_UNKNOWN) {
		say_evidence(v, "process %d ended then; how, the kernel told its parent alone, so by a signal perhaps",
			     a->pid);
		c = CONFIDENCE_LIKELY;
	} else if (a->holder_ending && !a->exited) {
		say_evidence(v, "process %d, which held it, ended then; how is not known, so by a signal perhaps",
			     a->pid);
		c = CONFIDENCE_LIKELY;
	} else if (a->exited && a->holder_ending) {
		say_evidence(v, "process %d exited with status %d then", a->pid, a->exit_status);
	} else if (a->holder_alive) {
		say_evidence(v, "process %d went on without the socket: it closed it", a->pid);
		if (a->glimpsed) {
			say_evidence(v, "if another process had it then, the end of that looks the same");
			c = CONFIDENCE_LIKELY;
		}
	} else if (!a->pid && (a->glimpsed || (a->last_state_ns && v->elapsed_ns > HOLDER_SOUGHT_NS))) {
		say_evidence(v, "whose it was is not known; one that was killed looks the same");
		c = CONFIDENCE_LIKELY;
	}
	if (say_several_holders(a, v))
		c = CONFIDENCE_LIKELY;
	application_gave_up(a, v, c);
}

static bool is_before_schedules_end(const struct attempt *a, const struct verdict *v)
{
	int64_t min, max, end_ns;
	bool exact;

	end_ns = verdict_predict_end(a, &exact);
	if (exact)
		return end_ns > v->elapsed_ns;
	return end_range(a, &min, &max) && v->elapsed_ns < min - GIVE_UP_TOLERANCE_NS;
}

static void not_by_timer(const struct attempt *a, struct verdict *v)
{
	if (may_be_answered(a))
		judge_unseen_answer(a, v);
	else
		ended_by_application(a, v, sees_all(a) ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY);
}

/* The namespace's ICMP errors are told where failed attempts were counted; that none timed out would have been told,
 * too. */
static bool some_timed_out(const struct attempt *a)
{
	return a->glimpsed && a->has_icmp_count && !a->has_abort_count;
}

/* Nothing that the kernel counted is tied to this socket: what its timer, and then the schedule, say. */
static void judge_by_instant(const struct attempt *a, struct verdict *v)
{
	char t[SAY_SECONDS_LEN];

	if (a->timer_left_ns > 0) {
		say_evidence(v, "the kernel's own timer was not due for another %s", say_seconds(a->timer_left_ns, t));
		not_by_timer(a, v);
	} else if (may_be_schedules_end(a, v)) {
		say_distance(a, v, "the socket left SYN-SENT");
		say_evidence(v, "so the kernel's limit, likely; a program that closes it just then looks the same");
		kernel_gave_up(a, v, CONFIDENCE_LIKELY);
	} else if (may_be_answered(a)) {
		judge_unseen_answer(a, v);
	} else if (may_be_hastened_end(a, v)) {
		say_evidence(
			v,
			"0.5 s after SYN %d the kernel tried again, as it does when this host's own queue or device "
			"does not take one; so its end, likely, came as much earlier",
			refused_syn(a, v));
		kernel_gave_up(a, v, CONFIDENCE_LIKELY);
	} else if (a->has_left && a->left_failed) {
		say_evidence(
			v,
			"its program did not close it: a connect() that waited failed, and nothing came; so the kernel's "
			"timer, by a limit that the program set");
		kernel_timed_out(a, v);
		v->confidence = CONFIDENCE_LIKELY;
	} else if (a->crossed || a->limits_changed) {
		nobody_known(v); /* the schedule is another one */
	} else if (!a->has_left && !some_timed_out(a) && is_before_schedules_end(a, v)) {
		say_evidence(v, "the socket left SYN-SENT while the kernel, by its sysctls, still had time to wait; so "
				"the program, likely, unless it set TCP_USER_TIMEOUT or TCP_SYNCNT");
		ended_by_application(a, v, CONFIDENCE_LIKELY);
	} else {
		if (a->has_left || some_timed_out(a))
			say_evidence(v, "the kernel counted give-ups then, of this attempt or of others "
					"(TCPAbortOnTimeout moved)");
		nobody_known(v);
	}
}

void judge_by_counts(const struct attempt *a, struct verdict *v)
{
	if (a->has_abort_count && a->abort_on_timeout) {
		say_evidence(v, "the kernel counted a give-up then (TCPAbortOnTimeout)");
		kernel_timed_out(a, v);
	} else if (a->has_fail_count && !a->attempt_fails) {
		say_evidence(
			v, "the kernel counted no failed attempt then (AttemptFails did not move): it did not end it");
		ended_by_application(a, v, CONFIDENCE_CERTAIN);
	} else if (a->has_fail_count) {
		say_evidence(
			v, a->has_abort_count
				   ? "the kernel ended it, and not by its timer (AttemptFails moved, TCPAbortOnTimeout "
				     "did not): by an RST or ICMP that was not seen, or from outside (ss -K)"
				   : "the kernel ended it (AttemptFails moved); by what is not known");
		say_conclusion(v, OUTCOME_UNANSWERED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
		say_headline(v, "the kernel ended the wait, for a reason that was not seen");
	} else if (a->has_abort_count) {
		say_evidence(v, "the kernel counted no give-up then (TCPAbortOnTimeout did not move)");
		not_by_timer(a, v);
	} else {
		judge_by_instant(a, v);
	}
	say_silence(a, v);
}
