/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/wire_inside.h"

#include "packet/forge.h"

#define BESIDE 0x01000000 /* so far from the right number a wrong one is: in nobody's window */
#define MTU 1280
#define NEXT_HEADER_AT 6 /* in an IPv6 header */

enum { SALT_ISN = -1 };

/* Routers for which addresses for documentation stand (RFC 5737, RFC 3849). */
static const struct addr router4 = { .family = 4, .b = { 192, 0, 2, 1 } };
static const struct addr router6 = { .family = 6, .b = { 0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = 1 } };

/* What only the host itself, or its last router in its name, can say. */
static bool host_says4(const struct forge_icmp *i)
{
	return i->type == 3 && i->code >= 1 && i->code <= 3;
}

static bool host_says6(const struct forge_icmp *i)
{
	return (i->type == 1 && (i->code == 3 || i->code == 4)) || i->type == 4;
}

static bool icmp4(const struct fault *f, struct forge_icmp *ret)
{
	*ret = (struct forge_icmp){ .type = f->icmp4_type, .code = f->icmp4_code };
	if (!host_says4(ret))
		ret->from = router4;
	if (ret->type == 3 && ret->code == 4)
		ret->rest = MTU;
	return f->has_icmp4;
}

static bool icmp6(const struct fault *f, struct forge_icmp *ret)
{
	*ret = (struct forge_icmp){ .type = f->icmp6_type, .code = f->icmp6_code };
	if (!host_says6(ret))
		ret->from = router6;
	if (ret->type == 2)
		ret->rest = MTU;
	if (ret->type == 4)
		ret->rest = NEXT_HEADER_AT;
	return f->has_icmp6;
}

bool wire_answer(const struct wire *w, const struct passing *s, const struct fault *f)
{
	struct virtio_net_hdr whole = { 0 };
	uint32_t ack = forge_right_ack(&s->p);
	uint8_t frame[FORGE_LEN_MAX];
	struct forge_icmp icmp;
	size_t len;

	if (f->kind == FAULT_ICMP) {
		if (!(s->p.ip_version == 4 ? icmp4(f, &icmp) : icmp6(f, &icmp)))
			return false;
		len = forge_icmp(&s->p, &icmp, frame);
	} else if (f->kind == FAULT_SYN_ACK_BAD) {
		len = forge_syn_ack(&s->p, (uint32_t)wire_chance(w, s, SALT_ISN), ack + BESIDE, frame);
	} else {
		len = forge_rst(&s->p, f->kind == FAULT_RST ? ack : ack + BESIDE, frame);
	}
	s->h->over |= f->kind == FAULT_RST;
	w->o.send(WIRE_CLIENT, &whole, bytes_of(frame, len), w->o.user);
	return true;
}
