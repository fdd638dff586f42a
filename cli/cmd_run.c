/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/run_here.h"
#include "cli/run_list.h"
#include "cli/run_policy.h"
#include "cli/run_show.h"
#include "lab/sandbox.h"
#include "util/duration.h"

#define FAULTS_MAX 64

struct run_opts {
	struct option_list faults, policies, resolves, expects, reports;
	const char *to, *only, *serve, *json, *log, *capture, *svg, *events, *color, *seed;
	bool list, here, fast, wait, quiet, verbose, user_namespace, ipv4;
	int64_t time_limit_ns;
};

#define AT(field) offsetof(struct run_opts, field)

static const struct option_row rows[] = {
	{ 'f', "fault", OPT_LIST, AT(faults), 0, 0, "FAULT",
	  "What happens to handshakes: one of --list, as NAME[:ARG][@WHERE], where WHERE is HOST, HOST:PORT, :PORT, v4 or "
	  "v6. May be repeated: all act",
	  fault_names },
	{ 0, "list", OPT_FLAG, AT(list), 0, 0, NULL,
	  "List the faults, and what a plain blocking connect() gets under each, and when; with -j as a JSON object per "
	  "fault",
	  NULL },
	{ 0, "to", OPT_STRING, AT(to), 0, 0, "HOST[:PORT]",
	  "The faults without an @WHERE are for connections to it only", NULL },
	{ 0, "here", OPT_FLAG, AT(here), 0, 0, NULL,
	  "On the real network: the faults act on connections of CMD and its children alone. Needs root", NULL },
	{ 0, "only", OPT_STRING, AT(only), 0, 0, "HOST[:PORT]",
	  "Nothing else exists at the far end: other connections are refused. The default is that every address and port "
	  "answers",
	  NULL },
	{ 0, "resolve", OPT_LIST, AT(resolves), 0, 0, "NAME=ADDR[,ADDR]...",
	  "NAME has these addresses; with none it does not exist. May be repeated. Every other name has an address of "
	  "its own",
	  NULL },
	{ 0, "serve", OPT_STRING, AT(serve), 0, 0, "WHAT",
	  "What the far end does with a connection: auto (HTTP to a client that speaks it, else echo), echo, close, hang, "
	  "http, sink; or -- SERVER [ARG]... -- , a server of yours that runs there, at the ports where it listens",
	  far_words },
	{ 0, "expect", OPT_LIST, AT(expects), 0, 0, "EXPR",
	  "What must hold, as gave-up=application,within=2s..2.5s,syns<=3: then the exit status is 0 or 1, not CMD's. Names: "
	  "outcome, gave-up, limit, confidence, errno, within, attempts, connects, syns, replies, ignored, address, port, "
	  "name, process, exit, signal. May be repeated",
	  NULL },
	{ 0, "report", OPT_LIST, AT(reports), 0, 0, "FILE",
	  "Write what came of it to FILE.json, FILE.xml (JUnit) or FILE.tap. May be repeated", NULL },
	{ 0, "policy", OPT_LIST, AT(policies), 0, 0, "NAME=N[,NAME=N]...",
	  "The kernel's settings in CMD's world: retries, linear, rto-max, or any integer under net. by its name, as "
	  "net.ipv4.tcp_ecn=1; `default` is the kernel's defaults. Without it they are the host's. May be repeated",
	  NULL },
	{ 0, "fast", OPT_FLAG, AT(fast), 0, 0, NULL,
	  "Shrink the kernel's first RTO, so that its give-up comes in seconds. CMD's own timers stay real. Needs root",
	  NULL },
	{ 0, "seed", OPT_STRING, AT(seed), 0, 0, "N", "The seed of chance, for loss and jitter. The default is 1",
	  NULL },
	{ 0, "time-limit", OPT_DURATION, AT(time_limit_ns), NS_PER_MS, 86400 * NS_PER_S, "TIME",
	  "End CMD then, by SIGTERM, and 2 s later by SIGKILL. The default is to wait as long as it runs", NULL },
	{ 0, "wait", OPT_FLAG, AT(wait), 0, 0, NULL,
	  "When CMD has ended, wait for the processes that it left behind, too. The default is to end them", NULL },
	{ '4', "ipv4", OPT_FLAG, AT(ipv4), 0, 0, NULL, "A world without IPv6 names", NULL },
	{ 'j', "json", OPT_MAYBE, AT(json), 0, 0, "[=FILE]",
	  "One JSON object per attempt, as it is judged, to FILE, or in place of the text on standard error", NULL },
	{ 0, "log", OPT_STRING, AT(log), 0, 0, "FILE",
	  "Write what CMD did in time to FILE: look-ups, connect() calls, SYNs, replies, its end", NULL },
	{ 'w', "write", OPT_STRING, AT(capture), 0, 0, "FILE",
	  "Write the handshakes' packets, as CMD's side saw them, to FILE (pcapng, with comments)", NULL },
	{ 0, "svg", OPT_STRING, AT(svg), 0, 0, "FILE", "Draw the last failed attempt, else the last one, to FILE",
	  NULL },
	{ 0, "events", OPT_STRING, AT(events), 0, 0, "FILE", "Record every event to FILE as text", NULL },
	{ 'q', "quiet", OPT_FLAG, AT(quiet), 0, 0, NULL, "Say nothing but what was not as expected", NULL },
	{ 'v', "verbose", OPT_FLAG, AT(verbose), 0, 0, NULL,
	  "Say more: the log while CMD runs, and the evidence under each attempt", NULL },
	{ 0, "color", OPT_STRING, AT(color), 0, 0, "WHEN", "always, auto or never", terminal_color_words },
	{ 0, "user-namespace", OPT_FLAG, AT(user_namespace), 0, 0, NULL,
	  "Use a user namespace even as root, as an ordinary user must", NULL },
	{ .name = NULL },
};

/* All that a run is made of. */
struct run_setup {
	struct run_opts o;
	struct fault faults[FAULTS_MAX];
	struct fault_scope only;
	char asked[FAULTS_MAX + 1][256]; /* names of scopes whose addresses are known, with --here */
	int n_asked;
	struct inherit inherit;
	struct run_config c;
	struct expect expect;
	struct run_show_opts so;
};

static int bad_usage(struct err *e, const char *remedy)
{
	e->exit_code = 2;
	err_remedy(e, "%s", remedy);
	return -EINVAL;
}

/* On the real network a name has the addresses that this host finds; each is asked for once. */
static int ask_host(struct run_setup *s, const char *host, struct err *e)
{
	int i, r;

	for (i = 0; i < s->n_asked; i++)
		if (!strcasecmp(s->asked[i], host))
			return 0;
	r = run_here_names(s->c.names, host, e);
	if (!r)
		snprintf(s->asked[s->n_asked++], sizeof(s->asked[0]), "%s", host);
	return r;
}

/* The addresses of a scope's name; a literal has itself. */
static int resolve_scope(struct run_setup *s, struct fault_scope *to, struct err *e)
{
	int count, r;

	if (!to->host[0] || to->n_addrs)
		return 0;
	r = s->o.here ? ask_host(s, to->host, e) : 0;
	if (r)
		return r;
	count = names_addrs(s->c.names, to->host, to->family, to->addrs, FAULT_ADDRS_MAX);
	if (count < 0) {
		err_set(e, ENOENT, "%s: there is no such name in this run", to->host);
		return bad_usage(e, "give it an address: --resolve NAME=ADDR");
	}
	to->n_addrs = count;
	return 0;
}

static int set_faults(struct run_setup *s, struct err *e)
{
	struct fault_scope to = { 0 };
	int i, r = s->o.to ? fault_scope_parse(s->o.to, &to, e) : 0;

	if (s->o.faults.n > FAULTS_MAX) {
		err_set(e, E2BIG, "more than %d faults", FAULTS_MAX);
		return bad_usage(e, "leave some out");
	}
	if (!r)
		r = resolve_scope(s, &to, e);
	for (i = 0; !r && i < s->o.faults.n; i++) {
		struct fault *f = &s->faults[i];

		r = fault_parse(s->o.faults.v[i], f, e);
		if (!r && s->o.to && !f->scope.host[0] && !f->scope.port) {
			to.family = f->scope.family;
			f->scope = to;
		}
		if (!r)
			r = resolve_scope(s, &f->scope, e);
	}
	s->c.faults = s->faults;
	s->c.n_faults = s->o.faults.n;
	return r;
}

static int set_names(struct run_setup *s, struct err *e)
{
	int fd = s->o.ipv4 ? -1 : socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), i, r = 0;

	s->c.names = names_new(fd >= 0);
	if (fd >= 0)
		close(fd);
	if (!s->c.names)
		return err_sys(e, ENOMEM, "names");
	for (i = 0; !r && i < s->o.resolves.n; i++)
		r = names_resolve(s->c.names, s->o.resolves.v[i], e);
	if (!r && s->o.only) {
		r = fault_scope_parse(s->o.only, &s->only, e);
		if (!r)
			r = resolve_scope(s, &s->only, e);
		s->c.only = &s->only;
	}
	return r;
}

/* "--serve -- SERVER [ARG]... -- CMD": what stands before the second "--" is the server. */
static int set_commands(struct run_setup *s, char **argv, struct err *e)
{
	int what;

	s->c.argv = argv;
	if (s->o.serve && !strcmp(s->o.serve, "--")) {
		s->c.serve_argv = argv;
		while (*s->c.argv && strcmp(*s->c.argv, "--"))
			s->c.argv++;
		if (!*s->c.argv || s->c.argv == argv) {
			err_set(e, EINVAL,
				"--serve --: the server's command and the command to run are not told apart");
			return bad_usage(e, "write --serve -- SERVER [ARG]... -- CMD [ARG]...");
		}
		*s->c.argv++ = NULL;
	} else if (s->o.serve) {
		what = far_serve_of(s->o.serve);
		if (what < 0) {
			err_set(e, EINVAL, "--serve %s: there is no such thing", s->o.serve);
			return bad_usage(e, "auto, echo, close, hang, http, sink, or -- SERVER [ARG]... --");
		}
		s->c.serve = (enum far_serve)what;
	}
	if (*s->c.argv)
		return 0;
	err_set(e, EINVAL, "what is to be run is missing");
	return bad_usage(e, "put it after the options: synsent run --fault syn-drop -- curl http://db.internal/");
}

static int set_seed(struct run_setup *s, struct err *e)
{
	char *end;

	s->c.seed = 1;
	if (!s->o.seed)
		return 0;
	errno = 0;
	s->c.seed = strtoull(s->o.seed, &end, 0);
	if (!errno && end != s->o.seed && !*end && *s->o.seed != '-')
		return 0;
	err_set(e, EINVAL, "--seed %s: not a number", s->o.seed);
	return bad_usage(e, "a whole number, 0 to 18446744073709551615");
}

static int set_expect(struct run_setup *s, struct err *e)
{
	int i, r = 0;

	for (i = 0; !r && i < s->o.expects.n; i++)
		r = expect_add(&s->expect, s->o.expects.v[i], e);
	s->so.expect = &s->expect;
	return r;
}

/* What is a world's, and there is none with --here. */
static int set_here(struct run_setup *s, struct err *e)
{
	const struct {
		const char *name;
		bool given;
	} worlds[] = {
		{ "serve", s->o.serve != NULL },
		{ "only", s->o.only != NULL },
		{ "resolve", s->o.resolves.n > 0 },
		{ "policy", s->o.policies.n > 0 },
		{ "fast", s->o.fast },
		{ "ipv4", s->o.ipv4 },
		{ "user-namespace", s->o.user_namespace },
	};
	size_t i;

	s->c.here = s->o.here;
	for (i = 0; s->o.here && i < sizeof(worlds) / sizeof(worlds[0]); i++)
		if (worlds[i].given) {
			err_set(e, EINVAL, "--here is the real network, where --%s has no place", worlds[i].name);
			return bad_usage(e, "leave out one of the two");
		}
	return s->o.here ? run_here_check(e) : 0;
}

static int configure(struct run_setup *s, char **argv, struct err *e)
{
	int r = set_commands(s, argv, e);

	if (!r)
		r = set_here(s, e);
	if (!r)
		r = set_names(s, e);
	if (!r)
		r = set_faults(s, e);
	if (!r)
		r = run_policy(&s->o.policies, &s->inherit, &s->c, e);
	if (!r)
		r = set_seed(s, e);
	if (!r)
		r = set_expect(s, e);
	s->c.fast = s->o.fast;
	s->c.time_limit_ns = s->o.time_limit_ns;
	s->c.wait_for_left = s->o.wait;
	s->so.c = &s->c;
	s->so.quiet = s->o.quiet;
	s->so.verbose = s->o.verbose;
	s->so.json = s->o.json != NULL;
	s->so.json_file = s->o.json && *s->o.json ? s->o.json : NULL;
	s->so.log_file = s->o.log;
	s->so.capture = s->o.capture;
	s->so.svg = s->o.svg;
	s->so.events = s->o.events;
	s->so.reports = s->o.reports;
	if (!r && s->o.reports.n > RUN_REPORTS_MAX) {
		err_set(e, E2BIG, "more than %d reports", RUN_REPORTS_MAX);
		return bad_usage(e, "leave some out");
	}
	return r;
}

/* Inside the sandbox. */
static int run_inside(struct run_setup *s, struct err *e)
{
	struct err end_err = { 0 };
	struct run_show *show;
	struct run_end end;
	int r = run_show_new(&s->so, &show, e), status;

	if (r)
		return report_error("run", e, 125);
	r = run_program(&s->c, &show->view, &end, e);
	if (r && !end.started) {
		run_show_free(show);
		return report_error("run", e, 125);
	}
	status = run_show_end(show, &end, &end_err);
	run_show_free(show);
	if (r)
		return report_error("run", e, 125);
	if (end_err.what[0])
		report_error("run", &end_err, status);
	return status;
}

static void free_setup(struct run_setup *s)
{
	names_free(s->c.names);
	free(s->o.faults.v);
	free(s->o.policies.v);
	free(s->o.resolves.v);
	free(s->o.expects.v);
	free(s->o.reports.v);
	free(s);
}

static int set_up_and_run(const struct command *cmd, int argc, char **argv, struct run_setup *s)
{
	struct sandbox_opts so = { 0 };
	struct sandbox box;
	struct err e = { 0 };
	int first, r = options_parse(cmd, argc, argv, &s->o, &first, &e);

	if (r == 1)
		return 0;
	if (!r && s->o.list)
		return run_list(&s->o.policies, s->o.json);
	if (!r)
		r = terminal_init(&s->so.terminal, s->o.color, &e);
	if (!r)
		r = configure(s, argv + first, &e);
	if (r)
		return report_error("run", &e, 2);
	so.user_namespace = s->o.user_namespace;
	so.host_network = s->o.here;
	r = sandbox_enter(&so, &box, &e);
	if (r)
		return report_error("run", &e, 77);
	s->c.supervisor = box.supervisor;
	s->c.signals = &box.signals;
	return run_inside(s, &e);
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct run_setup *s = calloc(1, sizeof(*s));
	int status;

	if (!s)
		return 125;
	status = set_up_and_run(cmd, argc, argv, s);
	free_setup(s);
	return status;
}

const struct command command_run = {
	.name = "run",
	.usage = "[OPTION]... [--] CMD [ARG]...",
	.summary = "run any program under a handshake fault, and say who gave up",
	.about =
		"Runs CMD, unmodified, in a network of its own, in which every name has an address, and every address and port "
		"answers, behind a wire that does to its TCP handshakes what --fault says. When CMD has ended, it says of every "
		"connection attempt what was sent, what came back, and who gave up: CMD by its own timer, or the kernel by its "
		"SYN budget. With --expect that becomes a test. CMD keeps its terminal, its files, its arguments and its exit "
		"status. No packet of it leaves this host, whose firewall, routes and sysctls are not touched, and nothing stays "
		"behind, whatever ends it. Works as an ordinary user.\n"
		"What is said goes to standard error; standard output is CMD's.",
	.examples = "synsent run -f syn-drop -- curl --connect-timeout 2 http://db.internal/\n"
		    "    no SYN arrives: does curl give up, or the kernel, and when?\n"
		    "synsent run -f syn-drop --expect gave-up=application,within=1s..3s -- ./client\n"
		    "    a test: the client must have a connect timeout of its own, of about 2 s\n"
		    "synsent run -f syn-drop:2 -- psql -h db.internal -c 'select 1'\n"
		    "    only the first two SYNs of each connection are lost\n"
		    "synsent run -f syn-drop@v6 -- curl http://www.example/\n"
		    "    IPv6 is broken: does the client fall back to IPv4, and after how long?\n"
		    "synsent run -f backlog-full --policy retries=2,linear=0 -- nc db.internal 5432\n"
		    "    a server whose accept queue is full, and a kernel that gives up after 7 s\n"
		    "synsent run -f loss:30% --serve -- python3 -m http.server 80 -- wget web\n"
		    "    a server of one's own at the far end\n",
	.stop_at_word = true,
	.rows = rows,
	.run = run,
};
