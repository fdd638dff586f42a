/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_outcome.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/verdict_say.h"
#include "core/verdict_schedule.h"

#define MS ((int64_t)1000000)

/* An ICMP error ends the wait, or is passed on, this soon after it came; else it waited as a soft error. */
#define ICMP_ACTS_WITHIN_NS (100 * MS)

static bool too_early(const struct verdict *v)
{
	return v->predicted_end_ns && v->predicted_exact && v->elapsed_ns < v->predicted_end_ns - GIVE_UP_TOLERANCE_NS;
}

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
	if (too_early(v))
		say_evidence(v,
			     "that is before its schedule's end: it sends sooner after a reply that fits no attempt, "
			     "and gives up sooner where no neighbour answers");
	say_advice(v, "sysctl net.ipv4.tcp_syn_retries, TCP_SYNCNT, TCP_USER_TIMEOUT, or a timer in the client "
		      "(`synsent predict --within 10s` lists values)");
}

void kernel_gave_up_off_schedule(const struct attempt *a, struct verdict *v)
{
	int syncnt = syncnt_that_ends(a, v), n = retransmissions(a);
	char t[SAY_SECONDS_LEN];

	say_conclusion(v, OUTCOME_TIMED_OUT, GAVE_UP_KERNEL, syncnt ? LIMIT_SYN_RETRIES : LIMIT_USER_TIMEOUT,
		       CONFIDENCE_CERTAIN);
	v->error = ETIMEDOUT;
	say_headline(v, "the kernel gave up after %d unanswered retransmission%s, by a limit that the program set", n,
		     say_plural(n));
	say_evidence(v, "by this host's sysctls it would have gone on until %s", say_seconds(v->predicted_end_ns, t));
	if (syncnt)
		say_evidence(v, "count and instant are those of TCP_SYNCNT %d; so that option, likely", syncnt);
	else
		say_evidence(v, "no TCP_SYNCNT ends with that count at that instant; so TCP_USER_TIMEOUT, likely");
	say_advice(v, "TCP_USER_TIMEOUT or TCP_SYNCNT in the client: tcp_syn_retries does not count here");
}

void application_gave_up(const struct attempt *a, struct verdict *v, enum confidence c)
{
	char t[SAY_SECONDS_LEN], u[SAY_SECONDS_LEN];

	say_conclusion(v, OUTCOME_ABANDONED, GAVE_UP_APPLICATION, LIMIT_APP_TIMER, c);
	if (a->own_timer)
		say_headline(v, "the application gave up, by its own timer of %s", say_seconds(a->own_timer_ns, t));
	else
		say_headline(v, "the application gave up after %s, by a limit of its own",
			     say_seconds(v->elapsed_ns, t));
	if (v->predicted_end_ns > v->elapsed_ns)
		say_evidence(v, "the kernel%s would have gone on until %s%s",
			     a->connect_ns ? "" : ", by this host's sysctls,", v->predicted_exact ? "" : "about ",
			     say_seconds(v->predicted_end_ns, u));
	say_advice(v, "the limit is in the client: change it there; kernel settings would not help");
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

void refused(const struct attempt *a, struct verdict *v, enum confidence c)
{
	const struct reply *rst = first_accepted(a, REPLY_RST), *icmp = first_accepted(a, REPLY_ICMP);
	char from[ADDR_TEXT_LEN];

	say_conclusion(v, OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, c);
	v->error = ECONNREFUSED;
	say_headline(v, "the peer refused the connection");
	if (rst) {
		say_headline(v, "an RST answered SYN %d: the peer refused", a->n_syns > 0 ? a->n_syns - 1 : 0);
		say_evidence(v, "RST from %s, ttl %u, acknowledging the SYN", addr_format(&rst->from, from), rst->ttl);
	} else if (icmp && is_port_unreachable(icmp)) {
		say_headline(v, "an ICMP port unreachable answered the SYN");
		say_evidence(v, "icmp %u/%u from %s", icmp->icmp_type, icmp->icmp_code, addr_format(&icmp->from, from));
	}
	say_advice(v, "nothing listens on that port, or a firewall rejects it with an RST; no timeout is involved");
}

/* 3/1, or 1/3 in ICMPv6, from this host itself: neither the server nor its gateway answered ARP or ND. */
static bool is_no_neighbour(const struct attempt *a, const struct reply *icmp)
{
	bool host = icmp->icmp_family == 6 ? icmp->icmp_type == 1 && icmp->icmp_code == 3
					   : icmp->icmp_type == 3 && icmp->icmp_code == 1;

	return host && addr_equal(&icmp->from, &a->flow.client.addr) &&
	       !addr_equal(&a->flow.client.addr, &a->flow.server.addr) && !addr_is_loopback(&icmp->from);
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

static const struct reply *last_icmp(const struct attempt *a)
{
	const struct reply *last = NULL;
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_ICMP && a->replies[i].ignored == IGNORED_NOT)
			last = &a->replies[i];
	return last;
}

static void say_soft(const struct attempt *a, struct verdict *v)
{
	char t[SAY_SECONDS_LEN];

	if (outlived(a, last_icmp(a)) && a->n_replies <= ATTEMPT_REPLIES_MAX)
		say_evidence(v, "a soft error does not end connect(): it was given when the wait ended, at %s",
			     say_seconds(v->elapsed_ns, t));
	else
		say_evidence(v, "a soft error does not end connect(); the ICMP that answered SYN %d did, at %s",
			     a->n_syns > 0 ? a->n_syns - 1 : 0, say_seconds(v->elapsed_ns, t));
}

void unreachable(const struct attempt *a, struct verdict *v, enum confidence c)
{
	const struct reply *icmp = first_accepted(a, REPLY_ICMP);
	char from[ADDR_TEXT_LEN], t[SAY_SECONDS_LEN];
	bool soft = outlived(a, icmp);

	if (is_no_neighbour(a, icmp)) {
		say_conclusion(v, OUTCOME_UNREACHABLE, GAVE_UP_KERNEL, LIMIT_NONE, c);
		say_headline(v, "no neighbour answered for the server's address or its gateway (%s)",
			     icmp->icmp_family == 6 ? "ND" : "ARP");
		say_evidence(v, "icmp%s %u/%u came from this host's own address, %s after SYN 0",
			     icmp->icmp_family == 6 ? "6" : "", icmp->icmp_type, icmp->icmp_code,
			     say_seconds(icmp->t_ns - attempt_start_ns(a), t));
		say_advice(v, "`ip neigh` and `ip route get ADDRESS`: the next hop is down, or the address is wrong");
		return;
	}
	say_conclusion(v, OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, soft ? LIMIT_SOFT_ERROR : LIMIT_NONE, c);
	addr_format(&icmp->from, from);
	say_headline(v, "icmp%s %u/%u from %s said that the server cannot be reached",
		     icmp->icmp_family == 6 ? "6" : "", icmp->icmp_type, icmp->icmp_code, from);
	say_evidence(v, "icmp%s %u/%u came %s after SYN 0%s", icmp->icmp_family == 6 ? "6" : "", icmp->icmp_type,
		     icmp->icmp_code, say_seconds(icmp->t_ns - attempt_start_ns(a), t),
		     soft ? ", while the kernel held the socket: a soft error" : "");
	if (soft)
		say_soft(a, v);
	say_advice(v,
		   "a router or firewall rejects the SYN: the sender of the ICMP is the place; no timeout is involved");
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
			snprintf(lost, sizeof(lost), "SYNs 0 to %d", a->n_syns - 2);
		say_headline(v, "connected on SYN %d after %s; %s got no usable answer", a->n_syns - 1,
			     say_seconds(v->elapsed_ns, t), lost);
		say_advice(v, "a connect time near 1, 3 or 7 s (1, 2, 3, 4, 5 with linear timeouts) means lost SYNs or "
			      "SYN-ACKs");
	} else {
		say_headline(v, "connected in %" PRId64 ".%02d ms", v->elapsed_ns / MS,
			     (int)(v->elapsed_ns % MS / 10000));
	}
	if (a->ack_ns)
		say_evidence(v, "SYN, SYN-ACK and ACK were seen");
	else if (a->connected)
		say_evidence(v, "the kernel showed the socket past SYN-SENT");
}
