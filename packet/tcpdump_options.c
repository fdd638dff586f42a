/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tcpdump_print.h"

/*
 * Not done with tcp_options_next(): tcpdump shows what is wrong with an option
 * in its own way, byte by byte, and that is what must come out.
 */

enum option_kind {
	OPT_EOL = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_WSCALE = 3,
	OPT_SACK_OK = 4,
	OPT_SACK = 5,
	OPT_ECHO = 6,
	OPT_ECHO_REPLY = 7,
	OPT_TIMESTAMP = 8,
	OPT_CC = 11,
	OPT_CC_NEW = 12,
	OPT_CC_ECHO = 13,
	OPT_MD5 = 19,
	OPT_SCPS = 20,
	OPT_USER_TIMEOUT = 28,
	OPT_AO = 29,
	OPT_MPTCP = 30,
	OPT_FAST_OPEN = 34,
	OPT_EXPERIMENT_2 = 254,
};

#define MD5_LEN 16
#define EXPERIMENT_FAST_OPEN 0xf989 /* RFC 7413 section 4.1.1 */

enum option_result {
	OPTION_DONE,
	OPTION_BAD,	  /* its length is impossible */
	OPTION_CUT,	  /* not captured: noticed before reading it */
	OPTION_CUT_INSIDE /* noticed within */
};

struct option {
	struct printer *pr;
	const struct print_options *header;
	struct bytes cursor; /* captured, from the option's data on */
	uint32_t left;	     /* of the header, from the option's data on */
	uint8_t kind;
	uint32_t len; /* as it states; 1 for EOL and NOP */
	uint32_t used;
};

typedef enum option_result option_fn(struct option *o);

/* Takes n bytes of data, or says why there are none. */
static enum option_result need(struct option *o, uint32_t n, struct bytes *ret)
{
	if (n > o->left - o->used)
		return OPTION_BAD;
	if (!bytes_take(&o->cursor, n, ret))
		return OPTION_CUT;
	o->used += n;
	return OPTION_DONE;
}

/* Passes over the data unread: captured or not. */
static void skip_data(struct option *o)
{
	if (!bytes_skip(&o->cursor, o->len - 2))
		o->cursor.len = 0;
	o->used = o->len - 2;
}

static void hex(struct option *o, struct bytes data)
{
	uint8_t v;

	while (bytes_u8(&data, &v))
		buf_fmt(o->pr->to, "%02x", v);
}

static enum option_result print_nothing(struct option *o)
{
	return OPTION_DONE;
}

static enum option_result print_u8(struct option *o)
{
	struct bytes data;
	enum option_result r = need(o, 1, &data);

	if (r == OPTION_DONE)
		buf_fmt(o->pr->to, " %u", data.p[0]);
	return r;
}

static enum option_result print_u16(struct option *o)
{
	struct bytes data;
	enum option_result r = need(o, 2, &data);
	uint16_t v;

	if (r == OPTION_DONE && bytes_u16be(&data, &v))
		buf_fmt(o->pr->to, " %u", v);
	return r;
}

static enum option_result print_u32(struct option *o)
{
	struct bytes data;
	enum option_result r = need(o, 4, &data);
	uint32_t v;

	if (r == OPTION_DONE && bytes_u32be(&data, &v))
		buf_fmt(o->pr->to, " %u", v);
	return r;
}

static enum option_result print_timestamp(struct option *o)
{
	struct bytes data;
	enum option_result r = need(o, 8, &data);
	uint32_t val, ecr;

	if (r == OPTION_DONE && bytes_u32be(&data, &val) && bytes_u32be(&data, &ecr))
		buf_fmt(o->pr->to, " val %u ecr %u", val, ecr);
	return r;
}

static enum option_result print_sack(struct option *o)
{
	uint32_t i, len = o->len - 2, base = o->header->sack_base, from, to;
	struct bytes a, b;
	enum option_result r;

	if (len % 8) {
		buf_str(o->pr->to, " invalid sack");
		skip_data(o);
		return OPTION_DONE;
	}
	buf_fmt(o->pr->to, " %u ", len / 8);
	for (i = 0; i < len; i += 8) {
		r = need(o, 4, &a);
		if (r == OPTION_DONE)
			r = need(o, 4, &b);
		if (r != OPTION_DONE)
			return r;
		bytes_u32be(&a, &from);
		bytes_u32be(&b, &to);
		buf_fmt(o->pr->to, "{%u:%u}", from - base, to - base);
	}
	return OPTION_DONE;
}

static enum option_result print_md5(struct option *o)
{
	const struct packet *p = o->pr->p;
	uint32_t payload_at = o->header->header_len;
	struct bytes data;
	enum option_result r = need(o, MD5_LEN, &data);

	if (r != OPTION_DONE)
		return r;
	if (payload_at + o->header->payload_len > p->l4.len)
		buf_str(o->pr->to, " snaplen too short, can't check - ");
	else
		buf_str(o->pr->to, " shared secret not supplied with -M, can't check - ");
	hex(o, data);
	return OPTION_DONE;
}

static enum option_result print_scps(struct option *o)
{
	struct bytes data;
	enum option_result r = need(o, 2, &data);

	if (r == OPTION_DONE)
		buf_fmt(o->pr->to, " cap %02x id %u", data.p[0], data.p[1]);
	return r;
}

static enum option_result print_user_timeout(struct option *o)
{
	struct bytes data;
	enum option_result r = need(o, 2, &data);
	uint16_t v;

	if (r == OPTION_DONE && bytes_u16be(&data, &v))
		buf_fmt(o->pr->to, " 0x%x %u", v, v & 1 ? (v >> 1) * 60u : v >> 1);
	return r;
}

static enum option_result print_bytes(struct option *o, uint32_t len)
{
	struct bytes data;
	enum option_result r;

	while (len--) {
		r = need(o, 1, &data);
		if (r != OPTION_DONE)
			return r;
		hex(o, data);
	}
	return OPTION_DONE;
}

static enum option_result print_ao(struct option *o)
{
	struct bytes data;
	enum option_result r;

	if (o->len < 4) {
		buf_str(o->pr->to, " (invalid)");
		skip_data(o);
		return OPTION_DONE;
	}
	r = need(o, 1, &data);
	if (r != OPTION_DONE)
		return r;
	buf_fmt(o->pr->to, " keyid %u", data.p[0]);
	r = need(o, 1, &data);
	if (r != OPTION_DONE)
		return r;
	buf_fmt(o->pr->to, " rnextkeyid %u", data.p[0]);
	if (o->len == 4)
		return OPTION_DONE;
	buf_str(o->pr->to, " mac 0x");
	return print_bytes(o, o->len - 4);
}

static enum option_result print_mptcp_option(struct option *o)
{
	struct bytes data = o->cursor;
	enum option_result r = need(o, o->len - 2, &data);
	bool truncated = false;

	if (r != OPTION_DONE)
		return r;
	if (print_mptcp(o->pr, data, (uint8_t)o->len, o->header->flags, &truncated))
		return OPTION_DONE;
	return truncated ? OPTION_CUT_INSIDE : OPTION_BAD;
}

static void print_cookie(struct option *o, struct bytes cookie)
{
	if (!cookie.len) {
		buf_str(o->pr->to, " cookiereq");
	} else if (cookie.len % 2 || cookie.len < 4 || cookie.len > 16) {
		buf_str(o->pr->to, " (invalid)");
	} else {
		buf_str(o->pr->to, " cookie ");
		hex(o, cookie);
	}
}

static enum option_result print_fast_open(struct option *o)
{
	struct bytes data;
	enum option_result r = need(o, o->len - 2, &data);

	if (r == OPTION_DONE) {
		buf_char(o->pr->to, ' ');
		print_cookie(o, data);
	}
	return r;
}

/* RFC 6994: the first two bytes say whose experiment it is. */
static enum option_result print_experiment(struct option *o)
{
	struct bytes data;
	enum option_result r = need(o, o->len - 2, &data);
	uint16_t whose;

	if (r != OPTION_DONE)
		return r;
	if (!bytes_u16be(&data, &whose))
		return OPTION_BAD;
	buf_char(o->pr->to, '-');
	if (whose != EXPERIMENT_FAST_OPEN) {
		buf_fmt(o->pr->to, "%04x", whose);
		return OPTION_DONE;
	}
	buf_str(o->pr->to, "tfo");
	print_cookie(o, data);
	return OPTION_DONE;
}

static enum option_result print_unknown(struct option *o)
{
	if (o->len > 2)
		buf_str(o->pr->to, " 0x");
	return print_bytes(o, o->len - 2);
}

static const struct option_kind_row {
	uint8_t kind;
	const char *name;
	option_fn *print;
} kinds[] = {
	{ OPT_EOL, "eol", print_nothing },
	{ OPT_NOP, "nop", print_nothing },
	{ OPT_MSS, "mss", print_u16 },
	{ OPT_WSCALE, "wscale", print_u8 },
	{ OPT_SACK_OK, "sackOK", print_nothing },
	{ OPT_SACK, "sack", print_sack },
	{ OPT_ECHO, "echo", print_u32 },
	{ OPT_ECHO_REPLY, "echoreply", print_u32 },
	{ OPT_TIMESTAMP, "TS", print_timestamp },
	{ OPT_CC, "cc", print_u32 },
	{ OPT_CC_NEW, "ccnew", print_u32 },
	{ OPT_CC_ECHO, "", print_u32 },
	{ OPT_MD5, "md5", print_md5 },
	{ OPT_SCPS, "scps", print_scps },
	{ OPT_USER_TIMEOUT, "uto", print_user_timeout },
	{ OPT_AO, "tcp-ao", print_ao },
	{ OPT_MPTCP, "mptcp", print_mptcp_option },
	{ OPT_FAST_OPEN, "tfo", print_fast_open },
	{ OPT_EXPERIMENT_2, "exp", print_experiment },
};

static enum option_result print_option(struct option *o)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind == o->kind) {
			buf_str(o->pr->to, kinds[i].name);
			return kinds[i].print(o);
		}
	}
	buf_fmt(o->pr->to, "unknown-%u", o->kind);
	return print_unknown(o);
}

/* Kind and length. */
static enum option_result begin(struct option *o)
{
	uint8_t len;

	if (!bytes_u8(&o->cursor, &o->kind))
		return OPTION_CUT_INSIDE;
	o->left--;
	o->used = 0;
	o->len = 1;
	if (o->kind == OPT_EOL || o->kind == OPT_NOP)
		return OPTION_DONE;
	if (!bytes_u8(&o->cursor, &len))
		return OPTION_CUT_INSIDE;
	if (len < 2 || len > o->left + 1)
		return OPTION_BAD;
	o->left--;
	o->len = len;
	return OPTION_DONE;
}

bool print_tcp_options(struct printer *pr, const struct print_options *header, bool *ret_bad)
{
	struct option o = { .pr = pr, .header = header, .cursor = pr->p->l4, .left = header->header_len - 20 };
	enum option_result r = OPTION_DONE;
	bool first = true;
	uint32_t head;

	bytes_skip(&o.cursor, 20);
	buf_str(pr->to, ", options [");
	while (o.left > 0) {
		if (!first)
			buf_char(pr->to, ',');
		r = begin(&o);
		if (r == OPTION_DONE)
			r = print_option(&o);
		if (r != OPTION_DONE)
			break;
		o.left -= o.used;
		head = o.kind == OPT_EOL || o.kind == OPT_NOP ? 1 : 2;
		if (head + o.used != o.len)
			buf_fmt(pr->to, "[len %u]", o.len);
		first = false;
		if (o.kind == OPT_EOL)
			break;
	}
	if (r == OPTION_BAD) {
		buf_str(pr->to, first ? "[bad opt]" : "[bad opt]]");
		*ret_bad = true;
		return true;
	}
	if (r == OPTION_CUT) {
		buf_fmt(pr->to, first ? " [|%s]" : " [|%s]>", pr->protocol);
		*ret_bad = true;
		return true;
	}
	if (r == OPTION_CUT_INSIDE)
		return false;
	buf_char(pr->to, ']');
	return true;
}
