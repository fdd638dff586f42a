/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread that makes slots ahead, and how they pass to the user. */
#include "sources/capture_inside.h"

#include <signal.h>
#include <time.h>

#include "util/duration.h"

#define IDLE_MS 100
#define JOIN_MS 300

/* As pthread_cond_timedwait() wants it: so long from now. */
static struct timespec in_ms(int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms * NS_PER_MS;
	until.tv_sec += until.tv_nsec / NS_PER_S;
	until.tv_nsec %= NS_PER_S;
	return until;
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
		slot_produce(c, s, &c->slots[!c->next]);
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
void capture_thread_start(struct capture *c)
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

bool capture_thread_stop(struct capture *c)
{
	struct timespec until;

	if (!c->thread_runs)
		return true;
	pthread_mutex_lock(&c->lock);
	atomic_store(&c->stop, true);
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	until = in_ms(JOIN_MS);
	return !pthread_timedjoin_np(c->thread, NULL, &until);
}

/* Waits a moment for that slot; false: it is not made yet. */
static bool wait_for(struct capture *c, const struct slot *s)
{
	struct timespec until = in_ms(IDLE_MS);
	int r = 0;

	while (!s->full && !r)
		r = pthread_cond_timedwait(&c->changed, &c->lock, &until);
	return s->full;
}

struct slot *slot_next(struct capture *c)
{
	int i = c->given < 0 ? 0 : !c->given;
	struct slot *s = &c->slots[i];
	bool made;

	if (!c->thread_runs) {
		if (c->given >= 0)
			slot_produce(c, s, &c->slots[c->given]);
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
