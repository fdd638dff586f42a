/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tcpdump_print.h"

#include "packet/walk.h"

/*
 * The frame is decoded once more, and what tcpdump would print of each layer is
 * printed as the layer is taken off.  Where tcpdump does not know one, it would
 * not come to the packet inside: then the line begins anew behind that layer.
 */
struct around {
	struct printer *pr;
	size_t begin;	      /* of the line, after its time */
	const uint8_t *outer; /* the last IP header that was printed */
};

static void begin_anew(struct around *a)
{
	struct buf *to = a->pr->to;

	if (to->failed || to->len <= a->begin)
		return;
	to->len = a->begin;
	to->data[to->len] = '\0';
}

static void print_mpls(struct around *a, struct bytes b)
{
	struct buf *to = a->pr->to;
	uint32_t entry = 0;
	uint8_t first = 0;

	buf_str(to, "MPLS");
	while (!(entry & 0x100) && bytes_u32be(&b, &entry))
		buf_fmt(to, " (label %u, tc %u%s, ttl %u)", entry >> 12, entry >> 9 & 7, entry & 0x100 ? ", [S]" : "",
			entry & 0xff);
	bytes_u8(&b, &first);
	buf_char(to, ' ');
	if (first >> 4 != 4 && first >> 4 != 6)
		begin_anew(a);
}

static void print_pppoe(struct around *a, const struct rest *layer)
{
	struct bytes b = layer->b;
	uint32_t payload = layer->on_wire - 6;
	uint16_t session = 0, len = 0;

	bytes_skip(&b, 2);
	bytes_u16be(&b, &session);
	bytes_u16be(&b, &len);
	buf_str(a->pr->to, "PPPoE ");
	if (len > payload)
		buf_fmt(a->pr->to, " [len %u > %u!]", len, payload);
	if (session)
		buf_fmt(a->pr->to, " [ses 0x%x]", session);
	buf_char(a->pr->to, ' ');
}

/* In HDLC-like framing alone tcpdump names PPP's protocol. */
static void print_ppp(struct around *a, const struct rest *layer, const struct packet *p)
{
	struct bytes b = layer->b;
	uint16_t address_control = 0, protocol = 0;

	if (p->linktype != LINK_PPP_HDLC || layer->b.p != p->frame.p || !bytes_u16be(&b, &address_control) ||
	    address_control != 0xff03 || !bytes_u16be(&b, &protocol))
		return;
	if (protocol == 0x0021)
		buf_str(a->pr->to, "IP: ");
	else if (protocol == 0x0057)
		buf_str(a->pr->to, "IP6: ");
	else if (protocol == 0x0281)
		buf_str(a->pr->to, "MPLS: ");
}

static void print_outer(struct around *a, const struct rest *layer, const struct packet *p)
{
	struct printer outer = { .to = a->pr->to, .p = p, .tunnel = layer };

	a->outer = p->ip.p;
	if (!p->ip_total || !print_ip(&outer))
		begin_anew(a);
}

static void print_layer(void *user, const struct rest *layer, const struct packet *p)
{
	struct around *a = user;

	switch (layer->next) {
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_UPSTREAM:
		print_mpls(a, layer->b);
		break;
	case ETHERTYPE_PPPOE:
		print_pppoe(a, layer);
		break;
	case NEXT_PPP:
		print_ppp(a, layer, p);
		break;
	case ETHERTYPE_PBB:
	case ETHERTYPE_CISCO:
		begin_anew(a);
		break;
	default:
		if (layer->next >= NEXT_IN_IP)
			print_outer(a, layer, p);
	}
}

bool print_around(struct printer *pr)
{
	struct around a = { .pr = pr, .begin = pr->to->len };
	struct layer_watch w = { .taken = print_layer, .user = &a };
	const struct packet *p = pr->p;
	struct packet again;

	if (!p->path.n && p->linktype != LINK_PPP_HDLC)
		return true;
	frame_walk(p->linktype, p->frame, p->on_wire, &w, &again);
	/* There may be no IP in the innermost tunnel. */
	return !a.outer || a.outer != p->ip.p;
}
