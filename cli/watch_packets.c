/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_packets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet/decode.h"
#include "sources/live.h"
#include "sources/namespaces.h"
#include "util/duration.h"

/* IPv6's flags are where they are without extension headers. */
#define FILTER                                                                                                       \
	"inbound and ((tcp[tcpflags] & (tcp-syn|tcp-ack) = (tcp-syn|tcp-ack)) or (tcp[tcpflags] & tcp-rst != 0) or " \
	"(ip6 and tcp and (ip6[53] & 18 = 18 or ip6[53] & 4 != 0)) or "                                              \
	"(icmp and (icmp[0] = 3 or icmp[0] = 4 or icmp[0] = 11 or icmp[0] = 12)) or (icmp6 and ip6[40] < 5))"

#define SNAPLEN 192
#define BUFFER (4 << 20)
#define BUCKETS 16384 /* a power of 2 */
#define NONE (-1)

/* The clocks of packets and of tracepoints differ by a hair. */
#define SLACK_NS (2 * NS_PER_MS)

struct seen {
	struct flow flow;
	struct reply reply;
	uint32_t netns;	  /* where, inode number; 0: not asked for */
	bool has_ack;	  /* the segment acknowledges something */
	int next, before; /* of its bucket */
};

struct place {
	struct watch_packets *of;
	uint32_t netns; /* 0: this one, and attempts of all are looked for */
	struct live *live;
};

struct watch_packets {
	int n_places;
	struct place places[WATCH_PACKETS_NETNS_MAX];
	uint64_t n; /* seen in all; the last WATCH_REPLIES_MAX are there */
	int buckets[BUCKETS];
	struct seen seen[WATCH_REPLIES_MAX];
};

static unsigned int bucket_of(const struct flow *f)
{
	uint64_t h = 0, part;
	size_t i;

	for (i = 0; i < 16; i += 8) {
		memcpy(&part, f->server.addr.b + i, sizeof(part));
		h = (h ^ part) * 0x9e3779b97f4a7c15u;
	}
	h = (h ^ ((uint64_t)f->client.port << 16 | f->server.port)) * 0xd6e8feb86659fd93u;
	return (unsigned int)(h >> 40) & (BUCKETS - 1);
}

/* The oldest gives its place, which is the last of its bucket. */
static struct seen *take_place(struct watch_packets *w)
{
	struct seen *s = &w->seen[w->n++ % WATCH_REPLIES_MAX];

	if (w->n <= WATCH_REPLIES_MAX)
		return s;
	if (s->before != NONE)
		w->seen[s->before].next = NONE;
	else
		w->buckets[bucket_of(&s->flow)] = NONE;
	return s;
}

static void keep(const struct place *p, const struct seen *what)
{
	struct watch_packets *w = p->of;
	struct seen *s = take_place(w);
	int *bucket = &w->buckets[bucket_of(&what->flow)], at = (int)(s - w->seen);

	*s = *what;
	s->netns = p->netns;
	s->reply.packet = w->n;
	s->before = NONE;
	s->next = *bucket;
	if (s->next != NONE)
		w->seen[s->next].before = at;
	*bucket = at;
}

static void on_segment(const struct place *p, const struct event_segment *g, int64_t t_ns)
{
	keep(p, &(const struct seen){ .flow = { .client = g->dst, .server = g->src },
				      .has_ack = g->flags & TCP_ACK,
				      .reply = { .t_ns = t_ns,
						 .kind = g->flags & TCP_RST ? REPLY_RST : REPLY_SYN_ACK,
						 .ignored = g->bad_checksum ? IGNORED_CHECKSUM : IGNORED_NOT,
						 .ttl = g->ttl,
						 .from = g->src.addr,
						 .seq = g->seq,
						 .ack = g->ack } });
}

static void on_icmp(const struct place *p, const struct event_icmp *i, int64_t t_ns)
{
	keep(p, &(const struct seen){ .flow = i->flow,
				      .reply = { .t_ns = t_ns,
						 .kind = REPLY_ICMP,
						 .icmp_family = i->family,
						 .icmp_type = i->type,
						 .icmp_code = i->code,
						 .from = i->from } });
}

static void on_packet(const struct live_packet *p, void *user)
{
	struct packet decoded;
	const struct event *ev = &decoded.event;

	if (decode_cut_frame(p->linktype, bytes_of(p->data, p->caplen), (uint32_t)p->len, &decoded) != DECODE_OK)
		return;
	if (ev->kind == EVENT_SEGMENT)
		on_segment(user, &ev->segment, p->t_ns);
	else if (ev->kind == EVENT_ICMP)
		on_icmp(user, &ev->icmp, p->t_ns);
}

struct opening {
	const struct live_opts *opts;
	struct place *place;
	struct err *e;
};

/* In the namespace: the socket stays there. */
static int open_live(void *arg)
{
	struct opening *o = arg;

	return live_open(o->opts, &o->place->live, o->e);
}

static int open_places(struct watch_packets *w, const uint32_t *netns, int n_netns, struct err *e)
{
	struct namespaces *namespaces = namespaces_new();
	int n = n_netns ? n_netns : 1, r = namespaces ? 0 : err_sys(e, ENOMEM, "namespaces");
	const struct live_opts lo = { .device = "any", .filter = FILTER, .snaplen = SNAPLEN, .buffer = BUFFER / n };

	for (; w->n_places < n && !r; w->n_places++) {
		struct place *p = &w->places[w->n_places];

		*p = (struct place){ .of = w, .netns = n_netns ? netns[w->n_places] : 0 };
		r = namespaces_call(namespaces, p->netns, open_live, &(struct opening){ &lo, p, e }, e);
	}
	namespaces_free(namespaces);
	return r;
}

int watch_packets_open(const uint32_t *netns, int n_netns, struct watch_packets **ret, struct err *e)
{
	struct watch_packets *w = calloc(1, sizeof(*w));
	int r, i;

	if (!w)
		return err_sys(e, ENOMEM, "--packets");
	for (i = 0; i < BUCKETS; i++)
		w->buckets[i] = NONE;
	r = open_places(w, netns, n_netns, e);
	if (r) {
		err_wrap(e, "--packets");
		e->exit_code = 77;
		watch_packets_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void watch_packets_free(struct watch_packets *w)
{
	int i;

	if (!w)
		return;
	for (i = 0; i < w->n_places; i++)
		live_free(w->places[i].live);
	free(w);
}

int watch_packets_fds(const struct watch_packets *w, struct pollfd *fds)
{
	int i;

	for (i = 0; i < w->n_places; i++)
		fds[i] = (struct pollfd){ .fd = live_fd(w->places[i].live), .events = POLLIN };
	return i;
}

void watch_packets_read(struct watch_packets *w)
{
	struct err e = { 0 };
	int i;

	for (i = 0; i < w->n_places; i++)
		live_read(w->places[i].live, on_packet, &w->places[i], &e);
}

/* ---- joining ---- */

static bool has_reset(const struct attempt *a)
{
	const struct reply *r = attempt_accepted_reply(a);

	return r && r->kind == REPLY_RST;
}

/* RFC 4443: 1 unreachable, 3 time exceeded, 4 parameter problem. */
static bool ended_by_icmp6(const struct seen *s, const struct attempt *a)
{
	return s->reply.icmp_family == 6 && s->reply.icmp_type != 2 && a->close_cause == CLOSE_KERNEL &&
	       a->end_error != ETIMEDOUT && !has_reset(a);
}

static bool noted_icmp6(const struct seen *s, const struct attempt *a)
{
	return s->reply.icmp_family == 6 && s->reply.icmp_type != 2 && a->soft_error;
}

/* Why the kernel, which tells of what it took, did not take this. */
static enum ignored why_ignored(const struct seen *s, const struct attempt *a)
{
	if (s->reply.ignored != IGNORED_NOT)
		return s->reply.ignored;
	/* IPv6's are not told of; but such an error, ended with or noted, comes of nothing else that is seen. */
	if (s->reply.kind == REPLY_ICMP)
		return ended_by_icmp6(s, a) || noted_icmp6(s, a) ? IGNORED_NOT : IGNORED_BY_TYPE;
	if (!s->has_ack)
		return IGNORED_NO_ACK;
	if (a->has_isn && s->reply.ack != a->isn + 1 + a->syn_len)
		return IGNORED_WRONG_ACK;
	return IGNORED_DROPPED;
}

static struct reply *kernels_word(struct attempt *a, const struct seen *s, enum ignored why)
{
	int i;

	for (i = 0; i < a->n_replies && i < ATTEMPT_REPLIES_MAX; i++) {
		struct reply *r = &a->replies[i];

		if (r->packet || r->kind != s->reply.kind)
			continue;
		/* One that it took, or of which it said itself why not. */
		if (r->ignored == why || (r->ignored == IGNORED_NOT && why != IGNORED_WRONG_ACK &&
					  why != IGNORED_NO_ACK && why != IGNORED_CHECKSUM))
			return r;
	}
	return NULL;
}

static void join(struct attempt *a, const struct seen *s)
{
	enum ignored why = why_ignored(s, a);
	struct reply *r = kernels_word(a, s, why);
	int64_t t_ns;
	enum ignored said;

	if (r) {
		t_ns = r->t_ns;
		said = r->ignored;
		*r = s->reply;
		r->t_ns = t_ns;
		r->ignored = said;
		return;
	}
	if (a->n_replies < ATTEMPT_REPLIES_MAX) {
		a->replies[a->n_replies] = s->reply;
		a->replies[a->n_replies].ignored = why;
	}
	a->n_replies++;
}

static bool is_of(const struct seen *s, const struct attempt *a)
{
	return endpoint_equal(&s->flow.client, &a->flow.client) && endpoint_equal(&s->flow.server, &a->flow.server) &&
	       (!s->netns || s->netns == a->netns);
}

void watch_packets_join(const struct watch_packets *w, struct attempt *a)
{
	int64_t from = attempt_start_ns(a) - SLACK_NS, to = a->ended_ns + SLACK_NS;
	const struct seen *of[ATTEMPT_REPLIES_MAX];
	int i, n = 0;

	/* The newest come first. */
	for (i = w->buckets[bucket_of(&a->flow)]; i != NONE && n < ATTEMPT_REPLIES_MAX; i = w->seen[i].next)
		if (is_of(&w->seen[i], a) && w->seen[i].reply.t_ns >= from && w->seen[i].reply.t_ns <= to)
			of[n++] = &w->seen[i];
	while (n > 0)
		join(a, of[--n]);
}

uint64_t watch_packets_lost(struct watch_packets *w)
{
	uint64_t lost = 0;
	int i;

	for (i = 0; i < w->n_places; i++)
		lost += live_lost(w->places[i].live);
	return lost;
}
