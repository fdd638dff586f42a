/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cli/doctor.h"
#include "sinks/json.h"

static void key_bool(struct json *j, const char *key, bool b)
{
	json_key(j, key);
	json_bool(j, b);
}

static void dotted(struct json *j, const char *name)
{
	char text[96] = "net.";
	size_t i;

	strncat(text, name, sizeof(text) - strlen(text) - 1);
	for (i = 0; text[i]; i++)
		if (text[i] == '/')
			text[i] = '.';
	json_key_string(j, "name", text);
}

static void write_use(struct json *j, const struct doctor_use *u)
{
	int i;

	json_begin_object(j);
	json_key_string(j, "name", u->name);
	json_key_string(j, "status", doctor_status_word(u->status));
	json_key(j, "missing");
	json_begin_array(j);
	for (i = 0; i < u->n; i++) {
		json_begin_object(j);
		json_key_string(j, "trial", host_trial_name(u->lacks[i].trial));
		json_key_string(j, "why", u->lacks[i].why);
		json_key_string(j, "without", u->lacks[i].without);
		json_key_string(j, "allow", u->lacks[i].allow);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_trial(struct json *j, enum host_trial_kind k, const struct host_trial *t)
{
	json_begin_object(j);
	json_key_string(j, "name", host_trial_name(k));
	key_bool(j, "works", !t->code);
	json_key_string(j, "why", t->what);
	json_end(j);
}

static void write_program(struct json *j, const char *key, const struct host_program *p, bool has_backend)
{
	if (!p->path[0])
		return;
	json_key(j, key);
	json_begin_object(j);
	json_key_string(j, "path", p->path);
	if (has_backend)
		json_key_string(j, "backend", p->legacy ? "legacy" : "nf_tables");
	json_end(j);
}

static void write_host(struct json *j, const struct host *h)
{
	static const char *const are[] = { "unknown", "absent", "there" };
	int i;

	json_key(j, "host");
	json_begin_object(j);
	json_key_string(j, "kernel", h->kernel);
	json_key_int(j, "hz", h->hz);
	json_key_int(j, "uid", h->uid);
	json_key(j, "capabilities");
	json_uint(j, h->caps);
	key_bool(j, "initial_user_namespace", !h->container);
	json_key_string(j, "bpf_built", h->bpf_built);
	key_bool(j, "btf", h->btf);
	json_key(j, "tracepoints");
	json_begin_object(j);
	for (i = 0; i < HOST_TRACEPOINTS; i++)
		json_key_string(j, h->tracepoints[i].name, are[h->tracepoints[i].is]);
	json_end(j);
	write_program(j, "nft", &h->nft, false);
	write_program(j, "iptables", &h->iptables, true);
	json_key_string(j, "cgroup", h->cgroup);
	json_end(j);
}

static void write_settings(struct json *j, const struct host *h)
{
	struct buf effect = { 0 };
	int i;

	json_key(j, "sysctls");
	json_begin_array(j);
	for (i = 0; i < h->n_settings; i++) {
		const struct host_setting *s = &h->settings[i];

		if (!s->there)
			continue;
		json_begin_object(j);
		dotted(j, s->name);
		json_key_int(j, "value", s->value);
		if (s->second)
			json_key_int(j, "second", s->second);
		buf_reset(&effect);
		if (doctor_effect(h, s, &effect))
			json_key_string(j, "effect", buf_text(&effect));
		json_end(j);
	}
	json_end(j);
	buf_fini(&effect);
}

static void write_case(struct json *j, const struct conform_case *k)
{
	static const char *const kinds[] = {
		[CONFORM_SCHEDULE] = "schedule", [CONFORM_ICMP] = "icmp", [CONFORM_ANSWER] = "answer"
	};

	json_begin_object(j);
	json_key_string(j, "kind", kinds[k->kind]);
	json_key_string(j, "name", k->name);
	json_key_string(j, "network_type", k->family == 6 ? "ipv6" : "ipv4");
	key_bool(j, "held", k->held);
	if (k->again)
		key_bool(j, "again", true);
	json_key_string(j, "expected", k->expected);
	json_key_string(j, "observed", k->observed);
	json_key_string(j, "skipped", k->skipped);
	json_end(j);
}

static void write_test(struct json *j, const struct conform *c)
{
	int i;

	json_key(j, "self_test");
	json_begin_object(j);
	json_key_int(j, "duration", c->took_ns);
	json_key(j, "cases");
	json_begin_array(j);
	for (i = 0; i < c->n; i++)
		write_case(j, &c->cases[i]);
	json_end(j);
	json_end(j);
}

void doctor_json(const struct doctor *d, struct buf *to)
{
	struct json j;
	int i;

	json_init(&j, to);
	json_begin_object(&j);
	json_key_int(&j, "v", 1);
	key_bool(&j, "well", doctor_is_well(d));
	json_key(&j, "uses");
	json_begin_array(&j);
	for (i = 0; i < DOCTOR_USES; i++)
		write_use(&j, &d->uses[i]);
	json_end(&j);
	json_key(&j, "trials");
	json_begin_array(&j);
	for (i = 0; i < HOST_TRIAL_N; i++)
		write_trial(&j, (enum host_trial_kind)i, &d->host.trials[i]);
	json_end(&j);
	write_host(&j, &d->host);
	write_settings(&j, &d->host);
	if (d->tested)
		write_test(&j, &d->test);
	json_end(&j);
	buf_char(to, '\n');
}
