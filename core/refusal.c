/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/refusal.h"

#include <string.h>

#define PAWS                                                                                          \
	"its timestamp echoes none that this attempt sent (PAWS)",                                    \
		"what answers in the server's place or alters timestamps (load balancer, SYN proxy, " \
		"NAT); to try: sysctl net.ipv4.tcp_timestamps=0"
#define KEY                                                                           \
	"TCP MD5 or TCP-AO: its signature is not the one that this socket wants",     \
		"the key (TCP_MD5SIG, TCP_AO_ADD_KEY; a routing daemon's password): " \
		"the same at both ends"

static const struct refusal refusals[] = {
	{ "TCP_RFC7323_PAWS", PAWS },
	{ "TCP_RFC7323_TSECR", PAWS },
	{ "TCP_MD5NOTFOUND", KEY },
	{ "TCP_MD5UNEXPECTED", KEY },
	{ "TCP_MD5FAILURE", KEY },
	{ "TCP_AUTH_HDR", KEY },
	{ "TCP_AONOTFOUND", KEY },
	{ "TCP_AOUNEXPECTED", KEY },
	{ "TCP_AOKEYNOTFOUND", KEY },
	{ "TCP_AOFAILURE", KEY },
	{ "TCP_MINTTL", "its TTL is less than the socket asks for (IP_MINTTL, IPV6_MINHOPCOUNT)",
	  "the program's minimal TTL, or the server's: each hop takes one off" },
	{ "SOCKET_FILTER", "the socket's own filter drops it (SO_ATTACH_FILTER, SO_ATTACH_BPF)",
	  "the program that attached it: `ss -tb0` shows the filter" },
	{ "XFRM_POLICY", "an IPsec policy of this host does not allow it as it came",
	  "the IPsec policy (`ip xfrm policy`), or its tunnel at the other end" },
};

const struct refusal *refusal_of(const struct drop *d)
{
	size_t i;

	if (!d->reply || d->place != DROP_LOCAL_INPUT)
		return NULL;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (!strcmp(refusals[i].reason, d->reason))
			return &refusals[i];
	return NULL;
}

const struct drop *refusal_find(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_drops && i < ATTEMPT_DROPS_MAX; i++)
		if (refusal_of(&a->drops[i]))
			return &a->drops[i];
	return NULL;
}

const char *refusal_what(const struct attempt *a)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_SYN_ACK && a->replies[i].ignored == IGNORED_DROPPED)
			return "a SYN-ACK";
	return "an answer";
}

void refusal_settle(struct attempt *a)
{
	int i;

	if (a->connected || !refusal_find(a))
		return;
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		if (a->replies[i].kind == REPLY_SYN_ACK &&
		    (a->replies[i].ignored == IGNORED_NOT || a->replies[i].ignored == IGNORED_NOT_TAKEN ||
		     (a->replies[i].ignored == IGNORED_LATE && a->replies[i].t_ns < a->ended_ns)))
			a->replies[i].ignored = IGNORED_DROPPED;
}
