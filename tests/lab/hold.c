/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <unistd.h>

#include "lab/fast.h"
#include "lab/firewall.h"
#include "lab/netif.h"
#include "lab/sandbox.h"

/*
 * A lab with all that one can hold, which then waits to be killed: sigkill.py
 * runs it many times.
 */
int main(void)
{
	struct firewall_rule rules[2] = {
		{ HOOK_INPUT, MATCH_TO_SERVER, .verdict = FW_DROP, .comment = "one" },
		{ HOOK_OUTPUT, MATCH_LOOPBACK, .verdict = FW_ACCEPT, .comment = "two" },
	};
	struct sandbox_opts o = { 0 };
	struct err e = { 0 };
	struct sandbox sb;
	struct fast *f;
	int r;

	endpoint_parse("127.0.0.1:12345", &rules[0].server);
	if (sandbox_enter(&o, &sb, &e)) {
		fprintf(stderr, "%s\n%s\n", e.what, e.remedy);
		return 77;
	}
	r = netif_up("lo", &e);
	if (!r)
		r = firewall_add(rules, 2, &e);
	if (!r && geteuid() == 0) {
		r = fast_start(3, &f, &e);
		if (e.exit_code == 77) /* without eBPF there is less to leave behind */
			r = 0;
	}
	if (r) {
		fprintf(stderr, "%s\n", e.what);
		return 1;
	}
	/* A process that has left the group and the session, as a daemon does. */
	if (!fork())
		setsid();
	if (write(STDOUT_FILENO, "r", 1) != 1)
		return 1;
	for (;;)
		pause();
}
