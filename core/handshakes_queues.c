/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/handshakes_queues.h"

#include <stdlib.h>

#include "core/sender.h"
#include "util/bigmem.h"
#include "util/duration.h"

#define MANY (STAY_MAX + LEAVE_AT_ONCE)

#define YOUNG_FIRST 1024

bool queues_init(struct handshakes *h)
{
	h->overdue_ns = sender_overdue_ns(0);
	h->young_enough = h->config.at_once ? 1 : MANY;
	h->young.size = YOUNG_FIRST;
	h->dormant.size = DORMANT_RING;
	h->young.items = bigmem_new(h->young.size * sizeof(*h->young.items), BIGMEM_PLAIN);
	h->dormant.items = calloc(h->dormant.size, sizeof(*h->dormant.items));
	h->memory += (h->young.size + h->dormant.size) * sizeof(uint32_t);
	return h->young.items && h->dormant.items;
}

void queues_fini(struct handshakes *h)
{
	bigmem_free(h->young.items, h->young.size * sizeof(*h->young.items));
	free(h->dormant.items);
}

static bool ring_grow(struct handshakes *h, struct ring *r)
{
	uint32_t size = r->size + r->size / 4, *items = bigmem_new(size * sizeof(*items), BIGMEM_PLAIN), i;

	if (!items)
		return false;
	for (i = 0; i < r->n; i++)
		items[i] = *ring_at(r, i);
	bigmem_free(r->items, r->size * sizeof(*items));
	h->memory += (size - r->size) * sizeof(*items);
	r->items = items;
	r->size = size;
	r->first = 0;
	return true;
}

static void count_open(struct handshakes *h)
{
	uint64_t open = h->young.n + h->n_wheel;

	if (open > h->counts.open_max)
		h->counts.open_max = open;
}

static void put_into_wheel(struct handshakes *h, struct entry *e, int64_t deadline_ns)
{
	int64_t tick = (deadline_ns >> WHEEL_SHIFT) + 1;

	if (tick <= h->wheel_tick)
		tick = h->wheel_tick + 1;
	if (tick > h->wheel_tick + WHEEL_SLOTS - 1)
		tick = h->wheel_tick + WHEEL_SLOTS - 1;
	e->queue = h->wheel[tick % WHEEL_SLOTS];
	h->wheel[tick % WHEEL_SLOTS] = entry_index(h, e);
	h->n_wheel++;
}

/* A source that holds packets back must not make their senders silent. */
#define SILENCE_OF_SOURCE_NS (60000 * NS_PER_MS)

static bool is_answered(const struct entry *e)
{
	return e->flags & (ENTRY_SETTLED | ENTRY_ICMP);
}

static int64_t clock_of_silence(const struct handshakes *h)
{
	return h->clock_ns + (h->idle_ns > SILENCE_OF_SOURCE_NS ? h->idle_ns : 0);
}

static int64_t clock_for(const struct handshakes *h, const struct entry *e)
{
	return is_answered(e) ? h->clock_ns + h->idle_ns : clock_of_silence(h);
}

/*
 * It waited long enough, or nothing can change it any more; else it waits on.
 * While nothing comes those whose time is over, but for that, are laid aside:
 * in the wheel each turn would come upon them again.
 */
static void decide(struct handshakes *h, struct entry *e)
{
	int64_t deadline = entry_deadline_ns(h, e);

	if (deadline <= clock_for(h, e)) {
		ring_put(&h->dormant, entry_index(h, e));
	} else if (deadline <= h->clock_ns + h->idle_ns) {
		e->queue = h->held;
		h->held = entry_index(h, e);
		h->n_wheel++;
	} else {
		put_into_wheel(h, e, deadline);
	}
}

/* So many leave together, once the last of them waited long enough. */
static uint32_t young_leave(const struct handshakes *h)
{
	if (h->young.n < h->young_enough)
		return 0;
	return h->young.n < MANY ? 1 : LEAVE_AT_ONCE;
}

static void set_young_due(struct handshakes *h)
{
	uint32_t n = young_leave(h);

	h->young_due_ns = n ? entry_at(h, *ring_at(&h->young, n - 1))->start_ns + h->overdue_ns : INT64_MAX;
}

/* Those whose turn it is to leave a ring; what is not decided, or again not, since something late came, waits on. */
static void leave(struct handshakes *h, struct ring *r, uint32_t n)
{
	struct entry *e[LEAVE_AT_ONCE];
	int64_t deadline;
	uint32_t i;

	for (i = 0; i < n; i++) {
		__builtin_prefetch(entry_at(h, *ring_at(r, i + AHEAD)), 1); /* whatever it is */
		e[i] = entry_at(h, *ring_at(r, i));
		expect_drop(h, e[i]);
	}
	ring_skip(r, n);
	for (i = 0; i < n; i++) {
		deadline = entry_deadline_ns(h, e[i]);
		if (deadline > clock_for(h, e[i])) {
			put_into_wheel(h, e[i], deadline);
			continue;
		}
		entry_tell(h, e[i], deadline <= h->clock_ns);
		entries_drop(h, e[i]);
	}
}

static void decide_late(struct handshakes *h, struct entry *e)
{
	decide(h, e);
	if (h->dormant.n >= STAY_MAX)
		leave(h, &h->dormant, LEAVE_AT_ONCE);
}

void queues_put_young(struct handshakes *h, struct entry *e)
{
	/* Where the capture's time goes back its clock is ahead of what begins. */
	if (e->start_ns + h->overdue_ns <= h->clock_ns || (h->young.n == h->young.size && !ring_grow(h, &h->young))) {
		decide_late(h, e);
		return;
	}
	ring_put(&h->young, entry_index(h, e));
	if (h->young.n == h->young_enough)
		set_young_due(h);
	count_open(h);
}

/* Slots fill from their head; turned round, those that came first are decided first. */
static uint32_t turn_round(struct handshakes *h, uint32_t i)
{
	uint32_t turned = 0, next;
	struct entry *e;

	for (; i; i = next) {
		e = entry_at(h, i);
		__builtin_prefetch(pool_at(&h->chunks, e->notes));
		next = e->queue;
		e->queue = turned;
		turned = i;
	}
	return turned;
}

static void decide_all(struct handshakes *h, uint32_t first)
{
	uint32_t i, next;

	for (i = turn_round(h, first); i; i = next) {
		next = entry_at(h, i)->queue;
		h->n_wheel--;
		decide_late(h, entry_at(h, i));
	}
}

static void turn_wheel(struct handshakes *h)
{
	int64_t now = (h->clock_ns + h->idle_ns) >> WHEEL_SHIFT;
	uint32_t *slot, first;

	if (now - h->wheel_tick > WHEEL_SLOTS)
		h->wheel_tick = now - WHEEL_SLOTS; /* every slot, once */
	while (h->wheel_tick < now) {
		h->wheel_tick++;
		slot = &h->wheel[h->wheel_tick % WHEEL_SLOTS];
		first = *slot;
		*slot = 0;
		decide_all(h, first);
	}
}

/* A SYN of a sender whose first timeout is 3 s may come still, or one that Windows sends after an RST. */
#define GRACE_NS (2250 * NS_PER_MS)

static int64_t last_note_ns(const struct handshakes *h, const struct entry *e)
{
	struct notes_iter it;
	int64_t last = 0;
	struct note n;

	notes_first(&it, h, e);
	while (notes_next(&it, &n))
		last = n.t_ns > last ? n.t_ns : last;
	return e->start_ns + last;
}

/* With at_once, what is decided leaves as soon as nothing more is to be expected; the others are put back in their
 * order. */
static void leave_soon(struct handshakes *h)
{
	uint32_t n = h->dormant.n;
	struct entry *e;
	int64_t due;

	while (n--) {
		e = ring_take(h, &h->dormant);
		due = e->flags & ENTRY_SETTLED ? last_note_ns(h, e) : entry_deadline_ns(h, e);
		if (entry_deadline_ns(h, e) > clock_for(h, e)) /* something late came */
			decide(h, e);
		else if (due + GRACE_NS > clock_for(h, e))
			ring_put(&h->dormant, entry_index(h, e));
		else
			give(h, e);
	}
}

struct entry *queues_take_young(struct handshakes *h)
{
	struct entry *e = ring_take(h, &h->young);

	set_young_due(h);
	return e;
}

/* Of the young, in their order, the unanswered wait on. */
static void pick_answered(struct handshakes *h)
{
	uint32_t n = h->young.n;
	struct entry *e;

	while (n--) {
		e = ring_take(h, &h->young);
		if (is_answered(e))
			decide_late(h, e);
		else
			ring_put(&h->young, entry_index(h, e));
	}
	set_young_due(h);
}

/* Nothing comes: what has an answer shall not wait for the next packet.  To be looked for once, until something comes.
 */
static void tell_apart(struct handshakes *h)
{
	uint32_t held = h->held;

	h->held = 0;
	decide_all(h, held);
	if (h->idle_ns)
		pick_answered(h);
	h->told_apart = true;
}

void queues_advance(struct handshakes *h)
{
	if (h->held ? !h->told_apart || h->idle_ns > SILENCE_OF_SOURCE_NS : h->idle_ns && !h->told_apart)
		tell_apart(h);
	for (set_young_due(h); h->young_due_ns <= clock_of_silence(h); set_young_due(h)) {
		if (h->young.n < MANY)
			decide_late(h, ring_take(h, &h->young));
		else
			leave(h, &h->young, LEAVE_AT_ONCE);
	}
	if ((h->clock_ns + h->idle_ns) >> WHEEL_SHIFT > h->wheel_tick) {
		turn_wheel(h);
		if (h->config.at_once)
			leave_soon(h);
	}
}
