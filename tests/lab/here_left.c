/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "here_left.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "here_trial.h"
#include "inside.h"
#include "util/clock.h"
#include "util/duration.h"

#define IDS_MAX 32

/* What the kernel keeps for a process's descriptors, by the ids that their fdinfo tells. */
struct kept {
	const char *field; /* "prog_id", ... */
	enum bpf_cmd open;
	int least;
	unsigned int ids[IDS_MAX];
	int n;
};

static void read_kept(struct kept *k, pid_t pid)
{
	char path[64], line[128], form[32];
	int fd;

	k->n = 0;
	snprintf(form, sizeof(form), "%s: %%u", k->field);
	for (fd = 0; fd < 256; fd++) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
		f = fopen(path, "r");
		while (f && k->n < IDS_MAX && fgets(line, sizeof(line), f))
			k->n += sscanf(line, form, &k->ids[k->n]) == 1;
		if (f)
			fclose(f);
	}
}

static bool exists(enum bpf_cmd cmd, unsigned int id)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.prog_id = id; /* the same place for every kind */
	fd = (int)syscall(SYS_bpf, cmd, &attr, sizeof(attr));
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Gone within 5 s: the kernel frees them later than the descriptors. */
static bool vanish(const struct kept *k)
{
	int64_t until = clock_mono_ns() + 5 * NS_PER_S;
	int i = 0;

	while (i < k->n && clock_mono_ns() < until) {
		if (exists(k->open, k->ids[i]))
			usleep(5000);
		else
			i++;
	}
	return i == k->n;
}

static int here_or_skip(const struct here_opts *o, struct here **ret)
{
	struct err e = { 0 };
	int r = here_start(o, ret, &e);

	if (!r)
		return 0;
	fprintf(stderr, "%s (exit %d)\n%s\n", e.what, e.exit_code, e.remedy);
	CHECK(e.exit_code == 77 && e.remedy[0]);
	return 77;
}

/* Holds them and tells so; frees them itself when it is asked for by a byte. */
static int hold(int told, int asked)
{
	struct fault drop = fault(FAULT_SYN_DROP, 0, "192.0.2.7", 0, 0);
	const struct here_opts o = { .pidns = 1, .faults = &drop, .n_faults = 1 };
	struct here *h = NULL;
	int r = here_or_skip(&o, &h);
	char c;

	if (write(told, r ? "s" : "h", 1) != 1 || r || read(asked, &c, 1) != 1)
		return r;
	here_free(h);
	return write(told, "f", 1) == 1 ? (int)read(asked, &c, 1) : 1;
}

static void nothing_stays_after(bool sigkill)
{
	struct kept kept[] = { { "prog_id", BPF_PROG_GET_FD_BY_ID, 4 },
			       { "link_id", BPF_LINK_GET_FD_BY_ID, 4 },
			       { "map_id", BPF_MAP_GET_FD_BY_ID, 3 } };
	int told[2], asked[2];
	pid_t pid;
	size_t i;
	char c;

	assert_true(!pipe(told) && !pipe(asked));
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(hold(told[1], asked[0]));
	assert_int_equal(read(told[0], &c, 1), 1);
	if (c == 's')
		skip();
	for (i = 0; i < 3; i++) {
		read_kept(&kept[i], pid);
		assert_true(kept[i].n >= kept[i].least);
		for (int j = 0; j < kept[i].n; j++)
			assert_true(exists(kept[i].open, kept[i].ids[j]));
	}
	if (sigkill)
		kill(pid, SIGKILL);
	else
		assert_true(write(asked[1], "", 1) == 1 && read(told[0], &c, 1) == 1 && c == 'f');
	for (i = 0; i < 3; i++)
		assert_true(vanish(&kept[i]));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (i = 0; i < 2; i++) {
		close(told[i]);
		close(asked[i]);
	}
}

void left_after_sigkill(void **state)
{
	for (int i = 0; i < 5; i++)
		nothing_stays_after(true);
}

void left_after_free(void **state)
{
	nothing_stays_after(false);
}

/* Said before any privilege is asked for. */
void left_refused(void **state)
{
	static const enum fault_kind not_here[] = { FAULT_NONE,	 FAULT_RST,   FAULT_ICMP,
						    FAULT_DELAY, FAULT_STRIP, FAULT_FIREWALL };
	struct fault f[HERE_N_MAX + 1] = { 0 };
	struct here_opts o = { .faults = f, .n_faults = 2 };
	struct here *h = NULL;
	struct err e;
	size_t i;

	f[0] = fault(FAULT_SYN_DROP, 0, NULL, 0, 0);
	for (i = 0; i < sizeof(not_here) / sizeof(not_here[0]); i++) {
		f[1] = fault(not_here[i], 0, NULL, 0, 0);
		snprintf(f[1].text, sizeof(f[1].text), "rst@db:%zu", i);
		e = (struct err){ 0 };
		if (here_start(&o, &h, &e) == -ENOSYS)
			skip();
		assert_int_equal(here_start(&o, &h, &e), -EINVAL);
		assert_int_equal(e.exit_code, 2);
		assert_non_null(strstr(e.what, f[1].text));
		assert_non_null(strstr(e.remedy, "syn-drop, synack-drop, ack-drop, loss and loss-all"));
	}
	f[1] = fault(FAULT_SYN_DROP, 0, "db.internal", 0, 0);
	f[1].scope.n_addrs = 0;
	assert_int_equal(here_start(&o, &h, &e), -EINVAL);
	assert_non_null(strstr(e.what, "db.internal"));
	o.n_faults = HERE_N_MAX + 1;
	assert_int_equal(here_start(&o, &h, &e), -EINVAL);
	assert_null(h);
}

void left_for_nobody(void **state)
{
	struct here_opts o = { .pidns = 1 };
	struct here *h = NULL;

	assert_int_equal(here_or_skip(&o, &h), 77);
	assert_null(h);
}
