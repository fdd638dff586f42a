/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/handshakes_table.h"
#include "core/sender.h"
#include "util/bigmem.h"

#define MS ((int64_t)1000000)
#define LEAVE_AT_ONCE 16
#define MANY (STAY_MAX + LEAVE_AT_ONCE)

/* A SYN-ACK is sent again as a SYN is: after 1 s, then twice as long each time. */
struct last {
	int64_t t_ns, gap_ns;
};

/* What came within a moment of the one before is no retransmission by a timer. */
#define MOMENT_NS (100 * MS)

static void saw(struct last *l, int64_t t_ns, bool first)
{
	int64_t gap = t_ns - l->t_ns;

	if (!first && gap > MOMENT_NS)
		l->gap_ns = gap;
	if (first || gap > 0)
		l->t_ns = t_ns;
}

int64_t entry_noted_deadline_ns(const struct handshakes *h, const struct entry *e)
{
	struct last syn = { 0 }, syn_ack = { 0 };
	bool answered = false;
	int64_t end, other;
	struct notes_iter it;
	struct note n;

	notes_first(&it, h, e);
	while (notes_next(&it, &n)) {
		if (n.kind == NOTE_SYN) {
			saw(&syn, n.t_ns, false);
		} else if (n.reply.kind == REPLY_SYN_ACK && n.ignored == IGNORED_NOT) {
			saw(&syn_ack, n.t_ns, !answered);
			answered = true;
		}
	}
	end = syn.t_ns + sender_overdue_ns(syn.gap_ns);
	other = answered ? syn_ack.t_ns + sender_overdue_ns(syn_ack.gap_ns) : 0;
	return e->start_ns + (other > end ? other : end);
}

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

static uint32_t *ring_at(const struct ring *r, uint32_t i)
{
	uint32_t at = r->first + i;

	return &r->items[at < r->size ? at : at - r->size];
}

static void ring_put(struct ring *r, uint32_t index)
{
	*ring_at(r, r->n++) = index;
}

/* It comes soon: what lies that far behind the first is fetched. */
#define AHEAD (2 * LEAVE_AT_ONCE)

static void ring_skip(struct ring *r, uint32_t n)
{
	r->first += n;
	if (r->first >= r->size)
		r->first -= r->size;
	r->n -= n;
}

static struct entry *ring_take(struct handshakes *h, struct ring *r)
{
	struct entry *e;

	if (!r->n)
		return NULL;
	if (r->n > AHEAD)
		__builtin_prefetch(entry_at(h, *ring_at(r, AHEAD)), 1);
	e = entry_at(h, *ring_at(r, 0));
	ring_skip(r, 1);
	return e;
}

/* It will be dropped soon, and is here. */
static inline void expect_drop(const struct handshakes *h, const struct entry *e)
{
	__builtin_prefetch(&h->places[e->hash & (h->n_places - 1)], 1);
	__builtin_prefetch(&h->awaited[e->class], 1);
	if (e->notes)
		__builtin_prefetch(pool_at(&h->chunks, e->notes));
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

static void give(struct handshakes *h, struct entry *e)
{
	entry_tell(h, e, entry_deadline_ns(h, e) <= h->clock_ns);
	entries_drop(h, e);
}

/* A source that holds packets back must not make their senders silent. */
#define SILENCE_OF_SOURCE_NS (60000 * MS)

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
#define GRACE_NS (2250 * MS)

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

static struct entry *take_young(struct handshakes *h)
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

static struct entry *first_of_wheel(struct handshakes *h)
{
	int64_t tick;
	uint32_t *slot;
	struct entry *e;

	for (tick = h->wheel_tick; h->n_wheel && tick < h->wheel_tick + WHEEL_SLOTS; tick++) {
		slot = tick == h->wheel_tick ? &h->held : &h->wheel[tick % WHEEL_SLOTS];
		if (!*slot)
			continue;
		e = entry_at(h, *slot);
		*slot = e->queue;
		h->n_wheel--;
		return e;
	}
	return NULL;
}

bool queues_give_one(struct handshakes *h)
{
	struct entry *e = ring_take(h, &h->dormant);

	if (!e)
		e = take_young(h);
	if (!e)
		e = first_of_wheel(h);
	if (!e)
		return false;
	h->evicting = entry_deadline_ns(h, e) > h->clock_ns;
	h->counts.evicted += h->evicting && !(e->flags & ENTRY_UNASKED);
	give(h, e);
	h->evicting = false;
	return true;
}

static int by_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* All but the young, in order: entry_order() << 32 | index.  NULL: no memory. */
static uint64_t *take_others(struct handshakes *h, size_t *ret_n)
{
	uint64_t *order = malloc((h->dormant.n + h->n_wheel + 1) * sizeof(*order));
	struct entry *e;
	size_t n = 0;

	if (!order)
		return NULL;
	while ((e = ring_take(h, &h->dormant)) || (e = first_of_wheel(h)))
		order[n++] = (uint64_t)entry_order(e) << 32 | entry_index(h, e);
	qsort(order, n, sizeof(*order), by_order);
	*ret_n = n;
	return order;
}

/* The young are in order as they are. */
void queues_finish(struct handshakes *h)
{
	size_t n = 0, i = 0;
	uint64_t *others = take_others(h, &n);
	struct entry *e;

	if (!others) { /* then in the order in which they are found */
		while (queues_give_one(h))
			;
		return;
	}
	while ((e = ring_take(h, &h->young))) {
		if (h->young.n > LEAVE_AT_ONCE)
			expect_drop(h, entry_at(h, *ring_at(&h->young, LEAVE_AT_ONCE)));
		for (; i < n && others[i] >> 32 < entry_order(e); i++)
			give(h, entry_at(h, (uint32_t)others[i]));
		give(h, e);
	}
	for (; i < n; i++)
		give(h, entry_at(h, (uint32_t)others[i]));
	free(others);
}
