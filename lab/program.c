/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/program.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/program_world.h"
#include "lab/sandbox.h"
#include "sources/connects.h"
#include "sources/procs.h"
#include "util/clock.h"

struct program {
	pid_t init;
	int32_t pid; /* the host's */
	int pidfd;   /* of the program */
	int talk;    /* our end of a SOCK_SEQPACKET pair */
	int connects;
	uint64_t pidns;
	bool ended;
};

/* What init and the program say.  A listener comes with WORD_READY as a descriptor. */
enum word { WORD_READY, WORD_NOT_RUN, WORD_STATUS, WORD_ALONE };

struct message {
	enum word word;
	int value; /* the host's pid; errno; a status of waitpid() */
	int error; /* WORD_READY: why there is no listener */
	int64_t t_ns;
};

static void say(int fd, enum word word, int value)
{
	const struct message m = { word, value, 0, clock_mono_ns() };

	if (send(fd, &m, sizeof(m), MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void say_ready(int fd, int listener)
{
	const struct message m = { WORD_READY, sandbox_host_pid(), listener < 0 ? -listener : 0, clock_mono_ns() };
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)&m, sizeof(m) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (listener >= 0) {
		control.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
					      .cmsg_level = SOL_SOCKET,
					      .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.h), &listener, sizeof(listener));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0)
		_exit(1);
}

/* ---- the program's process ---- */

__attribute__((noreturn)) static void become_program(const struct program_opts *o, int talk)
{
	int listener = o->announce ? connects_announce() : -ENOSYS;
	char byte;

	say_ready(talk, listener);
	if (listener >= 0)
		close(listener);
	if (recv(talk, &byte, 1, 0) != 1)
		_exit(1);
	if (!o->host_world)
		program_world_proc();
	sandbox_drop_caps();
	sandbox_restore_signals(o->signals);
	execvp(o->argv[0], o->argv);
	say(talk, WORD_NOT_RUN, errno);
	_exit(127);
}

/* ---- init ---- */

static void hold_only(int fd)
{
	if (fd != 3)
		dup3(fd, 3, O_CLOEXEC);
	close_range(4, ~0U, 0);
}

/* Zombies do not count. */
static bool is_alone(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return pid < 0 && errno == ECHILD;
}

__attribute__((noreturn)) static void init_loop(int talk, pid_t program)
{
	bool over = false;
	int status;
	pid_t pid;

	hold_only(talk);
	for (;;) {
		pid = waitpid(-1, &status, WUNTRACED | WCONTINUED);
		/* Who is alone says so before its end, so that nobody is thought to be left. */
		if (pid == program) {
			over |= WIFEXITED(status) || WIFSIGNALED(status);
			if (over && is_alone())
				say(3, WORD_ALONE, 0);
			say(3, WORD_STATUS, status);
		}
		if (pid < 0 && errno == ECHILD) {
			if (over)
				say(3, WORD_ALONE, 0);
			for (;;)
				pause(); /* until we are ended */
		}
	}
}

__attribute__((noreturn)) static void run_init(const struct program_opts *o, int talk)
{
	pid_t program;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "synsent init");
	if (o->netns >= 0 && setns(o->netns, CLONE_NEWNET))
		_exit(1);
	program_world_bound();
	if (!o->host_world)
		program_world_files(o);
	program = fork();
	if (program < 0)
		_exit(1);
	if (!program)
		become_program(o, talk);
	init_loop(talk, program);
}

/* ---- this process ---- */

static pid_t clone_init(const struct program_opts *o)
{
	unsigned long flags = CLONE_NEWPID | (o->host_world ? 0 : CLONE_NEWNS);

#ifdef __s390x__
	return (pid_t)syscall(SYS_clone, NULL, flags | SIGCHLD, NULL, NULL, NULL);
#else
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
#endif
}

static ssize_t hear(struct program *p, struct message *ret, int flags)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { ret, sizeof(*ret) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(p->talk, &msg, flags | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && p->connects < 0)
		memcpy(&p->connects, CMSG_DATA(c), sizeof(p->connects));
	return n;
}

static uint64_t pidns_of(int32_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return stat(path, &st) ? 0 : st.st_ino;
}

static int start_failed(struct program *p, int code, const char *name, struct err *e)
{
	program_free(p);
	if (e)
		e->exit_code = 125;
	return err_sys(e, code, "cannot start %s", name);
}

int program_start(const struct program_opts *o, struct program **ret, struct err *e)
{
	struct program *p = calloc(1, sizeof(*p));
	struct message m;
	int32_t here;
	int pair[2];

	if (!p)
		return err_sys(e, ENOMEM, "cannot start %s", o->argv[0]);
	p->connects = p->talk = p->pidfd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return start_failed(p, errno, o->argv[0], e);
	p->talk = pair[0];
	p->init = clone_init(o);
	if (p->init == 0) {
		close(pair[0]);
		run_init(o, pair[1]);
	}
	close(pair[1]);
	if (p->init < 0)
		return start_failed(p, errno, o->argv[0], e);
	if (hear(p, &m, 0) != sizeof(m) || m.word != WORD_READY)
		return start_failed(p, EIO, o->argv[0], e);
	p->pid = m.value;
	if (p->connects < 0)
		p->connects = -m.error;
	p->pidns = pidns_of(p->pid);
	if (!procs_pid_here(p->pid, &here))
		p->pidfd = (int)syscall(SYS_pidfd_open, here, 0);
	if (p->pidfd < 0)
		return start_failed(p, errno, o->argv[0], e);
	*ret = p;
	return 0;
}

void program_go(struct program *p)
{
	send(p->talk, "g", 1, MSG_NOSIGNAL);
}

int32_t program_pid(const struct program *p)
{
	return p->pid;
}

int program_connects_fd(const struct program *p)
{
	return p->connects;
}

uint64_t program_pidns(const struct program *p)
{
	return p->pidns;
}

int program_fd(const struct program *p)
{
	return p->talk;
}

static void news_of_status(struct program *p, int status, struct program_news *ret)
{
	if (WIFSTOPPED(status)) {
		ret->word = PROGRAM_STOPPED;
		ret->signal = WSTOPSIG(status);
	} else if (WIFCONTINUED(status)) {
		ret->word = PROGRAM_CONTINUED;
	} else {
		p->ended = true;
		ret->word = PROGRAM_ENDED;
		ret->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	}
}

void program_news(struct program *p, struct program_news *ret)
{
	struct message m;
	ssize_t n;

	*ret = (struct program_news){ 0 };
	n = p->talk >= 0 ? hear(p, &m, MSG_DONTWAIT) : -1;
	if (n == 0) { /* init is gone: somebody killed it, and all the program with it */
		close(p->talk);
		p->talk = -1;
		ret->word = p->ended ? PROGRAM_ALONE : PROGRAM_ENDED;
		ret->signal = SIGKILL;
		ret->t_ns = clock_mono_ns();
		p->ended = true;
		return;
	}
	if (n != sizeof(m))
		return;
	ret->t_ns = m.t_ns;
	switch (m.word) {
	case WORD_NOT_RUN:
		ret->word = PROGRAM_NOT_RUN;
		ret->error = m.value;
		break;
	case WORD_STATUS:
		news_of_status(p, m.value, ret);
		break;
	case WORD_ALONE:
		ret->word = PROGRAM_ALONE;
		break;
	case WORD_READY:
		break;
	}
}

void program_signal(struct program *p, int signal)
{
	if (!p->ended && p->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, p->pidfd, signal, NULL, 0);
}

void program_end(struct program *p)
{
	if (p->init <= 0)
		return;
	kill(p->init, SIGKILL);
	waitpid(p->init, NULL, 0);
	p->init = 0;
}

void program_free(struct program *p)
{
	if (!p)
		return;
	program_end(p);
	if (p->pidfd >= 0)
		close(p->pidfd);
	if (p->talk >= 0)
		close(p->talk);
	if (p->connects >= 0)
		close(p->connects);
	free(p);
}
