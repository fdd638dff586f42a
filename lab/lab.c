/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/lab.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lab/fast.h"
#include "lab/loop_client.h"
#include "lab/netif.h"
#include "lab/stage.h"
#include "lab/tell.h"
#include "sources/sysctls.h"
#include "util/buf.h"
#include "util/clock.h"

#define MS 1000000LL
#define FAST_RTO_MIN_MS 12
#define FAST_RTO_MIN_J 3 /* below 3 jiffies the SYN count differs from real time's */
#define FAST_ROOMY_RTO_J 10
#define FAST_LINEAR_RETRIES 3

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
	int r = sysctls_set("ipv4/tcp_syn_retries", p->retries, e);

	if (!r)
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
	tell_step(l, 1, classic, "A server listens on %s", endpoint_format(&so.at, at));
	return 0;
}

static int first_connection(struct lab *l, struct err *e)
{
	struct client_opts co = { .server = l->c->server };
	char addr[ADDR_TEXT_LEN], classic[80], note[80];
	int64_t took;
	int r;

	snprintf(classic, sizeof(classic), "nc %s %u", addr_format(&co.server.addr, addr), co.server.port);
	tell_step(l, 2, classic, "A client connects, and both sides close");
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

/* The command by which people do it by hand. */
static void classic_of(const struct lab *l, char *to, size_t len)
{
	const struct scenario *s = l->c->scenario;
	char addr[ADDR_TEXT_LEN];

	addr_format(&l->c->server.addr, addr);
	*to = 0;
	if (s->n_rules)
		snprintf(to, len, "iptables -nL");
	else if (s->route == ROUTE_GONE)
		snprintf(to, len, "ip addr del %s dev lo", addr);
	else if (s->route == ROUTE_FORBIDDEN)
		snprintf(to, len, "ip route add prohibit %s", addr);
	else if (s->server == SERVER_ACCEPTS_NOTHING)
		snprintf(to, len, "ss -ltn");
}

static int put_in_the_way(struct lab *l, struct err *e)
{
	const struct scenario *s = l->c->scenario;
	char text[200];
	int rules, i, r = firewall_count(&rules, e);

	if (r)
		return r;
	classic_of(l, text, sizeof(text));
	tell_step(l, 3, text, "%s", s->step);
	snprintf(text, sizeof(text), "before: %s stands in the way (%d rule%s in this namespace)",
		 rules ? "a rule" : "no rule", rules, rules == 1 ? "" : "s");
	l->v->note(l->v->user, text);
	r = stage_before(l, e);
	for (i = 0; !r && i < s->n_rules; i++) {
		firewall_iptables_text(&l->end->rules[i].rule, text, sizeof(text));
		l->v->note(l->v->user, text);
	}
	return r;
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
	tell_step(l, 5, classic, "A capture runs on lo");
	snprintf(classic, sizeof(classic), "time telnet %s %u", addr, co.server.port);
	if (co.user_timeout_ms && l->c->fast)
		co.user_timeout_ms = timescale_to_real(&l->scale, co.user_timeout_ms * MS) / MS + 1;
	if (co.argv)
		join(co.argv, &b);
	else
		buf_str(&b, "The client connects again");
	tell_step(l, 6, co.argv ? "" : classic, "%s%s", co.argv ? "The client: " : "", buf_text(&b));
	buf_fini(&b);
	loop_study(l);
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
	int64_t closing;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = run(&l, e);
	/* Ctrl-C goes to the whole process group, and ends a tool that we run just then. */
	if (r && loop_interrupted(&l))
		r = 0;
	/* Whatever happened: what is known is given. */
	if (ret->studied)
		stage_after(&l, r ? &ignored : e);
	if (l.tracker && l.observe)
		loop_give(&l);
	if (l.tracker)
		tracker_counts(l.tracker, &ret->counts);
	closing = clock_mono_ns();
	loop_close(&l);
	ret->teardown_ns = clock_mono_ns() - closing;
	return r;
}
