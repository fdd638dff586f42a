/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"

static void overview(FILE *to)
{
	int i;

	fputs("Usage: synsent COMMAND [OPTION]... [ARGUMENT]...\n"
	      "Says why a TCP connection attempt hangs, who gave up and where its packets were\n"
	      "lost; and lets such a timeout happen on purpose, without touching this host.\n\n"
	      "Commands:\n",
	      to);
	for (i = 0; commands[i]; i++)
		fprintf(to, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\nOptions:\n"
	      "  -h, --help     this text; `synsent COMMAND --help` for a command's\n"
	      "  -V, --version  versions, and whether eBPF is built in\n\n"
	      "Exit status:\n"
	      "  0   done\n"
	      "  1   a check that was asked for did not hold\n"
	      "  2   wrong usage\n"
	      "  3   input unreadable, or only part of it readable\n"
	      "  4   something was lost, or a limit was reached; it is counted and printed\n"
	      "  77  cannot run here: a privilege or a kernel feature is missing\n",
	      to);
}

/* What the build asks for, to make man pages and the completion of. */
static int generate(const char *what, const char *name)
{
	const struct command *c;
	struct err e = { 0 };
	int i;

	if (!strcmp(what, "--bash")) {
		options_bash(commands, stdout);
		return 0;
	}
	if (!strcmp(what, "--scdoc-commands")) {
		for (i = 0; commands[i]; i++)
			options_scdoc_summary(commands[i], stdout);
		return 0;
	}
	c = command_find(name ? name : "", &e);
	if (!c)
		return report_error("help", &e, 2);
	if (!strcmp(what, "--scdoc"))
		options_scdoc(c, stdout);
	else
		options_scdoc_examples(c, stdout);
	return 0;
}

static const struct option_row rows[] = { { .name = NULL } };

static int run(const struct command *c, int argc, char **argv)
{
	const struct command *about;
	struct err e = { 0 };
	int first, r;
	char none;

	/* Not in the rows, since they are not for people: the build makes man pages and the completion with them. */
	if (argc > 1 && (!strcmp(argv[1], "--bash") || !strncmp(argv[1], "--scdoc", 7)))
		return generate(argv[1], argc > 2 ? argv[2] : NULL);
	r = options_parse(c, argc, argv, &none, &first, &e);
	if (r)
		return r > 0 ? 0 : report_error(c->name, &e, 2);
	if (first == argc) {
		overview(stdout);
		return 0;
	}
	about = command_find(argv[first], &e);
	if (!about)
		return report_error(c->name, &e, 2);
	options_help(about, stdout);
	return 0;
}

const struct command command_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.summary = "what the commands do, and a command's options",
	.about = "Without COMMAND, lists the commands.  The same text comes from `synsent COMMAND --help`.",
	.examples = "synsent help lab\n    the options of `synsent lab`\n",
	.rows = rows,
	.run = run,
};
