/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/names.h"

#include <errno.h>
#include <string.h>

#include "lab/names_inside.h"

#define HEADER_LEN 12
#define OPT_LEN 11
#define UDP_PAYLOAD 1232 /* what is said to be taken: no fragment on any IPv6 link */
#define NO_EDNS_MAX 512

enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_AAAA = 28, TYPE_OPT = 41 };
enum { CLASS_IN = 1, CLASS_ANY = 255 };
enum { NOERROR = 0, FORMERR = 1, SERVFAIL = 2, NXDOMAIN = 3, NOTIMP = 4, REFUSED = 5, BADVERS = 16 };

/* Bits of the header's second 16 (RFC 1035 4.1.1, RFC 4035 3.2). */
#define QR 0x8000
#define OPCODE 0x7800
#define TC 0x0200
#define RD 0x0100
#define RA 0x0080
#define CD 0x0010

struct query {
	uint16_t id, flags, counts[4];
	struct bytes question; /* as it came; the answer repeats it, letter by letter */
	uint16_t class;
	bool edns;
	uint8_t edns_version;
	uint16_t payload;
};

struct answer {
	uint8_t *p;
	size_t len, max;
	int n;
	bool cut;
};

/* A name without compression, as text; false when it is none, or cannot be written as text. */
static bool read_name(struct bytes *b, char to[NAME_LEN])
{
	struct bytes label;
	size_t at = 0;
	uint8_t len;

	while (bytes_u8(b, &len)) {
		if (!len) {
			if (at)
				to[at - 1] = 0;
			else
				strcpy(to, ".");
			return true;
		}
		/* RFC 1035 2.3.4: 255 bytes with the root's, as here with the dots */
		if (len > 63 || at + len + 1 > 254 || !bytes_take(b, len, &label))
			return false;
		if (memchr(label.p, 0, len) || memchr(label.p, '.', len))
			return false;
		memcpy(to + at, label.p, len);
		at += len;
		to[at++] = '.';
	}
	return false;
}

/* Past a name that may end in a pointer. */
static bool skip_name(struct bytes *b)
{
	uint8_t len;

	while (bytes_u8(b, &len)) {
		if (!len)
			return true;
		if (len >= 0xc0)
			return bytes_skip(b, 1);
		if (len > 63 || !bytes_skip(b, len))
			return false;
	}
	return false;
}

/* Of the records behind the question only OPT means something (RFC 6891 6.1). */
static bool read_record(struct bytes *b, bool additional, struct query *q)
{
	bool root = b->len && !b->p[0];
	uint16_t type, class, len;
	uint32_t ttl;

	if (!skip_name(b) || !bytes_u16be(b, &type) || !bytes_u16be(b, &class) || !bytes_u32be(b, &ttl) ||
	    !bytes_u16be(b, &len) || !bytes_skip(b, len))
		return false;
	if (type != TYPE_OPT)
		return true;
	if (!additional || !root || q->edns)
		return false;
	q->edns = true;
	q->payload = class;
	q->edns_version = (uint8_t)(ttl >> 16);
	return true;
}

static bool read_header(struct bytes *b, struct query *q)
{
	int i;

	if (!bytes_u16be(b, &q->id) || !bytes_u16be(b, &q->flags))
		return false;
	for (i = 0; i < 4; i++)
		if (!bytes_u16be(b, &q->counts[i]))
			return false;
	return !(q->flags & QR);
}

static bool read_question(struct bytes *b, struct query *q, struct names_question *ret)
{
	struct bytes from = *b;

	if (q->counts[0] != 1 || !read_name(b, ret->name) || !bytes_u16be(b, &ret->type) ||
	    !bytes_u16be(b, &q->class)) {
		ret->name[0] = 0;
		ret->type = 0;
		return false;
	}
	q->question = bytes_of(from.p, from.len - b->len);
	return true;
}

static bool read_records(struct bytes *b, struct query *q)
{
	int section;
	uint32_t i;

	for (section = 1; section < 4; section++)
		for (i = 0; i < q->counts[section]; i++)
			if (!read_record(b, section == 3, q))
				return false;
	return true;
}

static void put(struct answer *a, const void *data, size_t len)
{
	memcpy(a->p + a->len, data, len);
	a->len += len;
}

static void put_u16(struct answer *a, unsigned v)
{
	const uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(a, b, 2);
}

/* A record of the question's name, by a pointer to it.  Its TTL is 0: a cache would hide look-ups from the log. */
static void put_record(struct answer *a, unsigned type, const void *data, size_t len)
{
	static const uint8_t ttl[4];

	a->cut = a->cut || a->max - a->len < 12 + len;
	if (a->cut)
		return;
	put_u16(a, 0xc000 | HEADER_LEN);
	put_u16(a, type);
	put_u16(a, CLASS_IN);
	put(a, ttl, sizeof(ttl));
	put_u16(a, (unsigned)len);
	put(a, data, len);
	a->n++;
}

/* What errno value of names_addrs() is what code. */
static int rcode_of(int r)
{
	switch (r) {
	case -ENOENT:
		return NXDOMAIN;
	case -EINVAL: /* the root: it exists, and has no address */
		return NOERROR;
	}
	return r < 0 ? SERVFAIL : NOERROR;
}

static int answer_addrs(struct names *n, const struct names_question *q, struct answer *a)
{
	int i, family = q->type == TYPE_A ? 4 : 6;
	struct addr addrs[NAMES_ADDRS_MAX];
	int r = names_addrs(n, q->name, family, addrs, NAMES_ADDRS_MAX);

	for (i = 0; i < r; i++)
		put_record(a, q->type, addrs[i].b, family == 4 ? 4 : 16);
	return rcode_of(r);
}

static int answer_reverse(const struct names *n, const struct names_question *q, const struct addr *of,
			  struct answer *a)
{
	const char *name = names_of(n, of);
	uint8_t data[NAME_LEN];
	size_t len = 0, label;

	if (!name)
		return NXDOMAIN;
	if (q->type != TYPE_PTR)
		return NOERROR;
	while (*name) {
		label = strcspn(name, ".");
		data[len++] = (uint8_t)label;
		memcpy(data + len, name, label);
		len += label;
		name += label + (name[label] == '.');
	}
	data[len++] = 0;
	put_record(a, TYPE_PTR, data, len);
	return NOERROR;
}

static int answer_question(struct names *n, const struct names_question *q, struct answer *a)
{
	const struct names_rule *rule;
	char canonical[NAME_LEN];
	struct addr of;

	if (names_canonical(q->name, canonical))
		return NOERROR;
	if (names_reverse(canonical, &of))
		return answer_reverse(n, q, &of, a);
	if (q->type == TYPE_A || q->type == TYPE_AAAA)
		return answer_addrs(n, q, a);
	rule = names_rule_for(n, canonical);
	return rule && !rule->n && !names_is_localhost(canonical) ? NXDOMAIN : NOERROR;
}

static void put_header(struct answer *a, const struct query *q, int rcode)
{
	size_t len = a->len;

	a->len = 0;
	put_u16(a, q->id);
	put_u16(a, QR | RA | (q->flags & (OPCODE | RD | CD)) | (a->cut ? TC : 0) | ((unsigned)rcode & 15));
	put_u16(a, q->question.len ? 1 : 0);
	put_u16(a, (unsigned)a->n);
	put_u16(a, 0);
	put_u16(a, q->edns ? 1 : 0);
	a->len = len;
}

static void put_opt(struct answer *a, int rcode)
{
	const uint8_t opt[OPT_LEN] = { 0, 0, TYPE_OPT, UDP_PAYLOAD >> 8, UDP_PAYLOAD & 255, (uint8_t)(rcode >> 4) };

	a->max += OPT_LEN;
	put(a, opt, sizeof(opt));
}

size_t names_answer(struct names *n, struct bytes query, uint8_t *answer, size_t max, struct names_question *ret_q)
{
	struct answer a = { .p = answer, .len = HEADER_LEN, .max = max };
	struct query q = { 0 };
	bool whole;

	memset(ret_q, 0, sizeof(*ret_q));
	ret_q->rcode = FORMERR;
	if (!read_header(&query, &q))
		return 0;
	whole = !(q.flags & OPCODE) && read_question(&query, &q, ret_q) && read_records(&query, &q);
	/* RFC 6891 6.2.3: less than 512 counts as 512 */
	if (!q.edns || q.payload < NO_EDNS_MAX)
		q.payload = NO_EDNS_MAX;
	if (a.max > q.payload)
		a.max = q.payload;
	a.max -= q.edns ? OPT_LEN : 0;
	if (q.question.len)
		put(&a, q.question.p, q.question.len);
	if (q.flags & OPCODE)
		ret_q->rcode = NOTIMP;
	else if (whole && q.edns_version)
		ret_q->rcode = BADVERS;
	else if (whole && q.class != CLASS_IN && q.class != CLASS_ANY)
		ret_q->rcode = REFUSED;
	else if (whole)
		ret_q->rcode = answer_question(n, ret_q, &a);
	ret_q->n_answers = a.n;
	put_header(&a, &q, ret_q->rcode);
	if (q.edns)
		put_opt(&a, ret_q->rcode);
	return a.len;
}
