/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/copies.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sources/namespaces.h"
#include "sources/nftask.h"
#include "sources/nlget.h"
#include "sources/rtask.h"

#define NAME_LEN 32
#define TARGET_NAME_LEN 29 /* of struct xt_entry_target, which ends in 0 */

static bool is_tee(struct bytes data)
{
	struct bytes value;
	char name[NAME_LEN];
	uint16_t type;

	while (nlget_attr(&data, &type, &value))
		if (type == NFTA_TARGET_NAME) {
			nlget_text(value, name, sizeof(name));
			return !strcmp(name, "TEE");
		}
	return false;
}

static bool copies(struct bytes expression)
{
	struct bytes value, data = { 0 };
	char name[NAME_LEN] = "";
	uint16_t type;

	while (nlget_attr(&expression, &type, &value))
		if (type == NFTA_EXPR_NAME)
			nlget_text(value, name, sizeof(name));
		else if (type == NFTA_EXPR_DATA)
			data = value;
	return !strcmp(name, "dup") || (!strcmp(name, "target") && is_tee(data));
}

bool copies_parse_rule(struct bytes payload)
{
	struct bytes list, each;
	uint16_t type;

	if (!bytes_skip(&payload, sizeof(struct nfgenmsg)))
		return false;
	while (nlget_attr(&payload, &type, &list))
		while (type == NFTA_RULE_EXPRESSIONS && nlget_attr(&list, &(uint16_t){ 0 }, &each))
			if (copies(each))
				return true;
	return false;
}

static void take_rule(const struct nlget *m, void *user)
{
	if (m->type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE))
		*(bool *)user |= copies_parse_rule(m->payload);
}

static bool mirrors(struct bytes action)
{
	struct bytes value, options = { 0 };
	struct tc_mirred is = { 0 };
	uint16_t type;

	while (nlget_attr(&action, &type, &value))
		if (type == TCA_ACT_OPTIONS)
			options = value;
	while (nlget_attr(&options, &type, &value))
		if (type == TCA_MIRRED_PARMS && !bytes_copy(&value, &is, sizeof(is)))
			return false;
	return is.eaction == TCA_EGRESS_MIRROR || is.eaction == TCA_INGRESS_MIRROR;
}

static void take_actions(const struct nlget *m, void *user)
{
	struct bytes b = m->payload, tab, each;
	uint16_t type;

	if (m->type != RTM_GETACTION || !bytes_skip(&b, sizeof(struct tcamsg)))
		return;
	while (nlget_attr(&b, &type, &tab))
		while (type == TCA_ROOT_TAB && nlget_attr(&tab, &(uint16_t){ 0 }, &each))
			*(bool *)user |= mirrors(each);
}

/* Asks for the actions of one kind, which are looked up among those that are loaded (net/sched/act_api.c). */
static void look_in_tc(bool *found)
{
	const struct tcamsg of = { .tca_family = AF_UNSPEC };
	struct nlput m = { 0 };
	size_t tab, first;

	nlput_begin(&m, RTM_GETACTION, NLM_F_REQUEST | NLM_F_DUMP, 1, &of, sizeof(of));
	tab = nlput_nest(&m, TCA_ROOT_TAB);
	first = nlput_nest(&m, 1);
	nlput_text(&m, TCA_ACT_KIND, "mirred");
	nlput_end_nest(&m, first);
	nlput_end_nest(&m, tab);
	nlput_end(&m);
	rtask_message(NETLINK_ROUTE, &m, true, take_actions, found);
	buf_fini(&m.b);
}

/* struct ipt_get_entries and struct ip6t_get_entries. */
struct entries {
	char name[32];
	unsigned int size;
	uint64_t table[];
};

static void look_in_table(int fd, int level, const struct nftask_table *is, void *user)
{
	static const char tee[TARGET_NAME_LEN] = "TEE";
	socklen_t len = (socklen_t)(sizeof(struct entries) + is->size);
	struct entries *all = calloc(1, len);
	bool *found = user;

	if (!all)
		return;
	memcpy(all->name, is->name, sizeof(all->name));
	all->size = is->size;
	if (!getsockopt(fd, level, NFTASK_GET_ENTRIES, all, &len))
		*found |= memmem(all->table, is->size, tee, sizeof(tee)) != NULL;
	free(all);
}

static int look(void *arg)
{
	bool *found = arg;

	nftask(NFT_MSG_GETRULE, take_rule, found);
	if (!*found)
		look_in_tc(found);
	if (!*found)
		nftask_legacy(false, look_in_table, found);
	if (!*found)
		nftask_legacy(true, look_in_table, found);
	return 0;
}

bool copies_are_made(struct namespaces *n, uint32_t netns)
{
	bool found = false;

	namespaces_call(n, netns, look, &found, NULL);
	return found;
}
