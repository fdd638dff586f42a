/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/screen_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/flow_hash.h"

struct screen *screen_new(const struct screen_opts *o)
{
	struct screen *s = calloc(1, sizeof(*s));
	bool room = s != NULL;
	int i;

	if (!s)
		return NULL;
	snprintf(s->what, sizeof(s->what), "%s", o->what);
	s->untold = o->untold;
	s->utf8 = o->utf8;
	s->since_ns = s->now_ns = o->since_ns;
	s->first_failure = s->next_failure = s->shown_failure = 1;
	s->focus = SCREEN_PANE_FAILURES;
	s->rates = screen_rates_new(o->seed);
	s->pending = calloc(SCREEN_PENDING_MAX, sizeof(*s->pending));
	s->failures = calloc(SCREEN_FAILURES_MAX, sizeof(*s->failures));
	s->kept = calloc(SCREEN_KEPT_MAX, sizeof(*s->kept));
	s->servers = calloc(SCREEN_SERVERS_MAX, sizeof(*s->servers));
	s->story = calloc(1, sizeof(*s->story));
	for (i = 0; i < SCREEN_PANES; i++) {
		s->lists[i].items = calloc(SCREEN_LIST_MAX, sizeof(struct screen_item));
		room = room && s->lists[i].items;
	}
	if (!room || !s->rates || !s->pending || !s->failures || !s->kept || !s->servers || !s->story) {
		screen_free(s);
		return NULL;
	}
	return s;
}

void screen_free(struct screen *s)
{
	int i;

	if (!s)
		return;
	screen_rates_free(s->rates);
	free(s->pending);
	free(s->failures);
	free(s->kept);
	free(s->servers);
	free(s->story);
	for (i = 0; i < SCREEN_PANES; i++)
		free(s->lists[i].items);
	buf_fini(&s->scratch);
	free(s);
}

size_t screen_memory(void)
{
	return sizeof(struct screen) + screen_rates_memory() + SCREEN_PENDING_MAX * sizeof(struct screen_pending) +
	       SCREEN_FAILURES_MAX * sizeof(struct screen_failure) + SCREEN_KEPT_MAX * sizeof(struct screen_kept) +
	       SCREEN_SERVERS_MAX * sizeof(struct screen_rate) + sizeof(struct story) +
	       SCREEN_PANES * SCREEN_LIST_MAX * sizeof(struct screen_item);
}

/* The kernel's tracepoints tell of a cookie at the end, if at all, and of the client's port once it is chosen. */
uint64_t screen_attempt_id(const struct attempt *a)
{
	uint64_t client = a->traced ? a->netns : flow_hash_end6(a->cookie, a->flow.client.addr.b, a->flow.client.port);
	uint64_t server = flow_hash_end6((uint64_t)attempt_start_ns(a), a->flow.server.addr.b, a->flow.server.port);

	return flow_hash_mix(client ^ FLOW_HASH_K2, server) | 1;
}

const struct screen_kept *screen_kept_of(const struct screen *s, uint64_t failure)
{
	const struct screen_kept *k = &s->kept[failure % SCREEN_KEPT_MAX];

	return k->id == failure ? k : NULL;
}

static void failed(struct screen *s, const struct attempt *a, const struct verdict *v, int64_t ended_ns)
{
	uint64_t id = s->next_failure++;
	struct screen_failure *f = &s->failures[id % SCREEN_FAILURES_MAX];
	struct screen_kept *k = &s->kept[id % SCREEN_KEPT_MAX];

	f->id = id;
	f->elapsed_ns = v->elapsed_ns;
	f->ended_ns = ended_ns;
	f->server = a->flow.server;
	f->pid = a->pid;
	memcpy(f->comm, a->comm, sizeof(f->comm));
	f->n_syns = a->n_syns ? attempt_syns_sent(a) : 0;
	f->outcome = v->outcome;
	f->gave_up_by = v->gave_up_by;
	snprintf(f->headline, sizeof(f->headline), "%.*s", (int)sizeof(v->headline) - 1, v->headline);
	buf_reset(&s->scratch);
	screen_why(a, v, &s->scratch);
	snprintf(f->why, sizeof(f->why), "%s", buf_text(&s->scratch));
	k->id = id;
	k->a = *a;
}

void screen_ended(struct screen *s, const struct attempt *a, const struct verdict *v)
{
	int64_t ended_ns = a->ended_ns ? a->ended_ns : attempt_start_ns(a) + v->elapsed_ns;

	if (v->outcome == OUTCOME_PENDING)
		return;
	screen_rates_feed(s->rates, &a->flow.server, ended_ns, v->outcome, v->elapsed_ns);
	if (v->outcome == OUTCOME_ESTABLISHED) {
		s->counts.established++;
	} else {
		s->counts.failed++;
		failed(s, a, v, ended_ns);
	}
	if (s->detail.open && s->detail.waits && !s->paused && s->detail.id == screen_attempt_id(a)) {
		s->detail.a = *a;
		s->detail.waits = s->detail.gone = false;
	}
	s->dirty = true;
}

void screen_lost(struct screen *s, uint64_t n)
{
	s->dirty |= n != s->counts.lost;
	s->counts.lost = n;
}

void screen_say(struct screen *s, const char *text)
{
	snprintf(s->said, sizeof(s->said), "%s", text);
	s->dirty = true;
}

/* But for what is lost: that is lost for good. */
void screen_clear(struct screen *s)
{
	s->counts.established = s->counts.failed = 0;
	s->shown = s->counts;
	s->first_failure = s->shown_failure = s->next_failure;
	s->since_ns = s->now_ns;
	s->n_servers = 0;
	screen_rates_clear(s->rates);
}
