/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/wire_script.h"

#include <string.h>

#include "packet/decode.h"
#include "packet/ip.h"
#include "tests/unit/made.h"
#include "util/duration.h"

#define SERVER_ISN 5000

static void write_segment(struct buf *to, const struct event_segment *g)
{
	static const struct {
		uint16_t flag;
		char letter;
	} letters[] = { { TCP_SYN, 'S' }, { TCP_FIN, 'F' }, { TCP_RST, 'R' }, { TCP_ACK, 'A' }, { TCP_ECE, 'E' } };
	size_t i;

	for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (g->flags & letters[i].flag)
			buf_char(to, letters[i].letter);
	buf_fmt(to, " %u", g->seq);
	if (g->flags & TCP_ACK)
		buf_fmt(to, "/%u", g->ack);
	if (g->len)
		buf_fmt(to, " +%u", g->len);
}

static void write_icmp(struct buf *to, const struct packet *p)
{
	const struct event_icmp *i = &p->event.icmp;
	struct bytes b = p->l4;
	char text[ADDR_TEXT_LEN];
	uint32_t rest = 0;

	assert_true(bytes_skip(&b, 4) && bytes_u32be(&b, &rest));
	buf_fmt(to, "icmp %u/%u", i->type, i->code);
	if (rest)
		buf_fmt(to, " (%u)", rest);
	buf_fmt(to, " from %s %u", addr_format(&i->from, text), i->quoted_seq);
}

static void sent(enum wire_side side, const struct virtio_net_hdr *vh, struct bytes frame, void *user)
{
	const struct virtio_net_hdr none = { 0 };
	struct script *s = user;
	struct packet p;

	s->n_out++;
	if (s->through.len) {
		assert_int_equal(frame.len, s->through.len);
		assert_memory_equal(frame.p, s->through.p, frame.len);
		return;
	}
	assert_int_equal(decode_frame(LINK_ETHERNET, frame, &p), DECODE_OK);
	buf_fmt(&s->out, "%d %s ", (int)(s->now_ns / NS_PER_MS), side == WIRE_CLIENT ? "client" : "far");
	if (p.event.kind == EVENT_ICMP)
		write_icmp(&s->out, &p);
	else
		write_segment(&s->out, &p.event.segment);
	assert_false(p.event.kind == EVENT_SEGMENT && p.event.segment.bad_checksum);
	/* What comes through has the header it came with; what was forged has none. */
	assert_true(!memcmp(vh, &s->vh, sizeof(*vh)) || !memcmp(vh, &none, sizeof(*vh)));
	buf_char(&s->out, '\n');
}

static void told(const struct wire_told *t, void *user)
{
	static const char *const deeds[WIRE_DEED_N] = { "dropped",    "answered",  "delayed",
							"duplicated", "reordered", "stripped" };
	static const char *const kinds[] = { "later", "syn", "reply", "reply-syn" };
	struct script *s = user;

	s->n_told++;
	assert_int_equal(t->t_ns, s->now_ns);
	assert_int_equal(t->flow.server.port, s->server);
	assert_int_equal(t->flow.client.port, s->client);
	if (!s->quiet)
		buf_fmt(&s->out, "%d told %d %s %s %d\n", (int)(t->t_ns / NS_PER_MS), t->fault, deeds[t->deed],
			kinds[2 * t->reply + t->syn], t->nth);
}

void script_start(struct script *s, const char *const *faults, uint64_t seed)
{
	struct wire_opts o = { .faults = s->faults, .seed = seed, .send = sent, .tell = told, .user = s };
	struct err e = { 0 };

	s->version = s->version ? s->version : 4;
	s->client = s->client ? s->client : 40000;
	s->server = s->server ? s->server : 80;
	s->host = s->host ? s->host : 2;
	for (s->n_faults = 0; faults[s->n_faults]; s->n_faults++)
		if (fault_parse(faults[s->n_faults], &s->faults[s->n_faults], &e))
			fail_msg("%s", e.what);
	o.n_faults = s->n_faults;
	s->w = wire_new(&o);
	assert_non_null(s->w);
}

void script_end(struct script *s)
{
	script_expect(s, "");
	wire_free(s->w);
	buf_fini(&s->out);
}

void script_feed(struct script *s, int at_ms, const struct segment *g)
{
	bool back = g->from == WIRE_FAR;
	struct buf frame = { 0 };
	struct made_frame m = { .linktype = 1,
				.version = s->version,
				.protocol = PROTO_TCP,
				.host_src = back ? s->host : 1,
				.host_dst = back ? 1 : s->host,
				.sport = back ? s->server : s->client,
				.dport = back ? s->client : s->server,
				.seq = g->seq,
				.ack = g->ack,
				.flags = g->flags,
				.payload = g->payload,
				.options = g->options,
				.partial = s->vh.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM };

	made_frame(&frame, &m);
	s->now_ns = at_ms * NS_PER_MS;
	wire_feed(s->w, g->from, &s->vh, (uint8_t *)frame.data, frame.len, s->now_ns);
	buf_fini(&frame);
}

void script_syn(struct script *s, int at_ms, uint32_t isn)
{
	script_feed(s, at_ms, &(struct segment){ .from = WIRE_CLIENT, .flags = TCP_SYN, .seq = isn });
}

void script_syn_ack(struct script *s, int at_ms, uint32_t isn)
{
	script_feed(
		s, at_ms,
		&(struct segment){ .from = WIRE_FAR, .flags = TCP_SYN | TCP_ACK, .seq = SERVER_ISN, .ack = isn + 1 });
}

void script_ack(struct script *s, int at_ms, uint32_t isn)
{
	script_feed(s, at_ms,
		    &(struct segment){ .from = WIRE_CLIENT, .flags = TCP_ACK, .seq = isn + 1, .ack = SERVER_ISN + 1 });
}

void script_data(struct script *s, int at_ms, enum wire_side from, uint32_t isn)
{
	bool back = from == WIRE_FAR;

	script_feed(s, at_ms,
		    &(struct segment){ .from = from,
				       .flags = TCP_ACK,
				       .seq = back ? SERVER_ISN + 1 : isn + 1,
				       .ack = back ? isn + 1 : SERVER_ISN + 1,
				       .payload = 5 });
}

void script_advance(struct script *s, int at_ms)
{
	s->now_ns = at_ms * NS_PER_MS;
	wire_advance(s->w, s->now_ns);
}

void script_expect(struct script *s, const char *text)
{
	if (strcmp(buf_text(&s->out), text))
		fail_msg("expected:\n%sgot:\n%s", text, buf_text(&s->out));
	buf_reset(&s->out);
}
