/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/schedule.h"
#include "tests/unit/random.h"

/*
 * schedule_print SEED N: N random policies with their exact schedules, one per
 * line, for schedule_oracle.py to check:
 *   hz rto_first_j retries linear rto_max_ms user_timeout_ms phase  end syn1 syn2 ...
 */
static uint64_t state;

static uint64_t next(void)
{
	return random_u64(&state);
}

static int between(int lo, int hi)
{
	return lo + (int)(next() % (uint64_t)(hi - lo + 1));
}

static bool one_in(int n)
{
	return next() % (uint64_t)n == 0;
}

static void random_policy(struct policy *ret)
{
	static const int hzs[] = { 100, 250, 300, 1000 };

	policy_default(0, ret);
	ret->hz = one_in(5) ? between(POLICY_HZ_MIN, POLICY_HZ_MAX) : hzs[between(0, 3)];
	ret->retries = one_in(10) ? between(1, POLICY_RETRIES_MAX) : between(1, 9);
	ret->linear = one_in(10) ? between(0, POLICY_LINEAR_MAX) : between(0, 6);
	if (one_in(3))
		ret->syncnt = one_in(10) ? between(1, POLICY_RETRIES_MAX) : between(1, 9);
	if (one_in(3))
		ret->rto_max_ms = one_in(2) ? between(1000, 120000) : between(1000, 4000);
	if (one_in(3))
		ret->user_timeout_ms = one_in(2) ? between(1, 200000) : between(1, 200) * 500;
	if (one_in(5))
		ret->rto_first_j = one_in(2) ? between(1, 16) : between(1, ret->hz);
}

int main(int argc, char **argv)
{
	struct schedule s;
	struct policy p;
	uint64_t phase;
	long i, n;
	int k;

	if (argc != 3)
		return 2;
	state = strtoull(argv[1], NULL, 10);
	n = strtol(argv[2], NULL, 10);
	for (i = 0; i < n; i++) {
		random_policy(&p);
		phase = next() >> between(24, 40);
		schedule_exact(&p, phase, &s);
		printf("%d %d %d %d %d %" PRId64 " %" PRIu64 " %" PRId64, p.hz, p.rto_first_j ? p.rto_first_j : p.hz,
		       p.syncnt ? p.syncnt : p.retries, p.linear, p.rto_max_ms, p.user_timeout_ms, phase, s.end);
		for (k = 1; k < s.n; k++)
			printf(" %" PRId64, s.syn[k]);
		putchar('\n');
	}
	return 0;
}
