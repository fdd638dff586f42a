/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/ip.h"
#include "packet/tcpdump_print.h"

#include <stdio.h>

#define MESSAGE_LEN 160

/* What an ICMP message says: its own fields, and those of the packet that it quotes. */
struct message {
	uint8_t type, code;
	uint32_t rest; /* second word of the header: a gateway, an MTU, a pointer */
	bool has_rest;
	bool has_addresses, has_ports;
	char src[ADDR_TEXT_LEN], dst[ADDR_TEXT_LEN];
	uint8_t protocol;
	uint16_t dport;
};

/* The quoted header is read as tcpdump reads it, which checks neither its version nor its length. */
static void read_quoted4(struct bytes ip, struct message *m)
{
	struct addr src = { .family = 4 }, dst = { .family = 4 };
	struct bytes b = ip;
	uint8_t first;

	if (!bytes_u8(&b, &first) || !bytes_skip(&b, 8) || !bytes_u8(&b, &m->protocol) || !bytes_skip(&b, 2) ||
	    !bytes_copy(&b, src.b, 4) || !bytes_copy(&b, dst.b, 4))
		return;
	addr_format(&src, m->src);
	addr_format(&dst, m->dst);
	m->has_addresses = true;
	m->has_ports = bytes_skip(&ip, (first & 15u) * 4 + 2) && bytes_u16be(&ip, &m->dport);
}

static void read_quoted6(struct bytes b, struct message *m)
{
	struct addr src = { .family = 6 }, dst = { .family = 6 };
	struct ip_extension x;

	if (!bytes_skip(&b, 6) || !bytes_u8(&b, &m->protocol) || !bytes_skip(&b, 1) || !bytes_copy(&b, src.b, 16) ||
	    !bytes_copy(&b, dst.b, 16))
		return;
	addr_format(&src, m->src);
	addr_format(&dst, m->dst);
	m->has_addresses = true;
	while (ip_extension_take(&b, m->protocol, &x) == DECODE_OK) {
		m->protocol = x.next;
		/* The ports are in the first fragment. */
		if (x.protocol == PROTO_FRAGMENT && (x.header.p[2] || x.header.p[3] & 0xf8))
			return;
	}
	m->has_ports = bytes_skip(&b, 2) && bytes_u16be(&b, &m->dport);
}

/* false: not even type and code. */
static bool read_message(const struct packet *p, struct message *m)
{
	struct bytes b = p->l4;

	*m = (struct message){ 0 };
	if (!bytes_u8(&b, &m->type) || !bytes_u8(&b, &m->code))
		return false;
	if (!bytes_skip(&b, 2) || !bytes_u32be(&b, &m->rest))
		return true;
	m->has_rest = true;
	if (p->ip_version == 4)
		read_quoted4(b, m);
	else
		read_quoted6(b, m);
	return true;
}

static bool unreachable_text(const struct message *m, char *to)
{
	static const char *const formats[] = {
		[0] = "net %s unreachable",
		[1] = "host %s unreachable",
		[5] = "%s unreachable - source route failed",
		[6] = "net %s unreachable - unknown",
		[7] = "host %s unreachable - unknown",
		[8] = "%s unreachable - source host isolated",
		[9] = "net %s unreachable - admin prohibited",
		[10] = "host %s unreachable - admin prohibited",
		[11] = "net %s unreachable - tos prohibited",
		[12] = "host %s unreachable - tos prohibited",
		[13] = "host %s unreachable - admin prohibited filter",
		[14] = "host %s unreachable - host precedence violation",
		[15] = "host %s unreachable - precedence cutoff",
	};

	if (!m->has_addresses || (m->code == 3 && !m->has_ports))
		return false;
	if (m->code == 2)
		snprintf(to, MESSAGE_LEN, "%s protocol %u unreachable", m->dst, m->protocol);
	else if (m->code == 3 && m->protocol == PROTO_TCP)
		snprintf(to, MESSAGE_LEN, "%s tcp port %u unreachable", m->dst, m->dport);
	else if (m->code == 3 && m->protocol == PROTO_UDP)
		snprintf(to, MESSAGE_LEN, "%s udp port %u unreachable", m->dst, m->dport);
	else if (m->code == 3)
		snprintf(to, MESSAGE_LEN, "%s protocol %u port %u unreachable", m->dst, m->protocol, m->dport);
	else if (m->code == 4 && (m->rest & 0xffff))
		snprintf(to, MESSAGE_LEN, "%s unreachable - need to frag (mtu %u)", m->dst, m->rest & 0xffff);
	else if (m->code == 4)
		snprintf(to, MESSAGE_LEN, "%s unreachable - need to frag", m->dst);
	else if (m->code < sizeof(formats) / sizeof(formats[0]))
		snprintf(to, MESSAGE_LEN, formats[m->code], m->dst);
	else
		snprintf(to, MESSAGE_LEN, "%s unreachable - #%u", m->dst, m->code);
	return true;
}

static bool redirect_text(const struct message *m, char *to)
{
	static const char *const formats[] = { "redirect %s to net %s", "redirect %s to host %s",
					       "redirect-tos %s to net %s", "redirect-tos %s to host %s" };
	struct addr gateway = { .family = 4,
				.b = { (uint8_t)(m->rest >> 24), (uint8_t)(m->rest >> 16), (uint8_t)(m->rest >> 8),
				       (uint8_t)m->rest } };
	char text[ADDR_TEXT_LEN];

	if (!m->has_addresses)
		return false;
	addr_format(&gateway, text);
	if (m->code < 4)
		snprintf(to, MESSAGE_LEN, formats[m->code], m->dst, text);
	else
		snprintf(to, MESSAGE_LEN, "redirect-#%u %s to %s", m->code, m->dst, text);
	return true;
}

static bool exceeded_text(const struct message *m, char *to)
{
	if (m->code > 1)
		snprintf(to, MESSAGE_LEN, "time exceeded-#%u", m->code);
	else
		snprintf(to, MESSAGE_LEN, m->code ? "ip reassembly time exceeded" : "time exceeded in-transit");
	return m->has_addresses;
}

static bool parameter_text(const struct message *m, char *to)
{
	if (m->code)
		snprintf(to, MESSAGE_LEN, "parameter problem - code %u", m->code);
	else
		snprintf(to, MESSAGE_LEN, "parameter problem - octet %u", m->rest >> 24);
	return m->code || m->has_rest;
}

static bool message_text(const struct message *m, char *to)
{
	switch (m->type) {
	case 3:
		return unreachable_text(m, to);
	case 4:
		snprintf(to, MESSAGE_LEN, "source quench");
		return true;
	case 5:
		return redirect_text(m, to);
	case 11:
		return exceeded_text(m, to);
	case 12:
		return parameter_text(m, to);
	default:
		snprintf(to, MESSAGE_LEN, "type-#%u", m->type);
		return true;
	}
}

bool print_icmp(struct printer *pr)
{
	struct message m;
	char text[MESSAGE_LEN];

	pr->protocol = "icmp";
	if (!read_message(pr->p, &m) || !message_text(&m, text))
		return false;
	buf_fmt(pr->to, "ICMP %s, length %u", text, pr->p->l4_stated);
	return true;
}

/* RFC 4443 section 3.1.  *ret_end: tcpdump dumps bytes on further lines, and gives no length. */
static bool print_unreachable6(struct printer *pr, const struct message *m, bool *ret_end)
{
	static const char *const words[] = { "unreachable route", " unreachable prohibited", "beyond scope",
					     "unreachable address", "unreachable port" };

	buf_str(pr->to, "destination unreachable, ");
	if (m->code >= sizeof(words) / sizeof(words[0])) {
		buf_fmt(pr->to, "unknown unreach code (%u)", m->code);
		*ret_end = true;
		return true;
	}
	buf_str(pr->to, words[m->code]);
	if (!m->has_addresses)
		return false;
	if (m->code != 4) {
		buf_fmt(pr->to, " %s", m->dst);
		if (m->code == 2)
			buf_fmt(pr->to, ", source address %s", m->src);
		return true;
	}
	if (!m->has_ports || (m->protocol != PROTO_TCP && m->protocol != PROTO_UDP))
		return false;
	buf_fmt(pr->to, ", %s %s port %u", m->dst, m->protocol == PROTO_TCP ? "tcp" : "udp", m->dport);
	return true;
}

static bool print_exceeded6(struct printer *pr, const struct message *m)
{
	buf_str(pr->to, "time exceeded in-transit");
	if (m->code > 1) {
		buf_fmt(pr->to, ", unknown code (%u)", m->code);
		return true;
	}
	if (m->code == 1)
		buf_str(pr->to, " (reassembly)");
	else if (m->has_addresses)
		buf_fmt(pr->to, " for %s", m->dst);
	return m->code == 1 || m->has_addresses;
}

static bool print_parameter6(struct printer *pr, const struct message *m)
{
	static const char *const words[] = { "erroneous", "next header", "option", "incomplete header chain" };

	buf_str(pr->to, "parameter problem");
	if (!m->has_addresses)
		return false;
	if (m->code < sizeof(words) / sizeof(words[0]))
		buf_fmt(pr->to, ", %s - octet %u", words[m->code], m->rest);
	else
		buf_fmt(pr->to, ", code-#%u", m->code);
	return true;
}

bool print_icmpv6(struct printer *pr)
{
	struct message m;
	bool ok = true, end = false;

	pr->protocol = "icmp6";
	if (!read_message(pr->p, &m))
		return false;
	buf_str(pr->to, "ICMP6, ");
	if (m.type == 1) {
		ok = print_unreachable6(pr, &m, &end);
	} else if (m.type == 2) {
		buf_str(pr->to, "packet too big");
		if (m.has_rest)
			buf_fmt(pr->to, ", mtu %u", m.rest);
		ok = m.has_rest;
	} else if (m.type == 3) {
		ok = print_exceeded6(pr, &m);
	} else if (m.type == 4) {
		ok = print_parameter6(pr, &m);
	} else {
		buf_fmt(pr->to, "unknown icmp6 type (%u)", m.type);
	}
	if (ok && !end)
		buf_fmt(pr->to, ", length %u", pr->p->l4_stated);
	return ok;
}
