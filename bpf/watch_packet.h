/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_PACKET_H
#define SYNSENT_BPF_WATCH_PACKET_H

#include "watch_kernel.h"
#include "watch_state.h"

#include <stdbool.h>

/* A packet that is dropped, and where that is kept.  For watch.bpf.c alone. */

struct headers {
	struct watch_flow flow; /* as the packet has it: client is the source */
	__u8 flags;
	__u32 seq, ack;
};

/* A SYN, its answer, or an RST that answers it (RFC 9293 section 3.10.7.1: its sequence number is 0). */
static __always_inline bool is_handshake(const struct headers *h)
{
	return h->flags & TCP_FLAG_SYN || ((h->flags & TCP_FLAG_RST) && (h->flags & TCP_FLAG_ACK) && !h->seq);
}

static __always_inline bool read_tcp(const unsigned char *ip, int len, struct headers *h)
{
	unsigned char tcp[14];

	if (bpf_probe_read_kernel(tcp, sizeof(tcp), ip + len))
		return false;
	h->flow.client_port = (__u16)(tcp[0] << 8 | tcp[1]);
	h->flow.server_port = (__u16)(tcp[2] << 8 | tcp[3]);
	h->flags = tcp[13];
	h->seq = (__u32)tcp[4] << 24 | (__u32)tcp[5] << 16 | (__u32)tcp[6] << 8 | tcp[7];
	h->ack = (__u32)tcp[8] << 24 | (__u32)tcp[9] << 16 | (__u32)tcp[10] << 8 | tcp[11];
	return true;
}

/*
 * IPv6 extension headers before TCP are not followed: no stack puts them before a SYN by itself.  1: it is TCP.  A
 * global function, as others here, so that the verifier goes through it once (watch_tell.h watch_tell()).
 */
__noinline int watch_read_ip(__u64 at, struct headers *h)
{
	const unsigned char *ip = (const void *)at;
	unsigned char b[40];

	if (!h || bpf_probe_read_kernel(b, sizeof(b), ip))
		return 0;
	if (b[0] >> 4 == 4 && b[9] == IPPROTO_TCP) {
		h->flow.family = 4;
		__builtin_memcpy(h->flow.client.b, b + 12, 4);
		__builtin_memcpy(h->flow.server.b, b + 16, 4);
		return read_tcp(ip, (b[0] & 15) * 4, h);
	}
	if (b[0] >> 4 == 6 && b[6] == IPPROTO_TCP) {
		h->flow.family = 6;
		__builtin_memcpy(h->flow.client.b, b + 8, 16);
		__builtin_memcpy(h->flow.server.b, b + 24, 16);
		return read_tcp(ip, 40, h);
	}
	return 0;
}

static __always_inline bool read_ip(const unsigned char *ip, struct headers *h)
{
	return watch_read_ip((__u64)ip, h);
}

#define ETH_HLEN 14

static __always_inline bool is_ip(const unsigned char *p)
{
	unsigned char b;

	return !bpf_probe_read_kernel(&b, 1, p) && (b >> 4 == 4 || b >> 4 == 6);
}

/*
 * A driver or an XDP program has not said yet where the headers begin.  Where it was said, what lies at the data may be
 * the SYN that an ICMP error cites, and the error is freed as if dropped (net/ipv6/icmp.c icmpv6_rcv() of 6.1).
 */
static __always_inline bool read_headers(const struct sk_buff *skb, struct headers *h)
{
	/* numbers, and no pointers, as watch_read_ip() takes them */
	const unsigned char *head = BPF_CORE_READ(skb, head), *data = BPF_CORE_READ(skb, data);

	if (skb->network_header) {
		if (read_ip(head + skb->network_header, h))
			return true;
		if (is_ip(head + skb->network_header))
			return false;
	}
	return read_ip(data, h) || read_ip(data + ETH_HLEN, h);
}

static __always_inline void reverse(struct watch_flow *f)
{
	struct watch_addr a = f->client;
	__u16 port = f->client_port;

	f->client = f->server;
	f->client_port = f->server_port;
	f->server = a;
	f->server_port = port;
}

/* What conntrack has of a packet whose addresses a rule of this namespace has translated; 0: none has. */
static __always_inline const struct nf_conn *translated(const struct sk_buff *skb)
{
	const struct nf_conn *ct;

	if (!bpf_core_field_exists(skb->_nfct) || !bpf_core_type_exists(struct nf_conn))
		return 0;
	ct = (const void *)(skb->_nfct & ~NFCT_INFOMASK);
	return ct && BPF_CORE_READ(ct, status) & IPS_NAT_MASK ? ct : 0;
}

static __always_inline bool is_sent_elsewhere(const struct nf_conn *ct)
{
	return BPF_CORE_READ(ct, status) & IPS_DST_NAT;
}

/* The flow as its client has it, whose SYN was the first of it. */
static __always_inline void read_untranslated(const struct nf_conn *ct, struct watch_flow *to)
{
	bpf_core_read(&to->client, sizeof(to->client), &ct->tuplehash[0].tuple.src.u3);
	bpf_core_read(&to->server, sizeof(to->server), &ct->tuplehash[0].tuple.dst.u3);
	to->client_port = bpf_ntohs(BPF_CORE_READ(ct, tuplehash[0].tuple.src.u.all));
	to->server_port = bpf_ntohs(BPF_CORE_READ(ct, tuplehash[0].tuple.dst.u.all));
}

/* ... and as its server has it, whose answers the other half tells of. */
static __always_inline void read_translated(const struct nf_conn *ct, struct watch_flow *to)
{
	bpf_core_read(&to->client, sizeof(to->client), &ct->tuplehash[1].tuple.dst.u3);
	bpf_core_read(&to->server, sizeof(to->server), &ct->tuplehash[1].tuple.src.u3);
	to->client_port = bpf_ntohs(BPF_CORE_READ(ct, tuplehash[1].tuple.dst.u.all));
	to->server_port = bpf_ntohs(BPF_CORE_READ(ct, tuplehash[1].tuple.src.u.all));
}

#define KEPT_PER_10MS 200

/* So that a flood that a firewall drops costs little more than without. */
static __always_inline bool may_keep(__u64 now)
{
	struct per_cpu *c = mine();

	if (!c)
		return false;
	if (now - c->drops_since_ns > 10000000) {
		c->drops_since_ns = now;
		c->drops = 0;
	}
	if (c->drops++ < KEPT_PER_10MS)
		return true;
	c->counts[WATCH_N_DROPS_UNKEPT]++;
	unkept_ns = now;
	return false;
}

static __always_inline bool is_same_place(const struct watch_drop *a, const struct watch_drop *b)
{
	return a->reason == b->reason && a->location == b->location && a->netns == b->netns && a->output == b->output;
}

/* A second place is kept beside the first; a third one takes the second's room, and a SYN of another attempt the
 * place's. */
static __always_inline void keep_drop(struct drop_key *key, const struct watch_drop *d)
{
	struct watch_drop *old = bpf_map_lookup_elem(&synsent_drops, key);

	if (kept_ns < d->last_ns)
		kept_ns = d->last_ns;
	if (old && !is_same_place(old, d)) {
		key->reply += WATCH_DROP_SECOND;
		old = bpf_map_lookup_elem(&synsent_drops, key);
	}
	if (old && is_same_place(old, d) && (d->reply || old->isn == d->isn)) {
		old->packets++;
		old->isn = d->isn;
		old->original |= d->original;
		old->last_ns = d->last_ns;
	} else {
		bpf_map_update_elem(&synsent_drops, key, d, BPF_ANY);
	}
}

#endif
