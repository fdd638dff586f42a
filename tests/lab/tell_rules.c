/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sources/netprogs.h"
#include "sources/nftrace.h"
#include "sources/rulecounts.h"
#include "util/clock.h"

/*
 * For tests/lab/rules.py: what the sources say of rules, one JSON object a line.
 *
 *   tell_rules [--netns PATH] trace [ENDPOINT...]   until its stdin ends
 *   tell_rules [--netns PATH] counts                between two lines of its stdin
 *   tell_rules [--netns PATH] progs IFINDEX
 */
static int netns = -1;

static int fail(const struct err *e)
{
	fprintf(stderr, "%s\n%s\n", e->what, e->remedy);
	return e->exit_code ? e->exit_code : 1;
}

static void say(json_t *o)
{
	if (!o)
		abort();
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(o);
}

static void say_hit(const struct rule_hit *h, void *user)
{
	char src[ENDPOINT_TEXT_LEN], dst[ENDPOINT_TEXT_LEN];
	struct buf line = { 0 };
	json_t *o;

	rule_format(h, &line);
	o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:i,s:b,s:b,s:b,s:I,s:I}", "line", buf_text(&line), "maker",
		      h->maker == RULE_NFT ? "nft" : "legacy", "family", h->family, "table", h->table, "chain",
		      h->chain, "hook", h->hook, "text", h->text, "handle", (json_int_t)h->handle, "number", h->number,
		      "policy", h->policy, "reject", h->reject, "has_packet", h->has_packet, "packets",
		      (json_int_t)h->packets, "t", (json_int_t)h->t_ns);
	buf_fini(&line);
	if (!o)
		abort();
	json_object_set_new(o, "comment", json_string(h->comment));
	if (h->has_packet) {
		json_object_set_new(o, "src", json_string(endpoint_format(&h->packet.src, src)));
		json_object_set_new(o, "dst", json_string(endpoint_format(&h->packet.dst, dst)));
		json_object_set_new(o, "flags", json_integer(h->packet.flags));
		json_object_set_new(o, "seq", json_integer(h->packet.seq));
	}
	say(o);
}

static int trace(int n, char **ends)
{
	struct endpoint wanted[NFTRACE_ENDS_MAX];
	const struct nftrace_opts o = { wanted, n, netns };
	struct nftrace *t = NULL;
	struct err e = { 0 };
	int lost = 0, i, r = 0;

	for (i = 0; i < n && i < NFTRACE_ENDS_MAX; i++)
		if (endpoint_parse(ends[i], &wanted[i]))
			return 2;
	if (nftrace_open(&o, &t, &e))
		return fail(&e);
	say(json_pack("{s:s}", "ready", nftrace_note(t)));
	for (;;) {
		struct pollfd p[] = { { 0, POLLIN, 0 }, { nftrace_fd(t), POLLIN, 0 } };

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents) {
			r = nftrace_read(t, clock_mono_ns(), say_hit, NULL);
			if (r < 0)
				break;
			lost += r;
		} else if (p[0].revents) {
			break;
		}
	}
	say(json_pack("{s:i,s:s}", "lost", r < 0 ? r : lost, "note", nftrace_note(t)));
	nftrace_free(t);
	return r < 0;
}

static int counts(void)
{
	struct rulecounts *before = NULL, *after = NULL;
	struct err e = { 0 };
	int r;

	r = rulecounts_take(netns, &before, &e);
	if (!r) {
		say(json_pack("{s:s}", "ready", ""));
		while (getchar() != '\n' && !feof(stdin))
			;
		r = rulecounts_take(netns, &after, &e);
	}
	if (!r)
		r = rulecounts_compare(before, after, netns, &e);
	if (!r)
		rulecounts_moved(after, NULL, say_hit, NULL);
	rulecounts_free(before);
	rulecounts_free(after);
	return r ? fail(&e) : 0;
}

static void say_program(const struct netprog *p, void *user)
{
	struct buf line = { 0 };

	netprog_format(p, &line);
	say(json_pack("{s:s,s:i,s:b,s:s,s:i,s:s,s:s}", "line", buf_text(&line), "kind", (int)p->kind, "egress",
		      p->egress, "device", p->device, "id", (int)p->id, "name", p->name, "mode", p->mode));
	buf_fini(&line);
}

static int progs(const char *ifindex)
{
	struct err e = { 0 };

	return netprogs_list(netns, (uint32_t)strtoul(ifindex, NULL, 10), say_program, NULL, &e) ? fail(&e) : 0;
}

int main(int argc, char **argv)
{
	int at = 1;

	if (argc > 2 && !strcmp(argv[1], "--netns")) {
		netns = open(argv[2], O_RDONLY | O_CLOEXEC);
		if (netns < 0)
			return 2;
		at = 3;
	}
	if (at < argc && !strcmp(argv[at], "trace"))
		return trace(argc - at - 1, argv + at + 1);
	if (at < argc && !strcmp(argv[at], "counts"))
		return counts();
	if (at + 1 < argc && !strcmp(argv[at], "progs"))
		return progs(argv[at + 1]);
	fprintf(stderr, "usage: tell_rules [--netns PATH] trace [ENDPOINT...] | counts | progs IFINDEX\n");
	return 2;
}
