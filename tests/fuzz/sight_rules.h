/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_FUZZ_SIGHT_RULES_H
#define SYNSENT_TESTS_FUZZ_SIGHT_RULES_H

#include "packet/classify.h"
#include "packet/sight.h"

/* What must hold of packet/classify.h and packet/sight.h, whatever the frame is: both are decode_cut_frame() in short.
 */
#define SIGHT_SEED 0x5eed5eed5eed5eedu

static inline uint64_t sight_end(const struct endpoint *e)
{
	const uint8_t b[2] = { (uint8_t)(e->port >> 8), (uint8_t)e->port };
	uint16_t be;

	memcpy(&be, b, sizeof(be));
	return e->addr.family == 4 ? flow_hash_end4(SIGHT_SEED, e->addr.b, be)
				   : flow_hash_end6(SIGHT_SEED, e->addr.b, be);
}

/* NULL, or what is wrong. */
static inline const char *classify_wrong(int linktype, struct bytes frame, enum decode_result r, const struct packet *p)
{
	const struct event_segment *g = &p->event.segment;
	uint32_t class = 0;

	switch (classify(link_layout_of(linktype), frame.p, (uint32_t)frame.len, &class)) {
	case SORT_TCP:
		if (r != DECODE_OK || p->event.kind != EVENT_SEGMENT)
			return "SORT_TCP is a segment";
		if (g->flags & (TCP_SYN | TCP_RST))
			return "SORT_TCP is without SYN and RST";
		return class == sight_class(&g->src, &g->dst) ? NULL : "SORT_TCP has its flow's class";
	case SORT_SYN:
		if (r != DECODE_OK || p->event.kind != EVENT_SEGMENT)
			return "SORT_SYN is a segment";
		return g->flags & (TCP_SYN | TCP_RST) ? NULL : "SORT_SYN is with SYN or RST";
	case SORT_OTHER:
		return r == DECODE_NOT_OURS ? NULL : "SORT_OTHER is not ours";
	default:
		return NULL;
	}
}

/* Of IPv4 they stand in the first line alone. */
static inline bool sight_has_addrs(const struct sighting *s, const struct addr *src, const struct addr *dst)
{
	if (s->family == 4)
		return !memcmp(&s->src4, src->b, 4) && !memcmp(&s->dst4, dst->b, 4);
	return !memcmp(s->src, src->b, 16) && !memcmp(s->dst, dst->b, 16);
}

static inline const char *sight_segment_wrong(const struct sighting *s, const struct packet *p)
{
	const struct event_segment *g = &p->event.segment;

	if (s->kind != SIGHTING_SEGMENT || s->family != p->ip_version)
		return "kind and family of a segment";
	if (!sight_has_addrs(s, &g->src.addr, &g->dst.addr) || s->sport != g->src.port || s->dport != g->dst.port)
		return "addresses and ports of a segment";
	if (s->seq != g->seq || s->ack != g->ack || s->len != g->len || s->flags != g->flags || s->ttl != g->ttl)
		return "numbers of a segment";
	if (s->bad_checksum != g->bad_checksum)
		return "checksum of a segment";
	if (s->has_seq)
		return "a segment has nothing of ICMP";
	if (s->has_ts != g->has_ts || s->mark != sighting_mark(s->ip_id, g->has_ts, g->tsval) ||
	    (s->has_ts && sighting_tsval(s->ip_id, s->mark) != g->tsval))
		return "timestamp of a segment";
	if (g->has_ts && (g->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) && s->tsecr != g->tsecr)
		return "echo of a SYN-ACK";
	return NULL;
}

static inline const char *sight_icmp_wrong(const struct sighting *s, const struct packet *p)
{
	const struct event_icmp *i = &p->event.icmp;

	if (s->kind != SIGHTING_ICMP || s->family != i->flow.client.addr.family)
		return "kind and family of an ICMP error";
	if (!sight_has_addrs(s, &i->flow.client.addr, &i->flow.server.addr) || s->sport != i->flow.client.port ||
	    s->dport != i->flow.server.port)
		return "addresses and ports of an ICMP error";
	if (s->has_seq != i->has_seq || s->seq != i->quoted_seq || s->icmp_type != i->type || s->icmp_code != i->code)
		return "what an ICMP error says";
	if (!addr_equal(&s->from, &i->from))
		return "who sent an ICMP error";
	if (s->ack || s->len || s->flags || s->ttl || s->bad_checksum)
		return "an ICMP error has nothing of a segment";
	return NULL;
}

/*
 * Nothing but VLAN tags around: the same IP packet alone has the same mark, here
 * by a link type that has no quick way.
 */
static inline const char *sight_mark_wrong(const struct sighting *s, const struct packet *p, struct paths *paths)
{
	struct bytes alone = p->frame;
	struct sighting slow;
	size_t before = (size_t)(p->ip.p - p->frame.p);

	if (p->path.n != p->vlans || !bytes_skip(&alone, before))
		return NULL;
	if (p->ip_on_wire != p->on_wire - before)
		return NULL; /* the link's header states a length of its own */
	if (sight(LINK_RAW_OPENBSD, alone, p->ip_on_wire, SIGHT_SEED, paths, &slow) != DECODE_OK)
		return "the IP packet is decoded alone";
	return slow.mark == s->mark ? NULL : "the mark is that of the IP packet";
}

/* sight_plain() gives the same, or nothing. */
static inline const char *sight_plain_wrong(int linktype, struct bytes frame, const struct sighting *s)
{
	struct sighting plain;

	memset(&plain, 0xff, sizeof(plain));
	if (!sight_plain(linktype, frame, SIGHT_SEED, &plain))
		return NULL;
	if (!s || s->path)
		return "sight_plain() is for what has nothing around it";
	if ((s->family == 6 &&
	     (memcmp(plain.src, s->src, sizeof(s->src)) || memcmp(plain.dst, s->dst, sizeof(s->dst)))) ||
	    plain.src4 != s->src4 || plain.dst4 != s->dst4 || plain.sport != s->sport || plain.dport != s->dport ||
	    plain.seq != s->seq || plain.ack != s->ack || plain.len != s->len || plain.flags != s->flags ||
	    plain.ttl != s->ttl || plain.kind != s->kind || plain.family != s->family ||
	    plain.bad_checksum != s->bad_checksum || plain.mark != s->mark || plain.flow_hash != s->flow_hash ||
	    plain.path || plain.joins_only)
		return "sight_plain() is sight()";
	return NULL;
}

static inline const char *sight_hash_wrong(const struct sighting *s, const struct packet *p)
{
	const struct event *ev = &p->event;
	const struct endpoint *one = ev->kind == EVENT_ICMP ? &ev->icmp.flow.client : &ev->segment.src;
	const struct endpoint *other = ev->kind == EVENT_ICMP ? &ev->icmp.flow.server : &ev->segment.dst;

	if (sighting_class(s) != sight_class(one, other) || sighting_class(s) != sight_class(other, one))
		return "the class of the flow";
	return s->flow_hash == flow_hash(sight_end(one), sight_end(other)) ? NULL : "the hash of the flow";
}

/* NULL, or what is wrong. */
static inline const char *sight_wrong(int linktype, struct bytes frame, uint32_t on_wire, struct paths *paths)
{
	struct packet p;
	struct sighting s;
	enum decode_result r = decode_cut_frame(linktype, frame, on_wire, &p);
	const char *wrong = classify_wrong(linktype, frame, r, &p);

	if (wrong)
		return wrong;
	memset(&s, 0xff, sizeof(s));
	if (sight(linktype, frame, on_wire, SIGHT_SEED, paths, &s) != r)
		return "sight() has decode_cut_frame()'s result";
	wrong = sight_plain_wrong(linktype, frame, r == DECODE_OK ? &s : NULL);
	if (wrong || r != DECODE_OK)
		return wrong;
	wrong = p.event.kind == EVENT_ICMP ? sight_icmp_wrong(&s, &p) : sight_segment_wrong(&s, &p);
	if (!wrong)
		wrong = sight_hash_wrong(&s, &p);
	if (wrong)
		return wrong;
	if (s.path != paths_number(paths, &p.path))
		return "what was around it";
	if (s.joins_only || s.unasked || s.attempt || s.duplicate || s.file)
		return "what others fill is empty";
	return sight_mark_wrong(&s, &p, paths);
}

#endif
