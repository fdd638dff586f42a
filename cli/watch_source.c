/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/watch_check.h"
#include "cli/watch_own.h"
#include "cli/watch_packets.h"
#include "cli/watch_want.h"
#include "sources/netns.h"
#include "sources/procs.h"
#include "sources/trace.h"

#define PENDING_MAX 4096

struct watch_source {
	struct watch_source_opts o;
	struct trace *trace;
	struct watch_own *own;
	struct watch_packets *packets;
	struct err without; /* why there is no eBPF, and what gives it */
};

/* Which of the filters the kernel can ask. */
static void trace_filters(const struct watch_want *w, struct trace_opts *to)
{
	to->pids = w->pids;
	to->n_pids = w->n_pids;
	to->comms = w->comms;
	to->n_comms = w->n_comms;
	to->uids = w->uids;
	to->n_uids = w->n_uids;
	to->netns = w->netns;
	to->n_netns = w->n_netns;
	to->cgroup = w->cgroup;
	to->cgroup_level = w->cgroup_level;
	to->tree = w->tree;
}

/* What is not shown is counted where it happens.  Who asks here whether it is wanted, or for its packets, needs all. */
static void trace_plain(const struct watch_source_opts *o, struct trace_opts *to)
{
	const struct watch_want *w = o->want;

	if (w->filter || w->n_containers || o->packets)
		return;
	if (o->only_counts || w->failures || w->slow_ns)
		to->plain_below_ns = w->slow_ns && !o->only_counts ? w->slow_ns : INT64_MAX;
	to->plain_refused = o->only_counts;
}

static int open_trace(struct watch_source *s, struct err *e)
{
	struct trace_opts to = { .max_attempts = s->o.max_attempts, .inbound = s->o.inbound };
	int r;

	trace_filters(s->o.want, &to);
	trace_plain(&s->o, &to);
	r = trace_open(&to, &s->trace, e);
	if (r)
		return r;
	trace_prepare(s->trace);
	return s->o.packets ? watch_packets_open(s->o.want->netns, s->o.want->n_netns, &s->packets, e) : 0;
}

/* With eBPF; or -errno and in `without` why not, and what gives it. */
static int open_bpf(struct watch_source *s)
{
	int r;

	if (s->o.no_bpf) {
		err_remedy(&s->without, "leave --no-bpf out");
		return err_set(&s->without, EPERM, "--no-bpf is given");
	}
	r = open_trace(s, &s->without);
	if (r == -EPERM && !s->trace && geteuid())
		err_remedy(&s->without, "run it as root: `sudo synsent watch`");
	return r;
}

int watch_source_refuse(const struct watch_source *s, const char *option, const char *otherwise, struct err *e)
{
	const char *remedy = s->without.remedy;

	e->exit_code = 77;
	err_set(e, EPERM, "%s needs eBPF: %s", option, s->without.what);
	err_remedy(e, "%s%s%s", remedy, *remedy ? ", or " : "", otherwise);
	return -EPERM;
}

static int open_own(struct watch_source *s, struct err *e)
{
	const char *otherwise, *option = watch_check_needs_bpf(s->o.want, &otherwise);

	return option ? watch_source_refuse(s, option, otherwise, e) : watch_own_open(&s->o, &s->own, e);
}

int watch_source_open(const struct watch_source_opts *o, struct watch_source **ret, struct err *e)
{
	struct watch_source *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_sys(e, ENOMEM, "watch");
	s->o = *o;
	r = open_bpf(s);
	if (r && (s->trace || s->without.exit_code == 2))
		*e = s->without; /* not for want of eBPF */
	else if (r)
		r = open_own(s, e);
	if (r) {
		watch_source_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void watch_source_free(struct watch_source *s)
{
	if (!s)
		return;
	watch_own_free(s->own);
	watch_packets_free(s->packets);
	trace_free(s->trace);
	free(s);
}

const char *watch_source_without(const struct watch_source *s)
{
	return s->trace ? NULL : s->without.what;
}

const char *watch_source_remedy(const struct watch_source *s)
{
	return s->without.remedy;
}

enum trace_drops watch_source_drops(const struct watch_source *s)
{
	return s->trace ? trace_drops(s->trace) : TRACE_DROPS_NONE;
}

const char *watch_source_drops_unseen(const struct watch_source *s)
{
	return s->trace ? trace_drops_unseen(trace_drops(s->trace)) : NULL;
}

bool watch_source_missed_earlier(const struct watch_source *s)
{
	return s->trace && trace_missed_earlier(s->trace);
}

int watch_source_fds(const struct watch_source *s, struct pollfd *fds)
{
	if (s->own)
		return watch_own_fds(s->own, fds);
	fds[0] = (struct pollfd){ .fd = trace_fd(s->trace), .events = POLLIN };
	if (!s->packets)
		return 1;
	return 1 + watch_packets_fds(s->packets, fds + 1);
}

/*
 * A wake-up is sent at most every 20 ms, so that what comes within them waits in
 * the ring: after something was read it is looked at again soon, and a host
 * where nothing connects is never woken.
 */
#define LOOK_AGAIN_MS 20

int watch_source_wait_ms(const struct watch_source *s)
{
	if (s->own)
		return watch_own_wait_ms(s->own);
	return trace_is_busy(s->trace) ? LOOK_AGAIN_MS : -1;
}

/* One whose connect() was not seen, and whose process no BPF program found: whose it is now. */
static void name_late(struct attempt *a)
{
	struct procs_wanted wanted = { .inode = (uint32_t)a->inode };

	if (a->pid || !wanted.inode || !procs_socket_owners(&wanted, 1, 0))
		return;
	a->pid = wanted.pid;
	memcpy(a->comm, wanted.comm, sizeof(a->comm));
}

static void on_traced(const struct attempt *a, void *user)
{
	struct watch_source *s = user;
	struct attempt more;

	if (!a->late_found && !s->packets) {
		s->o.on_attempt(a, s->o.user);
		return;
	}
	more = *a;
	if (more.late_found)
		name_late(&more);
	if (s->packets) {
		/* What it was answered with came before its end. */
		watch_packets_read(s->packets);
		watch_packets_join(s->packets, &more);
	}
	s->o.on_attempt(&more, s->o.user);
}

int watch_source_pump(struct watch_source *s, struct err *e)
{
	if (s->own)
		return watch_own_pump(s->own, e);
	if (s->packets)
		watch_packets_read(s->packets);
	trace_read(s->trace, on_traced, s);
	return 0;
}

int watch_source_finish(struct watch_source *s, struct err *e)
{
	return s->own ? watch_own_finish(s->own, e) : watch_source_pump(s, e);
}

struct pending {
	void (*fn)(const struct attempt *a, void *user);
	void *user;
};

static void on_pending(const struct attempt *a, void *user)
{
	const struct pending *p = user;
	struct attempt more;

	if (!a->late_found || a->pid) {
		p->fn(a, p->user);
		return;
	}
	more = *a;
	name_late(&more);
	p->fn(&more, p->user);
}

bool watch_source_pending(struct watch_source *s, void (*fn)(const struct attempt *a, void *user), void *user)
{
	struct pending p = { fn, user };

	if (s->trace)
		return trace_pending(s->trace, PENDING_MAX, on_pending, &p) < PENDING_MAX;
	watch_own_pending(s->own, fn, user);
	return true;
}

void watch_source_counted(struct watch_source *s, void (*fn)(const struct attempt *a, uint64_t n, void *user),
			  void *user)
{
	if (s->trace)
		trace_counted(s->trace, fn, user);
}

int64_t watch_source_counted_due_ns(const struct watch_source *s)
{
	return s->trace ? trace_counted_due_ns(s->trace) : 0;
}

int64_t watch_source_now(const struct watch_source *s)
{
	return s->trace ? trace_now(s->trace) : watch_own_now(s->own);
}

struct count {
	const struct watch_want *want;
	uint64_t n;
};

static void count_one(const struct attempt *a, void *user)
{
	struct count *c = user;

	c->n += watch_wants(c->want, a, NULL); /* no cgroup is known without eBPF */
}

uint64_t watch_source_waiting(struct watch_source *s)
{
	struct count own = { .want = s->o.want };
	struct trace_counts c;
	uint64_t n;

	if (s->own) {
		watch_own_pending(s->own, count_one, &own);
		return own.n;
	}
	trace_counts(s->trace, &c);
	n = c.begun + c.missed_begins;
	return n > c.connected + c.ended ? n - c.connected - c.ended : 0;
}

int watch_source_losses(struct watch_source *s, struct watch_summary_loss *ret)
{
	struct trace_counts counts;
	int n = 0;

	if (s->own)
		return watch_own_losses(s->own, ret);
	trace_counts(s->trace, &counts);
	while (n < WATCH_LOSSES_MAX && (ret[n].source = trace_lost(&counts, n, &ret[n].n)))
		n++;
	if (s->packets && n < WATCH_LOSSES_MAX)
		ret[n++] = (struct watch_summary_loss){ "packets", watch_packets_lost(s->packets) };
	return n;
}

uint64_t watch_source_unseen(struct watch_source *s, uint64_t *ret_failed)
{
	*ret_failed = 0;
	return s->own ? watch_own_unseen(s->own, ret_failed) : 0;
}

bool watch_source_dropped(struct watch_source *s, const struct attempt *of, const struct flow *f,
			  enum trace_dropped what, struct drop *ret)
{
	return s->trace && trace_dropped(s->trace, of, f, what, ret);
}

bool watch_source_tells_nat(const struct watch_source *s)
{
	return s->trace && trace_tells_nat(s->trace);
}
