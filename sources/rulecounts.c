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
	int netns;
	struct rulecounts_list list;
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
	c->netns = netns;
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

static uint64_t difference(const struct rulecounts_list *before, const struct rulecount *c)
{
	const struct rulecount *was = rulecounts_list_find(before, c);

	return !was ? c->packets : c->packets > was->packets ? c->packets - was->packets : 0;
}

static void put(char *to, size_t len, const char *text)
{
	snprintf(to, len, "%s", text ? text : "");
}

static void to_hit(const struct rulecount *c, uint64_t packets, struct rule_hit *h)
{
	memset(h, 0, sizeof(*h));
	h->maker = c->maker;
	h->policy = c->policy;
	h->reject = c->reject;
	h->handle = c->handle;
	h->number = c->number;
	h->packets = packets;
	put(h->family, sizeof(h->family), c->family);
	put(h->table, sizeof(h->table), c->table);
	put(h->chain, sizeof(h->chain), c->chain);
	put(h->hook, sizeof(h->hook), c->hook);
	put(h->text, sizeof(h->text), c->text);
	put(h->comment, sizeof(h->comment), c->comment);
}

struct moving {
	const struct rulecounts *before, *after;
	rulecounts_fn *fn;
	void *user;
};

static int tell_moved(void *arg)
{
	const struct moving *m = arg;
	const struct rulecounts_list *l = &m->after->list;
	int socket = nfsock_open(NETLINK_NETFILTER, 0, NULL);
	struct rule_hit h;

	for (size_t i = 0; i < l->n; i++) {
		uint64_t moved = difference(&m->before->list, &l->items[i]);

		if (!moved)
			continue;
		to_hit(&l->items[i], moved, &h);
		if (h.maker == RULE_NFT && !h.comment[0] && socket >= 0)
			nfsock_comment(socket, &h, h.comment, sizeof(h.comment));
		m->fn(&h, m->user);
	}
	if (socket >= 0)
		close(socket);
	return 0;
}

int rulecounts_moved(const struct rulecounts *before, const struct rulecounts *after, rulecounts_fn *fn, void *user,
		     struct err *e)
{
	struct moving m = { before, after, fn, user };

	return netns_call(after->netns, tell_moved, &m, e);
}
