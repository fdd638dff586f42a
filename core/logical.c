/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/logical.h"

#include <stdlib.h>
#include <string.h>

#include "core/logical_numbers.h"
#include "core/logical_queues.h"

/* From a failure to the next address: curl lets a second pass, and a name shows that it is the same connect. */
#define GAP_NS 100000000LL
#define NAMED_GAP_NS 1500000000LL
#define ATTEMPT_NONE UINT32_MAX

/* Where a group waits, so that those attempts find it that may join it. */
enum {
	OF_PID,	       /* `who` is a process */
	OF_COMM,       /* a command */
	OF_ANY,	       /* all */
	NO_PID,	       /* of no known process, whatever the command */
	NO_PID_OF_COMM /* ... of one command */
};

struct group {
	uint32_t place, comm; /* numbers that stand for port and name, and for the command */
	int32_t pid;
	int64_t ends_ns; /* the last of its attempts; INT64_MAX: one is pending */
	int64_t connected_ns;
	uint32_t first, winner, decider; /* index of an attempt, or ATTEMPT_NONE */
	uint32_t n;
};

struct grouping {
	struct tried *t;
	size_t n;
	struct logical_numbers numbers;
	uint32_t *of; /* the group of each attempt */
	struct group *groups;
	uint32_t n_groups;
	struct queues *queues;
	int64_t now_ns; /* the begin of the attempt at hand */
};

void tried_of(const struct attempt *a, const struct verdict *v, struct tried *ret)
{
	int64_t elapsed_ns = v->elapsed_ns > 0 ? v->elapsed_ns : 0;
	int i;

	*ret = (struct tried){ .flow = a->flow,
			       .pid = a->pid,
			       .start_ns = attempt_start_ns(a),
			       .elapsed_ns = elapsed_ns,
			       .outcome = v->outcome,
			       .gave_up_by = v->gave_up_by,
			       .limit = v->limit,
			       .confidence = v->confidence,
			       .error = v->error,
			       .n_syns = a->n_syns,
			       .n_replies = a->n_replies };
	ret->end_ns = ret->start_ns + elapsed_ns;
	memcpy(ret->comm, a->comm, sizeof(ret->comm));
	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++)
		ret->n_ignored += a->replies[i].ignored != IGNORED_NOT;
	if (a->n_replies > ATTEMPT_REPLIES_MAX) /* one that is taken ends the wait, so these were not */
		ret->n_ignored += a->n_replies - ATTEMPT_REPLIES_MAX;
}

static int64_t ends_ns(const struct tried *t)
{
	return t->outcome == OUTCOME_PENDING ? INT64_MAX : t->end_ns;
}

static bool begin(struct grouping *g)
{
	g->of = calloc(g->n, sizeof(*g->of));
	g->groups = calloc(g->n, sizeof(*g->groups));
	g->queues = queues_new();
	return g->of && g->groups && g->queues && logical_numbers(g->t, g->n, &g->numbers);
}

static void end(struct grouping *g)
{
	logical_numbers_fini(&g->numbers);
	free(g->of);
	free(g->groups);
	queues_free(g->queues);
}

/* In the queues of what became known, apart from which it stays where it was. */
static bool wait_in_queues(struct grouping *g, uint32_t group, bool fresh, bool pid, bool comm)
{
	const struct group *p = &g->groups[group];
	struct queue_key keys[4];
	int i, n = 0;

	if (fresh)
		keys[n++] = (struct queue_key){ OF_ANY, p->place, 0 };
	if (fresh || comm)
		keys[n++] = (struct queue_key){ OF_COMM, p->place, p->comm };
	if (p->pid && (fresh || pid))
		keys[n++] = (struct queue_key){ OF_PID, p->place, (uint32_t)p->pid };
	if (!p->pid && fresh)
		keys[n++] = (struct queue_key){ NO_PID, p->place, 0 };
	if (!p->pid && (fresh || comm))
		keys[n++] = (struct queue_key){ NO_PID_OF_COMM, p->place, p->comm };
	for (i = 0; i < n; i++)
		if (!queues_add(g->queues, &keys[i], group))
			return false;
	return true;
}

/* The queues of those groups that are of attempt i's process, for all that is known. */
static int queues_for(const struct grouping *g, size_t i, struct queue_key ret[3])
{
	uint32_t place = g->numbers.place[i], comm = g->numbers.comm[i];
	int n = 0;

	if (!g->t[i].pid && !comm) {
		ret[n++] = (struct queue_key){ OF_ANY, place, 0 };
		return n;
	}
	if (g->t[i].pid)
		ret[n++] = (struct queue_key){ OF_PID, place, (uint32_t)g->t[i].pid };
	if (g->t[i].pid && !comm) {
		ret[n++] = (struct queue_key){ NO_PID, place, 0 };
		return n;
	}
	ret[n++] = (struct queue_key){ g->t[i].pid ? NO_PID_OF_COMM : OF_COMM, place, comm };
	ret[n++] = (struct queue_key){ g->t[i].pid ? NO_PID_OF_COMM : OF_COMM, place, 0 };
	return n;
}

/* Over, or more is known of its process than this queue is for. */
static bool is_gone(const struct queue_key *k, uint32_t group, const void *user)
{
	const struct grouping *g = user;
	const struct group *p = &g->groups[group];
	int64_t gap_ns = g->t[p->first].name[0] ? NAMED_GAP_NS : GAP_NS;

	if (p->connected_ns <= g->now_ns || g->now_ns - p->ends_ns > gap_ns)
		return true;
	return (p->pid && (k->kind == NO_PID || k->kind == NO_PID_OF_COMM)) ||
	       (p->comm != k->who && (k->kind == OF_COMM || k->kind == NO_PID_OF_COMM));
}

/* Of several the one that began first: what is tried side by side often enough fails in the same order. */
static bool find_group(struct grouping *g, size_t i, uint32_t *ret)
{
	struct queue_key keys[3];
	int k, n = queues_for(g, i, keys);
	uint32_t found;

	*ret = QUEUES_NONE;
	for (k = 0; k < n; k++) {
		if (!queues_first(g->queues, &keys[k], g->numbers.address[i], is_gone, g, &found))
			return false;
		if (found < *ret)
			*ret = found;
	}
	return true;
}

/* What the attempt knows of the process and the group did not. */
static bool learn(struct grouping *g, uint32_t group, size_t i)
{
	struct group *p = &g->groups[group];
	bool pid = !p->pid && g->t[i].pid, comm = !p->comm && g->numbers.comm[i];

	if (pid)
		p->pid = g->t[i].pid;
	if (comm)
		p->comm = g->numbers.comm[i];
	return wait_in_queues(g, group, !p->n, pid, comm);
}

static bool join(struct grouping *g, uint32_t group, size_t i)
{
	struct group *p = &g->groups[group];
	int64_t at = ends_ns(&g->t[i]);

	if (!queues_try(g->queues, group, g->numbers.address[i]) || !learn(g, group, i))
		return false;
	g->of[i] = group;
	p->n++;
	if (g->t[i].outcome == OUTCOME_ESTABLISHED && at < p->connected_ns) {
		p->connected_ns = at;
		p->winner = (uint32_t)i;
	}
	if (at >= p->ends_ns) {
		p->ends_ns = at;
		p->decider = (uint32_t)i;
	}
	return true;
}

static bool place_attempt(struct grouping *g, size_t i)
{
	uint32_t group;

	g->now_ns = g->t[i].start_ns;
	if (!find_group(g, i, &group))
		return false;
	if (group == QUEUES_NONE) {
		group = g->n_groups++;
		g->groups[group] = (struct group){ .place = g->numbers.place[i],
						   .ends_ns = INT64_MIN,
						   .connected_ns = INT64_MAX,
						   .first = (uint32_t)i,
						   .winner = ATTEMPT_NONE };
	}
	return join(g, group, i);
}

static void tell(const struct grouping *g)
{
	const struct group *p;
	struct tried *t;
	size_t i;

	for (i = 0; i < g->n; i++) {
		t = &g->t[i];
		p = &g->groups[g->of[i]];
		t->logical = g->t[p->first].number;
		t->won = p->n > 1 && p->winner == i;
		t->decides = (p->winner == ATTEMPT_NONE ? p->decider : p->winner) == i;
		/* one that was given up earlier was so for another reason */
		t->cancelled = t->outcome == OUTCOME_ABANDONED && t->end_ns >= p->connected_ns;
	}
}

/* Each on its own: all that can be said without memory. */
static size_t tell_alone(struct tried *t, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		t[i].logical = t[i].number;
		t[i].won = t[i].cancelled = false;
		t[i].decides = true;
	}
	return n;
}

size_t logical_group(struct tried *t, size_t n)
{
	struct grouping g = { .t = t, .n = n };
	size_t i = 0, found;

	if (!n)
		return 0;
	if (begin(&g))
		while (i < n && place_attempt(&g, i))
			i++;
	if (i == n)
		tell(&g);
	found = i == n ? g.n_groups : tell_alone(t, n);
	end(&g);
	return found;
}

void logical_sum(const struct tried *t, size_t n, struct logical_sum *ret)
{
	size_t i;

	*ret = (struct logical_sum){ .attempts = n };
	for (i = 0; i < n; i++) {
		if (t[i].decides) {
			ret->logical++;
			ret->failed += t[i].outcome != OUTCOME_ESTABLISHED && t[i].outcome != OUTCOME_PENDING;
		}
		if (t[i].cancelled)
			ret->cancelled++;
		else if ((unsigned int)t[i].outcome < OUTCOME_N)
			ret->by_outcome[t[i].outcome]++;
	}
}
