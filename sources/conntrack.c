/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/conntrack.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <unistd.h>

#include "sources/modules.h"
#include "sources/namespaces.h"
#include "sources/rtask.h"

#define COUNT "/proc/sys/net/netfilter/nf_conntrack_count"

struct search {
	const struct flow *of;
	struct flow *ret;
	bool found;
};

bool conntrack_is_there(void)
{
	return !access(COUNT, F_OK);
}

bool conntrack_answers(const char *module)
{
	if (!conntrack_is_there())
		return false;
	/* where conntrack is no module, both are built in */
	return module_is(MODULES_LIST, module) == MODULE_LOADED ||
	       module_is(MODULES_LIST, "nf_conntrack") != MODULE_LOADED;
}

static void take(const struct nlget *m, void *user)
{
	struct search *k = user;
	struct flow as;

	if (m->type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) || !conntrack_parse(m->payload, &as))
		return;
	k->found = !endpoint_equal(&as.client, &k->of->client) || !endpoint_equal(&as.server, &k->of->server);
	*k->ret = as;
}

static int look(void *arg)
{
	struct search *k = arg;
	struct nlput m = { 0 };

	if (!conntrack_answers("nf_conntrack_netlink"))
		return 0;
	conntrack_question(k->of, &m);
	rtask_message(NETLINK_NETFILTER, &m, false, take, k);
	buf_fini(&m.b);
	return 0;
}

bool conntrack_find(struct namespaces *n, uint32_t netns, const struct flow *f, struct flow *ret)
{
	struct search k = { .of = f, .ret = ret };

	namespaces_call(n, netns, look, &k, NULL);
	return k.found;
}
