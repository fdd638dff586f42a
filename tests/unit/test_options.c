/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "core/addr.h"
#include "core/schedule.h"
#include "util/duration.h"
#include "util/suggest.h"

struct opts {
	bool quiet, verbose, six;
	int retries, any;
	int64_t timeout;
	const char *write;
	struct addr address;
	uint32_t kernel;
};

static const char *const *scenarios(void)
{
	static const char *const words[] = { "drop", "reset", NULL };

	return words;
}

#define AT(member) offsetof(struct opts, member)

static const struct option_row rows[] = {
	{ 'n', "retries", OPT_INT, AT(retries), 1, 127, "N", "how many SYNs are_sent again", NULL },
	{ 0, "any", OPT_INT, AT(any), 0, 0, "N", "any number", NULL },
	{ 't', "timeout", OPT_DURATION, AT(timeout), 10 * NS_PER_MS, 7200 * NS_PER_S, "TIME", "give up then", NULL },
	{ 'w', "write", OPT_STRING, AT(write), 0, 0, "FILE", "save a capture", NULL },
	{ 0, "scenario", OPT_STRING, AT(write), 0, 0, "NAME", "which", scenarios },
	{ 0, "address", OPT_ADDR, AT(address), 0, 0, "ADDRESS", "of the server", NULL },
	{ 0, "kernel", OPT_KERNEL, AT(kernel), 0, 0, "VERSION", "as that version", NULL },
	{ 'q', "quiet", OPT_FLAG, AT(quiet), 0, 0, NULL, "say less", NULL },
	{ 'v', "verbose", OPT_FLAG, AT(verbose), 0, 0, NULL, "say more", NULL },
	{ '6', "ipv6", OPT_FLAG, AT(six), 0, 0, NULL, "IPv6", NULL },
	{ .name = NULL },
};

static int no_run(const struct command *c, int argc, char **argv)
{
	return 0;
}

static const struct command probe = {
	.name = "probe",
	.usage = "[OPTION]... FILE",
	.summary = "tries things",
	.about = "First paragraph, which is long enough that it must be broken into more than one line of eighty.\n\n"
		 "Second.",
	.examples = "synsent probe -n5\n    five\n",
	.rows = rows,
	.run = no_run,
};

static const struct command wrapper = {
	.name = "wrapper",
	.usage = "[OPTION]... CMD",
	.summary = "runs a program",
	.rows = rows,
	.stop_at_word = true,
	.run = no_run,
};

/* One parse, of a line cut at blanks. */
struct parsed {
	struct opts o;
	struct err e;
	int r, n;
	char line[256];
	char *argv[16], **words;
};

static void parse(struct parsed *p, const struct command *c, const char *line)
{
	int argc = 0, first = -1;
	char *word, *rest;

	memset(p, 0, sizeof(*p));
	snprintf(p->line, sizeof(p->line), "%s %s", c->name, line);
	for (word = strtok_r(p->line, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		p->argv[argc++] = word;
	p->r = options_parse(c, argc, p->argv, &p->o, &first, &p->e);
	if (!p->r) {
		p->n = argc - first;
		p->words = p->argv + first;
	}
}

static void forms(void **state)
{
	static const char *const five[] = { "-n5", "-n 5", "--retries=5", "--retries 5", "-qn5", "-n 7 -n5" };
	struct parsed p;
	size_t i;

	for (i = 0; i < sizeof(five) / sizeof(five[0]); i++) {
		parse(&p, &probe, five[i]);
		assert_int_equal(p.r, 0);
		assert_int_equal(p.o.retries, 5);
		assert_int_equal(p.n, 0);
	}
	parse(&p, &probe, "-qv6w out.pcapng --timeout=1.5s --address ::1 --kernel 5.10.3-amd64 --any 0");
	assert_int_equal(p.r, 0);
	assert_true(p.o.quiet && p.o.verbose && p.o.six);
	assert_string_equal(p.o.write, "out.pcapng");
	assert_int_equal(p.o.timeout, 1500 * NS_PER_MS);
	assert_int_equal(p.o.address.family, 6);
	assert_int_equal(p.o.kernel, KERNEL_VERSION_OF(5, 10));
	/* A value may begin with a dash, and be empty. */
	parse(&p, &probe, "-w --quiet");
	assert_string_equal(p.o.write, "--quiet");
	assert_false(p.o.quiet);
	parse(&p, &probe, "--write=");
	assert_string_equal(p.o.write, "");
}

static void words(void **state)
{
	struct parsed p;

	parse(&p, &probe, "a -q b --retries 3 - -v -- -n -- c");
	assert_int_equal(p.r, 0);
	assert_true(p.o.quiet && p.o.verbose);
	assert_int_equal(p.o.retries, 3);
	assert_int_equal(p.n, 6);
	assert_string_equal(p.words[0], "a");
	assert_string_equal(p.words[1], "b");
	assert_string_equal(p.words[2], "-");
	assert_string_equal(p.words[3], "-n");
	assert_string_equal(p.words[4], "--");
	assert_string_equal(p.words[5], "c");
	assert_null(p.words[6]);
	parse(&p, &wrapper, "-q telnet -n x -- y");
	assert_true(p.o.quiet);
	assert_int_equal(p.o.retries, 0);
	assert_int_equal(p.n, 5);
	assert_string_equal(p.words[0], "telnet");
	assert_string_equal(p.words[3], "--");
	parse(&p, &wrapper, "-- -q");
	assert_false(p.o.quiet);
	assert_string_equal(p.words[0], "-q");
}

static void refused(void **state)
{
	static const struct {
		const char *line, *what, *remedy;
	} bad[] = {
		{ "--retries 0", "--retries 0: must be 1 to 127", "" },
		{ "-n128", "-n 128: must be 1 to 127", "" },
		{ "-n -5", "-n -5: must be 1 to 127", "" },
		{ "-n 99999999999999999999", "-n 99999999999999999999: must be 1 to 127", "" },
		{ "--any -1", "--any -1: must be 0 or more", "" },
		{ "--any 2147483648", "--any 2147483648: must be 0 or more", "" },
		{ "-n 5x", "-n 5x: must be 1 to 127", "a whole number is wanted" },
		{ "-n +5", "-n +5: must be 1 to 127", "a whole number is wanted" },
		{ "-n 0x5", "-n 0x5: must be 1 to 127", "a whole number is wanted" },
		{ "--timeout 9ms", "--timeout 9ms: must be 10ms to 2h", "" },
		{ "-t 3h", "-t 3h: must be 10ms to 2h", "" },
		{ "-t 101000000", "-t 101000000: must be 10ms to 2h", "" },
		{ "-t soon", "-t soon: not a duration",
		  "a duration is written 300ms, 5s or 2m; a bare number is seconds" },
		{ "--address localhost", "--address localhost: not an IPv4 or IPv6 address", "" },
		{ "--kernel six", "--kernel six: not a kernel version, as 6.5 or 5.10", "" },
		{ "--kernel 6", "--kernel 6: not a kernel version, as 6.5 or 5.10", "" },
		{ "--kernel 6.5x", "--kernel 6.5x: not a kernel version, as 6.5 or 5.10", "" },
		{ "--kernel 6.300", "--kernel 6.300: not a kernel version, as 6.5 or 5.10", "" },
		{ "--retr 5", "--retr: no such option", "did you mean --retries?" },
		{ "--retires=5", "--retires: no such option", "did you mean --retries?" },
		{ "--hepl", "--hepl: no such option", "did you mean --help?" },
		{ "--xyzzy", "--xyzzy: no such option", "`synsent probe --help` lists the options" },
		{ "-x", "-x: no such option", "`synsent probe --help` lists the options" },
		{ "-qx", "-x: no such option", "`synsent probe --help` lists the options" },
		{ "--quiet=yes", "--quiet: takes no value", "`synsent probe --help` lists the options" },
		{ "--retries", "--retries: needs a value, N", "`synsent probe --help` lists the options" },
		{ "-qw", "-w: needs a value, FILE", "`synsent probe --help` lists the options" },
	};
	struct parsed p;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parse(&p, &probe, bad[i].line);
		assert_int_equal(p.r, -EINVAL);
		assert_string_equal(p.e.what, bad[i].what);
		assert_string_equal(p.e.remedy, bad[i].remedy);
		assert_int_equal(p.e.exit_code, 2);
	}
}

static void suggestions(void **state)
{
	static const struct {
		const char *word, *best;
	} cases[] = {
		{ "lab", "lab" },
		{ "lba", "lab" },
		{ "predcit", "predict" },
		{ "conect", "connect" },
		{ "li", "listen" },
		{ "lisen", "listen" },
		{ "frobnicate", NULL },
		{ "x", NULL },
		{ "", NULL },
		{ "watch", NULL },
		{ "a-word-that-is-longer-than-any-of-ours", NULL },
	};
	static const char *const candidates[] = { "lab", "predict", "connect", "listen", "help" };
	struct suggest s;
	size_t i, k;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		suggest_init(&s, cases[i].word);
		for (k = 0; k < sizeof(candidates) / sizeof(candidates[0]); k++)
			suggest_feed(&s, candidates[k]);
		if (cases[i].best)
			assert_string_equal(s.best, cases[i].best);
		else
			assert_null(s.best);
	}
}

static char *text_of(void (*print)(const struct command *c, FILE *to), const struct command *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	print(c, f);
	fclose(f);
	return text;
}

static void help(void **state)
{
	char *text = text_of(options_help, &probe);

	assert_string_equal(text, "Usage: synsent probe [OPTION]... FILE\n"
				  "tries things\n"
				  "\n"
				  "First paragraph, which is long enough that it must be broken into more than one\n"
				  "line of eighty.\n"
				  "\n"
				  "Second.\n"
				  "\n"
				  "Options:\n"
				  "  -n, --retries N        how many SYNs are_sent again (1 to 127)\n"
				  "      --any N            any number\n"
				  "  -t, --timeout TIME     give up then (10ms to 2h)\n"
				  "  -w, --write FILE       save a capture\n"
				  "      --scenario NAME    which\n"
				  "      --address ADDRESS  of the server\n"
				  "      --kernel VERSION   as that version\n"
				  "  -q, --quiet            say less\n"
				  "  -v, --verbose          say more\n"
				  "  -6, --ipv6             IPv6\n"
				  "  -h, --help             this text\n"
				  "\n"
				  "Examples:\n"
				  "  synsent probe -n5\n"
				  "      five\n");
	free(text);
}

static void scdoc(void **state)
{
	char *text = text_of(options_scdoc, &probe);

	assert_non_null(strstr(text, "# OPTIONS\n\n"
				     "*-n*, *--retries* _N_\n"
				     "\thow many SYNs are\\_sent again (1 to 127)\n\n"
				     "*--any* _N_\n"));
	assert_non_null(strstr(text, "*-h*, *--help*\n\tthis text\n"));
	free(text);
	text = text_of(options_scdoc_examples, &probe);
	assert_string_equal(text, "# EXAMPLES\n\n*synsent probe -n5*\n\tfive\n\n");
	free(text);
	text = text_of(options_scdoc_examples, &wrapper);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),       cmocka_unit_test(words), cmocka_unit_test(refused),
		cmocka_unit_test(suggestions), cmocka_unit_test(help),	cmocka_unit_test(scdoc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
