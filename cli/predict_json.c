/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/predict.h"

#include "cli/predict_app.h"
#include "cli/predict_within.h"
#include "sinks/json.h"
#include "util/buf.h"

static void key_ms(struct json *j, const char *key, int64_t ns)
{
	json_key(j, key);
	json_ms(j, ns);
}

static void span(struct json *j, int64_t min_ns, int64_t max_ns)
{
	json_begin_array(j);
	json_ms(j, min_ns);
	json_ms(j, max_ns);
	json_end(j);
}

static void write_policy(struct json *j, const struct predict *p)
{
	const struct policy *o = &p->policy;

	json_key(j, "policy");
	json_begin_object(j);
	json_key_int(j, p->synack ? "synack_retries" : "retries", o->retries);
	if (!p->synack)
		json_key_int(j, "linear", o->linear);
	if (o->syncnt)
		json_key_int(j, "syncnt", o->syncnt);
	if (o->user_timeout_ms)
		json_key_int(j, "user_timeout_ms", o->user_timeout_ms);
	json_key_int(j, "rto_max_ms", o->rto_max_ms);
	key_ms(j, "first_rto_ms", predict_first_rto_ns(p));
	json_key_int(j, "hz", o->hz);
	json_key_string(j, "kernel", p->kernel);
	json_end(j);
}

static void write_nominal(struct json *j, const struct predict *p, const char *syns)
{
	int i;

	json_key(j, "nominal");
	json_begin_object(j);
	json_key(j, syns);
	json_begin_array(j);
	for (i = 0; i < p->nominal.n; i++)
		json_ms(j, schedule_jiffies_ns(p->nominal.syn[i], p->policy.hz));
	json_end(j);
	key_ms(j, "gives_up_ms", schedule_jiffies_ns(p->nominal.end, p->policy.hz));
	json_end(j);
}

static void write_range(struct json *j, const struct predict *p, const char *syns)
{
	const struct schedule_range *r = &p->range;
	int i;

	json_key(j, "range");
	json_begin_object(j);
	json_key(j, syns);
	json_begin_array(j);
	for (i = 0; i < r->n; i++)
		span(j, r->syn[i].min_ns, r->syn[i].max_ns);
	json_end(j);
	json_key(j, "gives_up_ms");
	span(j, r->end.min_ns, r->end.max_ns);
	if (r->n_min != r->n)
		json_key_int(j, "least_syns", r->n_min);
	json_end(j);
}

static void write_exact(struct json *j, const struct predict *p, const char *syns)
{
	int i;

	json_key(j, "exact");
	json_begin_object(j);
	json_key(j, syns);
	json_begin_array(j);
	for (i = 0; i < p->exact.n; i++)
		json_int(j, p->exact.syn[i]);
	json_end(j);
	json_key_int(j, "gives_up_jiffies", p->exact.end);
	json_end(j);
}

static void write_app(struct json *j, const struct predict *p)
{
	struct app_cut cut;

	app_cut(&p->nominal, &p->range, p->policy.hz, p->app_ns, &cut);
	json_key(j, "app_timeout");
	json_begin_object(j);
	key_ms(j, "timeout_ms", p->app_ns);
	json_key_string(j, "gives_up_by",
			cut.end == CUT_LEAVES	? "kernel"
			: cut.end == CUT_EITHER ? "either"
						: "application");
	json_key(j, "syns_sent");
	json_begin_array(j);
	json_int(j, cut.sent);
	json_int(j, cut.sent_max);
	json_end(j);
	if (cut.near >= 0)
		json_key_int(j, "within_slack_of_syn", cut.near);
	json_end(j);
}

static void write_within(struct json *j, const struct predict *p)
{
	struct setting found[SETTINGS_MAX];
	int i, n = settings_within(&p->policy, p->within_ns, found);

	json_key(j, "within");
	json_begin_object(j);
	key_ms(j, "limit_ms", p->within_ns);
	json_key(j, "holds_now");
	json_bool(j, p->range.end.max_ns <= p->within_ns);
	json_key(j, "settings");
	json_begin_array(j);
	for (i = 0; i < n; i++) {
		json_begin_object(j);
		json_key_string(j, "scope", setting_scope_word(found[i].scope));
		json_key_string(j, "name", found[i].name);
		json_key_string(j, "line", found[i].line);
		json_key(j, "syns");
		json_begin_array(j);
		json_int(j, found[i].n_min);
		json_int(j, found[i].n);
		json_end(j);
		json_key(j, "gives_up_ms");
		span(j, found[i].min_ns, found[i].max_ns);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

void predict_json(const struct predict *p, struct buf *to)
{
	struct json j;

	json_init(&j, to);
	json_begin_object(&j);
	json_key_int(&j, "v", 1);
	write_policy(&j, p);
	write_nominal(&j, p, p->synack ? "syn_acks_ms" : "syns_ms");
	write_range(&j, p, p->synack ? "syn_acks_ms" : "syns_ms");
	if (p->has_phase)
		write_exact(&j, p, p->synack ? "syn_acks_jiffies" : "syns_jiffies");
	if (p->app_ns)
		write_app(&j, p);
	if (p->within_ns)
		write_within(&j, p);
	json_end(&j);
	buf_char(to, '\n');
}
