/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nat_sent_inside.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "sources/conntrack_events.h"
#include "sources/netns.h"
#include "util/clock.h"

#define SHARE 20 /* looks take this part of the time */
#define NS_PER_S 1000000000LL

struct place *nat_sent_place(struct nat_sent *n, uint32_t inode)
{
	int i;

	for (i = 0; i < n->n; i++)
		if (n->places[i].inode == inode)
			return &n->places[i];
	return NULL;
}

static struct place *find_or_add(struct nat_sent *n, uint32_t inode)
{
	struct place *p = nat_sent_place(n, inode);

	if (p || n->n == PLACES_MAX)
		return p;
	p = &n->places[n->n++];
	*p = (struct place){ .inode = inode, .fd = -1 };
	return p;
}

static bool passes(const struct place *p, int six)
{
	return p->rules.arrives[six] && p->rules.forwards[six];
}

/* Whether another one than that may send on what it forwards. */
static bool others_pass(const struct nat_sent *n, const struct place *p, int six)
{
	return n->n_passing[six] > passes(p, six);
}

static bool is_wanted(const struct nat_sent *n, uint32_t inode)
{
	int i;

	for (i = 0; i < n->n_wanted; i++)
		if (n->wanted[i] == inode)
			return true;
	return !n->n_wanted;
}

bool nat_sent_matters_to_own(const struct nat_sent *n, const struct place *p, int six)
{
	return p->rules.sends[six] || (p->rules.leaves[six] && others_pass(n, p, six));
}

bool nat_sent_matters_to_others(const struct nat_sent *n, const struct place *p, int six)
{
	return passes(p, six) || (p->rules.leaves[six] && p->rules.forwards[six] && others_pass(n, p, six));
}

static bool matters(const struct nat_sent *n, const struct place *p)
{
	int six;

	for (six = 0; six < 2; six++)
		if (nat_sent_matters_to_others(n, p, six) ||
		    (is_wanted(n, p->inode) && nat_sent_matters_to_own(n, p, six)))
			return true;
	return false;
}

/* ---- listening ---- */

struct hearing {
	struct nat_sent *n;
	uint32_t netns;
};

static void hear(const struct conntrack_entry *e, void *user)
{
	const struct hearing *h = user;
	const int64_t now = clock_mono_ns(); /* attempts begin while others' events are read */

	if (nat_heard_put(h->n->heard, e, h->netns, now))
		return;
	h->n->full_ns = now;
	h->n->lost++;
}

void nat_sent_read_place(struct nat_sent *n, struct place *p)
{
	struct hearing h = { n, p->inode };

	if (!conntrack_events_read(p->fd, hear, &h))
		return;
	p->lost_ns = clock_mono_ns();
	n->lost++;
}

static int open_events(void *arg)
{
	return conntrack_events_open();
}

static void listen_in(struct nat_sent *n, struct place *p)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = p->inode };
	int fd;

	if (n->n_listening == NAT_SENT_LISTENERS_MAX)
		return;
	fd = namespaces_call(n->namespaces, p->inode, open_events, NULL, NULL);
	if (fd < 0)
		return;
	if (epoll_ctl(n->epoll, EPOLL_CTL_ADD, fd, &ev)) {
		close(fd);
		return;
	}
	p->fd = fd;
	p->since_ns = clock_mono_ns();
	n->n_listening++;
}

static void end_listening(struct nat_sent *n, struct place *p)
{
	if (p->fd < 0)
		return;
	nat_sent_read_place(n, p);
	close(p->fd);
	p->fd = -1;
	n->n_listening--;
}

void nat_sent_forget(struct nat_sent *n, struct place *p)
{
	end_listening(n, p);
	*p = n->places[--n->n];
}

/* ---- looking ---- */

static void count_passing(struct nat_sent *n)
{
	int i, six;

	for (six = 0; six < 2; six++)
		for (n->n_passing[six] = i = 0; i < n->n; i++)
			n->n_passing[six] += passes(&n->places[i], six);
}

static void listen_where_it_matters(struct nat_sent *n)
{
	int i;

	count_passing(n);
	for (i = 0; i < n->n; i++) {
		struct place *p = &n->places[i];

		if (!matters(n, p))
			end_listening(n, p);
		else if (p->fd < 0)
			listen_in(n, p);
	}
}

static int rules_here(void *arg)
{
	conntrack_rules_here(arg);
	return 0;
}

/* While conntrack tells of nothing, what it is asked to tell of later is lost. */
static void take_rules(struct place *p, const struct conntrack_rules *rules)
{
	p->looked_ns = clock_mono_ns();
	if (p->fd >= 0 && (!p->rules.told || !rules->told))
		p->lost_ns = p->looked_ns;
	p->rules = *rules;
}

static bool look_at(int fd, uint32_t inode, void *user)
{
	struct place *p = find_or_add(user, inode);
	struct conntrack_rules rules;

	if (!p)
		return true;
	if (!netns_call(fd, rules_here, &rules, NULL)) {
		p->seen = true;
		take_rules(p, &rules);
	}
	return false;
}

void nat_sent_look_at_all(struct nat_sent *n)
{
	int64_t begun = clock_mono_ns(), took;
	int i;

	for (i = 0; i < n->n; i++)
		n->places[i].seen = false;
	namespaces_each(n->namespaces, look_at, n);
	for (i = n->n; i-- > 0;)
		if (!n->places[i].seen)
			nat_sent_forget(n, &n->places[i]);
	listen_where_it_matters(n);
	took = clock_mono_ns() - begun;
	n->look_ns = begun + took + (took * SHARE > NAT_SENT_LOOK_NS ? took * SHARE : NAT_SENT_LOOK_NS);
}

static bool may_ask(struct nat_sent *n, int64_t now)
{
	if (now - n->second_ns >= NS_PER_S) {
		n->second_ns = now;
		n->asked = 0;
	}
	return n->asked++ < NAT_SENT_ASKS_PER_S;
}

struct place *nat_sent_look_at_own(struct nat_sent *n, uint32_t own)
{
	struct place *p = nat_sent_place(n, own);
	struct conntrack_rules rules;
	int64_t now = clock_mono_ns();

	if (p && now - p->looked_ns < NAT_SENT_LOOK_NS)
		return p;
	/* what was found at the last look at all is good enough for what is gone by now */
	if (!may_ask(n, now) || namespaces_call(n->namespaces, own, rules_here, &rules, NULL))
		return p;
	p = find_or_add(n, own);
	if (!p)
		return NULL;
	take_rules(p, &rules);
	listen_where_it_matters(n);
	return p;
}
