/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_SCENARIO_H
#define SYNSENT_LAB_SCENARIO_H

#include "core/event.h"
#include "lab/firewall.h"

#define SCENARIO_RULES_MAX 2

enum scenario_server {
	SERVER_LISTENS,
	SERVER_STOPS,		/* before the attempt under study: RST */
	SERVER_ACCEPTS_NOTHING, /* and its accept queue is full */
};

enum scenario_route {
	ROUTES_AS_THEY_ARE,
	ROUTE_GONE,	 /* the server's address, and with it its route, is taken away */
	ROUTE_FORBIDDEN, /* the same, and a prohibit route put in its place */
};

struct scenario_rule {
	enum firewall_hook hook;
	enum firewall_match match;
	enum firewall_verdict verdict;
};

/* One way in which a connection attempt goes wrong, or nearly. */
struct scenario {
	const char *name;
	const char *summary; /* one line: what is done, what the client gets */
	const char *step;    /* the line of step 3 */
	const char *explain; /* what surprises in it, after the verdict; NULL: nothing */
	int n_rules;
	struct scenario_rule rules[SCENARIO_RULES_MAX]; /* in the order in which the kernel meets them */
	int acts;					/* which of them decides */
	enum drop_place drop; /* where the packets are lost by it; DROP_NONE: they are answered */
	bool drops_reply;
	enum scenario_server server;
	enum scenario_route route;
	int lift_after_syn;	/* the rules go after that SYN; 0: they stay */
	int64_t app_timeout_ns; /* the client's own timer, unless an option sets it */
	int64_t kill_after_ns;	/* the client is killed so long after SYN 0 */
};

/* All of them, ended by name == NULL; the first is the default. */
extern const struct scenario scenarios[];

/* NULL when there is none of that name. */
const struct scenario *scenario_find(const char *name);

#endif
