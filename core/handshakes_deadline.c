/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/handshakes_table.h"
#include "core/sender.h"
#include "util/duration.h"

/* A SYN-ACK is sent again as a SYN is: after 1 s, then twice as long each time. */
struct last {
	int64_t t_ns, gap_ns;
};

/* What came within a moment of the one before is no retransmission by a timer. */
#define MOMENT_NS (100 * NS_PER_MS)

static void saw(struct last *l, int64_t t_ns, bool first)
{
	int64_t gap = t_ns - l->t_ns;

	if (!first && gap > MOMENT_NS)
		l->gap_ns = gap;
	if (first || gap > 0)
		l->t_ns = t_ns;
}

int64_t entry_noted_deadline_ns(const struct handshakes *h, const struct entry *e)
{
	struct last syn = { 0 }, syn_ack = { 0 };
	bool answered = false;
	int64_t end, other;
	struct notes_iter it;
	struct note n;

	notes_first(&it, h, e);
	while (notes_next(&it, &n)) {
		if (n.kind == NOTE_SYN) {
			saw(&syn, n.t_ns, false);
		} else if (n.reply.kind == REPLY_SYN_ACK && n.ignored == IGNORED_NOT) {
			saw(&syn_ack, n.t_ns, !answered);
			answered = true;
		}
	}
	end = syn.t_ns + sender_overdue_ns(syn.gap_ns);
	other = answered ? syn_ack.t_ns + sender_overdue_ns(syn_ack.gap_ns) : 0;
	return e->start_ns + (other > end ? other : end);
}
