/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/sender.h"

#define SECOND ((int64_t)1000000000)

/* Ticks that come late, and the way to the capture. */
#define NOISE_NS 2000000LL
/* One SYN in this many may be later, on a busy host, when all others are together more closely. */
#define ONE_LATE_OF 6
#define LATE_NS 40000000LL
#define CLOSE_NS 750000LL
#define RTO_MAX_S 120

/* The level of the wheel for a timer so many jiffies away, as the width of its buckets: 2^n jiffies. */
static int level_shift(int64_t delta)
{
	int shift = 0;

	while (delta >= 63LL << shift)
		shift += 3;
	return shift;
}

/* HZ and a jiffy, exactly: jiffy_ns / parts; and what a timer of 1 s takes that is armed by one: most are told by it.
 */
struct ticks {
	int hz, parts;
	int64_t jiffy_ns, second_ns;
};

/* How far from where they should be SYNs 1 and later are, by SYN 1. */
struct offs {
	int n;
	int64_t low, second, high, before_high; /* sorted: the two lowest and the two highest */
};

static void add_off(struct offs *o, int64_t off)
{
	if (o->n++ == 0) {
		*o = (struct offs){ 1, off, INT64_MAX, off, INT64_MIN };
		return;
	}
	if (off < o->low) {
		o->second = o->low;
		o->low = off;
	} else if (off < o->second) {
		o->second = off;
	}
	if (off > o->high) {
		o->before_high = o->high;
		o->high = off;
	} else if (off > o->before_high) {
		o->before_high = off;
	}
}

static int64_t latest(int n)
{
	return n > ONE_LATE_OF ? LATE_NS : NOISE_NS;
}

static bool are_together(const struct offs *o)
{
	if (o->high - o->low <= NOISE_NS)
		return true;
	return o->before_high - o->low <= CLOSE_NS && o->high - o->low <= latest(o->n + 1);
}

/*
 * A timer fires at the end of its bucket, so its instant is a multiple of the
 * bucket's width, and so is the next one's: from then on a timer of no higher
 * level comes after a fixed time, and one of a higher level after a multiple of
 * the width before.  The instants are compared, not the gaps: a late tick does
 * not make the next one late.
 */
static bool is_wheel(const int64_t *syn_ns, int n, int64_t rto, int64_t linear, const struct ticks *tick)
{
	const int64_t jiffy = tick->parts == 3 ? tick->jiffy_ns / 3 : tick->jiffy_ns;
	int64_t first = syn_ns[1] - syn_ns[0], at = 0, step;
	int i, top = level_shift(rto), shift;
	struct offs offs = { 0 };

	if (first < rto * jiffy - NOISE_NS || first > (rto + (1LL << top)) * jiffy + latest(n))
		return false;
	add_off(&offs, 0);
	for (i = 2; i < n; i++) {
		if (i - 1 > linear)
			rto = 2 * rto < RTO_MAX_S * tick->hz ? 2 * rto : RTO_MAX_S * tick->hz;
		shift = level_shift(rto - 1);
		if (shift <= top) {
			step = ((rto >> shift) + 1) << shift;
		} else {
			step = (syn_ns[i] - syn_ns[1]) / jiffy - at;
			step = (step + (1LL << top) / 2) / (1LL << top) * (1LL << top);
			if (step <= rto || step > rto + (1LL << shift))
				return false;
			top = shift;
		}
		at += step;
		add_off(&offs,
			syn_ns[i] - syn_ns[1] - (tick->parts == 3 ? at * tick->jiffy_ns / 3 : at * tick->jiffy_ns));
	}
	return are_together(&offs);
}

unsigned int sender_wheel(const int64_t *syn_ns, int n, int first_rto_ms, int linear)
{
	static const struct ticks ticks[] = {
		{ 100, 1, SECOND / 100, 1040000000 },
		{ 250, 1, SECOND / 250, 1024000000 },
		{ 300, 3, SECOND / 100, 1013333333 },
		{ 1000, 1, SECOND / 1000, 1024000000 },
	};
	int64_t off, late = latest(n);
	bool seconds = first_rto_ms == 1000 && linear > 0;
	unsigned int found = 0, i;

	for (i = 0; n > 2 && i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		off = syn_ns[2] - syn_ns[1] - ticks[i].second_ns;
		if (seconds && (off > late || off < -late))
			continue;
		if (is_wheel(syn_ns, n, (int64_t)first_rto_ms * ticks[i].hz / 1000, linear, &ticks[i]))
			found |= 1u << i;
	}
	return found;
}
