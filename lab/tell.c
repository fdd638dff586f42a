/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/tell.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "lab/loop.h"
#include "util/buf.h"

#define MS 1000000LL

void tell_step(struct lab *l, int n, const char *classic, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->v->step(l->v->user, n, text, classic);
}

/* "63", "1.5": no more decimals than it takes, at most 2 */
static void add_seconds(struct buf *b, int64_t ns)
{
	int64_t hundredths = (ns + 5 * MS) / (10 * MS);
	int rest = (int)(hundredths % 100);

	buf_fmt(b, "%" PRId64, hundredths / 100);
	if (rest)
		buf_fmt(b, rest % 10 ? ".%02d" : ".%d", rest % 10 ? rest : rest / 10);
}

static void expectation(struct lab *l, const struct policy *p)
{
	struct schedule s;
	struct schedule_range range;
	struct buf b = { 0 };
	int i;

	schedule_nominal(p, &s);
	schedule_range(p, &range);
	buf_str(&b, "If nothing answers: SYNs at ");
	for (i = 0; i < s.n; i++) {
		if (s.n > 12 && i == 8) {
			buf_fmt(&b, "... (%d more) ... ", s.n - 10);
			i = s.n - 2;
		}
		add_seconds(&b, schedule_jiffies_ns(s.syn[i], p->hz));
		buf_str(&b, i + 1 < s.n ? ", " : " s");
	}
	buf_str(&b, " and the end at ");
	add_seconds(&b, schedule_jiffies_ns(s.end, p->hz));
	buf_str(&b, " s;");
	l->v->note(l->v->user, buf_text(&b));
	buf_reset(&b);
	buf_str(&b, "the timer wheel rounds that up: the end comes after ");
	add_seconds(&b, range.end.min_ns);
	buf_str(&b, " to ");
	add_seconds(&b, range.end.max_ns);
	buf_str(&b, " s.");
	l->v->note(l->v->user, buf_text(&b));
	buf_fini(&b);
}

/* What our client sets on its socket; nothing when it sets nothing. */
static void socket_options(struct lab *l, const struct policy *p)
{
	struct buf b = { 0 };

	if (p->syncnt)
		buf_fmt(&b, ", TCP_SYNCNT %d", p->syncnt);
	if (p->user_timeout_ms)
		buf_fmt(&b, ", TCP_USER_TIMEOUT %" PRId64 " ms", p->user_timeout_ms);
	if (l->c->rto_max_set)
		buf_fmt(&b, ", TCP_RTO_MAX_MS %d", p->rto_max_ms);
	if (b.len) {
		char note[160];

		snprintf(note, sizeof(note), "the client's socket has %s", buf_text(&b) + 2);
		l->v->note(l->v->user, note);
	}
	buf_fini(&b);
}

/* Our client's policy on the lab's axis: what is told before anything is measured. */
void tell_policy(struct lab *l)
{
	struct policy p = l->policy;
	char note[160];

	tell_step(l, 4, "sysctl net.ipv4.tcp_syn_retries", "tcp_syn_retries %d, linear timeouts %d", p.retries,
		  p.linear);
	p.rto_first_j = 0;
	if (!l->c->argv) {
		p.syncnt = l->c->policy.syncnt;
		p.user_timeout_ms = l->c->policy.user_timeout_ms;
		if (l->c->rto_max_set)
			p.rto_max_ms = l->c->policy.rto_max_ms;
		socket_options(l, &p);
	}
	expectation(l, &p);
	if (l->c->app_timeout_ns) {
		snprintf(note, sizeof(note),
			 "the client has a timer of its own, %" PRId64 ".%03d s: whichever is shorter ends it",
			 l->c->app_timeout_ns / 1000000000, (int)(l->c->app_timeout_ns % 1000000000 / MS));
		l->v->note(l->v->user, note);
	}
	if (!l->c->fast)
		return;
	snprintf(note, sizeof(note), "fast: the first RTO is %d jiffies (%d ms) instead of 1 s: these times are scaled",
		 l->policy.rto_first_j, l->policy.rto_first_j * 1000 / l->policy.hz);
	l->v->note(l->v->user, note);
}
