/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  An attempt is judged by the strongest word there is:
 * what connect() returned, what the client's own timer said, how the process
 * ended, what the wire shows, and, for a socket that just went away, the
 * kernel's own books: TcpAttemptFails counts every attempt that the kernel ended
 * (timeout, RST, ICMP; include/net/tcp.h tcp_done() and its callers) and none
 * that the program closed, TCPAbortOnTimeout counts its timeouts alone, and the
 * socket's timer says before when it could not fire.  Where none of them can be
 * tied to this socket, the exact schedule makes one end likelier than another,
 * and then the verdict says `likely`, for a program may set limits of its own.
 *
 * The books are read in core/verdict_counts.c and core/verdict_unseen.c; the
 * words are in core/verdict_outcome.c and core/verdict_replies.c, the sentences
 * in core/verdict_say.c, the comparisons with the schedule in
 * core/verdict_schedule.c, and what packets alone tell in core/verdict_wire.c.
 */
#include "core/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/verdict_counts.h"
#include "core/verdict_local.h"
#include "core/verdict_outcome.h"
#include "core/verdict_remarks.h"
#include "core/verdict_replies.h"
#include "core/verdict_say.h"
#include "core/verdict_schedule.h"
#include "core/verdict_unseen.h"
#include "core/verdict_wire.h"

#define MS ((int64_t)1000000)

/* connect() that failed on this host, before a SYN, does so at once. */
#define AT_ONCE_NS (500 * MS)

static bool failed_at_once(const struct attempt *a, const struct verdict *v)
{
	return !a->n_syns && !a->n_replies && !a->last_state_ns && v->elapsed_ns < AT_ONCE_NS &&
	       (a->traced || (v->error != ETIMEDOUT && v->error != ECONNREFUSED));
}

/* The kernel's word on the socket: v->error. */
static void judge_error(const struct attempt *a, struct verdict *v)
{
	if (v->error == ETIMEDOUT) {
		kernel_timed_out(a, v);
		say_silence(a, v);
	} else if (v->error == ECONNREFUSED) {
		refused(a, v, CONFIDENCE_CERTAIN);
	} else if (v->error == ECONNRESET && !a->traced && !a->crossed) {
		established_and_reset(a, v);
	} else if (v->error == ECONNRESET && first_accepted(a, REPLY_RST)) {
		refused(a, v, CONFIDENCE_CERTAIN); /* SYNs had crossed, and it was in SYN-RECEIVED */
		v->error = ECONNRESET;
	} else if (attempt_error_is_provisional(v->error)) {
		application_gave_up(a, v, CONFIDENCE_CERTAIN);
		say_silence(a, v);
	} else if (v->error == ECONNABORTED) {
		destroyed(v);
	} else if (first_accepted(a, REPLY_ICMP)) {
		unreachable(a, v, CONFIDENCE_CERTAIN);
	} else {
		failed_without_icmp(a, v);
	}
}

static void judge_result(const struct attempt *a, struct verdict *v)
{
	v->error = a->end_error;
	if (!v->error) {
		say_evidence(v, "connect() succeeded");
		established(a, v, CONFIDENCE_CERTAIN);
		return;
	}
	if (failed_at_once(a, v)) {
		failed_locally(a, v);
		return;
	}
	say_evidence(v, "connect() returned %s", errno_name(v->error));
	judge_error(a, v);
}

static void judge_icmp(const struct attempt *a, struct verdict *v, const struct reply *icmp)
{
	bool kernel_did = a->has_fail_count && a->attempt_fails, kernel_did_not = a->has_fail_count && !kernel_did;
	enum confidence c = kernel_did && a->has_abort_count ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY;

	/* It fired the kernel's timer, or that was due just then. */
	if (a->has_abort_count && a->abort_on_timeout && is_no_neighbour(a, icmp)) {
		judge_by_counts(a, v);
		return;
	}
	if (kernel_did_not && last_syn_ns(a) > icmp->t_ns) {
		say_evidence(v, "icmp%s %u/%u was a soft error: a client that does not block is told, and may go on",
			     icmp->icmp_family == 6 ? "6" : "", icmp->icmp_type, icmp->icmp_code);
		judge_by_counts(a, v);
		return;
	}
	if (icmp->icmp_family == 6 && !a->has_fail_count && outlived_icmp(a, last_icmp(a)) &&
	    !may_be_schedules_end(a, v)) {
		say_soft_icmp6(icmp, v);
		judge_by_counts(a, v);
		return;
	}
	if (kernel_did && !outlived_icmp(a, last_icmp(a)))
		v->elapsed_ns = last_icmp(a)->t_ns - attempt_start_ns(a); /* not when it was seen to be gone */
	if (is_port_unreachable(icmp))
		refused(a, v, c);
	else
		unreachable(a, v, c);
}

static void connected(const struct attempt *a, struct verdict *v)
{
	if (connected_at_ns(a))
		v->elapsed_ns = connected_at_ns(a) - attempt_start_ns(a);
	established(a, v, CONFIDENCE_CERTAIN);
}

/* One that answers the SYN, whether or not the kernel took it. */
static bool saw_rst(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_RST &&
		    (a->replies[i].ignored == IGNORED_NOT || a->replies[i].ignored == IGNORED_DROPPED))
			return true;
	return false;
}

/*
 * This host's firewall had dropped others before, and the kernel's end was due: a server sends its SYN-ACK again on the
 * same schedule, so just then.
 */
static bool may_be_dropped_too(const struct attempt *a, const struct verdict *v)
{
	int i, dropped = 0;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		dropped += a->replies[i].kind == REPLY_SYN_ACK && a->replies[i].ignored == IGNORED_DROPPED;
	return dropped && may_be_schedules_end(a, v);
}

/* The socket went away and nobody said why: the wire first, then the kernel's counts, then the clock. */
static void judge_gone(const struct attempt *a, struct verdict *v)
{
	const struct reply *r = attempt_accepted_reply(a);
	bool kernel_did_not = a->has_fail_count && !a->attempt_fails;

	if (a->connected || (r && r->kind == REPLY_SYN_ACK && a->ack_ns)) {
		connected(a, v);
	} else if (r && r->kind == REPLY_SYN_ACK && last_syn_ns(a) <= r->t_ns && !a->has_left &&
		   !may_be_dropped_too(a, v)) {
		say_evidence(v, "a SYN-ACK that fits was seen, and neither an ACK nor an RST of the client");
		established(a, v, CONFIDENCE_LIKELY);
	} else if (r && r->kind == REPLY_RST && !kernel_did_not) {
		v->elapsed_ns = r->t_ns - attempt_start_ns(a); /* not when it was seen to be gone */
		refused(a, v, CONFIDENCE_CERTAIN);
	} else if (r && r->kind == REPLY_ICMP) {
		judge_icmp(a, v, r);
	} else if (a->traced && neighbour_drop(a)) {
		neighbour_failed(a, neighbour_drop(a), v, CONFIDENCE_LIKELY);
	} else {
		judge_by_counts(a, v);
		if (kernel_did_not && saw_rst(a)) { /* two witnesses that disagree make nothing certain */
			v->confidence = CONFIDENCE_LIKELY;
			say_evidence(v, "an RST that fits was seen all the same");
		} else if (r && r->kind == REPLY_SYN_ACK && v->confidence == CONFIDENCE_CERTAIN) {
			v->confidence = CONFIDENCE_LIKELY;
			say_evidence(v, "a SYN-ACK that fits was seen, and its socket was not established by it");
		}
	}
}

/* The kernel passes an ICMP error on to a program that polls, though the socket goes on (the error queue). */
static bool was_told_by_icmp(const struct attempt *a)
{
	const struct reply *icmp = last_icmp(a);

	bool asked = a->soft_seen && !a->soft_left;

	return a->traced && icmp && !a->soft_unshown && (asked || last_syn_ns(a) <= icmp->t_ns);
}

/* It did not ask for the error, or that is not known; and it went on for longer than one that polls. */
static bool did_not_mind(const struct attempt *a, int64_t ns)
{
	if (a->soft_left)
		return ns > ICMP_ACTS_WITHIN_NS || !a->soft_seen;
	return ns > 5 * ICMP_ACTS_WITHIN_NS && !a->soft_seen;
}

/* The kernel tells of the error, and then notes it (net/ipv4/tcp_ipv4.c tcp_v4_err()): who closes just then was not
 * told.
 */
#define ASKS_AFTER_NS 10000

/* One that asks and closes at once does so for that; later, it may have had another reason. */
static void judge_told(const struct attempt *a, struct verdict *v)
{
	const struct reply *icmp = last_icmp(a);
	int64_t ns = a->ended_ns - icmp->t_ns;
	bool asked = a->soft_seen && !a->soft_left;
	enum confidence c =
		asked && ns > ASKS_AFTER_NS && ns < ICMP_ACTS_WITHIN_NS ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY;
	char t[SAY_SECONDS_LEN];

	if (did_not_mind(a, ns)) {
		say_evidence(v, "an ICMP error had come %s before, and %s", say_span(ns, t),
			     a->soft_left ? "the program did not ask for it (SO_ERROR)"
					  : "who polls would have closed sooner");
		application_gave_up(a, v, CONFIDENCE_LIKELY);
		say_silence(a, v);
		return;
	}
	say_evidence(v, asked ? "an ICMP error had come, and the program asked for it (SO_ERROR)"
			      : "an ICMP error had come, and polling shows that to the program");
	if (is_port_unreachable(icmp))
		refused(a, v, c);
	else
		unreachable(a, v, c);
}

/* Its last descriptor was io_uring's, or on its way to another process. */
static void judge_let_go(const struct attempt *a, struct verdict *v)
{
	say_evidence(v,
		     "the kernel closed the socket in SYN-SENT, for no process held it any more (io_uring, or one that "
		     "was on its way to another process)");
	if (a->holder_ending) {
		say_evidence(v, "process %d, which connected it, has ended, too: by itself or by a signal", a->pid);
		say_conclusion(v, OUTCOME_ABANDONED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
		say_headline(v, "the program ended, or was killed, while it waited");
		say_silence(a, v);
		return;
	}
	say_evidence(v, "process %d, which connected it, went on", a->pid);
	application_gave_up(a, v, CONFIDENCE_LIKELY);
	say_silence(a, v);
}

/* A child that has it, or one that was given it, or took it (pidfd_getfd(2)). */
static void say_close(const struct attempt *a, struct verdict *v)
{
	const char *state = a->crossed ? "SYN-RECEIVED" : "SYN-SENT";

	if (a->closer_pid && a->pid && a->closer_pid != a->pid)
		say_evidence(v, "process %d, not the one that connected, closed the socket in %s", a->closer_pid,
			     state);
	else
		say_evidence(v, "the application closed the socket in %s", state);
}

static void judge_close(const struct attempt *a, struct verdict *v)
{
	switch (a->close_cause) {
	case CLOSE_KERNEL:
		say_evidence(v, "the kernel ended the socket with %s", errno_name(a->end_error));
		v->error = a->end_error;
		judge_error(a, v);
		break;
	case CLOSE_APPLICATION:
		if (a->let_go) {
			judge_let_go(a, v);
			break;
		}
		say_close(a, v);
		if (was_told_by_icmp(a)) {
			judge_told(a, v);
			break;
		}
		application_gave_up(a, v, CONFIDENCE_CERTAIN);
		say_silence(a, v);
		break;
	default:
		if (a->socket_again)
			say_evidence(v,
				     "its socket connected again afterwards: the program took it back (AF_UNSPEC), or "
				     "its connect() had failed");
		if (a->traced && a->unseen_ns)
			say_evidence(v, "the event that tells of its end was lost; a later one showed it over");
		else if (a->traced)
			say_evidence(
				v, "the error that its socket has at the end may be one that the program read from its "
				   "error queue");
		judge_gone(a, v);
	}
}

/* What a program does to itself: it may have closed the socket just before. */
static bool is_own_doing(int signal)
{
	return signal == SIGABRT || signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
	       signal == SIGTRAP || signal == SIGSYS;
}

/* Of a process that is looked at now and then: the kernel may have ended the wait just before the signal came. */
static bool may_have_failed_before(const struct attempt *a)
{
	if (!a->glimpsed || (a->has_fail_count && !a->attempt_fails))
		return false;
	return may_be_answered(a) || (a->has_left && a->left_failed);
}

#define SIGNAL_NAME_LEN 24

/* Those of real time have no name. */
static const char *signal_name(int signal, char to[SIGNAL_NAME_LEN])
{
	const char *name = sigabbrev_np(signal);

	if (name)
		snprintf(to, SIGNAL_NAME_LEN, "SIG%s", name);
	else
		snprintf(to, SIGNAL_NAME_LEN, "signal %d", signal);
	return to;
}

static void judge_signal(const struct attempt *a, struct verdict *v)
{
	char name[SIGNAL_NAME_LEN];
	int pid = a->closer_pid ? a->closer_pid : a->pid; /* another may have had it last */
	bool kernel_did = (a->has_abort_count && a->abort_on_timeout) || (a->has_fail_count && a->attempt_fails);

	if (kernel_did || may_have_failed_before(a) || (attempt_accepted_reply(a) && !a->traced)) {
		say_evidence(v, "process %d died of %s afterwards", pid, signal_name(a->end_signal, name));
		judge_gone(a, v);
		return;
	}
	say_conclusion(v, OUTCOME_KILLED, GAVE_UP_SIGNAL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	say_headline(v, "%s ended the client while it waited", signal_name(a->end_signal, name));
	say_evidence(v, "process %d died of %s in SYN-SENT", pid, name);
	if (is_own_doing(a->end_signal)) {
		v->confidence = CONFIDENCE_LIKELY;
		say_evidence(v, "a program that closes its socket and at once fails by itself looks the same");
	}
	if (say_several_holders(a, v))
		v->confidence = CONFIDENCE_LIKELY;
	say_silence(a, v);
}

/* The client acknowledged a SYN-ACK that was not seen, as in a capture of a single direction. */
static void connected_unseen(const struct attempt *a, struct verdict *v)
{
	connected(a, v);
	v->confidence = CONFIDENCE_LIKELY;
}

static void judge_open(const struct attempt *a, struct verdict *v)
{
	const struct reply *r = attempt_accepted_reply(a);

	v->elapsed_ns = a->observed_until_ns - attempt_start_ns(a);
	if (a->connected || (r && r->kind == REPLY_SYN_ACK && a->ack_ns))
		connected(a, v);
	else if (a->ack_ns && !r)
		connected_unseen(a, v);
	else if (a->replaced)
		lost_sight(a, v, "another attempt from the same port; who ended this one was not seen");
	else if (a->evicted)
		lost_sight(a, v, "it was followed no more: too many attempts at once");
	else
		still_waiting(a, v);
}

static void judge_packets(const struct attempt *a, struct verdict *v)
{
	const struct reply *r = attempt_accepted_reply(a);

	if (!a->socket_seen && last_syn_ns(a))
		judge_wire(a, v);
	else if (a->end == ATTEMPT_END_PACKETS && r && (r->kind == REPLY_RST || is_port_unreachable(r)))
		refused(a, v, CONFIDENCE_CERTAIN);
	else
		judge_open(a, v);
}

static void judge(const struct attempt *a, struct verdict *v)
{
	if (a->ended_ns)
		v->elapsed_ns = a->ended_ns - attempt_start_ns(a);
	switch (a->end) {
	case ATTEMPT_END_RESULT:
		judge_result(a, v);
		break;
	case ATTEMPT_END_TIMER:
		say_evidence(v, "the client's own timer fired, and it closed the socket in SYN-SENT");
		application_gave_up(a, v, CONFIDENCE_CERTAIN);
		say_silence(a, v);
		break;
	case ATTEMPT_END_CLOSE:
		judge_close(a, v);
		break;
	case ATTEMPT_END_SIGNAL:
		judge_signal(a, v);
		break;
	case ATTEMPT_END_EXIT:
		if (a->exit_status != EXIT_UNKNOWN)
			say_evidence(v, "process %d exited with status %d%s", a->pid, a->exit_status,
				     a->several_holders ? "" : ", and its socket with it");
		judge_gone(a, v);
		break;
	default:
		judge_packets(a, v);
	}
	lower_unproven(a, v);
	say_deferral(a, v);
	say_worker(a, v);
	say_queued(a, v);
	if (a->lost)
		say_evidence(v, "%" PRIu64 " event%s lost by the observation itself", a->lost,
			     say_plural((int64_t)a->lost));
}

void verdict_make(const struct attempt *a, struct verdict *ret)
{
	memset(ret, 0, sizeof(*ret));
	judge(a, ret);
}

/* All that is not text is set one by one: the text takes 3 KB. */
void verdict_conclude(const struct attempt *a, struct verdict *ret)
{
	ret->outcome = OUTCOME_NONE;
	ret->gave_up_by = GAVE_UP_NONE;
	ret->limit = LIMIT_NONE;
	ret->confidence = CONFIDENCE_UNKNOWN;
	ret->error = 0;
	ret->elapsed_ns = 0;
	ret->wordless = true;
	ret->n_evidence = 0;
	ret->headline[0] = ret->advice[0] = 0;
	judge(a, ret);
}
