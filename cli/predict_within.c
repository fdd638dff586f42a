/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/predict_within.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/predict_app.h"
#include "cli/predict_words.h"
#include "util/duration.h"

/* More SYNs a second apart than these would be no backoff to recommend. */
#define LINEAR_MAX 10

struct search {
	const struct policy *policy;
	int64_t within_ns;
	int n;
	struct setting *found;
};

static bool since(const struct policy *p, unsigned int a, unsigned int b)
{
	return !p->kernel || p->kernel >= KERNEL_VERSION_OF(a, b);
}

/* The nominal end is the least that can be; the range is dear, so it is asked last. */
static bool fits(const struct search *s, const struct policy *p, struct schedule *ret_nominal,
		 struct schedule_range *ret_range)
{
	schedule_nominal(p, ret_nominal);
	if (schedule_jiffies_ns(ret_nominal->end, p->hz) > s->within_ns)
		return false;
	schedule_range(p, ret_range);
	return ret_range->end.max_ns <= s->within_ns;
}

static bool changes_nothing(const struct search *s, const struct policy *p)
{
	struct schedule now, then;

	schedule_nominal(s->policy, &now);
	schedule_nominal(p, &then);
	return now.n == then.n && now.end == then.end && !memcmp(now.syn, then.syn, (size_t)now.n * sizeof(*now.syn));
}

static void add(struct search *s, enum setting_scope scope, const char *name, const struct policy *p, const char *fmt,
		...) __attribute__((format(printf, 5, 6)));

/* `fmt`: the line to paste. */
static void add(struct search *s, enum setting_scope scope, const char *name, const struct policy *p, const char *fmt,
		...)
{
	struct setting *to = &s->found[s->n];
	struct schedule_range r;
	va_list ap;

	if (changes_nothing(s, p))
		return;
	schedule_range(p, &r);
	*to = (struct setting){
		.scope = scope, .n_min = r.n_min, .n = r.n, .min_ns = r.end.min_ns, .max_ns = r.end.max_ns
	};
	snprintf(to->name, sizeof(to->name), "%s", name);
	va_start(ap, fmt);
	vsnprintf(to->line, sizeof(to->line), fmt, ap);
	va_end(ap);
	s->n++;
}

/* The most retries that fit, by the sysctl or by TCP_SYNCNT. */
static void search_retries(struct search *s, bool by_socket)
{
	struct policy p = *s->policy;
	int *value = by_socket ? &p.syncnt : &p.retries;
	struct schedule_range r;
	struct schedule n;

	for (*value = POLICY_RETRIES_MAX; *value >= POLICY_RETRIES_MIN; --*value)
		if (fits(s, &p, &n, &r))
			break;
	if (*value < POLICY_RETRIES_MIN)
		return;
	if (by_socket)
		add(s, SETTING_SOCKET, "TCP_SYNCNT", &p,
		    "setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &(int){%d}, sizeof(int));", *value);
	else
		add(s, SETTING_SYSCTL, "tcp_syn_retries", &p, "sysctl -w net.ipv4.tcp_syn_retries=%d", *value);
}

static bool better(const struct schedule *a, const struct schedule *b)
{
	return a->n != b->n ? a->n > b->n : a->end > b->end;
}

/* The best pair by its nominal schedule that is worse than *than (n == 0: than nothing).  False when there is none. */
static bool best_pair(const struct search *s, const struct schedule *than, struct policy *ret, struct schedule *ret_n)
{
	struct policy p = *s->policy;
	struct schedule n, last;

	ret_n->n = 0;
	for (p.retries = POLICY_RETRIES_MIN; p.retries <= POLICY_RETRIES_MAX; p.retries++) {
		last.n = 0;
		last.end = 0;
		for (p.linear = 0; p.linear <= LINEAR_MAX; p.linear++) {
			schedule_nominal(&p, &n);
			if (schedule_jiffies_ns(n.end, p.hz) > s->within_ns)
				break;
			/* the limit in time rules: more linear timeouts change nothing */
			if (last.n == n.n && last.end == n.end && n.n <= p.linear)
				break;
			last = n;
			if (better(&n, ret_n) && (!than->n || better(than, &n))) {
				*ret_n = n;
				*ret = p;
			}
		}
		if (!p.linear)
			break;
	}
	return ret_n->n > 0;
}

/* Retries and linear timeouts together: the sysctls as one wants them. */
static void search_linear(struct search *s)
{
	struct schedule n, than = { 0 }, again;
	struct schedule_range r;
	struct policy p;

	for (; best_pair(s, &than, &p, &n); than = n) {
		if (!fits(s, &p, &again, &r))
			continue;
		add(s, SETTING_SYSCTL, "tcp_syn_retries, tcp_syn_linear_timeouts", &p,
		    "sysctl -w net.ipv4.tcp_syn_retries=%d net.ipv4.tcp_syn_linear_timeouts=%d", p.retries, p.linear);
		return;
	}
}

/* Whole seconds: finer ones gain nothing that a person would set. */
static void search_rto_max(struct search *s)
{
	struct policy p = *s->policy;
	struct schedule_range r;
	struct schedule n;

	for (p.rto_max_ms = p.rto_max_ms / 1000 * 1000; p.rto_max_ms >= POLICY_RTO_MAX_MS_MIN; p.rto_max_ms -= 1000) {
		if (!fits(s, &p, &n, &r))
			continue;
		add(s, SETTING_SYSCTL, "tcp_rto_max_ms", &p, "sysctl -w net.ipv4.tcp_rto_max_ms=%d", p.rto_max_ms);
		return;
	}
}

/* From the limit downwards by what it was missed by, in steps of 10 ms. */
static void search_user_timeout(struct search *s)
{
	struct policy p = *s->policy;
	struct schedule_range r;
	int64_t ms = s->within_ns / NS_PER_MS;

	if (ms > POLICY_USER_TIMEOUT_MS_MAX)
		ms = POLICY_USER_TIMEOUT_MS_MAX;
	for (ms = ms / 10 * 10; ms > 0; ms -= 10) {
		p.user_timeout_ms = ms;
		schedule_range(&p, &r);
		if (r.end.max_ns <= s->within_ns)
			break;
		ms -= (r.end.max_ns - s->within_ns) / NS_PER_MS / 20 * 10;
	}
	if (ms <= 0)
		return;
	add(s, SETTING_SOCKET, "TCP_USER_TIMEOUT", &p,
	    "setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(int){%lld}, sizeof(int));", (long long)ms);
}

static void add_application(struct search *s)
{
	struct setting *to = &s->found[s->n];
	char seconds[SECONDS_LEN];
	struct schedule_range r;
	struct schedule n;
	struct app_cut cut;

	schedule_nominal(s->policy, &n);
	schedule_range(s->policy, &r);
	app_cut(&n, &r, s->policy->hz, s->within_ns, &cut);
	if (cut.end <= CUT_EITHER)
		return;
	*to = (struct setting){ .scope = SETTING_APPLICATION,
				.name = "timer",
				.n_min = cut.sent,
				.n = cut.sent_max,
				.min_ns = s->within_ns,
				.max_ns = s->within_ns };
	snprintf(to->line, sizeof(to->line), "curl --connect-timeout %s", seconds_text(s->within_ns, seconds));
	s->n++;
}

static int compare(const void *a, const void *b)
{
	const struct setting *x = a, *y = b;

	if (x->n_min != y->n_min)
		return y->n_min - x->n_min;
	if (x->max_ns != y->max_ns)
		return x->max_ns < y->max_ns ? 1 : -1;
	return (int)x->scope - (int)y->scope;
}

int settings_within(const struct policy *p, int64_t within_ns, struct setting ret[SETTINGS_MAX])
{
	struct search s = { .policy = p, .within_ns = within_ns, .found = ret };

	if (!p->syncnt) {
		search_retries(&s, false);
		if (since(p, 6, 5))
			search_linear(&s);
		/* the sysctls as they are, found again */
		if (s.n == 2 && ret[0].n == ret[1].n && ret[0].max_ns == ret[1].max_ns)
			s.n = 1;
	}
	search_retries(&s, true);
	if (since(p, 5, 4))
		search_user_timeout(&s);
	if (since(p, 6, 15))
		search_rto_max(&s);
	add_application(&s);
	qsort(ret, (size_t)s.n, sizeof(*ret), compare);
	return s.n;
}

const char *setting_scope_word(enum setting_scope s)
{
	return s == SETTING_SYSCTL ? "sysctl" : s == SETTING_SOCKET ? "socket option" : "application";
}
