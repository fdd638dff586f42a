/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/story.h"
#include "core/timescale.h"
#include "../scenario/script.h"

#define BASE (INT64_C(1700000000) * 1000000000)

struct seen {
	uint64_t n;
	uint64_t digest;
};

static void check_text(const char *s, size_t size)
{
	MUST(memchr(s, 0, size));
}

static void check_verdict(const struct verdict *v)
{
	int i;

	MUST(v->outcome > OUTCOME_NONE && v->outcome < OUTCOME_N);
	MUST(v->gave_up_by > GAVE_UP_NONE && v->gave_up_by < GAVE_UP_N);
	MUST((unsigned int)v->limit < LIMIT_N);
	MUST((unsigned int)v->confidence < CONFIDENCE_N);
	MUST(v->headline[0]);
	check_text(v->headline, sizeof(v->headline));
	check_text(v->advice, sizeof(v->advice));
	MUST(v->n_evidence >= 0 && v->n_evidence <= VERDICT_EVIDENCE_MAX);
	for (i = 0; i < v->n_evidence; i++) {
		MUST(v->evidence[i][0]);
		check_text(v->evidence[i], sizeof(v->evidence[i]));
	}
	/* words that belong together (design: the words) */
	MUST((v->outcome == OUTCOME_ESTABLISHED || v->outcome == OUTCOME_PENDING) == (v->gave_up_by == GAVE_UP_NOBODY));
	MUST(v->outcome != OUTCOME_TIMED_OUT || v->gave_up_by == GAVE_UP_KERNEL);
	MUST((v->outcome == OUTCOME_ABANDONED) == (v->gave_up_by == GAVE_UP_APPLICATION));
	MUST((v->outcome == OUTCOME_KILLED) == (v->gave_up_by == GAVE_UP_SIGNAL));
	MUST(v->outcome != OUTCOME_ESTABLISHED || !v->error);
	MUST(v->outcome != OUTCOME_UNANSWERED || v->confidence == CONFIDENCE_UNKNOWN);
}

static void check_story(const struct story *s)
{
	int i;

	MUST(s->n >= 2 && s->n <= STORY_ROWS_MAX);
	MUST(s->n_causes >= 0 && s->n_causes <= ATTEMPT_DROPS_MAX);
	MUST(s->rows[0].kind == STORY_STATE && s->rows[0].client_state[0]);
	MUST(s->more_replies >= 0);
	for (i = 0; i < s->n; i++) {
		const struct story_row *r = &s->rows[i];

		MUST(r->kind <= STORY_END);
		check_text(r->label, sizeof(r->label));
		check_text(r->note, sizeof(r->note));
		check_text(r->client_state, sizeof(r->client_state));
		check_text(r->server_state, sizeof(r->server_state));
	}
	for (i = 0; i < s->n_causes; i++)
		check_text(s->causes[i].text, sizeof(s->causes[i].text));
}

static void mix(struct seen *seen, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		seen->digest = (seen->digest ^ *p++) * 0x100000001b3u;
}

static void on_attempt(const struct attempt *a, void *user)
{
	static struct attempt lab;
	static struct story story;
	struct seen *seen = user;
	struct verdict v;

	seen->n++;
	MUST(a->n_syns >= 0 && a->n_replies >= 0);
	MUST(a->n_drops >= 0 && a->n_drops <= ATTEMPT_DROPS_MAX);
	MUST((unsigned int)a->end < ATTEMPT_END_N);
	verdict_make(a, &v);
	check_verdict(&v);
	story_make(a, &v, &story);
	check_story(&story);
	timescale_attempt(a, &lab);
	mix(seen, &v, sizeof(v));
	mix(seen, &a->n_syns, sizeof(a->n_syns));
	mix(seen, &a->n_replies, sizeof(a->n_replies));
	mix(seen, &a->flow.client.port, sizeof(a->flow.client.port));
}

/* What must hold of the counts, whatever came. */
static void check_counts(const struct script *s, const struct tracker_counts *c, const struct seen *seen)
{
	uint64_t lost = 0;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->events[i].kind == EVENT_LOST)
			lost += s->events[i].lost.n;
	MUST(c->events == s->n);
	MUST(c->attempts == seen->n);
	MUST(c->evicted <= c->attempts);
	MUST(c->attempts <= c->events);
	MUST(c->unmatched <= c->events && c->duplicates <= c->events);
	MUST(c->lost == (s->max_attempts ? lost : 0));
}

/* An input is a script: lines that are none are left out.  It is played from two times and under two seeds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size, *eol;
	struct seen one = { 0 }, other = { 0 }, early = { 0 };
	struct tracker_counts c;
	struct script s;

	script_init(&s);
	while (at < end) {
		eol = memchr(at, '\n', (size_t)(end - at));
		script_add_line(&s, at, (size_t)((eol ? eol : end) - at));
		at = eol ? eol + 1 : end;
	}
	MUST(script_play(&s, BASE, 1, on_attempt, &one, &c));
	check_counts(&s, &c, &one);
	MUST(script_play(&s, BASE, 0x9e3779b97f4a7c15u, on_attempt, &other, &c));
	check_counts(&s, &c, &other);
	MUST(one.digest == other.digest);
	MUST(script_play(&s, 0, 1, on_attempt, &early, &c));
	check_counts(&s, &c, &early);
	script_fini(&s);
	return 0;
}
