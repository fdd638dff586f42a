/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/watch_shared.h"
#include "sources/procs.h"
#include "sources/sysctls.h"
#include "sources/trace_attempt.h"
#include "sources/trace_load.h"
#include "sources/trace_names.h"
#include "sources/trace_plain.h"
#include "sources/trace_queue.h"
#include "util/clock.h"
#include "watch.skel.h"

/* No wake-up is sent so soon after another (bpf/watch_tell.h WAKE_NS): twice as long it is looked at without. */
#define BUSY_NS 40000000

/* So many are judged before it is read again: not so long that a ring fills meanwhile. */
#define JUDGED_AT_ONCE 16

_Static_assert(sizeof(struct watch_attempt) + 64 <= TRACE_ATTEMPT_BYTES, "the memory that is stated");
_Static_assert(sizeof(struct watch_record) <= TRACE_QUEUE_RECORD_MAX, "a record that waits");

struct per_cpu {
	uint64_t counts[WATCH_COUNTS];
	uint64_t woken_ns;
	uint64_t plain_ns;
	uint64_t drops_since_ns;
	uint32_t drops;
	uint64_t taken[2];
};

struct trace {
	struct watch_bpf *skel;
	enum trace_drops drops;
	struct ring_buffer *ring;
	struct trace_queue queue; /* out of the ring */
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

struct drop_key {
	struct watch_flow flow;
	uint32_t reply; /* WATCH_DROP_... */
};

/* In its place, or in that of a second one: with the same addresses and ports there may be another attempt elsewhere.
 */
static bool look_up(struct trace *t, struct drop_key *key, const struct attempt *of, struct watch_drop *ret)
{
	const int map = bpf_map__fd(t->skel->maps.synsent_drops);
	const uint32_t isn = of->has_isn ? of->isn : 0;

	if (!bpf_map_lookup_elem(map, key, ret) && watch_drop_is_of(ret, isn, of->netns))
		return true;
	key->reply += WATCH_DROP_SECOND;
	return isn && !bpf_map_lookup_elem(map, key, ret) && watch_drop_is_of(ret, isn, of->netns);
}

static bool find_drop(struct trace *t, const struct attempt *of, const struct flow *f, uint32_t kept_as,
		      struct drop *ret)
{
	struct drop_key key = { .flow = { .client_port = f->client.port,
					  .server_port = f->server.port,
					  .family = f->server.addr.family },
				.reply = kept_as };
	struct watch_drop d;
	bool leaving;

	memcpy(key.flow.client.b, f->client.addr.b, sizeof(f->client.addr.b));
	memcpy(key.flow.server.b, f->server.addr.b, sizeof(f->server.addr.b));
	if (!look_up(t, &key, of, &d))
		return false;
	trace_drop(&d, key.flow.family, &t->frame, ret);
	leaving = (kept_as == WATCH_DROP_ANSWER && d.output) || (kept_as < WATCH_DROP_INBOUND && d.unreceived);
	ret->place = leaving ? DROP_LOCAL_OUTPUT : DROP_LOCAL_INPUT;
	return true;
}

static void judge(struct trace *t, const void *data, size_t len)
{
	struct watch_record w;
	bool whole = len >= sizeof(w);

	memcpy(&w, data, whole ? sizeof(w) : sizeof(w.attempt));
	trace_attempt(&w.attempt, whole ? &w.more : NULL, &t->frame, &t->attempt);
	/* This host's own ICMP may have been quicker, on another CPU, than the drop that it tells of. */
	if (w.attempt.error == EHOSTUNREACH && !t->attempt.n_drops &&
	    find_drop(t, &t->attempt, &t->attempt.flow, WATCH_DROP_SYN, &t->attempt.drops[0]))
		t->attempt.n_drops = t->attempt.drops[0].last_ns >= attempt_start_ns(&t->attempt);
	if (t->attempt.let_go)
		t->attempt.holder_ending = procs_is_ending(t->attempt.pid);
	t->fn(&t->attempt, t->user);
}

static int on_record(void *ctx, void *data, size_t len)
{
	struct trace *t = ctx;

	if (len < sizeof(struct watch_attempt)) {
		/* More will come until the programs tell of them again. */
		if (!t->plain_due_ns)
			t->plain_due_ns = clock_mono_ns() + WATCH_PLAIN_NS;
		return 0;
	}
	if (!trace_queue_put(&t->queue, data, len))
		judge(t, data, len);
	return trace_queue_has_room(&t->queue) ? 0 : -ENOSPC;
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

static struct bpf_map *ring_of(const struct trace *t, int i)
{
	struct bpf_map *const rings[WATCH_RINGS] = { t->skel->maps.synsent_ring0, t->skel->maps.synsent_ring1,
						     t->skel->maps.synsent_ring2, t->skel->maps.synsent_ring3 };

	return rings[i];
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
	struct trace_loaded loaded;
	struct trace *t;
	int r;

	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(e, ENOMEM, "no memory for the observation");
	t->queue.max = ((size_t)WATCH_PLACES + trace_max_attempts(o)) * TRACE_ATTEMPT_BYTES;
	r = trace_names_open(&t->names, e);
	if (!r)
		r = start_frame(t, e);
	if (!r)
		r = trace_load(o, t->names, true, &loaded, e);
	if (!r) {
		t->skel = loaded.skel;
		t->missed_earlier = loaded.missed_earlier;
		t->drops = loaded.drops;
		r = listen_rings(t, e);
	}
	if (r) {
		trace_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

int trace_try(enum trace_drops *ret_drops, struct err *e)
{
	const struct trace_opts nothing_wanted = { 0 };
	struct trace_names *names = NULL;
	struct trace_loaded loaded;
	int r = trace_names_open(&names, e);

	if (!r)
		r = trace_load(&nothing_wanted, names, false, &loaded, e);
	if (!r) {
		*ret_drops = loaded.drops;
		watch_bpf__destroy(loaded.skel);
	}
	trace_names_free(names);
	return r;
}

enum trace_drops trace_drops(const struct trace *t)
{
	return t->drops;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	ring_buffer__free(t->ring);
	trace_queue_free(&t->queue);
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

void trace_prepare(struct trace *t)
{
	trace_names_prepare(t->names);
}

bool trace_missed_earlier(const struct trace *t)
{
	return t->missed_earlier;
}

int trace_read(struct trace *t, trace_fn *fn, void *user)
{
	const void *record = NULL;
	bool some = false;
	size_t len;
	int i, r, n = 0;

	t->fn = fn;
	t->user = user;
	do {
		r = trace_queue_has_room(&t->queue) ? ring_buffer__consume(t->ring) : 0;
		some |= r != 0;
		for (i = 0; i < JUDGED_AT_ONCE && (record = trace_queue_take(&t->queue, &len)); i++)
			judge(t, record, len);
		n += i;
	} while (record || r < 0);
	if (some)
		t->read_ns = clock_mono_ns();
	return n;
}

bool trace_is_busy(const struct trace *t)
{
	return t->read_ns && clock_mono_ns() - t->read_ns < BUSY_NS;
}

bool trace_tells_nat(const struct trace *t)
{
	return t->skel->links.synsent_forgotten != NULL;
}

bool trace_dropped(struct trace *t, const struct attempt *of, const struct flow *f, enum trace_dropped what,
		   struct drop *ret)
{
	static const uint32_t kept_as[] = { [TRACE_DROPPED_SYN] = WATCH_DROP_SYN,
					    [TRACE_DROPPED_SYN_ACK] = WATCH_DROP_SYN_ACK,
					    [TRACE_DROPPED_INBOUND] = WATCH_DROP_INBOUND,
					    [TRACE_DROPPED_ANSWER] = WATCH_DROP_ANSWER };

	return find_drop(t, of, f, kept_as[what], ret);
}

/* What is dropped without its socket is found by the flow; at its end the record takes it over. */
static void add_drop_so_far(struct trace *t, struct attempt *a)
{
	struct drop *d = &a->drops[a->n_drops];

	if (!a->flow.client.port || a->n_drops == ATTEMPT_DROPS_MAX || !find_drop(t, a, &a->flow, WATCH_DROP_SYN, d))
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

struct waiting {
	struct watch_attempt *all;
	int n, room, max;
};

static void keep_waiting(struct waiting *to, const struct watch_attempt *w)
{
	struct watch_attempt *grown;

	if (w->flags & WATCH_FILTERED || to->n == to->max)
		return;
	if (to->n == to->room) {
		grown = realloc(to->all, (size_t)(to->room + 512) * sizeof(*grown));
		if (!grown)
			return;
		to->all = grown;
		to->room += 512;
	}
	to->all[to->n++] = *w;
}

/* Of those for which the fast table had no place. */
static void keep_beyond(struct trace *t, struct waiting *to)
{
	int fd = bpf_map__fd(t->skel->maps.synsent_beyond);
	uint64_t key = 0, next;
	struct watch_attempt w;
	bool goes_on = !bpf_map_get_next_key(fd, NULL, &next);

	while (goes_on && to->n < to->max) {
		key = next;
		goes_on = !bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_elem(fd, &key, &w) && w.socket)
			keep_waiting(to, &w);
	}
}

static int by_start(const void *a, const void *b)
{
	const struct watch_attempt *x = a, *y = b;

	return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

int trace_pending(struct trace *t, int max, trace_fn *fn, void *user)
{
	struct waiting waiting = { .max = max };
	struct watch_attempt w;
	int i;

	for (i = 0; i < WATCH_PLACES; i++)
		if (copy_place(t, i, &w))
			keep_waiting(&waiting, &w);
	keep_beyond(t, &waiting);
	if (waiting.n)
		qsort(waiting.all, (size_t)waiting.n, sizeof(*waiting.all), by_start);
	for (i = 0; i < waiting.n; i++)
		give_pending(t, &waiting.all[i], fn, user);
	free(waiting.all);
	return waiting.n;
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
				      /* one that an unseen drop kept in this host is told of by no event */
				      .missed_retransmits =
					      t->drops == TRACE_DROPS_ALL ? sum[WATCH_N_MISSED_RETRANS] : 0,
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
