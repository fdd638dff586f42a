/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  Of each direction the quickest packets of 256 stretches
 * of time are kept.  Where the server's clock runs faster, packets to the server
 * seem to take longer and longer, and packets from it less and less; so a line
 * is laid through the quickest of each of 32 stretches, once for each direction,
 * by the median of the slopes between them (Theil and Sen), which a few packets
 * that were taken for others, or waited in a queue, do not move.  If both
 * directions tell of the same drift it is taken away, and the quickest packets of
 * what is left bound the offset.
 */
#include "core/pairing_clock.h"

#include <stdlib.h>
#include <string.h>

#define BINS 256
#define LEAST 4 /* samples of a bin that are kept */
#define WINDOWS 32
#define WINDOWS_MIN 4 /* fewer tell of no drift */
#define SAMPLES_MAX (BINS * LEAST)
#define SPAN_MIN_NS 2000000000LL
#define NOISE_TIMES 6
#define NOISE_LEAST_NS 2000 /* what time stamps are worth at best */
#define UNEVEN_NS 100000    /* so much against causality is not of the time stamps' making */
#define UNCERTAIN_MAX (86400 * 1000000000LL)
#define TIME_MAX ((INT64_C(1) << 62) - 1) /* as captures have them */
#define APART_MAX (INT64_C(1) << 61)	  /* 73 years: nobody's clock */
#define PPB_MAX 5000000			  /* no clock is as wrong as that */
#define TRIMMED_SHARE 8			  /* of the quickest packets, one of so many may be wrong */
#define DRIFT_AGREES_PERCENT 25

__extension__ typedef __int128 wide;

struct sample {
	int64_t t_ns, d_ns;
};

struct bin {
	int n;
	struct sample least[LEAST];
};

struct pairing_aligner {
	int64_t first_ns, width_ns;
	uint64_t n[2];
	struct bin bins[2][BINS]; /* to the server, from it */
};

/* dt_ns at that rate. */
static int64_t gain_ns(int64_t dt_ns, int64_t ppb)
{
	return (int64_t)((wide)dt_ns * ppb / 1000000000);
}

int64_t pairing_clock_offset(const struct pairing_clock *c, int64_t client_ns)
{
	return c->offset_ns + (c->drift_ppb ? gain_ns(client_ns - c->base_ns, c->drift_ppb) : 0);
}

static int64_t within(wide t, int64_t least, int64_t most)
{
	return t < least ? least : t > most ? most : (int64_t)t;
}

int64_t pairing_clock_to_server(const struct pairing_clock *c, int64_t client_ns)
{
	return within((wide)client_ns + pairing_clock_offset(c, client_ns), 0, TIME_MAX);
}

int64_t pairing_clock_to_client(const struct pairing_clock *c, int64_t server_ns)
{
	int64_t t_ns = within((wide)server_ns - c->offset_ns, 0, TIME_MAX);

	if (c->drift_ppb)
		t_ns = within((wide)server_ns - pairing_clock_offset(c, t_ns), 0, TIME_MAX);
	return within((wide)server_ns - pairing_clock_offset(c, t_ns), 0, TIME_MAX);
}

struct pairing_aligner *pairing_aligner_new(int64_t first_ns, int64_t last_ns)
{
	struct pairing_aligner *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->first_ns = first_ns;
	a->width_ns = (last_ns > first_ns ? last_ns - first_ns : 0) / BINS + 1;
	return a;
}

void pairing_aligner_free(struct pairing_aligner *a)
{
	free(a);
}

static void keep(struct bin *b, const struct sample *s)
{
	int i = b->n;

	if (b->n == LEAST && b->least[LEAST - 1].d_ns <= s->d_ns)
		return;
	if (b->n < LEAST)
		b->n++;
	else
		i--;
	for (; i && b->least[i - 1].d_ns > s->d_ns; i--)
		b->least[i] = b->least[i - 1];
	b->least[i] = *s;
}

void pairing_aligner_feed(struct pairing_aligner *a, bool from_server, int64_t client_ns, int64_t server_ns)
{
	int64_t d = within((wide)server_ns - client_ns, -APART_MAX, APART_MAX),
		at = client_ns < a->first_ns ? 0 : (client_ns - a->first_ns) / a->width_ns;
	struct sample s = { client_ns, from_server ? -d : d };

	a->n[from_server]++;
	keep(&a->bins[from_server][at < BINS ? at : BINS - 1], &s);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t median(int64_t *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

/* The quickest of each window that has any; how many. */
static int windows(const struct pairing_aligner *a, bool from_server, struct sample ret[WINDOWS])
{
	int i, n = 0, last = -1;

	for (i = 0; i < BINS; i++) {
		const struct bin *b = &a->bins[from_server][i];

		if (!b->n)
			continue;
		if (last != i / (BINS / WINDOWS))
			ret[n++] = b->least[0];
		else if (b->least[0].d_ns < ret[n - 1].d_ns)
			ret[n - 1] = b->least[0];
		last = i / (BINS / WINDOWS);
	}
	return n;
}

/* What is seen of a drift in one direction. */
struct trend {
	bool known;
	int64_t ppb;	 /* the server's clock gains */
	int64_t span_ns; /* between the first and the last window */
	int64_t noise_ns;
};

static void trend_of(const struct pairing_aligner *a, bool from_server, struct trend *ret)
{
	int64_t slopes[WINDOWS * WINDOWS / 2], rest[WINDOWS], middle;
	struct sample w[WINDOWS];
	int n = windows(a, from_server, w), i, k;
	size_t m = 0;

	*ret = (struct trend){ .span_ns = n ? w[n - 1].t_ns - w[0].t_ns : 0 };
	if (n < WINDOWS_MIN || ret->span_ns < SPAN_MIN_NS)
		return;
	for (i = 0; i < n; i++)
		for (k = i + 1; k < n; k++)
			if (w[k].t_ns - w[i].t_ns >= ret->span_ns / 4)
				slopes[m++] =
					(int64_t)((wide)(w[k].d_ns - w[i].d_ns) * 1000000000 / (w[k].t_ns - w[i].t_ns));
	ret->ppb = median(slopes, m);
	if (ret->ppb > PPB_MAX || ret->ppb < -PPB_MAX)
		return;
	for (i = 0; i < n; i++)
		rest[i] = w[i].d_ns - gain_ns(w[i].t_ns - w[0].t_ns, ret->ppb);
	middle = median(rest, (size_t)n);
	for (i = 0; i < n; i++)
		rest[i] = rest[i] < middle ? middle - rest[i] : rest[i] - middle;
	ret->noise_ns = median(rest, (size_t)n);
	ret->known = true;
	if (from_server)
		ret->ppb = -ret->ppb;
}

static int64_t magnitude(int64_t v)
{
	return v < 0 ? -v : v;
}

/* 0: none is seen. */
static int64_t drift_of(const struct pairing_aligner *a, bool forward, bool backward)
{
	int64_t noise, span, ppb, apart;
	struct trend f, b;

	trend_of(a, false, &f);
	trend_of(a, true, &b);
	if ((forward && !f.known) || (backward && !b.known))
		return 0;
	if (!forward)
		f = b;
	if (!backward)
		b = f;
	noise = NOISE_TIMES * (f.noise_ns > b.noise_ns ? f.noise_ns : b.noise_ns) + NOISE_LEAST_NS;
	span = f.span_ns < b.span_ns ? f.span_ns : b.span_ns;
	ppb = (f.ppb + b.ppb) / 2;
	apart = magnitude(f.ppb - b.ppb);
	if (magnitude(gain_ns(span, ppb)) <= noise)
		return 0;
	if (apart > magnitude(ppb) * DRIFT_AGREES_PERCENT / 100 && gain_ns(span, apart) > noise)
		return 0;
	return ppb;
}

/* What packets took, without the drift; sorted.  How many. */
static size_t rests(const struct pairing_aligner *a, bool from_server, int64_t base_ns, int64_t ppb, int64_t *ret)
{
	const struct bin *b;
	int64_t gain;
	size_t n = 0;
	int i, k;

	for (i = 0; i < BINS; i++) {
		b = &a->bins[from_server][i];
		for (k = 0; k < b->n; k++) {
			gain = gain_ns(b->least[k].t_ns - base_ns, ppb);
			ret[n++] = b->least[k].d_ns + (from_server ? gain : -gain);
		}
	}
	qsort(ret, n, sizeof(*ret), by_value);
	return n;
}

struct bounds {
	int64_t forward, backward; /* the least of each direction; their sum is a round trip, if it is not below 0 */
};

/* Packets that were taken for others can make the least less than it is: the odd ones are left out. */
static struct bounds bounds_of(const struct pairing_aligner *a, int64_t base_ns, int64_t ppb)
{
	int64_t f[SAMPLES_MAX + 1] = { 0 }, b[SAMPLES_MAX + 1] = { 0 }, gap_f, gap_b;
	size_t n = rests(a, false, base_ns, ppb, f), m = rests(a, true, base_ns, ppb, b), i = 0, k = 0;
	size_t left = 1 + (n + m) / TRIMMED_SHARE;

	while (n && m && f[i] + b[k] < 0 && left--) {
		gap_f = i + 1 < n ? f[i + 1] - f[i] : -1;
		gap_b = k + 1 < m ? b[k + 1] - b[k] : -1;
		if (gap_f < 0 && gap_b < 0)
			break;
		if (gap_f > gap_b)
			i++;
		else
			k++;
	}
	return (struct bounds){ f[i], b[k] };
}

static int64_t first_of(const struct pairing_aligner *a)
{
	int64_t first = INT64_MAX;
	int i, k, dir;

	for (dir = 0; dir < 2; dir++)
		for (i = 0; i < BINS; i++)
			for (k = 0; k < a->bins[dir][i].n; k++)
				if (a->bins[dir][i].least[k].t_ns < first)
					first = a->bins[dir][i].least[k].t_ns;
	return first;
}

void pairing_aligner_solve(const struct pairing_aligner *a, struct pairing_clock *ret)
{
	int64_t ppb, trip;
	struct bounds least;

	*ret = (struct pairing_clock){
		.forward = a->n[0], .backward = a->n[1], .n_forward = a->n[0], .n_backward = a->n[1]
	};
	if (!ret->forward && !ret->backward)
		return;
	ret->base_ns = first_of(a);
	ppb = drift_of(a, ret->forward, ret->backward);
	least = bounds_of(a, ret->base_ns, ppb);
	ret->drift_ppb = ppb;
	ret->has_drift = ppb != 0;
	if (!ret->backward) {
		ret->offset_ns = least.forward;
	} else if (!ret->forward) {
		ret->offset_ns = -least.backward;
	} else {
		trip = least.forward + least.backward;
		ret->offset_ns = least.forward - trip / 2;
		ret->uncertainty_ns = magnitude(trip) / 2;
		ret->uneven = trip < -UNEVEN_NS || ret->uncertainty_ns > UNCERTAIN_MAX;
		ret->uncertainty_ns = within(ret->uncertainty_ns, 0, UNCERTAIN_MAX);
	}
}
