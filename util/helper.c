/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/helper.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

/* So often it is looked at before it is slept on: a wake-up takes some microseconds, and what is waited for is near. */
#define LOOKS 256

enum state {
	STATE_IDLE,
	STATE_GIVEN,
	STATE_END,
};

struct helper {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	atomic_int state;
	helper_fn *fn;
	void *arg;
};

static void set_state(struct helper *h, enum state s)
{
	pthread_mutex_lock(&h->lock);
	atomic_store_explicit(&h->state, s, memory_order_release);
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

static void pause_a_little(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Until it is another state; which. */
static enum state wait_while(struct helper *h, enum state is)
{
	int i, s;

	for (i = 0; i < LOOKS; i++) {
		s = atomic_load_explicit(&h->state, memory_order_acquire);
		if (s != (int)is)
			return (enum state)s;
		pause_a_little();
	}
	pthread_mutex_lock(&h->lock);
	while ((s = atomic_load(&h->state)) == (int)is)
		pthread_cond_wait(&h->changed, &h->lock);
	pthread_mutex_unlock(&h->lock);
	return (enum state)s;
}

static void *run(void *arg)
{
	struct helper *h = arg;

	while (wait_while(h, STATE_IDLE) == STATE_GIVEN) {
		h->fn(h->arg);
		set_state(h, STATE_IDLE);
	}
	return NULL;
}

static int processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

struct helper *helper_new(void)
{
	struct helper *h = processors() > 1 ? calloc(1, sizeof(*h)) : NULL;
	sigset_t all, before;
	int r;

	if (!h)
		return NULL;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGSEGV);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&h->thread, NULL, run, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		free(h);
		return NULL;
	}
	return h;
}

void helper_free(struct helper *h)
{
	if (!h)
		return;
	helper_wait(h);
	set_state(h, STATE_END);
	pthread_join(h->thread, NULL);
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

void helper_start(struct helper *h, helper_fn *fn, void *arg)
{
	h->fn = fn;
	h->arg = arg;
	set_state(h, STATE_GIVEN);
}

void helper_wait(struct helper *h)
{
	wait_while(h, STATE_GIVEN);
}
