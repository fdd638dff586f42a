/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints attempts of every shape as JSON lines: each word of each enum, each optional part there and absent, strings of
 * any bytes.  tests/unit/schema.py holds them against the schema. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/attempt_json.h"
#include "tests/unit/random.h"

#define SAMPLES 250
#define START 1767323045000000006

static uint64_t random_state = 20260102;

static uint64_t rnd(uint64_t n)
{
	return random_u64(&random_state) % n;
}

static void random_string(char *to, size_t size)
{
	size_t i, len = rnd(3) ? rnd(size) : 0;

	memset(to, 0, size);
	for (i = 0; i < len; i++)
		to[i] = (char)(1 + rnd(255));
}

static void random_endpoint(struct endpoint *e)
{
	int i;

	memset(e, 0, sizeof(*e));
	e->addr.family = rnd(2) ? 4 : rnd(3) ? 6 : 0;
	for (i = 0; i < (e->addr.family == 4 ? 4 : e->addr.family == 6 ? 16 : 0); i++)
		e->addr.b[i] = (uint8_t)(rnd(2) ? rnd(256) : 0);
	e->port = (uint16_t)(rnd(4) ? rnd(65536) : 0);
}

static void random_reply(struct reply *r)
{
	struct endpoint e;

	random_endpoint(&e);
	*r = (struct reply){ .t_ns = START + (int64_t)rnd(1000000000),
			     .kind = (enum reply_kind)(1 + rnd(REPLY_KIND_N - 1)),
			     .ignored = (enum ignored)rnd(IGNORED_N),
			     .icmp_type = (uint8_t)rnd(256),
			     .icmp_code = (uint8_t)rnd(256),
			     .ttl = (uint8_t)rnd(256),
			     .packet = rnd(2) ? rnd(1 << 20) : 0,
			     .from = e.addr };
}

static void random_drop(struct drop *d)
{
	d->place = (enum drop_place)(1 + rnd(DROP_PLACE_N - 1));
	d->reply = rnd(2);
	d->packets = rnd(3);
	random_string(d->reason, sizeof(d->reason));
	random_string(d->function, sizeof(d->function));
	random_string(d->rule, sizeof(d->rule));
	d->rule_by = (enum rule_by)rnd(RULE_BY_N);
	d->netns = (uint32_t)(rnd(2) ? rnd(UINT32_MAX) : 0);
	d->may_be_copy = rnd(2);
	d->ifindex = (uint32_t)(rnd(2) ? rnd(1000) : 0);
	if (rnd(2))
		random_endpoint(&d->sent_to);
}

static void random_attempt(struct attempt *a)
{
	int i;

	memset(a, 0, sizeof(*a));
	random_endpoint(&a->flow.client);
	random_endpoint(&a->flow.server);
	a->isn = (uint32_t)rnd(UINT32_MAX);
	a->has_isn = rnd(2);
	a->n_syns = (int)(rnd(5) ? rnd(12) : rnd(300));
	a->syns_seen = a->n_syns && rnd(4);
	for (i = 0; i < a->n_syns && i < ATTEMPT_SYNS_MAX; i++)
		a->syn_ns[i] = START + i * INT64_C(1000000000) + (i ? (int64_t)rnd(1000000000) : 0);
	a->connect_ns = rnd(2) ? START - 1000 : 0;
	a->n_replies = (int)(rnd(5) ? rnd(4) : rnd(20));
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		random_reply(&a->replies[i]);
	a->has_answered = rnd(2);
	a->answered_syn = (int)rnd(4);
	a->ack_ns = rnd(2) ? START : 0;
	a->client_rst_ns = rnd(3) ? 0 : START;
	a->fin_ns[0] = rnd(2) ? START : 0;
	a->fin_ns[1] = rnd(2) ? START : 0;
	a->has_policy = rnd(2);
	policy_default(rnd(2) ? 0 : KERNEL_VERSION_OF(2 + rnd(5), rnd(20)), &a->policy);
	a->policy.rto_first_j = (int)(rnd(2) ? rnd(100) : 0);
	a->policy.syncnt = (int)rnd(3);
	a->policy.user_timeout_ms = (int64_t)(rnd(2) ? rnd(100000) : 0);
	a->has_phase = rnd(2);
	a->phase = rnd(1 << 18);
	a->own_timer = rnd(2);
	a->own_timer_ns = (int64_t)rnd(10000000000);
	if (rnd(2)) {
		a->winner = (struct endpoint){ .addr.family = 4, .port = (uint16_t)(1 + rnd(65535)) };
		a->winner_ns = START + (int64_t)rnd(10000000000);
	}
	a->pid = (int32_t)(rnd(2) ? rnd(INT32_MAX) : 0);
	random_string(a->comm, sizeof(a->comm));
	if (rnd(2)) { /* of a live host */
		a->traced = true;
		a->uid = (uint32_t)rnd(UINT32_MAX);
		a->netns = (uint32_t)rnd(UINT32_MAX);
		if (rnd(2))
			random_endpoint(&a->sent_to);
	}
	if (rnd(2)) { /* of a capture */
		a->number = (uint32_t)(1 + rnd(UINT32_MAX));
		a->first_packet = 1 + rnd(INT64_MAX);
		random_string(a->path, sizeof(a->path));
	}
	a->n_drops = (int)rnd(ATTEMPT_DROPS_MAX + 1);
	for (i = 0; i < a->n_drops; i++)
		random_drop(&a->drops[i]);
}

static void random_verdict(struct verdict *v)
{
	static const int errors[] = { 0, ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH, EACCES, 41 /* has no name */ };
	int i;

	memset(v, 0, sizeof(*v));
	v->outcome = (enum outcome)(1 + rnd(OUTCOME_N - 1));
	v->gave_up_by = (enum gave_up_by)(1 + rnd(GAVE_UP_N - 1));
	v->limit = (enum limit)rnd(LIMIT_N);
	v->confidence = (enum confidence)rnd(CONFIDENCE_N);
	v->error = errors[rnd(sizeof(errors) / sizeof(errors[0]))];
	v->elapsed_ns = (int64_t)rnd(200000000000);
	v->n_evidence = (int)rnd(VERDICT_EVIDENCE_MAX + 1);
	for (i = 0; i < v->n_evidence; i++) {
		random_string(v->evidence[i], sizeof(v->evidence[i]));
		v->evidence[i][0] = '-';
	}
	random_string(v->headline, sizeof(v->headline));
	random_string(v->advice, sizeof(v->advice));
}

int main(void)
{
	struct attempt *a = calloc(1, sizeof(*a));
	struct buf b = { 0 };
	struct verdict v;
	int i;

	if (!a)
		return 1;
	for (i = 0; i < SAMPLES; i++) {
		struct attempt_json_opts o = { .scaled = rnd(2),
					       .source = rnd(2) ? "lab" : NULL,
					       .scenario = rnd(2) ? "drop" : NULL,
					       .inbound = rnd(2),
					       .container = rnd(2) ? "0123456789ab" : "",
					       .cgroup = rnd(2) ? "/a\033b" : NULL,
					       .name = rnd(2) ? "db\033.internal" : NULL,
					       .file = rnd(2) ? "a\033[2J\"\xff.pcap" : NULL };

		random_attempt(a);
		random_verdict(&v);
		attempt_json(a, &v, &o, &b);
	}
	free(a);
	fputs(buf_text(&b), stdout);
	i = b.failed || fflush(stdout);
	buf_fini(&b);
	return i;
}
