/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/addresses.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "sources/rtask.h"

struct search {
	const struct addr *wanted;
	uint32_t device;
};

static void take(const struct nlget *m, void *user)
{
	struct bytes b = m->payload, value, own = { 0 };
	struct search *k = user;
	struct ifaddrmsg is;
	uint16_t type;

	if (m->type != RTM_NEWADDR || !bytes_copy(&b, &is, sizeof(is)))
		return;
	/* IFA_ADDRESS is the other end's where there is an IFA_LOCAL. */
	while (nlget_attr(&b, &type, &value))
		if (type == IFA_LOCAL || (type == IFA_ADDRESS && !own.p))
			own = value;
	if (own.p && own.len == (k->wanted->family == 6 ? 16 : 4) && !memcmp(own.p, k->wanted->b, own.len))
		k->device = is.ifa_index;
}

uint32_t addresses_device(const struct addr *a)
{
	const struct ifaddrmsg which = { .ifa_family = a->family == 6 ? AF_INET6 : AF_INET };
	struct search k = { .wanted = a };

	return rtask(RTM_GETADDR, NLM_F_DUMP, &which, sizeof(which), take, &k) ? 0 : k.device;
}

/* As net/ipv6/addrconf.c __ipv6_dev_get_saddr() passes over those that another host may have, too. */
static void take_usable(const struct nlget *m, void *user)
{
	struct bytes b = m->payload;
	struct ifaddrmsg is;
	bool *found = user;

	if (m->type == RTM_NEWADDR && bytes_copy(&b, &is, sizeof(is)) && is.ifa_family == AF_INET6 &&
	    !((is.ifa_flags & IFA_F_TENTATIVE) && !(is.ifa_flags & IFA_F_OPTIMISTIC)))
		*found = true;
}

bool addresses_lack_ipv6(void)
{
	const struct ifaddrmsg all = { .ifa_family = AF_INET6 };
	bool found = false;

	return !rtask(RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all), take_usable, &found) && !found;
}
