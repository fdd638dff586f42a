/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  The length of a record stands in its header, so a plain
 * walk is one chain of cache misses: nothing can be fetched before the record
 * ahead of it has arrived.  So several cursors walk parts of the window in turn,
 * each one's next record being fetched while the others are at work.  Where a
 * part begins is guessed: at a place that looks like several records in a row.
 * The guess is proved when the cursor before it lands exactly there; what the
 * cursors beyond a wrong guess found is thrown away, and the next walk begins
 * where the last good one landed.
 */
#include "sources/walk.h"

#include <string.h>

#define GUESS_RECORDS 4	    /* in a row */
#define GUESS_SPAN 300000   /* a record is shorter */
#define GUESS_SECONDS 86400 /* between two of them */
#define EPB 6
#define EPB_LEAST 32 /* bytes of an Enhanced Packet Block without packet and options */
#define EPB_DATA 28

static inline uint32_t get32(const uint8_t *p, bool swapped)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return swapped ? __builtin_bswap32(v) : v;
}

static inline uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Two 32-bit numbers, the first as the upper half. */
static inline uint64_t get_pair(const uint8_t *p, bool swapped)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return swapped ? __builtin_bswap64(get64(p)) : get64(p) << 32 | get64(p) >> 32;
#else
	uint64_t v = get64(p);

	return swapped ? __builtin_bswap64(v << 32 | v >> 32) : v;
#endif
}

static inline uint32_t pad4(uint32_t n)
{
	return (n + 3) & ~UINT32_C(3);
}

static bool looks_like_pcap(const struct walk *w, const uint8_t *p, uint32_t around)
{
	uint32_t last = around, s, caplen;
	int i;

	for (i = 0; i < GUESS_RECORDS; i++) {
		if ((size_t)(w->end - p) < w->header_len)
			return i > 0;
		s = get32(p, w->swapped);
		caplen = get32(p + 8, w->swapped);
		if (s - last > GUESS_SECONDS && last - s > GUESS_SECONDS)
			return false;
		if (get32(p + 4, w->swapped) >= w->second_parts || caplen < 14 || caplen > WALK_CAPLEN_MAX ||
		    caplen > get32(p + 12, w->swapped))
			return false;
		last = s;
		if ((size_t)(w->end - p) < w->header_len + caplen)
			return i > 0;
		p += w->header_len + caplen;
	}
	return true;
}

static bool looks_like_epb(const struct walk *w, const uint8_t *p)
{
	uint32_t total;
	int i;

	for (i = 0; i < GUESS_RECORDS; i++) {
		if (w->end - p < EPB_LEAST)
			return i > 0;
		total = get32(p + 4, w->swapped);
		if (get32(p, w->swapped) != EPB || total < EPB_LEAST || total % 4 ||
		    get32(p + 8, w->swapped) >= w->n_interfaces)
			return false;
		if (total > w->end - p)
			return i > 0;
		if (get32(p + total - 4, w->swapped) != total)
			return false;
		p += total;
	}
	return true;
}

/* Where a record may begin from p on; NULL: nowhere near. */
static const uint8_t *guess(const struct walk *w, const uint8_t *p)
{
	const uint8_t *limit = w->to - p > GUESS_SPAN ? p + GUESS_SPAN : w->to;
	uint32_t around;

	if (w->form == WALK_PCAPNG) {
		for (p += -(uintptr_t)(p - w->from) & 3; p < limit; p += 4)
			if (looks_like_epb(w, p))
				return p;
		return NULL;
	}
	if ((size_t)(w->end - w->from) < w->header_len)
		return NULL;
	around = get32(w->from, w->swapped);
	for (; p < limit; p++)
		if (looks_like_pcap(w, p, around))
			return p;
	return NULL;
}

/* Where each of so many cursors begins, and the next one's begin as its end; how many there are. */
static int place_cursors(const struct walk *w, int most, const uint8_t *starts[WALK_LISTS + 1])
{
	size_t part = (size_t)(w->to - w->from) / (size_t)most;
	const uint8_t *p;
	int i, n = 1;

	starts[0] = w->from;
	for (i = 1; i < most && part; i++) {
		p = guess(w, w->from + part * (size_t)i);
		if (p && p > starts[n - 1])
			starts[n++] = p;
	}
	starts[n] = w->to;
	return n;
}

/* One cursor: what is at hand while it walks. */
struct cursor {
	const uint8_t *p, *stop;
	struct walk_list *list;
	const uint8_t *landed;
	uint64_t time_max;
	/* pcapng: the length that has to stand before p again, and what was counted before that block; 0: none */
	uint32_t trailer;
	struct walk_list list_then;
	uint64_t time_max_then;
};

/* A record's packet. */
struct record {
	const uint8_t *data, *next;
	uint32_t caplen;
	bool options;		/* it has some: to be looked at */
	const uint8_t *on_wire; /* its length as it was sent */
};

static inline __attribute__((always_inline)) bool read_record(const struct walk *w, const uint8_t *p, bool ng,
							      bool swapped, struct record *ret, uint64_t *ret_time)
{
	size_t left = (size_t)(w->end - p);
	uint32_t total;

	if (!ng) {
		if (left < w->header_len)
			return false;
		ret->caplen = get32(p + 8, swapped);
		if (ret->caplen > WALK_CAPLEN_MAX || ret->caplen > left - w->header_len)
			return false;
		ret->data = p + w->header_len;
		ret->next = ret->data + ret->caplen;
		ret->options = false;
		ret->on_wire = p + 12;
		*ret_time = get_pair(p, swapped);
		return true;
	}
	if (left < EPB_LEAST || get32(p, swapped) != EPB)
		return false;
	total = get32(p + 4, swapped);
	ret->caplen = get32(p + 20, swapped);
	if (total < EPB_LEAST || total % 4 || total > left || ret->caplen > WALK_CAPLEN_MAX ||
	    pad4(ret->caplen) > total - EPB_LEAST || get32(p + 8, swapped) >= w->n_interfaces)
		return false;
	ret->data = p + EPB_DATA;
	ret->next = p + total;
	ret->options = pad4(ret->caplen) != total - EPB_LEAST;
	ret->on_wire = p + 24;
	*ret_time = get_pair(p + 12, swapped);
	return true;
}

static inline __attribute__((always_inline)) bool is_wanted(uint64_t *wanted, enum packet_sort sort, uint32_t class)
{
	if (__builtin_expect(sort == SORT_SYN, 0))
		wanted[class / 64] |= UINT64_C(1) << class % 64;
	if (__builtin_expect(sort == SORT_LOOK, 0))
		memset(wanted, 0xff, FLOW_CLASSES / 8); /* whatever it is may begin something */
	return sort != SORT_OTHER && (sort != SORT_TCP || wanted[class / 64] >> class % 64 & 1);
}

/*
 * A block's length stands at its end too.  That is looked at with the block after
 * it, when it has arrived from memory, and a block that lacks it is taken back.
 */
static inline __attribute__((always_inline)) bool is_whole(struct cursor *c, bool swapped)
{
	if (!c->trailer || get32(c->p - 4, swapped) == c->trailer)
		return true;
	c->p -= c->trailer;
	*c->list = c->list_then;
	c->time_max = c->time_max_then;
	return false;
}

/* Takes one record; false: this cursor is at its end. */
static inline __attribute__((always_inline)) bool step(const struct walk *w, struct cursor *c, bool ng, bool swapped,
						       enum link_layout layout, uint64_t *wanted)
{
	struct walk_list *l = c->list;
	enum packet_sort sort;
	uint32_t class = 0;
	struct record r;
	uint64_t t;

	if ((ng && !is_whole(c, swapped)) || c->p >= c->stop || l->n == WALK_LIST_MAX ||
	    !read_record(w, c->p, ng, swapped, &r, &t)) {
		c->landed = c->p;
		return false;
	}
	if (ng) {
		c->trailer = (uint32_t)(r.next - c->p);
		c->list_then = *l;
		c->time_max_then = c->time_max;
	}
	__builtin_prefetch(r.next);
	__builtin_prefetch(r.next + 64);
	c->time_max = t > c->time_max ? t : c->time_max;
	sort = r.options ? SORT_LOOK : classify(layout, r.data, r.caplen, &class);
	if (layout != LAYOUT_OTHER && __builtin_expect(sort == SORT_LOOK && !r.caplen && !r.options, 0) &&
	    !get32(r.on_wire, swapped)) {
		l->empty++;
	} else {
		l->entries[l->n] =
			(uint64_t)(c->p - w->base) << 32 | (sort >= SORT_SYN ? WALK_LOOK | l->packets : class);
		l->n += wanted ? is_wanted(wanted, sort, class) : sort != SORT_OTHER;
		l->tcp += sort == SORT_TCP;
		l->other += sort == SORT_OTHER;
	}
	l->packets++;
	c->p = r.next;
	return true;
}

/* All that it counts stays at hand. */
static inline __attribute__((always_inline)) void run_alone(const struct walk *w, struct cursor *c, uint64_t *wanted,
							    bool ng, bool swapped, enum link_layout layout)
{
	struct walk_list list = *c->list;
	struct cursor alone = { .p = c->p, .stop = c->stop, .list = &list };

	if (wanted)
		while (step(w, &alone, ng, swapped, layout, wanted))
			;
	else
		while (step(w, &alone, ng, swapped, layout, NULL))
			;
	*c->list = list;
	c->landed = alone.landed;
	c->time_max = alone.time_max;
}

/* What one thread walks, in memory that no other touches meanwhile. */
struct share {
	struct walk w; /* its lists are not used */
	uint64_t *wanted;
	struct cursor cursors[WALK_CURSORS];
	struct walk_list lists[WALK_CURSORS];
	int n;
};

static inline __attribute__((always_inline)) void run(struct share *s, bool ng, bool swapped, enum link_layout layout)
{
	int active[WALK_CURSORS], i, n = s->n;

	if (n == 1) {
		run_alone(&s->w, &s->cursors[0], s->wanted, ng, swapped, layout);
		return;
	}
	for (i = 0; i < n; i++)
		active[i] = i;
	while (n)
		for (i = 0; i < n; i++)
			if (!step(&s->w, &s->cursors[active[i]], ng, swapped, layout, NULL))
				active[i--] = active[--n];
}

/* Each form its own loop, with nothing left to be decided in it. */
static void run_as(void *share)
{
	struct share *s = share;

#define RUN_LAYOUT(layout_)                                   \
	case layout_:                                         \
		if (s->w.form == WALK_PCAPNG && s->w.swapped) \
			run(s, true, true, layout_);          \
		else if (s->w.form == WALK_PCAPNG)            \
			run(s, true, false, layout_);         \
		else if (s->w.swapped)                        \
			run(s, false, true, layout_);         \
		else                                          \
			run(s, false, false, layout_);        \
		break;
	switch (s->w.layout) {
		RUN_LAYOUT(LAYOUT_ETHERNET)
		RUN_LAYOUT(LAYOUT_SLL)
		RUN_LAYOUT(LAYOUT_SLL2)
		RUN_LAYOUT(LAYOUT_RAW)
		RUN_LAYOUT(LAYOUT_OTHER)
	default:
		break;
	}
#undef RUN_LAYOUT
}

/* The cursors from `first` on, n of them. */
static void set_share(struct share *s, const struct walk *w, const uint8_t *const *starts, int first, int n)
{
	int i;

	s->w = *w;
	s->wanted = first ? NULL : w->wanted;
	s->n = n;
	for (i = 0; i < n; i++) {
		s->lists[i] = (struct walk_list){ .entries = w->lists[first + i].entries };
		s->cursors[i] =
			(struct cursor){ .p = starts[first + i], .stop = starts[first + i + 1], .list = &s->lists[i] };
	}
}

/* Takes what the cursors found over, as long as each begins where the one before it landed. */
static void join(struct walk *w, const struct share *s, const uint8_t *const *starts)
{
	int i;

	for (i = 0; i < s->n && w->landed == starts[w->n_lists]; i++) {
		w->lists[w->n_lists++] = s->lists[i];
		w->landed = s->cursors[i].landed;
		if (s->cursors[i].time_max > w->time_max)
			w->time_max = s->cursors[i].time_max;
	}
}

void walk(struct walk *w, struct helper *helper)
{
	const uint8_t *starts[WALK_LISTS + 1];
	struct share ours, theirs = { .n = 0 };
	int n = place_cursors(w, helper ? 2 * w->n_cursors : w->n_cursors, starts);
	int mine = helper ? (n + 1) / 2 : n;

	set_share(&ours, w, starts, 0, mine);
	if (n > mine) {
		set_share(&theirs, w, starts, mine, n - mine);
		helper_start(helper, run_as, &theirs);
	}
	run_as(&ours);
	if (n > mine)
		helper_wait(helper);
	w->n_lists = 0;
	w->landed = w->from;
	w->time_max = 0;
	join(w, &ours, starts);
	if (w->n_lists == mine)
		join(w, &theirs, starts);
}

size_t walk_looked(const struct walk *w)
{
	size_t n = 0;
	int i;

	for (i = 0; i < w->n_lists; i++)
		n += w->lists[i].packets - w->lists[i].tcp - w->lists[i].other - w->lists[i].empty;
	return n;
}
