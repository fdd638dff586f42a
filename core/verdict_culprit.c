/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_culprit.h"

#include <stdio.h>
#include <string.h>

#include "core/refusal.h"
#include "core/verdict.h"
#include "core/verdict_not_taken.h"

static bool is_on_host(const struct drop *d)
{
	return d->place == DROP_LOCAL_OUTPUT || d->place == DROP_LOCAL_INPUT ||
	       (d->place == DROP_PATH_OR_PEER && d->netns && !d->may_be_copy);
}

static bool is_by_rule(const struct drop *d)
{
	return d->reason[0] ? !strcmp(d->reason, "NETFILTER_DROP") : d->rule[0] != 0;
}

const struct drop *drop_on_host(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops && i < ATTEMPT_DROPS_MAX; i++)
		if (is_on_host(&a->drops[i]))
			return &a->drops[i];
	return NULL;
}

const struct drop *drop_that_rejected(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops && i < ATTEMPT_DROPS_MAX; i++) {
		const struct drop *d = &a->drops[i];

		if (is_on_host(d) && is_by_rule(d) && drop_took_all_syns(a, d))
			return d;
	}
	return NULL;
}

const char *verdict_queue_advice(const struct drop *d)
{
	return drop_is_of_syn_queue(d)
		       ? "the server's side: sysctl net.ipv4.tcp_syncookies=1; or raise net.ipv4.tcp_max_syn_backlog, the "
			 "listener's backlog and net.core.somaxconn"
		       : "the server's side: let it accept faster, or raise its backlog and net.core.somaxconn";
}

const char *say_full_queue(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops && i < ATTEMPT_DROPS_MAX; i++)
		if (a->drops[i].place == DROP_PEER_BACKLOG)
			return verdict_queue_advice(&a->drops[i]);
	return NULL;
}

const char *say_culprit(const struct drop *d, char to[CULPRIT_LEN])
{
	const struct refusal *refused = refusal_of(d);

	if (refused)
		return refused->helps;
	if (!is_by_rule(d))
		return "what dropped its packets";
	if (d->rule[0] && d->rule_by != RULE_BY_GUESS)
		return "that rule";
	if (d->rule_untraced)
		return "the firewall rule that dropped its packets (`synsent watch --rules` names it)";
	if (!d->netns)
		return "the firewall rule that dropped its packets";
	snprintf(to, CULPRIT_LEN,
		 "the firewall rule that dropped its packets in network namespace %u (`lsns -t net`): `synsent watch "
		 "--rules --netns PID` names it",
		 d->netns);
	return to;
}

/* Of SYN-ACKs that reached the socket, which wanted none of them. */
static bool acks_are_wrong(const struct attempt *a)
{
	int i, n = 0;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		if (a->replies[i].kind != REPLY_SYN_ACK || a->replies[i].ignored != IGNORED_WRONG_ACK)
			return false;
		n++;
	}
	return n;
}

const char *say_what_loses(const struct attempt *a, char to[CULPRIT_LEN])
{
	const struct addr *server = &a->flow.server.addr;
	const struct drop *d = drop_on_host(a);

	if (d)
		return say_culprit(d, to);
	if ((a->n_drops && !a->drops[0].may_be_copy) || a->crossed)
		return NULL;
	if (attempt_answer_was_dropped(a))
		return "what drops the answers on this host: its firewall, on their way in, or rp_filter";
	if (acks_are_wrong(a))
		return REFUSAL_WRONG_ACK_HELPS;
	if (not_taken_advice(a))
		return not_taken_advice(a);
	if (!a->n_syns)
		return NULL;
	if (a->silent_hop.family)
		return "the neighbour that does not answer (`ip neigh`): the next hop is down, or the address is wrong";
	if (a->n_replies || a->segments_in || a->soft_error)
		return NULL;
	if (a->drops_missed)
		return "what drops so many packets on this host, if its own are among them, or loses them elsewhere: a capture "
		       "at the server shows which";
	if (a->unsent)
		return "what keeps SYNs on this host: a neighbour that does not answer (`ip neigh`), a queue, or no "
		       "route, by the socket's mark, user or source, too (`ip rule`)";
	if (!a->traced && !a->blind && !a->syns_seen)
		return "what keeps the SYNs from leaving this host: its firewall, on their way out, or a neighbour "
		       "that does not answer (`ip neigh`)";
	if (a->sent_to.port)
		server = &a->sent_to.addr;
	if (addr_is_loopback(server) || addr_equal(&a->flow.client.addr, server))
		return "what ignores SYNs on this host: a full accept queue (`ss -ltn`: Recv-Q above Send-Q), or a "
		       "firewall";
	return "whatever loses SYNs or answers, which a capture at the server, or nearer to it, shows";
}
