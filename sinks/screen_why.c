/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "sinks/drop_words.h"
#include "sinks/screen_model.h"
#include "sinks/watch_line.h"

void screen_silence(const struct attempt *a, struct buf *to)
{
	/* of one that waits a line tells nothing else */
	const struct verdict waits = { .outcome = OUTCOME_PENDING };

	watch_line_why(a, &waits, to);
}

/* What ended it, where outcome and who gave up do not say it. */
static void put_limit(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	char winner[ADDR_TEXT_LEN];
	const char *name;

	if (v->outcome == OUTCOME_KILLED) {
		name = sigabbrev_np(a->end_signal);
		buf_fmt(to, "; SIG%s", name ? name : "?");
	} else if (v->outcome == OUTCOME_ABANDONED && v->error == ECONNABORTED) {
		buf_str(to, "; destroyed from outside, as ss -K does it");
	} else if (v->outcome == OUTCOME_ABANDONED && a->winner_ns) {
		buf_fmt(to, "; likely cancelled, since %s won", addr_format(&a->winner.addr, winner));
	} else if (v->limit == LIMIT_USER_TIMEOUT) {
		buf_str(to, "; TCP_USER_TIMEOUT");
	} else if (v->limit == LIMIT_SYN_RETRIES && a->policy.syncnt) {
		buf_str(to, "; TCP_SYNCNT");
	}
}

void screen_why(const struct attempt *a, const struct verdict *v, struct buf *to)
{
	if (v->outcome != OUTCOME_TIMED_OUT && v->outcome != OUTCOME_ABANDONED && v->outcome != OUTCOME_KILLED) {
		watch_line_why(a, v, to);
		return;
	}
	if (a->n_drops && drop_not_taken(a, &a->drops[0], to)) {
		; /* it is told */
	} else if (a->n_drops) {
		if (a->drops[0].place != DROP_PEER_BACKLOG)
			buf_str(to, a->drops[0].reply	      ? "answer dropped "
				    : a->drops[0].may_be_copy ? "it or a copy dropped "
							      : "dropped ");
		drop_where(a, &a->drops[0], to);
		drop_cause(&a->drops[0], to);
	} else {
		screen_silence(a, to);
	}
	put_limit(a, v, to);
	if (v->confidence == CONFIDENCE_LIKELY)
		buf_str(to, "  (likely)");
}
