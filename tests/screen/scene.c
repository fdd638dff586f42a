/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/screen/scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS ((int64_t)1000000)

void scene_waits(struct attempt *a, const char *process, int pid, const char *server, int64_t since_ms)
{
	static uint16_t port = 40000;
	int64_t syns_ns[SCHEDULE_SYNS_MAX], end_ns, start = SCENE_NOW - since_ms * MS;
	bool exact;
	int n, i;

	memset(a, 0, sizeof(*a));
	if (endpoint_parse(server, &a->flow.server) ||
	    endpoint_parse(a->flow.server.addr.family == 6 ? "[2001:db8::5]:0" : "10.0.0.5:0", &a->flow.client))
		abort();
	a->flow.client.port = port++;
	a->cookie = a->flow.client.port;
	memcpy(a->comm, process, strnlen(process, sizeof(a->comm)));
	a->pid = pid;
	a->socket_seen = a->syns_seen = true;
	a->retransmits = -1;
	a->connect_ns = start;
	a->syn_ns[0] = start;
	policy_default(0, &a->policy);
	a->policy.retries = 6;
	a->has_policy = a->has_phase = true;
	a->phase = 1234;
	n = verdict_predict(a, syns_ns, SCHEDULE_SYNS_MAX, &end_ns, &exact);
	for (i = 0; i < n && syns_ns[i] <= since_ms * MS; i++)
		a->syn_ns[i] = start + syns_ns[i];
	a->n_syns = i;
	a->observed_until_ns = SCENE_NOW;
}

/* As the kernel and the network would have told of it. */
void scene_ended(struct attempt *a, struct verdict *v, enum outcome o, int64_t ago_ms, int64_t after_ms)
{
	int64_t shift = SCENE_NOW - (ago_ms + after_ms) * MS - a->connect_ns;
	int i, n = 0;

	for (i = 0; i < a->n_syns; i++) {
		a->syn_ns[i] += shift;
		n += a->syn_ns[i] <= SCENE_NOW - ago_ms * MS;
	}
	a->n_syns = n;
	a->connect_ns += shift;
	a->ended_ns = SCENE_NOW - ago_ms * MS;
	a->end = ATTEMPT_END_RESULT;
	if (o == OUTCOME_REFUSED || o == OUTCOME_UNREACHABLE) {
		a->n_replies = 1;
		a->replies[0] = (struct reply){ .t_ns = a->ended_ns, .from = a->flow.server.addr };
		a->replies[0].kind = o == OUTCOME_REFUSED ? REPLY_RST : REPLY_ICMP;
		a->replies[0].icmp_family = a->flow.server.addr.family;
		a->replies[0].icmp_type = a->flow.server.addr.family == 6 ? 1 : 3;
		a->replies[0].icmp_code = 1;
	}
	switch (o) {
	case OUTCOME_REFUSED:
		a->end_error = ECONNREFUSED;
		break;
	case OUTCOME_UNREACHABLE:
		a->end_error = EHOSTUNREACH;
		break;
	case OUTCOME_TIMED_OUT:
		a->end_error = ETIMEDOUT;
		break;
	case OUTCOME_ABANDONED:
		a->end = ATTEMPT_END_CLOSE;
		a->close_cause = CLOSE_APPLICATION;
		break;
	case OUTCOME_KILLED:
		a->end = ATTEMPT_END_SIGNAL;
		a->end_signal = 9;
		break;
	default:
		break;
	}
	verdict_make(a, v);
	if (v->outcome != o)
		abort();
}

struct failure {
	const char *process, *server;
	int pid;
	enum outcome outcome;
	int ago_ms, after_ms;
	const char *rule;
};

static const struct failure failures[] = {
	{ "java", "10.0.9.1:443", 2201, OUTCOME_TIMED_OUT, 120300, 134329, NULL },
	{ "nginx", "10.0.3.7:5432", 812, OUTCOME_ABANDONED, 71000, 5002, NULL },
	{ "curl", "[2001:db8::7]:443", 9120, OUTCOME_UNREACHABLE, 64000, 21, NULL },
	{ "Web Content", "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:1]:8443", 104455, OUTCOME_REFUSED, 61000, 203, NULL },
	{ "app", "127.0.0.1:9000", 77, OUTCOME_TIMED_OUT, 58000, 134329,
	  "ip filter INPUT handle 3 \"tcp dport 9000 counter drop\" comment \"closed for now\"" },
	{ "evil\033[2J\nname", "10.0.3.7:5432", 4410, OUTCOME_KILLED, 40000, 801, NULL },
	{ "データ取得", "192.168.100.200:50443", 31, OUTCOME_ABANDONED, 33000, 10000, NULL },
	{ "psql", "10.0.3.7:5432", 4411, OUTCOME_ABANDONED, 4200, 3000, NULL },
	{ "psql", "10.0.3.7:5432", 4412, OUTCOME_REFUSED, 2100, 1, NULL },
};

static void play_failures(struct screen *s, struct attempt *a, struct verdict *v)
{
	size_t i;

	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		const struct failure *f = &failures[i];

		scene_waits(a, f->process, f->pid, f->server, f->after_ms);
		if (f->rule) {
			a->n_drops = 1;
			a->drops[0].place = DROP_LOCAL_INPUT;
			a->drops[0].packets = (uint64_t)a->n_syns;
			snprintf(a->drops[0].rule, sizeof(a->drops[0].rule), "%s", f->rule);
		}
		scene_ended(a, v, f->outcome, f->ago_ms, f->after_ms);
		screen_ended(s, a, v);
	}
}

static void play_established(struct screen *s, struct attempt *a, struct verdict *v)
{
	static const char *const servers[] = { "10.0.3.7:5432", "10.0.9.1:443", "[2001:db8::7]:443" };
	int i, which;

	for (i = 0; i < 1330; i++) {
		which = i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2;
		scene_waits(a, "nginx", 812, servers[which], 0);
		scene_ended(a, v, OUTCOME_ESTABLISHED, i * 100, which == 2 ? 47 + i % 9 : 1 + i % 3);
		screen_ended(s, a, v);
	}
}

static void play_pending(struct screen *s, struct attempt *a)
{
	screen_pending_begin(s);
	scene_waits(a, "nginx", 812, "10.0.3.7:5432", 300);
	screen_pending_add(s, a);
	scene_waits(a, "java", 2201, "10.0.9.1:443", 70500);
	screen_pending_add(s, a);
	scene_waits(a, "app", 77, "127.0.0.1:9000", 12800);
	a->n_drops = 1;
	a->drops[0].place = DROP_LOCAL_INPUT;
	snprintf(a->drops[0].rule, sizeof(a->drops[0].rule), "%s", failures[4].rule);
	screen_pending_add(s, a);
	scene_waits(a, "curl", 9177, "[2001:db8::9]:443", 2500);
	a->has_phase = false;
	screen_pending_add(s, a);
	scene_waits(a, "", 0, "198.18.0.1:80", 1500);
	a->has_policy = false;
	screen_pending_add(s, a);
	screen_pending_end(s, true);
}

void scene_play(struct screen *s)
{
	struct attempt *a = malloc(sizeof(*a));
	struct verdict *v = malloc(sizeof(*v));

	if (!a || !v)
		abort();
	play_established(s, a, v);
	play_failures(s, a, v);
	play_pending(s, a);
	free(a);
	free(v);
}
