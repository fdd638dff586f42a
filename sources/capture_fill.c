/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sources/capture_inside.h"
#include "sources/mapguard.h"

/* A map has its own cost: below this, reading is as quick. */
#define MAP_LEAST (4u << 20)
#define IDLE_NS 50000000L
#define STOP_LOOK_MS 100
#define PAGE 4096
#define MTIME_RECENT_S 3

/*
 * Does somebody still write to it?  The kernel gives a read lease only on a file
 * that nobody has open for writing; where it gives none for another reason, the
 * file's time tells.
 */
static bool is_being_written(int fd, const struct stat *st)
{
	if (!fcntl(fd, F_SETLEASE, F_RDLCK)) {
		fcntl(fd, F_SETLEASE, F_UNLCK);
		return false;
	}
	return errno == EAGAIN || time(NULL) - st->st_mtime < MTIME_RECENT_S;
}

static void try_map(struct capture *c)
{
	struct stat st;
	void *map;

	if (c->opts.follow || !c->is_regular || c->packing != PACKING_NONE || fstat(c->fd, &st))
		return;
	if (st.st_size < (off_t)MAP_LEAST && !c->opts.buffer_len)
		return;
	if (st.st_size == 0 || is_being_written(c->fd, &st))
		return;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, c->fd, 0);
	if (map == MAP_FAILED)
		return;
	c->guard = mapguard_add(map, (size_t)st.st_size);
	if (c->guard < 0) {
		munmap(map, (size_t)st.st_size);
		return;
	}
	c->map = map;
	c->map_len = (size_t)st.st_size;
	c->mapped = true;
}

static ssize_t read_some(int fd, void *to, size_t len)
{
	ssize_t n;

	do {
		n = read(fd, to, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* A stream that says nothing must not keep us when we are to stop. */
static bool wait_readable(const struct capture *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int n;

	while (!is_stopped(c)) {
		n = poll(&p, 1, STOP_LOOK_MS);
		if (n > 0 || (n < 0 && errno != EINTR))
			return true;
	}
	return false;
}

/* The first bytes, by which the packing and the format are known. */
static int read_head(struct capture *c, struct err *e)
{
	ssize_t n;

	while (c->head_len < sizeof(c->head)) {
		if (!c->is_regular && !wait_readable(c))
			break;
		n = read_some(c->fd, c->head + c->head_len, sizeof(c->head) - c->head_len);
		if (n < 0)
			return err_sys(e, (int)-n, "cannot read %s", capture_name(c));
		if (n == 0)
			break;
		c->head_len += (size_t)n;
	}
	c->packing = packing_of(c->head, c->head_len);
	return 0;
}

bool capture_is_one(const char *path)
{
	uint8_t head[PCAPNGFILE_HEAD_LEN];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = fd < 0 ? 0 : read_some(fd, head, sizeof(head));

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	return pcapfile_is(bytes_of(head, (size_t)n)) || pcapngfile_is(bytes_of(head, (size_t)n)) ||
	       packing_of(head, (size_t)n) != PACKING_NONE;
}

/* A pipe takes more at once when it is asked to. */
static void widen_pipe(int fd)
{
	struct stat st;

	if (!fstat(fd, &st) && S_ISFIFO(st.st_mode))
		(void)fcntl(fd, F_SETPIPE_SZ, (int)CHUNK_LEN);
}

int fill_init(struct capture *c, bool threaded, struct err *e)
{
	int r = read_head(c, e);

	if (r)
		return r;
	/* what is left of a chunk must fit before the next */
	c->chunk = c->opts.buffer_len && c->opts.buffer_len < CHUNK_LEN ? c->opts.buffer_len : CHUNK_LEN;
	c->window = c->opts.buffer_len ? c->opts.buffer_len : WINDOW_LEAST;
	try_map(c);
	if (c->mapped)
		return 0;
	if (c->packing == PACKING_NONE) {
		widen_pipe(c->fd);
		return 0;
	}
	r = unpack_new(c->packing, c->fd, c->head, c->head_len, threaded, &c->unpack, e);
	if (r)
		err_wrap(e, "%s", capture_name(c));
	else
		unpack_stop_when(c->unpack, c->opts.stopped);
	c->head_given = c->head_len;
	return r;
}

void fill_fini(struct capture *c)
{
	unpack_free(c->unpack);
	mapguard_remove(c->guard);
	if (c->map)
		munmap((void *)c->map, c->map_len);
}

static ssize_t stream_read(struct capture *c, void *to, size_t len)
{
	size_t left = c->head_len - c->head_given;
	ssize_t n;

	if (c->unpack) {
		n = unpack_read(c->unpack, to, len, &c->stream_err);
		if (n < 0)
			err_wrap(&c->stream_err, "%s", capture_name(c));
		c->taken = unpack_taken(c->unpack);
		return n;
	}
	if (left) {
		left = left < len ? left : len;
		memcpy(to, c->head + c->head_given, left);
		c->head_given += left;
		return (ssize_t)left;
	}
	if (!c->is_regular && !wait_readable(c))
		return 0;
	n = read_some(c->fd, to, len);
	if (n < 0)
		err_sys(&c->stream_err, (int)-n, "cannot read %s", capture_name(c));
	else
		c->taken += (uint64_t)n;
	return n;
}

/* A pipe that has more at once is read on: fewer and longer stretches.  A file has always more. */
static bool has_more_at_once(const struct capture *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	if (c->is_regular)
		return true;
	return c->unpack ? unpack_ready(c->unpack) : poll(&p, 1, 0) > 0;
}

static enum fill stream_fill(struct capture *c, struct slot *s)
{
	const struct timespec pause = { .tv_nsec = IDLE_NS };
	uint8_t *to = s->memory + (s->end - s->memory), *limit = s->memory + HEADROOM + c->chunk;
	size_t before = (size_t)(s->end - s->from);
	ssize_t n;

	do {
		n = stream_read(c, to, (size_t)(limit - to));
		if (n > 0)
			to += n;
	} while (n > 0 && to < limit && has_more_at_once(c));
	s->end = to;
	if (c->skip && s->end > s->from) {
		size_t here = (size_t)(s->end - s->from);

		here = here < c->skip ? here : (size_t)c->skip;
		s->from += here;
		c->offset += here;
		c->skip -= here;
	}
	if (n < 0)
		c->ended = true;
	if ((size_t)(s->end - s->from) > before || n > 0)
		return FILL_MORE;
	if (n == 0 && c->opts.follow && c->is_regular && !is_stopped(c)) {
		nanosleep(&pause, NULL);
		return FILL_IDLE;
	}
	c->ended = true;
	return FILL_END;
}

/* HEADROOM is a whole number of pages, so the chunk begins at one. */
static bool make_room(struct capture *c, struct slot *s)
{
	if (s->memory)
		return true;
	s->memory = aligned_alloc(PAGE, (HEADROOM + c->chunk + PAGE - 1) / PAGE * PAGE);
	if (s->memory) {
		s->from = s->end = s->memory + HEADROOM;
		return true;
	}
	err_sys(&c->stream_err, ENOMEM, "cannot read %s", capture_name(c));
	c->ended = true;
	return false;
}

/* What was left is put where the next chunk follows it. */
static void carry_over(struct slot *s, const struct slot *before)
{
	size_t left = (size_t)(before->end - before->from);
	uint8_t *to = s->memory + HEADROOM - left;

	if (left)
		memmove(to, before->from, left);
	s->from = to;
	s->end = s->memory + HEADROOM;
}

/* The rest of the map. */
static void place_in_map(struct capture *c, struct slot *s)
{
	uint64_t here = c->map_len - c->offset;

	here = here < c->skip ? here : c->skip;
	c->offset += here;
	c->skip -= here;
	s->from = s->begun = c->map + c->offset;
	s->end = c->map + c->map_len;
	atomic_store(&c->taken, c->offset);
}

void slot_take_over(struct capture *c, struct slot *s, const struct slot *before)
{
	if (c->mapped)
		place_in_map(c, s);
	else if (before != s && make_room(c, s))
		carry_over(s, before);
}

enum fill slot_fill(struct capture *c, struct slot *s)
{
	if (c->ended || is_stopped(c) || !make_room(c, s))
		return FILL_END;
	carry_over(s, s);
	return stream_fill(c, s);
}

void slot_let_go(struct slot *s)
{
	uintptr_t from = (uintptr_t)s->begun & ~(uintptr_t)(PAGE - 1), to = (uintptr_t)s->from & ~(uintptr_t)(PAGE - 1);

	if (s->begun && to > from)
		madvise((void *)from, to - from, MADV_DONTNEED);
	s->begun = NULL;
}

bool fill_was_cut(const struct capture *c)
{
	struct stat st;

	return c->map && !fstat(c->fd, &st) && (size_t)st.st_size < c->map_len;
}

void fill_leave_map(struct capture *c, struct slot *s)
{
	c->mapped = false;
	s->from = s->end = NULL;
	s->begun = NULL;
	if (lseek(c->fd, (off_t)c->offset, SEEK_SET) < 0) {
		err_sys(&c->stream_err, errno, "cannot read %s", capture_name(c));
		c->ended = true;
	}
	c->head_given = c->head_len;
}
