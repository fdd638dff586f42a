/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/sight.h"
#include "sources/capture_inside.h"

uint64_t seen_digest(struct bytes b)
{
	uint64_t d = 0xcbf29ce484222325u;

	for (; b.len; b.p++, b.len--)
		d = (d ^ *b.p) * 0x100000001b3u;
	return d;
}

void seen_add(struct seen *s, const struct captured *p)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 64;
		s->packets = realloc(s->packets, s->cap * sizeof(*s->packets));
		assert_non_null(s->packets);
	}
	s->packets[s->n++] = (struct seen_packet){ .number = p->number,
						   .t_ns = p->t_ns,
						   .linktype = p->linktype,
						   .on_wire = p->on_wire,
						   .caplen = (uint32_t)p->frame.len,
						   .digest = seen_digest(p->frame),
						   .odd_time = p->odd_time,
						   .no_time = p->no_time,
						   .odd_len = p->odd_len };
}

void seen_remark(const struct capture_remark *r, void *user)
{
	struct seen *s = user;
	struct buf *to = r->packet ? &s->packet_remarks : &s->remarks;

	if (r->packet)
		buf_fmt(to, "%llu: ", (unsigned long long)r->packet);
	else
		buf_str(to, r->of_section ? "section: " : "interface: ");
	buf_add(to, r->text.p, r->text.len);
	buf_char(to, '\n');
}

/* What was made beforehand of a plain packet is what comes of it otherwise. */
static void check_sighting(const struct captured *p, const struct sighting *s, uint64_t seed)
{
	struct paths *paths = NULL; /* a plain one has nothing around it */
	struct sighting own;

	if (s->kind == SIGHTING_NONE)
		return;
	assert_int_equal(sight(p->linktype, p->frame, p->on_wire, seed, paths, &own), DECODE_OK);
	assert_int_equal(s->t_ns, p->t_ns);
	assert_int_equal(s->packet, p->number);
	assert_int_equal(s->flags, own.flags);
	assert_int_equal(s->seq, own.seq);
	assert_int_equal(s->sport, own.sport);
	assert_int_equal(s->mark, own.mark);
	assert_int_equal(s->flow_hash, own.flow_hash);
}

void seen_stretch(struct seen *s, struct capture *c, const struct stretch *t)
{
	const struct sighting *sighting = t->sightings;
	uint64_t packets = 0, number = t->first_number;
	struct captured p;
	uint32_t i;
	int list;

	assert_int_equal(t->first_number, s->counted + 1);
	for (list = 0; list < t->walk.n_lists; list++) {
		const struct walk_list *l = &t->walk.lists[list];
		uint32_t looked = 0;

		for (i = 0; i < l->n; i++) {
			capture_packet(c, t, l, i, &p);
			assert_true(p.t_ns <= t->time_max_ns || s->may_change);
			if (!(l->entries[i] & WALK_LOOK))
				continue;
			looked++;
			assert_in_range(p.number, number, number + l->packets - 1);
			if (sighting && !s->may_change)
				check_sighting(&p, sighting++, c->opts.seed);
			seen_add(s, &p);
			s->lost += !capture_is_intact(c, &p);
			if (p.options.len)
				capture_packet_remarks(c, &p);
		}
		assert_int_equal(l->packets, l->tcp + l->other + l->empty + looked);
		assert_int_equal(l->n, l->tcp + looked);
		packets += l->packets;
		number += l->packets;
		s->tcp += l->tcp;
		s->other += l->other;
		s->empty += l->empty;
		s->looked += looked;
	}
	assert_int_equal(t->packets, packets);
	s->counted += packets;
}

void seen_read(struct seen *s, const char *path, const struct capture_opts *o, bool threaded)
{
	const struct stretch *t;
	struct capture *c = NULL;
	enum capture_result r;

	*s = (struct seen){ .n = 0 };
	if (capture_open(path, o, &c, &s->err))
		return;
	capture_on_remark(c, seen_remark, s);
	if (!capture_begin(c, threaded, &s->err)) {
		s->mapped = c->map;
		while ((r = capture_next(c, &t, &s->err)) != CAPTURE_END)
			if (r == CAPTURE_STRETCH)
				seen_stretch(s, c, t);
		assert_int_equal(capture_next(c, &t, &s->err), CAPTURE_END);
		assert_int_equal(s->lost, 0);
	}
	capture_free(c);
}

void seen_assert_begin(const struct seen *a, const struct seen *b, size_t n)
{
	size_t i;

	assert_true(n <= a->n && n <= b->n);
	for (i = 0; i < n; i++) {
		const struct seen_packet *x = &a->packets[i], *y = &b->packets[i];

		if (x->number != y->number || x->t_ns != y->t_ns || x->linktype != y->linktype ||
		    x->on_wire != y->on_wire || x->caplen != y->caplen || x->digest != y->digest ||
		    x->odd_time != y->odd_time || x->no_time != y->no_time || x->odd_len != y->odd_len)
			fail_msg("packets %zu differ: number %llu %llu, time %lld %lld, link type %d %d, "
				 "%u of %u and %u of %u bytes",
				 i, (unsigned long long)x->number, (unsigned long long)y->number, (long long)x->t_ns,
				 (long long)y->t_ns, x->linktype, y->linktype, x->caplen, x->on_wire, y->caplen,
				 y->on_wire);
	}
}

void seen_assert_same(const struct seen *a, const struct seen *b)
{
	if (strcmp(a->err.what, b->err.what))
		fail_msg("\"%s\" and \"%s\"", a->err.what, b->err.what);
	seen_assert_begin(a, b, a->n < b->n ? a->n : b->n);
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->counted, b->counted);
	assert_string_equal(buf_text(&a->remarks), buf_text(&b->remarks));
	assert_string_equal(buf_text(&a->packet_remarks), buf_text(&b->packet_remarks));
}

void seen_fini(struct seen *s)
{
	free(s->packets);
	buf_fini(&s->remarks);
	buf_fini(&s->packet_remarks);
	*s = (struct seen){ .n = 0 };
}
