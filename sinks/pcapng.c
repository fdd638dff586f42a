/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/pcapng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/outfile.h"

/* Block and option codes: draft-ietf-opsawg-pcapng sections 3.5, 4.1, 4.2 and 4.3. */
#define BLOCK_SECTION 0x0a0d0d0aU
#define BLOCK_INTERFACE 1U
#define BLOCK_PACKET 6U
#define BYTE_ORDER_MAGIC 0x1a2b3c4dU
#define OPT_END 0
#define OPT_COMMENT 1
#define OPT_SHB_USERAPPL 4
#define OPT_IF_NAME 2
#define OPT_IF_TSRESOL 9
#define OPTION_MAX 65535
#define PACKET_MAX (16U << 20) /* Wireshark takes a block beyond this for a damaged file */

struct pcapng {
	struct outfile *file;
	struct buf block; /* the one being built */
	uint32_t snaplen; /* 0: no limit */
	int error;	  /* a packet is missing: the file must not appear */
};

/* The file is little-endian whatever the host is, so that its bytes depend on its content alone. */
static void put16(struct buf *b, uint16_t v)
{
	const uint8_t d[2] = { (uint8_t)v, (uint8_t)(v >> 8) };

	buf_add(b, d, sizeof(d));
}

static void put32(struct buf *b, uint32_t v)
{
	put16(b, (uint16_t)v);
	put16(b, (uint16_t)(v >> 16));
}

static void pad(struct buf *b)
{
	static const uint8_t zero[3];

	buf_add(b, zero, -b->len & 3);
}

static void option(struct buf *b, uint16_t code, const void *data, size_t len)
{
	put16(b, code);
	put16(b, (uint16_t)len);
	buf_add(b, data, len);
	pad(b);
}

/* A text option, unless there is no text.  A text too long for an option is cut between two characters. */
static void text_option(struct buf *b, uint16_t code, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (!len)
		return;
	if (len > OPTION_MAX) {
		len = OPTION_MAX;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	option(b, code, text, len);
}

static void block_begin(struct buf *b, uint32_t type)
{
	buf_reset(b);
	put32(b, type);
	put32(b, 0); /* the length, known at the end */
}

static int no_memory(struct pcapng *p, struct err *e)
{
	p->error = ENOMEM;
	err_sys(e, ENOMEM, "cannot write the capture");
	err_remedy(e, "free memory, or capture less (-w, snap length)");
	return -ENOMEM;
}

static int block_end(struct pcapng *p, struct err *e)
{
	struct buf *b = &p->block;
	uint32_t len = (uint32_t)b->len + 4;
	int i;

	put32(b, len);
	if (b->failed)
		return no_memory(p, e);
	for (i = 0; i < 4; i++)
		b->data[4 + i] = (char)(len >> 8 * i);
	return outfile_write(p->file, b->data, b->len, e);
}

static int write_section(struct pcapng *p, const struct pcapng_opts *o, struct err *e)
{
	struct buf *b = &p->block;

	block_begin(b, BLOCK_SECTION);
	put32(b, BYTE_ORDER_MAGIC);
	put16(b, 1); /* version 1.0 */
	put16(b, 0);
	put32(b, UINT32_MAX); /* section length not stated */
	put32(b, UINT32_MAX);
	text_option(b, OPT_COMMENT, o->comment);
	text_option(b, OPT_SHB_USERAPPL, "synsent " SYNSENT_VERSION);
	put32(b, OPT_END);
	return block_end(p, e);
}

int pcapng_interface(struct pcapng *p, int linktype, const char *name, struct err *e)
{
	static const uint8_t nanoseconds = 9;
	struct buf *b = &p->block;

	block_begin(b, BLOCK_INTERFACE);
	put16(b, (uint16_t)linktype);
	put16(b, 0);
	put32(b, p->snaplen);
	text_option(b, OPT_IF_NAME, name);
	option(b, OPT_IF_TSRESOL, &nanoseconds, 1);
	put32(b, OPT_END);
	return block_end(p, e);
}

int pcapng_create(const struct pcapng_opts *o, struct pcapng **ret, struct err *e)
{
	struct pcapng *p;
	int r;

	if (o->linktype < -1 || o->linktype > UINT16_MAX || o->snaplen < 0)
		return err_set(e, EINVAL, "cannot write %s: link type %d, snap length %d do not fit into pcapng",
			       o->path, o->linktype, o->snaplen);
	p = calloc(1, sizeof(*p));
	if (!p) {
		outfile_abort(o->file);
		err_sys(e, ENOMEM, "cannot write %s", o->path);
		return -ENOMEM;
	}
	p->snaplen = (uint32_t)o->snaplen;
	p->file = o->file;
	r = o->file ? 0 : outfile_create(o->path, &p->file, e);
	if (r == 0)
		r = write_section(p, o, e);
	if (r == 0 && o->linktype >= 0)
		r = pcapng_interface(p, o->linktype, o->interface, e);
	if (r < 0) {
		pcapng_abort(p);
		return r;
	}
	*ret = p;
	return 0;
}

int pcapng_packet_of(struct pcapng *p, uint32_t interface, int64_t t_ns, const uint8_t *data, size_t caplen, size_t len,
		     const char *comment, struct err *e)
{
	struct buf *b = &p->block;
	size_t before;

	if (p->snaplen && caplen > p->snaplen)
		caplen = p->snaplen;
	if (len < caplen)
		len = caplen;
	if (t_ns < 0 || caplen > PACKET_MAX || len > UINT32_MAX) {
		p->error = EINVAL;
		return err_set(e, EINVAL, "a packet of %zu bytes at %lld ns does not fit into pcapng", len,
			       (long long)t_ns);
	}
	block_begin(b, BLOCK_PACKET);
	put32(b, interface);
	put32(b, (uint32_t)((uint64_t)t_ns >> 32));
	put32(b, (uint32_t)t_ns);
	put32(b, (uint32_t)caplen);
	put32(b, (uint32_t)len);
	buf_add(b, data, caplen);
	pad(b);
	before = b->len;
	text_option(b, OPT_COMMENT, comment);
	if (b->len > before)
		put32(b, OPT_END);
	return block_end(p, e);
}

int pcapng_packet(struct pcapng *p, int64_t t_ns, const uint8_t *data, size_t caplen, size_t len, const char *comment,
		  struct err *e)
{
	return pcapng_packet_of(p, 0, t_ns, data, caplen, len, comment, e);
}

int pcapng_close(struct pcapng *p, struct err *e)
{
	int r;

	if (p->error) {
		r = -p->error;
		err_sys(e, p->error, "the capture lacks a packet and was removed");
	} else {
		r = outfile_close(p->file, e);
		p->file = NULL;
	}
	pcapng_abort(p);
	return r;
}

void pcapng_abort(struct pcapng *p)
{
	if (!p)
		return;
	outfile_abort(p->file);
	buf_fini(&p->block);
	free(p);
}
