/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/verdict_culprit.h"
#include "core/verdict_replies.h"
#include "core/verdict_say.h"

static bool rejected_at(const struct attempt *a, enum drop_place place)
{
	int i;

	for (i = 0; i < a->n_drops; i++)
		if (a->drops[i].place == place && drop_took_all_syns(a, &a->drops[i]))
			return true;
	return false;
}

bool is_rejected_here(const struct attempt *a)
{
	return rejected_at(a, DROP_LOCAL_OUTPUT) && drop_by_firewall(a);
}

void rejected_here(struct verdict *v, const struct reply *icmp)
{
	if (icmp)
		say_headline(v, "a rule of this host rejected it with icmp%s %u/%u", icmp->icmp_family == 6 ? "6" : "",
			     icmp->icmp_type, icmp->icmp_code);
	else
		say_headline(v, "a rule of this host rejected it with an ICMP error");
	say_remedy(v, "that rule, in this host's own firewall, on the way out; no timeout is involved");
}

/* A port of another host this one has no other reason to call unreachable. */
bool is_of_own_rule(const struct attempt *a, const struct reply *icmp)
{
	const struct addr *client = &a->flow.client.addr, *server = &a->flow.server.addr;
	bool other_host = !addr_is_any(client) && !addr_equal(client, server) && !addr_is_loopback(server);

	if (!icmp->own && !addr_equal(&icmp->from, client))
		return false;
	return is_rejected_here(a) || (other_host && is_port_unreachable(icmp));
}

static void refused_by_icmp(const struct attempt *a, struct verdict *v, const struct reply *icmp)
{
	char from[ADDR_TEXT_LEN];

	addr_format(&icmp->from, from);
	say_headline(v, "an ICMP port unreachable answered the SYN");
	say_evidence(v, "icmp%s %u/%u from %s", icmp->icmp_family == 6 ? "6" : "", icmp->icmp_type, icmp->icmp_code,
		     from);
	say_advice(v, "a firewall rejects it with an ICMP: its sender is the place; no timeout is involved");
	if (is_of_own_rule(a, icmp)) {
		v->gave_up_by = GAVE_UP_NETWORK;
		rejected_here(v, icmp);
	} else if (!addr_equal(&icmp->from, &a->flow.server.addr)) {
		v->gave_up_by = GAVE_UP_NETWORK;
		say_headline(v, "a firewall on the way, %s, refused with an ICMP port unreachable", from);
	}
}

/* The SYN that a reply followed. */
static int syn_before(const struct attempt *a, const struct reply *r)
{
	int i = a->n_syns < ATTEMPT_SYNS_MAX ? a->n_syns - 1 : ATTEMPT_SYNS_MAX - 1;

	while (i > 0 && a->syn_ns[i] > r->t_ns)
		i--;
	return i > 0 ? i : 0;
}

/* Neither a SYN nor an answer was among the packets of the device, and yet it was refused. */
static void refused_unseen(struct verdict *v)
{
	v->gave_up_by = GAVE_UP_NETWORK;
	v->confidence = CONFIDENCE_LIKELY;
	say_headline(v, "a rule of this host refused it with an RST, likely");
	say_evidence(v, "no SYN left this host, and no RST came, by the packets of its device");
	say_remedy(v, "that rule, in this host's own firewall, on the way out; no timeout is involved");
}

#define REJECTS_WITHIN_NS (5 * (int64_t)1000000)

/* A rule that dropped a SYN where the RST may be its own: that of all SYNs, or of one just then. */
static const struct drop *may_have_reset(const struct attempt *a, const struct reply *rst)
{
	int i;

	for (i = 0; i < a->n_drops; i++) {
		const struct drop *d = &a->drops[i];

		if (d->reply || d->may_be_copy || strncmp(d->reason, "NETFILTER_", strlen("NETFILTER_")))
			continue;
		if (drop_took_all_syns(a, d) || imaxabs(rst->t_ns - d->last_ns) < REJECTS_WITHIN_NS)
			return d;
	}
	return NULL;
}

/* Or that RST was the peer's. */
static void refused_by_rule(const struct attempt *a, struct verdict *v, const struct drop *d)
{
	bool all = drop_took_all_syns(a, d);
	char culprit[CULPRIT_LEN];

	v->confidence = CONFIDENCE_LIKELY;
	if (d->place == DROP_LOCAL_INPUT) {
		say_headline(v, "a rule at the server's end refused it with an RST, likely");
	} else {
		v->gave_up_by = GAVE_UP_NETWORK;
		say_headline(v, "a rule %s refused it with an RST, likely",
			     d->place == DROP_LOCAL_OUTPUT ? "of this host"
							   : "in another network namespace of this host");
	}
	say_evidence(v, "a firewall there dropped %s", all ? "every SYN, and an RST came" : "a SYN when the RST came");
	say_remedy(v, "%s; no timeout is involved", say_culprit(d, culprit));
}

/* It came to a port where nobody listens because a rule sent it there. */
static const struct drop *redirected(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops; i++)
		if (a->drops[i].sent_to.port && !strcmp(a->drops[i].reason, "NO_SOCKET"))
			return &a->drops[i];
	return NULL;
}

/* The stack that has that port refused it, and not the server that was asked for unless the rule is the server's. */
static void refused_elsewhere(struct verdict *v, const struct drop *d)
{
	char to[ENDPOINT_TEXT_LEN];

	endpoint_format(&d->sent_to, to);
	if (d->place == DROP_PATH_OR_PEER) {
		say_headline(v,
			     "in another network namespace of this host a NAT rule sent it to %s, where nobody listens",
			     to);
	} else {
		v->gave_up_by = GAVE_UP_NETWORK;
		say_headline(v, "a NAT rule of this host sent it to %s, where nobody listens", to);
	}
	say_evidence(v, "the SYN came to %s, and found no socket", to);
	say_remedy(v, "the NAT rule (`nft list ruleset`, `iptables -t nat -S`), or what should listen on %s", to);
}

static void say_sent_to(const struct attempt *a, struct verdict *v)
{
	char to[ENDPOINT_TEXT_LEN];

	endpoint_format(&a->sent_to, to);
	if (a->sent_by_netns)
		say_evidence(v, "by conntrack a NAT rule in network namespace %u (`lsns -t net`) had sent it to %s",
			     a->sent_by_netns, to);
	else
		say_evidence(v, "by conntrack a NAT rule of this host had sent it to %s", to);
}

/* Why it is only likely that it was not sent elsewhere, or not further. */
static void say_may_be_sent_on(const struct attempt *a, struct verdict *v)
{
	v->confidence = CONFIDENCE_LIKELY;
	if (a->may_be_sent_on == SENT_ON_PERHAPS)
		say_evidence(
			v,
			"a NAT rule of this host may have sent it elsewhere: there are such rules for what it sends");
	else if (a->may_be_sent_on == SENT_ON_PERHAPS_THERE)
		say_evidence(
			v,
			"a NAT rule in network namespace %u (`lsns -t net`) may have sent it elsewhere: there are such "
			"rules for what comes through it",
			a->may_be_sent_by);
	else
		say_evidence(v,
			     "a NAT rule may have sent it elsewhere: those of its network namespace could not be read");
}

/* What is there, or in front of it, refused it: not the server that was asked for.  rst NULL: its packet was not seen.
 */
static void refused_behind_nat(const struct attempt *a, struct verdict *v, const struct reply *rst)
{
	int n = rst ? syn_before(a, rst) : 0;
	char to[ENDPOINT_TEXT_LEN], answer[32] = "";

	endpoint_format(&a->sent_to, to);
	if (rst)
		snprintf(answer, sizeof(answer), "an RST %s SYN %d: ", n ? "came after" : "answered", n);
	say_headline(v, "%s%s refused, where a NAT rule %s had sent it%s", answer, to,
		     a->sent_by_netns ? "in another network namespace of this host" : "of this host",
		     a->may_be_sent_on ? ", likely" : "");
	say_remedy(v,
		   "what should listen on %s, or a firewall that rejects it there with an RST, or the NAT rule (`nft "
		   "list ruleset`, `iptables -t nat -S`); no timeout is involved",
		   to);
	if (a->may_be_sent_on)
		say_may_be_sent_on(a, v);
}

/* The answer says that it is the server's, wherever NAT had sent it. */
static void refused_by_whom(const struct attempt *a, struct verdict *v, const struct reply *rst)
{
	int n = syn_before(a, rst);

	say_headline(v, "an RST %s SYN %d: the peer refused, likely", n ? "came after" : "answered", n);
	say_may_be_sent_on(a, v);
	say_advice(v, "nothing listens on that port, there or where the NAT rule sends it (`nft list ruleset`, "
		      "`iptables -t nat -S`), or a firewall rejects it with an RST; no timeout is involved");
}

void refused(const struct attempt *a, struct verdict *v, enum confidence c)
{
	const struct reply *rst = first_accepted(a, REPLY_RST), *icmp = first_accepted(a, REPLY_ICMP);
	const struct drop *by = drop_that_rejected(a), *rule, *nat = redirected(a);
	char from[ADDR_TEXT_LEN], culprit[CULPRIT_LEN];

	say_conclusion(v, OUTCOME_REFUSED, GAVE_UP_PEER, LIMIT_NONE, c);
	v->error = ECONNREFUSED;
	say_headline(v, "the peer refused the connection");
	say_advice(v, "nothing listens on that port, or a firewall rejects it with an RST; no timeout is involved");
	if (rst) {
		/* one that comes when SYN 1 has left may be of SYN 0: it acknowledges both alike */
		say_headline(v, "an RST %s SYN %d: the peer refused", syn_before(a, rst) ? "came after" : "answered",
			     syn_before(a, rst));
		if (rst->ttl)
			say_evidence(v, "RST from %s, ttl %u, acknowledging the SYN", addr_format(&rst->from, from),
				     rst->ttl);
		else
			say_evidence(v, "the kernel took an RST for it");
	} else if (icmp && is_port_unreachable(icmp)) {
		refused_by_icmp(a, v, icmp);
	} else if (a->blind || (a->lost && !a->syns_seen && !a->traced)) {
		v->confidence = CONFIDENCE_LIKELY;
		say_headline(v, "the connection was refused, by the peer or a firewall");
		say_evidence(v, "packets %s, so not who answered", a->blind ? "could not be seen here" : "were lost");
	} else if (a->traced && is_rejected_here(a)) {
		v->gave_up_by = GAVE_UP_NETWORK;
		rejected_here(v, NULL);
		say_evidence(v, "no SYN left this host, and no RST came: an ICMP error of its own");
	} else if (a->traced) {
		v->confidence = CONFIDENCE_LIKELY;
		say_headline(v, "the connection was refused, likely with an ICMP%s port unreachable",
			     a->flow.server.addr.family == 6 ? "v6" : "");
		say_advice(v, "a firewall rejects it, the server's or one on the way; no timeout is involved");
		say_evidence(v,
			     "the kernel told of no RST: an ICMP%s port unreachable, whose sender shows in packets "
			     "(--packets), or the event was lost",
			     a->flow.server.addr.family == 6 ? "v6" : "");
	} else if (!a->syns_seen && !a->sent_to.port) {
		refused_unseen(v);
	}
	if (rst && nat) {
		refused_elsewhere(v, nat);
	} else if (rst && rejected_at(a, DROP_LOCAL_INPUT)) {
		say_headline(v, "a rule at the server's end answered SYN %d with an RST", syn_before(a, rst));
	} else if (rst && rejected_at(a, DROP_LOCAL_OUTPUT)) {
		v->gave_up_by = GAVE_UP_NETWORK;
		say_headline(v, "a rule of this host refused it with an RST");
	} else if (rst && (rule = may_have_reset(a, rst))) {
		refused_by_rule(a, v, rule);
	} else if (!icmp && a->sent_to.port) {
		refused_behind_nat(a, v, rst);
	} else if (rst && a->may_be_sent_on) {
		refused_by_whom(a, v, rst);
	} else if (!icmp && a->may_be_sent_on) {
		say_may_be_sent_on(a, v);
	}
	if (!icmp && !nat && a->sent_to.port)
		say_sent_to(a, v);
	if (by)
		say_remedy(v, "%s; no timeout is involved", say_culprit(by, culprit));
}
