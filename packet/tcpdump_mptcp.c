/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tcpdump_print.h"

#include <inttypes.h>

struct mptcp {
	struct buf *to;
	struct bytes data; /* from the subtype's byte on */
	uint8_t len;	   /* of the option, kind and length included */
	uint16_t flags;
	bool truncated;
};

static bool u8(struct mptcp *m, uint8_t *ret)
{
	m->truncated = !bytes_u8(&m->data, ret);
	return !m->truncated;
}

static bool u16(struct mptcp *m, uint16_t *ret)
{
	m->truncated = !bytes_u16be(&m->data, ret);
	return !m->truncated;
}

static bool u32(struct mptcp *m, uint32_t *ret)
{
	m->truncated = !bytes_u32be(&m->data, ret);
	return !m->truncated;
}

static bool u64(struct mptcp *m, uint64_t *ret)
{
	uint32_t high, low;

	if (!u32(m, &high) || !u32(m, &low))
		return false;
	*ret = (uint64_t)high << 32 | low;
	return true;
}

static bool print_capable(struct mptcp *m)
{
	bool syn = m->flags & TCP_SYN, ack_only = (m->flags & (TCP_SYN | TCP_ACK)) == TCP_ACK;
	uint8_t version, flags;
	uint64_t key;

	if (!((m->len == 12 || m->len == 4) && syn) && !((m->len == 20 || m->len == 22) && ack_only))
		return false;
	if (!u8(m, &version) || !u8(m, &flags))
		return false;
	version &= 15;
	if (version > 1) {
		buf_fmt(m->to, " Unknown Version (%u)", version);
		return true;
	}
	buf_fmt(m->to, " v%u", version);
	if (flags & 0x80)
		buf_str(m->to, " csum");
	if (m->len == 4)
		return true;
	if (!u64(m, &key))
		return false;
	buf_fmt(m->to, " {0x%" PRIx64, key);
	if (m->len >= 20) {
		if (!u64(m, &key))
			return false;
		buf_fmt(m->to, ",0x%" PRIx64, key);
	}
	buf_char(m->to, '}');
	return true;
}

static bool print_hmac(struct mptcp *m)
{
	uint8_t v;

	buf_str(m->to, " hmac 0x");
	while (m->data.len) {
		if (!u8(m, &v))
			return false;
		buf_fmt(m->to, "%02x", v);
	}
	return true;
}

static bool print_join(struct mptcp *m)
{
	uint16_t both = m->flags & (TCP_SYN | TCP_ACK);
	uint8_t backup, id;
	uint32_t token, nonce;
	uint64_t mac;

	if (!(m->len == 12 && (both & TCP_SYN)) && !(m->len == 16 && both == (TCP_SYN | TCP_ACK)) &&
	    !(m->len == 24 && (both & TCP_ACK)))
		return false;
	if (!u8(m, &backup) || !u8(m, &id))
		return false;
	if (m->len == 24)
		return print_hmac(m);
	if (backup & 1)
		buf_str(m->to, " backup");
	buf_fmt(m->to, " id %u", id);
	if (m->len == 12) {
		if (!u32(m, &token) || !u32(m, &nonce))
			return false;
		buf_fmt(m->to, " token 0x%x nonce 0x%x", token, nonce);
	} else {
		if (!u64(m, &mac) || !u32(m, &nonce))
			return false;
		buf_fmt(m->to, " hmac 0x%" PRIx64 " nonce 0x%x", mac, nonce);
	}
	return true;
}

/* A number of 8 or 4 bytes; too few of them left makes the option malformed, not cut. */
static bool print_number(struct mptcp *m, bool wide)
{
	uint64_t v64;
	uint32_t v32;

	if (m->data.len < (wide ? 8 : 4))
		return false;
	if (wide && u64(m, &v64))
		buf_fmt(m->to, "%" PRIu64, v64);
	else if (!wide && u32(m, &v32))
		buf_fmt(m->to, "%u", v32);
	return true;
}

static bool print_dss(struct mptcp *m)
{
	uint8_t skipped, flags;
	uint16_t v;

	if (m->len < 4 || (m->flags & TCP_SYN))
		return false;
	if (!u8(m, &skipped) || !u8(m, &flags))
		return false;
	if (flags & 0x10)
		buf_str(m->to, " fin");
	if (flags & 0x01) {
		buf_str(m->to, " ack ");
		if (!print_number(m, flags & 0x02))
			return false;
	}
	if (flags & 0x04) {
		buf_str(m->to, " seq ");
		if (!print_number(m, flags & 0x08))
			return false;
		if (m->data.len < 4)
			return false;
		buf_str(m->to, " subseq ");
		print_number(m, false);
		if (m->data.len < 2 || !u16(m, &v))
			return false;
		buf_fmt(m->to, " len %u", v);
		if (m->data.len >= 2 && u16(m, &v))
			buf_fmt(m->to, " csum 0x%x", v);
	}
	return !m->data.len;
}

static const char *add_addr_kind(uint8_t echo)
{
	switch (echo & 15) {
	case 6:
		return "v0-ip6";
	case 4:
		return "v0-ip4";
	case 1:
		return "v1-echo";
	case 0:
		return "v1";
	default:
		return "[bad version/echo]";
	}
}

static bool print_add_addr(struct mptcp *m)
{
	/* Lengths: an address, with a port or not, with an HMAC or not. */
	static const uint8_t v4[] = { 8, 10, 16, 18 }, v6[] = { 20, 22, 28, 30 };
	struct addr a = { 0 };
	char text[ADDR_TEXT_LEN];
	uint8_t echo, id;
	uint16_t port;
	uint64_t mac;
	int i, which = -1;

	for (i = 0; i < 4; i++) {
		if (m->len == v4[i] || m->len == v6[i]) {
			a.family = m->len == v4[i] ? 4 : 6;
			which = i;
		}
	}
	if (which < 0 || !u8(m, &echo) || !u8(m, &id))
		return false;
	buf_fmt(m->to, " %s id %u", add_addr_kind(echo), id);
	if (!bytes_copy(&m->data, a.b, a.family == 4 ? 4 : 16))
		return false;
	buf_fmt(m->to, " %s", addr_format(&a, text));
	if (which & 1) {
		if (!u16(m, &port))
			return false;
		buf_fmt(m->to, ":%u", port);
	}
	if (which & 2) {
		if (!u64(m, &mac))
			return false;
		buf_fmt(m->to, " hmac 0x%" PRIx64, mac);
	}
	return true;
}

static bool print_remove_addr(struct mptcp *m)
{
	uint8_t skipped, id;

	if (m->len < 4 || !u8(m, &skipped))
		return false;
	buf_str(m->to, " id");
	while (m->data.len && u8(m, &id))
		buf_fmt(m->to, " %u", id);
	return true;
}

static bool print_prio(struct mptcp *m)
{
	uint8_t backup, id;

	if ((m->len != 3 && m->len != 4) || !u8(m, &backup))
		return false;
	buf_str(m->to, backup & 1 ? " backup" : " non-backup");
	if (m->len == 4 && u8(m, &id))
		buf_fmt(m->to, " id %u", id);
	return true;
}

static bool print_fail(struct mptcp *m)
{
	uint16_t skipped;
	uint64_t seq;

	if (m->len != 12 || !u16(m, &skipped) || !u64(m, &seq))
		return false;
	buf_fmt(m->to, " seq %" PRIu64, seq);
	return true;
}

static bool print_fast_close(struct mptcp *m)
{
	uint16_t skipped;
	uint64_t key;

	if (m->len != 12 || !u16(m, &skipped) || !u64(m, &key))
		return false;
	buf_fmt(m->to, " key 0x%" PRIx64, key);
	return true;
}

static bool print_unknown(struct mptcp *m)
{
	return true;
}

static const struct {
	const char *name;
	bool (*print)(struct mptcp *m);
} subtypes[] = {
	{ "capable", print_capable },
	{ "join", print_join },
	{ "dss", print_dss },
	{ "add-addr", print_add_addr },
	{ "rem-addr", print_remove_addr },
	{ "prio", print_prio },
	{ "fail", print_fail },
	{ "fast-close", print_fast_close },
	{ "unknown", print_unknown },
};

bool print_mptcp(struct printer *pr, struct bytes data, uint8_t len, uint16_t flags, bool *ret_truncated)
{
	struct mptcp m = { .to = pr->to, .data = data, .len = len, .flags = flags };
	size_t last = sizeof(subtypes) / sizeof(subtypes[0]) - 1, i;
	struct bytes first = data;
	uint8_t subtype;
	bool ok;

	pr->protocol = "mptcp";
	if (!bytes_u8(&first, &subtype))
		return false;
	i = subtype >> 4 < last ? subtype >> 4 : last;
	buf_fmt(pr->to, " %u %s", len, subtypes[i].name);
	ok = subtypes[i].print(&m);
	*ret_truncated = m.truncated;
	return ok;
}
