/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lab/run_inside.h"
#include "lab/world_stage.h"
#include "util/buf.h"

#define SYN_SENT 2

void run_log(struct run *r, int64_t t_ns, const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt(&b, fmt, ap);
	va_end(ap);
	r->v->log(r->v->user, t_ns, buf_text(&b));
	buf_fini(&b);
}

static void give(struct run *r, const struct event *ev)
{
	tracker_feed(r->tracker, ev);
	r->v->event(r->v->user, ev);
}

static bool is_first_syn(const struct run *r, const struct event *ev, struct flow *ret)
{
	const struct attempt *a;

	if (ev->kind != EVENT_SEGMENT || (ev->segment.flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return false;
	*ret = (struct flow){ .client = ev->segment.src, .server = ev->segment.dst };
	a = tracker_find(r->tracker, ret);
	return !a || (a->has_isn && a->isn != ev->segment.seq);
}

/* What the kernel itself did to it, in the client's firewall or at the far end's listener, is known from the fault. */
static bool known_drop(const struct fault *fault, const struct endpoint *server, struct event_drop *d)
{
	if (!fault_concerns(&fault->scope, server) || addr_is_loopback(&server->addr))
		return false;
	if (fault->kind == FAULT_BACKLOG_FULL) {
		d->place = DROP_PEER_BACKLOG;
		snprintf(d->reason, sizeof(d->reason), DROP_ACCEPT_QUEUE);
		return true;
	}
	if (fault->kind != FAULT_FIREWALL)
		return false;
	d->place = fault->input ? DROP_LOCAL_INPUT : DROP_LOCAL_OUTPUT;
	d->reply = fault->input;
	snprintf(d->reason, sizeof(d->reason), "NETFILTER_DROP");
	world_firewall_text(fault, server, d->rule, sizeof(d->rule));
	return true;
}

/* reset: by what answered its SYN, before that was seen leaving. */
static void tell_known_drop(struct run *r, const struct flow *f, int64_t t_ns, bool reset)
{
	struct event ev = { .kind = EVENT_DROP, .t_ns = t_ns, .drop = { .flow = *f, .packets = reset } };
	int i;

	for (i = 0; i < r->c->n_faults; i++)
		if ((!reset || fault_resets_syns(&r->c->faults[i])) &&
		    known_drop(&r->c->faults[i], &f->server, &ev.drop)) {
			give(r, &ev);
			return;
		}
}

static void log_syn(struct run *r, const struct event *ev, const struct flow *f)
{
	const struct attempt *a = tracker_find(r->tracker, f);
	char from[ENDPOINT_TEXT_LEN], to[ENDPOINT_TEXT_LEN];

	run_log(r, ev->t_ns, "SYN %d  %s > %s", a ? a->n_syns - 1 : 0, endpoint_format(&f->client, from),
		endpoint_format(&f->server, to));
}

static void log_answer(struct run *r, const struct event *ev)
{
	const uint16_t flags = ev->segment.flags & (TCP_SYN | TCP_ACK | TCP_RST);
	char from[ENDPOINT_TEXT_LEN], to[ENDPOINT_TEXT_LEN];

	if (flags == (TCP_SYN | TCP_ACK) || flags & TCP_RST)
		run_log(r, ev->t_ns, "%s  %s > %s", flags & TCP_RST ? "RST" : "SYN-ACK",
			endpoint_format(&ev->segment.src, from), endpoint_format(&ev->segment.dst, to));
}

static void log_icmp(struct run *r, const struct event *ev)
{
	char from[ADDR_TEXT_LEN], to[ENDPOINT_TEXT_LEN];

	run_log(r, ev->t_ns, "icmp%s %d/%d from %s, about %s", ev->icmp.family == 6 ? "6" : "", ev->icmp.type,
		ev->icmp.code, addr_format(&ev->icmp.from, from), endpoint_format(&ev->icmp.flow.server, to));
}

/*
 * A rule in the output chain answers a SYN before any packet socket sees it: the RST is the first of it.  Any other RST
 * without an attempt came too late for one.
 */
static bool is_lonely_reset(const struct run *r, const struct event *ev, struct flow *ret)
{
	bool rule = false;
	int i;

	if (ev->kind != EVENT_SEGMENT || !(ev->segment.flags & TCP_RST))
		return false;
	*ret = (struct flow){ .client = ev->segment.dst, .server = ev->segment.src };
	for (i = 0; i < r->c->n_faults && !rule; i++)
		rule = r->c->faults[i].kind == FAULT_FIREWALL && !r->c->faults[i].input &&
		       fault_concerns(&r->c->faults[i].scope, &ret->server);
	return rule && !tracker_find(r->tracker, ret);
}

void run_on_event(const struct event *ev, void *user)
{
	struct run *r = user;
	struct policy policy;
	struct event with;
	struct flow f;
	bool lonely = is_lonely_reset(r, ev, &f);

	if (is_first_syn(r, ev, &f) || lonely) {
		run_call_of(r, &f, 0, ev->t_ns, &policy);
	} else if (ev->kind == EVENT_STATE && ev->state.state == SYN_SENT &&
		   !tracker_find(r->tracker, &ev->state.flow) &&
		   run_call_of(r, &ev->state.flow, ev->state.cookie, ev->t_ns, &policy)) {
		with = *ev;
		with.state.policy = policy;
		ev = &with;
	}
	run_tell(r, ev);
	if (lonely)
		tell_known_drop(r, &f, ev->t_ns, true);
}

static void tell_close(struct run *r, const struct event *close)
{
	const struct attempt *a = tracker_find(r->tracker, &close->close.flow);
	struct event ev = { .kind = EVENT_DROP, .t_ns = close->t_ns, .drop.flow = close->close.flow };
	const bool full = a && run_full_queue(r, a, &ev.drop);

	give(r, close);
	if (full)
		give(r, &ev);
	else
		tell_known_drop(r, &close->close.flow, close->t_ns, false);
}

void run_tell(struct run *r, const struct event *ev)
{
	if (ev->kind == EVENT_CLOSE)
		tell_close(r, ev);
	else
		give(r, ev);
	if (ev->kind == EVENT_SEGMENT && (ev->segment.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
		log_syn(r, ev, &(struct flow){ ev->segment.src, ev->segment.dst });
	else if (ev->kind == EVENT_SEGMENT)
		log_answer(r, ev);
	else if (ev->kind == EVENT_RETRANSMIT)
		run_log(r, ev->t_ns, "SYN %d, by the kernel's count: it was not seen leaving", ev->retransmit.n);
	else if (ev->kind == EVENT_ICMP)
		log_icmp(r, ev);
	else if (ev->kind == EVENT_LOST)
		r->end->lost += ev->lost.n;
}

void run_on_packet(const struct live_packet *p, const struct packet *decoded, void *user)
{
	struct run *r = user;

	r->v->packet(r->v->user, p, decoded);
}

void run_on_attempt(const struct attempt *a, void *user)
{
	struct run *r = user;

	r->v->attempt(r->v->user, a, names_of(r->c->names, &a->flow.server.addr));
}

void run_on_question(const struct names_question *q, void *user)
{
	struct run *r = user;
	const char *type = q->type == 1 ? "A" : q->type == 28 ? "AAAA" : q->type == 12 ? "PTR" : "other";

	run_log(r, observe_now(r->observe), "DNS %s %s: %s", type, q->name,
		q->rcode == 3  ? "no such name"
		: q->rcode     ? "not answered"
		: q->n_answers ? "answered"
			       : "no address of this kind");
}

static const char *deed_text(const struct wire_told *t)
{
	static const char *const deeds[WIRE_DEED_N] = { "dropped",   "answered in the server's place",
							"delayed",   "duplicated",
							"reordered", "stripped of an option" };

	return (unsigned int)t->deed < WIRE_DEED_N ? deeds[t->deed] : "?";
}

void run_take_deed(struct run *r, const struct wire_told *t, enum drop_place place)
{
	struct event ev = { .kind = EVENT_DROP, .t_ns = observe_time(r->observe, t->t_ns) };
	const char *fault = r->c->faults[t->fault].text;
	char from[ENDPOINT_TEXT_LEN], to[ENDPOINT_TEXT_LEN];

	run_log(r, ev.t_ns, "%s %d  %s > %s: %s by %.80s",
		t->reply ? "reply"
		: t->syn ? "SYN"
			 : "packet",
		t->nth, endpoint_format(&t->flow.client, from), endpoint_format(&t->flow.server, to), deed_text(t),
		fault);
	if (t->deed != WIRE_DROPPED || !t->syn)
		return;
	ev.drop = (struct event_drop){
		.flow = t->flow, .place = place, .reply = t->reply, .packets = 1, .reason = "fault"
	};
	snprintf(ev.drop.rule, sizeof(ev.drop.rule), "%.150s", fault);
	give(r, &ev);
}

static void on_told(const struct wire_told *t, void *user)
{
	struct run *r = user;

	if (r->n_told < RUN_TOLD_MAX)
		r->told[r->n_told++] = *t;
	else
		r->end->lost++;
}

/* The deeds are fetched before the packets that they were done to are read, and told after: so those are known. */
int run_observe(struct run *r, struct err *e)
{
	int code, i;

	resolver_pump(r->resolver, run_on_question, r);
	r->n_told = 0;
	wire_read(r->wire, on_told, r);
	code = observe_pump(r->observe, e);
	for (i = 0; i < r->n_told; i++)
		run_take_deed(r, &r->told[i], DROP_PATH_OR_PEER);
	return code;
}
