/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/netprogs_parse.h"

#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "sources/nlget.h"

/* One program may be told of twice: by its mode, and as "the" program. */
struct xdp {
	uint32_t any, generic, native, offload;
	uint8_t attached;
};

static void xdp_attributes(struct bytes nest, struct xdp *x)
{
	struct bytes value;
	uint16_t type;

	while (nlget_attr(&nest, &type, &value)) {
		if (type == IFLA_XDP_ATTACHED)
			bytes_u8(&value, &x->attached);
		else if (type == IFLA_XDP_PROG_ID)
			bytes_u32(&value, false, &x->any);
		else if (type == IFLA_XDP_SKB_PROG_ID)
			bytes_u32(&value, false, &x->generic);
		else if (type == IFLA_XDP_DRV_PROG_ID)
			bytes_u32(&value, false, &x->native);
		else if (type == IFLA_XDP_HW_PROG_ID)
			bytes_u32(&value, false, &x->offload);
	}
	/* Before Linux 4.19 there is one program, and its id by mode is not told. */
	if (x->any && !x->generic && !x->native && !x->offload)
		*(x->attached == XDP_ATTACHED_SKB  ? &x->generic
		  : x->attached == XDP_ATTACHED_HW ? &x->offload
						   : &x->native) = x->any;
}

static void tell_xdp(struct netprog p, uint32_t id, const char *mode, netprogs_fn *fn, void *user)
{
	if (!id)
		return;
	p.id = id;
	snprintf(p.mode, sizeof(p.mode), "%s", mode);
	fn(&p, user);
}

bool netprogs_of_link(struct bytes payload, char device[16], netprogs_fn *fn, void *user)
{
	struct netprog p = { .kind = NETPROG_XDP };
	struct xdp x = { 0 };
	struct ifinfomsg info;
	struct bytes value;
	uint16_t type;

	if (!bytes_copy(&payload, &info, sizeof(info)))
		return false;
	p.ifindex = (uint32_t)info.ifi_index;
	while (nlget_attr(&payload, &type, &value)) {
		if (type == IFLA_IFNAME)
			nlget_text(value, p.device, sizeof(p.device));
		else if (type == IFLA_XDP)
			xdp_attributes(value, &x);
	}
	memcpy(device, p.device, sizeof(p.device));
	tell_xdp(p, x.generic, "generic", fn, user);
	tell_xdp(p, x.native, "native", fn, user);
	tell_xdp(p, x.offload, "offload", fn, user);
	return true;
}

/* An action of kind gact is what `action drop` makes; `police` drops what exceeds its rate, unless told otherwise. */
static bool action_drops(struct bytes action)
{
	struct bytes value, options = { 0 };
	char kind[16] = "";
	struct tc_gact gact;
	uint16_t type;

	while (nlget_attr(&action, &type, &value)) {
		if (type == TCA_ACT_KIND)
			nlget_text(value, kind, sizeof(kind));
		else if (type == TCA_ACT_OPTIONS)
			options = value;
	}
	if (!strcmp(kind, "police"))
		return true;
	if (strcmp(kind, "gact") != 0)
		return false;
	while (nlget_attr(&options, &type, &value))
		if (type == TCA_GACT_PARMS && bytes_copy(&value, &gact, sizeof(gact)))
			return gact.action == TC_ACT_SHOT;
	return false;
}

static bool any_action_drops(struct bytes actions)
{
	struct bytes value;
	uint16_t number;

	while (nlget_attr(&actions, &number, &value))
		if (action_drops(value))
			return true;
	return false;
}

static void bpf_options(struct bytes options, struct netprog *p)
{
	struct bytes value;
	uint16_t type;

	while (nlget_attr(&options, &type, &value)) {
		if (type == TCA_BPF_ID)
			bytes_u32(&value, false, &p->id);
		else if (type == TCA_BPF_NAME)
			nlget_text(value, p->name, sizeof(p->name));
	}
}

static bool filter_drops(const char *kind, struct bytes options)
{
	static const struct {
		const char *kind;
		uint16_t actions;
	} kinds[] = {
		{ "basic", TCA_BASIC_ACT },	  { "cgroup", TCA_CGROUP_ACT }, { "flow", TCA_FLOW_ACT },
		{ "flower", TCA_FLOWER_ACT },	  { "fw", TCA_FW_ACT },		{ "route", TCA_ROUTE4_ACT },
		{ "matchall", TCA_MATCHALL_ACT }, { "u32", TCA_U32_ACT },	{ "bpf", TCA_BPF_ACT },
	};
	struct bytes value;
	uint16_t type;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i].kind, kind) != 0; i++)
		;
	while (i < sizeof(kinds) / sizeof(kinds[0]) && nlget_attr(&options, &type, &value))
		if (type == kinds[i].actions && any_action_drops(value))
			return true;
	return false;
}

bool netprogs_of_filter(struct bytes payload, struct netprog *ret)
{
	struct netprog p = { 0 };
	struct bytes value, options = { 0 };
	struct tcmsg tc;
	char kind[16] = "";
	uint16_t type;

	if (!bytes_copy(&payload, &tc, sizeof(tc)))
		return false;
	while (nlget_attr(&payload, &type, &value)) {
		if (type == TCA_KIND)
			nlget_text(value, kind, sizeof(kind));
		else if (type == TCA_OPTIONS)
			options = value;
	}
	p.ifindex = (uint32_t)tc.tcm_ifindex;
	p.priority = TC_H_MAJ(tc.tcm_info) >> 16;
	p.handle = tc.tcm_handle;
	if (!strcmp(kind, "bpf")) {
		p.kind = NETPROG_TC;
		bpf_options(options, &p);
		*ret = p;
		if (p.id || p.name[0])
			return true;
		/* of classic BPF, which only selects */
	}
	p.kind = NETPROG_TC_FILTER;
	snprintf(p.mode, sizeof(p.mode), "%s", kind);
	*ret = p;
	return filter_drops(kind, options);
}
