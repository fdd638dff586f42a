/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/some_syns.h"

const int hzs[N_HZS] = { 100, 250, 300, 1000 };

static uint64_t rnd_state = 20260103;

/* xorshift64 */
uint64_t rnd(uint64_t below)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return rnd_state % below;
}

int kernel_syns(int hz, int retries, int linear, int64_t *syn_ns, int64_t *ret_end_ns)
{
	struct schedule s;
	struct policy p;
	int64_t edge;
	int i;

	policy_default(0, &p);
	p.hz = hz;
	p.retries = retries;
	p.linear = linear;
	schedule_exact(&p, rnd(1 << 18), &s);
	edge = (int64_t)rnd((uint64_t)(S / hz));
	syn_ns[0] = START;
	for (i = 1; i < s.n; i++)
		syn_ns[i] = START + schedule_jiffies_ns(s.syn[i], hz) - edge + (int64_t)rnd(700000);
	if (ret_end_ns)
		*ret_end_ns = schedule_jiffies_ns(s.end, hz) - edge;
	return s.n;
}

int late_syns(int n, bool linear, int64_t *syn_ns)
{
	int i;

	syn_ns[0] = START;
	for (i = 1; i < n; i++)
		syn_ns[i] = syn_ns[i - 1] + (linear && i <= 5 ? S : S << (i - 1 - 4 * linear)) + 4 * MS +
			    (int64_t)rnd(28 * MS);
	return n;
}
