/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_replies.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/refusal.h"
#include "core/story_words.h"
#include "core/verdict_not_taken.h"
#include "core/verdict_remarks.h"
#include "core/verdict_say.h"
#include "core/verdict_schedule.h"
#include "util/buf.h"

bool drop_by_firewall(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops; i++)
		if (!a->drops[i].reply && a->drops[i].place == DROP_LOCAL_OUTPUT &&
		    !strcmp(a->drops[i].reason, "NETFILTER_DROP"))
			return !neighbour_drop(a);
	return false;
}

const struct reply *last_icmp(const struct attempt *a)
{
	const struct reply *last = NULL;
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_ICMP && a->replies[i].ignored == IGNORED_NOT)
			last = &a->replies[i];
	return last;
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

int64_t ended_at_the_soonest_ns(const struct attempt *a)
{
	return a->ended_ns - (a->end == ATTEMPT_END_CLOSE ? a->unseen_ns : 0);
}

bool outlived_icmp(const struct attempt *a, const struct reply *icmp)
{
	int i;

	for (i = 1; i < a->n_syns && i < ATTEMPT_SYNS_MAX; i++)
		if (a->syn_ns[i] > icmp->t_ns)
			return true;
	return ended_at_the_soonest_ns(a) - icmp->t_ns > ICMP_ACTS_WITHIN_NS;
}

/* Where nobody says so: just after an ICMP, or at its schedule's end. */
static bool kernel_ended(const struct attempt *a, const struct verdict *v)
{
	if (a->end == ATTEMPT_END_CLOSE && a->close_cause == CLOSE_APPLICATION)
		return false;
	if (a->end == ATTEMPT_END_RESULT || (a->end == ATTEMPT_END_CLOSE && a->close_cause == CLOSE_KERNEL))
		return true;
	if (a->has_fail_count)
		return a->attempt_fails;
	return !a->socket_seen || !outlived_icmp(a, last_icmp(a)) || may_be_schedules_end(a, v);
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

/* net/ipv4/icmp.c icmp_err_convert[]; net/ipv6/icmp.c tab_unreach[], icmpv6_err_convert() */
static int icmp_errno(const struct reply *r)
{
	static const int v4[] = { ENETUNREACH,	EHOSTUNREACH, ENOPROTOOPT,  ECONNREFUSED, EMSGSIZE,	EOPNOTSUPP,
				  ENETUNREACH,	EHOSTDOWN,    ENONET,	    ENETUNREACH,  EHOSTUNREACH, ENETUNREACH,
				  EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH };
	static const int v6[] = { ENETUNREACH, EACCES, EHOSTUNREACH, EHOSTUNREACH, ECONNREFUSED, EACCES, EACCES };

	if (r->icmp_family == 6 && r->icmp_type == 1 && r->icmp_code < sizeof(v6) / sizeof(v6[0]))
		return v6[r->icmp_code];
	if (r->icmp_family == 6)
		return r->icmp_type == 3 ? EHOSTUNREACH : EPROTO;
	if (r->icmp_type == 3 && r->icmp_code < sizeof(v4) / sizeof(v4[0]))
		return v4[r->icmp_code];
	return r->icmp_type == 11 ? EHOSTUNREACH : EPROTO;
}

void unreachable(const struct attempt *a, struct verdict *v, enum confidence c)
{
	const struct reply *icmp = first_accepted(a, REPLY_ICMP);
	const char *six = icmp->icmp_family == 6 ? "6" : "",
		   *text = story_icmp_text(icmp->icmp_family, icmp->icmp_type, icmp->icmp_code);
	bool soft = outlived_icmp(a, icmp), ttl = icmp->icmp_type == (icmp->icmp_family == 6 ? 3 : 11);
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
		no_neighbour(a, v);
		return;
	}
	say_conclusion(v, OUTCOME_UNREACHABLE, GAVE_UP_NETWORK, soft ? LIMIT_SOFT_ERROR : LIMIT_NONE, c);
	say_headline(v, "icmp%s %u/%u%s%s%s from %s said that the server cannot be reached", six, icmp->icmp_type,
		     icmp->icmp_code, *text ? " (" : "", text, *text ? ")" : "", from);
	say_advice(v, ttl ? "packets do not arrive, for a loop of routes or too small a TTL: `traceroute`"
			  : "a router or firewall rejects the SYN: the sender of the ICMP is the place; no timeout is "
			    "involved");
	if (is_of_own_rule(a, icmp))
		rejected_here(v, icmp);
	if (soft && !kernel_ended(a, v))
		say_evidence(v, "the client was told, though the socket went on, and closed it %s after SYN 0",
			     say_span(v->elapsed_ns, t));
	else if (soft && outlived_icmp(a, last_icmp(a)) && a->n_replies <= ATTEMPT_REPLIES_MAX)
		soft_error_at_end(a, v);
	else if (soft)
		say_evidence(v, "a soft error does not end connect(); the ICMP that came after SYN %d did, at %s",
			     a->n_syns > 0 ? a->n_syns - 1 : 0, say_seconds(v->elapsed_ns, t));
}

/* ---- what came back, in evidence ---- */

void say_soft_icmp6(const struct reply *icmp, struct verdict *v)
{
	const char *text = story_icmp_text(6, icmp->icmp_type, icmp->icmp_code);
	char from[ADDR_TEXT_LEN];

	addr_format(&icmp->from, from);
	say_evidence(v,
		     "icmp6 %u/%u%s%s%s came from %s while the kernel held the socket, a soft error: it went on, and "
		     "polling shows that to few programs (IPV6_RECVERR)",
		     icmp->icmp_type, icmp->icmp_code, *text ? " (" : "", text, *text ? ")" : "", from);
}

enum dropped_at { DROPPED_ELSEWHERE, DROPPED_LEAVING, DROPPED_ARRIVING };

/* On the way, in another place than the client's own namespace; or in it, where the server was, or the client. */
static enum dropped_at dropped_at(const struct drop *d)
{
	return d->place == DROP_PATH_OR_PEER   ? DROPPED_ELSEWHERE
	       : d->place == DROP_LOCAL_OUTPUT ? DROPPED_LEAVING
					       : DROPPED_ARRIVING;
}

static uint64_t dropped_replies(const struct attempt *a, enum dropped_at at)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < a->n_drops && i < ATTEMPT_DROPS_MAX; i++)
		if (a->drops[i].reply && dropped_at(&a->drops[i]) == at)
			n += a->drops[i].packets;
	return n;
}

/* How often, of the ones that arrived. */
static uint64_t say_refusals(const struct attempt *a, struct verdict *v)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < a->n_drops && i < ATTEMPT_DROPS_MAX; i++) {
		const struct drop *d = &a->drops[i];
		const struct refusal *refused = refusal_of(d);

		if (!refused)
			continue;
		n += d->packets;
		if (d->packets > 1)
			say_evidence(v, "%s came %" PRIu64 " times, and this host did not take it: %s", refusal_what(a),
				     d->packets, refused->why);
		else
			say_evidence(v, "%s came, and this host did not take it: %s", refusal_what(a), refused->why);
	}
	return n;
}

static void say_dropped(const struct attempt *a, uint64_t n_seen, struct verdict *v)
{
	uint64_t elsewhere = dropped_replies(a, DROPPED_ELSEWHERE), leaving = dropped_replies(a, DROPPED_LEAVING),
		 here = dropped_replies(a, DROPPED_ARRIVING);

	if (!elsewhere && !leaving && !here)
		here = refusal_find(a) ? 0 : n_seen;
	here -= say_refusals(a, v);
	if (here)
		say_evidence(v, "%" PRIu64 " repl%s came back and %s dropped on this host", here,
			     here == 1 ? "y" : "ies", here == 1 ? "was" : "were");
	if (leaving)
		say_evidence(v, "%" PRIu64 " repl%s dropped on %s way out of this same host", leaving,
			     leaving == 1 ? "y was" : "ies were", leaving == 1 ? "its" : "their");
	if (elsewhere)
		say_evidence(v, "%" PRIu64 " repl%s dropped before %s came to this network namespace", elsewhere,
			     elsewhere == 1 ? "y was" : "ies were", elsewhere == 1 ? "it" : "they");
}

#define ICMPS_SAID_MAX 4

static bool is_icmp(const struct reply *r, enum ignored why)
{
	return r->kind == REPLY_ICMP && r->ignored == why;
}

static bool came_before(const struct attempt *a, int i)
{
	int k;

	for (k = 0; k < i; k++)
		if (is_icmp(&a->replies[k], a->replies[i].ignored) &&
		    a->replies[k].icmp_type == a->replies[i].icmp_type &&
		    a->replies[k].icmp_code == a->replies[i].icmp_code)
			return true;
	return false;
}

/* Which ICMP errors were ignored for that: " (icmp 3/4, 11/1)", each once; nothing where none was. */
static void add_icmps(const struct attempt *a, enum ignored why, struct buf *to)
{
	int i, n = 0;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		const struct reply *r = &a->replies[i];

		if (!is_icmp(r, why) || came_before(a, i) || n++ > ICMPS_SAID_MAX)
			continue;
		if (n > ICMPS_SAID_MAX)
			buf_str(to, ", ...");
		else
			buf_fmt(to, "%s%u/%u",
				n > 1		      ? ", "
				: r->icmp_family == 6 ? " (icmp6 "
						      : " (icmp ",
				r->icmp_type, r->icmp_code);
	}
	if (n)
		buf_str(to, why == IGNORED_BY_TYPE ? ", which ends no attempt)" : ")");
}

static bool has_own_words(enum ignored i)
{
	return i == IGNORED_NOT || i == IGNORED_DROPPED || i == IGNORED_NOT_TAKEN;
}

static void say_ignored(const struct attempt *a, struct verdict *v)
{
	uint64_t n[IGNORED_N] = { 0 }, ignored = 0;
	struct buf why = { 0 };
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		uint64_t of = 1 + (uint64_t)a->replies[i].more;

		n[a->replies[i].ignored] += of;
		if (!has_own_words(a->replies[i].ignored))
			ignored += of;
	}
	say_dropped(a, n[IGNORED_DROPPED], v);
	say_not_taken(a, v);
	for (i = IGNORED_NOT + 1; i < IGNORED_N; i++) {
		if (!n[i] || has_own_words((enum ignored)i))
			continue;
		if (n[i] != ignored)
			buf_fmt(&why, "%s%" PRIu64 " ", why.len ? ", " : "", n[i]);
		buf_str(&why, ignored_word((enum ignored)i));
		add_icmps(a, (enum ignored)i, &why);
	}
	if (ignored)
		say_evidence(v, "%" PRIu64 " repl%s ignored: %s", ignored, ignored == 1 ? "y was" : "ies were",
			     buf_text(&why));
	buf_fini(&why);
	if (a->n_replies > ATTEMPT_REPLIES_MAX)
		say_evidence(v, "%d replies in all; the first %d were looked at", a->n_replies, ATTEMPT_REPLIES_MAX);
}

/* The kernel's tracepoints tell what reached the socket; what was lost before it has its own rows. */
static void say_traced(const struct attempt *a, struct verdict *v)
{
	const struct reply *icmp = last_icmp(a);
	bool six = a->flow.server.addr.family == 6;
	const char *plural = say_plural(a->n_syns);
	char t[SAY_SECONDS_LEN], sent_to[ENDPOINT_TEXT_LEN];

	if (a->deferred)
		say_evidence(v, "no SYN had left: with TCP_FASTOPEN_CONNECT it waits for the first write");
	else if (a->crossed)
		say_crossed(v);
	else if (a->soft_error && !icmp)
		say_evidence(v,
			     "its socket had noted %s, and went on: an ICMP%s came, or a route failed, then or in an "
			     "earlier attempt of that socket",
			     errno_name(a->soft_error), six ? "v6" : "");
	else if (icmp && a->soft_unshown)
		say_evidence(v,
			     "icmp%s %u/%u came %s after SYN 0, a soft error: the socket went on, and polling does not "
			     "show it",
			     six ? "6" : "", icmp->icmp_type, icmp->icmp_code,
			     say_span(icmp->t_ns - attempt_start_ns(a), t));
	else if (!a->n_replies && a->n_syns && a->segments_in)
		say_evidence(v,
			     "%" PRIu64
			     " segment%s reached the socket, and %s the SYN (%d SYN%s); packets show what %s "
			     "(--packets)",
			     a->segments_in, say_plural((int64_t)a->segments_in),
			     a->segments_in == 1 ? "did not answer" : "none answered", a->n_syns, plural,
			     a->segments_in == 1 ? "it was" : "they were");
	else if (!a->n_replies && a->n_syns && six)
		say_evidence(
			v,
			"no SYN-ACK or RST reached the socket (%d SYN%s), and it holds no ICMPv6 error; had the program "
			"read one with SO_ERROR, it would not be there any more",
			a->n_syns, plural);
	else if (!a->n_replies && a->n_syns)
		say_evidence(
			v,
			"no SYN-ACK or RST reached the socket (%d SYN%s), nor an ICMP error that the kernel heeds; "
			"others show in packets (--packets)",
			a->n_syns, plural);
	if (a->sent_to.port)
		say_evidence(v, "by conntrack a NAT rule of this host sends it to %s",
			     endpoint_format(&a->sent_to, sent_to));
	if (a->silent_hop.family)
		say_silent_hop(a, v);
	if (a->late_found)
		say_evidence(v, "its connect() was not seen: before the observation, or its event was lost");
}

static void say_unsent(const struct attempt *a, struct verdict *v)
{
	if (a->unsent)
		say_evidence(v,
			     "its timer fired %d time%s without another SYN: the one before was still on this host, or "
			     "there was no route",
			     a->unsent, say_plural(a->unsent));
}

/* Of SYNs that were not seen as packets. */
static void say_counted(const struct attempt *a, struct verdict *v)
{
	const char *plural = say_plural(a->n_syns);

	if (a->unsent && a->silent_hop.family)
		say_evidence(v, "the kernel made %d SYN%s, and none left this host", a->n_syns, plural);
	else if (a->blind)
		say_evidence(v, "packets could not be seen here; the kernel counted %d SYN%s", a->n_syns, plural);
	else
		say_evidence(v, "the kernel counted %d SYN%s, and none was seen leaving: %sno neighbour, or %s",
			     a->n_syns, plural, a->unsent ? "" : "a firewall's OUTPUT, ",
			     a->unsent ? "a queue of this host" : "another interface");
}

/* A SYN of which nothing is told looks as if it was lost elsewhere. */
static void say_missed(const struct attempt *a, struct verdict *v)
{
	uint64_t known = 0;
	int i;

	for (i = 0; i < a->n_drops && i < ATTEMPT_DROPS_MAX; i++)
		known += a->drops[i].packets;
	if (a->drops_missed && known < (uint64_t)a->n_syns)
		say_evidence(v, "so many packets were dropped meanwhile that more of its own may be among them");
}

static void say_copies(const struct attempt *a, struct verdict *v)
{
	int i;

	for (i = 0; i < a->n_drops && i < ATTEMPT_DROPS_MAX; i++)
		if (a->drops[i].may_be_copy) {
			say_evidence(v,
				     "what was dropped in network namespace %u may be a copy: its own one sends copies "
				     "(dup, TEE or mirred)",
				     a->drops[i].netns);
			return;
		}
}

/* Answers came by an interface that was not looked at, as rp_filter drops them. */
static bool dropped_here(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops && i < ATTEMPT_DROPS_MAX; i++)
		if (a->drops[i].reply && a->drops[i].place == DROP_LOCAL_INPUT)
			return true;
	return false;
}

void say_silence(const struct attempt *a, struct verdict *v)
{
	if (v->wordless)
		return;
	say_ignored(a, v);
	say_copies(a, v);
	if (a->traced) {
		say_traced(a, v);
		say_unsent(a, v);
		say_missed(a, v);
		return;
	}
	if (a->crossed && a->socket_seen)
		say_crossed(v);
	else if (!a->n_replies && a->syns_seen && !a->blind && !dropped_here(a))
		say_evidence(v, "no reply was seen on the wire");
	if (a->n_syns && (a->blind || !a->syns_seen))
		say_counted(a, v);
	else if (a->n_syns && attempt_syns_sent(a) > a->n_syns)
		say_evidence(v, "the kernel counted %d SYNs, and %d %s seen leaving", attempt_syns_sent(a), a->n_syns,
			     a->n_syns == 1 ? "was" : "were");
	if (a->found_waiting)
		say_evidence(v, "it waited already when it was first seen: %s",
			     a->syn_ns[0] < a->first_state_ns
				     ? "it began when its timer and this host's sysctls say, likely"
				     : "when it began is not known");
	say_unsent(a, v);
	if (a->silent_hop.family)
		say_silent_hop(a, v);
}
