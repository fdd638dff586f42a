/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/predict.h"

#include "cli/predict_notes.h"
#include "cli/predict_table.h"
#include "cli/predict_timeline.h"
#include "cli/predict_within.h"
#include "cli/predict_words.h"
#include "util/buf.h"
#include "util/duration.h"

/* As many SYN times as go into two lines. */
#define TIMES_MAX 20

static int64_t ns_of(const struct predict *p, int64_t jiffies)
{
	return schedule_jiffies_ns(jiffies, p->policy.hz);
}

static void times(const struct predict *p, struct buf *to)
{
	char text[SECONDS_LEN];
	int i, n = p->nominal.n, shown = n > TIMES_MAX ? TIMES_MAX : n;
	struct buf b = { 0 };

	for (i = 0; i < shown; i++)
		buf_fmt(&b, "%s%s", i ? ", " : "", seconds_text(ns_of(p, p->nominal.syn[i]), text));
	if (shown < n)
		buf_fmt(&b, ", ... %s", seconds_text(ns_of(p, p->nominal.syn[n - 1]), text));
	buf_str(&b, " s");
	add_wrapped(to, p->synack ? "  SYN-ACKs  " : "  SYNs      ", buf_text(&b));
	buf_fini(&b);
}

/* The kernel's answer, in one sentence. */
static void answer(const struct predict *p, const char *lead, struct buf *to)
{
	char end[SECONDS_LEN], span[SPAN_LEN];
	struct buf b = { 0 };

	buf_fmt(&b, "%d SYN%s%s, then ", p->nominal.n, p->synack ? "-ACK" : "", p->nominal.n == 1 ? "" : "s");
	buf_str(&b, p->synack ? "the half-open connection is forgotten" : "ETIMEDOUT");
	buf_fmt(&b, " after %s s", seconds_text(ns_of(p, p->nominal.end), end));
	if (p->nominal.limit == LIMIT_USER_TIMEOUT)
		buf_str(&b, " (TCP_USER_TIMEOUT)");
	buf_fmt(&b, "; with the timers' slack %s", span_text(p->range.end.min_ns, p->range.end.max_ns, span));
	add_wrapped(to, lead, buf_text(&b));
	buf_fini(&b);
}

static void policy(const struct predict *p, struct buf *to)
{
	const char *retries = p->synack ? "tcp_synack_retries" : "tcp_syn_retries";
	const struct policy *o = &p->policy;
	char text[SECONDS_LEN];
	struct buf b = { 0 };

	buf_str(&b, "Linux ");
	buf_str(&b, p->kernel);
	buf_fmt(&b, ", HZ %d, ", o->hz);
	if (o->syncnt)
		buf_fmt(&b, "TCP_SYNCNT %d in place of %s, ", o->syncnt, retries);
	else
		buf_fmt(&b, "%s %d, ", retries, o->retries);
	if (!p->synack && (o->linear || !o->kernel || o->kernel >= KERNEL_VERSION_OF(6, 5)))
		buf_fmt(&b, "tcp_syn_linear_timeouts %d, ", o->linear);
	if (o->user_timeout_ms)
		buf_fmt(&b, "TCP_USER_TIMEOUT %lld ms, ", (long long)o->user_timeout_ms);
	buf_fmt(&b, "RTO %s s ", seconds_text(predict_first_rto_ns(p), text));
	buf_fmt(&b, "to %s s", seconds_text(o->rto_max_ms * NS_PER_MS, text));
	add_items(to, "  policy    ", buf_text(&b));
	buf_fini(&b);
}

static void settings(const struct setting *found, int n, struct buf *to)
{
	char span[SPAN_LEN];
	int i;

	for (i = 0; i < n; i++) {
		buf_fmt(to, "\n  %d", found[i].n_min);
		if (found[i].n != found[i].n_min)
			buf_fmt(to, " or %d", found[i].n);
		buf_fmt(to, " SYN%s, %s %s (%s)\n    %s\n", found[i].n == 1 ? "" : "s",
			found[i].scope == SETTING_APPLICATION ? "cut at" : "ETIMEDOUT at",
			span_text(found[i].min_ns, found[i].max_ns, span),
			found[i].scope == SETTING_APPLICATION ? "the application's own timer, as curl's"
							      : setting_scope_word(found[i].scope),
			found[i].line);
	}
}

static void within(const struct predict *p, struct buf *to)
{
	struct setting found[SETTINGS_MAX];
	bool holds = p->range.end.max_ns <= p->within_ns;
	char limit[SECONDS_LEN], span[SPAN_LEN];
	struct buf b = { 0 };
	int n = settings_within(&p->policy, p->within_ns, found);

	seconds_text(p->within_ns, limit);
	buf_fmt(&b, "This policy %s within %s s: it gives up at %s", holds ? "ends" : "does not end", limit,
		span_text(p->range.end.min_ns, p->range.end.max_ns, span));
	add_wrapped(to, "", buf_text(&b));
	policy(p, to);
	predict_notes(p, to);
	buf_reset(&b);
	buf_fmt(&b,
		"Each of these alone ends within %s s, whatever the timers' slack; best first (most SYNs, then the "
		"latest end):",
		limit);
	if (n) {
		buf_char(to, '\n');
		add_wrapped(to, "", buf_text(&b));
	}
	buf_fini(&b);
	settings(found, n, to);
}

void predict_text(const struct predict *p, struct buf *to)
{
	if (p->within_ns) {
		within(p, to);
		return;
	}
	if (p->app_ns)
		predict_timers(p, to);
	answer(p, p->app_ns ? "  kernel    " : "", to);
	times(p, to);
	policy(p, to);
	predict_notes(p, to);
	buf_char(to, '\n');
	predict_table(p, to);
	buf_char(to, '\n');
	predict_timeline(p, to);
	if (!p->synack && !p->app_ns)
		predict_timers(p, to);
}
