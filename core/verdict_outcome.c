/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_outcome.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/story_words.h"
#include "core/verdict_say.h"
#include "core/verdict_schedule.h"

#define MS ((int64_t)1000000)

/* An ICMP error ends the wait, or is passed on, this soon after it came; else it waited as a soft error. */
#define ICMP_ACTS_WITHIN_NS (100 * MS)

void kernel_gave_up(const struct attempt *a, struct verdict *v, enum confidence c)
{
	struct schedule s = { .limit = LIMIT_NONE };
	int n = retransmissions(a);
	bool exact = false;

	schedule_of(a, &s, &exact);
	say_conclusion(v, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, s.limit, c);
	v->error = ETIMEDOUT;
	if (s.limit == LIMIT_USER_TIMEOUT) {
		say_headline(
			v, "the kernel gave up after %d unanswered retransmission%s (TCP_USER_TIMEOUT %" PRId64 " ms)",
			n, say_plural(n), a->policy.user_timeout_ms);
		say_advice(v, "the limit is the socket's TCP_USER_TIMEOUT, not tcp_syn_retries: change that option");
		return;
	}
	say_headline(v, "the kernel gave up, its %d retransmission%s unanswered%s", n, say_plural(n),
		     s.limit == LIMIT_NONE ? ""
		     : a->policy.syncnt	   ? " (TCP_SYNCNT)"
					   : " (tcp_syn_retries)");
	say_advice(v, "sysctl net.ipv4.tcp_syn_retries, TCP_SYNCNT, TCP_USER_TIMEOUT, or a timer in the client "
		      "(`synsent predict --within 10s` lists values)");
}

/* 3/1, or 1/3 in ICMPv6, from this host itself: neither the server nor its gateway answered ARP or ND. */
static bool is_no_neighbour(const struct attempt *a, const struct reply *icmp)
{
	bool host = icmp->icmp_family == 6 ? icmp->icmp_type == 1 && icmp->icmp_code == 3
					   : icmp->icmp_type == 3 && icmp->icmp_code == 1;

	return host && addr_equal(&icmp->from, &a->flow.client.addr) &&
	       !addr_equal(&a->flow.client.addr, &a->flow.server.addr) && !addr_is_loopback(&icmp->from);
}

static const struct reply *last_icmp(const struct attempt *a)
{
	const struct reply *last = NULL;
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_ICMP && a->replies[i].ignored == IGNORED_NOT)
			last = &a->replies[i];
	return last;
}

static void no_neighbour(const struct reply *icmp, struct verdict *v)
{
	say_headline(v, "no neighbour answered for the server's address or its gateway (%s)",
		     icmp->icmp_family == 6 ? "ND" : "ARP");
	say_advice(v, "`ip neigh` and `ip route get ADDRESS`: the next hop is down, or the address is wrong");
}

/* The program's own limit: count and instant are not those of this host's sysctls. */
static void off_schedule(const struct attempt *a, struct verdict *v)
{
	int syncnt = syncnt_that_ends(a, v), n = retransmissions(a);
	bool before = v->elapsed_ns < v->predicted_end_ns;
	char t[SAY_SECONDS_LEN];

	say_conclusion(v, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, syncnt ? LIMIT_SYN_RETRIES : LIMIT_USER_TIMEOUT,
		       CONFIDENCE_CERTAIN);
	say_headline(v, "the kernel gave up after %d unanswered retransmission%s, by a limit that the program set", n,
		     say_plural(n));
	say_evidence(v, "by this host's sysctls it would have %s %s", before ? "gone on until" : "given up at",
		     say_seconds(v->predicted_end_ns, t));
	if (syncnt)
		say_evidence(v, "count and instant are those of TCP_SYNCNT %d; so that option, likely", syncnt);
	else
		say_evidence(v, "no TCP_SYNCNT ends with that count at that instant; so TCP_USER_TIMEOUT, likely");
	say_advice(v, "TCP_USER_TIMEOUT or TCP_SYNCNT in the client: tcp_syn_retries does not count here");
}

void kernel_timed_out(const struct attempt *a, struct verdict *v)
{
	const struct reply *icmp = last_icmp(a);
	int hurried = hurried_syn(a);
	char t[SAY_SECONDS_LEN];

	v->error = ETIMEDOUT;
	if (icmp && is_no_neighbour(a, icmp) && a->ended_ns - icmp->t_ns < ICMP_ACTS_WITHIN_NS) {
		say_conclusion(v, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, LIMIT_SYN_RETRIES, CONFIDENCE_CERTAIN);
		no_neighbour(icmp, v);
		say_evidence(
			v,
			"an ICMP error from this host itself fires the retransmission timer at once; no retransmission was left");
	} else if (a->has_policy && !policy_invalid(&a->policy) && !on_schedule(a, v)) {
		off_schedule(a, v);
	} else {
		if (hurried)
			say_evidence(v,
				     "SYN %d left %s after SYN %d, because of a reply that was ignored: all that "
				     "follows came as much earlier",
				     hurried, say_span(a->syn_ns[hurried] - a->syn_ns[hurried - 1], t), hurried - 1);
		else
			say_distance(a, v, a->end == ATTEMPT_END_RESULT ? "it came" : "the socket left SYN-SENT");
		kernel_gave_up(a, v, CONFIDENCE_CERTAIN);
	}
}

/* When the kernel would have ended it, by what is known of its limits. */
static void say_kernel_end(const struct attempt *a, struct verdict *v)
{
	const char *by = a->connect_ns ? "" : ", by this host's sysctls,";
	char t[SAY_SECONDS_LEN];
	int64_t min, max;

	if (v->predicted_exact && v->predicted_end_ns > v->elapsed_ns)
		say_evidence(v, "the kernel%s would have gone on until %s", by, say_seconds(v->predicted_end_ns, t));
	else if (!v->predicted_exact && end_range(a, &min, &max) && min > v->elapsed_ns)
		say_evidence(v, "the kernel%s would have gone on until %s at least", by, say_seconds(min, t));
}

#define VAGUE_NS (50 * MS)

void application_gave_up(const struct attempt *a, struct verdict *v, enum confidence c)
{
	char t[SAY_SECONDS_LEN], u[SAY_SECONDS_LEN];

	say_conclusion(v, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, c);
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
	say_advice(v, "the limit is in the client: change it there; kernel settings would not help");
}

void destroyed(struct verdict *v)
{
	say_conclusion(v, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_NONE, CONFIDENCE_CERTAIN);
	say_headline(v, "the socket was destroyed from outside (SOCK_DESTROY, as `ss -K` does it)");
	say_advice(v, "look for who destroys sockets here: `ss -K`, a VPN or a network manager");
}

bool is_port_unreachable(const struct reply *r)
{
	return r->kind == REPLY_ICMP && ((r->icmp_family == 4 && r->icmp_type == 3 && r->icmp_code == 3) ||
					 (r->icmp_family == 6 && r->icmp_type == 1 && r->icmp_code == 4));
}

const struct reply *first_accepted(const struct attempt *a, enum reply_kind kind)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == kind && a->replies[i].ignored == IGNORED_NOT)
			return &a->replies[i];
	return NULL;
}

static bool dropped_on_output(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops; i++)
		if (a->drops[i].place == DROP_LOCAL_OUTPUT && !a->drops[i].reply)
			return true;
	return false;
}

static void refused_by_icmp(const struct attempt *a, struct verdict *v, const struct reply *icmp)
{
	char from[ADDR_TEXT_LEN];

	addr_format(&icmp->from, from);
	say_headline(v, "an ICMP port unreachable answered the SYN");
	say_evidence(v, "icmp%s %u/%u from %s", icmp->icmp_family == 6 ? "6" : "", icmp->icmp_type, icmp->icmp_code,
		     from);
	say_advice(v, "a firewall rejects it with an ICMP: its sender is the place; no timeout is involved");
	if (!addr_equal(&icmp->from, &a->flow.server.addr)) {
		v->gave_up_by = GAVE_UP_NETWORK;
		say_headline(v, "a firewall on the way, %s, refused with an ICMP port unreachable", from);
	}
}

void refused(const struct attempt *a, struct verdict *v, enum confidence c)
{
	const struct reply *rst = first_accepted(a, REPLY_RST), *icmp = first_accepted(a, REPLY_ICMP);
	char from[ADDR_TEXT_LEN];

	say_conclusion(v, OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, c);
	v->error = ECONNREFUSED;
	say_headline(v, "the peer refused the connection");
	say_advice(v, "nothing listens on that port, or a firewall rejects it with an RST; no timeout is involved");
	if (rst) {
		say_headline(v, "an RST answered SYN %d: the peer refused", a->n_syns > 0 ? a->n_syns - 1 : 0);
		say_evidence(v, "RST from %s, ttl %u, acknowledging the SYN", addr_format(&rst->from, from), rst->ttl);
	} else if (icmp && is_port_unreachable(icmp)) {
		refused_by_icmp(a, v, icmp);
	} else if (a->blind) {
		say_evidence(v, "packets could not be seen here, so not who answered");
	}
	if (rst && dropped_on_output(a)) {
		v->gave_up_by = GAVE_UP_NETWORK;
		say_headline(v, "a rule of this host refused it with an RST");
	}
}

/* Another SYN left after that ICMP, so it did not end the wait. */
static bool outlived(const struct attempt *a, const struct reply *icmp)
{
	int i;

	for (i = 1; i < a->n_syns && i < ATTEMPT_SYNS_MAX; i++)
		if (a->syn_ns[i] > icmp->t_ns)
			return true;
	return a->ended_ns - icmp->t_ns > ICMP_ACTS_WITHIN_NS;
}

static bool kernel_ended(const struct attempt *a)
{
	return a->end == ATTEMPT_END_RESULT || (a->end == ATTEMPT_END_CLOSE && a->close_cause == CLOSE_KERNEL) ||
	       !a->has_fail_count || a->attempt_fails;
}

/* No later ICMP ended the wait: the kernel did, at the end of its schedule, and gave the error that it had noted. */
static void soft_error_at_end(const struct attempt *a, struct verdict *v)
{
	int n = retransmissions(a);

	v->gave_up_by = GAVE_UP_KERNEL;
	say_headline(v, "the kernel gave up, its %d retransmission%s unanswered; its error is that of an earlier ICMP",
		     n, say_plural(n));
	say_distance(a, v, "the end came");
}

/* net/ipv4/icmp.c icmp_err_convert[]; net/ipv6/icmp.c tab_unreach[] */
static int icmp_errno(const struct reply *r)
{
	static const int v4[] = { ENETUNREACH,	EHOSTUNREACH, ENOPROTOOPT,  ECONNREFUSED, EMSGSIZE,	EOPNOTSUPP,
				  ENETUNREACH,	EHOSTDOWN,    ENONET,	    ENETUNREACH,  EHOSTUNREACH, ENETUNREACH,
				  EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH };
	static const int v6[] = { ENETUNREACH, EACCES, EHOSTUNREACH, EHOSTUNREACH, ECONNREFUSED, EACCES, EACCES };

	if (r->icmp_family == 6)
		return r->icmp_type == 1 && r->icmp_code < sizeof(v6) / sizeof(v6[0]) ? v6[r->icmp_code] : EPROTO;
	if (r->icmp_type == 3 && r->icmp_code < sizeof(v4) / sizeof(v4[0]))
		return v4[r->icmp_code];
	return r->icmp_type == 11 ? EHOSTUNREACH : EPROTO;
}

void unreachable(const struct attempt *a, struct verdict *v, enum confidence c)
{
	const struct reply *icmp = first_accepted(a, REPLY_ICMP);
	const char *six = icmp->icmp_family == 6 ? "6" : "",
		   *text = story_icmp_text(icmp->icmp_family, icmp->icmp_type, icmp->icmp_code);
	bool soft = outlived(a, icmp), ttl = icmp->icmp_type == (icmp->icmp_family == 6 ? 3 : 11);
	char from[ADDR_TEXT_LEN], t[SAY_SECONDS_LEN];

	if (!v->error)
		v->error = icmp_errno(icmp);
	addr_format(&icmp->from, from);
	say_evidence(v, "icmp%s %u/%u came %s after SYN 0%s", six, icmp->icmp_type, icmp->icmp_code,
		     say_span(icmp->t_ns - attempt_start_ns(a), t),
		     is_no_neighbour(a, icmp) ? ", from this host's own address"
		     : soft		      ? ", while the kernel held the socket: a soft error"
					      : "");
	if (is_no_neighbour(a, icmp)) {
		say_conclusion(v, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, c);
		no_neighbour(icmp, v);
		return;
	}
	say_conclusion(v, OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, soft ? LIMIT_SOFT_ERROR : LIMIT_NONE, c);
	say_headline(v, "icmp%s %u/%u%s%s%s from %s said that the server cannot be reached", six, icmp->icmp_type,
		     icmp->icmp_code, *text ? " (" : "", text, *text ? ")" : "", from);
	say_advice(v, ttl ? "packets do not arrive, for a loop of routes or too small a TTL: `traceroute`"
			  : "a router or firewall rejects the SYN: the sender of the ICMP is the place; no timeout is "
			    "involved");
	if (soft && !kernel_ended(a))
		say_evidence(v, "the client was told, though the socket went on, and closed it %s after SYN 0",
			     say_span(v->elapsed_ns, t));
	else if (soft && outlived(a, last_icmp(a)) && a->n_replies <= ATTEMPT_REPLIES_MAX)
		soft_error_at_end(a, v);
	else if (soft)
		say_evidence(v, "a soft error does not end connect(); the ICMP that answered SYN %d did, at %s",
			     a->n_syns > 0 ? a->n_syns - 1 : 0, say_seconds(v->elapsed_ns, t));
}

void failed_locally(struct verdict *v)
{
	bool route = v->error == ENETUNREACH || v->error == EHOSTUNREACH;

	say_conclusion(v, route ? OUTCOME_UNREACHABLE : OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_CERTAIN);
	switch (v->error) {
	case ENETUNREACH:
		say_headline(v, "this host has no route to the server");
		say_advice(v, "`ip route get ADDRESS`, and whether the interface is up");
		break;
	case EHOSTUNREACH:
		say_headline(v, "a route of this host says unreachable");
		say_advice(v, "`ip route get ADDRESS`");
		break;
	case EACCES:
		say_headline(v, "a route of type prohibit forbids it on this host");
		say_advice(v, "`ip route get ADDRESS` and `ip rule`");
		break;
	case EINVAL:
		say_headline(v, "this host's kernel refused: a route of type blackhole, or a bad address");
		say_advice(v, "`ip route get ADDRESS`: a blackhole route gives EINVAL");
		break;
	case EADDRNOTAVAIL:
		say_headline(v, "no free source port or address on this host");
		say_advice(v, "net.ipv4.ip_local_port_range and at sockets in SYN-SENT and TIME-WAIT (`ss -tan`)");
		break;
	case EPERM:
		say_headline(v, "this host's policy forbids it (a cgroup program or security module)");
		break;
	default:
		say_headline(v, "connect() failed on this host");
	}
	say_evidence(v, "connect() returned %s at once and no SYN left the host", errno_name(v->error));
}

void failed_without_icmp(struct verdict *v)
{
	static const int errors[] = { EHOSTUNREACH, ENETUNREACH, EACCES, ENOPROTOOPT,
				      EOPNOTSUPP,   EHOSTDOWN,	 ENONET, EPROTO };
	size_t i = 0;

	while (i < sizeof(errors) / sizeof(errors[0]) && errors[i] != v->error)
		i++;
	if (i < sizeof(errors) / sizeof(errors[0])) {
		say_conclusion(v, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
		say_headline(v, "no ICMP was seen; a neighbour or route failure on this host, or an ICMP that was not "
				"captured");
		say_advice(v, "`ip neigh` and `ip route get ADDRESS`");
	} else {
		say_conclusion(v, OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE, CONFIDENCE_LIKELY);
		say_headline(v, "connect() failed: %s", errno_text(v->error));
	}
}

void established(const struct attempt *a, struct verdict *v, enum confidence c)
{
	char t[SAY_SECONDS_LEN], lost[SAY_SECONDS_LEN];

	say_conclusion(v, OUTCOME_ESTABLISHED, GAVE_UP_NOBODY, LIMIT_NONE, c);
	if (a->n_syns > 1) {
		if (a->n_syns == 2)
			snprintf(lost, sizeof(lost), "SYN 0");
		else
			snprintf(lost, sizeof(lost), "SYNs 0 %s %d", a->n_syns == 3 ? "and" : "to", a->n_syns - 2);
		say_headline(v, "connected on SYN %d after %s; %s got no usable answer", a->n_syns - 1,
			     say_seconds(v->elapsed_ns, t), lost);
		say_advice(v, "a connect time near 1, 3 or 7 s (1, 2, 3, 4, 5 with linear timeouts) means lost SYNs or "
			      "SYN-ACKs");
	} else {
		if (v->elapsed_ns >= 1000 * MS)
			say_headline(v, "connected in %s", say_seconds(v->elapsed_ns, t));
		else
			say_headline(v, "connected in %" PRId64 ".%02d ms", v->elapsed_ns / MS,
				     (int)(v->elapsed_ns % MS / 10000));
	}
	if (a->ack_ns)
		say_evidence(v, "SYN, SYN-ACK and ACK were seen");
	else if (a->connected)
		say_evidence(v, "the kernel showed the socket past SYN-SENT by then");
}
