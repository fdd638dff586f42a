/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/pairing_totals.h"
#include "core/pairing_words.h"
#include "pairing_sim.h"

__extension__ typedef __int128 wide;

#define US 1000LL
#define MS 1000000LL
#define S 1000000000LL
#define START (1700000000 * S)
#define SEEDS 4
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* What is found out must be what happened, attempt by attempt and packet by packet. */
struct check {
	int compared, wrong, between, uncovered;
	int missing;	  /* attempts that were not found, though both captures ran */
	int64_t worst_ns; /* of the clocks, beyond what is given as their uncertainty */
};

static int64_t true_offset(const struct sim_opts *o, int64_t client_ns)
{
	return o->skew_ns + (int64_t)((wide)(client_ns - START) * o->drift_ppb / 1000000000);
}

static void say_wrong(const struct sim_opts *o, const struct pair_report *r, const struct sim_truth *t, int kind)
{
	char text[ENDPOINT_TEXT_LEN];

	print_message("seed %d, %s, sort %s, how %s: %ss %u sent, %u arrived, %u died; not %u, %u, %u\n", (int)o->seed,
		      endpoint_format(&t->flow.client, text), pair_sort_word(r->sort), pairing_how_word(r->how),
		      pairing_kind_word((enum pairing_kind)kind), r->counts[kind].sent,
		      r->counts[kind].fate[FATE_ARRIVED], r->counts[kind].fate[FATE_DIED], t->counts[kind].sent,
		      t->counts[kind].fate[FATE_ARRIVED], t->counts[kind].fate[FATE_DIED]);
}

static void compare(const struct sim_opts *o, const struct pair_report *r, const struct sim_truth *t, struct check *c)
{
	int kind, wrong = 0;

	c->compared++;
	for (kind = 0; kind < PAIRING_KIND_N; kind++) {
		const struct pair_counts *is = &r->counts[kind], *was = &t->counts[kind];

		/* at either end of the captures nobody can tell */
		c->uncovered += is->fate[FATE_UNCOVERED] > 0;
		if (is->fate[FATE_UNCOVERED] && is->fate[FATE_DIED] <= was->fate[FATE_DIED])
			continue;
		if (is->sent == was->sent && is->fate[FATE_ARRIVED] == was->fate[FATE_ARRIVED] &&
		    is->fate[FATE_DIED] == was->fate[FATE_DIED])
			continue;
		if (c->wrong + wrong < 5)
			say_wrong(o, r, t, kind);
		wrong = 1;
	}
	for (kind = 0; !o->forged && kind < PAIRING_KIND_N; kind++)
		wrong |= r->counts[kind].fate[FATE_BETWEEN] || r->counts[kind].fate[FATE_UNSEEN];
	c->wrong += wrong;
	c->between += r->counts[PAIRING_RST].fate[FATE_BETWEEN] > 0;
}

/* Nothing is taken for lost but what was. */
static void check_uncovered(const struct sim_opts *o, const struct pair_report *r, const struct sim_truth *t,
			    struct check *c)
{
	int kind;

	for (kind = 0; kind < PAIRING_KIND_N; kind++) {
		if (r->counts[kind].fate[FATE_DIED] <= t->counts[kind].fate[FATE_DIED])
			continue;
		say_wrong(o, r, t, kind);
		c->wrong++;
	}
}

static void check_clock(const struct sim_opts *o, const struct pairing *p, struct check *c)
{
	const struct pairing_clock *k = pairing_clock(p);
	int64_t t, off;
	int i;

	if (!k->forward || !k->backward)
		return;
	for (i = 0; i <= 10; i++) {
		t = START + o->over_ns / 10 * i;
		off = pairing_clock_offset(k, t) - true_offset(o, t);
		off = (off < 0 ? -off : off) - k->uncertainty_ns;
		c->worst_ns = off > c->worst_ns ? off : c->worst_ns;
	}
}

static void check_nat(const struct sim_opts *o, const struct pairing *p, const struct check *c)
{
	const struct pairing_nat *n = pairing_nat(p);

	if (o->others || o->both_hops || !c->compared)
		return;
	assert_int_equal(n->client_addr, o->nat_client ? n->paired : 0);
	assert_int_equal(n->server_addr, o->nat_server ? n->paired : 0);
	assert_int_equal(n->server_port, o->nat_server ? n->paired : 0);
	assert_int_equal(n->isn, o->nat_isn ? n->paired : 0);
	assert_int_equal(n->hops_min, o->no_hops ? 0 : 7);
	assert_int_equal(n->hops_max, n->hops_min);
	assert_int_equal(pairing_clock(p)->drift_ppb != 0, o->drift_ppb != 0);
	if (o->drift_ppb)
		assert_in_range(pairing_clock(p)->drift_ppb, (uintmax_t)(o->drift_ppb * 9 / 10),
				(uintmax_t)(o->drift_ppb * 11 / 10));
}

static void check_incident(const struct sim_opts *o, bool swap, struct check *c)
{
	struct pair_report *r = malloc(sizeof(*r));
	const struct sim_truth *t;
	struct pairing *p;
	struct sim sim;
	size_t i;
	int n;

	*c = (struct check){ 0 };
	sim_run(o, &sim);
	p = pairing_new(swap ? sim.server : sim.client, swap ? sim.client : sim.server, o->seed);
	assert_non_null(p);
	assert_non_null(r);
	assert_int_equal(pairing_swapped(p), swap);
	for (i = 0; i < pairing_n(p); i++) {
		pairing_get(p, i, r);
		assert_true(r->sort != PAIR_UNSENT && (r->sort != PAIR_AGAIN || o->both_hops));
		if (r->sort != PAIR_BOTH && r->sort != PAIR_LOST)
			continue;
		t = sim_find(&sim, &r->client_flow, r->client_isn);
		assert_non_null(t);
		if (t->covered)
			compare(o, r, t, c);
		else
			check_uncovered(o, r, t, c);
	}
	check_clock(o, p, c);
	check_nat(o, p, c);
	for (n = 0; n < sim.n; n++)
		c->missing += sim.truth[n].covered && !sim.truth[n].of_others;
	c->missing -= c->compared;
	pairing_free(p);
	free(r);
	sim_fini(&sim);
}

#define USUAL \
	.attempts = 300, .over_ns = 300 * S, .delay_ns = 3 * MS, .back_ns = 4 * MS, .jitter_ns = 2 * MS, .servers = 3

static const struct sim_opts incidents[] = {
	{ USUAL, .lose_syn = 100 },
	{ USUAL, .lose_syn_ack = 100 },
	{ USUAL, .lose_ack = 100 },
	{ USUAL, .lose_syn = 50, .lose_syn_ack = 50, .lose_ack = 50, .closed = 100, .lose_rst = 300, .silent = 50 },
	{ USUAL, .lose_syn = 50, .lose_syn_ack = 50, .skew_ns = 7300 * S + 123456789 },
	{ USUAL, .lose_syn = 50, .lose_syn_ack = 50, .skew_ns = -86400 * S, .drift_ppb = 12000 },
	{ USUAL, .lose_syn = 50, .lose_syn_ack = 50, .v6 = true, .skew_ns = -3 * MS },
	{ USUAL, .lose_syn = 50, .lose_syn_ack = 50, .nat_client = true, .skew_ns = 5 * S },
	{ USUAL, .lose_syn = 50, .lose_syn_ack = 50, .nat_server = true, .skew_ns = 5 * S },
	{ USUAL, .lose_syn = 50, .lose_syn_ack = 50, .nat_client = true, .nat_server = true, .skew_ns = -50 * S },
	{ USUAL, .lose_syn = 50, .lose_syn_ack = 50, .nat_isn = true, .skew_ns = 5 * S },
	{ USUAL, .lose_syn = 50, .lose_syn_ack = 50, .no_marks = true, .skew_ns = 3600 * S },
	{ USUAL, .lose_syn = 50, .lose_syn_ack = 50, .marks_lost = true, .skew_ns = 3600 * S },
	{ USUAL, .lose_syn = 50, .lose_syn_ack = 50, .no_marks = true, .nat_client = true, .nat_server = true },
	{ USUAL, .lose_syn = 50, .others = 300, .skew_ns = -10 * S },
	{ USUAL, .lose_syn = 50, .twice = 200 },
	{ USUAL, .lose_syn = 50, .forged = 100, .skew_ns = 77 * MS },
	{ USUAL, .lose_syn = 50, .same_isn = true, .skew_ns = 1000 * S },
	{ USUAL, .lose_syn = 300, .lose_syn_ack = 300, .lose_ack = 300, .no_hops = true },
	{ .attempts = 3,
	  .over_ns = 20 * S,
	  .delay_ns = 30 * MS,
	  .back_ns = 10 * MS,
	  .lose_syn = 300,
	  .no_hops = false },
	{ .attempts = 8,
	  .over_ns = 60 * S,
	  .delay_ns = 30 * MS,
	  .back_ns = 10 * MS,
	  .lose_syn = 300,
	  .no_marks = true,
	  .no_hops = false },
	{ USUAL, .lose_syn = 50, .same_isn = true, .nat_client = true },
	{ USUAL, .lose_syn = 50, .nat_server = true, .both_hops = true },
	{ USUAL, .no_hops = true },
	{ USUAL, .silent = 1000, .skew_ns = 3 * S },
	{ USUAL, .lose_syn = 50, .server_until_ns = 150 * S, .skew_ns = 9 * S },
	{ USUAL, .lose_syn = 50, .server_from_ns = 150 * S, .skew_ns = 9 * S },
};

static void test_incidents(void **state)
{
	struct sim_opts o;
	struct check c;
	int compared = 0;
	uint64_t seed;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(incidents); i++)
		for (seed = 1; seed <= SEEDS; seed++) {
			o = incidents[i];
			o.seed = seed + 100 * i;
			check_incident(&o, seed % 4 == 0, &c);
			compared += c.compared;
			if (c.wrong)
				print_message("incident %d, seed %d: %d of %d wrong\n", (int)i, (int)o.seed, c.wrong,
					      c.compared);
			assert_int_equal(c.wrong, 0);
			assert_in_range(c.missing, 0, 1);
			assert_true(!o.forged || c.between > 10);
			assert_true(c.uncovered <= 2 + c.compared / 50);
			if (c.worst_ns > 20 * US)
				print_message("incident %d, seed %d: clock off by %d ns\n", (int)i, (int)o.seed,
					      (int)c.worst_ns);
			assert_true(c.worst_ns <= 20 * US);
		}
	assert_true(compared > 15000);
}

/* A single attempt, and nothing but its times to go by. */
static void test_one(void **state)
{
	struct sim_opts o = { .attempts = 1,
			      .over_ns = S,
			      .delay_ns = 20 * MS,
			      .back_ns = 15 * MS,
			      .jitter_ns = 3 * MS,
			      .lose_syn = 400,
			      .lose_syn_ack = 400,
			      .no_marks = true,
			      .skew_ns = 77 * S };
	struct pair_report *r = malloc(sizeof(*r));
	struct check c = { 0 };
	struct pairing *p;
	struct sim sim;

	(void)state;
	assert_non_null(r);
	for (o.seed = 1; o.seed < 400; o.seed++) {
		sim_run(&o, &sim);
		p = pairing_new(sim.client, sim.server, 1);
		assert_non_null(p);
		assert_false(pairing_swapped(p));
		pairing_get(p, 0, r);
		if (pairing_nat(p)->paired)
			compare(&o, r, &sim.truth[0], &c);
		else
			assert_int_equal(sim.truth[0].counts[PAIRING_SYN].fate[FATE_ARRIVED], 0);
		pairing_free(p);
		sim_fini(&sim);
	}
	free(r);
	assert_int_equal(c.wrong, 0);
	assert_true(c.compared > 370);
}

/* Captures that lose packets themselves: what they lack is not told as if the network had lost it. */
static void test_holes(void **state)
{
	static const struct sim_opts holes[] = { { USUAL, .seed = 5, .server_misses = 100 },
						 { USUAL, .seed = 6, .client_misses = 100 } };
	struct pair_report *r = malloc(sizeof(*r));
	struct pairing *p;
	struct sim sim;
	size_t i, k;
	int likely;

	(void)state;
	assert_non_null(r);
	for (i = 0; i < LEN(holes); i++) {
		sim_run(&holes[i], &sim);
		p = pairing_new(sim.client, sim.server, 1);
		assert_non_null(p);
		for (k = 0, likely = 0; k < pairing_n(p); k++) {
			pairing_get(p, k, r);
			likely += r->confidence == CONFIDENCE_LIKELY && pair_differs(r);
		}
		assert_in_range(i ? pairing_holes(p)->client_missed : pairing_holes(p)->server_missed, 20, 120);
		assert_int_equal(i ? pairing_holes(p)->server_missed : pairing_holes(p)->client_missed, 0);
		assert_int_equal(likely, 0);
		pairing_free(p);
		sim_fini(&sim);
	}
	free(r);
}

/* Of other incidents, with the same hosts and ports. */
static void test_nothing(void **state)
{
	struct sim_opts o = { USUAL, .seed = 1 };
	struct sim one, other;
	struct pairing *p;

	(void)state;
	for (o.seed = 1; o.seed < 20; o.seed += 2) {
		o.no_marks = o.seed % 4 == 1;
		sim_run(&o, &one);
		o.seed++;
		sim_run(&o, &other);
		o.seed--;
		p = pairing_new(one.client, other.server, 1);
		assert_non_null(p);
		assert_int_equal(pairing_nat(p)->paired, 0);
		assert_false(pairing_clock(p)->forward || pairing_clock(p)->backward);
		pairing_free(p);
		sim_fini(&one);
		sim_fini(&other);
	}
}

/* What there was no memory for is not taken for lost. */
static void test_memory(void **state)
{
	const struct sim_opts o = { USUAL, .seed = 3, .memory = 40000 };
	struct pairing_side_counts counts;
	struct pair_report *r = malloc(sizeof(*r));
	struct pairing *p;
	struct sim sim;
	size_t i;

	(void)state;
	assert_non_null(r);
	sim_run(&o, &sim);
	pairing_side_counts(sim.server, &counts);
	assert_in_range(counts.lost, 100, 800);
	assert_in_range(pairing_side_memory(sim.server), 30000, 40000);
	p = pairing_new(sim.client, sim.server, 1);
	assert_non_null(p);
	assert_in_range(pairing_nat(p)->paired, 50, 250);
	for (i = 0; i < pairing_n(p); i++) {
		pairing_get(p, i, r);
		assert_false(pair_differs(r));
	}
	pairing_free(p);
	free(r);
	sim_fini(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_incidents), cmocka_unit_test(test_one),	 cmocka_unit_test(test_holes),
		cmocka_unit_test(test_nothing),	  cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
