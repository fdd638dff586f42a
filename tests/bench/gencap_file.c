/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capture's file: its format, and the packets in it. */
#include "gencap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTBUF (4u << 20)
static uint8_t *outbuf;
static size_t outlen;
static int outfd;

static void flush_out(void)
{
	size_t done = 0;
	while (done < outlen) {
		ssize_t n = write(outfd, outbuf + done, outlen - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("write");
		done += (size_t)n;
	}
	outlen = 0;
}

static inline uint8_t *reserve(size_t n)
{
	if (outlen + n > OUTBUF)
		flush_out();
	uint8_t *p = outbuf + outlen;
	outlen += n;
	truth.file_bytes += n;
	return p;
}

static inline void h32(uint8_t *p, uint32_t v) /* in the byte order of the file */
{
	if (opt.swap)
		v = __builtin_bswap32(v);
	memcpy(p, &v, 4);
}

static inline void h16(uint8_t *p, uint16_t v)
{
	if (opt.swap)
		v = __builtin_bswap16(v);
	memcpy(p, &v, 2);
}

static void write_file_header(void)
{
	if (opt.format != PCAPNG) {
		uint8_t *p = reserve(24);
		h32(p, opt.format == PCAP_NS ? 0xa1b23c4d : 0xa1b2c3d4);
		h16(p + 4, 2);
		h16(p + 6, 4);
		h32(p + 8, 0);
		h32(p + 12, 0);
		h32(p + 16, opt.snaplen);
		h32(p + 20, opt.link);
		return;
	}
	uint8_t *p = reserve(28); /* section header block */
	h32(p, 0x0A0D0D0A);
	h32(p + 4, 28);
	h32(p + 8, 0x1A2B3C4D);
	h16(p + 12, 1);
	h16(p + 14, 0);
	memset(p + 16, 0xff, 8); /* section length unknown */
	h32(p + 24, 28);
	p = reserve(32); /* interface description, if_tsresol = 10^-9 */
	h32(p, 1);
	h32(p + 4, 32);
	h16(p + 8, (uint16_t)opt.link);
	h16(p + 10, 0);
	h32(p + 12, opt.snaplen);
	h16(p + 16, 9);
	h16(p + 18, 1);
	memcpy(p + 20, "\x09\0\0\0", 4);
	h32(p + 24, 0); /* opt_endofopt */
	h32(p + 28, 32);
}

void write_packet(uint64_t t, const uint8_t *pkt, uint32_t len)
{
	uint32_t cap = len < opt.snaplen ? len : opt.snaplen;

	if (!truth.packets)
		truth.first_ts = t;
	truth.last_ts = t;
	truth.packets++;
	truth.wire_bytes += len;
	if (opt.format == PCAPNG) {
		uint32_t pad = (4 - (cap & 3)) & 3, total = 32 + cap + pad;
		uint8_t *p = reserve(total);
		h32(p, 6);
		h32(p + 4, total);
		h32(p + 8, 0);
		h32(p + 12, (uint32_t)(t >> 32));
		h32(p + 16, (uint32_t)t);
		h32(p + 20, cap);
		h32(p + 24, len);
		memcpy(p + 28, pkt, cap);
		memset(p + 28 + cap, 0, pad);
		h32(p + 28 + cap + pad, total);
		return;
	}
	uint8_t *p = reserve(16 + cap);
	h32(p, (uint32_t)(t / NSEC));
	h32(p + 4, (uint32_t)(opt.format == PCAP_NS ? t % NSEC : t % NSEC / 1000));
	h32(p + 8, cap);
	h32(p + 12, len);
	memcpy(p + 16, pkt, cap);
}

void open_capture(void)
{
	outbuf = malloc(OUTBUF);
	outfd = strcmp(opt.out, "-") ? open(opt.out, O_WRONLY | O_CREAT | O_TRUNC, 0644) : 1;
	if (!outbuf || outfd < 0)
		die(opt.out);
	write_file_header();
}

void close_capture(void)
{
	flush_out();
	if (outfd != 1 && close(outfd))
		die("close");
}
