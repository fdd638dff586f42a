/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "any_capture.h"

#include <stdlib.h>

#include "packet/decode.h"
#include "random.h"

#define NS INT64_C(1000000000)

static void add_truth(struct any_capture *m, struct captured p)
{
	p.number = m->truth.n + 1;
	if (p.no_time)
		p.t_ns = m->latest_ns;
	if (p.t_ns > m->latest_ns)
		m->latest_ns = p.t_ns;
	if (m->truth.n == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 64;
		m->ends = realloc(m->ends, m->cap * sizeof(*m->ends));
	}
	m->ends[m->truth.n] = m->b.len;
	seen_add(&m->truth, &p);
	m->truth.counted++;
}

static void any_frame(struct buf *to, int linktype, uint64_t *random)
{
	static const uint16_t flags[] = { 0x10, 0x10, 0x18, 0x02, 0x12, 0x14 };
	struct made_frame f = { .linktype = linktype,
				.version = random_once_in(random, 2) ? 4 : 6,
				.protocol = random_once_in(random, 4) ? 17 : 6,
				.host_src = (uint8_t)random_u64(random),
				.sport = (uint16_t)random_u64(random),
				.dport = 80,
				.seq = (uint32_t)random_u64(random),
				.flags = flags[random_below(random, 6)],
				.payload = random_below(random, 100) };

	buf_reset(to);
	made_frame(to, &f);
	if (random_once_in(random, 10))
		to->len = random_below(random, (uint32_t)to->len);
}

void any_pcap(struct any_capture *m, const struct made_pcap *p, int n, uint64_t *random)
{
	uint32_t parts = p->magic == 0xa1b23c4du ? 1000000000 : 1000000, cut;
	struct made_time t = { 1700000000, 0 };
	struct buf frame = { 0 };
	bool odd;

	made_pcap_header(&m->b, p);
	while (n--) {
		any_frame(&frame, (int)p->linktype, random);
		cut = random_once_in(random, 5) ? random_below(random, 100) : 0;
		odd = random_once_in(random, 40);
		t.s += random_below(random, 3);
		t.parts = odd ? UINT32_MAX : random_below(random, parts);
		made_pcap_record(&m->b, p, t, made_bytes(&frame), cut);
		add_truth(m, (struct captured){ .frame = made_bytes(&frame),
						.on_wire = (uint32_t)frame.len + cut,
						.linktype = (int)p->linktype,
						.odd_time = odd,
						.t_ns = t.s * NS + (odd ? parts - 1 : t.parts) * (NS / parts) });
	}
	buf_fini(&frame);
}

#define INTERFACES_MAX 8

/* A section that is written. */
struct section {
	bool swapped;
	uint32_t n;
	struct interface {
		int linktype;
		uint32_t snaplen;
		uint8_t resolution;
		int64_t offset;
	} interfaces[INTERFACES_MAX];
};

static int64_t unit_time(const struct interface *i, uint64_t units)
{
	int64_t offset_ns = i->offset * NS;

	switch (i->resolution) {
	case 3:
		return (int64_t)units * 1000000 + offset_ns;
	case 6:
		return (int64_t)units * 1000 + offset_ns;
	case 9:
		return (int64_t)units + offset_ns;
	default: /* 2^-10 */
		return (int64_t)(units * 1953125 >> 1) + offset_ns;
	}
}

static void add_interface(struct any_capture *m, struct section *s, bool alike, uint64_t *random)
{
	static const int linktypes[] = { LINK_ETHERNET, LINK_RAW, LINK_LINUX_SLL, LINK_NULL };
	static const uint8_t resolutions[] = { 6, 9, 3, 0x8a };
	struct buf options = { 0 }, offset = { 0 };
	struct interface *i = &s->interfaces[s->n++];

	*i = (struct interface){ .linktype = linktypes[alike ? 0 : random_below(random, 4)],
				 .snaplen = random_once_in(random, 2) ? 0 : 40,
				 .resolution = resolutions[alike ? 0 : random_below(random, 4)],
				 .offset = alike || random_once_in(random, 2) ? 0 : 1000 };
	made_option(&options, s->swapped, 9, bytes_of(&i->resolution, 1));
	if (i->offset) {
		made_u64(&offset, s->swapped, (uint64_t)i->offset);
		made_option(&options, s->swapped, 14, made_bytes(&offset));
	}
	if (random_once_in(random, 3)) {
		made_option(&options, s->swapped, 1, bytes_of("an interface", 12));
		buf_str(&m->truth.remarks, "interface: an interface\n");
	}
	made_interface(&m->b, s->swapped, (uint16_t)i->linktype, i->snaplen, made_bytes(&options));
	buf_fini(&options);
	buf_fini(&offset);
}

static void add_section(struct any_capture *m, struct section *s, uint64_t *random)
{
	struct buf options = { 0 };
	bool alike = random_once_in(random, 2);
	uint32_t n = 1 + random_below(random, 3);

	*s = (struct section){ .swapped = random_once_in(random, 2) };
	if (random_once_in(random, 2)) {
		made_option(&options, s->swapped, 1, bytes_of("a section", 9));
		made_option(&options, s->swapped, 1, bytes_of("and more", 8));
		buf_str(&m->truth.remarks, "section: a section\nsection: and more\n");
	}
	made_section(&m->b, s->swapped, made_bytes(&options));
	while (n--)
		add_interface(m, s, alike, random);
	buf_fini(&options);
}

/* It states one length: all of that is there, or what the interface's limit left. */
static void add_simple(struct any_capture *m, const struct section *s, struct bytes frame, uint64_t *random)
{
	uint32_t snaplen = s->interfaces[0].snaplen, on_wire;

	if (snaplen && frame.len > snaplen)
		frame.len = snaplen;
	on_wire = (uint32_t)frame.len + (snaplen && frame.len == snaplen ? random_below(random, 30) : 0);
	made_simple_packet(&m->b, s->swapped, on_wire, frame);
	add_truth(m,
		  (struct captured){
			  .frame = frame, .on_wire = on_wire, .linktype = s->interfaces[0].linktype, .no_time = true });
}

static void add_timed(struct any_capture *m, const struct section *s, uint32_t i, struct bytes frame, uint64_t *random)
{
	uint64_t units = 1000000 * (m->truth.n / 20) + random_below(random, 1000000);
	struct buf options = { 0 };

	if (random_once_in(random, 60)) {
		made_old_packet(&m->b, s->swapped, (uint16_t)i, units, frame);
	} else {
		if (random_once_in(random, 40)) {
			made_option(&options, s->swapped, 1, bytes_of("a packet", 8));
			buf_fmt(&m->truth.packet_remarks, "%zu: a packet\n", m->truth.n + 1);
		}
		made_epb(&m->b, s->swapped, i, units, frame, made_bytes(&options));
	}
	add_truth(m, (struct captured){ .frame = frame,
					.on_wire = (uint32_t)frame.len,
					.linktype = s->interfaces[i].linktype,
					.t_ns = unit_time(&s->interfaces[i], units) });
	buf_fini(&options);
}

static void add_unknown(struct any_capture *m, const struct section *s, uint64_t *random)
{
	struct buf body = { 0 };

	made_zeros(&body, random_below(random, random_once_in(random, 4) ? 5000 : 50));
	made_block(&m->b, s->swapped, 0x0bad, made_bytes(&body));
	buf_fini(&body);
}

void any_pcapng(struct any_capture *m, int n, uint64_t *random)
{
	struct buf frame = { 0 };
	struct section s;
	uint32_t i;

	add_section(m, &s, random);
	while (n--) {
		switch (random_below(random, 150)) {
		case 0:
			add_section(m, &s, random);
			break;
		case 1:
			if (s.n < INTERFACES_MAX)
				add_interface(m, &s, random_once_in(random, 2), random);
			break;
		case 2:
			add_unknown(m, &s, random);
			break;
		default:
			break;
		}
		i = random_below(random, s.n);
		any_frame(&frame, s.interfaces[i].linktype, random);
		if (random_once_in(random, 60))
			add_simple(m, &s, made_bytes(&frame), random);
		else
			add_timed(m, &s, i, made_bytes(&frame), random);
	}
	buf_fini(&frame);
}

void any_capture(struct any_capture *m, int n, uint64_t *random)
{
	static const uint32_t magics[] = { 0xa1b2c3d4u, 0xa1b23c4du, 0xa1b2cd34u };
	static const uint32_t linktypes[] = { LINK_ETHERNET, LINK_RAW, LINK_LINUX_SLL2, LINK_NULL };
	struct made_pcap p = { .magic = magics[random_below(random, 3)],
			       .swapped = random_once_in(random, 2),
			       .linktype = linktypes[random_below(random, 4)] };

	*m = (struct any_capture){ .latest_ns = 0 };
	if (random_once_in(random, 2))
		any_pcap(m, &p, n, random);
	else
		any_pcapng(m, n, random);
}

void any_capture_fini(struct any_capture *m)
{
	buf_fini(&m->b);
	seen_fini(&m->truth);
	free(m->ends);
	*m = (struct any_capture){ .latest_ns = 0 };
}
