/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/scenario.h"

#include <string.h>

#define SECOND 1000000000LL
#define DROP_IN                                      \
	{                                            \
		HOOK_INPUT, MATCH_TO_SERVER, FW_DROP \
	}

const struct scenario scenarios[] = {
	{
		.name = "drop",
		.summary = "the server's firewall drops the SYN; the kernel gives up",
		.step = "The firewall drops SYNs to it",
		.n_rules = 1,
		.rules = { DROP_IN },
		.drop = DROP_LOCAL_INPUT,
	},
	{
		.name = "drop-output",
		.summary = "this host's own firewall drops the SYN; ETIMEDOUT",
		.step = "The firewall drops SYNs on their way out",
		.explain = "A rule in OUTPUT drops the SYN before any packet socket sees it: tcpdump shows\n"
			   "nothing, and connect() gets no error either. Only the kernel's own counts tell\n"
			   "that it sends.",
		.n_rules = 1,
		.rules = { { HOOK_OUTPUT, MATCH_TO_SERVER, FW_DROP } },
		.drop = DROP_LOCAL_OUTPUT,
	},
	{
		.name = "drop-synack",
		.summary = "the answer is dropped on its way back; ETIMEDOUT",
		.step = "The firewall drops the server's SYN-ACKs",
		.explain = "The capture shows the SYN-ACKs: a packet socket sees what comes in before the\n"
			   "firewall does. The server waits in SYN-RECV and sends its SYN-ACK again, for\n"
			   "each SYN and by a timer of its own.",
		.n_rules = 1,
		.rules = { { HOOK_INPUT, MATCH_SYN_ACK, FW_DROP } },
		.drop = DROP_LOCAL_INPUT,
		.drops_reply = true,
	},
	{
		.name = "reset",
		.summary = "the firewall rejects with a TCP reset; ECONNREFUSED at once",
		.step = "The firewall rejects SYNs with a TCP reset",
		.explain = "A reset by a firewall looks like a closed port: no timeout, a refusal at once.",
		.n_rules = 1,
		.rules = { { HOOK_INPUT, MATCH_TO_SERVER, FW_REJECT_RST } },
		.drop = DROP_LOCAL_INPUT,
	},
	{
		.name = "host-prohibited",
		.summary = "the firewall rejects with ICMP; EHOSTUNREACH, on lo 1 s late",
		.step = "The firewall rejects SYNs with ICMP",
		.explain = "From a router on the way this ICMP ends connect() at once. Over lo it comes back\n"
			   "while connect() still holds the socket, so the kernel keeps it as a soft error,\n"
			   "waits, and fails only when the first retransmission is answered in the same way.",
		.n_rules = 1,
		.rules = { { HOOK_INPUT, MATCH_TO_SERVER, FW_REJECT_HOST_PROHIBITED } },
		.drop = DROP_LOCAL_INPUT,
	},
	{
		.name = "no-listener",
		.summary = "nothing listens; RST, ECONNREFUSED at once",
		.step = "The server stops",
		.server = SERVER_STOPS,
	},
	{
		.name = "backlog-full",
		.summary = "the server's accept queue is full; ETIMEDOUT, with no rule",
		.step = "The server's accept queue is filled up",
		.explain = "No firewall, no RST: where a listener's accept queue is full the kernel ignores\n"
			   "SYNs in silence. On the server, `ss -ltn` shows Recv-Q above Send-Q, and\n"
			   "TcpExtListenOverflows (`nstat -az`) grows with each SYN.",
		.drop = DROP_PEER_BACKLOG,
		.server = SERVER_ACCEPTS_NOTHING,
	},
	{
		.name = "no-route",
		.summary = "no route to the server; ENETUNREACH at once, no SYN leaves",
		.step = "The server's address and its route go away",
		.route = ROUTE_GONE,
	},
	{
		.name = "prohibit-route",
		.summary = "a prohibit route; EACCES at once, no SYN leaves",
		.step = "A prohibit route replaces its address",
		.route = ROUTE_FORBIDDEN,
	},
	{
		.name = "late-answer",
		.summary = "the rule goes after SYN 2; connected on SYN 3, 7 seconds late",
		.step = "The firewall drops SYNs to it, for now",
		.explain = "Nothing failed, and yet the user waited: connect times near 1, 3 or 7 s mean\n"
			   "lost SYNs.",
		.n_rules = 1,
		.rules = { DROP_IN },
		.drop = DROP_LOCAL_INPUT,
		.lift_after_syn = 2,
	},
	{
		.name = "shadowed",
		.summary = "an ACCEPT for lo stands before the DROP; connected",
		.step = "The firewall drops SYNs, below an ACCEPT for lo",
		.explain = "Rules are read from the top, and the first that decides wins. Many distributions\n"
			   "accept lo first, so a DROP that is appended (iptables -A) never sees a local\n"
			   "packet. Insert it (iptables -I) instead.",
		.n_rules = 2,
		.rules = { { HOOK_INPUT, MATCH_LOOPBACK, FW_ACCEPT }, DROP_IN },
	},
	{
		.name = "shadowed-reject",
		.summary = "a REJECT by ICMP stands before the DROP; EHOSTUNREACH",
		.step = "The firewall drops SYNs, below a REJECT",
		.explain = "Some distributions end their rules with a REJECT (icmp-host-prohibited). A DROP\n"
			   "appended below it is never reached: the client gets EHOSTUNREACH, not a timeout.\n"
			   "Insert the DROP (iptables -I) instead.",
		.n_rules = 2,
		.rules = { { HOOK_INPUT, MATCH_TO_SERVER, FW_REJECT_HOST_PROHIBITED }, DROP_IN },
		.drop = DROP_LOCAL_INPUT,
	},
	{
		.name = "abandon",
		.summary = "the client's own timer, 2.5 s, is shorter: the client gives up",
		.step = "The firewall drops SYNs to it",
		.explain = "When a client closes a socket in SYN-SENT the kernel sends nothing at all: on\n"
			   "the wire the SYNs just stop before their schedule ends. That tells it from a\n"
			   "timeout of the kernel.",
		.n_rules = 1,
		.rules = { DROP_IN },
		.drop = DROP_LOCAL_INPUT,
		.app_timeout_ns = 5 * SECOND / 2,
	},
	{
		.name = "killed",
		.summary = "the client is killed after 1.5 s, while it waits",
		.step = "The firewall drops SYNs to it",
		.n_rules = 1,
		.rules = { DROP_IN },
		.drop = DROP_LOCAL_INPUT,
		.kill_after_ns = 3 * SECOND / 2,
	},
	{ .name = NULL },
};

const struct scenario *scenario_find(const char *name)
{
	const struct scenario *s;

	for (s = scenarios; s->name; s++)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}
