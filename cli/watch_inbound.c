/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_inbound.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "packet/paths.h"
#include "packet/sight.h"
#include "sources/ring.h"
#include "util/clock.h"
#include "util/duration.h"

/* What comes to this host, and what it answers, whichever way that goes.  IPv6's flags are where they are without
 * extension headers. */
#define SYNS "(tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn) or (ip6 and tcp and ip6[53] & 18 = 2)"
#define ANSWERS                                                                                         \
	"(tcp[tcpflags] & (tcp-syn|tcp-ack) = (tcp-syn|tcp-ack)) or (tcp[tcpflags] & tcp-rst != 0) or " \
	"(ip6 and tcp and (ip6[53] & 18 = 18 or ip6[53] & 4 != 0)) or (icmp and icmp[0] = 3) or "       \
	"(icmp6 and ip6[40] = 1)"

#define SNAPLEN 96 /* an ICMPv6 error up to the quoted SYN's ISN; a SYN that has no data, whole, with IPv4 */
#define BATCH 32
#define GATHER_MS 20

/* An answer that took longer came late, whatever SYN it answers. */
#define LATE_NS (500 * NS_PER_MS)

struct watch_inbound {
	struct ring *ring;
	struct handshakes *handshakes;
	struct paths *paths;
	watch_inbound_fn *fn;
	void *user;
	uint64_t seed, n;
	int64_t read_ns; /* CLOCK_MONOTONIC: packets came */
	struct watch_inbound_counts counts;
	struct sighting *sightings; /* BATCH of them, each at the begin of a line of the cache */
	size_t waiting;
};

static bool is_late(const struct attempt *a, const struct digest *d)
{
	const struct reply *r = digest_answer(a);

	return d->n_syns > 1 || (r && r->t_ns - attempt_start_ns(a) > LATE_NS);
}

/* The attempt in full is made only where something of it is wanted: in a flood that would be most of the work. */
static void on_digest(const struct digest *d, void *user)
{
	struct watch_inbound *w = user;

	if (d->answer == REPLY_SYN_ACK && d->n_synacks < 2 && !is_late(handshakes_attempt(w->handshakes), d)) {
		w->counts.answered++;
		return;
	}
	if (d->answer == REPLY_SYN_ACK)
		w->counts.late++;
	else if (d->answer == REPLY_NONE)
		w->counts.ignored++;
	else
		w->counts.refused++;
	if (w->fn)
		w->fn(handshakes_attempt(w->handshakes), d, w->user);
}

static void feed(struct watch_inbound *w)
{
	struct sighting *list[BATCH];
	size_t i;

	for (i = 0; i < w->waiting; i++)
		list[i] = &w->sightings[i];
	handshakes_feed(w->handshakes, list, w->waiting);
	w->waiting = 0;
}

static void on_packet(const struct live_packet *p, void *user)
{
	struct watch_inbound *w = user;
	struct sighting *s = &w->sightings[w->waiting];
	struct bytes frame = bytes_of(p->data, p->caplen);

	if (!sight_plain(p->linktype, frame, w->seed, s) &&
	    sight(p->linktype, frame, (uint32_t)p->len, w->seed, w->paths, s) != DECODE_OK)
		return;
	s->t_ns = p->t_ns;
	s->packet = ++w->n;
	s->file = 0;
	handshakes_expect(w->handshakes, s);
	if (++w->waiting == BATCH)
		feed(w);
}

static int start(struct watch_inbound *w, struct err *e)
{
	const struct ring_opts ro = {
		.inbound = SYNS " or " ANSWERS, .outgoing = ANSWERS, .snaplen = SNAPLEN, .gather_ms = GATHER_MS
	};
	struct handshakes_config c = { .memory = WATCH_INBOUND_MEMORY, .at_once = true, .fn = on_digest, .user = w };

	if (getrandom(&w->seed, sizeof(w->seed), 0) < 0)
		w->seed = 1;
	c.seed = w->seed;
	w->paths = paths_new(w->seed);
	w->handshakes = handshakes_new(&c);
	w->sightings = aligned_alloc(64, BATCH * sizeof(*w->sightings));
	if (!w->paths || !w->handshakes || !w->sightings)
		return err_sys(e, ENOMEM, "--inbound");
	return ring_open(&ro, &w->ring, e);
}

int watch_inbound_open(watch_inbound_fn *fn, void *user, struct watch_inbound **ret, struct err *e)
{
	struct watch_inbound *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_sys(e, ENOMEM, "--inbound");
	w->fn = fn;
	w->user = user;
	r = start(w, e);
	if (r) {
		err_wrap(e, "--inbound");
		e->exit_code = 77;
		watch_inbound_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void watch_inbound_free(struct watch_inbound *w)
{
	if (!w)
		return;
	ring_free(w->ring);
	handshakes_free(w->handshakes);
	paths_free(w->paths);
	free(w->sightings);
	free(w);
}

int watch_inbound_fd(const struct watch_inbound *w)
{
	return ring_fd(w->ring);
}

void watch_inbound_read(struct watch_inbound *w)
{
	if (!ring_read(w->ring, on_packet, w))
		return;
	feed(w);
	w->read_ns = clock_mono_ns();
}

void watch_inbound_idle(struct watch_inbound *w)
{
	int64_t idle = clock_mono_ns() - w->read_ns;

	if (w->read_ns && idle >= NS_PER_S)
		handshakes_idle(w->handshakes, idle);
}

void watch_inbound_finish(struct watch_inbound *w, int64_t now_ns)
{
	watch_inbound_read(w);
	handshakes_finish(w->handshakes, now_ns);
}

void watch_inbound_counts(struct watch_inbound *w, struct watch_inbound_counts *ret)
{
	struct handshakes_counts c;

	handshakes_counts(w->handshakes, &c);
	*ret = w->counts;
	ret->lost = ring_lost(w->ring);
	ret->evicted = c.evicted + c.attempts_lost;
}
