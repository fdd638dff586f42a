/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sockaddr.h"
#include "lab/fast.h"
#include "lab/firewall.h"
#include "lab/program_world.h"
#include "lab/run_inside.h"
#include "lab/world_deaf.h"
#include "lab/world_stage.h"
#include "sources/sockdiag.h"
#include "sources/sysctls.h"
#include "util/clock.h"
#include "util/duration.h"

#define SNAPLEN 256 /* the headers, and what an ICMP error quotes */
#define BUFFER (2 << 20)
#define ATTEMPTS_MAX 32768	      /* some 5 KiB each, touched when needed */
#define LINGERS_NS (1000 * NS_PER_MS) /* what comes late is known by then */
#define SERVER_LISTENS_WITHIN_NS (10 * NS_PER_S)
#define FAST_RTO_MIN_MS 40 /* real programs and servers are in the way: more room than a lab needs */
#define BACKLOG 4096

static void keep_fd(struct run *r, int fd)
{
	if (fd >= 0)
		r->backlog_fds[r->n_backlog_fds++] = fd;
}

static int set_policy(struct run *r, struct err *e)
{
	int i, code = 0;

	for (i = 0; !code && i < r->c->n_settings; i++)
		code = sysctls_set(r->c->settings[i].name, r->c->settings[i].value, e);
	if (!code)
		code = sysctls_policy(&r->end->policy, e);
	if (code || !r->c->fast)
		return code;
	r->end->policy.rto_first_j = (FAST_RTO_MIN_MS * r->end->policy.hz + 999) / 1000;
	return fast_start(r->end->policy.rto_first_j, &r->fast, e);
}

static int add_listener(struct run *r, int port, struct err *e)
{
	static const int families[] = { 4, 6 };
	int i, fds[2], code = 0;

	for (i = 0; !code && i < 1 + r->world.ipv6; i++) {
		if (port == WORLD_PORT_BACKLOG_FULL) {
			code = world_listen_full(&r->world, families[i], fds, e);
			keep_fd(r, fds[0]);
			keep_fd(r, fds[1]);
		} else {
			code = world_listen(&r->world, families[i], (uint16_t)port, BACKLOG, &fds[0], e);
			keep_fd(r, code ? -1 : fds[0]);
		}
	}
	return code;
}

static bool has_fault(const struct run *r, enum fault_kind kind)
{
	int i;

	for (i = 0; i < r->c->n_faults; i++)
		if (r->c->faults[i].kind == kind)
			return true;
	return false;
}

/* Listeners that nobody serves. */
static int deaf_listeners(struct run *r, struct err *e)
{
	int code = 0;

	if (has_fault(r, FAULT_NO_ACCEPT))
		code = add_listener(r, WORLD_PORT_NO_ACCEPT, e);
	if (!code && has_fault(r, FAULT_BACKLOG_FULL))
		code = add_listener(r, WORLD_PORT_BACKLOG_FULL, e);
	return code;
}

__attribute__((noreturn)) static void far_process(enum far_serve serve, const int *fds, int n, int quit)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "synsent far");
	_exit(far_serve(serve, fds, n, quit, NULL) ? 1 : 0);
}

static int start_far(struct run *r, struct err *e)
{
	int fds[2] = { -1, -1 }, n = 0, quit[2], code;

	code = world_listen(&r->world, 4, WORLD_PORT_SERVE, BACKLOG, &fds[n], e);
	if (!code)
		n++;
	if (!code && r->world.ipv6) {
		code = world_listen(&r->world, 6, WORLD_PORT_SERVE, BACKLOG, &fds[n], e);
		n += !code;
	}
	if (!code && pipe2(quit, O_CLOEXEC))
		code = err_sys(e, errno, "far end: pipe");
	if (!code) {
		r->far_quit = quit[1];
		r->far_pid = fork();
		if (!r->far_pid) {
			close(quit[1]);
			close(r->world.wire[1]); /* the other one it holds until it ends: see start_wire() */
			far_process(r->c->serve, fds, n, quit[0]);
		}
		if (r->far_pid < 0)
			code = err_sys(e, errno, "far end: fork");
		close(quit[0]);
	}
	while (n--)
		close(fds[n]);
	return code;
}

static void count_listener(const struct sockdiag_socket *s, void *user)
{
	int *n = user;

	if (s->state.flow.client.port > WORLD_PORT_BACKLOG_FULL)
		++*n;
}

static int server_ended(struct run *r, const struct program_news *n, struct err *e)
{
	const char *name = r->c->serve_argv[0];

	if (e)
		e->exit_code = n->word == PROGRAM_NOT_RUN ? 127 : 125;
	if (n->word == PROGRAM_NOT_RUN)
		return err_sys(e, n->error, "--serve: cannot run %s", name);
	if (n->signal)
		return err_set(e, ECHILD, "--serve: %s was ended by signal %d before it listened", name, n->signal);
	err_set(e, ECHILD, "--serve: %s ended with status %d before it listened", name, n->status);
	err_remedy(e, "a server that goes into the background needs its option for staying in front");
	return -ECHILD;
}

/* Until it listens at some port. */
static int await_server(struct run *r, struct sockdiag *d, struct err *e)
{
	int64_t until = clock_mono_ns() + SERVER_LISTENS_WITHIN_NS;
	struct program_news news;
	int n = 0, code = 0;

	while (!code && !n) {
		program_news(r->server, &news);
		if (news.word == PROGRAM_NOT_RUN || news.word == PROGRAM_ENDED)
			return server_ended(r, &news, e);
		code = sockdiag_dump(d, 0, SOCKDIAG_LISTEN, count_listener, &n, e);
		if (code == -EAGAIN)
			code = 0;
		if (!n && clock_mono_ns() > until) {
			if (e)
				e->exit_code = 125;
			return err_set(e, ETIMEDOUT, "--serve: %s did not listen on any port within 10 s",
				       r->c->serve_argv[0]);
		}
		if (!n)
			poll(&(struct pollfd){ program_fd(r->server), POLLIN, 0 }, 1, 5);
	}
	return code;
}

static int start_server(struct run *r, struct err *e)
{
	const struct program_opts po = {
		.argv = r->c->serve_argv, .signals = r->c->signals, .netns = r->world.far, .host_world = true
	};
	struct sockdiag *d = NULL;
	int code = program_start(&po, &r->server, e), back;

	if (code)
		return code;
	program_go(r->server);
	code = world_go(&r->world, true, e);
	if (code)
		return code;
	code = sockdiag_open(&d, e);
	back = world_go(&r->world, false, code ? NULL : e);
	if (!code && !back)
		code = await_server(r, d, e);
	sockdiag_free(d);
	return code ? code : back;
}

static int start_wire(struct run *r, struct err *e)
{
	const struct wire_opts o = { .faults = r->c->faults, .n_faults = r->c->n_faults, .seed = r->c->seed };

	int code = wire_start(r->world.wire, &o, &r->wire, e);

	/*
	 * Who closes a packet socket last waits for tens of ms, two grace periods: the one goes with the wire, the
	 * other with our far end, and the observation's own with us, all at the same time.
	 */
	world_leave_wire(&r->world);
	return code;
}

int run_start_watching(struct run *r, const struct observe_opts *how, struct err *e)
{
	const struct tracker_config tc = {
		.max_attempts = ATTEMPTS_MAX, .linger_ns = LINGERS_NS, .fn = run_on_attempt, .user = r
	};
	struct observe_opts oo = *how;

	oo.snaplen = SNAPLEN;
	oo.buffer = BUFFER;
	oo.policy = r->end->policy;
	oo.user = r;
	r->tracker = tracker_new(&tc);
	if (!r->tracker)
		return err_sys(e, ENOMEM, "attempts");
	return observe_new(&oo, &r->observe, e);
}

static char *read_file(const char *path)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = fopen(path, "re");
	ssize_t n;

	if (!f)
		return NULL;
	n = getdelim(&text, &len, 0, f);
	fclose(f);
	if (n < 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int start_program(struct run *r, struct err *e)
{
	char *host_hosts = read_file("/etc/hosts"), *host_nsswitch = read_file("/etc/nsswitch.conf");
	struct buf hosts = { 0 }, nsswitch = { 0 };
	struct program_opts po = { .argv = r->c->argv,
				   .signals = r->c->signals,
				   .resolv_conf = "nameserver " RESOLVER_ADDRESS "\noptions timeout:2\n",
				   .announce = true,
				   .netns = -1 };
	int code;

	names_hosts(r->c->names, host_hosts, &hosts);
	program_world_nsswitch(host_nsswitch, &nsswitch);
	po.hosts = buf_text(&hosts);
	po.nsswitch_conf = buf_text(&nsswitch);
	code = hosts.failed || nsswitch.failed ? err_sys(e, ENOMEM, "names") : program_start(&po, &r->program, e);
	buf_fini(&hosts);
	buf_fini(&nsswitch);
	free(host_hosts);
	free(host_nsswitch);
	return code;
}

/* By lo the kernel tells itself that no neighbour answers, and that its own firewall rejects. */
static bool answers_itself(const struct run *r)
{
	int i;

	for (i = 0; i < r->c->n_faults; i++) {
		const struct fault *f = &r->c->faults[i];

		if (f->kind == FAULT_NO_NEIGHBOUR || fault_resets_syns(f))
			return true;
	}
	return false;
}

static int stage(struct run *r, struct err *e)
{
	const struct observe_opts how = { .device = WORLD_CLIENT_LINK,
					  .on_packet = run_on_packet,
					  .on_event = run_on_event,
					  .on_missed = run_call_missed };
	const struct world_stage st = { .faults = r->c->faults,
					.n_faults = r->c->n_faults,
					.only = r->c->only,
					.own_server = r->c->serve_argv != NULL };
	int code = firewall_check_private(r->c->supervisor, e);

	if (!code)
		code = world_make(&r->world, r->c->inherit, e);
	if (!code)
		code = set_policy(r, e);
	r->netns = connects_netns();
	if (!code)
		code = deaf_listeners(r, e);
	if (!code)
		code = r->c->serve_argv ? start_server(r, e) : start_far(r, e);
	if (!code)
		code = world_stage(&r->world, &st, e);
	if (!code)
		code = start_wire(r, e);
	if (!code)
		code = resolver_open(&r->world, r->c->names, &r->resolver, e);
	if (!code)
		code = run_start_watching(r, &how, e);
	if (!code)
		code = start_program(r, e);
	/* Without word of its connect() calls nobody knows whether it will use lo. */
	if (!code && (program_connects_fd(r->program) < 0 || answers_itself(r)))
		code = observe_also(r->observe, "lo", e);
	return code;
}

static int fds(const struct run *r, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = wire_fd(r->wire), .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = wire_process_fd(r->wire), .events = POLLIN };
	return 2 + resolver_fds(r->resolver, fds + 2);
}

/* The wire and our far end never end by themselves. */
static int check(const struct run *r, struct err *e)
{
	struct pollfd p[] = { { wire_process_fd(r->wire), POLLIN, 0 }, { r->far_quit, 0, 0 } };

	if (poll(p, 2, 0) <= 0)
		return 0;
	e->exit_code = 125;
	return err_set(e, EPIPE,
		       p[0].revents ? "the wire between the program and the far end broke"
				    : "the far end broke: the process that serves it was ended");
}

const struct run_kind run_world = { .stage = stage, .fds = fds, .observe = run_observe, .check = check };

void run_unstage(struct run *r)
{
	run_here_free(r->here);
	wire_end(r->wire);
	if (r->far_pid > 0)
		kill(r->far_pid, SIGKILL);
	program_free(r->program);
	program_free(r->server);
	if (r->far_quit >= 0)
		close(r->far_quit);
	resolver_free(r->resolver);
	observe_free(r->observe);
	tracker_free(r->tracker);
	fast_free(r->fast);
	while (r->n_backlog_fds)
		close(r->backlog_fds[--r->n_backlog_fds]);
	world_fini(&r->world);
	wire_stop(r->wire);
	if (r->far_pid > 0)
		waitpid(r->far_pid, NULL, 0);
}
