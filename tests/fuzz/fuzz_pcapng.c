/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte 0: how much of a block is there when it is asked for the first time; then
 * a pcapng file.  Its blocks are the same, whether they come whole or in pieces.
 */
#include "fuzz.h"

#include "sources/pcapngfile.h"

static void check_inside(struct bytes inner, struct bytes block)
{
	MUST(!inner.len || (inner.p >= block.p && inner.p + inner.len <= block.p + block.len));
}

/* Each comment lies in the options, and they come to an end. */
static void check_comments(struct bytes options, bool swapped)
{
	struct bytes all = options, text;
	size_t left = options.len + 1;

	while (pcapngfile_comment(&options, swapped, &text)) {
		check_inside(text, all);
		MUST(options.len < left);
		left = options.len;
	}
}

static void check_packet(const struct pcapngfile *f, struct bytes block, const struct pcapngfile_packet *p)
{
	const struct pcapngfile_interface *i = pcapngfile_interface(f, pcapngfile_base(f), p->interface);
	const struct pcapngfile_interface *first = pcapngfile_interface(f, pcapngfile_base(f), 0);
	struct pcapngfile_packet again = { .has_time = false };
	bool odd = false;
	int64_t t_ns;

	MUST(p->interface < pcapngfile_interfaces(f));
	check_inside(p->frame, block);
	check_inside(p->options, block);
	check_comments(p->options, pcapngfile_swapped(f));
	t_ns = pcapngfile_time_ns(i, p->time, &odd);
	MUST(t_ns >= 0 && t_ns < INT64_C(1) << 62);
	MUST(pcapngfile_packet(block, pcapngfile_swapped(f), first->snaplen, &again));
	MUST(again.frame.p == p->frame.p && again.frame.len == p->frame.len && again.time == p->time);
	MUST(again.len == p->len && again.interface == p->interface && again.options.len == p->options.len);
}

static void check_block(const struct pcapngfile *f, struct bytes b, const struct pcapngfile_block *block)
{
	MUST(block->len >= 12 && block->len % 4 == 0);
	MUST(block->len <= b.len || (block->len > PCAPNGFILE_BLOCK_MAX && block->kind == PCAPNGFILE_OTHER));
	if (block->len < b.len)
		b.len = block->len;
	if (block->kind == PCAPNGFILE_PACKET) {
		check_packet(f, b, &block->packet);
	} else if (block->kind != PCAPNGFILE_OTHER) {
		check_inside(block->options, b);
		check_comments(block->options, pcapngfile_swapped(f));
	}
}

static void check_state(const struct pcapngfile *f, const struct pcapngfile *g)
{
	MUST(pcapngfile_interfaces(f) == pcapngfile_interfaces(g));
	MUST(pcapngfile_base(f) == pcapngfile_base(g));
	MUST(pcapngfile_linktype(f) == pcapngfile_linktype(g));
	MUST(pcapngfile_one_time(f) == pcapngfile_one_time(g));
	MUST(pcapngfile_linktype(f) == -1 || pcapngfile_interfaces(f));
}

/* f sees each block whole; g first a part of it, and then whole. */
static void read_both(struct bytes b, uint8_t part, struct pcapngfile *f, struct pcapngfile *g)
{
	enum pcapngfile_result r, early;
	struct pcapngfile_block block, other;

	while (b.len) {
		r = pcapngfile_take(f, b, &block);
		early = pcapngfile_take(g, bytes_of(b.p, b.len * part / 256), &other);
		if (early == PCAPNGFILE_MORE)
			early = pcapngfile_take(g, b, &other);
		MUST(early == r);
		check_state(f, g);
		if (r != PCAPNGFILE_OK) {
			MUST((r == PCAPNGFILE_DAMAGED) == (block.why != NULL));
			return;
		}
		MUST(block.kind == other.kind && block.len == other.len);
		check_block(f, b, &block);
		bytes_skip(&b, block.len < b.len ? block.len : b.len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pcapngfile *f = pcapngfile_new(), *g = pcapngfile_new();
	struct bytes b = bytes_of(data, size);
	uint8_t part;

	MUST(f && g);
	if (bytes_u8(&b, &part))
		read_both(b, part, f, g);
	pcapngfile_free(f);
	pcapngfile_free(g);
	return 0;
}
