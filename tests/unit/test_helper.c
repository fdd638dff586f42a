/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "util/helper.h"

#define ROUNDS 20000

struct work {
	pthread_t by;
	uint64_t n, sum;
	long pause_ns;
};

static void add(void *arg)
{
	struct work *w = arg;
	struct timespec pause = { .tv_nsec = w->pause_ns };

	if (w->pause_ns)
		nanosleep(&pause, NULL);
	w->by = pthread_self();
	w->sum += ++w->n;
}

/* What it is given is done once each, by another thread, and is done when the wait is over. */
static void one_after_the_other(void **state)
{
	struct helper *h = helper_new();
	struct work w = { .by = pthread_self() };
	int i;

	if (!h)
		skip();
	helper_wait(h); /* it has nothing to do */
	for (i = 1; i <= ROUNDS; i++) {
		w.pause_ns = i % 1000 ? 0 : 2000000; /* long enough to sleep on */
		helper_start(h, add, &w);
		helper_wait(h);
		assert_int_equal(w.n, i);
		assert_false(pthread_equal(w.by, pthread_self()));
	}
	assert_int_equal(w.sum, (uint64_t)ROUNDS * (ROUNDS + 1) / 2);
	helper_free(h);
}

/* What it was given is done before it ends. */
static void freed_at_work(void **state)
{
	struct work w = { .pause_ns = 20000000 };
	struct helper *h = helper_new();

	if (!h)
		skip();
	helper_start(h, add, &w);
	helper_free(h);
	assert_int_equal(w.n, 1);
	helper_free(NULL);
}

static void see_mask(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
}

/* Signals are left to others, but for those of its own doing; and its maker's mask stays as it was. */
static void signals(void **state)
{
	struct helper *h = helper_new();
	sigset_t before, after, its;

	if (!h)
		skip();
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	helper_start(h, see_mask, &its);
	helper_free(h);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	assert_true(sigismember(&its, SIGTERM) && sigismember(&its, SIGINT));
	assert_false(sigismember(&its, SIGBUS) || sigismember(&its, SIGSEGV));
	assert_int_equal(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

/* It would only be in the way. */
static void one_processor(void **state)
{
	cpu_set_t all, one;
	int i = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	while (!CPU_ISSET(i, &all))
		i++;
	CPU_ZERO(&one);
	CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_null(helper_new());
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(freed_at_work),
		cmocka_unit_test(signals),
		cmocka_unit_test(one_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
