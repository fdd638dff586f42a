/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments that nobody awaits are missing in the lists, and no attempt is another one for that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "made.h"
#include "packet/paths.h"
#include "packet/sight.h"
#include "random.h"
#include "sources/capture_inside.h"

#define SEED 5
#define FLOWS 100
#define FEW 60 /* one of so many begins something or ends it, since where more do nothing is left out */

static char directory[] = "/tmp/synsent-await-XXXXXX";
static char path[sizeof(directory) + 16];
static unsigned long n_entries, n_left_out, n_answered;

/* How a capture is read. */
struct way {
	size_t buffer_len;
	bool threaded;
	bool awaits;
};

/* What came of it. */
struct told {
	uint64_t packets, entries, attempts, digest, answered;
};

static uint64_t mix(uint64_t d, uint64_t v)
{
	return (d ^ v) * 0x9e3779b97f4a7c15u + (d >> 29);
}

static void on_digest(const struct digest *d, void *user)
{
	struct told *t = user;

	t->attempts++;
	t->answered += d->answer != REPLY_NONE;
	t->digest = mix(mix(t->digest, (uint64_t)d->start_ns), (uint64_t)d->elapsed_ns);
	t->digest = mix(mix(t->digest, (uint64_t)d->n_syns), d->outcome);
	t->digest = mix(mix(t->digest, d->answer), (uint64_t)d->half_open << 32 | (uint64_t)d->n_synacks);
	t->digest = mix(mix(t->digest, d->flow.client.port), d->flow.server.port);
}

/* One that feeds each packet before it looks at the next. */
struct user {
	struct capture *c;
	struct handshakes *h;
	struct paths *paths;
	int64_t last_ns;
	struct told *told;
};

static void take(struct user *u, const struct stretch *t, const struct walk_list *l, uint32_t entry)
{
	struct sighting s, *p = &s;
	struct captured cap;

	if (!(l->entries[entry] & WALK_LOOK) && !handshakes_awaited(u->h)[(uint32_t)l->entries[entry]])
		return;
	capture_packet(u->c, t, l, entry, &cap);
	if (sight(cap.linktype, cap.frame, cap.on_wire, SEED, u->paths, &s) != DECODE_OK)
		return;
	s.t_ns = cap.t_ns;
	s.packet = cap.number;
	handshakes_feed(u->h, &p, 1);
}

/* The thread has made the next stretch before anything of this one is fed: it knows as little as it can. */
static void let_it_go_ahead(struct capture *c)
{
	const struct slot *next = &c->slots[!c->given];

	if (!c->thread_runs)
		return;
	pthread_mutex_lock(&c->lock);
	while (!next->full)
		pthread_cond_wait(&c->changed, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

static void take_stretch(struct user *u, const struct stretch *t)
{
	uint32_t i;
	int list;

	let_it_go_ahead(u->c);
	u->told->packets += t->packets;
	if (t->time_max_ns > u->last_ns)
		u->last_ns = t->time_max_ns;
	for (list = 0; list < t->walk.n_lists; list++) {
		u->told->entries += t->walk.lists[list].n;
		for (i = 0; i < t->walk.lists[list].n; i++)
			take(u, t, &t->walk.lists[list], i);
	}
}

static struct told read_as(const struct way *way)
{
	const struct capture_opts o = { .seed = SEED, .buffer_len = way->buffer_len };
	struct told told = { 0 };
	struct user u = { .paths = paths_new(SEED), .told = &told };
	struct handshakes_config config = { .memory = 64 << 20, .seed = SEED, .fn = on_digest, .user = &told };
	const struct stretch *t;
	enum capture_result r;
	struct err e = { 0 };

	assert_int_equal(capture_open(path, &o, &u.c, &e), 0);
	assert_int_equal(capture_begin(u.c, way->threaded, &e), 0);
	config.awaited = way->awaits ? capture_await(u.c) : NULL;
	u.h = handshakes_new(&config);
	assert_true(u.paths && u.h && (config.awaited || !way->awaits));
	while ((r = capture_next(u.c, &t, &e)) != CAPTURE_END)
		if (r == CAPTURE_STRETCH)
			take_stretch(&u, t);
	assert_string_equal(e.what, "");
	handshakes_finish(u.h, u.last_ns);
	handshakes_free(u.h);
	capture_free(u.c);
	paths_free(u.paths);
	return told;
}

/* Packets of a few flows, in any order, so that all that can follow a SYN does, at any distance. */
static struct made_frame any_frame(uint32_t flows, int linktype, uint64_t *random)
{
	static const uint16_t some[] = { 0x02, 0x12, 0x14, 0x04 }, most[] = { 0x10, 0x10, 0x18, 0x11 };
	bool matters = random_once_in(random, FEW);
	uint32_t flow = random_below(random, matters ? flows / 10 : flows);
	bool back = random_once_in(random, 2);
	uint8_t client = (uint8_t)(flow % 50), server = 200;
	uint16_t port = (uint16_t)(1000 + flow);

	return (struct made_frame){ .linktype = linktype,
				    .version = flow % 3 ? 4 : 6,
				    .protocol = random_once_in(random, 2000) ? 17 : 6,
				    .vlans = random_once_in(random, 2000) ? 3 : 0, /* not plain */
				    .host_src = back ? server : client,
				    .host_dst = back ? client : server,
				    .sport = back ? 80 : port,
				    .dport = back ? port : 80,
				    .seq = 1000 + random_below(random, 2),
				    .ack = 1000 + random_below(random, 2),
				    .flags = (matters ? some : most)[random_below(random, 4)],
				    .payload = random_once_in(random, 8) ? 20 : 0 };
}

/* How a capture is made. */
struct kind {
	bool ng, swapped;
	int linktype;
	uint32_t flows;
};

static void add_packet(struct buf *b, const struct kind *k, uint64_t t_us, const struct made_frame *f, bool remark)
{
	const struct made_pcap p = { .swapped = k->swapped, .magic = 0xa1b2c3d4u };
	struct buf frame = { 0 }, options = { 0 };

	made_frame(&frame, f);
	if (remark)
		made_option(&options, k->swapped, 1, bytes_of("a packet", 8));
	if (k->ng)
		made_epb(b, k->swapped, 0, t_us, made_bytes(&frame), made_bytes(&options));
	else
		made_pcap_record(b, &p, (struct made_time){ (uint32_t)(t_us / 1000000), (uint32_t)(t_us % 1000000) },
				 made_bytes(&frame), 0);
	buf_fini(&frame);
	buf_fini(&options);
}

static void add_head(struct buf *b, const struct kind *k)
{
	const struct made_pcap p = { .swapped = k->swapped, .magic = 0xa1b2c3d4u, .linktype = (uint32_t)k->linktype };

	if (k->ng) {
		made_section(b, k->swapped, bytes_of("", 0));
		made_interface(b, k->swapped, (uint16_t)k->linktype, 0, bytes_of("", 0));
	} else {
		made_pcap_header(b, &p);
	}
}

static void write_file(struct buf *b)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(b->data, 1, b->len, f), b->len);
	assert_int_equal(fclose(f), 0);
	buf_fini(b);
}

#define BEGIN_US (UINT64_C(1700000000) * 1000000)

static void write_capture(const struct kind *k, int n, uint64_t *random)
{
	uint64_t t_us = BEGIN_US;
	struct made_frame f;
	struct buf b = { 0 };

	add_head(&b, k);
	for (; n; n--) {
		t_us += random_once_in(random, 300) ? 20000000 : random_below(random, 20000);
		f = any_frame(k->flows, k->linktype, random);
		add_packet(&b, k, t_us, &f, random_once_in(random, 2000));
	}
	write_file(&b);
}

/* True when entries were left out. */
static bool compare(const struct way *how)
{
	struct way way = *how;
	struct told all, some;

	way.awaits = false;
	all = read_as(&way);
	way.awaits = true;
	some = read_as(&way);
	assert_int_equal(some.packets, all.packets);
	assert_int_equal(some.attempts, all.attempts);
	assert_int_equal(some.answered, all.answered);
	assert_int_equal(some.digest, all.digest);
	assert_true(all.attempts && some.entries <= all.entries);
	n_answered += all.answered;
	n_entries += all.entries;
	n_left_out += all.entries - some.entries;
	return some.entries < all.entries;
}

/* Read by one cursor, in stretches of any length. */
static void streams(void **state)
{
	static const size_t buffer_lens[] = { 300, 3000, 30000, 0 };
	static const int linktypes[] = { LINK_ETHERNET, LINK_RAW, LINK_LINUX_SLL2 };
	uint64_t random = 1;
	int i, how, fd;

	for (i = 0; i < 24; i++) {
		struct kind k = { i & 1, i & 2, linktypes[i % 3], i & 4 ? FLOWS : 2 * FLOWS };

		write_capture(&k, 3000, &random);
		fd = open(path, O_WRONLY | O_CLOEXEC); /* so that it is not mapped */
		assert_true(fd >= 0);
		for (how = 0; how < 8; how++)
			compare(&(struct way){ .buffer_len = buffer_lens[how / 2], .threaded = how % 2 });
		close(fd);
	}
	assert_true(n_left_out > n_entries / 10);
	assert_true(n_answered > 100);
}

/* Mapped: one cursor too, once packets were seen to be short. */
static void maps(void **state)
{
	uint64_t random = 2;
	int i;

	for (i = 0; i < 4; i++) {
		struct kind k = { i & 1, i & 2, LINK_ETHERNET, 20 * FLOWS };

		write_capture(&k, 160000, &random);
		assert_true(compare(&(struct way){ .threaded = true }));
		compare(&(struct way){ .threaded = false });
	}
}

/* A handshake of which all but the last packet is not plain, and others' segments in between. */
static void add_odd(struct buf *b, const struct kind *k, uint64_t t_us, uint64_t *random)
{
	struct made_frame f = any_frame(k->flows, k->linktype, random), reply, last;
	int i;

	f.protocol = 6;
	f.seq = 1000;
	f.ack = f.payload = 0;
	f.flags = 0x02;
	f.vlans = 3;
	reply = last = f;
	reply.host_src = f.host_dst;
	reply.host_dst = f.host_src;
	reply.sport = f.dport;
	reply.dport = f.sport;
	reply.ack = last.seq = last.ack = 1001;
	reply.flags = 0x12;
	last.flags = 0x10;
	last.vlans = 0;
	add_packet(b, k, t_us, &f, false);
	add_packet(b, k, t_us + 1, &reply, false);
	for (i = (int)random_below(random, 100); i; i--) {
		f = any_frame(k->flows, k->linktype, random);
		f.flags = 0x10;
		f.vlans = 0;
		add_packet(b, k, t_us + 2, &f, false);
	}
	add_packet(b, k, t_us + 3, &last, false);
}

/* What a SYN that is not plain waits for comes in the stretch after it. */
static void not_plain(void **state)
{
	const struct kind k = { false, false, LINK_ETHERNET, 20 * FLOWS };
	struct buf b = { 0 };
	uint64_t random = 3;
	uint32_t i;
	int fd;

	add_head(&b, &k);
	for (i = 0; i < 300; i++)
		add_odd(&b, &k, BEGIN_US + i * 1000, &random);
	write_file(&b);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(compare(&(struct way){ .buffer_len = 3000, .threaded = true }));
	assert_true(compare(&(struct way){ .buffer_len = 3000, .threaded = false }));
	close(fd);
}

static int set_up(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/capture", directory);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	rmdir(directory);
	print_message("%lu entries, of which %lu were left out\n", n_entries, n_left_out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(streams), cmocka_unit_test(maps),
					    cmocka_unit_test(not_plain) };

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
