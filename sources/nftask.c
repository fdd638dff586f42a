/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nftask.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/conntrack.h"
#include "sources/modules.h"

#define GET_INFO 64 /* IPT_SO_GET_INFO and IP6T_SO_GET_INFO */

/* With or without conntrack: rules that copy need none. */
static bool answers(void)
{
	return module_is(MODULES_LIST, "nf_tables") != MODULE_NOT_LOADED || conntrack_answers("nf_tables");
}

void nftask(uint8_t type, rtask_fn *fn, void *user)
{
	const struct nfgenmsg of = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
	struct nlput m = { 0 };

	if (!answers())
		return;
	nlput_begin(&m, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_REQUEST | NLM_F_DUMP, 1, &of, sizeof(of));
	nlput_end(&m);
	rtask_message(NETLINK_NETFILTER, &m, true, fn, user);
	buf_fini(&m.b);
}

/* A question to a table that is not there would load it (net/netfilter/x_tables.c xt_request_find_table_lock()). */
void nftask_legacy(bool six, nftask_table_fn *fn, void *user)
{
	FILE *f = fopen(six ? "/proc/thread-self/net/ip6_tables_names" : "/proc/thread-self/net/ip_tables_names", "re");
	int fd = f ? socket(six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW) : -1;
	const int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	char line[64];

	while (fd >= 0 && fgets(line, sizeof(line), f)) {
		struct nftask_table is = { 0 };
		socklen_t len = sizeof(is);

		line[strcspn(line, "\n")] = 0;
		snprintf(is.name, sizeof(is.name), "%.31s", line);
		if (!getsockopt(fd, level, GET_INFO, &is, &len))
			fn(fd, level, &is, user);
	}
	if (fd >= 0)
		close(fd);
	if (f)
		fclose(f);
}
