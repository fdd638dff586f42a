/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_inbound.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "cli/watch_inbound_verdict.h"
#include "packet/paths.h"
#include "packet/sight.h"
#include "sources/namespaces.h"
#include "sources/netns.h"
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

/* One network namespace. */
struct place {
	struct watch_inbound *of;
	uint32_t netns; /* inode number */
	struct ring *ring;
	struct handshakes *handshakes;
	struct paths *paths;
	uint64_t seed, n;
	int64_t read_ns;	    /* CLOCK_MONOTONIC: packets came */
	struct sighting *sightings; /* BATCH of them, each at the begin of a line of the cache */
	size_t waiting;
};

struct watch_inbound {
	watch_inbound_fn *fn;
	void *user;
	struct watch_inbound_counts counts;
	int n; /* places */
	struct place places[WATCH_INBOUND_NETNS_MAX];
};

static void give(const struct place *p, const struct digest *d)
{
	struct attempt a;

	if (!p->of->fn)
		return;
	a = *handshakes_attempt(p->handshakes);
	a.netns = p->netns;
	p->of->fn(&a, d, p->of->user);
}

/* The attempt in full is made only where something of it is wanted: in a flood that would be most of the work. */
static void on_digest(const struct digest *d, void *user)
{
	const struct place *p = user;
	struct watch_inbound_counts *c = &p->of->counts;

	if (watch_inbound_at_once(handshakes_attempt(p->handshakes), d)) {
		c->answered++;
		return;
	}
	if (d->answer == REPLY_SYN_ACK)
		c->late++;
	else if (d->answer == REPLY_NONE)
		c->ignored++;
	else
		c->refused++;
	give(p, d);
}

static void feed(struct place *p)
{
	struct sighting *list[BATCH];
	size_t i;

	for (i = 0; i < p->waiting; i++)
		list[i] = &p->sightings[i];
	handshakes_feed(p->handshakes, list, p->waiting);
	p->waiting = 0;
}

static void on_packet(const struct live_packet *l, void *user)
{
	struct place *p = user;
	struct sighting *s = &p->sightings[p->waiting];
	struct bytes frame = bytes_of(l->data, l->caplen);

	if (!sight_plain(l->linktype, frame, p->seed, s) &&
	    sight(l->linktype, frame, (uint32_t)l->len, p->seed, p->paths, s) != DECODE_OK)
		return;
	s->t_ns = l->t_ns;
	s->packet = ++p->n;
	s->file = 0;
	handshakes_expect(p->handshakes, s);
	if (++p->waiting == BATCH)
		feed(p);
}

/* ---- one namespace ---- */

struct opening {
	struct place *place;
	size_t memory;
	struct err *e;
};

/* In the namespace: the socket stays there. */
static int open_ring(void *arg)
{
	struct opening *o = arg;
	const struct ring_opts ro = { .inbound = SYNS " or " ANSWERS,
				      .outgoing = ANSWERS,
				      .snaplen = SNAPLEN,
				      .gather_ms = GATHER_MS,
				      .memory = o->memory };

	o->place->netns = netns_own();
	return ring_open(&ro, &o->place->ring, o->e);
}

static int start(struct place *p, int n, struct err *e)
{
	struct handshakes_config c = {
		.memory = WATCH_INBOUND_MEMORY / (unsigned int)n, .at_once = true, .fn = on_digest, .user = p
	};

	if (getrandom(&p->seed, sizeof(p->seed), 0) < 0)
		p->seed = 1;
	c.seed = p->seed;
	p->paths = paths_new(p->seed);
	p->handshakes = handshakes_new(&c);
	p->sightings = aligned_alloc(64, BATCH * sizeof(*p->sightings));
	return p->paths && p->handshakes && p->sightings ? 0 : err_sys(e, ENOMEM, "packets");
}

static void stop(struct place *p)
{
	ring_free(p->ring);
	handshakes_free(p->handshakes);
	paths_free(p->paths);
	free(p->sightings);
}

/* ---- all of them ---- */

static int open_places(struct watch_inbound *w, const struct watch_inbound_opts *o, struct err *e)
{
	struct namespaces *namespaces = namespaces_new();
	int n = o->n_netns ? o->n_netns : 1, r = namespaces ? 0 : err_sys(e, ENOMEM, "namespaces");

	for (; w->n < n && !r; w->n++) {
		struct place *p = &w->places[w->n];
		struct opening opening = { .place = p, .memory = WATCH_INBOUND_RINGS / (unsigned int)n, .e = e };

		p->of = w;
		r = start(p, n, e);
		if (!r)
			r = namespaces_call(namespaces, o->n_netns ? o->netns[w->n] : 0, open_ring, &opening, e);
	}
	namespaces_free(namespaces);
	return r;
}

int watch_inbound_open(const struct watch_inbound_opts *o, struct watch_inbound **ret, struct err *e)
{
	struct watch_inbound *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_sys(e, ENOMEM, "--inbound");
	w->fn = o->fn;
	w->user = o->user;
	r = open_places(w, o, e);
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
	int i;

	if (!w)
		return;
	for (i = 0; i < w->n; i++)
		stop(&w->places[i]);
	free(w);
}

int watch_inbound_fds(const struct watch_inbound *w, struct pollfd *fds)
{
	int i;

	for (i = 0; i < w->n; i++)
		fds[i] = (struct pollfd){ .fd = ring_fd(w->places[i].ring), .events = POLLIN };
	return i;
}

void watch_inbound_read(struct watch_inbound *w)
{
	struct place *p;

	for (p = w->places; p < w->places + w->n; p++) {
		if (!ring_read(p->ring, on_packet, p))
			continue;
		feed(p);
		p->read_ns = clock_mono_ns();
	}
}

void watch_inbound_idle(struct watch_inbound *w)
{
	struct place *p;
	int64_t idle;

	for (p = w->places; p < w->places + w->n; p++) {
		idle = clock_mono_ns() - p->read_ns;
		if (p->read_ns && idle >= NS_PER_S)
			handshakes_idle(p->handshakes, idle);
	}
}

void watch_inbound_finish(struct watch_inbound *w, int64_t now_ns)
{
	int i;

	watch_inbound_read(w);
	for (i = 0; i < w->n; i++)
		handshakes_finish(w->places[i].handshakes, now_ns);
}

void watch_inbound_counts(struct watch_inbound *w, struct watch_inbound_counts *ret)
{
	struct handshakes_counts c;
	struct place *p;

	*ret = w->counts;
	for (p = w->places; p < w->places + w->n; p++) {
		handshakes_counts(p->handshakes, &c);
		ret->lost += ring_lost(p->ring);
		ret->evicted += c.evicted + c.attempts_lost;
	}
}
