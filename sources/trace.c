/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/watch_shared.h"
#include "sources/bpf_lacks.h"
#include "sources/procs.h"
#include "sources/sysctls.h"
#include "sources/trace_attempt.h"
#include "sources/trace_names.h"
#include "sources/trace_plain.h"
#include "util/clock.h"
#include "watch.skel.h"

#define OPEN_DEFAULT 32768u

/* No wake-up is sent so soon after another (bpf/watch_tell.h WAKE_NS): twice as long it is looked at without. */
#define BUSY_NS 40000000

_Static_assert(TRACE_FILTERS_MAX == WATCH_FILTERS_MAX, "the programs' filters");
_Static_assert(sizeof(struct watch_attempt) + 64 <= TRACE_ATTEMPT_BYTES, "the memory that is stated");

struct per_cpu {
	uint64_t counts[WATCH_COUNTS];
	uint64_t woken_ns;
	uint64_t plain_ns;
	uint64_t drops_since_ns;
	uint32_t drops;
};

struct trace {
	struct watch_bpf *skel;
	struct ring_buffer *ring;
	struct trace_names *names;
	struct trace_frame frame;
	struct attempt attempt; /* what is given; reused */
	struct per_cpu *cpus;
	int n_cpus;
	bool missed_earlier;
	struct trace_plain *plain;
	int64_t plain_due_ns; /* CLOCK_MONOTONIC; 0: no more of them are known of */
	int64_t read_ns;      /* CLOCK_MONOTONIC: something was there */
	/* while it is read */
	trace_fn *fn;
	trace_counted_fn *plain_fn;
	void *user, *plain_user;
};

static int no_talk(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

static int refuse(struct err *e, int code)
{
	if (e)
		e->exit_code = 77;
	return -code;
}

static int load_failed(struct err *e, int code)
{
	/* The verifier says EACCES, too: that is no matter of privilege. */
	if (code == EPERM || (code == EACCES && geteuid())) {
		err_set(e, EPERM, "eBPF needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN on this host; %s",
			bpf_lacks(true));
		err_remedy(e, geteuid() ? "run it as root"
					: "run it as root of the host, not of a container or a user namespace");
		return refuse(e, EPERM);
	}
	if (code == EACCES)
		code = ENOTSUP;
	if (code == ESRCH || code == ENOENT || kernel_version(NULL, 0) < KERNEL_VERSION_OF(5, 17)) {
		err_set(e, code,
			"eBPF needs Linux 5.17 or later with its type information (CONFIG_DEBUG_INFO_BTF), and "
			"CONFIG_FTRACE_SYSCALLS");
		err_remedy(e, "such a kernel");
	} else {
		err_sys(e, code, "the kernel did not take the BPF programs");
	}
	return refuse(e, code);
}

/* ---- what is set before they are loaded ---- */

static int check(const struct trace_opts *o, struct err *e)
{
	const struct {
		const char *what;
		int n;
	} lists[] = { { "processes", o->n_pids },
		      { "commands", o->n_comms },
		      { "users", o->n_uids },
		      { "network namespaces", o->n_netns } };
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i].n <= TRACE_FILTERS_MAX)
			continue;
		err_set(e, EINVAL, "%d %s to filter for: at most %d", lists[i].n, lists[i].what, TRACE_FILTERS_MAX);
		if (e)
			e->exit_code = 2;
		return -EINVAL;
	}
	return 0;
}

static void give_filters(struct watch_bpf *skel, const struct trace_opts *o)
{
	int i;

	for (i = 0; i < o->n_pids; i++)
		skel->rodata->filter_pids[i] = o->pids[i];
	for (i = 0; i < o->n_uids; i++)
		skel->rodata->filter_uids[i] = o->uids[i];
	for (i = 0; i < o->n_netns; i++)
		skel->rodata->filter_netns[i] = o->netns[i];
	for (i = 0; i < o->n_comms; i++)
		strncpy((char *)skel->rodata->filter_comms[i], o->comms[i], sizeof(skel->rodata->filter_comms[i]) - 1);
	skel->rodata->n_pids = (uint32_t)o->n_pids;
	skel->rodata->n_uids = (uint32_t)o->n_uids;
	skel->rodata->n_netns = (uint32_t)o->n_netns;
	skel->rodata->n_comms = (uint32_t)o->n_comms;
	skel->rodata->filter_cgroup = o->cgroup;
	skel->rodata->filter_cgroup_level = (uint32_t)o->cgroup_level;
	skel->rodata->tree_pid = o->tree;
	skel->rodata->plain_below_ns = (uint64_t)o->plain_below_ns;
	skel->rodata->plain_refused = o->plain_refused;
}

static void give_kernel(struct trace *t, const struct trace_opts *o)
{
	t->skel->rodata->pidns = procs_namespace();
	t->skel->rodata->no_socket_reason = trace_names_reason_of(t->names, "NO_SOCKET");
	t->skel->rodata->other_host_reason = trace_names_reason_of(t->names, "OTHERHOST");
	t->skel->rodata->specified_from = trace_names_reason_of(t->names, "NOT_SPECIFIED");
	/* socket, packet, and then what became of it */
	t->skel->rodata->unsent_untold = trace_names_arguments(t->names, "tcp_retransmit_skb") < 3;
	t->skel->rodata->want_failed = !o->no_failed;
	t->skel->rodata->want_inbound = o->inbound;
}

static struct bpf_map *ring_of(const struct trace *t, int i)
{
	struct bpf_map *const rings[WATCH_RINGS] = { t->skel->maps.synsent_ring0, t->skel->maps.synsent_ring1,
						     t->skel->maps.synsent_ring2, t->skel->maps.synsent_ring3 };

	return rings[i];
}

/* What connect() returned is seen at the return of that function, or of every system call. */
static int load_with(struct trace *t, const struct trace_opts *o, bool function, bool earlier, bool attach)
{
	const uint32_t max = o->max_attempts ? o->max_attempts : OPEN_DEFAULT;
	int r;

	watch_bpf__destroy(t->skel);
	t->skel = watch_bpf__open();
	if (!t->skel)
		return -errno;
	give_filters(t->skel, o);
	give_kernel(t, o);
	r = bpf_map__set_max_entries(t->skel->maps.synsent_beyond, max);
	if (!r)
		r = bpf_map__set_max_entries(t->skel->maps.synsent_more, max);
	if (!r)
		r = bpf_program__set_autoload(t->skel->progs.synsent_connect, !o->no_failed && function);
	if (!r)
		r = bpf_program__set_autoload(t->skel->progs.synsent_exit, !o->no_failed && !function);
	if (!r)
		r = bpf_program__set_autoload(t->skel->progs.synsent_earlier, earlier);
	if (!r)
		r = watch_bpf__load(t->skel);
	return r || !attach ? r : watch_bpf__attach(t->skel);
}

/* Looks for what waits already.  Each read() goes on for a million descriptors, and tells of none. */
static void look_earlier(struct trace *t)
{
	struct bpf_link *link = t->skel->links.synsent_earlier;
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	int64_t until_ns = clock_mono_ns() + TRACE_EARLIER_NS;
	char none[16];
	ssize_t n = -1;

	if (fd >= 0)
		do
			n = read(fd, none, sizeof(none));
		while (n > 0 || (n < 0 && errno == EAGAIN && clock_mono_ns() < until_ns));
	t->missed_earlier = n != 0;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	t->skel->links.synsent_earlier = NULL;
}

static int load_any(struct trace *t, const struct trace_opts *o, bool earlier, bool attach)
{
	/* Some kernels have fexit, and do not let it be used. */
	int r = libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_TRACING, NULL) == 1 ? load_with(t, o, true, earlier, attach)
									     : -EPERM;

	return r ? load_with(t, o, false, earlier, attach) : 0;
}

static int load(struct trace *t, const struct trace_opts *o, bool attach, struct err *e)
{
	int r = load_any(t, o, true, attach);

	/* A kernel that cannot go through descriptors for us can do all the rest. */
	if (r && r != -EPERM)
		r = load_any(t, o, false, attach);
	if (r)
		return load_failed(e, -r);
	/* The time stamps that an earlier begin is told by are in ms. */
	__atomic_store_n(&t->skel->bss->attached_ns, clock_mono_ns() + 2000000, __ATOMIC_RELEASE);
	if (attach)
		look_earlier(t);
	return 0;
}

/* ---- what they tell ---- */

struct drop_key {
	struct watch_flow flow;
	uint32_t reply; /* WATCH_DROP_... */
};

static bool find_drop(struct trace *t, const struct flow *f, uint32_t kept_as, struct drop *ret)
{
	struct drop_key key = { .flow = { .client_port = f->client.port,
					  .server_port = f->server.port,
					  .family = f->server.addr.family },
				.reply = kept_as };
	struct watch_drop d;
	bool leaving;

	memcpy(key.flow.client.b, f->client.addr.b, sizeof(f->client.addr.b));
	memcpy(key.flow.server.b, f->server.addr.b, sizeof(f->server.addr.b));
	if (bpf_map_lookup_elem(bpf_map__fd(t->skel->maps.synsent_drops), &key, &d))
		return false;
	trace_drop(&d, key.flow.family, &t->frame, ret);
	leaving = (kept_as == WATCH_DROP_ANSWER && d.output) || (kept_as == WATCH_DROP_SYN && d.unreceived);
	ret->place = leaving ? DROP_LOCAL_OUTPUT : DROP_LOCAL_INPUT;
	return true;
}

static int on_record(void *ctx, void *data, size_t len)
{
	struct trace *t = ctx;
	struct watch_record w;
	bool whole = len >= sizeof(w);

	if (len < sizeof(w.attempt)) {
		/* More will come until the programs tell of them again. */
		if (!t->plain_due_ns)
			t->plain_due_ns = clock_mono_ns() + WATCH_PLAIN_NS;
		return 0;
	}
	memcpy(&w, data, whole ? sizeof(w) : sizeof(w.attempt));
	trace_attempt(&w.attempt, whole ? &w.more : NULL, &t->frame, &t->attempt);
	/* This host's own ICMP may have been quicker, on another CPU, than the drop that it tells of. */
	if (w.attempt.error == EHOSTUNREACH && !t->attempt.n_drops &&
	    find_drop(t, &t->attempt.flow, WATCH_DROP_SYN, &t->attempt.drops[0]))
		t->attempt.n_drops = t->attempt.drops[0].last_ns >= attempt_start_ns(&t->attempt);
	if (t->attempt.let_go)
		t->attempt.holder_ending = procs_is_ending(t->attempt.pid);
	t->fn(&t->attempt, t->user);
	return 0;
}

static int start_frame(struct trace *t, struct err *e)
{
	int r = jiffies_calibrate(&t->frame.jiffies, e);

	if (r)
		return r;
	t->frame.ahead_ns = clock_real_ahead_ns();
	t->frame.kernel = kernel_version(NULL, 0);
	t->frame.reason = trace_names_reason;
	t->frame.function = trace_names_function;
	t->frame.user = t->names;
	t->n_cpus = libbpf_num_possible_cpus();
	if (t->n_cpus <= 0)
		return err_set(e, EIO, "the number of CPUs is not known");
	t->cpus = calloc((size_t)t->n_cpus, sizeof(*t->cpus));
	t->plain = trace_plain_new();
	return t->cpus && t->plain ? 0 : err_set(e, ENOMEM, "no memory for the counts");
}

static int listen_rings(struct trace *t, struct err *e)
{
	int i, r = 0;

	t->ring = ring_buffer__new(bpf_map__fd(ring_of(t, 0)), on_record, t, NULL);
	if (!t->ring)
		r = -errno;
	for (i = 1; i < WATCH_RINGS && !r; i++)
		r = ring_buffer__add(t->ring, bpf_map__fd(ring_of(t, i)), on_record, t);
	return r ? err_sys(e, -r, "cannot read what the BPF programs tell") : 0;
}

int trace_open(const struct trace_opts *o, struct trace **ret, struct err *e)
{
	struct trace *t;
	int r = check(o, e);

	if (r)
		return r;
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(e, ENOMEM, "no memory for the observation");
	libbpf_set_print(no_talk);
	r = trace_names_open(&t->names, e);
	if (!r)
		r = start_frame(t, e);
	if (!r)
		r = load(t, o, true, e);
	if (!r) {
		r = listen_rings(t, e);
	}
	if (r) {
		trace_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

int trace_try(struct err *e)
{
	const struct trace_opts nothing_wanted = { 0 };
	struct trace t = { 0 };
	int r = trace_names_open(&t.names, e);

	libbpf_set_print(no_talk);
	if (!r)
		r = load(&t, &nothing_wanted, false, e);
	watch_bpf__destroy(t.skel);
	trace_names_free(t.names);
	return r;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	ring_buffer__free(t->ring);
	watch_bpf__destroy(t->skel);
	trace_names_free(t->names);
	trace_plain_free(t->plain);
	free(t->cpus);
	free(t);
}

int trace_fd(const struct trace *t)
{
	return ring_buffer__epoll_fd(t->ring);
}

bool trace_missed_earlier(const struct trace *t)
{
	return t->missed_earlier;
}

int trace_read(struct trace *t, trace_fn *fn, void *user)
{
	int n;

	t->fn = fn;
	t->user = user;
	n = ring_buffer__consume(t->ring);
	if (n > 0)
		t->read_ns = clock_mono_ns();
	return n > 0 ? n : 0;
}

bool trace_is_busy(const struct trace *t)
{
	return t->read_ns && clock_mono_ns() - t->read_ns < BUSY_NS;
}

bool trace_dropped(struct trace *t, const struct flow *f, struct drop *ret)
{
	return find_drop(t, f, WATCH_DROP_INBOUND, ret);
}

bool trace_dropped_answer(struct trace *t, const struct flow *f, struct drop *ret)
{
	return find_drop(t, f, WATCH_DROP_ANSWER, ret);
}

/* What is dropped without its socket is found by the flow; at its end the record takes it over. */
static void add_drop_so_far(struct trace *t, struct attempt *a)
{
	struct drop *d = &a->drops[a->n_drops];

	if (!a->flow.client.port || a->n_drops == ATTEMPT_DROPS_MAX || !find_drop(t, &a->flow, WATCH_DROP_SYN, d))
		return;
	if (d->netns && d->netns != a->netns)
		d->place = DROP_PATH_OR_PEER;
	a->n_drops++;
}

static void give_pending(struct trace *t, const struct watch_attempt *w, trace_fn *fn, void *user)
{
	struct watch_more more;
	bool whole = w->has_more && !bpf_map_lookup_elem(bpf_map__fd(t->skel->maps.synsent_more), &w->socket, &more);

	trace_attempt(w, whole ? &more : NULL, &t->frame, &t->attempt);
	t->attempt.observed_until_ns = trace_now(t);
	add_drop_so_far(t, &t->attempt);
	fn(&t->attempt, user);
}

/* A copy of it, if it was the same attempt's from beginning to end. */
static bool copy_place(const struct trace *t, int i, struct watch_attempt *ret)
{
	const struct watch_attempt *place = &t->skel->bss->places[i];
	uint64_t socket = __atomic_load_n(&place->socket, __ATOMIC_ACQUIRE);

	if (!socket)
		return false;
	memcpy(ret, place, sizeof(*ret));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return ret->socket == socket && __atomic_load_n(&place->socket, __ATOMIC_RELAXED) == socket;
}

/* Of those for which the fast table had no place. */
static int pending_beyond(struct trace *t, int max, trace_fn *fn, void *user)
{
	int fd = bpf_map__fd(t->skel->maps.synsent_beyond), n = 0;
	uint64_t key = 0, next;
	struct watch_attempt w;
	bool goes_on = !bpf_map_get_next_key(fd, NULL, &next);

	while (goes_on && n < max) {
		key = next;
		goes_on = !bpf_map_get_next_key(fd, &key, &next);
		if (bpf_map_lookup_elem(fd, &key, &w) || !w.socket || w.flags & WATCH_FILTERED)
			continue;
		give_pending(t, &w, fn, user);
		n++;
	}
	return n;
}

int trace_pending(struct trace *t, int max, trace_fn *fn, void *user)
{
	struct watch_attempt w;
	int i, n = 0;

	for (i = 0; i < WATCH_PLACES && n < max; i++) {
		if (!copy_place(t, i, &w) || w.flags & WATCH_FILTERED)
			continue;
		give_pending(t, &w, fn, user);
		n++;
	}
	return n + pending_beyond(t, max - n, fn, user);
}

/* ---- counts ---- */

static bool read_cpus(const struct trace *t)
{
	uint32_t zero = 0;

	return !bpf_map_lookup_elem(bpf_map__fd(t->skel->maps.synsent_counts), &zero, t->cpus);
}

void trace_counts(const struct trace *t, struct trace_counts *ret)
{
	uint64_t sum[WATCH_COUNTS] = { 0 };
	int i, k;

	if (read_cpus(t))
		for (i = 0; i < t->n_cpus; i++)
			for (k = 0; k < WATCH_COUNTS; k++)
				sum[k] += t->cpus[i].counts[k];
	*ret = (struct trace_counts){ .begun = sum[WATCH_N_BEGUN],
				      .connected = sum[WATCH_N_CONNECTED],
				      .ended = sum[WATCH_N_ENDED],
				      .missed_retransmits = sum[WATCH_N_MISSED_RETRANS],
				      .missed_begins = sum[WATCH_N_NO_BEGIN],
				      .missed_ends = sum[WATCH_N_NO_END],
				      .no_room = sum[WATCH_N_NO_ROOM],
				      .untold = sum[WATCH_N_UNTOLD],
				      .drops_unkept = sum[WATCH_N_DROPS_UNKEPT] };
}

const char *trace_lost(const struct trace_counts *c, int i, uint64_t *ret_n)
{
	static const char *const names[] = { "tracepoint", "table", "ring", "drops" };
	const uint64_t n[] = { c->missed_begins + c->missed_ends + c->missed_retransmits, c->no_room, c->untold,
			       c->drops_unkept };

	if (i < 0 || i >= (int)(sizeof(names) / sizeof(names[0])))
		return NULL;
	*ret_n = n[i];
	return names[i];
}

static void on_plain(const struct watch_attempt *w, uint64_t n, void *user)
{
	struct trace *t = user;

	trace_attempt(w, NULL, &t->frame, &t->attempt);
	t->plain_fn(&t->attempt, n, t->plain_user);
}

void trace_counted(struct trace *t, trace_counted_fn *fn, void *user)
{
	t->plain_fn = fn;
	t->plain_user = user;
	t->plain_due_ns = 0;
	trace_plain_read(t->plain, (const uint64_t *)t->skel->bss->plain_tags, t->skel->bss->plains, on_plain, t);
}

int64_t trace_counted_due_ns(const struct trace *t)
{
	return t->plain_due_ns;
}

int64_t trace_now(const struct trace *t)
{
	return clock_mono_ns() + t->frame.ahead_ns;
}
