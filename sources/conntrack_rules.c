/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/conntrack_rules.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/conntrack.h"
#include "sources/nlget.h"
#include "sources/rtask.h"
#include "sources/sysctls.h"

#define GET_INFO 64 /* IPT_SO_GET_INFO and IP6T_SO_GET_INFO */

/* struct ipt_getinfo and struct ip6t_getinfo, which are the same. */
struct info {
	char name[32];
	unsigned int valid_hooks, hook_entry[5], underflow[5], num_entries, size;
};

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

static void look_in_nft(struct conntrack_rules *r)
{
	const struct nfgenmsg of = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
	struct nlput m = { 0 };

	if (!conntrack_answers("nf_tables"))
		return;
	nlput_begin(&m, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_REQUEST | NLM_F_DUMP, 1, &of, sizeof(of));
	nlput_end(&m);
	rtask_message(NETLINK_NETFILTER, &m, true, take, r);
	buf_fini(&m.b);
}

/* A question to a table that is not there would load it (net/netfilter/x_tables.c xt_request_find_table_lock()). */
static bool has_table(bool six)
{
	FILE *f = fopen(six ? "/proc/thread-self/net/ip6_tables_names" : "/proc/thread-self/net/ip_tables_names", "re");
	bool found = false;
	char line[64];

	while (f && fgets(line, sizeof(line), f))
		found |= !strcmp(line, "nat\n");
	if (f)
		fclose(f);
	return found;
}

/* An empty chain begins with its policy. */
static void look_in_legacy(bool six, struct conntrack_rules *r)
{
	struct info info = { .name = "nat" };
	socklen_t len = sizeof(info);
	uint32_t hook;
	int fd;

	if (!has_table(six))
		return;
	fd = socket(six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0)
		return;
	if (!getsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, GET_INFO, &info, &len))
		for (hook = 0; hook < NF_INET_NUMHOOKS; hook++)
			if (place_of(r, hook))
				place_of(r, hook)[six] |= info.hook_entry[hook] != info.underflow[hook];
	close(fd);
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

	if (conntrack_is_there())
		look_in_nft(&r);
	for (six = 0; six < 2 && conntrack_is_there(); six++) {
		look_in_legacy(six, &r);
		r.forwards[six] = (r.arrives[six] || r.leaves[six]) && forwards(six);
		r.told |= r.sends[six] || r.arrives[six] || r.leaves[six];
	}
	r.told = r.told && !sysctls_get("netfilter/nf_conntrack_events", &events) && events;
	*ret = r;
}
