/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  An attempt is judged by the strongest word there is:
 * what connect() returned, what the client's own timer said, how the process
 * ended, what the wire shows, and, for a socket that just went away, whether
 * that was the instant at which the kernel was due to give up.  The schedule is
 * exact to the jiffy when the phase is known, so "before its instant" is proof
 * that the kernel did not do it, and the namespace's own counter of kernel
 * give-ups (TCPAbortOnTimeout) is proof either way.
 */
#include "core/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS ((int64_t)1000000)
#define SECOND ((int64_t)1000000000)

/* How far from its exact instant a kernel give-up may be seen: timer softirqs run late on a loaded machine. */
#define GIVE_UP_TOLERANCE_NS (60 * MS)

/* An ICMP error this much before the end did not end the attempt by itself: it waited as a soft error. */
#define SOFT_ERROR_WAIT_NS (100 * MS)

__attribute__((format(printf, 2, 3))) static void evidence(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	if (v->n_evidence == VERDICT_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(v->evidence[v->n_evidence++], sizeof(v->evidence[0]), fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void headline(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->headline, sizeof(v->headline), fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void advise(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->advice, sizeof(v->advice), fmt, ap);
	va_end(ap);
}

static void conclude(struct verdict *v, enum outcome o, enum gave_up_by g, enum limit l, enum confidence c)
{
	v->outcome = o;
	v->gave_up_by = g;
	v->limit = l;
	v->confidence = c;
}

static bool predicted(const struct attempt *a, struct schedule *ret, bool *ret_exact)
{
	if (!a->has_policy || policy_invalid(&a->policy))
		return false;
	*ret_exact = a->has_phase;
	if (a->has_phase)
		schedule_exact(&a->policy, a->phase, ret);
	else
		schedule_nominal(&a->policy, ret);
	return true;
}

static int64_t since_syn0(const struct attempt *a, int64_t jiffies, bool exact)
{
	int64_t ns = schedule_jiffies_ns(jiffies, a->policy.hz);

	return jiffies && exact ? ns - a->phase_edge_ns : ns;
}

int verdict_predict(const struct attempt *a, int64_t *syns_ns, int max, int64_t *ret_end_ns, bool *ret_exact)
{
	struct schedule s;
	int i;

	if (!predicted(a, &s, ret_exact))
		return 0;
	for (i = 0; i < s.n && i < max; i++)
		syns_ns[i] = since_syn0(a, s.syn[i], *ret_exact);
	*ret_end_ns = since_syn0(a, s.end, *ret_exact);
	return i;
}

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

static char *seconds(int64_t ns, char to[32])
{
	snprintf(to, 32, "%" PRId64 ".%03d s", ns / SECOND, (int)(imaxabs(ns) % SECOND / MS));
	return to;
}

/* "1.2 ms after" or "0.3 ms before" the predicted instant */
static void say_distance(struct verdict *v, const char *what)
{
	int64_t d = v->elapsed_ns - v->predicted_end_ns;

	if (!v->predicted_exact)
		return;
	evidence(v, "%s %" PRId64 ".%d ms %s the instant predicted at SYN 0", what, (int64_t)imaxabs(d) / MS,
		 (int)(imaxabs(d) % MS / 100000), d < 0 ? "before" : "after");
}

static void say_silence(const struct attempt *a, struct verdict *v)
{
	int i, dropped = 0, ignored = 0;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		dropped += a->replies[i].ignored == IGNORED_DROPPED;
		ignored += a->replies[i].ignored != IGNORED_DROPPED && a->replies[i].ignored != IGNORED_NOT;
	}
	if (dropped)
		evidence(v, "%d repl%s came back and %s dropped on this host", dropped, dropped == 1 ? "y" : "ies",
			 dropped == 1 ? "was" : "were");
	if (ignored)
		evidence(v, "%d repl%s ignored: %s", ignored, ignored == 1 ? "y was" : "ies were",
			 ignored_word(a->replies[0].ignored));
	if (!a->n_replies && a->syns_seen)
		evidence(v, "no reply was seen on the wire");
	if (a->n_syns && a->blind)
		evidence(v, "packets could not be seen here; the kernel counted %d SYN%s", a->n_syns,
			 plural(a->n_syns));
	else if (a->n_syns && !a->syns_seen)
		evidence(
			v,
			"the kernel counted %d SYN%s, and none was seen on the wire: lost on this host, on its way out",
			a->n_syns, plural(a->n_syns));
}

static void kernel_gave_up(const struct attempt *a, struct verdict *v, enum confidence c)
{
	struct schedule s = { .limit = LIMIT_SYN_RETRIES };
	int n = a->n_syns > 0 ? a->n_syns - 1 : 0;
	bool exact = false;

	predicted(a, &s, &exact);
	conclude(v, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, s.limit, c);
	v->error = ETIMEDOUT;
	if (s.limit == LIMIT_USER_TIMEOUT) {
		headline(v, "the kernel gave up after %d unanswered retransmission%s (TCP_USER_TIMEOUT %" PRId64 " ms)",
			 n, plural(n), a->policy.user_timeout_ms);
		advise(v, "the limit is the socket's TCP_USER_TIMEOUT, not tcp_syn_retries: change that option");
		return;
	}
	headline(v, "the kernel gave up, its %d retransmission%s unanswered (%s)", n, plural(n),
		 a->has_policy && a->policy.syncnt ? "TCP_SYNCNT" : "tcp_syn_retries");
	advise(v, "sysctl net.ipv4.tcp_syn_retries, TCP_SYNCNT, TCP_USER_TIMEOUT, or a timer in the client "
		  "(`synsent predict --within 10s` lists values)");
}

static void application_gave_up(const struct attempt *a, struct verdict *v, enum confidence c)
{
	char t[32], u[32];

	conclude(v, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, c);
	if (a->own_timer)
		headline(v, "the application gave up, by its own timer of %s", seconds(a->own_timer_ns, t));
	else
		headline(v, "the application gave up after %s, by its own timer", seconds(v->elapsed_ns, t));
	if (v->predicted_end_ns > v->elapsed_ns)
		evidence(v, "the kernel would have gone on until %s%s", v->predicted_exact ? "" : "about ",
			 seconds(v->predicted_end_ns, u));
	advise(v, "the limit is a timeout in the client: change it there; kernel settings would not help");
}

static bool is_port_unreachable(const struct reply *r)
{
	return r->kind == REPLY_ICMP && ((r->icmp_family == 4 && r->icmp_type == 3 && r->icmp_code == 3) ||
					 (r->icmp_family == 6 && r->icmp_type == 1 && r->icmp_code == 4));
}

static const struct reply *first_of(const struct attempt *a, enum reply_kind kind)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == kind && a->replies[i].ignored == IGNORED_NOT)
			return &a->replies[i];
	return NULL;
}

static void refused(const struct attempt *a, struct verdict *v, enum confidence c)
{
	const struct reply *rst = first_of(a, REPLY_RST), *icmp = first_of(a, REPLY_ICMP);
	char from[ADDR_TEXT_LEN];

	conclude(v, OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, c);
	v->error = ECONNREFUSED;
	headline(v, "the peer refused the connection");
	if (rst) {
		headline(v, "an RST answered SYN %d: the peer refused", a->n_syns > 0 ? a->n_syns - 1 : 0);
		evidence(v, "RST from %s, ttl %u, acknowledging the SYN", addr_format(&rst->from, from), rst->ttl);
	} else if (icmp && is_port_unreachable(icmp)) {
		headline(v, "an ICMP port unreachable answered the SYN");
		evidence(v, "icmp %u/%u from %s", icmp->icmp_type, icmp->icmp_code, addr_format(&icmp->from, from));
	}
	advise(v, "nothing listens on that port, or a firewall rejects it with an RST; no timeout is involved");
}

static void unreachable(const struct attempt *a, struct verdict *v, const struct reply *icmp, enum confidence c)
{
	char from[ADDR_TEXT_LEN], t[32];
	bool soft = a->ended_ns - icmp->t_ns > SOFT_ERROR_WAIT_NS || a->n_syns > 1;

	conclude(v, OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, soft ? LIMIT_SOFT_ERROR : LIMIT_NONE, c);
	addr_format(&icmp->from, from);
	headline(v, "icmp%s %u/%u from %s said that the server cannot be reached", icmp->icmp_family == 6 ? "6" : "",
		 icmp->icmp_type, icmp->icmp_code, from);
	evidence(v, "icmp%s %u/%u came %s after SYN 0%s", icmp->icmp_family == 6 ? "6" : "", icmp->icmp_type,
		 icmp->icmp_code, seconds(icmp->t_ns - attempt_start_ns(a), t),
		 soft ? ", while the kernel held the socket: a soft error" : "");
	if (soft)
		evidence(v, "a soft error does not end connect(); the ICMP that answered SYN %d did, at %s",
			 a->n_syns > 0 ? a->n_syns - 1 : 0, seconds(v->elapsed_ns, t));
	advise(v, "a router or firewall rejects the SYN: the sender of the ICMP is the place; no timeout is involved");
}

/* connect() failed before any SYN could leave. */
static void failed_locally(struct verdict *v)
{
	bool route = v->error == ENETUNREACH || v->error == EHOSTUNREACH;

	conclude(v, route ? OUTCOME_UNREACHABLE : OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	switch (v->error) {
	case ENETUNREACH:
		headline(v, "this host has no route to the server");
		advise(v, "`ip route get ADDRESS`, and whether the interface is up");
		break;
	case EHOSTUNREACH:
		headline(v, "a route of this host says unreachable");
		advise(v, "`ip route get ADDRESS`");
		break;
	case EACCES:
		headline(v, "a route of type prohibit forbids it on this host");
		advise(v, "`ip route get ADDRESS` and `ip rule`");
		break;
	case EINVAL:
		headline(v, "this host's kernel refused: a route of type blackhole, or a bad address");
		advise(v, "`ip route get ADDRESS`: a blackhole route gives EINVAL");
		break;
	case EADDRNOTAVAIL:
		headline(v, "no free source port or address on this host");
		advise(v, "net.ipv4.ip_local_port_range and at sockets in SYN-SENT and TIME-WAIT (`ss -tan`)");
		break;
	case EPERM:
		headline(v, "this host's policy forbids it (a cgroup program or security module)");
		break;
	default:
		headline(v, "connect() failed on this host");
	}
	evidence(v, "connect() returned %s at once and no SYN left the host", errno_name(v->error));
}

static bool is_icmp_error(int error)
{
	static const int errors[] = { EHOSTUNREACH, ENETUNREACH, EACCES, ENOPROTOOPT,
				      EOPNOTSUPP,   EHOSTDOWN,	 ENONET, EPROTO };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (error == errors[i])
			return true;
	return false;
}

static void established(const struct attempt *a, struct verdict *v)
{
	char t[32];

	conclude(v, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, LIMIT_NONE, CONFIDENCE_CERTAIN);
	if (a->n_syns > 1) {
		char lost[32];

		if (a->n_syns == 2)
			snprintf(lost, sizeof(lost), "SYN 0");
		else
			snprintf(lost, sizeof(lost), "SYNs 0 to %d", a->n_syns - 2);
		headline(v, "connected on SYN %d after %s; %s got no usable answer", a->n_syns - 1,
			 seconds(v->elapsed_ns, t), lost);
		advise(v,
		       "a connect time near 1, 3 or 7 s (1, 2, 3, 4, 5 with linear timeouts) means lost SYNs or SYN-ACKs");
	} else {
		headline(v, "connected in %" PRId64 ".%02d ms", v->elapsed_ns / MS, (int)(v->elapsed_ns % MS / 10000));
	}
	if (a->ack_ns)
		evidence(v, "SYN, SYN-ACK and ACK were seen");
}

static void judge_result(const struct attempt *a, struct verdict *v)
{
	const struct reply *icmp = first_of(a, REPLY_ICMP);

	v->error = a->end_error;
	if (!v->error) {
		evidence(v, "connect() succeeded");
		established(a, v);
		return;
	}
	if (!a->n_syns && v->error != ETIMEDOUT && v->error != ECONNREFUSED) {
		failed_locally(v);
		return;
	}
	evidence(v, "connect() returned %s", errno_name(v->error));
	if (v->error == ETIMEDOUT) {
		say_distance(v, "it came");
		kernel_gave_up(a, v, CONFIDENCE_CERTAIN);
		say_silence(a, v);
	} else if (v->error == ECONNREFUSED) {
		refused(a, v, CONFIDENCE_CERTAIN);
	} else if (icmp) {
		unreachable(a, v, icmp, CONFIDENCE_CERTAIN);
	} else if (v->error == EINPROGRESS || v->error == EAGAIN || v->error == EINTR) {
		application_gave_up(a, v, CONFIDENCE_CERTAIN);
	} else if (is_icmp_error(v->error)) {
		conclude(v, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
		headline(
			v,
			"no ICMP was seen; a neighbour or route failure on this host, or an ICMP that was not captured");
		advise(v, "`ip neigh` and `ip route get ADDRESS`");
	} else {
		conclude(v, OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
		headline(v, "connect() failed: %s", errno_text(v->error));
	}
}

static void judge_by_instant(const struct attempt *a, struct verdict *v);

/* The socket went away and nobody said why: the wire first, then the counters, then the clock. */
static void judge_close(const struct attempt *a, struct verdict *v)
{
	const struct reply *r = attempt_accepted_reply(a);

	if (a->close_cause == CLOSE_KERNEL) {
		evidence(v, "the kernel ended the socket with %s", errno_name(a->end_error));
		v->error = a->end_error;
		if (a->end_error == ETIMEDOUT)
			kernel_gave_up(a, v, CONFIDENCE_CERTAIN);
		else if (a->end_error == ECONNREFUSED)
			refused(a, v, CONFIDENCE_CERTAIN);
		else if (r && r->kind == REPLY_ICMP)
			unreachable(a, v, r, CONFIDENCE_CERTAIN);
		else
			conclude(v, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
		return;
	}
	if (a->close_cause == CLOSE_APPLICATION) {
		evidence(v, "the application closed the socket in SYN-SENT");
		application_gave_up(a, v, CONFIDENCE_CERTAIN);
		say_silence(a, v);
		return;
	}
	if (r && r->kind == REPLY_SYN_ACK)
		established(a, v);
	else if (r && (r->kind == REPLY_RST || is_port_unreachable(r)))
		refused(a, v, CONFIDENCE_CERTAIN);
	else if (r)
		unreachable(a, v, r, CONFIDENCE_LIKELY);
	else
		judge_by_instant(a, v);
}

/* The number of retransmissions after which this kernel gives up at that instant, or 0 for none. */
static int syncnt_that_ends(const struct attempt *a, const struct verdict *v)
{
	struct attempt other = { .has_policy = true,
				 .policy = a->policy,
				 .has_phase = a->has_phase,
				 .phase = a->phase,
				 .phase_edge_ns = a->phase_edge_ns };
	int64_t syn, end;
	bool exact;

	for (other.policy.syncnt = 1; other.policy.syncnt < POLICY_RETRIES_MAX; other.policy.syncnt++) {
		if (!verdict_predict(&other, &syn, 1, &end, &exact) || end > v->elapsed_ns + GIVE_UP_TOLERANCE_NS)
			break;
		if (imaxabs(end - v->elapsed_ns) <= GIVE_UP_TOLERANCE_NS)
			return other.policy.syncnt;
	}
	return 0;
}

/* The kernel gave up, but not when its sysctls have it: a socket option of the program's own. */
static void kernel_gave_up_off_schedule(const struct attempt *a, struct verdict *v)
{
	int syncnt = syncnt_that_ends(a, v), n = a->n_syns > 0 ? a->n_syns - 1 : 0;

	conclude(v, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, syncnt ? LIMIT_SYN_RETRIES : LIMIT_USER_TIMEOUT,
		 CONFIDENCE_CERTAIN);
	v->error = ETIMEDOUT;
	headline(
		v,
		"the kernel gave up after %d unanswered retransmission%s, by a limit that the program set on its socket",
		n, plural(n));
	if (syncnt)
		evidence(v, "that instant is the end of TCP_SYNCNT %d", syncnt);
	else
		evidence(v, "that instant is the end of no retransmission count: TCP_USER_TIMEOUT, likely");
	advise(v, "TCP_USER_TIMEOUT or TCP_SYNCNT in the client: tcp_syn_retries does not count here");
}

/* Neither the wire nor a return value tells: the kernel's count of give-ups, and the instant at which it was due. */
static void judge_by_instant(const struct attempt *a, struct verdict *v)
{
	bool known = v->predicted_end_ns && v->predicted_exact;
	int64_t early = v->predicted_end_ns - v->elapsed_ns;
	bool at_instant = known && imaxabs(early) <= GIVE_UP_TOLERANCE_NS;

	if (a->has_abort_count && a->abort_on_timeout) {
		evidence(v, "the kernel counted a give-up then (TCPAbortOnTimeout)");
		if (!known || at_instant) {
			say_distance(v, "the socket left SYN-SENT");
			kernel_gave_up(a, v, CONFIDENCE_CERTAIN);
		} else {
			kernel_gave_up_off_schedule(a, v);
		}
	} else if (a->has_abort_count) {
		evidence(v, "the kernel counted no give-up (TCPAbortOnTimeout did not move)");
		application_gave_up(a, v, CONFIDENCE_CERTAIN);
	} else if (at_instant) {
		say_distance(v, "the socket left SYN-SENT");
		kernel_gave_up(a, v, CONFIDENCE_LIKELY);
	} else if (known && early > 0) {
		evidence(
			v,
			"the socket left SYN-SENT while the kernel, by its sysctls, still had retransmissions to send");
		application_gave_up(a, v, CONFIDENCE_LIKELY);
	} else {
		conclude(v, OUTCOME_UNANSWERED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
		headline(v, "the socket left SYN-SENT, and nothing seen tells who ended the wait");
	}
	say_silence(a, v);
}

static void judge_signal(const struct attempt *a, struct verdict *v)
{
	const char *name = sigabbrev_np(a->end_signal);

	if (a->has_abort_count && a->abort_on_timeout) {
		evidence(v, "process %d died of SIG%s afterwards", a->pid, name ? name : "?");
		judge_by_instant(a, v);
		return;
	}
	conclude(v, OUTCOME_KILLED, GAVE_UP_SIGNAL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	headline(v, "SIG%s ended the client while it waited", name ? name : "?");
	evidence(v, "process %d died of SIG%s in SYN-SENT", a->pid, name ? name : "?");
	say_silence(a, v);
}

static void judge_open(const struct attempt *a, struct verdict *v)
{
	const struct reply *r = attempt_accepted_reply(a);
	int64_t last = a->n_syns > 0 && a->n_syns <= ATTEMPT_SYNS_MAX ? a->syn_ns[a->n_syns - 1] : 0;

	v->elapsed_ns = a->observed_until_ns - attempt_start_ns(a);
	if (r && r->kind == REPLY_SYN_ACK && a->ack_ns) {
		v->elapsed_ns = a->ack_ns - attempt_start_ns(a);
		established(a, v);
		return;
	}
	if (!a->socket_seen && last && a->observed_until_ns - last > 2 * (last - a->syn_ns[0]) + 2 * SECOND) {
		conclude(v, OUTCOME_UNANSWERED, GAVE_UP_UNKNOWN, LIMIT_NONE, CONFIDENCE_UNKNOWN);
		headline(v, "%d SYN%s, then silence; packets alone do not tell who gave up", a->n_syns,
			 plural(a->n_syns));
		v->elapsed_ns = last - a->syn_ns[0];
		return;
	}
	conclude(v, OUTCOME_PENDING, GAVE_UP_NOBODY, LIMIT_NONE, CONFIDENCE_CERTAIN);
	headline(v, "still waiting when the observation ended, after %d SYN%s", a->n_syns, plural(a->n_syns));
}

static void judge_packets(const struct attempt *a, struct verdict *v)
{
	const struct reply *r = attempt_accepted_reply(a);

	if (r && r->kind == REPLY_SYN_ACK && a->ack_ns) {
		v->elapsed_ns = a->ack_ns - attempt_start_ns(a);
		established(a, v);
	} else if (r && (r->kind == REPLY_RST || is_port_unreachable(r))) {
		refused(a, v, CONFIDENCE_CERTAIN);
	} else {
		judge_open(a, v);
	}
}

void verdict_make(const struct attempt *a, struct verdict *ret)
{
	int64_t syn;

	memset(ret, 0, sizeof(*ret));
	if (!verdict_predict(a, &syn, 1, &ret->predicted_end_ns, &ret->predicted_exact))
		ret->predicted_end_ns = 0;
	if (a->ended_ns)
		ret->elapsed_ns = a->ended_ns - attempt_start_ns(a);
	switch (a->end) {
	case ATTEMPT_END_RESULT:
		judge_result(a, ret);
		break;
	case ATTEMPT_END_TIMER:
		evidence(ret, "the client's own timer fired, and it closed the socket in SYN-SENT");
		application_gave_up(a, ret, CONFIDENCE_CERTAIN);
		say_silence(a, ret);
		break;
	case ATTEMPT_END_CLOSE:
		judge_close(a, ret);
		break;
	case ATTEMPT_END_SIGNAL:
		judge_signal(a, ret);
		break;
	case ATTEMPT_END_EXIT:
		evidence(ret, "process %d exited with status %d, and its socket was gone", a->pid, a->exit_status);
		judge_close(a, ret);
		break;
	case ATTEMPT_END_PACKETS:
		judge_packets(a, ret);
		break;
	default:
		judge_open(a, ret);
	}
	if (a->lost)
		evidence(ret, "%" PRIu64 " event%s lost by the observation itself", a->lost, plural((int64_t)a->lost));
}
