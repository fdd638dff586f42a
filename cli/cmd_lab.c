/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/lab_view.h"
#include "lab/sandbox.h"
#include "util/clock.h"
#include "util/duration.h"

#define SCENARIOS_MAX 32

struct lab_opts {
	const char *scenario, *color, *capture, *svg, *events;
	bool list, ipv6, fast, json, quiet, verbose, user_namespace;
	int retries, linear, syncnt, port;
	int64_t user_timeout_ns, rto_max_ns, app_timeout_ns;
	struct addr address;
};

static const char *const *scenario_words(void)
{
	static const char *words[SCENARIOS_MAX + 1];
	int i;

	for (i = 0; i < SCENARIOS_MAX && scenarios[i].name; i++)
		words[i] = scenarios[i].name;
	return words;
}

#define AT(field) offsetof(struct lab_opts, field)

static const struct option_row rows[] = {
	{ 0, "scenario", OPT_STRING, AT(scenario), 0, 0, "NAME", "What goes wrong: one of --list. The default is drop",
	  scenario_words },
	{ 0, "list", OPT_FLAG, AT(list), 0, 0, NULL, "List the scenarios", NULL },
	{ 0, "fast", OPT_FLAG, AT(fast), 0, 0, NULL,
	  "Shrink the kernel's first RTO for this lab, so that a minute takes a second. Needs root", NULL },
	{ 0, "retries", OPT_INT, AT(retries), POLICY_RETRIES_MIN, POLICY_RETRIES_MAX, "N",
	  "The lab's net.ipv4.tcp_syn_retries. The default is 5", NULL },
	{ 0, "linear", OPT_INT, AT(linear), 0, POLICY_LINEAR_MAX, "N",
	  "The lab's net.ipv4.tcp_syn_linear_timeouts. The default is 0, the classic case", NULL },
	{ 0, "syncnt", OPT_INT, AT(syncnt), 1, POLICY_RETRIES_MAX, "N", "The client's socket option TCP_SYNCNT", NULL },
	{ 0, "user-timeout", OPT_DURATION, AT(user_timeout_ns), NS_PER_MS, 596 * 3600 * NS_PER_S, "TIME",
	  "The client's socket option TCP_USER_TIMEOUT", NULL },
	{ 0, "rto-max", OPT_DURATION, AT(rto_max_ns), NS_PER_S, 120 * NS_PER_S, "TIME",
	  "The client's socket option TCP_RTO_MAX_MS (Linux 6.15 and later)", NULL },
	{ 0, "app-timeout", OPT_DURATION, AT(app_timeout_ns), NS_PER_MS, 86400 * NS_PER_S, "TIME",
	  "Give the client a timer of its own, as curl --connect-timeout has: the shorter limit wins", NULL },
	{ 0, "port", OPT_INT, AT(port), 1, 65535, "P", "The server's port. The default is 12345", NULL },
	{ 0, "address", OPT_ADDR, AT(address), 0, 0, "A",
	  "The server's address, put on the lab's lo. The default is 127.0.0.1, and 192.0.2.1 for routes", NULL },
	{ '6', "ipv6", OPT_FLAG, AT(ipv6), 0, 0, NULL, "Use IPv6: ::1, and 2001:db8::1 for routes", NULL },
	{ 'w', "write", OPT_STRING, AT(capture), 0, 0, "FILE",
	  "Write the packets to FILE (pcapng, the verdict as comments)", NULL },
	{ 0, "svg", OPT_STRING, AT(svg), 0, 0, "FILE", "Draw the sequence diagram to FILE", NULL },
	{ 0, "events", OPT_STRING, AT(events), 0, 0, "FILE", "Record every event to FILE as text", NULL },
	{ 'j', "json", OPT_FLAG, AT(json), 0, 0, NULL,
	  "Print one JSON object per attempt, the one under study last, and nothing else", NULL },
	{ 'q', "quiet", OPT_FLAG, AT(quiet), 0, 0, NULL,
	  "Print the verdict only; with --json, the object of the client under study only", NULL },
	{ 'v', "verbose", OPT_FLAG, AT(verbose), 0, 0, NULL,
	  "Say more, on standard error: what setting up took, the rules as nft has them, the policy in full, and what was "
	  "seen and lost",
	  NULL },
	{ 0, "color", OPT_STRING, AT(color), 0, 0, "WHEN", "always, auto or never", terminal_color_words },
	{ 0, "user-namespace", OPT_FLAG, AT(user_namespace), 0, 0, NULL,
	  "Use a user namespace even as root, as an ordinary user must", NULL },
	{ .name = NULL },
};

static int list(void)
{
	const struct scenario *s;

	for (s = scenarios; s->name; s++)
		printf("%-16s %s\n", s->name, s->summary);
	return 0;
}

static int bad_usage(struct err *e, const char *remedy)
{
	e->exit_code = 2;
	err_remedy(e, "%s", remedy);
	return -EINVAL;
}

static int check_files(const struct lab_opts *o, struct err *e)
{
	const char *const files[][2] = { { "--write", o->capture }, { "--svg", o->svg }, { "--events", o->events } };
	size_t i, j, n = sizeof(files) / sizeof(files[0]);

	for (i = 0; i < n; i++) {
		if (files[i][1] && !strcmp(files[i][1], "-")) {
			err_set(e, EINVAL, "%s -: standard output is for the text, or for --json", files[i][0]);
			return bad_usage(e, "name a file");
		}
		for (j = 0; j < i; j++) {
			if (!files[i][1] || !files[j][1] || strcmp(files[i][1], files[j][1]))
				continue;
			err_set(e, EINVAL, "%s and %s name the same file, %s", files[j][0], files[i][0], files[i][1]);
			return bad_usage(e, "name two");
		}
	}
	return 0;
}

static int check(const struct lab_opts *o, const struct lab_config *c, struct err *e)
{
	if (o->fast && o->rto_max_ns) {
		err_set(e, EINVAL, "--fast with --rto-max: the kernel has no RTO maximum below 1 s to shrink to");
		return bad_usage(e, "leave one of them out");
	}
	if (c->argv && (o->syncnt || o->user_timeout_ns || o->rto_max_ns || o->app_timeout_ns)) {
		err_set(e, EINVAL,
			"--syncnt, --user-timeout, --rto-max and --app-timeout are for the lab's own client");
		return bad_usage(e, "give your program its own option, as curl --connect-timeout");
	}
	if (c->argv && c->scenario->app_timeout_ns) {
		err_set(e, EINVAL, "scenario %s: it is the lab's own client that abandons", c->scenario->name);
		return bad_usage(e, "use --scenario drop and a client with a timeout of its own");
	}
	if (c->scenario->route && addr_is_loopback(&c->server.addr)) {
		err_set(e, EINVAL, "scenario %s needs an address that can be taken away", c->scenario->name);
		return bad_usage(e, "leave --address out, or give one that is not a loopback address");
	}
	if (o->ipv6 && c->server.addr.family != 6) {
		err_set(e, EINVAL, "-6 with an IPv4 address");
		return bad_usage(e, "leave one of them out");
	}
	return check_files(o, e);
}

static void choose_address(const struct lab_opts *o, struct lab_config *c)
{
	static const char *const defaults[2][2] = { { "127.0.0.1", "192.0.2.1" }, { "::1", "2001:db8::1" } };

	c->server.port = (uint16_t)o->port;
	c->server.addr = o->address;
	if (!o->address.family)
		addr_parse(defaults[o->ipv6][c->scenario->route != ROUTES_AS_THEY_ARE], &c->server.addr);
}

static int configure(const struct lab_opts *o, char **argv, struct lab_config *c, struct err *e)
{
	c->scenario = o->scenario ? scenario_find(o->scenario) : &scenarios[0];
	if (!c->scenario) {
		err_set(e, EINVAL, "--scenario %s: there is none of that name", o->scenario);
		return bad_usage(e, "`synsent lab --list` shows them");
	}
	c->argv = *argv ? argv : NULL;
	c->fast = o->fast;
	choose_address(o, c);
	policy_default(0, &c->policy);
	c->policy.retries = o->retries;
	c->policy.linear = o->linear;
	c->policy.syncnt = o->syncnt;
	c->policy.user_timeout_ms = (o->user_timeout_ns + NS_PER_MS - 1) / NS_PER_MS;
	c->rto_max_set = o->rto_max_ns != 0;
	if (c->rto_max_set)
		c->policy.rto_max_ms = (int)(o->rto_max_ns / NS_PER_MS);
	c->app_timeout_ns = o->app_timeout_ns ? o->app_timeout_ns : c->scenario->app_timeout_ns;
	return check(o, c, e);
}

/* With --json stdout is for objects alone: what the user's program prints goes to stderr. */
static int keep_stdout(struct err *e)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	FILE *ours = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (!ours || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return err_sys(e, errno, "standard output");
	stdout = ours;
	return 0;
}

/* Inside the sandbox. */
static int run_inside(const struct lab_config *c, const struct lab_view_opts *vo, struct err *e)
{
	struct err end_err = { 0 };
	struct lab_show *show;
	struct lab_end end;
	int r, status;

	r = lab_show_new(vo, c, &show, e);
	if (r)
		return report_error("lab", e, 4);
	r = lab_run(c, lab_show_view(show), &end, e);
	status = lab_show_end(show, &end, r != 0, &end_err);
	lab_show_free(show);
	if (r)
		return report_error("lab", e, 77);
	if (end_err.what[0])
		return report_error("lab", &end_err, status);
	return status;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct lab_opts o = { .retries = 5, .port = 12345 };
	struct lab_view_opts vo = { 0 };
	struct lab_config c = { 0 };
	struct sandbox_opts so = { 0 };
	struct sandbox box;
	struct err e = { 0 };
	int64_t began;
	int first, r = options_parse(cmd, argc, argv, &o, &first, &e);

	if (r == 1)
		return 0;
	if (!r && o.list)
		return list();
	if (!r)
		r = terminal_init(&vo.terminal, o.color, &e);
	if (!r)
		r = configure(&o, argv + first, &c, &e);
	if (r)
		return report_error("lab", &e, 2);
	vo.quiet = o.quiet;
	vo.verbose = o.verbose;
	vo.json = o.json;
	vo.capture = o.capture;
	vo.svg = o.svg;
	vo.events = o.events;
	so.user_namespace = o.user_namespace;
	began = clock_mono_ns();
	r = sandbox_enter(&so, &box, &e);
	if (r)
		return report_error("lab", &e, 77);
	vo.sandbox_ns = clock_mono_ns() - began;
	if (c.argv && vo.json && keep_stdout(&e))
		return report_error("lab", &e, 4);
	c.supervisor = box.supervisor;
	return run_inside(&c, &vo, &e);
}

const struct command command_lab = {
	.name = "lab",
	.usage = "[OPTION]... [-- CMD [ARG]...]",
	.summary = "reproduce a connection timeout end to end and explain it, SYN by SYN",
	.about =
		"Starts a server, connects to it, puts something in the way (by default a firewall rule that DROPs the SYN), "
		"connects again, and watches the second connection from all sides until it ends: its packets, what the kernel "
		"says of its socket, what the client gets. Then it says who gave up, and on what evidence, and draws the "
		"sequence. All of it happens in a network namespace of its own: this host's firewall, sysctls and interfaces "
		"are not touched, and nothing stays behind, whatever ends it. Works as an ordinary user.\n"
		"With -- CMD, a real client (telnet, nc, curl, your program) takes the place of the lab's own.",
	.examples = "synsent lab\n"
		    "    the classic: a dropped SYN, 6 SYNs at 0, 1, 3, 7, 15 and 31 s, ETIMEDOUT after 65 s\n"
		    "synsent lab --fast\n"
		    "    the same in a second (root)\n"
		    "synsent lab --scenario reset\n"
		    "    what a firewall that rejects looks like; --list shows all scenarios\n"
		    "synsent lab --retries 3 --app-timeout 5s\n"
		    "    a client with a timer of its own: who is shorter wins\n"
		    "synsent lab -- curl --connect-timeout 2 http://127.0.0.1:12345/\n"
		    "    a real client: did the kernel give up, or curl?\n"
		    "synsent lab -q --retries 2 -w timeout.pcapng --svg timeout.svg\n"
		    "    the verdict, a capture for Wireshark and a drawing\n",
	.stop_at_word = true,
	.rows = rows,
	.run = run,
};
