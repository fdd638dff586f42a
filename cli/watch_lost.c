/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_lost.h"

#include "sources/backlog.h"
#include "sources/procs.h"
#include "util/clock.h"

bool watch_lost_is_unknown(const struct attempt *a)
{
	return a->traced && attempt_syns_are_lost(a);
}

bool watch_lost_backlog(struct watch_ask *w, uint32_t netns, const struct flow *f, struct drop *ret)
{
	struct namespaces *n = watch_ask_begin(w);
	int64_t began_ns = clock_mono_ns();
	struct procs_wanted owner;
	struct backlog b;
	bool found = n && backlog_find(n, netns, f, &b);

	watch_ask_end(w, began_ns);
	if (!found || !backlog_is_full(&b))
		return false;
	return backlog_drop(&b, watch_ask_owner(w, b.inode, &owner) ? &owner : NULL, ret);
}

bool watch_lost_nobody(struct watch_ask *w, uint32_t netns, const struct endpoint *server)
{
	struct namespaces *n = watch_ask_begin(w);

	return n && backlog_nobody(n, netns, server);
}
