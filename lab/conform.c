/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/conform.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lab/conform_inside.h"
#include "lab/firewall.h"
#include "lab/sandbox.h"
#include "lab/world.h"
#include "sources/sysctls.h"
#include "util/clock.h"
#include "util/duration.h"

#define LOOK_EVERY_NS (200 * NS_PER_MS)

/* In memory that the processes have in common: each part is written by one of them. */
struct common {
	struct conform c;
	int failed[3]; /* errnos: of the sandbox, the schedules, the answers */
	struct err why[3];
	struct trial trials[CONFORM_TRIALS];
	struct conform_answer answers[CONFORM_CASES_MAX];
};

enum { OF_SANDBOX, OF_SCHEDULES, OF_ANSWERS };

int conform_done(const struct conform *c)
{
	int i, n = 0;

	for (i = 0; i < c->n; i++)
		n += c->cases[i].done;
	return n;
}

void conform_count(const struct conform *c, enum conform_kind k, int *ret_n, int *ret_held)
{
	int i;

	*ret_n = *ret_held = 0;
	for (i = 0; i < c->n; i++) {
		if (c->cases[i].kind != k || c->cases[i].skipped[0])
			continue;
		++*ret_n;
		*ret_held += c->cases[i].held;
	}
}

/* Inside.  The answers are another process's, at the same time. */
static void run_inside(struct common *m, pid_t supervisor)
{
	struct policy p;
	int n, *failed = m->failed;
	pid_t pid;

	failed[OF_SANDBOX] = -firewall_check_private(supervisor, &m->why[OF_SANDBOX]);
	if (!failed[OF_SANDBOX])
		failed[OF_SANDBOX] = -sysctls_policy(&p, &m->why[OF_SANDBOX]);
	if (failed[OF_SANDBOX])
		return;
	p.retries = CONFORM_RETRIES;
	p.linear = 0;
	srand((unsigned int)clock_mono_ns());
	conform_schedules(m->trials);
	n = conform_cases(&m->c, &p, world_has_ipv6(), m->answers);
	pid = fork();
	if (!pid) {
		failed[OF_ANSWERS] = -conform_run_answers(&m->c, m->answers, n, &p, &m->why[OF_ANSWERS]);
		_exit(0);
	}
	if (pid < 0)
		failed[OF_ANSWERS] = -err_sys(&m->why[OF_ANSWERS], errno, "cannot start a process");
	failed[OF_SCHEDULES] = -conform_run_schedules(&m->c, m->trials, &m->why[OF_SCHEDULES]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void child(struct common *m, pid_t parent)
{
	const struct sandbox_opts so = { 0 };
	struct sandbox box;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	m->failed[OF_SANDBOX] = -sandbox_enter(&so, &box, &m->why[OF_SANDBOX]);
	if (!m->failed[OF_SANDBOX])
		run_inside(m, box.supervisor);
	_exit(0);
}

/* Until it has ended. */
static int await(pid_t pid, const struct common *m, void (*progress)(const struct conform *c, void *user), void *user)
{
	const struct timespec moment = { .tv_nsec = LOOK_EVERY_NS };
	int status;
	pid_t r;

	for (;;) {
		r = waitpid(pid, &status, WNOHANG);
		if (r == pid)
			return status;
		if (r < 0 && errno != EINTR)
			return -1;
		if (progress)
			progress(&m->c, user);
		nanosleep(&moment, NULL);
	}
}

static int result(const struct common *m, int status, struct err *e)
{
	int i;

	for (i = 0; i < 3; i++)
		if (m->failed[i]) {
			*e = m->why[i];
			e->exit_code = 77;
			return -m->failed[i];
		}
	if (!status && m->c.n && conform_done(&m->c) == m->c.n)
		return 0;
	e->exit_code = 77;
	return err_set(e, EPIPE, "the self-test broke off: a process of it was ended");
}

int conform_run(struct conform *ret, void (*progress)(const struct conform *c, void *user), void *user, struct err *e)
{
	struct common *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t began = clock_mono_ns();
	pid_t self = getpid(), pid;
	int r;

	if (m == MAP_FAILED)
		return err_sys(e, errno, "cannot get memory that processes share");
	pid = fork();
	if (!pid)
		child(m, self);
	r = pid < 0 ? err_sys(e, errno, "cannot start a process") : result(m, await(pid, m, progress, user), e);
	m->c.took_ns = clock_mono_ns() - began;
	memcpy(ret, &m->c, sizeof(*ret));
	munmap(m, sizeof(*m));
	return r;
}
