/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tunnel.h"

void tunnel_add(struct packet *p, enum path_kind kind, bool has_id, uint32_t id)
{
	struct path_step step = { .kind = kind, .has_id = has_id, .id = id, .src = p->src, .dst = p->dst };

	path_add(&p->path, &step);
}

enum decode_result ipv4_in_ip_strip(struct rest *r, struct packet *p)
{
	tunnel_add(p, PATH_IPIP, false, 0);
	r->next = ETHERTYPE_IPV4;
	return DECODE_OK;
}

enum decode_result ipv6_in_ip_strip(struct rest *r, struct packet *p)
{
	tunnel_add(p, PATH_IPIP, false, 0);
	r->next = ETHERTYPE_IPV6;
	return DECODE_OK;
}
