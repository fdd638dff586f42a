/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation.  A slot is filled (capture_fill.c: a window of a map, or
 * a chunk that read(2) or a decoder gives, after what the chunk before left) and
 * parsed (capture_parse.c) into a stretch; capture_packet.c tells of its packets.
 * There are two slots: while the user works on one, the thread, if there is one,
 * makes the other.
 *
 * A regular file is mapped, unless somebody writes to it or it is short.  Where
 * the map ends, or turns out to be longer than the file, the rest is read as a
 * stream, which finds what was added meanwhile, or that it was cut.
 */
#include "sources/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sources/capture_inside.h"
#include "sources/mapguard.h"
#include "util/duration.h"

#define IDLE_MS 100
#define JOIN_MS 300

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

/* False when the thread is held up: then its memory must stay. */
static bool stop_thread(struct capture *c)
{
	struct timespec until;

	if (!c->thread_runs)
		return true;
	pthread_mutex_lock(&c->lock);
	atomic_store(&c->stop, true);
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += JOIN_MS * 1000000L;
	until.tv_sec += until.tv_nsec / NS_PER_S;
	until.tv_nsec %= NS_PER_S;
	return !pthread_timedjoin_np(c->thread, NULL, &until);
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
	if (!c || !stop_thread(c))
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

/* Makes the slot's result. */
static void produce(struct capture *c, struct slot *s, const struct slot *before)
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

static void *run(void *arg)
{
	struct capture *c = arg;
	bool over = false;

	while (!over) {
		struct slot *s = &c->slots[c->next];

		pthread_mutex_lock(&c->lock);
		while (s->full && !atomic_load(&c->stop))
			pthread_cond_wait(&c->changed, &c->lock);
		pthread_mutex_unlock(&c->lock);
		if (atomic_load(&c->stop))
			break;
		produce(c, s, &c->slots[!c->next]);
		over = s->result == CAPTURE_END;
		c->next = !c->next;
		pthread_mutex_lock(&c->lock);
		s->full = true;
		pthread_cond_broadcast(&c->changed);
		pthread_mutex_unlock(&c->lock);
	}
	return NULL;
}

/* Signals are the other thread's; but one that this thread's own doing brings is its own. */
static void start_thread(struct capture *c)
{
	sigset_t all, before;

	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGSEGV);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	c->thread_runs = true;
	if (pthread_create(&c->thread, NULL, run, c))
		c->thread_runs = false; /* then without */
	pthread_sigmask(SIG_SETMASK, &before, NULL);
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
	produce(c, s, s);
	while (s->result == CAPTURE_IDLE)
		produce(c, s, s);
	note_first(c, s);
	s->full = true;
	c->next = 1;
	if (threaded && s->result != CAPTURE_END)
		start_thread(c);
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

/* Waits a moment for that slot; false: it is not made yet. */
static bool wait_for(struct capture *c, const struct slot *s)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += IDLE_MS * NS_PER_MS;
	until.tv_sec += until.tv_nsec / NS_PER_S;
	until.tv_nsec %= NS_PER_S;
	while (!s->full && !r)
		r = pthread_cond_timedwait(&c->changed, &c->lock, &until);
	return s->full;
}

/* The slot that comes after the one that the user has, when it is made. */
static struct slot *next_slot(struct capture *c)
{
	int i = c->given < 0 ? 0 : !c->given;
	struct slot *s = &c->slots[i];
	bool made;

	if (!c->thread_runs) {
		if (c->given >= 0)
			produce(c, s, &c->slots[c->given]);
		c->given = i;
		return s;
	}
	pthread_mutex_lock(&c->lock);
	if (c->given >= 0 && c->slots[c->given].full) {
		c->slots[c->given].full = false;
		pthread_cond_broadcast(&c->changed);
	}
	made = wait_for(c, s);
	pthread_mutex_unlock(&c->lock);
	if (made)
		c->given = i;
	return made ? s : NULL;
}

enum capture_result capture_next(struct capture *c, const struct stretch **ret, struct err *e)
{
	struct slot *s;

	if (c->at_end)
		return CAPTURE_END;
	s = next_slot(c);
	if (!s)
		return CAPTURE_IDLE;
	tell_remarks(c, s);
	c->at_end = s->result == CAPTURE_END;
	if (c->at_end && s->err.what[0])
		*e = s->err;
	*ret = &s->stretch;
	return s->result;
}
