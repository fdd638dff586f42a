/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace_inside.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sources/procs.h"
#include "sources/sysctls.h"
#include "sources/trace_load.h"
#include "util/clock.h"

/* No wake-up is sent so soon after another (bpf/watch_tell.h WAKE_NS): twice as long it is looked at without. */
#define BUSY_NS 40000000

/* So many are judged before it is read again: not so long that a ring fills meanwhile. */
#define JUDGED_AT_ONCE 16

_Static_assert(sizeof(struct watch_attempt) + 64 <= TRACE_ATTEMPT_BYTES, "the memory that is stated");
_Static_assert(sizeof(struct watch_record) <= TRACE_QUEUE_RECORD_MAX, "a record that waits");

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

int64_t trace_now(const struct trace *t)
{
	return clock_mono_ns() + t->frame.ahead_ns;
}
