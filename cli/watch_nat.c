/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_nat.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/watch_ask.h"
#include "sources/conntrack.h"
#include "sources/nat_sent.h"
#include "sources/netns.h"
#include "util/clock.h"
#include "util/duration.h"

/* The clock of attempts and this one's differ by a hair. */
#define SLACK_NS (100 * NS_PER_US)

struct watch_nat {
	struct watch_ask *ask;
	struct watch_source *source;
	struct nat_sent *sent; /* NULL: it is not wanted */
	int64_t read_ns;       /* CLOCK_MONOTONIC: when it was read last */
};

struct watch_nat *watch_nat_new(void)
{
	struct watch_nat *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->ask = watch_ask_new();
	if (w->ask)
		return w;
	free(w);
	return NULL;
}

void watch_nat_free(struct watch_nat *w)
{
	if (!w)
		return;
	nat_sent_free(w->sent);
	watch_ask_free(w->ask);
	free(w);
}

void watch_nat_begin(struct watch_nat *w, struct watch_source *s, bool listen, const uint32_t *netns, int n)
{
	const bool traced = !watch_source_without(s);
	const uint32_t own = netns_own();

	w->source = s;
	if (!listen || watch_source_tells_nat(s) || (!traced && geteuid()))
		return;
	w->sent = traced ? nat_sent_new(netns, n) : nat_sent_new(&own, 1);
}

static void add_drop(struct watch_source *s, const struct flow *as, enum trace_dropped what, struct attempt *a)
{
	struct drop d;

	if (a->n_drops == ATTEMPT_DROPS_MAX || !watch_source_dropped(s, a, as, what, &d) ||
	    d.last_ns < attempt_start_ns(a))
		return;
	if (d.netns && d.netns != a->netns)
		d.place = DROP_PATH_OR_PEER;
	a->drops[a->n_drops++] = d;
}

static void add_drops(struct watch_source *s, const struct flow *as, struct attempt *a)
{
	add_drop(s, as, TRACE_DROPPED_SYN, a);
	add_drop(s, as, TRACE_DROPPED_SYN_ACK, a);
}

bool watch_nat_look(struct watch_nat *w, struct attempt *a, struct flow *ret_as)
{
	struct namespaces *n = watch_ask_begin(w->ask);

	if (!n || !conntrack_find(n, a->netns, &a->flow, ret_as))
		return false;
	if (!endpoint_equal(&ret_as->server, &a->flow.server))
		a->sent_to = ret_as->server;
	add_drops(w->source, ret_as, a);
	return true;
}

bool watch_nat_decides(const struct watch_nat *w, const struct attempt *a)
{
	const struct reply *r = attempt_accepted_reply(a);

	return r && r->kind == REPLY_RST && (a->traced || w->sent) && !a->sent_to.port &&
	       !watch_source_tells_nat(w->source) && conntrack_is_there();
}

void watch_nat_take(const struct nat_sent_answer *is, struct attempt *a)
{
	if (is->by) {
		a->sent_to = is->goes.server;
		a->sent_by_netns = is->by == (a->netns ? a->netns : netns_own()) ? 0 : is->by;
	}
	/* what dropped it says where it was */
	if (a->n_drops)
		return;
	a->may_be_sent_on = is->doubt;
	a->may_be_sent_by = is->doubt_of;
}

void watch_nat_refused(struct watch_nat *w, struct attempt *a)
{
	const int64_t age = watch_source_now(w->source) - attempt_start_ns(a);
	struct nat_sent_answer is;

	if (!w->sent) {
		a->may_be_sent_on = a->n_drops ? SENT_ON_NOT : SENT_ON_UNKNOWN;
		return;
	}
	nat_sent_find(w->sent, &a->flow, a->netns, clock_mono_ns() - age - SLACK_NS, a->segments_in > 1, &is);
	w->read_ns = clock_mono_ns();
	if (is.by)
		add_drops(w->source, &is.goes, a);
	watch_nat_take(&is, a);
}

/* Only so often, however much is told. */
static int64_t rests_ns(const struct watch_nat *w)
{
	return w->read_ns + NAT_SENT_READ_NS - clock_mono_ns();
}

int watch_nat_fds(const struct watch_nat *w, struct pollfd *fds)
{
	if (!w->sent || rests_ns(w) > 0)
		return 0;
	fds[0] = (struct pollfd){ .fd = nat_sent_fd(w->sent), .events = POLLIN };
	return 1;
}

int watch_nat_wait_ms(const struct watch_nat *w)
{
	int64_t rests, due;

	if (!w->sent)
		return -1;
	rests = rests_ns(w);
	due = nat_sent_tidy_due_ns(w->sent);
	if (due < INT64_MAX)
		due -= clock_mono_ns();
	if (rests > 0 && rests < due)
		due = rests;
	return due == INT64_MAX ? -1 : due > 0 ? (int)(due / NS_PER_MS) + 1 : 0;
}

void watch_nat_turn(struct watch_nat *w)
{
	if (!w->sent)
		return;
	if (rests_ns(w) <= 0 && nat_sent_read(w->sent))
		w->read_ns = clock_mono_ns();
	if (nat_sent_tidy_due_ns(w->sent) <= clock_mono_ns())
		nat_sent_tidy(w->sent);
}

bool watch_nat_lost(const struct watch_nat *w, uint64_t *ret)
{
	if (w->sent)
		*ret = nat_sent_lost(w->sent);
	return w->sent;
}
