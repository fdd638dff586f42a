/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lab/conform_inside.h"
#include "lab/fault_result.h"
#include "util/duration.h"

#define PORT 80
#define IGNORED 0

static const struct trial policies[CONFORM_SCHEDULES] = {
	{ .name = "R1 L0", .asked = { 1, 0 }, .family = 4 },
	{ .name = "R1 L4", .asked = { 1, 4 }, .family = 4 },
	{ .name = "R2 L0", .asked = { 2, 0 }, .family = 4 },
	{ .name = "R2 L0", .asked = { 2, 0 }, .family = 6 },
	{ .name = "R2 L4", .asked = { 2, 4 }, .family = 4 },
	{ .name = "R6 L4 TCP_SYNCNT 2", .asked = { 6, 4, .syncnt = 2 }, .family = 4 },
	{ .name = "R6 L4 user timeout 1.5 s", .asked = { 6, 4, .user_timeout_ms = 1500 }, .family = 4 },
	{ .name = "R6 L0 user timeout 5 s", .asked = { 6, 0, .user_timeout_ms = 5000 }, .family = 4 },
	{ .name = "R6 L4 user timeout 5 s", .asked = { 6, 4, .user_timeout_ms = 5000 }, .family = 6 },
	{ .name = "R5 L0 RTO max 1 s", .asked = { 5, 0, .rto_max_ms = 1000 }, .family = 4 },
};

/*
 * net/ipv4/icmp.c icmp_err_convert[] and icmp_unreach(), net/ipv4/tcp_ipv4.c tcp_v4_err();
 * net/ipv6/icmp.c icmpv6_err_convert(), net/ipv6/tcp_ipv6.c tcp_v6_err().
 */
static const struct icmp {
	uint8_t family, type, code;
	int error; /* IGNORED: the attempt goes on */
} icmps[] = {
	{ 4, 3, 0, ENETUNREACH },   { 4, 3, 1, EHOSTUNREACH },	{ 4, 3, 2, ENOPROTOOPT },   { 4, 3, 3, ECONNREFUSED },
	{ 4, 3, 4, IGNORED },	    { 4, 3, 5, EOPNOTSUPP },	{ 4, 3, 6, ENETUNREACH },   { 4, 3, 7, EHOSTDOWN },
	{ 4, 3, 8, ENONET },	    { 4, 3, 9, ENETUNREACH },	{ 4, 3, 10, EHOSTUNREACH }, { 4, 3, 11, ENETUNREACH },
	{ 4, 3, 12, EHOSTUNREACH }, { 4, 3, 13, EHOSTUNREACH }, { 4, 3, 14, EHOSTUNREACH }, { 4, 3, 15, EHOSTUNREACH },
	{ 4, 4, 0, IGNORED },	    { 4, 11, 0, EHOSTUNREACH }, { 4, 11, 1, IGNORED },	    { 4, 12, 0, EPROTO },
	{ 6, 1, 0, ENETUNREACH },   { 6, 1, 1, EACCES },	{ 6, 1, 2, EHOSTUNREACH },  { 6, 1, 3, EHOSTUNREACH },
	{ 6, 1, 4, ECONNREFUSED },  { 6, 1, 5, EACCES },	{ 6, 1, 6, EACCES },	    { 6, 2, 0, IGNORED },
	{ 6, 3, 0, EHOSTUNREACH },  { 6, 3, 1, EHOSTUNREACH },	{ 6, 4, 0, EPROTO },	    { 6, 4, 1, EPROTO },
	{ 6, 4, 2, EPROTO },
};

#define N_ICMPS ((int)(sizeof(icmps) / sizeof(icmps[0])))

void conform_schedules(struct trial ret[CONFORM_TRIALS])
{
	int i;

	for (i = 0; i < CONFORM_COPIES; i++)
		memcpy(ret + (ptrdiff_t)i * CONFORM_SCHEDULES, policies, sizeof(policies));
}

/* What is being made: where the next answer goes. */
struct making {
	struct conform *c;
	const struct policy *policy;
	struct conform_answer *answers;
	int n;
};

static struct conform_case *add_case(struct conform *c, enum conform_kind kind, int family, const char *name)
{
	struct conform_case *k = &c->cases[c->n++];

	*k = (struct conform_case){ .kind = kind, .family = family };
	snprintf(k->name, sizeof(k->name), "%s", name);
	return k;
}

/* A server of its own for each, since faults are told apart by it. */
static void give_server(struct conform_answer *a, int number, int family)
{
	struct fault_scope *s = &a->fault.scope;

	snprintf(s->host, sizeof(s->host), family == 6 ? "2001:db8::%x" : "198.18.0.%d", number + 1);
	addr_parse(s->host, &a->server.addr);
	a->server.port = PORT;
	s->addrs[0] = a->server.addr;
	s->n_addrs = 1;
	s->family = family;
}

static void expect(struct conform_answer *a, int error, int64_t ns)
{
	char *to = a->c->expected;

	a->error = error;
	a->ns = ns;
	a->fd = -1;
	if (ns)
		snprintf(to, CONFORM_TEXT, "%s after %.1f s", error ? errno_name(error) : "connects",
			 (double)ns / NS_PER_S);
	else
		snprintf(to, CONFORM_TEXT, "%s at once", error ? errno_name(error) : "connects");
}

static bool has_room(const struct making *m)
{
	return m->c->n < CONFORM_CASES_MAX;
}

static void add_row(struct making *m, const struct fault_effect *f, int family)
{
	struct conform_answer *a = &m->answers[m->n];
	struct fault_result r;
	int error;

	fault_result(f, m->policy, &r);
	error = family == 6 ? r.error6 : r.error4;
	if (error < 0 || !has_room(m) || fault_parse(f->text, &a->fault, NULL))
		return;
	a->c = add_case(m->c, CONFORM_ANSWER, family, f->text);
	give_server(a, m->n, family);
	expect(a, error, r.ns);
	m->n++;
}

static void add_icmp(struct making *m, const struct icmp *i)
{
	struct conform_answer *a = &m->answers[m->n];
	struct schedule s;
	char name[32];

	if (!has_room(m))
		return;
	snprintf(name, sizeof(name), "icmp%s %d/%d", i->family == 6 ? "6" : "", i->type, i->code);
	a->c = add_case(m->c, CONFORM_ICMP, i->family, name);
	a->fault = (struct fault){ .kind = FAULT_ICMP,
				   .has_icmp4 = i->family == 4,
				   .has_icmp6 = i->family == 6,
				   .icmp4_type = i->type,
				   .icmp4_code = i->code,
				   .icmp6_type = i->type,
				   .icmp6_code = i->code };
	snprintf(a->fault.text, sizeof(a->fault.text), "%s", name);
	give_server(a, m->n, i->family);
	schedule_nominal(m->policy, &s);
	expect(a, i->error ? i->error : ETIMEDOUT, i->error ? 0 : schedule_jiffies_ns(s.end, m->policy->hz));
	m->n++;
}

int conform_cases(struct conform *c, const struct policy *p, bool ipv6, struct conform_answer *ret)
{
	struct making m = { .c = c, .policy = p, .answers = ret };
	const struct fault_effect *f;
	int i;

	for (i = 0; i < CONFORM_SCHEDULES; i++)
		add_case(c, CONFORM_SCHEDULE, policies[i].family, policies[i].name);
	for (i = 0; i < N_ICMPS; i++)
		if (icmps[i].family == 4 || ipv6)
			add_icmp(&m, &icmps[i]);
	for (f = fault_effects; f->text; f++) {
		if (f->when == WHEN_CHANCE || !strncmp(f->text, "icmp:", 5))
			continue;
		add_row(&m, f, 4);
		if (ipv6)
			add_row(&m, f, 6);
	}
	return m.n;
}
