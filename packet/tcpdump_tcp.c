/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tcpdump_print.h"

#define TCP_HEADER_LEN 20

struct tcp {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint32_t header_len, payload_len;
	uint16_t flags, window, urgent;
	uint32_t sack_base;
};

static void print_flags(struct buf *to, uint16_t flags)
{
	static const char letters[] = "FSRP.UEW";
	int i;

	buf_str(to, "Flags [");
	for (i = 0; i < 8; i++) {
		if (flags >> i & 1)
			buf_char(to, letters[i]);
	}
	buf_str(to, flags & 0xff ? "]" : "none]");
}

/* Makes seq and ack relative, where tcpdump would. */
static void count_from_base(struct printer *pr, struct tcp *t)
{
	struct endpoint src = { pr->p->src, t->sport }, dst = { pr->p->dst, t->dport };
	struct conversation_base base;

	if (!pr->conversations || !(t->flags & TCP_ACK))
		return;
	base = conversations_base(pr->conversations, &src, &dst, t->flags & TCP_SYN, t->seq, t->ack);
	if (base.known) {
		t->seq -= base.seq;
		t->ack -= base.ack;
	}
	t->sack_base = base.ack;
}

static void read_header(struct bytes b, struct tcp *t)
{
	uint16_t offset_flags = 0;

	bytes_u16be(&b, &t->sport);
	bytes_u16be(&b, &t->dport);
	bytes_u32be(&b, &t->seq);
	bytes_u32be(&b, &t->ack);
	bytes_u16be(&b, &offset_flags);
	bytes_u16be(&b, &t->window);
	bytes_skip(&b, 2);
	bytes_u16be(&b, &t->urgent);
	t->header_len = (uint32_t)(offset_flags >> 12) * 4;
	t->flags = offset_flags & 0x1ff;
}

static void print_ports(const struct printer *pr, const struct tcp *t, bool ports_only)
{
	char src[ADDR_TEXT_LEN], dst[ADDR_TEXT_LEN];

	if (ports_only)
		buf_fmt(pr->to, "%u > %u: ", t->sport, t->dport);
	else
		buf_fmt(pr->to, "%s.%u > %s.%u: ", addr_format(&pr->p->src, src), t->sport,
			addr_format(&pr->p->dst, dst), t->dport);
}

static bool print_fields(struct printer *pr, const struct tcp *t)
{
	struct print_options o = {
		.header_len = t->header_len, .payload_len = t->payload_len, .sack_base = t->sack_base, .flags = t->flags
	};
	bool bad = false;

	if (t->payload_len || (t->flags & (TCP_SYN | TCP_FIN | TCP_RST)))
		buf_fmt(pr->to, ", seq %u", t->seq);
	if (t->payload_len)
		buf_fmt(pr->to, ":%u", t->seq + t->payload_len);
	if (t->flags & TCP_ACK)
		buf_fmt(pr->to, ", ack %u", t->ack);
	buf_fmt(pr->to, ", win %u", t->window);
	if (t->flags & TCP_URG)
		buf_fmt(pr->to, ", urg %u", t->urgent);
	if (t->header_len > TCP_HEADER_LEN && !print_tcp_options(pr, &o, &bad))
		return false;
	if (bad)
		return true;
	buf_fmt(pr->to, ", length %u", t->payload_len);
	/* An EOL option can end the options before the capture ends. */
	if (!t->payload_len || pr->p->l4.len >= t->header_len)
		return true;
	buf_fmt(pr->to, " [remaining caplen(%zu) < header length(%u)]", pr->p->l4.len, t->header_len);
	return false;
}

bool print_tcp(struct printer *pr, bool ports_only)
{
	const struct packet *p = pr->p;
	struct tcp t = { 0 };

	pr->protocol = "tcp";
	if (p->l4.len < 4) {
		print_addresses(pr);
		buf_char(pr->to, ':');
		return false;
	}
	read_header(p->l4, &t);
	print_ports(pr, &t, ports_only);
	if (p->l4.len < TCP_HEADER_LEN)
		return false;
	if (t.header_len < TCP_HEADER_LEN) {
		buf_fmt(pr->to, " tcp %u [bad hdr length %u - too short, < %u]", p->l4_stated - t.header_len,
			t.header_len, TCP_HEADER_LEN);
		return true;
	}
	print_flags(pr->to, t.flags);
	count_from_base(pr, &t);
	if (t.header_len > p->l4_stated) {
		buf_fmt(pr->to, " [bad hdr length %u - too long, > %u]", t.header_len, p->l4_stated);
		return true;
	}
	t.payload_len = p->l4_stated - t.header_len;
	return print_fields(pr, &t);
}
