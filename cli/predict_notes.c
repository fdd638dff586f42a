/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/predict_notes.h"

#include <stdio.h>

#include "cli/predict.h"
#include "cli/predict_app.h"
#include "cli/predict_words.h"
#include "util/buf.h"
#include "util/duration.h"

/* SYN times listed in a sentence. */
#define LEAVING_MAX 12

static int64_t ns_of(const struct predict *p, int64_t jiffies)
{
	return schedule_jiffies_ns(jiffies, p->policy.hz);
}

static bool before(const struct predict *p, unsigned int a, unsigned int b)
{
	return p->policy.kernel && p->policy.kernel < KERNEL_VERSION_OF(a, b);
}

static void note(struct buf *b, struct buf *to)
{
	add_wrapped(to, "  note      ", buf_text(b));
	buf_reset(b);
}

static void user_timeout_notes(const struct predict *p, struct buf *b, struct buf *to)
{
	struct policy without = p->policy;
	char seconds[SECONDS_LEN];
	struct schedule s;

	if (before(p, 4, 19)) {
		buf_str(b, "before Linux 5.4 TCP_USER_TIMEOUT does not end a connect: it changes nothing here");
		note(b, to);
		return;
	}
	if (before(p, 5, 4)) {
		buf_str(b,
			"Linux 4.19 to 5.3 do not end a connect by TCP_USER_TIMEOUT: once it has passed, the SYNs that "
			"are left leave a jiffy apart. Stable updates since October 2019 do as 5.4 does");
		note(b, to);
		return;
	}
	if (p->policy.user_timeout_ms * NS_PER_MS <= predict_first_rto_ns(p)) {
		buf_fmt(b, "TCP_USER_TIMEOUT never shortens the first wait of %s s",
			seconds_text(predict_first_rto_ns(p), seconds));
		note(b, to);
	}
	without.user_timeout_ms = 0;
	schedule_nominal(&without, &s);
	if (s.end < p->nominal.end) {
		buf_fmt(b,
			"without TCP_USER_TIMEOUT it would end sooner, after %s s: it takes the place of the limit in time",
			seconds_text(ns_of(p, s.end), seconds));
		note(b, to);
	} else if (s.end == p->nominal.end && p->nominal.limit == LIMIT_SYN_RETRIES) {
		buf_str(b, "this TCP_USER_TIMEOUT changes nothing: the retries end sooner");
		note(b, to);
	}
}

void predict_notes(const struct predict *p, struct buf *to)
{
	int retries = p->policy.syncnt ? p->policy.syncnt : p->policy.retries, count = retries + p->policy.linear;
	char seconds[SECONDS_LEN];
	struct buf b = { 0 };

	if (p->synack) {
		buf_str(&b, "a SYN that comes again is answered at once, besides these");
		note(&b, to);
	}
	if (!p->synack && p->nominal.limit == LIMIT_SYN_RETRIES && p->nominal.n - 1 < count) {
		buf_fmt(&b, "%s %d also stands for a limit in time, %s s: it comes before %d + %d retransmissions",
			p->policy.syncnt ? "TCP_SYNCNT" : "tcp_syn_retries", retries,
			seconds_text(ns_of(p, p->nominal.end), seconds), retries, p->policy.linear);
		note(&b, to);
	}
	if (p->policy.user_timeout_ms)
		user_timeout_notes(p, &b, to);
	buf_fini(&b);
}

/* What the timer comes close to: a SYN, or the kernel's own end. */
static void near_warning(const struct predict *p, const struct app_cut *c, struct buf *to)
{
	char timer[SECONDS_LEN], span[SPAN_LEN];
	struct buf b = { 0 };
	bool end = c->near < 0;
	int64_t min_ns = end ? p->range.end.min_ns : p->range.syn[c->near].min_ns;
	int64_t max_ns = end ? p->range.end.max_ns : p->range.syn[c->near].max_ns;
	enum cut how = end ? c->end : c->near_how;

	if (end)
		buf_str(&b, "the kernel's own end");
	else
		buf_fmt(&b, "SYN %d", c->near);
	buf_fmt(&b, " comes at %s, ", span_text(min_ns, max_ns, span));
	if (how == CUT_EITHER)
		buf_fmt(&b, "around the timer's %s s: it may come first or not", seconds_text(p->app_ns, timer));
	else
		buf_fmt(&b, "just after the timer's %s s: if the timer is that late, it comes first",
			seconds_text(p->app_ns, timer));
	add_wrapped(to, "  warning   ", buf_text(&b));
	buf_fini(&b);
}

/* "; SYNs at 0, 1 s leave, SYN 2 (2 s) may leave, SYN 3 (3 s) is cut" */
static void leaving(const struct predict *p, const struct app_cut *c, struct buf *to)
{
	int i, n = p->nominal.n, listed = c->sent < n ? c->sent : n, from = listed > LEAVING_MAX ? listed - 3 : 0;
	char text[SECONDS_LEN];

	buf_fmt(to, "; SYN%s at ", c->sent == 1 ? "" : "s");
	if (from)
		buf_str(to, "0, 1, ... ");
	for (i = from; i < listed; i++)
		buf_fmt(to, "%s%s", i > from ? ", " : "", seconds_text(ns_of(p, p->nominal.syn[i]), text));
	buf_fmt(to, " s leave%s", c->sent == 1 ? "s" : "");
	for (; i < n && i < c->sent_max; i++)
		buf_fmt(to, ", SYN %d (%s s) may leave", i, seconds_text(ns_of(p, p->nominal.syn[i]), text));
	if (i < n)
		buf_fmt(to, ", SYN %d (%s s) is cut", i, seconds_text(ns_of(p, p->nominal.syn[i]), text));
}

static void given_timer(const struct predict *p, struct buf *to)
{
	char timer[SECONDS_LEN];
	struct app_cut c;
	struct buf b = { 0 };

	app_cut(&p->nominal, &p->range, p->policy.hz, p->app_ns, &c);
	seconds_text(p->app_ns, timer);
	if (c.end == CUT_LEAVES) {
		buf_fmt(&b, "timed-out: the kernel gives up first; the application's %s s timer comes too late", timer);
	} else if (c.end == CUT_EITHER) {
		buf_fmt(&b,
			"timed-out or abandoned: the application's %s s timer falls within the slack of the kernel's end",
			timer);
	} else {
		buf_fmt(&b, "abandoned: the application's %s s timer comes first", timer);
		leaving(p, &c, &b);
	}
	add_wrapped(to, "", buf_text(&b));
	if (c.near >= 0 || c.end == CUT_EITHER || c.end == CUT_BARELY)
		near_warning(p, &c, to);
	buf_fini(&b);
}

static void usual_timers(const struct predict *p, struct buf *to)
{
	static const int seconds[] = { 1, 2, 3, 5, 10, 30 };
	struct buf sent = { 0 };
	struct app_cut c;
	bool barely = false;
	unsigned int i;
	char text[16];

	for (i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		app_cut(&p->nominal, &p->range, p->policy.hz, seconds[i] * NS_PER_S, &c);
		if (c.end <= CUT_EITHER)
			break;
		if (!i)
			buf_str(to, "\nAn application's own timer, if shorter, ends it first:\n  timer    ");
		barely |= c.near >= 0;
		buf_fmt(to, "%5d s", seconds[i]);
		snprintf(text, sizeof(text), "%d%s", c.sent, c.near >= 0 ? "+" : " ");
		buf_fmt(&sent, "%7s", text);
	}
	if (!i)
		return;
	while (sent.len && sent.data[sent.len - 1] == ' ')
		sent.data[--sent.len] = '\0';
	buf_fmt(to, "\n  SYNs sent%s\n", buf_text(&sent));
	if (barely)
		buf_str(to, "  +  one more is due right then: it leaves if the timer is a little late\n");
	buf_fini(&sent);
}

void predict_timers(const struct predict *p, struct buf *to)
{
	if (p->app_ns)
		given_timer(p, to);
	else
		usual_timers(p, to);
}
