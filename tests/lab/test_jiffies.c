// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The schedule against the real kernel.  From the policy, and the jiffy of the
 * connect as sock_diag gives it, core/schedule.c says when every other SYN leaves
 * and when connect() fails: all must happen within TOLERANCE jiffies of it, for
 * every policy of the table.  They run side by side, so the whole takes as long
 * as the longest.  Meanwhile jiffies as computed are compared with jiffies as read.
 *
 * A timer that a busy host serves late arms the next one late, which may then
 * fall into the next bucket.  So what did not hold is tried again, twice at
 * most; a wrong prediction fails each time.
 *
 * Exits 77 where namespaces or packet sockets are not to be had.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/words.h"
#include "lab/sandbox.h"
#include "lab/trials.h"
#include "util/clock.h"
#include "util/duration.h"

#define TOLERANCE 2 /* jiffies */
#define PATIENCE_NS (30 * NS_PER_S)
#define SAMPLES_MIN 200
#define ROUNDS 3

static struct trial trials[] = {
	{ "R1 L0", { 1, 0 }, 4 },
	{ "R1 L1", { 1, 1 }, 4 },
	{ "R1 L2", { 1, 2 }, 4 },
	{ "R1 L4", { 1, 4 }, 4 },
	{ "R2 L0", { 2, 0 }, 4 },
	{ "R2 L0 v6", { 2, 0 }, 6 },
	{ "R2 L1", { 2, 1 }, 4 },
	{ "R2 L3", { 2, 3 }, 4 },
	{ "R2 L4", { 2, 4 }, 4 },
	{ "R3 L0", { 3, 0 }, 4 },
	{ "R3 L1 v6", { 3, 1 }, 6 },
	{ "R6 L0 SYNCNT 1", { 6, 0, .syncnt = 1 }, 4 },
	{ "R6 L4 SYNCNT 2", { 6, 4, .syncnt = 2 }, 4 },
	{ "R6 L4 UT 1500", { 6, 4, .user_timeout_ms = 1500 }, 4 },
	{ "R6 L0 UT 5000", { 6, 0, .user_timeout_ms = 5000 }, 4 },
	{ "R2 L4 UT 10000", { 2, 4, .user_timeout_ms = 10000 }, 4 },
	{ "R5 L0 RTO max 1000", { 5, 0, .rto_max_ms = 1000 }, 4 },
	{ "R5 L0 RTO max 2000", { 5, 0, .rto_max_ms = 2000 }, 4 },
	{ "R2 L4 RTO max 3000", { 2, 4, .rto_max_ms = 3000 }, 4 },
};

#define N_TRIALS (sizeof(trials) / sizeof(trials[0]))

static struct trials running = { .v = trials, .n = N_TRIALS, .patience_ns = PATIENCE_NS };

/* How far jiffies as read are from jiffies as computed: -3 or less, ..., 3 or more. */
static struct {
	int n, off[7];
} accuracy;

static bool expect(bool held, const char *name, const char *what)
{
	if (!held)
		printf("FAILED: %s: %s\n", name, what);
	return held;
}

/* When a jiffy begins. */
static int64_t begins(uint64_t jiffy)
{
	const struct jiffies_clock *c = &running.jiffies;

	return c->edge_mono_ns + (int64_t)(jiffy - c->at_edge) * jiffies_tick_ns(c->hz);
}

static void sample(const struct trials *ts, void *user)
{
	const struct jiffies_clock *jiffies = &ts->jiffies;
	const int *fd = user;
	int64_t off = 0;
	uint64_t first, read, last;

	first = jiffies_at(jiffies, clock_mono_ns(), NULL);
	if (jiffies_read(jiffies, *fd, &read))
		return;
	last = jiffies_at(jiffies, clock_mono_ns(), NULL);
	if ((int64_t)(read - first) < 0)
		off = (int64_t)(read - first);
	else if ((int64_t)(read - last) > 0)
		off = (int64_t)(read - last);
	off = off < -3 ? -3 : off > 3 ? 3 : off;
	accuracy.off[off + 3]++;
	accuracy.n++;
}

static void print_predicted(const struct trial *t, const struct schedule *s)
{
	printf("%-20s predicted 0", t->name);
	for (int i = 1; i < s->n; i++)
		printf(" %.3f", (double)(begins(t->phase + (uint64_t)s->syn[i]) - t->syn_ns[0]) / NS_PER_S);
	printf(" -> %.3f\n", (double)(begins(t->phase + (uint64_t)s->end) - t->syn_ns[0]) / NS_PER_S);
}

static void print_observed(const struct trial *t, double worst)
{
	printf("%-20s observed  0", "");
	for (int i = 1; i < t->n && i < TRIAL_SYNS_MAX; i++)
		printf(" %.3f", (double)(t->syn_ns[i] - t->syn_ns[0]) / NS_PER_S);
	printf(" -> %.3f %s, at most %.2f jiffies off (%.2f ms)\n", (double)(t->end_ns - t->syn_ns[0]) / NS_PER_S,
	       errno_name(t->error), worst, worst * (double)jiffies_tick_ns(running.jiffies.hz) / NS_PER_MS);
}

/* Whether SYN 0, as a packet, left in the jiffy that sock_diag tells, or a tick came between. */
static void print_start(const struct trial *t)
{
	int64_t after_ns;
	int off = (int)(t->phase - jiffies_at(&running.jiffies, t->syn_ns[0], &after_ns));

	if (off)
		printf("%-20s SYN 0 left %.0f us into a jiffy, its timer was armed %+d jiffy\n", t->name,
		       (double)after_ns / NS_PER_US, off);
}

static bool judge(const struct trial *t, double *worst_of_all)
{
	struct schedule s;
	double worst = 0;
	const char *wrong = trial_judge(t, &running.jiffies, TOLERANCE, &s, &worst);

	if (t->n) {
		print_predicted(t, &s);
		print_observed(t, worst);
		print_start(t);
	}
	if (!expect(!wrong, t->name, wrong))
		return false;
	if (worst > *worst_of_all)
		*worst_of_all = worst;
	return true;
}

/* Tries what did not hold yet, side by side.  How many are left. */
static int try_all(double *worst)
{
	struct err e = { 0 };
	int left = 0;

	if (trials_run(&running, &e)) {
		fprintf(stderr, "%s\n", e.what);
		exit(1);
	}
	for (size_t i = 0; i < N_TRIALS; i++) {
		if (trials[i].held || trials[i].skipped)
			continue;
		trials[i].held = judge(&trials[i], worst);
		left += !trials[i].held;
	}
	return left;
}

static bool accurate(void)
{
	printf("jiffies read minus computed, at %d instants:", accuracy.n);
	for (int i = 0; i < 7; i++)
		if (accuracy.off[i])
			printf(" %+d: %d", i - 3, accuracy.off[i]);
	printf("\n");
	return expect(accuracy.n >= SAMPLES_MIN, "accuracy", "too few samples") &&
	       expect(accuracy.off[0] + accuracy.off[6] <= accuracy.n / 100, "accuracy", "off by 3 and more too often");
}

/* The rest goes on in namespaces of its own. */
static void gain_privilege(void)
{
	const struct sandbox_opts so = { 0 };
	struct sandbox box;
	struct err e = { 0 };

	if (sandbox_enter(&so, &box, &e)) {
		printf("skipped: %s\n%s\n", e.what, e.remedy);
		exit(77);
	}
}

int main(void)
{
	struct err e = { 0 };
	double worst = 0;
	int fd, left = 1, n = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	srand((unsigned int)clock_mono_ns()); /* the phases differ from run to run; what must hold does not */
	gain_privilege();
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || jiffies_calibrate(&running.jiffies, &e)) {
		printf("FAILED: %s\n", e.what);
		return 1;
	}
	running.turn = sample;
	running.user = &fd;
	for (int round = 0; left && round < ROUNDS; round++) {
		if (round)
			printf("again, what did not hold: %d\n", left);
		left = try_all(&worst);
	}
	for (size_t i = 0; i < N_TRIALS; i++) {
		n += trials[i].held;
		if (trials[i].skipped)
			printf("%-20s skipped: %s\n", trials[i].name, trials[i].skipped);
	}
	printf("%d policies, at most %.2f jiffies off; HZ %d\n", n, worst, running.jiffies.hz);
	return accurate() && !left ? 0 : 1;
}
