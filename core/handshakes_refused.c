/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYN-ACKs that a client does not take, though they acknowledge its SYN: it answers them with an RST, and waits on. */
#include "core/echo.h"
#include "core/handshakes_rules.h"

bool refused_echo(const struct handshakes *h, const struct entry *e, const struct sighting *s)
{
	uint32_t last = sighting_tsval(e->ip_id, e->mark), first = last;
	int64_t last_ns = 0;
	struct notes_iter it;
	struct note n;

	if (!s->has_ts || !e->has_ts || s->tsecr == last || e->n_syns == UINT8_MAX)
		return false;
	notes_first(&it, h, e);
	while (notes_next(&it, &n)) {
		if (n.kind == NOTE_FIRST_TSVAL)
			first = n.value;
		else if (n.kind == NOTE_SYN)
			last_ns = n.t_ns;
	}
	return echo_is_refused(first, last, since_start(e, s) - last_ns, s->tsecr);
}

bool refused_any(const struct handshakes *h, const struct entry *e)
{
	struct notes_iter it;
	bool none = false;
	struct note n;

	notes_first(&it, h, e);
	while (notes_next(&it, &n))
		none |= n.reply.kind == REPLY_SYN_ACK &&
			(n.ignored == IGNORED_NOT_TAKEN || (n.ignored == IGNORED_NOT && n.reply.has_echo));
	return none;
}

void refused_late(struct handshakes *h, struct entry *e)
{
	e->flags &= (uint16_t) ~(ENTRY_GONE | ENTRY_SYN_ACK);
	if (!(e->flags & (ENTRY_SETTLED | ENTRY_AWAITS)))
		entries_await(h, e);
	notes_change_syn_acks(h, e, IGNORED_LATE, IGNORED_NOT_TAKEN);
}
