/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/walk_stream.h"

#include <string.h>

#include "tests/unit/random.h"

struct stream pcap_stream(uint32_t magic, bool swapped, enum link_layout layout)
{
	return (struct stream){ .how = { .form = WALK_PCAP,
					 .swapped = swapped,
					 .header_len = magic == 0xa1b2cd34u ? 24 : 16,
					 .second_parts = magic == 0xa1b23c4du ? 1000000000 : 1000000,
					 .layout = layout },
				.pcap = { .swapped = swapped, .magic = magic },
				.s = 1700000000 };
}

struct stream pcapng_stream(bool swapped, enum link_layout layout)
{
	return (struct stream){
		.how = { .form = WALK_PCAPNG, .swapped = swapped, .layout = layout, .n_interfaces = N_INTERFACES },
		.s = 1700000000
	};
}

struct stream any_stream(int i, uint64_t *random)
{
	static const uint32_t magics[] = { 0xa1b2c3d4u, 0xa1b23c4du, 0xa1b2cd34u };
	enum link_layout layout =
		random_once_in(random, 2) ? LAYOUT_ETHERNET : (enum link_layout)random_below(random, LAYOUT_N);

	if (i % 2)
		return pcapng_stream(i / 2 % 2, layout);
	return pcap_stream(magics[i / 2 % 3], i / 6 % 2, layout);
}

void add_record(struct stream *st, struct bytes frame, uint32_t cut, uint64_t *random)
{
	struct made_time t = { st->s, random_below(random, st->how.second_parts ? st->how.second_parts : 1) };
	struct buf options = { 0 };
	size_t at = st->b.len;

	st->s += random_once_in(random, 3);
	if (random_once_in(random, 50))
		st->s -= random_below(random, 100);
	if (st->how.form == WALK_PCAP) {
		made_pcap_record(&st->b, &st->pcap, t, frame, cut);
		return;
	}
	if (random_once_in(random, 6))
		made_option(&options, st->how.swapped, 1, bytes_of("remark", random_below(random, 7)));
	made_epb(&st->b, st->how.swapped, random_below(random, N_INTERFACES), (uint64_t)t.s * 1000000 + t.parts, frame,
		 made_bytes(&options));
	if (cut) { /* the length on the wire, after that captured */
		struct buf len = { 0 };

		made_u32(&len, st->how.swapped, (uint32_t)frame.len + cut);
		memcpy(st->b.data + at + 24, len.data, 4);
		buf_fini(&len);
	}
	buf_fini(&options);
}

static int linktype_of(enum link_layout layout)
{
	static const int of[LAYOUT_N] = { LINK_NULL, LINK_ETHERNET, LINK_LINUX_SLL, LINK_LINUX_SLL2, LINK_RAW };

	return of[layout];
}

void add_frame(struct stream *st, uint64_t *random)
{
	static const uint16_t flags[] = { 0x10, 0x10, 0x18, 0x02, 0x12, 0x14 };
	struct made_frame f = { .linktype = linktype_of(st->how.layout),
				.version = random_once_in(random, 2) ? 4 : 6,
				.protocol = random_once_in(random, 4) ? 17 : 6,
				.host_src = (uint8_t)random_u64(random),
				.sport = (uint16_t)random_u64(random),
				.dport = 80,
				.flags = flags[random_below(random, 6)],
				.payload = random_below(random, 200) };
	struct buf b = { 0 };
	uint32_t keep;

	made_frame(&b, &f);
	keep = random_once_in(random, 8) ? random_below(random, (uint32_t)b.len) : (uint32_t)b.len;
	add_record(st, bytes_of(b.data, keep), (uint32_t)b.len - keep, random);
	buf_fini(&b);
}

/* A payload that is a capture itself, behind a few bytes, and maybe cut. */
static void add_nested(struct stream *st, int n, uint64_t *random)
{
	struct stream in = *st;
	uint32_t len, lead;

	in.b = (struct buf){ 0 };
	lead = random_below(random, 60);
	made_zeros(&in.b, st->how.form == WALK_PCAPNG ? lead / 4 * 4 : lead);
	while (n-- && in.b.len < WALK_CAPLEN_MAX / 2)
		add_frame(&in, random);
	len = (uint32_t)in.b.len - (random_once_in(random, 2) ? random_below(random, 40) : 0);
	add_record(st, bytes_of(in.b.data, len), random_once_in(random, 2) ? 0 : 5, random);
	buf_fini(&in.b);
}

void add_some(struct stream *st, int n, uint64_t *random)
{
	static const uint8_t zeros[100];

	while (n--) {
		switch (random_below(random, 30)) {
		case 0:
			add_nested(st, 1 + (int)random_below(random, 60), random);
			break;
		case 1:
			add_record(st, bytes_of(zeros, random_below(random, 100)), random_below(random, 3), random);
			break;
		case 2:
			add_record(st, bytes_of(zeros, 0), random_below(random, 2), random);
			break;
		case 3: /* of no byte at all, it says, and yet some were captured */
			add_record(st, bytes_of(zeros, 9), (uint32_t)-9, random);
			break;
		default:
			add_frame(st, random);
		}
	}
}
