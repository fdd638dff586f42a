/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/capture_inside.h"
#include "sources/mapguard.h"

/* The end of the bytes: a good one, unless a record is cut or the stream said why. */
static void finish(struct capture *c, struct slot *s)
{
	s->result = CAPTURE_END;
	if (is_stopped(c))
		return;
	if (c->stream_err.what[0])
		s->err = c->stream_err;
	else if (s->from < s->end || c->skip || fill_was_cut(c))
		parse_cut(c, s);
}

/* Parses; what a map's lost pages made of it is taken back, and read again as a stream. */
static enum parse parse_intact(struct capture *c, struct slot *s, struct await *a)
{
	uint64_t packets = c->packets, offset = c->offset, skip = c->skip;
	size_t n_remarks = s->n_remarks;
	int64_t time_max_ns = c->time_max_ns;
	enum parse p = slot_parse(c, s, a);

	if (!c->mapped || !mapguard_hit(c->guard))
		return p;
	c->packets = packets;
	c->offset = offset;
	c->skip = skip;
	c->time_max_ns = time_max_ns;
	s->n_remarks = n_remarks;
	return PARSE_MORE;
}

void slot_produce(struct capture *c, struct slot *s, const struct slot *before)
{
	struct await *a = atomic_load(&c->await);
	enum fill f;

	if (before != s) { /* else what it has was not told yet */
		s->n_remarks = 0;
		buf_reset(&s->text);
	}
	slot_let_go(s);
	slot_take_over(c, s, before);
	for (;;) {
		switch (s->from < s->end ? parse_intact(c, s, a) : PARSE_MORE) {
		case PARSE_STRETCH:
			slot_sight(c, s, a);
			s->result = CAPTURE_STRETCH;
			return;
		case PARSE_DAMAGED:
			if (fill_was_cut(c))
				parse_cut(c, s);
			s->result = CAPTURE_END;
			return;
		default:
			break;
		}
		if (c->mapped)
			fill_leave_map(c, s);
		f = slot_fill(c, s);
		if (f == FILL_IDLE && !c->thread_runs) {
			s->result = CAPTURE_IDLE;
			return;
		}
		if (f == FILL_END) {
			finish(c, s);
			return;
		}
	}
}
