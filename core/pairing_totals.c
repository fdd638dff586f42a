/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pairing_totals.h"

#include <string.h>

#define S_NS ((int64_t)1000000000)
#define STEPS_MAX 4096

bool pairing_totals_init(struct pairing_totals *t)
{
	memset(t, 0, sizeof(*t));
	return steps_init(&t->losses_over_time, S_NS, STEPS_MAX);
}

void pairing_totals_fini(struct pairing_totals *t)
{
	steps_fini(&t->losses_over_time);
}

static bool is_compared(const struct pair_report *r)
{
	return r->sort == PAIR_BOTH || r->sort == PAIR_LOST || r->sort == PAIR_UNCOVERED || r->sort == PAIR_UNSEEN;
}

/* True when some died. */
static bool add_packets(struct pairing_totals *t, const struct pair_report *r)
{
	bool died = false;
	int i, fate;

	for (i = 0; i < PAIRING_KIND_N; i++) {
		t->sent[i] += r->counts[i].sent;
		for (fate = 0; fate < FATE_N; fate++)
			t->fate[i][fate] += r->counts[i].fate[fate];
		died |= r->counts[i].fate[FATE_DIED] > 0;
	}
	for (i = 0; i < r->n_packets; i++) {
		const struct pair_packet *k = &r->packets[i];
		bool to_client = k->kind == PAIRING_SYN_ACK || k->kind == PAIRING_RST || k->kind == PAIRING_ICMP;

		if (k->fate == FATE_ARRIVED)
			spread_feed(to_client ? &t->to_client : &t->to_server, k->delay_ns);
	}
	return died;
}

static void add_loss(struct pairing_totals *t, const struct pair_report *r)
{
	const struct digest d = { .start_ns = r->start_ns, .outcome = OUTCOME_UNANSWERED };

	if (!t->losses || r->start_ns < t->first_loss_ns)
		t->first_loss_ns = r->start_ns;
	if (!t->losses || r->start_ns > t->last_loss_ns)
		t->last_loss_ns = r->start_ns;
	t->losses++;
	steps_feed(&t->losses_over_time, &d);
}

void pairing_totals_add(struct pairing_totals *t, const struct pair_report *r)
{
	if (!t->attempts || r->start_ns < t->first_ns)
		t->first_ns = r->start_ns;
	if (!t->attempts || r->start_ns > t->last_ns)
		t->last_ns = r->start_ns;
	t->attempts++;
	t->sorts[r->sort]++;
	t->notable += pair_is_notable(r);
	t->differ += r->sort == PAIR_BOTH && pair_differs(r);
	t->by_address += r->sort == PAIR_LOST && r->by_address;
	t->likely += r->sort == PAIR_BOTH && (r->how == PAIRED_TUPLE || r->how == PAIRED_MARK);
	if (is_compared(r) && add_packets(t, r))
		add_loss(t, r);
}
