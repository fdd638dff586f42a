/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/conntrack_rules.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "sources/conntrack.h"
#include "sources/nftask.h"
#include "sources/nlget.h"
#include "sources/sysctls.h"

static bool *place_of(struct conntrack_rules *r, uint32_t hook)
{
	switch (hook) {
	case NF_INET_LOCAL_OUT:
		return r->sends;
	case NF_INET_PRE_ROUTING:
		return r->arrives;
	case NF_INET_POST_ROUTING:
		return r->leaves;
	default:
		return NULL;
	}
}

static uint32_t hook_of(struct bytes hook)
{
	struct bytes value;
	uint16_t type;
	uint32_t n;

	while (nlget_attr(&hook, &type, &value))
		if (type == NFTA_HOOK_HOOKNUM)
			return bytes_u32(&value, true, &n) ? n : NF_INET_NUMHOOKS;
	return NF_INET_NUMHOOKS;
}

void conntrack_parse_chain(struct bytes payload, struct conntrack_rules *to)
{
	uint32_t use = 0, hook = NF_INET_NUMHOOKS;
	struct nfgenmsg of;
	struct bytes value;
	bool nat = false, *place;
	uint16_t type;
	char text[8];

	if (!bytes_copy(&payload, &of, sizeof(of)))
		return;
	while (nlget_attr(&payload, &type, &value)) {
		if (type == NFTA_CHAIN_HOOK) {
			hook = hook_of(value);
		} else if (type == NFTA_CHAIN_TYPE) {
			nlget_text(value, text, sizeof(text));
			nat = !strcmp(text, "nat");
		} else if (type == NFTA_CHAIN_USE && !bytes_u32(&value, true, &use)) {
			return;
		}
	}
	place = nat && use ? place_of(to, hook) : NULL;
	if (!place)
		return;
	place[0] |= of.nfgen_family != NFPROTO_IPV6;
	place[1] |= of.nfgen_family != NFPROTO_IPV4;
}

static void take(const struct nlget *m, void *user)
{
	if (m->type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN))
		conntrack_parse_chain(m->payload, user);
}

/* An empty chain begins with its policy. */
static void take_legacy(int fd, int level, const struct nftask_table *is, void *user)
{
	struct conntrack_rules *r = user;
	uint32_t hook;

	for (hook = 0; hook < NF_INET_NUMHOOKS && !strcmp(is->name, "nat"); hook++)
		if (place_of(r, hook))
			place_of(r, hook)[level == IPPROTO_IPV6] |= is->hook_entry[hook] != is->underflow[hook];
}

static bool is_on(const char *family, const char *device)
{
	char name[64];
	long value;

	snprintf(name, sizeof(name), "%s/conf/%.40s/forwarding", family, device);
	return !sysctls_get(name, &value) && value;
}

static bool forwards(bool six)
{
	const char *family = six ? "ipv6" : "ipv4";
	bool is = is_on(family, "all");
	struct dirent *d;
	DIR *dir;

	if (is)
		return true;
	dir = opendir(six ? "/proc/sys/net/ipv6/conf" : "/proc/sys/net/ipv4/conf");
	while (!is && dir && (d = readdir(dir)))
		is = d->d_name[0] != '.' && strcmp(d->d_name, "default") && is_on(family, d->d_name);
	if (dir)
		closedir(dir);
	return is;
}

void conntrack_rules_here(struct conntrack_rules *ret)
{
	struct conntrack_rules r = { 0 };
	long events;
	int six;

	if (!conntrack_is_there()) {
		*ret = r;
		return;
	}
	nftask(NFT_MSG_GETCHAIN, take, &r);
	for (six = 0; six < 2; six++) {
		nftask_legacy(six, take_legacy, &r);
		r.forwards[six] = (r.arrives[six] || r.leaves[six]) && forwards(six);
		r.told |= r.sends[six] || r.arrives[six] || r.leaves[six];
	}
	r.told = r.told && !sysctls_get("netfilter/nf_conntrack_events", &events) && events;
	*ret = r;
}
