/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/checksum.h"

#include "packet/ip.h"

#define TCP_CHECKSUM_AT 16

/* One's complement addition does not mind how wide the words are (RFC 1071 section 2): the carry comes in again. */
static uint64_t add_with_carry(uint64_t sum, uint64_t v)
{
	sum += v;
	return sum + (sum < v);
}

uint64_t checksum_add(uint64_t sum, struct bytes b)
{
	struct bytes word;
	uint64_t v;

	while (bytes_take(&b, sizeof(v), &word)) {
		memcpy(&v, word.p, sizeof(v));
		sum = add_with_carry(sum, v);
	}
	if (!b.len)
		return sum;
	v = 0;
	memcpy(&v, b.p, b.len);
	return add_with_carry(sum, v);
}

uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* RFC 9293 section 3.1; RFC 8200 section 8.1 has wider fields that add up to the same. */
static uint64_t pseudo_header(const uint8_t *src, const uint8_t *dst, size_t addr_len, uint32_t len)
{
	const uint8_t tail[8] = {
		(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, 0, 0, 0, PROTO_TCP
	};
	uint64_t sum;
	uint32_t a[2];

	memcpy(&sum, tail, sizeof(sum));
	if (addr_len != sizeof(a[0]))
		return checksum_add(checksum_add(sum, bytes_of(src, addr_len)), bytes_of(dst, addr_len));
	memcpy(&a[0], src, sizeof(a[0]));
	memcpy(&a[1], dst, sizeof(a[1]));
	return add_with_carry(sum, (uint64_t)a[0] + a[1]);
}

bool checksum_tcp_bytes_bad(const uint8_t *src, const uint8_t *dst, size_t addr_len, struct bytes l4, uint32_t stated)
{
	struct bytes all = l4, at = l4, whole;
	uint16_t stored;
	uint64_t pseudo;

	if (!bytes_take(&all, stated, &whole) || !bytes_skip(&at, TCP_CHECKSUM_AT) ||
	    !bytes_copy(&at, &stored, sizeof(stored)))
		return false;
	pseudo = pseudo_header(src, dst, addr_len, stated);
	if (checksum_fold(checksum_add(pseudo, whole)) == 0xffff)
		return false;
	return stored && stored != checksum_fold(pseudo) &&
	       stored != checksum_fold(pseudo_header(src, dst, addr_len, 0));
}

bool checksum_tcp_is_bad(const struct packet *p)
{
	if (p->more_fragments || p->source_routed || !p->ip_total)
		return false;
	return checksum_tcp_bytes_bad(p->src.b, p->dst.b, p->ip_version == 4 ? 4 : 16, p->l4, p->l4_stated);
}
