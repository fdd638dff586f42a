/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  A device that a frame is sent by, and one that it comes to, pass it on in different ways, as
 * the kernel's drivers do: so each device is gone through once for each way, and once more for frames with a VLAN tag.
 * A bridge's and a macvlan's tables of addresses are not looked at: the frame is one to all.
 */
#include "sources/segment.h"

#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>

#define DEEP_MAX 32

enum { SENT = 1, RECEIVED = 2, TAGGED = 2 /* bits further */ };

struct walk {
	const struct linkmap *m;
	struct segment *to;
	uint8_t *been;
	int deep;
};

static void receive(struct walk *w, int i, uint32_t vlan);
static void transmit(struct walk *w, int i, uint32_t vlan);

static bool is(const struct walk *w, int i, const char *kind)
{
	return !strcmp(w->m->v[i].is.kind, kind);
}

static bool is_pair(const struct walk *w, int i)
{
	return (is(w, i, "veth") || is(w, i, "netkit")) && w->m->v[i].is.link;
}

/* Its ports are below it, and take in nothing of their own. */
static bool has_ports(const struct walk *w, int i)
{
	return is(w, i, "bridge") || is(w, i, "bond") || is(w, i, "team");
}

/* It shares the device that it is made upon with others. */
static bool is_sharer(const struct walk *w, int i)
{
	return is(w, i, "macvlan") || is(w, i, "macvtap") || is(w, i, "ipvlan") || is(w, i, "ipvtap");
}

/* The others' frames come to it without a switch outside. */
static bool is_bridging(const struct walk *w, int i)
{
	return is_sharer(w, i) && (w->m->v[i].is.kind[0] == 'i' || w->m->v[i].is.number == MACVLAN_MODE_BRIDGE);
}

static bool is_first_time(struct walk *w, int i, int way, uint32_t vlan)
{
	const int bit = vlan ? way << TAGGED : way;

	if (w->been[i] & bit)
		return false;
	w->been[i] |= (uint8_t)bit;
	return true;
}

static bool is_port_of(const struct walk *w, int i, int master)
{
	const struct linkmap_device *p = &w->m->v[i], *of = &w->m->v[master];

	return p->netns == of->netns && p->is.master && p->is.master == of->is.ifindex;
}

static int master_of(const struct walk *w, int i)
{
	int m = w->m->v[i].is.master ? linkmap_find(w->m, w->m->v[i].netns, w->m->v[i].is.master) : -1;

	return m >= 0 && has_ports(w, m) ? m : -1;
}

static int link_of(const struct walk *w, int i)
{
	int k;

	for (k = 0; k < w->m->n; k++) {
		/* each end of a pair names the other, which is known without a question to the kernel */
		if (is_pair(w, i) && w->m->v[k].is.link != w->m->v[i].is.ifindex)
			continue;
		if (linkmap_is_link_of(w->m, k, i))
			return k;
	}
	return -1;
}

static void transmit_by_ports(struct walk *w, int master, int but, uint32_t vlan)
{
	int k;

	for (k = 0; k < w->m->n; k++)
		if (k != but && is_port_of(w, k, master))
			transmit(w, k, vlan);
}

static void receive_by_sharers(struct walk *w, int below, int but, uint32_t vlan)
{
	int k;

	for (k = 0; k < w->m->n; k++)
		if (k != but && is_sharer(w, k) && (but < 0 || is_bridging(w, k)) && linkmap_is_link_of(w->m, below, k))
			receive(w, k, vlan);
}

static void receive_by_vlans(struct walk *w, int below, uint32_t vlan)
{
	int k;

	for (k = 0; k < w->m->n; k++)
		if (is(w, k, "vlan") && w->m->v[k].is.number == vlan && linkmap_is_link_of(w->m, below, k))
			receive(w, k, 0);
}

static void transmit_by_vxlan(struct walk *w, int i, uint32_t vlan)
{
	int k;

	w->to->unsure = true;
	w->to->left = i;
	for (k = 0; k < w->m->n; k++)
		if (k != i && is(w, k, "vxlan") && w->m->v[k].is.number == w->m->v[i].is.number)
			receive(w, k, vlan);
}

static void transmit_by_link(struct walk *w, int i, uint32_t vlan)
{
	int link = link_of(w, i);

	if (link < 0) {
		w->to->left = i;
	} else if (is_pair(w, i)) {
		receive(w, link, vlan);
	} else if (is(w, i, "vlan")) {
		transmit(w, link, w->m->v[i].is.number);
	} else {
		if (is_bridging(w, i))
			receive_by_sharers(w, link, i, vlan);
		transmit(w, link, vlan);
	}
}

static void transmit(struct walk *w, int i, uint32_t vlan)
{
	if (!is_first_time(w, i, SENT, vlan) || w->deep == DEEP_MAX)
		return;
	w->deep++;
	if (has_ports(w, i))
		transmit_by_ports(w, i, -1, vlan);
	else if (is(w, i, "vxlan"))
		transmit_by_vxlan(w, i, vlan);
	else if (is_pair(w, i) || is_sharer(w, i) || (is(w, i, "vlan") && !vlan))
		transmit_by_link(w, i, vlan);
	else
		w->to->left = i;
	w->deep--;
}

static void add(struct segment *to, int i)
{
	if (to->n < SEGMENT_MAX)
		to->v[to->n++] = i;
	else
		to->too_many = true;
}

static void receive(struct walk *w, int i, uint32_t vlan)
{
	int master = master_of(w, i);

	if (!is_first_time(w, i, RECEIVED, vlan) || w->deep == DEEP_MAX)
		return;
	w->deep++;
	receive_by_sharers(w, i, -1, vlan);
	if (vlan)
		receive_by_vlans(w, i, vlan);
	if (master >= 0) {
		receive(w, master, vlan);
		if (is(w, master, "bridge"))
			transmit_by_ports(w, master, i, vlan);
	} else if (!vlan) {
		add(w->to, i);
	}
	w->deep--;
}

void segment_find(const struct linkmap *m, int device, struct segment *ret)
{
	struct walk w = { .m = m, .to = ret, .been = calloc((size_t)m->n + 1, 1) };

	ret->n = 0;
	ret->too_many = ret->unsure = false;
	ret->left = -1;
	if (w.been) {
		w.been[device] = RECEIVED; /* what comes back to it is its own */
		transmit(&w, device, 0);
	}
	free(w.been);
}
