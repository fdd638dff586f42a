/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/links.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "sources/rtask.h"

/* IFLA_VLAN_ID, IFLA_VXLAN_ID and IFLA_MACVLAN_MODE are the same. */
static void take_number(struct bytes data, struct link_seen *ret)
{
	struct bytes value;
	uint16_t type, number;

	while (nlget_attr(&data, &type, &value)) {
		if (type != IFLA_VXLAN_ID || bytes_u32(&value, false, &ret->number))
			continue;
		if (bytes_u16(&value, false, &number))
			ret->number = number;
	}
}

static void take_info(struct bytes info, struct link_seen *ret)
{
	struct bytes value;
	uint16_t type;

	while (nlget_attr(&info, &type, &value)) {
		if (type == IFLA_INFO_KIND)
			nlget_text(value, ret->kind, sizeof(ret->kind));
		else if (type == IFLA_INFO_DATA)
			take_number(value, ret);
	}
}

static void take_attr(uint16_t type, struct bytes value, struct link_seen *ret)
{
	uint32_t number;

	if (type == IFLA_IFNAME)
		nlget_text(value, ret->name, sizeof(ret->name));
	else if (type == IFLA_LINKINFO)
		take_info(value, ret);
	else if (type == IFLA_ADDRESS)
		ret->has_mac = value.len == sizeof(ret->mac) && bytes_copy(&value, ret->mac, sizeof(ret->mac));
	else if (type == IFLA_MASTER)
		bytes_u32(&value, false, &ret->master);
	else if (type == IFLA_LINK)
		bytes_u32(&value, false, &ret->link);
	else if (type == IFLA_LINK_NETNSID && bytes_u32(&value, false, &number)) {
		ret->has_netnsid = true;
		ret->netnsid = (int32_t)number;
	}
}

static bool parse(const struct nlget *m, struct link_seen *ret)
{
	struct bytes b = m->payload, value;
	struct ifinfomsg info;
	uint16_t type;

	if (!bytes_copy(&b, &info, sizeof(info)))
		return false;
	*ret = (struct link_seen){ .gone = m->type == RTM_DELLINK, .ifindex = (uint32_t)info.ifi_index };
	while (nlget_attr(&b, &type, &value))
		take_attr(type, value, ret);
	return ret->name[0];
}

/* A bridge tells of its ports in messages of its own. */
static bool message(const struct nlget *m, links_fn *fn, void *user)
{
	struct link_seen l;

	if (m->type != RTM_NEWLINK && m->type != RTM_DELLINK)
		return true;
	if (!parse(m, &l))
		return false;
	if (m->payload.p[0] == AF_UNSPEC)
		fn(&l, user);
	return true;
}

int links_parse_datagram(struct bytes b, links_fn *fn, void *user)
{
	struct nlget m;

	while (nlget_message(&b, &m))
		if (!message(&m, fn, user))
			return -EBADMSG;
	return b.len ? -EBADMSG : 0;
}

struct dump {
	links_fn *fn;
	void *user;
	bool failed;
};

static void dumped(const struct nlget *m, void *user)
{
	struct dump *d = user;

	if (!message(m, d->fn, d->user))
		d->failed = true;
}

static int ask(uint32_t ifindex, uint16_t flags, links_fn *fn, void *user)
{
	const struct ifinfomsg which = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct dump d = { .fn = fn, .user = user };
	int r = rtask(RTM_GETLINK, flags, &which, sizeof(which), dumped, &d);

	return r ? r : d.failed ? -EBADMSG : 0;
}

int links_dump(links_fn *fn, void *user)
{
	return ask(0, NLM_F_DUMP, fn, user);
}

int links_get(uint32_t ifindex, links_fn *fn, void *user)
{
	return ask(ifindex, 0, fn, user);
}
