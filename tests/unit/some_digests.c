/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/some_digests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/random.h"

static uint64_t state;

void random_from(uint64_t seed)
{
	state = seed;
}

uint64_t random64(void)
{
	return random_u64(&state);
}

uint64_t below(uint64_t n)
{
	return (random64() >> 16) % n;
}

struct digest some_digest(uint32_t n_clients, uint32_t n_servers)
{
	uint32_t client = (uint32_t)below(1 + below(1 + below(n_clients))),
		 server = (uint32_t)below(1 + below(n_servers));
	struct digest d = { .start_ns = START + (int64_t)below(7200) * S + (int64_t)below(1000) * MS,
			    .elapsed_ns = (int64_t)below(9000) * (int64_t)below(1000) * 1000,
			    .n_syns = 1 + (int)below(8),
			    .outcome = (enum outcome)(1 + below(OUTCOME_N - 1)) };

	d.half_open = d.outcome == OUTCOME_UNANSWERED && below(2);
	d.flow.client.addr.family = client % 5 ? 4 : 6;
	memcpy(d.flow.client.addr.b, &client, sizeof(client));
	d.flow.client.port = (uint16_t)below(65536);
	d.flow.server.addr.family = 4;
	memcpy(d.flow.server.addr.b + 1, &server, 3);
	d.flow.server.port = (uint16_t)(server % 3);
	return d;
}

struct digest *some_digests(size_t n, uint32_t n_clients, uint32_t n_servers)
{
	struct digest *d = malloc(n * sizeof(*d));
	size_t i;

	assert_non_null(d);
	for (i = 0; i < n; i++)
		d[i] = some_digest(n_clients, n_servers);
	return d;
}

struct summary *summary_of(const struct digest *d, size_t n, uint64_t seed)
{
	struct summary *s = summary_new(seed);
	size_t i;

	assert_non_null(s);
	for (i = 0; i < n; i++)
		summary_feed(s, &d[i]);
	return s;
}

void feed_at(struct steps *s, int64_t t_ns)
{
	const struct digest d = { .start_ns = t_ns, .outcome = OUTCOME_REFUSED };

	steps_feed(s, &d);
}

uint64_t attempts_in(const struct steps *s, int64_t k, int64_t end)
{
	struct tally t;

	steps_sum(s, k, end, &t);
	return tally_attempts(&t);
}

void assert_same_steps(const struct steps *a, const struct steps *b)
{
	assert_int_equal(a->width_ns, b->width_ns);
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->first, b->first);
	assert_memory_equal(a->rows, b->rows, a->n * sizeof(*a->rows));
}
