/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An input: which faults there are (32 bits), a seed, then packets.  A packet:
 * what it is, how long after the one before it comes, then either so many
 * bytes of a frame, or the few numbers that a segment is made of.
 */
#include "fuzz.h"

#include <string.h>

#include "lab/wire.h"
#include "packet/decode.h"
#include "packet/ip.h"
#include "tests/unit/made.h"
#include "util/bytes.h"
#include "util/duration.h"

#define FAULTS_MAX 32

enum { FROM_FAR = 1, MADE = 2, V6 = 4, TIMESTAMPS = 8, PARTIAL = 16, SLOW = 32, OPTIONS = 64 };

static const char *const texts[] = {
	"syn-drop:1",
	"syn-drop@v6",
	"synack-drop:1",
	"ack-drop:1",
	"ack-drop@:81",
	"rst@:82",
	"rst:bad-ack@:83",
	"synack:bad-ack@:84",
	"icmp:host@:85",
	"icmp:frag@:86",
	"icmp:noroute@:87",
	"icmp:proto@:88",
	"delay:5ms",
	"delay:7ms+-7ms",
	"delay-all:3ms",
	"delay-all:9ms+-2ms",
	"loss:20%",
	"loss-all:20%",
	"duplicate",
	"duplicate@v4",
	"reorder",
	"reorder@:81",
	"conntrack-stale@:89",
	"strip:sack",
	"strip:timestamps",
	"strip:mptcp",
	"strip:tfo",
	"strip:ecn",
	"drop-option:sack@v4",
	"drop-option:ecn@v6",
	"drop-option:tfo",
	"no-accept",
};

static const uint8_t options[] = { 1, 4, 2, 30, 4, 0, 1, 34, 2, 0xfe, 4, 0xf9, 0x89, 3, 3, 7, 0xfe, 2, 1, 1 };

struct run {
	struct wire *w;
	int64_t now_ns;
	uint64_t in, out, gone, duplicated;
	bool feeding;
	enum wire_side from;
};

static void sent(enum wire_side to, const struct virtio_net_hdr *vh, struct bytes frame, void *user)
{
	const struct virtio_net_hdr none = { 0 };
	struct run *r = user;
	struct packet p;

	r->out++;
	if (!r->feeding || to != r->from)
		return;
	/* What goes back was forged. */
	MUST(!memcmp(vh, &none, sizeof(none)));
	MUST(decode_frame(LINK_ETHERNET, frame, &p) == DECODE_OK);
	MUST(p.event.kind == EVENT_ICMP || !p.event.segment.bad_checksum);
}

static void told(const struct wire_told *t, void *user)
{
	struct run *r = user;

	MUST(t->t_ns == r->now_ns && t->nth >= 0 && t->fault >= 0 && t->fault < FAULTS_MAX);
	r->gone += t->deed == WIRE_DROPPED;
	r->duplicated += t->deed == WIRE_DUPLICATED;
}

static bool read_made(struct bytes *b, uint8_t what, struct buf *to)
{
	struct made_frame m = { .linktype = LINK_ETHERNET,
				.version = what & V6 ? 6 : 4,
				.protocol = PROTO_TCP,
				.timestamps = what & TIMESTAMPS,
				.partial = what & PARTIAL };
	bool back = what & FROM_FAR;
	uint8_t flags, ports, seq, ack, payload;

	if (!bytes_u8(b, &flags) || !bytes_u8(b, &ports) || !bytes_u8(b, &seq) || !bytes_u8(b, &ack) ||
	    !bytes_u8(b, &payload))
		return false;
	m.host_src = back ? 2 : 1;
	m.host_dst = back ? 1 : 2;
	m.flags = flags;
	m.sport = back ? 80 + ports % 16 : 40000 + ports / 16;
	m.dport = back ? 40000 + ports / 16 : 80 + ports % 16;
	m.seq = seq;
	m.ack = ack;
	m.payload = payload;
	if (what & OPTIONS)
		m.options = bytes_of(options, sizeof(options));
	made_frame(to, &m);
	return true;
}

static bool read_frame(struct bytes *b, uint8_t what, struct buf *to)
{
	struct bytes raw;
	uint8_t len;

	if (what & MADE)
		return read_made(b, what, to);
	if (!bytes_u8(b, &len) || !bytes_take(b, len, &raw))
		return false;
	buf_add(to, raw.p, raw.len);
	return true;
}

/* Exactly as long as it is, so that a byte too far is found. */
static void feed(struct run *r, enum wire_side from, const struct virtio_net_hdr *vh, const struct buf *frame)
{
	uint8_t *copy = malloc(frame->len ? frame->len : 1);

	MUST(copy);
	memcpy(copy, buf_text(frame), frame->len);
	wire_advance(r->w, r->now_ns);
	r->in++;
	r->from = from;
	r->feeding = true;
	wire_feed(r->w, from, vh, copy, frame->len, r->now_ns);
	r->feeding = false;
	free(copy);
	MUST(wire_due_ns(r->w) > r->now_ns);
}

static void play(struct run *r, struct bytes b)
{
	struct buf frame = { 0 };
	uint8_t what, wait;

	while (bytes_u8(&b, &what) && bytes_u8(&b, &wait) && read_frame(&b, what, &frame)) {
		const struct virtio_net_hdr vh = { .flags = what & PARTIAL ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0,
						   .hdr_len = 1 };

		r->now_ns += wait * (what & SLOW ? NS_PER_MS : NS_PER_US);
		feed(r, what & FROM_FAR ? WIRE_FAR : WIRE_CLIENT, &vh, &frame);
		buf_reset(&frame);
	}
	buf_fini(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = bytes_of(data, size);
	struct fault faults[FAULTS_MAX];
	struct run r = { 0 };
	struct wire_opts o = { .faults = faults, .send = sent, .tell = told, .user = &r };
	uint32_t which;
	uint8_t seed;
	int i;

	if (!bytes_u32be(&b, &which) || !bytes_u8(&b, &seed))
		return 0;
	for (i = 0; i < FAULTS_MAX; i++)
		if (which >> i & 1)
			MUST(!fault_parse(texts[i], &faults[o.n_faults++], NULL));
	o.seed = seed;
	r.w = wire_new(&o);
	MUST(r.w);
	play(&r, b);
	/* All that is held leaves: what came in came out, but for what was told; what was answered came out as its
	 * answer. */
	r.now_ns += NS_PER_S;
	wire_advance(r.w, r.now_ns);
	MUST(wire_due_ns(r.w) == INT64_MAX);
	MUST(r.out == r.in - r.gone + r.duplicated);
	wire_free(r.w);
	return 0;
}
