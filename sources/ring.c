// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINKTYPE_RAW 101

/* One block is retired after gather_ms at the latest, however few packets are in it. */
#define BLOCK ((size_t)256 << 10)
#define BLOCKS_LEAST 8
#define FRAME 2048 /* of no consequence but that it divides a block */

struct ring {
	int fd;
	uint8_t *blocks;
	unsigned int n, at;
	uint64_t lost;
};

/* ---- the filter ---- */

/* The first instructions: only IP, and one program for each direction. */
#define HEAD 7

static void make_head(struct sock_filter *to, uint32_t inbound_len)
{
	const struct sock_filter head[HEAD] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
		BPF_STMT(BPF_JMP | BPF_JA, inbound_len),
	};

	memcpy(to, head, sizeof(head));
}

static int compile(pcap_t *dead, const char *text, struct bpf_program *ret, struct err *e)
{
	if (pcap_compile(dead, ret, text, 1, PCAP_NETMASK_UNKNOWN))
		return err_set(e, EINVAL, "\"%s\" is not a packet filter: %s", text, pcap_geterr(dead));
	return 0;
}

/* libpcap's instructions are the kernel's. */
_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "one instruction");

static int attach(int fd, const struct bpf_program *in, const struct bpf_program *out, struct err *e)
{
	struct sock_filter *all = malloc((HEAD + in->bf_len + out->bf_len) * sizeof(*all));
	struct sock_fprog program = { .len = (unsigned short)(HEAD + in->bf_len + out->bf_len), .filter = all };
	int r = 0;

	if (!all)
		return err_sys(e, ENOMEM, "packet filter");
	make_head(all, in->bf_len);
	memcpy(all + HEAD, in->bf_insns, in->bf_len * sizeof(*all));
	memcpy(all + HEAD + in->bf_len, out->bf_insns, out->bf_len * sizeof(*all));
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		r = err_sys(e, errno, "cannot set the packet filter");
	free(all);
	return r;
}

static int set_filter(int fd, const struct ring_opts *o, struct err *e)
{
	pcap_t *dead = pcap_open_dead(DLT_RAW, o->snaplen);
	struct bpf_program in = { 0 }, out = { 0 };
	int r;

	if (!dead)
		return err_sys(e, ENOMEM, "packet filter");
	r = compile(dead, o->inbound, &in, e);
	if (!r)
		r = compile(dead, o->outgoing, &out, e);
	if (!r)
		r = attach(fd, &in, &out, e);
	pcap_freecode(&in);
	pcap_freecode(&out);
	pcap_close(dead);
	return r;
}

/* ---- the ring ---- */

static int map_blocks(struct ring *r, const struct ring_opts *o, struct err *e)
{
	struct tpacket_req3 req = { .tp_block_size = BLOCK,
				    .tp_frame_size = FRAME,
				    .tp_retire_blk_tov = (unsigned int)o->gather_ms };
	int version = TPACKET_V3;
	void *p;

	if (setsockopt(r->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)))
		return err_sys(e, errno, "TPACKET_V3");
	/* with less where there is not so much */
	for (r->n = o->memory / BLOCK > BLOCKS_LEAST ? (unsigned int)(o->memory / BLOCK) : BLOCKS_LEAST;; r->n /= 2) {
		req.tp_block_nr = r->n;
		req.tp_frame_nr = r->n * (BLOCK / FRAME);
		if (!setsockopt(r->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
			break;
		if (errno != ENOMEM || r->n <= BLOCKS_LEAST)
			return err_sys(e, errno, "a ring of packets");
	}
	p = mmap(NULL, r->n * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (p == MAP_FAILED)
		return err_sys(e, errno, "a ring of packets");
	r->blocks = p;
	return 0;
}

/* Bound last, so that nothing comes unfiltered. */
static int begin(struct ring *r, const struct ring_opts *o, struct err *e)
{
	const struct sockaddr_ll any = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int status = set_filter(r->fd, o, e);

	if (!status)
		status = map_blocks(r, o, e);
	if (!status && bind(r->fd, (const struct sockaddr *)&any, sizeof(any)))
		status = err_sys(e, errno, "cannot capture on all interfaces");
	return status;
}

int ring_open(const struct ring_opts *o, struct ring **ret, struct err *e)
{
	struct ring *r = calloc(1, sizeof(*r));
	int status;

	if (!r)
		return err_sys(e, ENOMEM, "a ring of packets");
	r->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (r->fd < 0 && errno == EPERM)
		status = live_denied("any", e);
	else if (r->fd < 0)
		status = err_sys(e, errno, "cannot capture on all interfaces");
	else
		status = begin(r, o, e);
	if (status)
		ring_free(r);
	else
		*ret = r;
	return status;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	if (r->blocks)
		munmap(r->blocks, r->n * BLOCK);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

int ring_fd(const struct ring *r)
{
	return r->fd;
}

/* Some packets ahead: they lie one behind the other, in memory that another processor wrote. */
#define AHEAD_BYTES 640

static size_t read_block(struct tpacket_block_desc *b, live_fn *fn, void *user)
{
	const uint8_t *at = (const uint8_t *)b + b->hdr.bh1.offset_to_first_pkt;
	const struct tpacket3_hdr *h;
	uint32_t i, n = b->hdr.bh1.num_pkts;

	for (i = 0; i < n; i++, at += h->tp_next_offset) {
		__builtin_prefetch(at + AHEAD_BYTES);
		__builtin_prefetch(at + AHEAD_BYTES + 64);
		h = (const struct tpacket3_hdr *)(const void *)at;
		fn(&(const struct live_packet){ .t_ns = (int64_t)h->tp_sec * 1000000000 + h->tp_nsec,
						.data = at + h->tp_net,
						.caplen = h->tp_snaplen,
						.len = h->tp_len,
						.linktype = LINKTYPE_RAW },
		   user);
	}
	return n;
}

size_t ring_read(struct ring *r, live_fn *fn, void *user)
{
	struct tpacket_block_desc *b;
	size_t n = 0;
	unsigned int i;

	/* once round at most: where they come as fast as they are read, others wait, too */
	for (i = 0; i < r->n; i++) {
		b = (struct tpacket_block_desc *)(void *)(r->blocks + r->at * BLOCK);
		if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			break;
		n += read_block(b, fn, user);
		__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		r->at = (r->at + 1) % r->n;
	}
	return n;
}

uint64_t ring_lost(struct ring *r)
{
	struct tpacket_stats_v3 now;
	socklen_t len = sizeof(now);

	/* What is told begins anew then. */
	if (!getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &now, &len))
		r->lost += now.tp_drops;
	return r->lost;
}
