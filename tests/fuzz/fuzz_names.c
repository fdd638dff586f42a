/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <arpa/nameser.h>
#include <string.h>

#include "lab/names.h"

/*
 * An input is a byte of flags, a text, NUL, and DNS messages, each behind its
 * length in two bytes.  The text is taken for a hosts file, and its lines for rules.
 */

#define ROOM 4096
#define NO_IPV6 1 /* a flag */

static void give_rules(struct names *n, char *text)
{
	char *line;
	struct err e;
	int r;

	while ((line = strsep(&text, "\n"))) {
		memset(&e, 0, sizeof(e));
		r = names_resolve(n, line, &e);
		MUST(r <= 0 && (!r || (e.what[0] && e.remedy[0] && e.exit_code == 2)));
	}
}

/* What comes out needs no more filtering. */
static void check_hosts(const struct names *n, const char *file)
{
	struct buf once = { 0 }, twice = { 0 };

	names_hosts(n, file, &once);
	names_hosts(n, buf_text(&once), &twice);
	MUST(!strcmp(buf_text(&once), buf_text(&twice)));
	buf_fini(&once);
	buf_fini(&twice);
}

static void check_record(struct names *n, const struct names_question *q, const ns_rr *rr)
{
	int family = ns_rr_rdlen(*rr) == 4 ? 4 : 6, i, found;
	struct addr addrs[NAMES_ADDRS_MAX];

	MUST(ns_rr_type(*rr) == q->type && ns_rr_class(*rr) == 1);
	if (q->type == 12)
		return;
	MUST(q->type == (family == 4 ? 1 : 28) && (family == 4 || ns_rr_rdlen(*rr) == 16));
	found = names_addrs(n, q->name, family, addrs, NAMES_ADDRS_MAX);
	for (i = 0; i < found && memcmp(addrs[i].b, ns_rr_rdata(*rr), ns_rr_rdlen(*rr)) != 0; i++)
		;
	MUST(i < found);
}

/* The C library can read every answer, and nothing else stands in it than what was asked. */
static void check_answer(struct names *n, struct bytes query, const uint8_t *answer, size_t len,
			 const struct names_question *q)
{
	ns_msg msg;
	ns_rr rr;
	int i;

	MUST(ns_initparse(answer, (int)len, &msg) == 0);
	MUST(!memcmp(answer, query.p, 2) && ns_msg_getflag(msg, ns_f_qr));
	MUST(ns_msg_getflag(msg, ns_f_rcode) == (q->rcode & 15));
	MUST(ns_msg_count(msg, ns_s_qd) == (q->name[0] != 0) && ns_msg_count(msg, ns_s_an) == q->n_answers);
	MUST(!q->n_answers || q->rcode == 0);
	if (q->name[0])
		MUST(ns_parserr(&msg, ns_s_qd, 0, &rr) == 0 && ns_rr_type(rr) == q->type);
	for (i = 0; i < q->n_answers; i++) {
		MUST(ns_parserr(&msg, ns_s_an, i, &rr) == 0);
		check_record(n, q, &rr);
	}
}

static void ask_all(struct names *n, struct bytes in)
{
	uint8_t answer[ROOM], again[ROOM];
	struct names_question q;
	struct bytes query;
	uint16_t len;
	size_t got;

	while (bytes_u16be(&in, &len) && bytes_take(&in, len < in.len ? len : in.len, &query)) {
		size_t max = len & 1 ? 512 : ROOM;

		got = names_answer(n, query, answer, max, &q);
		MUST(got <= max && (!got) == (query.len < 12 || (query.p[2] & 0x80)));
		if (!got)
			continue;
		check_answer(n, query, answer, got, &q);
		/* The same question has the same answer. */
		MUST(names_answer(n, query, again, max, &q) == got && !memcmp(answer, again, got));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size), text = { 0 };
	const uint8_t *end;
	struct names *n;
	char *line;
	uint8_t flags;

	if (!bytes_u8(&in, &flags))
		return 0;
	end = memchr(in.p, 0, in.len);
	bytes_take(&in, end ? (size_t)(end - in.p) : in.len, &text);
	bytes_skip(&in, end ? 1 : 0);
	n = names_new(!(flags & NO_IPV6));
	line = strndup((const char *)text.p, text.len);
	MUST(n && line);
	check_hosts(n, line);
	give_rules(n, line);
	free(line);
	line = strndup((const char *)text.p, text.len);
	MUST(line);
	check_hosts(n, line);
	free(line);
	ask_all(n, in);
	names_free(n);
	return 0;
}
