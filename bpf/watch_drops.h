/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_DROPS_H
#define SYNSENT_BPF_WATCH_DROPS_H

#include "watch_packet.h"
#include "watch_socket.h"
#include "watch_table.h"
#include "watch_tell.h"

/* A packet that is dropped, and whose it was.  For watch.bpf.c alone. */

/*
 * Where a packet was.  Read by copies: for each pointer of a packet that the verifier follows it looks for a type's
 * name among all of the kernel's, which took most of the time of loading.
 */
struct whereabouts {
	const struct sock *sk;	      /* 0: it has none */
	const struct net_device *dev; /* 0: none */
	int ifindex;		      /* of dev */
};

static __always_inline struct whereabouts whereabouts_of(const struct sk_buff *skb)
{
	const struct net_device *dev = BPF_CORE_READ(skb, dev);

	return (struct whereabouts){ .sk = BPF_CORE_READ(skb, sk),
				     .dev = dev,
				     .ifindex = dev ? BPF_CORE_READ(dev, ifindex) : 0 };
}

static __always_inline __u32 netns_of_copy(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

/* One whose begin was not told has no record yet: its SYN is sent before it is told of. */
static __always_inline bool is_leaving(const struct sock *sk, __u32 netns)
{
	return sk && BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_SYN_SENT && (!netns || netns == netns_of_copy(sk));
}

/*
 * It was on its way out still, whether or not it had a socket: some devices take that from it before they drop it
 * (drivers/net/tun.c tun_net_xmit()).  What comes in by lo gets its skb_iif after the queue in which it may be dropped
 * (net/core/dev.c enqueue_to_backlog()): of a reply that drop has a reason of its own.
 */
static __always_inline bool is_unreceived(const struct sk_buff *skb, const struct whereabouts *w, bool reply,
					  unsigned int reason)
{
	if (skb->skb_iif)
		return false;
	if (!w->dev)
		return reply;
	if (w->ifindex != LOOPBACK_IFINDEX)
		return true;
	return reply && reason != backlog_reason && reason != specified_from;
}

/*
 * TCP sends clones of what it keeps (net/ipv4/tcp_output.c __tcp_transmit_skb()), and gives them their socket, which
 * the namespace after its own takes away (net/ipv4/ip_input.c ip_rcv_core()).  Whoever makes a copy of such a clone
 * gets neither.  A device may, too: then it is not known.
 */
static __always_inline bool is_original(const struct sk_buff *skb, const struct whereabouts *w)
{
	return w->sk || BPF_CORE_READ_BITFIELD_PROBED(skb, fclone) == SKB_FCLONE_CLONE;
}

/*
 * TEE and nft's `dup to` send a copy by IP's output: it has no socket, conntrack is told to leave it alone, and it is
 * not the clone that TCP sends (net/ipv4/netfilter/nf_dup_ipv4.c nf_dup_ipv4()).  A rule may keep conntrack off the
 * packet itself, too: that has its socket on its way out, and an answer that came in may have none.
 */
static __always_inline bool is_copied(const struct sk_buff *skb, const struct whereabouts *w, bool reply)
{
	if (!bpf_core_field_exists(skb->_nfct) || skb->_nfct != IP_CT_UNTRACKED || is_original(skb, w))
		return false;
	return !w->dev ? !skb->skb_iif : (w->ifindex == LOOPBACK_IFINDEX && !reply) || w->ifindex != skb->skb_iif;
}

/*
 * A SYN that is sent again and dropped on its way out is told of by its drop alone where tcp_retransmit_skb has no
 * error to tell (6.12; it has one in 6.18).  It is in total_retrans already (net/ipv4/tcp_output.c
 * __tcp_retransmit_skb()).
 */
static __always_inline void note_unsent(const struct sock *owner, struct watch_attempt *a, __u64 now)
{
	const struct tcp_sock *tp = (const void *)owner;
	__u32 total = BPF_CORE_READ(tp, total_retrans), at = total - 1;
	__u64 us = (now - a->start_ns) / 1000;

	if (a->flags & WATCH_FILTERED || total <= a->n_retrans)
		return;
	if (!a->n_retrans && total == 1)
		a->rto_first_j = BPF_CORE_READ(tp, inet_conn.icsk_rto);
	note_resent(a, at, us);
}

/* No device has it yet, or any more: its route's.  0: it has none. */
static __always_inline __u32 netns_of_route(const struct sk_buff *skb)
{
	const struct dst_entry *route = (const void *)(skb->_skb_refdst & ~1ul);

	return route ? BPF_CORE_READ(route, dev, nd_net.net, ns.inum) : 0;
}

/*
 * While a program of a tracepoint runs, it is skipped for what an interrupt brings on the same CPU (kernel/trace/
 * bpf_trace.c __bpf_trace_run(), recursion_misses): for all neighbours that are given up in one run of the timers, say.
 * So there are two programs for drops.  The first takes a packet; the second, which comes next for the same one, takes
 * what the first did not.  An interrupt between them brings in another packet, hence two places.  An address is used
 * again soon; with the same numbers it is not.
 */
enum turn { FIRST_OF_TWO, SECOND_OF_TWO };

static __always_inline bool takes(enum turn turn, const struct sk_buff *skb, const struct headers *h)
{
	__u64 id = (__u64)BPF_CORE_READ(skb, head) ^ (__u64)h->seq << 32 ^ h->ack;
	struct per_cpu *c = mine();

	if (!c)
		return turn == FIRST_OF_TWO;
	if (turn == FIRST_OF_TWO) {
		if (c->taken[0])
			c->taken[1] = id;
		else
			c->taken[0] = id;
		return true;
	}
	if (c->taken[0] == id)
		c->taken[0] = c->taken[1] = 0;
	else if (c->taken[1] == id)
		c->taken[1] = 0;
	else
		return true;
	return false;
}

/*
 * Whom a rule's match on the owner asks for (net/netfilter/nft_meta.c nft_meta_get_eval_skugid(), xt_owner.c
 * owner_mt()).  In a network namespace of another user namespace a rule has other numbers.
 */
static __always_inline void read_opener(const struct sock *sk, struct watch_drop *d)
{
	const struct cred *cred = BPF_CORE_READ(sk, sk_socket, file, f_cred);

	if (!cred || BPF_CORE_READ(sk, __sk_common.skc_net.net, user_ns, level))
		return;
	d->opener = BPF_CORE_READ(cred, fsuid.val);
	d->opener_known = 1;
}

static __noinline int note_drop(enum turn turn, struct sk_buff *skb, void *location, unsigned int reason)
{
	struct watch_drop d = { .packets = 1, .reason = reason, .location = (__u64)location };
	struct drop_key key = { 0 };
	struct headers h = { 0 };
	const struct whereabouts w = whereabouts_of(skb);
	const struct sock *owner = w.sk;
	const struct net_device *dev = w.dev;
	/* its own SYN, on the way out, or what early demultiplexing found for a reply */
	struct watch_attempt *a = owner ? find_key(key_of_number((__u64)owner)) : 0;
	const struct nf_conn *nat = translated(skb);
	bool known = read_headers(skb, &h), for_inbound;

	if (!known && !a)
		return 0;
	if (known && !is_handshake(&h))
		return 0;
	if (!takes(turn, skb, &h))
		return 0;
	d.first_ns = d.last_ns = bpf_ktime_get_ns();
	d.reset = known && h.flags & TCP_FLAG_RST;
	d.reply = d.reset || (known && (h.flags & TCP_FLAG_ACK));
	d.isn = d.reply ? h.ack - 1 : h.seq;
	if (d.reply && reason == no_socket_reason)
		return 0;
	if (!d.reset && is_copied(skb, &w, d.reply))
		return 0;
	if (dev) {
		d.ifindex = (__u32)w.ifindex;
		d.netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	} else if (owner) {
		d.netns = netns_of_copy(owner); /* no device is chosen yet: it is on its way out */
	} else if (d.reply) {
		d.netns = netns_of_route(skb); /* IPv6 sends an RST that is of no socket */
	}
	/* A SYN keeps its socket on its way through a pair of veths, into another namespace. */
	d.output = !d.reply && is_leaving(owner, d.netns);
	if (d.output)
		read_opener(owner, &d);
	d.unreceived = is_unreceived(skb, &w, d.reply, reason);
	d.original = d.reply || is_original(skb, &w);
	if (nat && !d.reply && is_sent_elsewhere(nat)) {
		d.to = h.flow.server;
		d.to_port = h.flow.server_port;
	}
	/* of an earlier attempt of this socket: it waited for a neighbour */
	if (a && owner && known && !d.reply && h.seq != BPF_CORE_READ((const struct tcp_sock *)owner, snd_una))
		return 0;
	if (a && unsent_untold && d.output)
		note_unsent(owner, a, d.last_ns);
	if (a)
		watch_add_drop(a, &d);
	for_inbound = want_inbound && known && !d.output;
	if ((a && !for_inbound) || !may_keep(d.last_ns))
		return 0;
	if (d.reply)
		reverse(&h.flow);
	key.flow = h.flow;
	if (!a) {
		if (nat)
			read_untranslated(nat, &key.flow);
		key.reply = d.reset ? WATCH_DROP_RST : d.reply ? WATCH_DROP_SYN_ACK : WATCH_DROP_SYN;
		keep_drop(&key, &d);
	}
	if (for_inbound) {
		key.flow = h.flow;
		key.reply = d.reply ? WATCH_DROP_ANSWER : WATCH_DROP_INBOUND;
		d.output = d.reply && !skb->skb_iif;
		keep_drop(&key, &d);
	}
	return 0;
}

/* Where it was dropped as one of `droppers`; WATCH_DROPPERS_MAX: it may have been freed at the end of its way. */
static __noinline __u32 dropper_at(__u64 location)
{
	for (__u32 i = 0; i < WATCH_DROPPERS_MAX; i++) {
		if (location - droppers[i].from < droppers[i].len)
			return i;
	}
	return WATCH_DROPPERS_MAX;
}

/*
 * An RST comes back to what had no answer yet: conntrack forgets it now (net/netfilter/nf_conntrack_proto_tcp.c
 * nf_conntrack_tcp_packet()), and when the RST reaches the socket, it has nothing of conntrack any more (net/ipv4/
 * tcp_ipv4.c tcp_v4_rcv()).
 */
static __always_inline void note_nat(const struct nf_conn *ct)
{
	struct watch_nat n = { .at_ns = bpf_ktime_get_ns() };
	struct watch_flow flow = { 0 };

	if (BPF_CORE_READ(ct, tuplehash[0].tuple.dst.protonum) != IPPROTO_TCP || !is_sent_elsewhere(ct) ||
	    !may_keep(n.at_ns))
		return;
	flow.family = BPF_CORE_READ(ct, tuplehash[0].tuple.src.l3num) == AF_INET6 ? 6 : 4;
	read_untranslated(ct, &flow);
	n.as.family = flow.family;
	read_translated(ct, &n.as);
	n.netns = BPF_CORE_READ(ct, ct_net.net, ns.inum);
	if (kept_ns < n.at_ns)
		kept_ns = n.at_ns;
	bpf_map_update_elem(&synsent_nat, &flow, &n, BPF_ANY);
}

#endif
