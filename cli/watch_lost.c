/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_lost.h"

#include "sources/procs.h"
#include "util/clock.h"
#include "util/duration.h"

bool watch_lost_is_unknown(const struct attempt *a)
{
	return a->traced && attempt_syns_are_lost(a);
}

static bool is_for(const struct watch_lost_last *l, uint32_t netns, const struct flow *f)
{
	return l->at_ns && clock_mono_ns() - l->at_ns < NS_PER_S && l->netns == netns &&
	       addr_equal(&l->client, &f->client.addr) && endpoint_equal(&l->server, &f->server);
}

bool watch_lost_backlog(struct watch_ask *w, struct watch_lost_last *last, uint32_t netns, const struct flow *f,
			struct drop *ret)
{
	struct namespaces *n = watch_ask_begin(w);
	int64_t began_ns = clock_mono_ns();
	struct procs_wanted owner;
	struct backlog b;

	if (n && backlog_find(n, netns, f, &b)) {
		*last = (struct watch_lost_last){
			.is = b, .netns = netns, .client = f->client.addr, .server = f->server, .at_ns = clock_mono_ns()
		};
	} else if (!n && is_for(last, netns, f)) {
		b = last->is;
		b.likely = true;
	} else {
		b = (struct backlog){ 0 };
	}
	if (n)
		watch_ask_end(w, began_ns);
	if (!backlog_is_full(&b))
		return false;
	return backlog_drop(&b, watch_ask_owner(w, b.inode, &owner) ? &owner : NULL, ret);
}

bool watch_lost_nobody(struct watch_ask *w, uint32_t netns, const struct endpoint *server)
{
	struct namespaces *n = watch_ask_begin(w);

	return n && backlog_nobody(n, netns, server);
}
