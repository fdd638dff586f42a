/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_PACKET_CHECKSUM_H
#define SYNSENT_PACKET_CHECKSUM_H

#include "packet/decode.h"

/*
 * The Internet checksum (RFC 1071): adds b to a running sum, as 16-bit words in
 * the machine's order; an odd last byte counts as followed by zero, so only the
 * last piece may be odd.
 */
uint64_t checksum_add(uint64_t sum, struct bytes b);

/* The sum folded to 16 bits, not complemented, in the machine's order. */
uint16_t checksum_fold(uint64_t sum);

/*
 * True when p's TCP checksum is known to be wrong.  False when it is right, and
 * when that cannot be told: the segment is not whole (cut, fragment, source
 * route), or the checksum is not a checksum yet, because the network card was to
 * make it: the sum of the pseudo header alone (Linux: ip_summed ==
 * CHECKSUM_PARTIAL), the same without the length (large segments), or zero.
 */
bool checksum_tcp_is_bad(const struct packet *p);

/* The same for the bytes of a segment (l4, of `stated` bytes as the IP header has it) between two addresses of
 * addr_len bytes, which is no fragment, nor source-routed. */
bool checksum_tcp_bytes_bad(const uint8_t *src, const uint8_t *dst, size_t addr_len, struct bytes l4, uint32_t stated);

#endif
