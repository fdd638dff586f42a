/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/stage.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "lab/loop.h"
#include "lab/netif.h"
#include "sources/backlog.h"
#include "sources/sockdiag.h"

#define MS 1000000LL

bool stage_close_seen(const struct lab *l)
{
	return l->fins >= 3;
}

static int add_rules(struct lab *l, struct err *e)
{
	static const char *const marks[SCENARIO_RULES_MAX] = { "synsent-0", "synsent-1" };
	const struct scenario *s = l->c->scenario;
	struct firewall_rule rules[SCENARIO_RULES_MAX];
	int i;

	for (i = 0; i < s->n_rules; i++) {
		rules[i] = (struct firewall_rule){ .hook = s->rules[i].hook,
						   .match = s->rules[i].match,
						   .verdict = s->rules[i].verdict,
						   .server = l->c->server,
						   .comment = marks[i] };
		l->end->rules[i].rule = rules[i];
		l->end->rules[i].acts = i == s->acts;
	}
	l->end->n_rules = s->n_rules;
	return s->n_rules ? firewall_add(rules, s->n_rules, e) : 0;
}

static void on_listener(const struct sockdiag_socket *s, void *user)
{
	struct lab *l = user;
	char at[ENDPOINT_TEXT_LEN], line[200];

	if (s->state.flow.client.port != l->c->server.port)
		return;
	snprintf(line, sizeof(line), "LISTEN  Recv-Q %u (waiting)  Send-Q %u (backlog)  %s", s->state.rqueue,
		 s->state.wqueue, endpoint_format(&l->c->server, at));
	l->v->note(l->v->user, line);
}

static int tell_listener(struct lab *l, struct err *e)
{
	struct sockdiag *d;
	int r = sockdiag_open(&d, e);

	if (r)
		return r;
	r = sockdiag_dump(d, l->c->server.addr.family, SOCKDIAG_LISTEN, on_listener, l, e);
	sockdiag_free(d);
	return r;
}

/* listen(0) holds one connection (net/core/sock.h sk_acceptq_is_full()); the filler is it. */
static int fill_backlog(struct lab *l, struct err *e)
{
	struct server_opts so = { .at = l->c->server, .no_accept = true };
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(&l->c->server, &ss);
	int r;

	server_free(l->server);
	l->server = NULL;
	r = server_start(&so, &l->server, e);
	if (r)
		return r;
	l->filler = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	l->muted = true;
	if (l->filler < 0 || connect(l->filler, (struct sockaddr *)&ss, len))
		return err_sys(e, errno, "fill the backlog");
	r = loop_settle(l, 20 * MS, e); /* the filler's packets are not the story's */
	l->muted = false;
	return r ? r : tell_listener(l, e);
}

static int close_road(struct lab *l, struct err *e)
{
	const struct addr *a = &l->c->server.addr;
	int r = netif_addr("lo", a, false, e);

	if (!r && l->c->scenario->route == ROUTE_FORBIDDEN)
		r = netif_route_add(a, ROUTE_PROHIBIT, e);
	return r;
}

int stage_before(struct lab *l, struct err *e)
{
	const struct scenario *s = l->c->scenario;
	int r = add_rules(l, e);

	if (!r && s->server == SERVER_STOPS) {
		server_free(l->server);
		l->server = NULL;
	} else if (!r && s->server == SERVER_ACCEPTS_NOTHING) {
		r = fill_backlog(l, e);
	}
	if (!r && s->route != ROUTES_AS_THEY_ARE)
		r = close_road(l, e);
	return r;
}

static int lift_rules(struct lab *l, struct err *e)
{
	struct firewall_state state;
	struct lab_rule *rule = &l->end->rules[l->c->scenario->acts];
	char note[80];
	int r = firewall_read(&rule->rule, 1, &state, e);

	if (!r)
		r = firewall_remove(&rule->rule, e);
	if (r)
		return r;
	rule->packets = state.packets;
	rule->lifted = true;
	snprintf(note, sizeof(note), "the rule is removed now: iptables -D INPUT 1");
	l->v->note(l->v->user, note);
	return 0;
}

int stage_during(struct lab *l, struct err *e)
{
	const struct scenario *s = l->c->scenario;
	const struct attempt *a = tracker_find(l->tracker, &l->flow);
	int64_t now = observe_now(l->observe);
	int64_t kill_at = timescale_to_real(&l->scale, s->kill_after_ns);

	if (!a || a->n_syns == 0)
		return 0;
	if (s->kill_after_ns && now - attempt_start_ns(a) >= kill_at && !l->client_over)
		client_kill(l->client, SIGKILL);
	if (s->lift_after_syn && a->n_syns > s->lift_after_syn && !l->end->rules[s->acts].lifted)
		return lift_rules(l, e);
	return 0;
}

static int read_rules(struct lab *l, struct err *e)
{
	struct firewall_rule rules[SCENARIO_RULES_MAX];
	struct firewall_state states[SCENARIO_RULES_MAX];
	int i, r;

	for (i = 0; i < l->end->n_rules; i++)
		rules[i] = l->end->rules[i].rule;
	r = l->end->n_rules ? firewall_read(rules, l->end->n_rules, states, e) : 0;
	for (i = 0; !r && i < l->end->n_rules; i++)
		if (states[i].found)
			l->end->rules[i].packets = states[i].packets;
	return r;
}

static void fill_drop(const struct lab *l, struct event_drop *d)
{
	const struct scenario *s = l->c->scenario;

	d->place = s->drop;
	d->reply = s->drops_reply;
	if (s->n_rules) {
		const struct lab_rule *rule = &l->end->rules[s->acts];

		d->packets = rule->packets;
		snprintf(d->reason, sizeof(d->reason), "NETFILTER_DROP");
		firewall_nft_text(&rule->rule, d->rule, sizeof(d->rule));
	} else {
		struct backlog b;
		struct drop full;

		d->packets = (uint64_t)l->end->listen_overflows;
		snprintf(d->reason, sizeof(d->reason), DROP_ACCEPT_QUEUE);
		/* its process is this lab */
		if (backlog_find(NULL, 0, &l->flow, &b) && backlog_drop(&b, NULL, &full))
			memcpy(d->rule, full.rule, sizeof(d->rule));
	}
}

int stage_after(struct lab *l, struct err *e)
{
	struct event ev = { .kind = EVENT_DROP, .t_ns = observe_now(l->observe) };
	struct event_drop *d = &ev.drop;
	int r = read_rules(l, e);

	if (!r && l->c->scenario->server == SERVER_ACCEPTS_NOTHING)
		r = tell_listener(l, e);
	if (r || l->c->scenario->drop == DROP_NONE || !l->end->studied)
		return r;
	fill_drop(l, d);
	if (!d->packets || !loop_studied(l))
		return 0;
	if (loop_studied(l) == 1) {
		d->flow = l->flow;
	} else {
		d->flow.server = l->c->server; /* of several attempts nobody knows each one's share */
		d->packets = 0;
	}
	tracker_feed(l->tracker, &ev);
	l->v->event(l->v->user, &ev);
	return 0;
}
