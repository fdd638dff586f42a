/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/lab.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lab/fast.h"
#include "lab/loop.h"
#include "lab/netif.h"
#include "lab/stage.h"
#include "sources/sysctls.h"
#include "util/buf.h"
#include "util/clock.h"

#define MS 1000000LL
#define FAST_RTO_MIN_MS 12
#define FAST_RTO_MIN_J 3 /* below 3 jiffies the SYN count differs from real time's */
#define FAST_ROOMY_RTO_J 10
#define FAST_LINEAR_RETRIES 3

__attribute__((format(printf, 4, 5))) static void step(struct lab *l, int n, const char *classic, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->v->step(l->v->user, n, text, classic);
}

static int prepare_net(struct lab *l, struct err *e)
{
	const struct addr *a = &l->c->server.addr;
	int r = firewall_check_private(l->c->supervisor, e);

	if (!r)
		r = netif_up("lo", e);
	if (!r && !addr_is_loopback(a))
		r = netif_addr("lo", a, true, e);
	return r;
}

/*
 * Every timer is a jiffy late and more on a busy machine; with linear timeouts
 * and few retries these add up to the kernel's time limit, and a SYN is missing.
 * A rule that goes between two SYNs (nft, twice) needs room as well.
 */
static int fast_rto_j(const struct lab *l)
{
	const struct policy *p = &l->c->policy;
	bool roomy = (p->linear && p->retries <= FAST_LINEAR_RETRIES) || l->c->scenario->lift_after_syn;
	int j = (FAST_RTO_MIN_MS * l->policy.hz + 999) / 1000, least = roomy ? FAST_ROOMY_RTO_J : FAST_RTO_MIN_J;

	return j > least ? j : least;
}

/* Sets the sysctls and reads them back: what is told is what is in force. */
static int prepare_policy(struct lab *l, struct err *e)
{
	const struct policy *p = &l->c->policy;
	long now;
	int r = sysctls_set("ipv4/tcp_syn_retries", p->retries, e);

	if (!r && (p->linear || !sysctls_get("ipv4/tcp_syn_linear_timeouts", &now)))
		r = sysctls_set("ipv4/tcp_syn_linear_timeouts", p->linear, e);
	if (!r)
		r = sysctls_policy(&l->policy, e);
	if (r || !l->c->fast)
		return r;
	l->policy.rto_first_j = fast_rto_j(l);
	timescale_init(&l->scale, &l->policy);
	return fast_start(l->policy.rto_first_j, &l->fast, e);
}

static int start_server(struct lab *l, struct err *e)
{
	struct server_opts so = { .at = l->c->server, .backlog = 128, .idle_ns = l->c->argv ? 500 * MS : 0 };
	char at[ENDPOINT_TEXT_LEN], addr[ADDR_TEXT_LEN], classic[80];
	int r = server_start(&so, &l->server, e);

	if (r)
		return r;
	snprintf(classic, sizeof(classic), "nc -l %s %u", addr_format(&so.at.addr, addr), so.at.port);
	step(l, 1, classic, "A server listens on %s", endpoint_format(&so.at, at));
	return 0;
}

static int first_connection(struct lab *l, struct err *e)
{
	struct client_opts co = { .server = l->c->server };
	char addr[ADDR_TEXT_LEN], classic[80], note[80];
	int64_t took;
	int r;

	snprintf(classic, sizeof(classic), "nc %s %u", addr_format(&co.server.addr, addr), co.server.port);
	step(l, 2, classic, "A client connects: SYN, SYN-ACK, ACK, and an orderly close");
	r = loop_client(l, &co, e);
	if (r || l->end->interrupted)
		return r;
	if (l->result.word != CLIENT_CONNECTED)
		return err_sys(e, l->result.error ? l->result.error : EIO,
			       "the first connection, with nothing in its way, failed");
	took = (l->result.return_ns - l->result.call_ns) / 10000;
	snprintf(note, sizeof(note), "established in %" PRId64 ".%02d ms", took / 100, (int)(took % 100));
	l->v->note(l->v->user, note);
	loop_give(l);
	return 0;
}

static int put_in_the_way(struct lab *l, struct err *e)
{
	const struct scenario *s = l->c->scenario;
	char text[200], addr[ADDR_TEXT_LEN];
	int rules, i, r = firewall_count(&rules, e);

	if (r)
		return r;
	addr_format(&l->c->server.addr, addr);
	if (s->n_rules)
		firewall_iptables_text(&l->end->rules[s->n_rules - 1].rule, text, sizeof(text));
	r = stage_before(l, e);
	if (r)
		return r;
	if (s->route == ROUTE_GONE)
		snprintf(text, sizeof(text), "ip addr del %s dev lo", addr);
	else if (s->route == ROUTE_FORBIDDEN)
		snprintf(text, sizeof(text), "ip route add prohibit %s", addr);
	else
		snprintf(text, sizeof(text), "%s", s->server == SERVER_ACCEPTS_NOTHING ? "ss -ltn" : "");
	step(l, 3, s->n_rules ? rules == 0 ? "iptables -nL (before: no rule)" : "iptables -nL" : text, "%s", s->step);
	for (i = 0; i < s->n_rules; i++) {
		firewall_iptables_text(&l->end->rules[i].rule, text, sizeof(text));
		l->v->note(l->v->user, text);
	}
	return 0;
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

static void tell_expectation(struct lab *l, const struct policy *p)
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
	buf_str(&b, "the kernel's timer wheel rounds that up: the end comes ");
	add_seconds(&b, range.end.min_ns);
	buf_str(&b, " to ");
	add_seconds(&b, range.end.max_ns);
	buf_str(&b, " s after SYN 0.");
	l->v->note(l->v->user, buf_text(&b));
	buf_fini(&b);
}

/* Our client's policy on the lab's axis: what is told before anything is measured. */
static void tell_policy(struct lab *l)
{
	struct policy p = l->policy;
	char note[160];

	step(l, 4, "sysctl net.ipv4.tcp_syn_retries", "tcp_syn_retries %d, linear timeouts %d", p.retries, p.linear);
	p.rto_first_j = 0;
	if (!l->c->argv) {
		p.syncnt = l->c->policy.syncnt;
		p.user_timeout_ms = l->c->policy.user_timeout_ms;
		if (l->c->rto_max_set)
			p.rto_max_ms = l->c->policy.rto_max_ms;
		if (p.syncnt || p.user_timeout_ms || l->c->rto_max_set) {
			snprintf(note, sizeof(note),
				 "the client's socket has TCP_SYNCNT %d, TCP_USER_TIMEOUT %" PRId64
				 " ms, RTO max %d ms (0: not set)",
				 p.syncnt, p.user_timeout_ms, p.rto_max_ms);
			l->v->note(l->v->user, note);
		}
	}
	tell_expectation(l, &p);
	if (l->c->app_timeout_ns) {
		snprintf(note, sizeof(note),
			 "the client has a timer of its own, %" PRId64 ".%03d s: whichever is shorter ends it",
			 l->c->app_timeout_ns / 1000000000, (int)(l->c->app_timeout_ns % 1000000000 / MS));
		l->v->note(l->v->user, note);
	}
	if (!l->c->fast)
		return;
	snprintf(note, sizeof(note), "fast: the kernel's first RTO is %d jiffies (%d ms) here instead of 1 s",
		 l->policy.rto_first_j, l->policy.rto_first_j * 1000 / l->policy.hz);
	l->v->note(l->v->user, note);
}

static void join(char *const *argv, struct buf *b)
{
	for (; *argv; argv++) {
		buf_escaped(b, *argv, strlen(*argv));
		buf_str(b, argv[1] ? " " : "");
	}
}

static int second_connection(struct lab *l, struct err *e)
{
	struct client_opts co = { .server = l->c->server,
				  .syncnt = l->c->policy.syncnt,
				  .user_timeout_ms = l->c->policy.user_timeout_ms,
				  .rto_max_ms = l->c->rto_max_set ? l->c->policy.rto_max_ms : 0,
				  .app_timeout_ns = timescale_to_real(&l->scale, l->c->app_timeout_ns),
				  .argv = l->c->argv };
	char addr[ADDR_TEXT_LEN], classic[80];
	struct buf b = { 0 };
	int r;

	addr_format(&co.server.addr, addr);
	snprintf(classic, sizeof(classic), "tcpdump -nn -i lo tcp port %u", co.server.port);
	step(l, 5, classic, "A capture runs on lo");
	snprintf(classic, sizeof(classic), "time telnet %s %u", addr, co.server.port);
	if (co.user_timeout_ms && l->c->fast)
		co.user_timeout_ms = timescale_to_real(&l->scale, co.user_timeout_ms * MS) / MS + 1;
	if (co.argv)
		join(co.argv, &b);
	else
		buf_str(&b, "The client connects again");
	step(l, 6, co.argv ? "" : classic, "%s%s", co.argv ? "The client: " : "", buf_text(&b));
	buf_fini(&b);
	l->studied = l->end->studied = true;
	r = loop_client(l, &co, e);
	l->end->has_result = l->result.word != CLIENT_NOTHING;
	l->end->error = l->result.error;
	l->end->own_timer = l->result.word == CLIENT_OWN_TIMER;
	l->end->real_ns = l->result.return_ns - l->result.call_ns;
	return r;
}

static int run(struct lab *l, struct err *e)
{
	int64_t entered = clock_mono_ns();
	int r = prepare_net(l, e);

	if (!r)
		r = prepare_policy(l, e);
	if (!r)
		r = loop_open(l, e);
	l->end->setup_ns = clock_mono_ns() - entered;
	if (!r)
		r = start_server(l, e);
	if (!r)
		r = first_connection(l, e);
	if (!r && !l->end->interrupted)
		r = put_in_the_way(l, e);
	if (!r && !l->end->interrupted) {
		tell_policy(l);
		r = second_connection(l, e);
	}
	return r;
}

int lab_run(const struct lab_config *c, const struct lab_view *v, struct lab_end *ret, struct err *e)
{
	struct lab l = { .c = c, .v = v, .end = ret, .signals = -1, .filler = -1 };
	struct err ignored;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = run(&l, e);
	/* Whatever happened: what is known is given. */
	if (ret->studied)
		stage_after(&l, r ? &ignored : e);
	if (l.tracker && l.observe)
		loop_give(&l);
	loop_close(&l);
	return r;
}
