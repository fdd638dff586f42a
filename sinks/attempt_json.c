/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/attempt_json.h"

#include <stdio.h>
#include <string.h>

#include "core/digest.h"
#include "sinks/json.h"
#include "sinks/json_ecs.h"
#include "sinks/json_policy.h"
#include "sinks/zeek.h"

static void write_event(struct json *j, const struct attempt *a, const struct verdict *v,
			const struct attempt_json_opts *o)
{
	int64_t start = attempt_start_ns(a), elapsed = v->elapsed_ns > 0 ? v->elapsed_ns : 0;

	json_key(j, "event");
	json_begin_object(j);
	json_ecs_time(j, "start", start);
	if (v->outcome != OUTCOME_PENDING)
		json_ecs_time(j, "end", start + elapsed);
	json_key_int(j, "duration", elapsed);
	json_key_string(j, "provider", "synsent");
	json_key_string(j, "dataset", o->source);
	json_end(j);
}

static void write_times(struct json *j, const char *key, const int64_t *t_ns, int n)
{
	int i;

	json_key(j, key);
	json_begin_array(j);
	for (i = 0; i < n; i++)
		json_int(j, t_ns[i]);
	json_end(j);
}

static void write_reply(struct json *j, const struct reply *r, int64_t base_ns)
{
	char text[ADDR_TEXT_LEN];

	json_begin_object(j);
	json_key_string(j, "kind", reply_kind_word(r->kind));
	json_key_int(j, "t_ns", r->t_ns - base_ns);
	json_key(j, "accepted");
	json_bool(j, r->ignored == IGNORED_NOT);
	json_key_string(j, "ignored", ignored_word(r->ignored));
	if (!addr_is_any(&r->from))
		json_key_string(j, "from", addr_format(&r->from, text));
	if (r->kind == REPLY_ICMP) {
		json_key(j, "icmp");
		json_begin_object(j);
		json_key_int(j, "type", r->icmp_type);
		json_key_int(j, "code", r->icmp_code);
		json_end(j);
	}
	if (r->ttl)
		json_key_int(j, "ttl", r->ttl);
	if (r->packet) {
		json_key(j, "packet");
		json_uint(j, r->packet);
	}
	json_end(j);
}

/* Where in a capture it is. */
static void write_place(struct json *j, const struct attempt *a)
{
	const struct reply *answer = digest_answer(a);

	if (!a->number)
		return;
	json_key_int(j, "number", a->number);
	json_key(j, "first_packet");
	json_uint(j, a->first_packet);
	json_key_string(j, "path", a->path);
	if (!answer)
		return;
	json_key(j, "answer");
	json_begin_object(j);
	json_key_string(j, "kind", reply_kind_word(answer->kind));
	json_key(j, "packet");
	json_uint(j, answer->packet);
	json_end(j);
}

static void write_file(struct json *j, const char *file)
{
	json_key(j, "log");
	json_begin_object(j);
	json_key(j, "file");
	json_begin_object(j);
	json_key_string(j, "path", file);
	json_end(j);
	json_end(j);
}

static void write_observed(struct json *j, const struct attempt *a, const struct verdict *v)
{
	int64_t base_ns = attempt_start_ns(a);
	int i;

	json_key(j, "syns_ns");
	json_begin_array(j);
	for (i = 0; i < a->n_syns && i < ATTEMPT_SYNS_MAX; i++) {
		if (a->syn_ns[i])
			json_int(j, a->syn_ns[i] - base_ns);
		else
			json_nothing(j); /* counted by the kernel; when it left is not known */
	}
	json_end(j);
	json_key(j, "replies");
	json_begin_array(j);
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		write_reply(j, &a->replies[i], base_ns);
	json_end(j);
	if (a->n_replies > ATTEMPT_REPLIES_MAX)
		json_key_int(j, "replies_total", a->n_replies);
	if (v->outcome == OUTCOME_ESTABLISHED && a->n_syns > 1 && attempt_answered_syn(a) >= 0)
		json_key_int(j, "answered_syn", attempt_answered_syn(a));
}

static void write_predicted(struct json *j, const struct attempt *a)
{
	int64_t syns_ns[SCHEDULE_SYNS_MAX], end_ns = 0;
	bool exact = false;
	int n = verdict_predict(a, syns_ns, SCHEDULE_SYNS_MAX, &end_ns, &exact);

	if (n <= 0)
		return;
	json_key(j, "predicted");
	json_begin_object(j);
	write_times(j, "syns_ns", syns_ns, n);
	json_key_int(j, "gives_up_ns", end_ns);
	json_key(j, "exact");
	json_bool(j, exact);
	json_end(j);
}

static void write_drop(struct json *j, const struct drop *d)
{
	char sent_to[ENDPOINT_TEXT_LEN];

	json_begin_object(j);
	json_key_string(j, "place", drop_place_word(d->place));
	json_key_string(j, "reason", d->reason);
	json_key_string(j, "function", d->function);
	json_key_string(j, "rule", d->rule);
	json_key_string(j, "rule_by", rule_by_word(d->rule_by));
	if (d->packets) {
		json_key(j, "packets");
		json_uint(j, d->packets);
	}
	json_key(j, "reply");
	json_bool(j, d->reply);
	if (d->may_be_copy) {
		json_key(j, "may_be_copy");
		json_bool(j, true);
	}
	if (d->netns)
		json_key_int(j, "netns", d->netns);
	if (d->ifindex)
		json_key_int(j, "ifindex", d->ifindex);
	if (d->sent_to.port)
		json_key_string(j, "sent_to", endpoint_format(&d->sent_to, sent_to));
	json_end(j);
}

static void write_drops(struct json *j, const struct attempt *a)
{
	int i;

	if (!a->n_drops)
		return;
	json_key(j, "drop");
	write_drop(j, &a->drops[0]);
	if (a->n_drops == 1)
		return;
	json_key(j, "drops");
	json_begin_array(j);
	for (i = 0; i < a->n_drops && i < ATTEMPT_DROPS_MAX; i++)
		write_drop(j, &a->drops[i]);
	json_end(j);
}

static void write_verdict(struct json *j, const struct verdict *v)
{
	int i;

	json_key_string(j, "outcome", outcome_word(v->outcome));
	json_key_string(j, "gave_up_by", gave_up_by_word(v->gave_up_by));
	json_key_string(j, "limit", limit_word(v->limit));
	json_key_string(j, "confidence", confidence_word(v->confidence));
	json_key_string(j, "headline", v->headline);
	json_key_string(j, "advice", v->advice);
	json_key(j, "evidence");
	json_begin_array(j);
	for (i = 0; i < v->n_evidence && i < VERDICT_EVIDENCE_MAX; i++)
		json_text(j, v->evidence[i]);
	json_end(j);
}

static void write_named(struct json *j, const char *key, const char *name, const char *value)
{
	json_key(j, key);
	json_begin_object(j);
	json_key_string(j, name, value);
	json_end(j);
}

/* It lost a race, likely. */
static void write_cancelled(struct json *j, const struct attempt *a, const struct verdict *v)
{
	char text[ADDR_TEXT_LEN];

	if (!a->winner_ns || v->outcome != OUTCOME_ABANDONED)
		return;
	json_key_string(j, "cancelled", confidence_word(CONFIDENCE_LIKELY));
	json_key(j, "winner");
	json_begin_object(j);
	json_key_string(j, "address", addr_format(&a->winner.addr, text));
	json_key_int(j, "port", a->winner.port);
	json_key_int(j, "t_ns", a->winner_ns - attempt_start_ns(a));
	json_end(j);
}

/* Of a live host. */
static void write_whose(struct json *j, const struct attempt *a, const struct attempt_json_opts *o)
{
	char id[16];

	if (!a->traced)
		return;
	snprintf(id, sizeof(id), "%u", a->uid);
	write_named(j, "user", "id", id);
	if (o->container && *o->container)
		write_named(j, "container", "id", o->container);
}

static void write_synsent(struct json *j, const struct attempt *a, const struct verdict *v,
			  const struct attempt_json_opts *o)
{
	char sent_to[ENDPOINT_TEXT_LEN];
	json_key(j, "synsent");
	json_begin_object(j);
	write_verdict(j, v);
	write_observed(j, a, v);
	write_predicted(j, a);
	if (a->has_policy)
		json_policy(j, &a->policy);
	if (a->own_timer)
		json_key_int(j, "own_timer_ns", a->own_timer_ns);
	write_cancelled(j, a, v);
	write_drops(j, a);
	if (a->has_isn)
		json_key_int(j, "isn", a->isn);
	write_place(j, a);
	if (o->scaled) {
		json_key(j, "scaled");
		json_bool(j, true);
	}
	json_key_string(j, "scenario", o->scenario);
	if (a->netns)
		json_key_int(j, "netns", a->netns);
	if (a->sent_to.port)
		json_key_string(j, "sent_to", endpoint_format(&a->sent_to, sent_to));
	if (o->cgroup && *o->cgroup)
		json_key_string(j, "cgroup", o->cgroup);
	json_end(j);
}

void attempt_json(const struct attempt *a, const struct verdict *v, const struct attempt_json_opts *o, struct buf *to)
{
	/* a connection of a capture is not followed to its end */
	const char *conn_state = a->number && v->outcome == OUTCOME_ESTABLISHED ? NULL : zeek_conn_state(a, v);
	struct json j;

	json_init(&j, to);
	json_begin_object(&j);
	json_key_int(&j, "v", 1);
	write_event(&j, a, v, o);
	json_ecs_endpoint(&j, "client", &a->flow.client);
	json_ecs_named(&j, "server", &a->flow.server, o->name);
	json_ecs_network(&j, &a->flow, o->inbound ? "inbound" : NULL);
	json_ecs_process(&j, a->pid, a->comm);
	write_whose(&j, a, o);
	if (v->error) {
		json_key(&j, "error");
		json_begin_object(&j);
		json_key_string(&j, "type", errno_name(v->error));
		json_end(&j);
	}
	if (o->file)
		write_file(&j, o->file);
	write_synsent(&j, a, v, o);
	if (conn_state) {
		json_key(&j, "zeek");
		json_begin_object(&j);
		json_key_string(&j, "conn_state", conn_state);
		json_end(&j);
	}
	json_end(&j);
	buf_char(to, '\n');
}
