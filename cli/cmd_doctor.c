/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/terminal.h"
#include "util/clock.h"
#include "util/duration.h"

struct doctor_opts {
	bool self_test, json;
};

#define AT(field) offsetof(struct doctor_opts, field)

static const struct option_row rows[] = {
	{ 0, "self-test", OPT_FLAG, AT(self_test), 0, 0, NULL,
	  "Besides, test in a private network whether this kernel does what is predicted of it: its SYN schedules to the "
	  "jiffy, and what connect() gets for each ICMP error, RST and silence. About 10 s",
	  NULL },
	{ 'j', "json", OPT_FLAG, AT(json), 0, 0, NULL, "One JSON object instead of text", NULL },
	{ .name = NULL },
};

/* What is waited for, and until when. */
struct waiting {
	struct terminal terminal;
	int64_t began_ns;
};

static void on_progress(const struct conform *c, void *user)
{
	const struct waiting *w = user;
	char line[120];

	if (!c->n)
		return;
	snprintf(line, sizeof(line), "self-test: %d of %d cases, %.0f s of %s%s", conform_done(c), c->n,
		 (double)(clock_mono_ns() - w->began_ns) / NS_PER_S, c->again ? "up to 24" : "about 9",
		 c->again ? ": some are tried once more" : "");
	terminal_progress(&w->terminal, line);
}

static int self_test(struct doctor *d, struct err *e)
{
	struct waiting w = { .began_ns = clock_mono_ns() };
	int r = terminal_init(&w.terminal, NULL, e);

	if (!r)
		r = conform_run(&d->test, on_progress, &w, e);
	terminal_progress(&w.terminal, "");
	d->tested = !r;
	return r;
}

static int print(const struct doctor *d, bool json)
{
	struct buf out = { 0 };
	int status = doctor_is_well(d) ? 0 : 1;

	if (json)
		doctor_json(d, &out);
	else
		doctor_text(d, &out);
	fputs(buf_text(&out), stdout);
	fflush(stdout);
	if (out.failed)
		status = 4;
	buf_fini(&out);
	return status;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct doctor_opts o = { 0 };
	struct doctor *d;
	struct err e = { 0 };
	int first, status, r = options_parse(c, argc, argv, &o, &first, &e);

	if (r > 0)
		return 0;
	if (!r && first < argc) {
		r = err_set(&e, EINVAL, "%s: doctor takes options only", argv[first]);
		e.exit_code = 2;
	}
	if (r)
		return report_error(c->name, &e, 2);
	d = calloc(1, sizeof(*d));
	if (!d) {
		err_sys(&e, ENOMEM, "doctor");
		return report_error(c->name, &e, 4);
	}
	host_probe(&d->host);
	doctor_judge(d);
	/* Where it cannot be done the table says so, and why. */
	if (o.self_test)
		r = self_test(d, &e);
	status = print(d, o.json);
	if (r) {
		err_wrap(&e, "self-test");
		report_error(c->name, &e, 1);
		status = 1;
	}
	free(d);
	return status;
}

const struct command command_doctor = {
	.name = "doctor",
	.usage = "[OPTION]...",
	.summary = "what this host allows, what is missing, and what would allow it",
	.about =
		"Tries what the commands need, as this user, and says of each command whether it works here, works with less, "
		"or cannot; what is missing; and the command that would allow it. Then what it found: the kernel, eBPF, "
		"capabilities, namespaces, firewall tools, and the sysctls that bear on connection attempts, with their "
		"effect. Nothing is changed: what has to be tried happens in a network namespace of its own.\n"
		"Exit status 0 when all of it works, 1 when something is missing.",
	.examples = "synsent doctor\n"
		    "    what works here for this user, and what would allow the rest\n"
		    "synsent doctor --self-test\n"
		    "    besides: does this kernel do what is predicted of it?\n"
		    "synsent doctor -j\n"
		    "    as JSON\n",
	.rows = rows,
	.run = run,
};
