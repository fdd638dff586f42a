/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sources/capture_inside.h"

/* So many packets of a pcapng file in a row, and they are walked; fewer, and each block is taken by itself. */
#define EPBS_WORTH_A_WALK 64

static struct bytes left(const struct slot *s)
{
	return bytes_of(s->from, (size_t)(s->end - s->from));
}

static void consume(struct capture *c, struct slot *s, const uint8_t *to)
{
	c->offset += (uint64_t)(to - s->from);
	s->from = to;
}

__attribute__((format(printf, 3, 4))) static enum parse damaged(struct capture *c, struct slot *s, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	err_set(&s->err, EBADMSG, "%s: byte %" PRIu64 ", after packet %" PRIu64 ": %s", capture_name(c), c->offset,
		c->packets, what);
	return PARSE_DAMAGED;
}

#define EVENTS_BEGIN "synsent-even"

int parse_format(struct capture *c, struct slot *s, struct err *e)
{
	struct bytes b = left(s);
	int r;

	if (b.len < PCAPNGFILE_HEAD_LEN && !c->ended)
		return 1;
	if (pcapngfile_is(b)) {
		c->format = FORMAT_PCAPNG;
		c->pcapng = pcapngfile_new();
		c->epbs = EPBS_WORTH_A_WALK;
		return c->pcapng ? 0 : err_sys(e, ENOMEM, "%s", capture_name(c));
	}
	if (b.len >= sizeof(EVENTS_BEGIN) - 1 && !memcmp(b.p, EVENTS_BEGIN, sizeof(EVENTS_BEGIN) - 1)) {
		c->format = FORMAT_EVENTS;
		return 0;
	}
	if (!pcapfile_is(b)) {
		err_set(e, EBADMSG, "%s: %s", capture_name(c),
			b.len ? "no capture file (neither pcap nor pcapng)" : "it is empty");
		return -EBADMSG;
	}
	if (b.len < PCAPFILE_HEADER_LEN && !c->ended)
		return 1;
	r = pcapfile_read(b, &c->pcap, e);
	if (r) {
		err_wrap(e, "%s", capture_name(c));
		return r;
	}
	c->format = FORMAT_PCAP;
	consume(c, s, s->from + PCAPFILE_HEADER_LEN);
	return 0;
}

/* Counts what was walked, and makes it the slot's stretch. */
static enum parse walked(struct capture *c, struct slot *s)
{
	struct stretch *t = &s->stretch;
	int i;

	t->packets = 0;
	for (i = 0; i < t->walk.n_lists; i++)
		t->packets += t->walk.lists[i].packets;
	t->first_number = c->packets + 1;
	c->packets += t->packets;
	consume(c, s, t->walk.landed);
	if (t->time_max_ns > c->time_max_ns)
		c->time_max_ns = t->time_max_ns;
	return PARSE_STRETCH;
}

/* A bit for each of eight bytes, set where the byte is not 0, the first byte's the lowest. */
static uint64_t bits_of(uint64_t bytes)
{
	const uint64_t each = UINT64_C(0x0101010101010101), gather = UINT64_C(0x0102040810204080);

	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		bytes = __builtin_bswap64(bytes);
	bytes |= (bytes & each * 0x7f) + each * 0x7f; /* now the highest bit of each tells */
	return (bytes >> 7 & each) * gather >> 56;
}

static void set_wanted(struct await *a)
{
	const uint64_t *counts = (const uint64_t *)(const void *)a->awaited;
	uint64_t bytes;
	size_t i;

	memcpy(a->wanted, a->syns, sizeof(a->wanted));
	for (i = 0; i < FLOW_CLASSES / 8; i++) {
		bytes = __atomic_load_n(&counts[i], __ATOMIC_RELAXED);
		if (bytes)
			a->wanted[i / 8] |= bits_of(bytes) << i % 8 * 8;
	}
}

static void prepare_walk(struct capture *c, struct slot *s, struct await *a)
{
	struct walk *w = &s->stretch.walk;
	size_t window = c->mapped ? c->window : (size_t)(s->end - s->from);
	int i;

	for (i = 0; i < WALK_LISTS; i++)
		w->lists[i].entries = s->entries + (size_t)i * WALK_LIST_MAX;

	w->base = w->from = s->from;
	w->end = s->end;
	w->to = (size_t)(s->end - s->from) > window ? s->from + window : s->end;
	w->n_cursors = c->mapped && !c->short_packets ? WALK_CURSORS : 1;
	if (c->opts.look_at_all)
		w->layout = LAYOUT_OTHER;
	w->wanted = NULL;
	if (w->n_cursors == 1 && a && a->is_known) {
		set_wanted(a);
		w->wanted = a->wanted;
	}
	s->stretch.times = NULL;
}

/*
 * Half of a map's window is walked by another thread, but not where many packets
 * matter: then those who work on them have no processor to spare.
 */
static struct helper *helper_of(struct capture *c)
{
	if (!c->mapped || !c->thread_runs || c->many_looked)
		return NULL;
	if (!c->helper_tried)
		c->helper = helper_new();
	c->helper_tried = true;
	return c->helper;
}

#define SHORT_PACKET 300
/* One cursor is as good there, as it is in a buffer that was just read, and so in the cache. */
#define SHORTEST_PACKET 150
#define MANY 32	   /* one of so many */
#define MANY_OF 64 /* fewer packets do not tell */

static size_t window_packets(const struct capture *c, size_t len)
{
	if (len >= SHORT_PACKET)
		return WINDOW_PACKETS;
	return c->many_looked || !c->helper ? WINDOW_PACKETS_MANY : WINDOW_PACKETS_SHORT;
}

/* The window follows the length of the packets. */
static void adapt_window(struct capture *c, const struct slot *s)
{
	size_t len = (size_t)(s->stretch.walk.landed - s->stretch.walk.from);

	if (!s->stretch.packets)
		return;
	if (s->stretch.packets >= MANY_OF)
		c->many_looked = walk_looked(&s->stretch.walk) > s->stretch.packets / MANY;
	if (!c->mapped || c->opts.buffer_len)
		return;
	len /= s->stretch.packets;
	c->short_packets = len < SHORTEST_PACKET;
	c->window = len * window_packets(c, len);
	if (c->window < WINDOW_LEAST)
		c->window = WINDOW_LEAST;
	if (c->window > WINDOW_MAX)
		c->window = WINDOW_MAX;
}

static enum parse parse_pcap(struct capture *c, struct slot *s, struct await *a)
{
	struct walk *w = &s->stretch.walk;
	struct pcapfile_record r;

	w->form = WALK_PCAP;
	w->swapped = c->pcap.swapped;
	w->header_len = c->pcap.record_len;
	w->second_parts = c->pcap.second_parts;
	w->layout = link_layout_of(c->pcap.linktype);
	prepare_walk(c, s, a);
	walk(w, helper_of(c));
	if (w->landed > s->from) {
		s->stretch.time_max_ns =
			pcapfile_time_max_ns(&c->pcap, (uint32_t)(w->time_max >> 32), (uint32_t)w->time_max);
		walked(c, s);
		adapt_window(c, s);
		return PARSE_STRETCH;
	}
	if (pcapfile_record(&c->pcap, left(s), &r) && r.caplen > WALK_CAPLEN_MAX)
		return damaged(c, s, "a packet of %" PRIu32 " bytes, which cannot be", r.caplen);
	return PARSE_MORE;
}

/* More than anybody will read before the next packet is left out, so that memory has its limit. */
#define REMARKS_MAX (1u << 20)

static void keep_remarks(struct slot *s, bool of_section, struct bytes options, bool swapped)
{
	struct remark *grown;
	struct bytes text;

	while (pcapngfile_comment(&options, swapped, &text)) {
		if (s->text.len + text.len > REMARKS_MAX || s->n_remarks == REMARKS_MAX / 64)
			return;
		grown = realloc(s->remarks, (s->n_remarks + 1) * sizeof(*grown));
		if (!grown)
			return;
		s->remarks = grown;
		grown[s->n_remarks] = (struct remark){ of_section, s->text.len, text.len };
		buf_add(&s->text, text.p, text.len);
		s->n_remarks += !s->text.failed;
	}
}

static enum parse parse_epbs(struct capture *c, struct slot *s, struct await *a)
{
	struct walk *w = &s->stretch.walk;
	bool odd;

	w->form = WALK_PCAPNG;
	w->swapped = pcapngfile_swapped(c->pcapng);
	w->n_interfaces = pcapngfile_interfaces(c->pcapng);
	w->layout = link_layout_of(pcapngfile_linktype(c->pcapng));
	prepare_walk(c, s, a);
	walk(w, helper_of(c));
	if (w->landed == s->from)
		return PARSE_MORE;
	s->stretch.section_base = pcapngfile_base(c->pcapng);
	s->stretch.section_swapped = w->swapped;
	s->stretch.time_max_ns =
		pcapngfile_time_ns(pcapngfile_interface(c->pcapng, s->stretch.section_base, 0), w->time_max, &odd);
	walked(c, s);
	adapt_window(c, s);
	if (s->stretch.packets < EPBS_WORTH_A_WALK)
		c->epbs = 0;
	return PARSE_STRETCH;
}

static bool next_is(const struct capture *c, const struct slot *s, uint32_t type)
{
	struct bytes b = left(s);
	uint32_t is;

	return bytes_u32(&b, pcapngfile_swapped(c->pcapng), &is) && is == type;
}

#define BLOCK_SECTION 0x0a0d0d0au

/* A packet that was taken by itself: to be looked at, and its time with it. */
static void add_entry(struct capture *c, struct slot *s, const struct pcapngfile_packet *p)
{
	struct stretch *t = &s->stretch;
	struct walk_list *l = &t->walk.lists[0];
	bool odd;
	int64_t t_ns =
		p->has_time
			? pcapngfile_time_ns(pcapngfile_interface(c->pcapng, pcapngfile_base(c->pcapng), p->interface),
					     p->time, &odd)
			: c->time_max_ns;

	t->times[l->n] = t_ns;
	l->entries[l->n++] = (uint64_t)(s->from - t->walk.base) << 32 | WALK_LOOK | l->packets++;
	if (t_ns > t->time_max_ns)
		t->time_max_ns = t_ns;
	if (t_ns > c->time_max_ns)
		c->time_max_ns = t_ns;
}

static void begin_blocks(struct slot *s)
{
	struct stretch *t = &s->stretch;

	t->walk = (struct walk){ .form = WALK_PCAPNG,
				 .base = s->from,
				 .from = s->from,
				 .end = s->end,
				 .n_lists = 1,
				 .lists[0].entries = s->entries };
	t->times = s->times;
	t->time_max_ns = 0;
}

static void take_block(struct capture *c, struct slot *s, const struct pcapngfile_block *b)
{
	bool swapped = pcapngfile_swapped(c->pcapng);
	size_t here = left(s).len;

	if (b->kind == PCAPNGFILE_PACKET)
		add_entry(c, s, &b->packet);
	else if (b->kind != PCAPNGFILE_OTHER)
		keep_remarks(s, b->kind == PCAPNGFILE_SECTION, b->options, swapped);
	c->epbs = b->kind == PCAPNGFILE_PACKET ? c->epbs + 1 : 0;
	if (b->len > here)
		c->skip = b->len - here;
	consume(c, s, s->from + (b->len < here ? b->len : here));
}

/* Several packets in a row are to be expected, and a walk can tell their times. */
static bool is_worth_a_walk(const struct capture *c, const struct slot *s)
{
	return c->epbs >= EPBS_WORTH_A_WALK && next_is(c, s, PCAPNGFILE_EPB) && pcapngfile_one_time(c->pcapng);
}

/* Block by block, until it is worth to walk again. */
static enum parse parse_blocks(struct capture *c, struct slot *s)
{
	struct walk_list *l = &s->stretch.walk.lists[0];
	enum pcapngfile_result r = PCAPNGFILE_MORE;
	struct pcapngfile_block b;

	begin_blocks(s);
	while (s->from < s->end && l->n < WALK_LIST_MAX && (size_t)(s->from - s->stretch.walk.base) < UINT32_MAX) {
		if (is_worth_a_walk(c, s) || (l->packets && next_is(c, s, BLOCK_SECTION)))
			break;
		r = pcapngfile_take(c->pcapng, left(s), &b);
		if (r != PCAPNGFILE_OK)
			break;
		take_block(c, s, &b);
		if (b.kind == PCAPNGFILE_INTERFACE)
			c->epbs = EPBS_WORTH_A_WALK; /* packets will follow */
	}
	s->stretch.walk.landed = s->from;
	if (l->packets) {
		s->stretch.section_base = pcapngfile_base(c->pcapng);
		s->stretch.section_swapped = pcapngfile_swapped(c->pcapng);
		s->stretch.walk.n_interfaces = pcapngfile_interfaces(c->pcapng);
		s->stretch.packets = l->packets;
		s->stretch.first_number = c->packets + 1;
		c->packets += l->packets;
		return PARSE_STRETCH;
	}
	return r == PCAPNGFILE_DAMAGED ? damaged(c, s, "%s", b.why) : PARSE_MORE;
}

static enum parse parse_pcapng(struct capture *c, struct slot *s, struct await *a)
{
	enum parse r;

	while (s->from < s->end) {
		if (is_worth_a_walk(c, s)) {
			r = parse_epbs(c, s, a);
			if (r != PARSE_MORE)
				return r;
			c->epbs = 0; /* not one of the plain ones: then as a block */
		}
		r = parse_blocks(c, s);
		if (r != PARSE_MORE)
			return r;
		if (!is_worth_a_walk(c, s)) {
			if (next_is(c, s, PCAPNGFILE_EPB))
				c->epbs = EPBS_WORTH_A_WALK; /* it is whole next time */
			return r;
		}
	}
	return PARSE_MORE;
}

enum parse slot_parse(struct capture *c, struct slot *s, struct await *a)
{
	return c->format == FORMAT_PCAP ? parse_pcap(c, s, a) : parse_pcapng(c, s, a);
}

void parse_cut(struct capture *c, struct slot *s)
{
	if (fill_was_cut(c))
		damaged(c, s, "the file was cut while it was read");
	else
		damaged(c, s, "the file ends in the middle of a %s", c->format == FORMAT_PCAP ? "packet" : "block");
}
