/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/drop_words.h"

#include "core/refusal.h"
#include "sinks/line.h"

const char *drop_way(const struct attempt *a, const struct drop *d)
{
	switch (d->place) {
	case DROP_PEER_BACKLOG:
		return d->reason[0] ? d->reason : DROP_ACCEPT_QUEUE;
	case DROP_LOCAL_OUTPUT:
		return d->reply ? "on its way out of this same host" : "on its way out";
	case DROP_LOCAL_INPUT:
		return "on its way in";
	default:
		return d->netns && d->netns != a->netns ? "in another network namespace of this host" : "on the way";
	}
}

void drop_where(const struct attempt *a, const struct drop *d, struct buf *to)
{
	if ((d->place == DROP_LOCAL_OUTPUT && !d->reply) || d->place == DROP_LOCAL_INPUT)
		buf_str(to, "here, ");
	buf_str(to, drop_way(a, d));
}

void drop_cause(const struct drop *d, struct buf *to)
{
	char sent_to[ENDPOINT_TEXT_LEN];

	if (d->rule[0]) {
		buf_str(to, ": ");
		line_rule(d, to);
	} else if (d->reason[0]) {
		buf_fmt(to, ": %.*s", (int)sizeof(d->reason), d->reason);
		if (d->function[0])
			buf_fmt(to, " in %.*s", (int)sizeof(d->function), d->function);
		if (d->rule_untraced)
			buf_str(to, " (--rules names the rule)");
	}
	if (d->sent_to.port)
		buf_fmt(to, "; NAT had sent it to %s", endpoint_format(&d->sent_to, sent_to));
}

bool drop_not_taken(const struct attempt *a, const struct drop *d, struct buf *to)
{
	const struct refusal *refused = refusal_of(d);

	if (refused)
		buf_fmt(to, "%s came and this host did not take it: %s", refusal_what(a), refused->why);
	return refused;
}
