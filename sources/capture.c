/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  A slot is filled (capture_fill.c: a window of a map, or
 * a chunk that read(2) or a decoder gives, after what the chunk before left) and
 * parsed (capture_parse.c) into a stretch; capture_packet.c tells of its packets.
 * There are two slots: while the user works on one, the thread, if there is one,
 * makes the other (capture_thread.c).
 *
 * A regular file is mapped, unless somebody writes to it or it is short.  Where
 * the map ends, or turns out to be longer than the file, the rest is read as a
 * stream, which finds what was added meanwhile, or that it was cut.
 */
#include "sources/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sources/capture_inside.h"

/* A FIFO that nobody writes to yet is waited for later, where a signal ends that. */
static int open_now(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, 0);
	return fd;
}

static int open_path(struct capture *c, struct err *e)
{
	struct stat st;

	c->fd = strcmp(c->path, "-") ? open_now(c->path) : dup(STDIN_FILENO);
	if (c->fd < 0 || fstat(c->fd, &st))
		return err_sys(e, errno, "cannot open %s", capture_name(c));
	if (S_ISDIR(st.st_mode)) {
		err_sys(e, EISDIR, "%s", capture_name(c));
		err_remedy(e, "-R reads the captures in a directory");
		return -EISDIR;
	}
	c->is_regular = S_ISREG(st.st_mode);
	c->size = c->is_regular ? (uint64_t)st.st_size : 0;
	return 0;
}

static void init_locks(struct capture *c)
{
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
}

int capture_open(const char *path, const struct capture_opts *o, struct capture **ret, struct err *e)
{
	struct capture *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_sys(e, ENOMEM, "%s", path);
	c->opts = *o;
	c->fd = c->guard = c->given = -1;
	init_locks(c);
	c->path = strdup(path);
	r = c->path ? open_path(c, e) : err_sys(e, ENOMEM, "%s", path);
	if (r) {
		capture_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

static void slot_fini(struct slot *s)
{
	free(s->entries);
	free(s->times);
	free(s->memory);
	free(s->remarks);
	free(s->sightings);
	buf_fini(&s->text);
}

/* What capture_begin() made. */
static void end(struct capture *c)
{
	helper_free(c->helper);
	fill_fini(c);
	pcapngfile_free(c->pcapng);
	slot_fini(&c->slots[0]);
	slot_fini(&c->slots[1]);
	free(atomic_load(&c->await));
}

bool capture_rewind(struct capture *c)
{
	struct capture fresh = { .opts = c->opts,
				 .path = c->path,
				 .fd = c->fd,
				 .is_regular = c->is_regular,
				 .size = c->size,
				 .has_first = c->has_first,
				 .first_ns = c->first_ns,
				 .guard = -1,
				 .given = -1,
				 .on_remark = c->on_remark,
				 .remark_user = c->remark_user };

	if (!c->is_regular || c->thread_runs || lseek(c->fd, 0, SEEK_SET))
		return false;
	end(c);
	*c = fresh;
	init_locks(c);
	return true;
}

void capture_free(struct capture *c)
{
	if (!c || !capture_thread_stop(c))
		return;
	end(c);
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	free(c);
}

static int slot_init(struct slot *s)
{
	s->entries = malloc(WALK_LISTS * WALK_LIST_MAX * sizeof(*s->entries));
	s->times = malloc(WALK_LIST_MAX * sizeof(*s->times));
	return s->entries && s->times ? 0 : -ENOMEM;
}

static void note_first(struct capture *c, const struct slot *s)
{
	struct captured first;

	if (s->result != CAPTURE_STRETCH)
		return;
	slot_packet(c, &s->stretch, s->stretch.walk.from, &first);
	c->has_first = true;
	c->first_ns = s->stretch.times ? s->stretch.times[0] : first.t_ns;
}

/* Too few bytes to tell what it is, so that whatever ended them is to blame. */
static bool is_short(const struct slot *s)
{
	struct bytes b = bytes_of(s->from, (size_t)(s->end - s->from));

	return b.len < PCAPNGFILE_HEAD_LEN || (b.len < PCAPFILE_HEADER_LEN && pcapfile_is(b));
}

int capture_begin(struct capture *c, bool threaded, struct err *e)
{
	struct slot *s = &c->slots[0];
	int r = fill_init(c, threaded, e);

	if (!r && (slot_init(&c->slots[0]) || slot_init(&c->slots[1])))
		r = err_sys(e, ENOMEM, "%s", capture_name(c));
	if (r)
		return r;
	if (c->mapped)
		slot_take_over(c, s, s);
	while ((r = parse_format(c, s, e)) > 0)
		if (slot_fill(c, s) == FILL_END)
			c->ended = true;
	if (r) {
		if (c->stream_err.what[0] && is_short(s))
			*e = c->stream_err;
		return is_stopped(c) ? err_set(e, EINTR, "%s: stopped", capture_name(c)) : r;
	}
	if (c->format == FORMAT_EVENTS) {
		if (c->mapped)
			fill_leave_map(c, s);
		return 0;
	}
	slot_produce(c, s, s);
	while (s->result == CAPTURE_IDLE)
		slot_produce(c, s, s);
	note_first(c, s);
	s->full = true;
	c->next = 1;
	if (threaded && s->result != CAPTURE_END)
		capture_thread_start(c);
	return 0;
}

bool capture_is_events(const struct capture *c)
{
	return c->format == FORMAT_EVENTS;
}

ssize_t capture_read_text(struct capture *c, void *to, size_t len, struct err *e)
{
	struct slot *s = &c->slots[0];
	size_t n = (size_t)(s->end - s->from);

	if (!n && slot_fill(c, s) == FILL_END) {
		if (c->stream_err.what[0])
			*e = c->stream_err;
		return c->stream_err.what[0] ? -EBADMSG : 0;
	}
	n = (size_t)(s->end - s->from);
	n = n < len ? n : len;
	memcpy(to, s->from, n);
	s->from += n;
	return (ssize_t)n;
}

void capture_info(const struct capture *c, struct capture_info *ret)
{
	static const char *const formats[] = {
		[FORMAT_PCAP] = "pcap", [FORMAT_PCAPNG] = "pcapng", [FORMAT_EVENTS] = "events"
	};

	*ret = (struct capture_info){ .path = c->path,
				      .format = formats[c->format],
				      .packing = c->packing == PACKING_NONE ? NULL : packing_name(c->packing),
				      .size = c->size,
				      .taken = atomic_load(&c->taken) };
}

uint8_t *capture_await(struct capture *c)
{
	struct await *a = calloc(1, sizeof(*a));

	atomic_store(&c->await, a);
	return a ? a->awaited : NULL;
}

int64_t capture_first_ns(const struct capture *c)
{
	return c->has_first ? c->first_ns : INT64_MAX;
}

void capture_on_remark(struct capture *c, capture_remark_fn *fn, void *user)
{
	c->on_remark = fn;
	c->remark_user = user;
}

static void tell_remarks(struct capture *c, const struct slot *s)
{
	size_t i;

	for (i = 0; c->on_remark && i < s->n_remarks; i++) {
		struct capture_remark r = { .of_section = s->remarks[i].of_section,
					    .text = bytes_of(buf_text(&s->text) + s->remarks[i].at,
							     s->remarks[i].len) };

		c->on_remark(&r, c->remark_user);
	}
}

enum capture_result capture_next(struct capture *c, const struct stretch **ret, struct err *e)
{
	struct slot *s;

	if (c->at_end)
		return CAPTURE_END;
	s = slot_next(c);
	if (!s)
		return CAPTURE_IDLE;
	tell_remarks(c, s);
	c->at_end = s->result == CAPTURE_END;
	if (c->at_end && s->err.what[0])
		*e = s->err;
	*ret = &s->stretch;
	return s->result;
}
