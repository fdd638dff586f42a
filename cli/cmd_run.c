/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/run_list.h"
#include "cli/run_setup.h"
#include "cli/run_show.h"
#include "lab/here.h"
#include "lab/sandbox.h"
#include "util/duration.h"

#define AT(field) offsetof(struct run_opts, field)

_Static_assert(FAULTS_MAX == 64 && HERE_N_MAX == 32 && EXPECT_MAX == 64 && RUN_REPORTS_MAX == 8, "as the rows have it");
static const struct option_row rows[] = {
	{ 'f', "fault", OPT_LIST, AT(faults), 0, 0, "FAULT",
	  "What happens to handshakes: one of --list, as NAME[:ARG][@WHERE], where WHERE is HOST, HOST:PORT, :PORT, v4 or "
	  "v6. May be repeated, up to 64 times (with --here 32): all act",
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
	  "name, process, exit, signal. May be repeated, for up to 64 of them",
	  NULL },
	{ 0, "report", OPT_LIST, AT(reports), 0, 0, "FILE",
	  "Write what came of it to FILE.json, FILE.xml (JUnit) or FILE.tap. May be repeated, up to 8 times", NULL },
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
		r = run_setup_make(s, argv + first, &e);
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
	run_setup_free(s);
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
