/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_TUNNEL_H
#define SYNSENT_PACKET_TUNNEL_H

#include "packet/rest.h"

/*
 * A tunnel's headers at the start of r, the payload of the IP packet that p
 * holds.  Each takes them off, sets r->next and adds a step to p->path.
 * DECODE_NOT_OURS when it is something else after all, or a kind of it that
 * cannot be read.
 */

/* Protocols 4 and 41: IP in IP (RFC 2003), IPv6 in IPv4 (RFC 4213), either in IPv6 (RFC 2473). */
enum decode_result ipv4_in_ip_strip(struct rest *r, struct packet *p);
enum decode_result ipv6_in_ip_strip(struct rest *r, struct packet *p);

/*
 * GRE (RFC 2784, 2890) with an Ethernet type, PPTP's version 1 (RFC 2637), WCCP
 * redirection, ERSPAN I to III (draft-foschiano-erspan).  Routing (RFC 1701) is
 * refused.
 */
enum decode_result gre_strip(struct rest *r, struct packet *p);

/*
 * UDP to a tunnel's port: VXLAN (RFC 7348) on 4789 and Linux's 8472, VXLAN-GPE
 * (draft-ietf-nvo3-vxlan-gpe) on 4790, Geneve (RFC 8926) on 6081, GTP-U (3GPP TS
 * 29.281) on 2152.  Anybody may use these ports, so what contradicts the tunnel's
 * header is DECODE_NOT_OURS.
 */
enum decode_result udp_strip(struct rest *r, struct packet *p);

enum tunnel_port {
	TUNNEL_GTPU = 2152,
	TUNNEL_VXLAN = 4789,
	TUNNEL_VXLAN_GPE = 4790,
	TUNNEL_GENEVE = 6081,
	TUNNEL_VXLAN_LINUX = 8472,
};

/* For these: a step with p's addresses. */
void tunnel_add(struct packet *p, enum path_kind kind, bool has_id, uint32_t id);

#endif
