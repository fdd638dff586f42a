/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/links.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "sources/rtask.h"

static bool parse(const struct nlget *m, struct link_seen *ret)
{
	struct bytes b = m->payload, value;
	struct ifinfomsg info;
	uint16_t type;

	if (!bytes_copy(&b, &info, sizeof(info)))
		return false;
	*ret = (struct link_seen){ .gone = m->type == RTM_DELLINK, .ifindex = (uint32_t)info.ifi_index };
	while (nlget_attr(&b, &type, &value))
		if (type == IFLA_IFNAME)
			nlget_text(value, ret->name, sizeof(ret->name));
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

int links_dump(links_fn *fn, void *user)
{
	const struct ifinfomsg all = { .ifi_family = AF_UNSPEC };
	struct dump d = { .fn = fn, .user = user };
	int r = rtask(RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all), dumped, &d);

	return r ? r : d.failed ? -EBADMSG : 0;
}
