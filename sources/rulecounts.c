/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/rulecounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sources/fwtool.h"
#include "sources/netns.h"
#include "sources/nfsock.h"
#include "sources/rulecounts_list.h"

struct rulecounts {
	struct rulecounts_list list;
	bool changed; /* other rules, or counters set back, since those that it was compared with */
};

/* The kernel's list of tables that are in use.  Asking for another one would make it, and so change the firewall. */
static bool has_tables(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c;
	bool any = fd >= 0 && read(fd, &c, 1) == 1;

	if (fd >= 0)
		close(fd);
	return any;
}

static int read_save(struct rulecounts *c, const char *program, const char *family, struct err *e)
{
	const char *const argv[] = { program, "-c", NULL };
	const struct fwtool save = { .argv = argv, .package = "iptables" };
	struct spawn_result res;
	int r = fwtool_run(&save, &res, e);

	if (!r && rulecounts_from_save(buf_text(&res.out), family, &c->list))
		r = err_sys(e, ENOMEM, "cannot read the rules of %s", program);
	spawn_result_fini(&res);
	return r;
}

static int read_legacy(struct rulecounts *c, struct err *e)
{
	int r = 0;

	if (has_tables("/proc/thread-self/net/ip_tables_names"))
		r = read_save(c, "iptables-legacy-save", "ip", e);
	if (!r && has_tables("/proc/thread-self/net/ip6_tables_names"))
		r = read_save(c, "ip6tables-legacy-save", "ip6", e);
	return r;
}

/* -t: no elements of sets that have names. */
static int read_nft(struct rulecounts *c, struct err *e)
{
	static const char *const argv[] = { "nft", "-a", "-t", "list", "ruleset", NULL };
	const struct fwtool nft = { .argv = argv, .package = "nftables" };
	struct spawn_result res;
	int r = fwtool_run(&nft, &res, e);

	if (!r && rulecounts_from_nft(buf_text(&res.out), &c->list))
		r = err_sys(e, ENOMEM, "cannot read nft's rules");
	spawn_result_fini(&res);
	return r;
}

struct taking {
	struct rulecounts *c;
	struct err *e;
};

static int take_here(void *arg)
{
	struct taking *t = arg;
	int r = read_nft(t->c, t->e);

	return r ? r : read_legacy(t->c, t->e);
}

int rulecounts_take(int netns, struct rulecounts **ret, struct err *e)
{
	struct rulecounts *c = calloc(1, sizeof(*c));
	struct taking t = { c, e };
	int r;

	if (!c)
		return err_sys(e, ENOMEM, "cannot read the firewall's counters");
	r = netns_call(netns, take_here, &t, e);
	if (!r && rulecounts_list_sort(&c->list))
		r = err_sys(e, ENOMEM, "cannot read the firewall's counters");
	if (r)
		rulecounts_free(c);
	else
		*ret = c;
	return r;
}

void rulecounts_free(struct rulecounts *c)
{
	if (c)
		rulecounts_list_fini(&c->list);
	free(c);
}

static void put(char *to, size_t len, const char *text)
{
	snprintf(to, len, "%s", text ? text : "");
}

static void to_hit(const struct rulecount *c, struct rule_hit *h)
{
	memset(h, 0, sizeof(*h));
	h->maker = c->maker;
	h->policy = c->policy;
	h->reject = c->reject;
	h->handle = c->handle;
	h->number = c->number;
	h->packets = c->moved;
	put(h->family, sizeof(h->family), c->family);
	put(h->table, sizeof(h->table), c->table);
	put(h->chain, sizeof(h->chain), c->chain);
	put(h->hook, sizeof(h->hook), c->hook);
	put(h->text, sizeof(h->text), c->text);
	put(h->comment, sizeof(h->comment), c->comment);
}

struct comparing {
	const struct rulecounts *before;
	struct rulecounts *after;
};

static void compare(const struct rulecounts_list *before, struct rulecounts *c, struct rulecount *item)
{
	const struct rulecount *was = rulecounts_list_find(before, item);

	item->moved = !was ? item->packets : item->packets > was->packets ? item->packets - was->packets : 0;
	/* Read anew, it begins at 0: what it counted before that is not known. */
	c->changed |= was && item->packets < was->packets;
}

static void add_comment(int socket, struct rulecount *item)
{
	struct rule_hit h;

	to_hit(item, &h);
	nfsock_comment(socket, &h, h.comment, sizeof(h.comment));
	if (h.comment[0])
		item->comment = strdup(h.comment);
}

static int compare_here(void *arg)
{
	const struct comparing *m = arg;
	const struct rulecounts_list *before = &m->before->list, *after = &m->after->list;
	int socket = nfsock_open(NETLINK_NETFILTER, 0, NULL);

	m->after->changed = false;
	for (size_t i = 0; i < after->n; i++) {
		struct rulecount *item = &after->items[i];

		compare(before, m->after, item);
		if (item->moved && item->maker == RULE_NFT && !item->comment && socket >= 0)
			add_comment(socket, item);
	}
	for (size_t i = 0; i < before->n && !m->after->changed; i++)
		m->after->changed = !rulecounts_list_find(after, &before->items[i]);
	if (socket >= 0)
		close(socket);
	return 0;
}

int rulecounts_compare(const struct rulecounts *before, struct rulecounts *after, int netns, struct err *e)
{
	struct comparing m = { before, after };

	return netns_call(netns, compare_here, &m, e);
}

bool rulecounts_moved(const struct rulecounts *c, const struct rules_case *k, rulecounts_fn *fn, void *user)
{
	bool alone = !c->changed && !c->list.translates;
	struct rule_hit h;

	for (size_t i = 0; i < c->list.n; i++) {
		const struct rulecount *item = &c->list.items[i];

		if ((!item->moved && !(alone && item->uncounted)) || (k && !rules_fit(item, k)))
			continue;
		if (item->uncounted) {
			alone = false;
			continue;
		}
		to_hit(item, &h);
		fn(&h, user);
	}
	return alone;
}
