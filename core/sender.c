/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/sender.h"

#define MS ((int64_t)1000000)
#define SECOND ((int64_t)1000000000)

#define SYNS_MAX 64		/* more than that no default sends */
#define GAP_MAX (3600 * SECOND) /* so that sums stay in their type */
#define RTO_MAX (120 * SECOND)	/* TCP_RTO_MAX */
#define KEEP_INIT (75 * SECOND) /* TCPTV_KEEP_INIT */
#define LINUX_RETRIES 6		/* tcp_syn_retries since 3.7 */
#define LINEAR_RETRIES 7	/* SYNs that these are, linear timeouts counted among them */
#define TTL_UNIX 64		/* initial TTL of Linux, macOS and the BSDs */
#define TTL_WINDOWS 128
#define LINEAR 4 /* tcp_syn_linear_timeouts; tcp_syn_backoff[] of the BSDs is the same */

/* Rows of a schedule in common. */
static const struct schedule_kind {
	int first_rto_ms, linear;
	uint32_t kinds;
} schedules[] = {
	{ 1000, LINEAR, SENDER_BIT(SENDER_LINUX_LINEAR) | SENDER_BIT(SENDER_MACOS) },
	{ 1000, 0,
	  SENDER_BIT(SENDER_LINUX_6) | SENDER_BIT(SENDER_LINUX_5) | SENDER_BIT(SENDER_BSD_1S) |
		  SENDER_BIT(SENDER_WINDOWS_1S) },
	{ 3000, 0, SENDER_BIT(SENDER_LINUX_3S) | SENDER_BIT(SENDER_OPENBSD_3S) | SENDER_BIT(SENDER_WINDOWS_3S) },
	{ 3000, LINEAR, SENDER_BIT(SENDER_FREEBSD_3S) },
	{ 6000, 0, SENDER_BIT(SENDER_BSD_6S) },
};
#define N_SCHEDULES ((int)(sizeof(schedules) / sizeof(schedules[0])))

/* How many SYNs by default: `most`, or `fewer` where there are two defaults. */
static const struct {
	uint8_t fewer, most;
	bool keep_init; /* ended by a timer of its own, not by the count */
} budgets[SENDER_N] = {
	[SENDER_LINUX_LINEAR] = { LINEAR_RETRIES, LINUX_RETRIES + LINEAR + 1, false },
	[SENDER_LINUX_6] = { 0, 7, false },
	[SENDER_LINUX_5] = { 0, 6, false },
	[SENDER_LINUX_3S] = { 0, 6, false },
	[SENDER_LINUX_OTHER] = { 0, 0, false },
	[SENDER_MACOS] = { 0, 11, true },
	[SENDER_BSD_1S] = { 0, 7, true },
	[SENDER_FREEBSD_3S] = { 0, 9, true },
	[SENDER_OPENBSD_3S] = { 0, 5, true },
	[SENDER_BSD_6S] = { 0, 4, true },
	[SENDER_WINDOWS_1S] = { 3, 5, false },
	[SENDER_WINDOWS_3S] = { 0, 3, false },
};

int sender_budget(enum sender_kind kind, int linear)
{
	if (kind != SENDER_LINUX_OTHER)
		return budgets[kind].most;
	return LINUX_RETRIES + 1 + (linear < 0 ? LINEAR + 1 : linear); /* undecided: more than the default */
}

int64_t sender_overdue_ns(int64_t last_gap_ns)
{
	if (!last_gap_ns)
		return SECOND + SECOND / 4;
	if (last_gap_ns < SECOND)
		last_gap_ns = SECOND;
	if (last_gap_ns > GAP_MAX)
		last_gap_ns = GAP_MAX;
	return 2 * last_gap_ns + last_gap_ns / 128 + SECOND / 4;
}

/*
 * A timeout and what its gap may be on the wire: late by the timer wheel's
 * bucket, 1/8 of it at most, by slop or by a packet generator's chance, and
 * shorter by the network's jitter alone.  As a table, for this is asked of every
 * gap of millions of attempts.
 */
struct timeout {
	int64_t nominal_ns, min_ns, max_ns;
};

#define CAPPED(s) ((s) < RTO_MAX ? (s) : RTO_MAX)
#define TIMEOUT(ns)                                                                                        \
	{                                                                                                  \
		CAPPED(ns), CAPPED(ns) - CAPPED(ns) / 32 - 60 * MS, CAPPED(ns) + CAPPED(ns) / 8 + 100 * MS \
	}
#define DOUBLINGS(s)                                                                                            \
	{                                                                                                       \
		TIMEOUT((s)*SECOND), TIMEOUT((s)*2 * SECOND), TIMEOUT((s)*4 * SECOND), TIMEOUT((s)*8 * SECOND), \
			TIMEOUT((s)*16 * SECOND), TIMEOUT((s)*32 * SECOND), TIMEOUT((s)*64 * SECOND),           \
			TIMEOUT((s)*128 * SECOND)                                                               \
	}
#define DOUBLINGS_MAX 7

/* By the first timeout: 1, 3 or 6 s. */
static const struct timeout timeouts[][DOUBLINGS_MAX + 1] = { DOUBLINGS(1), DOUBLINGS(3), DOUBLINGS(6) };

static int64_t nominal_gap(int first_rto_ms, int linear, int i)
{
	int doublings = i > linear ? i - linear : 0;

	return timeouts[first_rto_ms / 3000][doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX].nominal_ns;
}

static bool gap_fits(const struct sender_sight *s, int i, const struct timeout *t)
{
	int64_t gap = s->syn_ns[i + 1] - s->syn_ns[i];

	return (gap >= t->min_ns && gap <= t->max_ns) || i + 1 == s->hurried;
}

static bool schedule_fits(const struct sender_sight *s, int first_rto_ms, int linear)
{
	const struct timeout *t = timeouts[first_rto_ms / 3000], *last = t + DOUBLINGS_MAX;
	int i;

	for (i = 0; i < s->n - 1; i++) {
		if (!gap_fits(s, i, t))
			return false;
		t += i >= linear && t < last;
	}
	return true;
}

/* Gaps of 1 s at the beginning; when all are such the end of them was not seen. */
static int leading_gaps(const struct sender_sight *s)
{
	int n = 0;

	while (n < s->n - 1 && gap_fits(s, n, &timeouts[0][0]))
		n++;
	return n;
}

static uint32_t kinds_of_ttl(uint8_t ttl)
{
	const uint32_t all = SENDER_BIT(SENDER_N) - 1;

	if (!ttl)
		return all;
	return ttl <= TTL_UNIX ? all & ~SENDERS_WINDOWS : ttl <= TTL_WINDOWS ? SENDERS_WINDOWS : 0;
}

/* Of those whose first timeout is 1 s, Linux alone hurries. */
static uint32_t kinds_of(const struct sender_sight *s)
{
	return kinds_of_ttl(s->ttl) & (s->hurried ? SENDERS_LINUX & ~SENDER_BIT(SENDER_LINUX_3S) : ~0u);
}

static void may_be_due(struct sender *r, int64_t min_ns, int64_t max_ns)
{
	if (!r->due_min_ns || min_ns < r->due_min_ns)
		r->due_min_ns = min_ns;
	if (max_ns > r->due_max_ns)
		r->due_max_ns = max_ns;
}

/* Linux whose tcp_syn_linear_timeouts was changed. */
static void fit_other(const struct sender_sight *s, struct sender *r)
{
	int lead = leading_gaps(s), linear = lead - 1;
	bool open = lead == s->n - 1;

	if (linear < 1 || !schedule_fits(s, 1000, linear))
		return;
	r->fits = SENDER_BIT(SENDER_LINUX_OTHER);
	r->first_rto_ms = 1000;
	r->linear = open ? -1 : linear;
	may_be_due(r, open ? SECOND : nominal_gap(1000, linear, s->n - 1), nominal_gap(1000, linear, s->n - 1));
}

/* As the first gap shows it; 0: as none that is known. */
static int first_rto_ms(const struct sender_sight *s)
{
	static const int known_ms[] = { 1000, 3000, 6000 };
	int i;

	for (i = 0; i < (int)(sizeof(known_ms) / sizeof(known_ms[0])); i++)
		if (gap_fits(s, 0, &timeouts[i][0]))
			return known_ms[i];
	return 0;
}

static void fit_known(const struct sender_sight *s, uint32_t may_be, struct sender *r)
{
	int i, found = 0, rto_ms = first_rto_ms(s);

	for (i = 0; i < N_SCHEDULES; i++) {
		const struct schedule_kind *k = &schedules[i];
		int64_t due;

		if (k->first_rto_ms != rto_ms || !(may_be & k->kinds) || !schedule_fits(s, rto_ms, k->linear))
			continue;
		due = nominal_gap(rto_ms, k->linear, s->n - 1);
		r->fits |= may_be & k->kinds;
		r->first_rto_ms = rto_ms;
		r->linear = found++ || (k->linear && s->n <= k->linear + 2) ? -1 : k->linear;
		may_be_due(r, due, due);
	}
}

static void fit(const struct sender_sight *s, uint32_t may_be, struct sender *r)
{
	if (s->n == 1) { /* anyone's; most repeat it after 1 s, old ones later */
		r->fits = may_be & ~SENDER_BIT(SENDER_LINUX_OTHER);
		may_be_due(r, SECOND, SECOND);
		return;
	}
	fit_known(s, may_be, r);
	if (!r->fits && may_be & SENDER_BIT(SENDER_LINUX_OTHER))
		fit_other(s, r);
}

static void ends_at(struct sender *r, int64_t end_ns)
{
	if (!r->end_min_ns || end_ns < r->end_min_ns)
		r->end_min_ns = end_ns;
	if (end_ns > r->end_max_ns)
		r->end_max_ns = end_ns;
}

/* Which of those that fit have sent all, or more than all, of their SYNs. */
static void count(const struct sender_sight *s, struct sender *r)
{
	int64_t last = s->syn_ns[s->n - 1] - s->syn_ns[0];
	uint32_t left = r->fits;

	if (r->linear < 0)
		left &= ~SENDER_BIT(SENDER_LINUX_OTHER); /* how many it sends depends on them */
	for (; left; left &= left - 1) {
		int kind = __builtin_ctz(left), most = sender_budget((enum sender_kind)kind, r->linear);
		bool fewer = s->n == budgets[kind].fewer;

		/* The count alone would end it here; but a kernel that shows its own clockwork goes by the time too. */
		if (fewer && kind == SENDER_LINUX_LINEAR) {
			r->wheel = !s->hurried && sender_wheel(s->syn_ns, s->n, r->first_rto_ms, LINEAR);
			fewer = !r->wheel;
		}
		if (s->n > most)
			r->over |= SENDER_BIT(kind);
		if (s->n != most && !fewer)
			continue;
		r->spent |= SENDER_BIT(kind);
		ends_at(r, budgets[kind].keep_init && KEEP_INIT > last ? KEEP_INIT : last + r->due_max_ns);
	}
}

/*
 * Twice the last gap, unless all that fit are due sooner (linear timeouts), or
 * the last gap is not a timer's.
 */
static int64_t overdue(const struct sender_sight *s, const struct sender *r)
{
	int64_t gap = s->n > 1 ? s->syn_ns[s->n - 1] - s->syn_ns[s->n - 2] : 0, at = sender_overdue_ns(gap);
	int64_t linear = r->due_max_ns + r->due_max_ns / 128 + 3 * SECOND / 4;

	if (s->n == 1)
		return sender_overdue_ns(0);
	if (s->hurried == s->n - 1)
		return sender_overdue_ns(r->fits ? r->due_max_ns / 2 : 2 * SECOND);
	return r->fits && linear < at ? linear : at;
}

void sender_recognise(const struct sender_sight *s, struct sender *ret)
{
	*ret = (struct sender){ .linear = -1 };
	if (s->n <= SYNS_MAX)
		fit(s, kinds_of(s), ret);
	if (ret->fits && s->n > 1)
		count(s, ret);
	ret->overdue_ns = overdue(s, ret);
	ret->settled = s->silence_ns >= ret->overdue_ns;
}
