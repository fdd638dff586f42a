/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_outcome.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/verdict_culprit.h"
#include "core/verdict_local.h"
#include "core/verdict_replies.h"
#include "core/verdict_say.h"
#include "core/verdict_schedule.h"

#define MS ((int64_t)1000000)

static const struct drop *drop_at(const struct attempt *a, enum drop_place place)
{
	int i;

	for (i = 0; i < a->n_drops; i++)
		if (a->drops[i].place == place)
			return &a->drops[i];
	return NULL;
}

/* What is known to be in the way comes first, the limits afterwards. */
static void advise_on_limits(const struct attempt *a, struct verdict *v)
{
	char text[CULPRIT_LEN];
	const char *lost = say_what_loses(a, text), *queue = say_full_queue(a);

	if (queue)
		say_advice(v, "%s; the limits of the wait: `synsent predict --within 10s`", queue);
	else if (lost)
		say_advice(v,
			   "%s; or, to wait less, tcp_syn_retries, TCP_SYNCNT, TCP_USER_TIMEOUT or a timer in the "
			   "client (`synsent predict --within 10s`)",
			   lost);
	else
		say_advice(v, "sysctl net.ipv4.tcp_syn_retries, TCP_SYNCNT, TCP_USER_TIMEOUT, or a timer in the client "
			      "(`synsent predict --within 10s` lists values)");
}

static void advise_on_option(const struct attempt *a, struct verdict *v, const char *option)
{
	char text[CULPRIT_LEN];
	const char *lost = say_full_queue(a);

	if (!lost)
		lost = say_what_loses(a, text);
	say_advice(v, "%s%s%s", lost ? lost : "", lost ? "; " : "", option);
}

/*
 * In SYN-RECEIVED the limit counts SYNs and SYN-ACKs together, and no linear timeouts (tcp_write_timeout()); or it is
 * the user timeout, which is over then, in ms of TCP's clock.
 */
static void kernel_gave_up_crossed(const struct attempt *a, struct verdict *v, enum confidence c)
{
	bool timeout =
		a->has_policy && a->policy.user_timeout_ms && v->elapsed_ns >= a->policy.user_timeout_ms * MS - 2 * MS;

	say_conclusion(v, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, timeout ? LIMIT_USER_TIMEOUT : LIMIT_SYN_RETRIES, c);
	v->error = ETIMEDOUT;
	say_headline(v, "the kernel gave up in SYN-RECEIVED: SYNs had crossed, and nothing acknowledged its SYN-ACKs");
	advise_on_limits(a, v);
}

/* Its error was not told, and need not be ETIMEDOUT: see ended_by_timer(). */
static bool may_be_of_route(const struct attempt *a)
{
	return a->unsent && !a->end_error && !a->silent_hop.family;
}

static void say_may_be_of_route(const struct attempt *a, struct verdict *v)
{
	if (!may_be_of_route(a))
		return;
	if (v->confidence == CONFIDENCE_CERTAIN)
		v->confidence = CONFIDENCE_LIKELY;
	say_evidence(v, "what error its program was given was not seen: where a route had failed meanwhile, that one's "
			"(EHOSTUNREACH, ENETUNREACH), and not ETIMEDOUT");
}

void kernel_gave_up(const struct attempt *a, struct verdict *v, enum confidence c)
{
	struct schedule s = { .limit = LIMIT_NONE };
	int n = retransmissions(a), sent = n > a->unsent ? n - a->unsent : 0;
	bool exact = false;

	if (a->crossed) {
		kernel_gave_up_crossed(a, v, c);
		return;
	}
	schedule_of(a, &s, &exact);
	if (s.limit == LIMIT_USER_TIMEOUT && a->traced && !a->unseen_ns && ended_by_count(a, v))
		s.limit = LIMIT_SYN_RETRIES;
	say_conclusion(v, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, s.limit, c);
	say_may_be_of_route(a, v);
	v->error = ETIMEDOUT;
	if (s.limit == LIMIT_USER_TIMEOUT) {
		say_headline(
			v, "the kernel gave up after %d unanswered retransmission%s (TCP_USER_TIMEOUT %" PRId64 " ms)",
			sent, say_plural(sent), a->policy.user_timeout_ms);
		advise_on_option(a, v,
				 "the limit is the socket's TCP_USER_TIMEOUT, not tcp_syn_retries: change that option");
		return;
	}
	say_headline(v, "the kernel gave up, its %d retransmission%s unanswered%s%s", n, say_plural(n),
		     sent < n ? " or not sent" : "",
		     s.limit == LIMIT_NONE ? ""
		     : a->policy.syncnt	   ? " (TCP_SYNCNT)"
					   : " (tcp_syn_retries)");
	advise_on_limits(a, v);
}

/* The program's own limit: count and instant are not those of this host's sysctls. */
static void off_schedule(const struct attempt *a, struct verdict *v)
{
	int syncnt = syncnt_that_ends(a, v), n = retransmissions(a);
	bool exact;
	int64_t end_ns = verdict_predict_end(a, &exact);
	char t[SAY_SECONDS_LEN];

	say_conclusion(v, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, syncnt ? LIMIT_SYN_RETRIES : LIMIT_USER_TIMEOUT,
		       CONFIDENCE_CERTAIN);
	say_may_be_of_route(a, v);
	say_headline(v, "the kernel gave up after %d unanswered retransmission%s, by a limit that the program set", n,
		     say_plural(n));
	say_evidence(v, "by this host's sysctls it would have %s %s",
		     v->elapsed_ns < end_ns ? "gone on until" : "given up at", say_seconds(end_ns, t));
	if (syncnt)
		say_evidence(v, "count and instant are those of TCP_SYNCNT %d; so that option, likely", syncnt);
	else
		say_evidence(v, "no TCP_SYNCNT ends with that count at that instant; so TCP_USER_TIMEOUT, likely");
	advise_on_option(
		a, v, "the limit is TCP_USER_TIMEOUT or TCP_SYNCNT in the client: tcp_syn_retries does not count here");
}

static void timed_out_without_neighbour(struct verdict *v)
{
	say_conclusion(v, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
	v->error = ETIMEDOUT;
	say_evidence(v, "an ICMP error from this host itself fires the retransmission timer at once; no retransmission "
			"was left");
}

void kernel_timed_out(const struct attempt *a, struct verdict *v)
{
	const struct drop *unresolved = ended_by_neighbour(a, v);
	const struct reply *icmp = last_icmp(a);
	int hurried = hurried_syn(a), refused = refused_syn(a, v);
	char t[SAY_SECONDS_LEN];

	v->error = ETIMEDOUT;
	if (icmp && is_no_neighbour(a, icmp) && ended_at_the_soonest_ns(a) - icmp->t_ns < ICMP_ACTS_WITHIN_NS) {
		no_neighbour(a, v);
		timed_out_without_neighbour(v);
	} else if (unresolved) {
		neighbour_failed(a, unresolved, v, CONFIDENCE_CERTAIN);
		timed_out_without_neighbour(v);
	} else if (a->crossed) {
		kernel_gave_up(a, v, CONFIDENCE_CERTAIN);
	} else if (!a->traced && !a->options_known && !a->limits_changed && a->has_policy &&
		   !policy_invalid(&a->policy) && !on_schedule(a, v)) {
		/* a socket's own options are not known; traced, they are */
		off_schedule(a, v);
	} else {
		if (hurried)
			say_evidence(v,
				     "SYN %d left %s after SYN %d, because of a reply that was ignored: all that "
				     "follows came as much earlier",
				     hurried, say_span(a->syn_ns[hurried] - a->syn_ns[hurried - 1], t), hurried - 1);
		else if (refused && !a->late_found)
			say_evidence(v,
				     "0.5 s after SYN %d the kernel tried again, as it does when this host's own queue "
				     "(`tc -s qdisc`) does not take one: all that follows came as much earlier",
				     refused);
		else if (!a->late_found)
			say_distance(a, v, a->end == ATTEMPT_END_RESULT ? "it came" : "the socket left SYN-SENT");
		kernel_gave_up(a, v, CONFIDENCE_CERTAIN);
	}
}

/* When the kernel would have ended it, by what is known of its limits. */
static void say_kernel_end(const struct attempt *a, struct verdict *v)
{
	const char *by = a->connect_ns ? "" : ", by this host's sysctls,";
	char t[SAY_SECONDS_LEN];
	int64_t min, max, end_ns;
	bool exact;

	if (say_change(a, v) || a->crossed)
		return;
	end_ns = verdict_predict_end(a, &exact);
	if (exact && end_ns > v->elapsed_ns)
		say_evidence(v, "the kernel%s would have gone on until %s", by, say_seconds(end_ns, t));
	else if (!exact && end_range(a, &min, &max) && min > v->elapsed_ns)
		say_evidence(v, "the kernel%s would have gone on until %s at least", by, say_seconds(min, t));
}

/* What was in the way comes first; that the program waited no longer is its own affair. */
static void advise_on_own_limit(const struct attempt *a, struct verdict *v)
{
	char text[CULPRIT_LEN];
	const char *lost = say_what_loses(a, text), *queue = say_full_queue(a);

	if (queue)
		say_advice(v, "%s; the limit of the wait is the client's own", queue);
	else if (lost || a->n_drops)
		say_advice(v, "%s; the limit of the wait is the client's own, and kernel settings would not change it",
			   lost ? lost : "what dropped its packets");
	else
		say_advice(v, "the limit is in the client: change it there; kernel settings would not help");
}

/* Another address of the same server was faster, by all that is known: Happy Eyeballs (RFC 8305). */
static void lost_race(const struct attempt *a, struct verdict *v)
{
	char server[ENDPOINT_TEXT_LEN], address[ADDR_TEXT_LEN], t[SAY_SECONDS_LEN], u[SAY_SECONDS_LEN];

	say_headline(v, "the application gave up after %s: likely cancelled, since %s won",
		     say_seconds(v->elapsed_ns, t), addr_format(&a->winner.addr, address));
	say_evidence(v, "%s before, the same process had connected to %s: another address of that server, likely",
		     say_span(a->ended_ns - a->winner_ns, u), endpoint_format(&a->winner, server));
	say_kernel_end(a, v);
	say_advice(v, "none where both are addresses of one server: the faster one is used; else the limit is in the "
		      "client");
}

#define VAGUE_NS (50 * MS)

void application_gave_up(const struct attempt *a, struct verdict *v, enum confidence c)
{
	char t[SAY_SECONDS_LEN], u[SAY_SECONDS_LEN];

	say_conclusion(v, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, c);
	if (a->winner_ns) {
		lost_race(a, v);
		return;
	}
	if (a->own_timer)
		say_headline(v, "the application gave up, by its own timer of %s", say_seconds(a->own_timer_ns, t));
	else if (a->end == ATTEMPT_END_RESULT && a->end_error == EINTR)
		say_headline(v, "a signal handler interrupted connect() after %s", say_seconds(v->elapsed_ns, t));
	else
		say_headline(v, "the application gave up after %s, by a limit of its own",
			     say_seconds(v->elapsed_ns, t));
	if (a->end == ATTEMPT_END_CLOSE && a->unseen_ns > VAGUE_NS)
		say_evidence(v, "it was there still at %s: its end lies between that and %s",
			     say_seconds(v->elapsed_ns - a->unseen_ns, t), say_seconds(v->elapsed_ns, u));
	if (a->wait_error)
		say_evidence(v, "connect() had returned %s, and the socket went on", errno_name(a->wait_error));
	say_kernel_end(a, v);
	advise_on_own_limit(a, v);
}

void destroyed(struct verdict *v)
{
	say_conclusion(v, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_NONE, CONFIDENCE_CERTAIN);
	say_headline(v, "the socket was destroyed from outside (SOCK_DESTROY, as `ss -K` does it)");
	say_advice(v, "look for who destroys sockets here: `ss -K`, a VPN or a network manager");
}

/*
 * The schedule's end, which gives the error that was noted last in place of ETIMEDOUT (tcp_write_err()).  A SYN that
 * finds no route when it is to be sent again notes one, too, and is not sent (net/ipv4/af_inet.c
 * inet_sk_rebuild_header(), net/ipv6/af_inet6.c inet6_sk_rebuild_header()).
 */
static void ended_by_timer(const struct attempt *a, struct verdict *v)
{
	int n = retransmissions(a);
	char command[ROUTE_COMMAND_LEN];

	say_conclusion(v, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_SOFT_ERROR, CONFIDENCE_CERTAIN);
	say_headline(v, "the kernel gave up, its %d retransmission%s unanswered or not sent; its error is of %s", n,
		     say_plural(n),
		     a->flow.server.addr.family == 6 ? "an earlier ICMP, or a route that failed"
						     : "a route that failed meanwhile");
	say_evidence(v, "its own timer ended it: nothing came just then");
	say_distance(a, v, "the end came");
	say_advice(v, "%s, and what changed routes or addresses, or took an interface down, meanwhile",
		   route_command(a, command));
}

/*
 * The kernel's tracepoints told of it, and not of the ICMP's type: IPv6 keeps that from those who did not ask
 * (IPV6_RECVERR).  Nothing but an ICMP gives such an error in SYN-SENT before the schedule's end.  This host's own, of
 * a neighbour that does not answer, is no different from a router's but by the SYN that is dropped for it, and the
 * event that tells of that may be lost.
 */
static void traced_unreachable(const struct attempt *a, struct verdict *v)
{
	const struct drop *d = neighbour_drop(a);
	bool is_code_of_neighbours = v->error == EHOSTUNREACH && !drop_at(a, DROP_LOCAL_OUTPUT);
	bool known = !is_code_of_neighbours && (a->has_timer_word || v->error != a->soft_error);

	if (d) {
		neighbour_failed(a, d, v, CONFIDENCE_CERTAIN);
		return;
	}
	if (is_code_of_neighbours && a->silent_hop.family) {
		/* a router's ICMP comes by a next hop that has answered */
		say_conclusion(v, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
		no_neighbour(a, v);
		say_silent_hop(a, v);
		return;
	}
	say_conclusion(v, OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, LIMIT_NONE,
		       known ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY);
	if (is_rejected_here(a)) {
		rejected_here(v, NULL);
		say_evidence(v, "no SYN left this host: %s comes of an ICMP error of its own", errno_name(v->error));
		return;
	}
	say_headline(v, "an ICMP error said that the server cannot be reached");
	say_evidence(v, "%s in SYN-SENT comes of an ICMP; its sender shows in packets (--packets)",
		     errno_name(v->error));
	if (is_code_of_neighbours)
		say_evidence(v, "this host itself would send it for a neighbour that does not answer; no SYN was seen "
				"dropped for that, or the event was lost");
	else if (!known)
		say_evidence(v,
			     "the event of its end was lost: the schedule's end may have given an error noted before");
	say_advice(v,
		   "a router or firewall rejects the SYN: the sender of the ICMP is the place; no timeout is involved");
}

void failed_without_icmp(const struct attempt *a, struct verdict *v)
{
	static const int errors[] = { EHOSTUNREACH, ENETUNREACH, EACCES, ENOPROTOOPT,
				      EOPNOTSUPP,   EHOSTDOWN,	 ENONET, EPROTO };
	char command[ROUTE_COMMAND_LEN];
	size_t i = 0;

	while (i < sizeof(errors) / sizeof(errors[0]) && errors[i] != v->error)
		i++;
	if (a->traced && a->timer_fired) {
		ended_by_timer(a, v);
	} else if (i < sizeof(errors) / sizeof(errors[0]) && a->traced) {
		traced_unreachable(a, v);
	} else if (i < sizeof(errors) / sizeof(errors[0]) || (v->error == EINVAL && a->n_syns)) {
		/* EINVAL is a blackhole's, which came into the SYN's way meanwhile */
		say_conclusion(v, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
		say_headline(v, "no ICMP was seen; a neighbour or route failure on this host, or an ICMP that was not "
				"captured");
		say_advice(v, "`ip neigh` and %s", route_command(a, command));
	} else {
		say_conclusion(v, OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
		say_headline(v, "connect() failed: %s", errno_text(v->error));
	}
}
