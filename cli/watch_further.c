/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_further.h"

#include <stdlib.h>

#include "cli/watch_copies.h"
#include "cli/watch_inbound_verdict.h"
#include "cli/watch_lost.h"
#include "cli/watch_nat.h"
#include "cli/watch_neighbour.h"
#include "cli/watch_route.h"
#include "util/clock.h"
#include "util/duration.h"

struct watch_further {
	struct watch_source *source;
	struct watch_rules *rules;
	bool traces; /* rules are traced */
	struct watch_ask *lost, *route, *neighbour, *copies;
	struct watch_lost_last last;
	struct watch_nat *nat;
	struct attempt first, shown;
};

struct watch_further *watch_further_new(void)
{
	struct watch_further *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->lost = watch_ask_new();
	f->route = watch_ask_new();
	f->neighbour = watch_ask_new();
	f->copies = watch_ask_new();
	f->nat = watch_nat_new();
	if (f->lost && f->route && f->neighbour && f->copies && f->nat)
		return f;
	watch_further_free(f);
	return NULL;
}

void watch_further_free(struct watch_further *f)
{
	if (!f)
		return;
	watch_ask_free(f->lost);
	watch_ask_free(f->route);
	watch_ask_free(f->neighbour);
	watch_ask_free(f->copies);
	watch_nat_free(f->nat);
	free(f);
}

void watch_further_begin(struct watch_further *f, const struct watch_setup *o, struct watch_source *source,
			 struct watch_rules *rules)
{
	f->source = source;
	f->rules = rules;
	f->traces = rules && o->rules;
	/* nothing but numbers is shown else, and no verdict's confidence */
	watch_nat_begin(f->nat, source, !o->quiet || o->count, o->want.netns, o->want.n_netns);
}

const struct attempt *watch_further_first(struct watch_further *f, const struct attempt *a)
{
	bool neighbour = watch_neighbour_decides(a), route = watch_route_decides(a), nat = watch_nat_decides(f->nat, a),
	     copies = watch_copies_decides(a);

	if (!neighbour && !route && !nat && !copies)
		return a;
	f->first = *a;
	if (copies)
		watch_copies_doubt(f->copies, &f->first);
	if (neighbour)
		watch_neighbour_look(f->neighbour, &f->first, watch_source_now(f->source));
	if (route)
		watch_route_look(f->route, &f->first);
	if (nat)
		watch_nat_refused(f->nat, &f->first);
	return &f->first;
}

static void look_for_loss(struct watch_further *f, struct attempt *a, struct flow *as)
{
	struct drop d;

	watch_nat_look(f->nat, a, as);
	if (!watch_lost_is_unknown(a) || a->n_drops == ATTEMPT_DROPS_MAX)
		return;
	if (!a->silent_hop.family)
		watch_neighbour_look(f->neighbour, a, watch_source_now(f->source));
	if (a->silent_hop.family || !watch_lost_backlog(f->lost, &f->last, a->netns, as, &d))
		return;
	d.packets = (uint64_t)a->n_syns;
	a->drops[a->n_drops++] = d;
}

const struct attempt *watch_further_shown(struct watch_further *f, const struct attempt *a)
{
	bool neighbour = watch_neighbour_concerns(a), unknown;
	struct drop copies[ATTEMPT_DROPS_MAX];
	struct flow as = a->flow;
	int n = 0;

	unknown = watch_lost_is_unknown(a) && a->n_drops < ATTEMPT_DROPS_MAX;
	if (!a->n_drops && !unknown && !neighbour && !(f->traces && !a->connected))
		return a;
	f->shown = *a;
	if (watch_copies_decides(a)) {
		n = watch_copies_take(&f->shown, copies);
		unknown |= watch_lost_is_unknown(&f->shown);
	}
	if (unknown)
		look_for_loss(f, &f->shown, &as);
	if (neighbour)
		watch_neighbour_look(f->neighbour, &f->shown, watch_source_now(f->source));
	watch_copies_give(&f->shown, copies, n);
	if (f->rules) {
		/* by the rules where it was dropped */
		f->shown.flow = as;
		watch_rules_name(f->rules, &f->shown);
		f->shown.flow = a->flow;
	}
	return &f->shown;
}

/* ---- what came to this host ---- */

/* The clocks of packets and of drops differ by a hair. */
#define DROP_SLACK_NS (100 * NS_PER_MS)

/*
 * Else it was of an earlier attempt from the same port.  Ages are compared: a suspended host sets only one clock ahead.
 */
static bool is_of_this(const struct watch_further *f, const struct drop *d, const struct attempt *a)
{
	return watch_source_now(f->source) - d->last_ns <= clock_real_ns() - attempt_start_ns(a) + DROP_SLACK_NS;
}

/* What answered, or else its SYN, was dropped so. */
static bool find_drop(struct watch_further *f, const struct digest *d, const struct attempt *a, struct drop *ret)
{
	if (watch_source_dropped(f->source, a, &a->flow, TRACE_DROPPED_ANSWER, ret) && is_of_this(f, ret, a) &&
	    watch_inbound_answer_is_lost(d, ret))
		return true;
	return watch_source_dropped(f->source, a, &a->flow, TRACE_DROPPED_INBOUND, ret) && is_of_this(f, ret, a) &&
	       !watch_inbound_repeated(d, ret);
}

void watch_further_inbound(struct watch_further *f, const struct digest *d, struct attempt *a)
{
	struct drop *drop = &a->drops[0];
	bool dropped = find_drop(f, d, a, drop);

	if (!dropped && d->answer == REPLY_NONE)
		dropped = watch_lost_backlog(f->lost, &f->last, a->netns, &a->flow, drop);
	else if (dropped && drop->netns && drop->netns != a->netns)
		drop->place = DROP_PATH_OR_PEER; /* it was forwarded, to another namespace */
	a->n_drops = dropped;
	if (f->rules && (dropped || d->answer != REPLY_SYN_ACK))
		watch_rules_name(f->rules, a);
}

bool watch_further_nobody(struct watch_further *f, const struct attempt *a)
{
	return watch_lost_nobody(f->lost, a->netns, &a->flow.server);
}

/* ---- events of NAT ---- */

int watch_further_fds(const struct watch_further *f, struct pollfd *fds)
{
	return watch_nat_fds(f->nat, fds);
}

int watch_further_wait_ms(const struct watch_further *f)
{
	return watch_nat_wait_ms(f->nat);
}

void watch_further_turn(struct watch_further *f)
{
	watch_nat_turn(f->nat);
}

bool watch_further_lost(const struct watch_further *f, uint64_t *ret)
{
	return watch_nat_lost(f->nat, ret);
}
