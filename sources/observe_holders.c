/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  Whoever called connect() is known, but a socket is its
 * holders': a child inherits it, and a process may be given it.  When one of them
 * is killed that says nothing as long as another one has it, and when the caller
 * lives on the last one may still have been killed with it.  So all processes of
 * the run are asked what they hold, when a process was made since, and else four
 * times a second.
 */
#include <stdio.h>
#include <string.h>

#include "sources/observe_flows.h"

#define HOLDERS_EVERY_NS (250 * MS)
#define HELD_AT_ONCE 64

/* The fifth word of /proc/loadavg: the pid that was given last (proc(5)); 0: not known. */
static unsigned long last_task(void)
{
	unsigned long pid = 0;
	FILE *f = fopen("/proc/loadavg", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%*s %*s %*s %*s %lu", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

static void change_owner(struct observe *ob, struct known *k, int32_t pid)
{
	k->pid = pid;
	procs_name(pid, k->comm);
	k->owner_known = k->refresh = true;
	if (ob->fates && pid != ob->hint)
		fates_watch(ob->fates, pid);
}

static bool holds(const struct procs_held *h, int32_t pid)
{
	int i;

	for (i = 0; i < h->n && i < PROCS_HOLDERS_MAX; i++)
		if (h->pids[i] == pid)
			return true;
	return false;
}

static void take_holders(struct observe *ob, struct known *k, const struct procs_held *h)
{
	int i;

	if (!h->n)
		return; /* all let go of it meanwhile, and who was the last is not known */
	k->held = true;
	k->n_holders = h->n > 1 ? h->n : 0;
	memcpy(k->holders, h->pids, sizeof(k->holders));
	if (!holds(h, k->pid))
		change_owner(ob, k, h->pids[0]);
	for (i = 0; ob->fates && i < k->n_holders && i < PROCS_HOLDERS_MAX; i++)
		if (k->holders[i] != ob->hint)
			fates_watch(ob->fates, k->holders[i]);
}

static bool is_asked_about(const struct known *k)
{
	return k->state == KNOWN_LISTED && k->watched && k->last.inode;
}

void sockets_find_holders(struct observe *ob, int64_t now)
{
	struct procs_held held[HELD_AT_ONCE];
	struct known *of[HELD_AT_ONCE];
	unsigned long tasks;
	int i, n = 0;

	if (!ob->pidns || now < ob->next_holders_ns)
		return;
	for (i = 0; i < ob->n_flows && n < HELD_AT_ONCE; i++)
		if (is_asked_about(&ob->flows[i])) {
			held[n].inode = ob->flows[i].last.inode;
			of[n++] = &ob->flows[i];
		}
	tasks = n ? last_task() : 0;
	if (!n || (tasks == ob->tasks && now < ob->holders_ns + HOLDERS_EVERY_NS))
		return;
	procs_socket_holders(ob->pidns, held, n);
	ob->holders_ns = now;
	ob->tasks = tasks;
	ob->next_holders_ns = observe_now(ob) + 3 * (observe_now(ob) - now);
	for (i = 0; i < n; i++)
		take_holders(ob, of[i], &held[i]);
}

/* Of several the one that is ending, too: with it went the last of it, likely. */
void socket_blame_holder(struct observe *ob, struct known *k)
{
	int i;

	for (i = 0; i < k->n_holders && i < PROCS_HOLDERS_MAX; i++)
		if (k->holders[i] != k->pid && procs_is_ending(k->holders[i])) {
			change_owner(ob, k, k->holders[i]);
			socket_give_state(ob, k, k->seen_ns);
			return;
		}
}

/* Its process's end, when that was told before its socket's. */
void socket_tell_end(struct observe *ob, const struct known *k)
{
	int i;

	for (i = 0; k->n_holders && i < ENDS_KEPT; i++)
		if (ob->ends[i].exit.pid == k->pid)
			ob->o.on_event(&ob->ends[i], ob->o.user);
}

void observe_among(struct observe *ob, uint64_t pidns)
{
	ob->pidns = pidns;
}
