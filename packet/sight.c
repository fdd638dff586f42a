/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/sight.h"

#include "packet/checksum.h"
#include "packet/classify.h"

#define OPTION_NOP 1
#define OPTION_TIMESTAMPS 8

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* As Linux sends a SYN: MSS, SACK permitted, timestamps.  What is not looked at is the MSS itself. */
static bool has_usual_options(const uint8_t *o, uint32_t len)
{
	static const uint8_t usual[8] = { 2, 4, 0, 0, 4, 2, OPTION_TIMESTAMPS, 10 };
	static const uint8_t looked_at[8] = { 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff };
	uint64_t has, want, mask;

	if (len < 16)
		return false;
	memcpy(&has, o, sizeof(has));
	memcpy(&want, usual, sizeof(want));
	memcpy(&mask, looked_at, sizeof(mask));
	return (has & mask) == want;
}

/* The timestamp among the options, len bytes: TSval, TSecr; the same walk as tcp_options_next().  NULL: there is none.
 */
static const uint8_t *find_timestamp(const uint8_t *o, uint32_t len)
{
	uint32_t at = 0;

	if (has_usual_options(o, len))
		return o + 8;
	while (at < len && o[at]) {
		if (o[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= len || o[at + 1] < 2 || at + o[at + 1] > len)
			return NULL;
		if (o[at] == OPTION_TIMESTAMPS && o[at + 1] == 10)
			return o + at + 2;
		at += o[at + 1];
	}
	return NULL;
}

/* What the quick way needs of a packet that is as plain as can be. */
struct plain {
	const uint8_t *ip, *l4;
	uint32_t captured; /* of l4 */
	uint32_t stated;   /* length of l4 by the IP header */
	bool v6;
};

static bool find_plain(int linktype, struct bytes frame, struct ip_place *place, struct plain *ret)
{
	uint32_t header_len, room;

	if (!ip_place(link_layout_of(linktype), frame.p, (uint32_t)frame.len, place))
		return false;
	ret->ip = frame.p + place->at;
	room = (uint32_t)frame.len - place->at;
	if (place->ethertype == ETHERTYPE_IPV4) {
		if (room < 40 || ret->ip[0] != 0x45 || ret->ip[9] != PROTO_TCP || classify_be16(ret->ip + 6) & 0x3fff)
			return false;
		if (classify_be16(ret->ip + 2) < 40)
			return false;
		ret->l4 = ret->ip + 20;
		ret->stated = classify_be16(ret->ip + 2) - 20u;
		ret->captured = room - 20;
	} else if (place->ethertype == ETHERTYPE_IPV6) {
		if (room < 60 || ret->ip[0] >> 4 != 6 || ret->ip[6] != PROTO_TCP)
			return false;
		ret->l4 = ret->ip + 40;
		ret->stated = classify_be16(ret->ip + 4);
		ret->captured = room - 40;
		ret->v6 = true;
	} else {
		return false;
	}
	header_len = (uint32_t)(ret->l4[12] >> 4) * 4;
	if (ret->captured > ret->stated)
		ret->captured = ret->stated;
	return header_len >= 20 && header_len <= ret->captured;
}

static uint64_t add_words(uint64_t sum, const uint8_t *p, size_t n)
{
	uint64_t v;

	for (; n; n--, p += sizeof(v)) {
		memcpy(&v, p, sizeof(v));
		sum += v;
		sum += sum < v; /* the carry comes in again: RFC 1071 section 2 */
	}
	return sum;
}

/* What is right is found so quickly; what is not is looked at in all ways that there are. */
static bool is_checksum_bad(const struct plain *p)
{
	const uint8_t tail[8] = { 0, 0, (uint8_t)(p->stated >> 8), (uint8_t)p->stated, 0, 0, 0, PROTO_TCP };
	size_t words = p->stated / 8;
	uint64_t sum, rest = 0;

	if (p->captured < p->stated)
		return false;
	memcpy(&sum, tail, sizeof(sum));
	sum = p->v6 ? add_words(sum, p->ip + 8, 4) : add_words(sum, p->ip + 12, 1);
	sum = add_words(sum, p->l4, words);
	memcpy(&rest, p->l4 + words * 8, p->stated % 8);
	sum += rest;
	sum += sum < rest;
	return checksum_fold(sum) != 0xffff &&
	       checksum_tcp_bytes_bad(p->ip + (p->v6 ? 8 : 12), p->ip + (p->v6 ? 24 : 16), p->v6 ? 16 : 4,
				      bytes_of(p->l4, p->captured), p->stated);
}

static bool is_syn_ack(uint16_t flags)
{
	return (flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
}

/* Every field of the first line, and of IPv4 no more, but for the echo of a SYN-ACK. */
static void fill_plain(const struct plain *p, uint64_t seed, struct sighting *ret)
{
	uint32_t header_len = (uint32_t)(p->l4[12] >> 4) * 4, id;
	const uint8_t *timestamp;

	if (p->v6) {
		memcpy(ret->src, p->ip + 8, 16);
		memcpy(ret->dst, p->ip + 24, 16);
		ret->src4 = ret->dst4 = 0;
		ret->family = 6;
		ret->ttl = p->ip[7];
		id = be32(p->ip) & 0xfffff;
		id ^= id >> 16;
		ret->flow_hash = flow_hash(flow_hash_end6(seed, p->ip + 8, classify_port(p->l4)),
					   flow_hash_end6(seed, p->ip + 24, classify_port(p->l4 + 2)));
	} else {
		memcpy(&ret->src4, p->ip + 12, 4);
		memcpy(&ret->dst4, p->ip + 16, 4);
		ret->family = 4;
		ret->ttl = p->ip[8];
		id = classify_be16(p->ip + 4);
		ret->flow_hash = flow_hash(flow_hash_end4(seed, p->ip + 12, classify_port(p->l4)),
					   flow_hash_end4(seed, p->ip + 16, classify_port(p->l4 + 2)));
	}
	ret->kind = SIGHTING_SEGMENT;
	ret->sport = classify_be16(p->l4);
	ret->dport = classify_be16(p->l4 + 2);
	ret->seq = be32(p->l4 + 4);
	ret->ack = be32(p->l4 + 8);
	ret->flags = classify_be16(p->l4 + 12) & 0x1ff;
	ret->len = p->stated - header_len;
	timestamp = find_timestamp(p->l4 + 20, header_len - 20);
	ret->ip_id = (uint16_t)id;
	ret->has_ts = timestamp != NULL;
	ret->mark = sighting_mark(ret->ip_id, timestamp, timestamp ? be32(timestamp) : 0);
	if (timestamp && is_syn_ack(ret->flags))
		ret->tsecr = be32(timestamp + 4);
	ret->bad_checksum = is_checksum_bad(p);
	ret->has_seq = ret->joins_only = ret->unasked = ret->duplicate = false;
	ret->attempt = 0;
	ret->path = ret->file = 0;
}

bool sight_plain(int linktype, struct bytes frame, uint64_t seed, struct sighting *ret)
{
	struct ip_place place = { 0 };
	struct plain plain = { 0 };

	if (!find_plain(linktype, frame, &place, &plain) || place.tagged)
		return false;
	fill_plain(&plain, seed, ret);
	return true;
}

/* The tags that ip_place() went over. */
static uint16_t vlan_path(struct bytes frame, const struct ip_place *place, struct paths *paths)
{
	struct path path = { 0 };
	uint32_t at;

	for (at = place->tagged; at < place->at; at += 4)
		path.steps[path.n++] = (struct path_step){ .kind = PATH_VLAN,
							   .has_id = true,
							   .id = classify_be16(frame.p + at) & 0xfffu };
	return paths_number(paths, &path);
}

static uint16_t ip_id(const struct packet *p)
{
	return p->ip_version == 6 ? (uint16_t)(p->flow_label ^ p->flow_label >> 16) : classify_be16(p->ip.p + 4);
}

static void fill_addr(uint8_t to[16], const struct addr *a)
{
	memcpy(to, a->b, 16);
}

static void fill_icmp(const struct packet *p, struct sighting *ret)
{
	const struct event_icmp *i = &p->event.icmp;

	ret->kind = SIGHTING_ICMP;
	ret->family = i->flow.client.addr.family;
	fill_addr(ret->src, &i->flow.client.addr);
	fill_addr(ret->dst, &i->flow.server.addr);
	ret->sport = i->flow.client.port;
	ret->dport = i->flow.server.port;
	ret->has_seq = i->has_seq;
	ret->seq = i->quoted_seq;
	ret->icmp_type = i->type;
	ret->icmp_code = i->code;
	ret->from = i->from;
	ret->mark = sighting_mark(ip_id(p), i->has_seq, i->quoted_seq);
}

static void fill_segment(const struct packet *p, struct sighting *ret)
{
	const struct event_segment *g = &p->event.segment;

	ret->kind = SIGHTING_SEGMENT;
	ret->family = p->ip_version;
	fill_addr(ret->src, &g->src.addr);
	fill_addr(ret->dst, &g->dst.addr);
	ret->sport = g->src.port;
	ret->dport = g->dst.port;
	ret->seq = g->seq;
	ret->ack = g->ack;
	ret->len = g->len;
	ret->flags = g->flags;
	ret->ttl = g->ttl;
	ret->bad_checksum = g->bad_checksum;
	ret->ip_id = ip_id(p);
	ret->has_ts = g->has_ts;
	ret->mark = sighting_mark(ret->ip_id, g->has_ts, g->tsval);
	ret->tsecr = g->tsecr;
}

enum decode_result sight(int linktype, struct bytes frame, uint32_t on_wire, uint64_t seed, struct paths *paths,
			 struct sighting *ret)
{
	struct ip_place place = { 0 };
	struct plain plain = { 0 };
	enum decode_result r;
	struct packet p;

	if (find_plain(linktype, frame, &place, &plain)) {
		fill_plain(&plain, seed, ret);
		ret->path = place.tagged ? vlan_path(frame, &place, paths) : 0;
		return DECODE_OK;
	}
	r = decode_cut_frame(linktype, frame, on_wire, &p);
	if (r != DECODE_OK)
		return r;
	*ret = (struct sighting){ 0 };
	if (p.event.kind == EVENT_ICMP)
		fill_icmp(&p, ret);
	else
		fill_segment(&p, ret);
	ret->path = paths_number(paths, &p.path);
	sighting_set_hash(ret, seed);
	return DECODE_OK;
}

uint32_t sight_class(const struct endpoint *one, const struct endpoint *other)
{
	struct sighting s = { .family = one->addr.family, .sport = one->port, .dport = other->port };

	memcpy(s.src, one->addr.b, sizeof(s.src));
	memcpy(s.dst, other->addr.b, sizeof(s.dst));
	memcpy(&s.src4, one->addr.b, sizeof(s.src4));
	memcpy(&s.dst4, other->addr.b, sizeof(s.dst4));
	return sighting_class(&s);
}
