// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources/unpack_ahead.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Measured: larger ones have left the cache before they are copied, smaller ones cost isa-l more than hand-overs. */
#define CHUNK_BYTES (256 << 10)
#define CHUNKS 4
#define PAGE 4096

struct chunk {
	uint8_t *data;
	size_t len, given;
};

struct unpack_ahead {
	struct unpack_stream *stream;
	pthread_t thread;
	bool started;

	/* A chunk belongs to the reader while it is among `full`, from `first` on, and to the thread otherwise. */
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	struct chunk ring[CHUNKS];
	unsigned first, full;
	bool ended; /* by the reader */
	bool over;  /* by the stream, which gave `result` after all bytes */
	ssize_t result;
	struct err err;
};

int unpack_ahead_new(struct unpack_stream *s, struct unpack_ahead **ret, struct err *e)
{
	struct unpack_ahead *a = calloc(1, sizeof(*a));
	uint8_t *room = aligned_alloc(PAGE, CHUNKS * CHUNK_BYTES);

	if (!a || !room) {
		free(a);
		free(room);
		return err_sys(e, ENOMEM, "cannot unpack");
	}
	for (unsigned i = 0; i < CHUNKS; i++)
		a->ring[i].data = room + (size_t)i * CHUNK_BYTES;
	a->stream = s;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->filled, NULL);
	pthread_cond_init(&a->emptied, NULL);
	*ret = a;
	return 0;
}

/* A chunk to fill; NULL when the reader has gone. */
static struct chunk *next_empty(struct unpack_ahead *a)
{
	struct chunk *c = NULL;

	pthread_mutex_lock(&a->lock);
	while (!a->ended && a->full == CHUNKS)
		pthread_cond_wait(&a->emptied, &a->lock);
	if (!a->ended)
		c = &a->ring[(a->first + a->full) % CHUNKS];
	pthread_mutex_unlock(&a->lock);
	return c;
}

static void *run(void *arg)
{
	struct unpack_ahead *a = arg;
	struct chunk *c;
	ssize_t n = 1;

	while (n > 0 && (c = next_empty(a))) {
		n = unpack_stream_read(a->stream, c->data, CHUNK_BYTES, &a->err);
		pthread_mutex_lock(&a->lock);
		if (n > 0) {
			c->len = (size_t)n;
			c->given = 0;
			a->full++;
		} else {
			a->result = n;
			a->over = true;
		}
		pthread_mutex_unlock(&a->lock);
		/* After the lock, or the reader wakes only to wait for that. */
		pthread_cond_signal(&a->filled);
	}
	return NULL;
}

int unpack_ahead_start(struct unpack_ahead *a)
{
	sigset_t all, before;
	int r;

	/* Signals are for the thread that shows things. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&a->thread, NULL, run, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	a->started = !r;
	return -r;
}

void unpack_ahead_free(struct unpack_ahead *a)
{
	if (!a)
		return;
	if (a->started) {
		pthread_mutex_lock(&a->lock);
		a->ended = true;
		pthread_cond_signal(&a->emptied);
		pthread_mutex_unlock(&a->lock);
		pthread_join(a->thread, NULL);
	}
	pthread_cond_destroy(&a->filled);
	pthread_cond_destroy(&a->emptied);
	pthread_mutex_destroy(&a->lock);
	free(a->ring[0].data);
	free(a);
}

/* The chunk to read from; NULL when there is none, or, with `wait`, when there will be none. */
static struct chunk *next_full(struct unpack_ahead *a, bool wait)
{
	struct chunk *c;

	pthread_mutex_lock(&a->lock);
	while (wait && !a->full && !a->over)
		pthread_cond_wait(&a->filled, &a->lock);
	c = a->full ? &a->ring[a->first] : NULL;
	pthread_mutex_unlock(&a->lock);
	return c;
}

static void give_back(struct unpack_ahead *a)
{
	pthread_mutex_lock(&a->lock);
	a->first = (a->first + 1) % CHUNKS;
	a->full--;
	pthread_mutex_unlock(&a->lock);
	pthread_cond_signal(&a->emptied);
}

ssize_t unpack_ahead_read(struct unpack_ahead *a, void *to, size_t len, struct err *e)
{
	size_t got = 0;

	while (got < len) {
		struct chunk *c = next_full(a, !got);
		size_t n;

		if (!c)
			break;
		n = c->len - c->given < len - got ? c->len - c->given : len - got;
		memcpy((uint8_t *)to + got, c->data + c->given, n);
		got += n;
		c->given += n;
		if (c->given == c->len)
			give_back(a);
	}
	if (got)
		return (ssize_t)got;
	/* The thread is done with both. */
	if (a->result < 0 && e)
		*e = a->err;
	return a->result;
}

bool unpack_ahead_ready(struct unpack_ahead *a)
{
	bool ready;

	pthread_mutex_lock(&a->lock);
	ready = a->full || a->over;
	pthread_mutex_unlock(&a->lock);
	return ready;
}
