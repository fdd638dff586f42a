/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/conntrack_rules.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/conntrack.h"
#include "sources/namespaces.h"
#include "sources/nlget.h"
#include "sources/rtask.h"

#define LOCAL_OUT 3 /* NF_INET_LOCAL_OUT */
#define GET_INFO 64 /* IPT_SO_GET_INFO and IP6T_SO_GET_INFO */

/* struct ipt_getinfo and struct ip6t_getinfo, which are the same. */
struct info {
	char name[32];
	unsigned int valid_hooks, hook_entry[5], underflow[5], num_entries, size;
};

struct look {
	bool six, found;
};

static bool is_output(struct bytes hook)
{
	struct bytes value;
	uint16_t type;
	uint32_t n;

	while (nlget_attr(&hook, &type, &value))
		if (type == NFTA_HOOK_HOOKNUM)
			return bytes_u32(&value, true, &n) && n == LOCAL_OUT;
	return false;
}

bool conntrack_parse_chain(struct bytes payload)
{
	bool output = false, nat = false;
	struct bytes value;
	uint32_t use = 0;
	uint16_t type;
	char text[8];

	if (!bytes_skip(&payload, sizeof(struct nfgenmsg)))
		return false;
	while (nlget_attr(&payload, &type, &value)) {
		if (type == NFTA_CHAIN_HOOK) {
			output = is_output(value);
		} else if (type == NFTA_CHAIN_TYPE) {
			nlget_text(value, text, sizeof(text));
			nat = !strcmp(text, "nat");
		} else if (type == NFTA_CHAIN_USE && !bytes_u32(&value, true, &use)) {
			return false;
		}
	}
	return output && nat && use;
}

static void take(const struct nlget *m, void *user)
{
	struct look *k = user;

	if (m->type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN))
		k->found |= conntrack_parse_chain(m->payload);
}

static void look_in_nft(struct look *k)
{
	const struct nfgenmsg of = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 };
	struct nlput m = { 0 };

	if (!conntrack_answers("nf_tables"))
		return;
	nlput_begin(&m, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_REQUEST | NLM_F_DUMP, 1, &of, sizeof(of));
	nlput_end(&m);
	rtask_message(NETLINK_NETFILTER, &m, true, take, k);
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
static void look_in_legacy(struct look *k)
{
	struct info info = { .name = "nat" };
	socklen_t len = sizeof(info);
	int fd;

	if (!has_table(k->six))
		return;
	fd = socket(k->six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0)
		return;
	if (!getsockopt(fd, k->six ? IPPROTO_IPV6 : IPPROTO_IP, GET_INFO, &info, &len))
		k->found |= info.hook_entry[LOCAL_OUT] != info.underflow[LOCAL_OUT];
	close(fd);
}

static int look(void *arg)
{
	struct look *k = arg;

	look_in_nft(k);
	if (!k->found)
		look_in_legacy(k);
	return 0;
}

bool conntrack_has_rules(struct namespaces *n, uint32_t netns, bool six)
{
	struct look k = { .six = six };

	if (conntrack_is_there())
		namespaces_call(n, netns, look, &k, NULL);
	return k.found;
}
