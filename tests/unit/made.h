/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_MADE_H
#define SYNSENT_TESTS_UNIT_MADE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/bytes.h"

/* Capture files and frames for tests, byte by byte.  `swapped`: in the other byte order than this machine's. */
void made_u16(struct buf *to, bool swapped, uint16_t v);
void made_u32(struct buf *to, bool swapped, uint32_t v);
void made_u64(struct buf *to, bool swapped, uint64_t v);
void made_zeros(struct buf *to, size_t n);

/* pcap */
struct made_pcap {
	bool swapped;
	uint32_t magic; /* a1b2c3d4: us, a1b23c4d: ns, a1b2cd34: longer records */
	uint32_t linktype;
};

struct made_time {
	uint32_t s, parts;
};

void made_pcap_header(struct buf *to, const struct made_pcap *p);
/* A record of that packet, which was `cut` bytes longer. */
void made_pcap_record(struct buf *to, const struct made_pcap *p, struct made_time t, struct bytes frame, uint32_t cut);

/* pcapng: body padded, both lengths right. */
void made_block(struct buf *to, bool swapped, uint32_t type, struct bytes body);
void made_section(struct buf *to, bool swapped, struct bytes options);
void made_interface(struct buf *to, bool swapped, uint16_t linktype, uint32_t snaplen, struct bytes options);
void made_option(struct buf *to, bool swapped, uint16_t code, struct bytes value);
/* An Enhanced Packet Block. */
void made_epb(struct buf *to, bool swapped, uint32_t interface, uint64_t time, struct bytes frame,
	      struct bytes options);
void made_old_packet(struct buf *to, bool swapped, uint16_t interface, uint64_t time, struct bytes frame);
/* len: of the packet as it was sent. */
void made_simple_packet(struct buf *to, bool swapped, uint32_t len, struct bytes frame);

/* Frames. */
struct made_frame {
	int linktype; /* LINK_ETHERNET, LINK_LINUX_SLL, LINK_LINUX_SLL2, LINK_RAW or LINK_NULL */
	int vlans;    /* 0 to 3 */
	int version;  /* 4 or 6; 0: ARP */
	uint8_t protocol;
	uint8_t host_src, host_dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint16_t flags;
	bool timestamps;
	struct bytes options; /* of TCP, after the timestamps: a multiple of 4 bytes */
	bool partial;	      /* the checksum is of the pseudo header alone, as before offload */
	uint32_t payload;     /* bytes */
};

void made_frame(struct buf *to, const struct made_frame *f);

static inline struct bytes made_bytes(const struct buf *b)
{
	return bytes_of(buf_text(b), b->len);
}

#endif
