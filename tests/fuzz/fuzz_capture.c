/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes 0 and 1: the lengths of the buffers; byte 2: how it is read; then a
 * capture of any kind.  It holds the same packets and ends in the same way,
 * whether it is mapped or read, and its stretches add up.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sources/capture.h"
#include "util/bytes.h"

#define FILE_MAX 60000 /* what a pipe takes */

struct seen {
	uint64_t n, counted, digest, remarks;
	char end[512];
};

static uint64_t mix(uint64_t d, const void *p, size_t len)
{
	const uint8_t *b = p;

	while (len--)
		d = (d ^ *b++) * 0x100000001b3u;
	return d;
}

static void on_remark(const struct capture_remark *r, void *user)
{
	struct seen *s = user;

	/* those of packets come between the others as their stretches do */
	s->remarks += mix(r->packet + 1, r->text.p, r->text.len);
}

static void add_packet(struct seen *s, const struct captured *p)
{
	const uint64_t numbers[] = { p->number,	 (uint64_t)p->t_ns, (uint64_t)p->linktype,
				     p->on_wire, p->frame.len,	    p->odd_time,
				     p->no_time, p->odd_len };

	MUST(p->number == ++s->n);
	MUST(p->t_ns >= 0);
	s->digest = mix(mix(s->digest, numbers, sizeof(numbers)), p->frame.p, p->frame.len);
}

/* Every packet is to be looked at. */
static void add_stretch(struct seen *s, struct capture *c, const struct stretch *t)
{
	uint64_t packets = 0;
	struct captured p;
	uint32_t i;
	int list;

	MUST(t->first_number == s->counted + 1);
	for (list = 0; list < t->walk.n_lists; list++) {
		const struct walk_list *l = &t->walk.lists[list];

		MUST(l->n == l->packets && !l->tcp && !l->other && !l->empty);
		packets += l->packets;
		for (i = 0; i < l->n; i++) {
			capture_packet(c, t, l, i, &p);
			MUST(p.t_ns <= t->time_max_ns);
			add_packet(s, &p);
			capture_packet_remarks(c, &p);
		}
	}
	MUST(packets == t->packets);
	s->counted += packets;
}

/* The stretches add up, also where not every packet is to be looked at. */
static void count_stretch(struct seen *s, const struct stretch *t)
{
	uint64_t packets = 0;
	int list;

	for (list = 0; list < t->walk.n_lists; list++) {
		const struct walk_list *l = &t->walk.lists[list];

		MUST(l->n >= l->tcp && l->n - l->tcp + l->tcp + l->other + l->empty == l->packets);
		packets += l->packets;
	}
	MUST(packets == t->packets);
	s->counted += packets;
}

/* Events are text, which is given as it is. */
static void read_text(struct seen *s, struct capture *c, struct err *e)
{
	char some[100];
	ssize_t n;

	while ((n = capture_read_text(c, some, sizeof(some), e)) > 0)
		s->digest = mix(s->digest, some, (size_t)n);
	MUST((n < 0) == (e->what[0] != 0));
}

static void read_all(struct seen *s, const char *path, size_t buffer_len, bool look_at_all, bool threaded)
{
	const struct capture_opts o = { .seed = 1, .buffer_len = buffer_len, .look_at_all = look_at_all };
	const struct stretch *t;
	struct err e = { 0 };
	struct capture *c;
	enum capture_result r;

	*s = (struct seen){ .n = 0 };
	MUST(!capture_open(path, &o, &c, &e));
	capture_on_remark(c, on_remark, s);
	if (capture_begin(c, threaded, &e)) {
		MUST(e.what[0]);
	} else if (capture_is_events(c)) {
		read_text(s, c, &e);
	} else {
		while ((r = capture_next(c, &t, &e)) != CAPTURE_END) {
			if (r == CAPTURE_STRETCH && look_at_all)
				add_stretch(s, c, t);
			else if (r == CAPTURE_STRETCH)
				count_stretch(s, t);
		}
	}
	capture_free(c);
	MUST(!e.what[0] || !strncmp(e.what, path, strlen(path)));
	snprintf(s->end, sizeof(s->end), "%s", e.what[0] ? e.what + strlen(path) : "");
}

/* A file that nobody has open to write, so that it is mapped. */
static void read_file(struct seen *s, struct bytes b, size_t buffer_len, bool threaded)
{
	int fd = memfd_create("capture", MFD_CLOEXEC), reading;
	char name[32];

	MUST(fd >= 0 && write(fd, b.p, b.len) == (ssize_t)b.len);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	reading = open(name, O_RDONLY | O_CLOEXEC);
	MUST(reading >= 0);
	close(fd);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", reading);
	read_all(s, name, buffer_len, true, threaded);
	close(reading);
}

static void read_pipe(struct seen *s, struct bytes b, size_t buffer_len, bool look_at_all)
{
	char name[32];
	int fds[2];

	MUST(!pipe2(fds, O_CLOEXEC));
	MUST(write(fds[1], b.p, b.len) == (ssize_t)b.len);
	close(fds[1]);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fds[0]);
	read_all(s, name, buffer_len, look_at_all, false);
	close(fds[0]);
}

static void check_same(const struct seen *a, const struct seen *b)
{
	if (strcmp(a->end, b->end))
		fprintf(stderr, "\"%s\" and \"%s\"\n", a->end, b->end);
	MUST(!strcmp(a->end, b->end));
	MUST(a->n == b->n && a->digest == b->digest && a->counted == b->counted && a->remarks == b->remarks);
	MUST(a->n == a->counted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seen mapped, piped, counted;
	struct bytes b = bytes_of(data, size);
	uint8_t one, other, how;

	if (!bytes_u8(&b, &one) || !bytes_u8(&b, &other) || !bytes_u8(&b, &how) || b.len > FILE_MAX)
		return 0;
	read_file(&mapped, b, 1u + one * (how & 1 ? 1u : 41u), how & 2);
	read_pipe(&piped, b, how & 4 ? 0 : 1u + other, true);
	check_same(&mapped, &piped);
	read_pipe(&counted, b, how & 4 ? 1u + other : 0, false);
	MUST(counted.counted == piped.counted && !strcmp(counted.end, piped.end));
	return 0;
}
