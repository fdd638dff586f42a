/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/random_event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/event_text.h"
#include "tests/unit/random.h"

static uint64_t random_state;

void random_from(uint64_t seed)
{
	random_state = seed;
}

uint64_t rnd(void)
{
	return random_u64(&random_state);
}

/* Numbers at the ends of a range are as likely as all between. */
static int64_t between(int64_t min, int64_t max)
{
	uint64_t span = (uint64_t)max - (uint64_t)min;

	switch (rnd() % 4) {
	case 0:
		return min;
	case 1:
		return max;
	default:
		return (int64_t)((uint64_t)min + (span == UINT64_MAX ? rnd() : rnd() % (span + 1)));
	}
}

static uint64_t bits(int n)
{
	return rnd() % 4 ? rnd() >> (64 - n) : rnd() % 2 ? UINT64_MAX >> (64 - n) : 0;
}

static void random_string(char *to, size_t size)
{
	size_t i, len = rnd() % size;

	for (i = 0; i < len; i++)
		to[i] = (char)(rnd() % 2 ? ' ' + rnd() % 95 : 1 + rnd() % 255);
}

static void random_addr(struct addr *a)
{
	int i;

	a->family = (uint8_t[]){ 0, 4, 6 }[rnd() % 3];
	for (i = 0; i < (a->family == 4 ? 4 : a->family == 6 ? 16 : 0); i++)
		a->b[i] = (uint8_t)bits(8);
}

static void random_endpoint(struct endpoint *e)
{
	random_addr(&e->addr);
	e->port = (uint16_t)bits(16);
}

static void random_flow(struct flow *f)
{
	random_endpoint(&f->client);
	random_endpoint(&f->server);
}

static void random_policy(struct policy *p)
{
	p->retries = (int)between(POLICY_RETRIES_MIN, POLICY_RETRIES_MAX);
	p->linear = (int)between(0, POLICY_LINEAR_MAX);
	p->syncnt = (int)between(0, 127);
	p->user_timeout_ms = between(0, INT32_MAX);
	p->rto_max_ms = (int)between(POLICY_RTO_MAX_MS_MIN, POLICY_RTO_MAX_MS_MAX);
	p->hz = (int)between(POLICY_HZ_MIN, POLICY_HZ_MAX);
	p->rto_first_j = (int)between(0, p->hz);
	p->kernel = KERNEL_VERSION_OF(between(2, 70), between(0, 99)) | (uint32_t)between(0, 255);
}

static void random_segment(struct event_segment *g)
{
	random_endpoint(&g->src);
	random_endpoint(&g->dst);
	g->seq = (uint32_t)bits(32);
	g->ack = (uint32_t)bits(32);
	g->len = (uint32_t)bits(32);
	g->flags = (uint16_t)bits(16);
	if (rnd() % 4)
		g->flags &= 0x1ff;
	g->window = (uint16_t)bits(16);
	g->ttl = (uint8_t)bits(8);
	g->bad_checksum = rnd() % 2;
	g->has_ts = rnd() % 2;
	if (g->has_ts) {
		g->tsval = (uint32_t)bits(32);
		g->tsecr = (uint32_t)bits(32);
	}
}

static void random_icmp(struct event_icmp *i)
{
	random_flow(&i->flow);
	random_addr(&i->from);
	i->has_seq = rnd() % 2;
	if (i->has_seq)
		i->quoted_seq = (uint32_t)bits(32);
	i->family = (uint8_t)bits(8);
	i->type = (uint8_t)bits(8);
	i->code = (uint8_t)bits(8);
	i->error = (int)between(0, 140);
}

static void random_connect(struct event_connect *c)
{
	random_flow(&c->flow);
	c->pid = (int32_t)between(INT32_MIN, INT32_MAX);
	random_string(c->comm, sizeof(c->comm));
	c->has_policy = rnd() % 2;
	if (c->has_policy)
		random_policy(&c->policy);
	c->blind = rnd() % 2;
	c->own_timer = rnd() % 2;
	if (c->own_timer)
		c->own_timer_ns = between(0, INT64_C(1) << 61);
}

static void random_state_event(struct event_state *s)
{
	random_flow(&s->flow);
	s->cookie = bits(64);
	s->state = (uint8_t)bits(8);
	if (rnd() % 2)
		s->state %= 14;
	s->retransmits = (uint8_t)bits(8);
	s->unsent = (uint8_t)bits(8);
	s->backoff = (uint8_t)bits(8);
	s->timer = (uint8_t)bits(8);
	s->expires_ms = (uint32_t)bits(32);
	s->rto_us = (uint32_t)bits(32);
	s->rqueue = (uint32_t)bits(32);
	s->wqueue = (uint32_t)bits(32);
	s->uid = (uint32_t)bits(32);
	s->inode = (uint32_t)bits(32);
	s->has_isn = rnd() % 2;
	s->isn = s->has_isn ? (uint32_t)bits(32) : 0;
	s->has_phase = rnd() % 2;
	if (s->has_phase) {
		s->phase = bits(64);
		s->phase_edge_ns = between(-(INT64_C(1) << 61), INT64_C(1) << 61);
	}
	s->pid = (int32_t)between(INT32_MIN, INT32_MAX);
	random_string(s->comm, sizeof(s->comm));
	s->has_policy = rnd() % 2;
	if (s->has_policy)
		random_policy(&s->policy);
}

static void random_drop(struct event_drop *d)
{
	random_flow(&d->flow);
	d->place = (enum drop_place)(rnd() % DROP_PLACE_N);
	d->reply = rnd() % 2;
	d->packets = bits(64);
	random_string(d->reason, sizeof(d->reason));
	random_string(d->function, sizeof(d->function));
	random_string(d->rule, sizeof(d->rule));
}

#if __SIZEOF_POINTER__ == 8
/* A kind has grown a member: name it in core/event_fields.c, fill it below, and then mend the size. */
#define SIZE(kind, bytes) _Static_assert(sizeof(struct event_##kind) == (bytes), "struct event_" #kind " has changed")
SIZE(segment, 68);
SIZE(icmp, 72);
SIZE(connect, 120);
SIZE(state, 176);
SIZE(retransmit, 44);
SIZE(result, 48);
SIZE(close, 104);
SIZE(exit, 12);
SIZE(drop, 296);
SIZE(counter, 104);
SIZE(lost, 24);
#endif

/* Written out by hand, member by member, so that a member that the table forgot is found. */
void random_event(enum event_kind kind, struct event *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->kind = kind;
	ev->t_ns = between(0, INT64_C(4000000000) * 1000000000);
	ev->packet = bits(64);
	switch (kind) {
	case EVENT_SEGMENT:
		random_segment(&ev->segment);
		break;
	case EVENT_ICMP:
		random_icmp(&ev->icmp);
		break;
	case EVENT_CONNECT:
		random_connect(&ev->connect);
		break;
	case EVENT_STATE:
		random_state_event(&ev->state);
		break;
	case EVENT_RETRANSMIT:
		random_flow(&ev->retransmit.flow);
		ev->retransmit.n = (int)between(0, SCHEDULE_SYNS_MAX - 1);
		break;
	case EVENT_RESULT:
		random_flow(&ev->result.flow);
		ev->result.error = (int)between(0, 4095);
		ev->result.own_timer = rnd() % 2;
		break;
	case EVENT_CLOSE:
		random_flow(&ev->close.flow);
		ev->close.cause = (enum close_cause)(rnd() % CLOSE_CAUSE_N);
		ev->close.error = (int)between(0, 140);
		ev->close.retransmits = (int)between(-1, 254);
		ev->close.cookie = bits(64);
		ev->close.has_isn = rnd() % 2;
		ev->close.isn = ev->close.has_isn ? (uint32_t)bits(32) : 0;
		ev->close.unseen_ns = between(0, INT64_C(1) << 61);
		ev->close.timer_left_ns = between(0, INT64_C(1) << 61);
		ev->close.closer = (int32_t)between(0, 4194304);
		ev->close.holder_alive = rnd() % 2;
		ev->close.packets_only = rnd() % 2;
		ev->close.translated = rnd() % 2;
		ev->close.holder_ending = rnd() % 2;
		ev->close.several_holders = rnd() % 2;
		break;
	case EVENT_LEFT:
		random_flow(&ev->left.flow);
		ev->left.cookie = bits(64);
		ev->left.has_isn = rnd() % 2;
		ev->left.isn = ev->left.has_isn ? (uint32_t)bits(32) : 0;
		ev->left.failed = rnd() % 2;
		ev->left.answered = rnd() % 2;
		break;
	case EVENT_EXIT:
		ev->exit.pid = (int32_t)between(INT32_MIN, INT32_MAX);
		ev->exit.signal = (int)between(0, 64);
		ev->exit.status = (int)between(INT32_MIN, INT32_MAX);
		break;
	case EVENT_DROP:
		random_drop(&ev->drop);
		break;
	case EVENT_COUNTER:
		if (rnd() % 2)
			random_flow(&ev->counter.flow);
		ev->counter.cookie = bits(64);
		ev->counter.has_isn = rnd() % 2;
		ev->counter.isn = ev->counter.has_isn ? (uint32_t)bits(32) : 0;
		random_string(ev->counter.name, sizeof(ev->counter.name));
		ev->counter.delta = between(INT64_MIN, INT64_MAX);
		break;
	case EVENT_LOST:
		random_string(ev->lost.source, sizeof(ev->lost.source));
		ev->lost.n = bits(64);
		break;
	default:
		fail();
	}
}
