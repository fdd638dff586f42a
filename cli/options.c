/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options_text.h"
#include "core/addr.h"
#include "core/schedule.h"
#include "util/buf.h"
#include "util/duration.h"
#include "util/suggest.h"

/* One option as it stands on the command line. */
struct given {
	const char *as;	   /* "--retries", "-n" */
	const char *value; /* NULL: none given with it */
};

static int usage(const struct command *c, struct err *e)
{
	err_remedy(e, "`synsent %s --help` lists the options", c->name);
	e->exit_code = 2;
	return -EINVAL;
}

static int out_of_range(const struct option_row *row, const struct given *g, struct err *e)
{
	char range[80];

	if (!options_range_text(row, range, sizeof(range)))
		snprintf(range, sizeof(range), "0 or more");
	return err_set(e, EINVAL, "%s %s: must be %s", g->as, g->value, range);
}

static bool within(const struct option_row *row, int64_t v)
{
	return !row->min && !row->max ? v >= 0 : v >= row->min && v <= row->max;
}

static int set_int(const struct option_row *row, const struct given *g, void *to, struct err *e)
{
	const char *digits = g->value + (*g->value == '-');
	long long v;
	char *end;

	errno = 0;
	v = strtoll(g->value, &end, 10);
	if (*digits < '0' || *digits > '9' || *end) {
		out_of_range(row, g, e);
		err_remedy(e, "a whole number is wanted");
		return -EINVAL;
	}
	if (errno || v < INT_MIN || v > INT_MAX || !within(row, v))
		return out_of_range(row, g, e);
	*(int *)to = (int)v;
	return 0;
}

static int set_duration(const struct option_row *row, const struct given *g, void *to, struct err *e)
{
	int64_t ns;
	int r = duration_parse(g->value, &ns);

	if (r == -EINVAL) {
		err_set(e, EINVAL, "%s %s: not a duration", g->as, g->value);
		err_remedy(e, "a duration is written 300ms, 5s or 2m; a bare number is seconds");
		return r;
	}
	if (r || !within(row, ns))
		return out_of_range(row, g, e);
	*(int64_t *)to = ns;
	return 0;
}

/* "6.5", "6.18.44", or what uname -r says: only the first two numbers count. */
static int set_kernel(const struct given *g, void *to, struct err *e)
{
	unsigned int major, minor;
	int used = 0;
	char after;

	if (g->value[0] < '0' || g->value[0] > '9' || sscanf(g->value, "%3u.%3u%n", &major, &minor, &used) != 2 ||
	    !used)
		return err_set(e, EINVAL, "%s %s: not a kernel version, as 6.5 or 5.10", g->as, g->value);
	after = g->value[used];
	if ((after && after != '.' && after != '-' && after != '+') || major > 255 || minor > 255)
		return err_set(e, EINVAL, "%s %s: not a kernel version, as 6.5 or 5.10", g->as, g->value);
	*(uint32_t *)to = KERNEL_VERSION_OF(major, minor);
	return 0;
}

static int set_size(const struct given *g, void *to, struct err *e)
{
	static const char units[] = "KMG";
	unsigned long long v;
	const char *unit;
	char *end;

	errno = 0;
	v = strtoull(g->value, &end, 10);
	unit = *end ? strchr(units, *end & ~0x20) : NULL;
	if (*g->value < '0' || *g->value > '9' || errno || (*end && (!unit || end[1]))) {
		err_set(e, EINVAL, "%s %s: not a size", g->as, g->value);
		err_remedy(e, "a size is written 4096, 64K, 256M or 1G");
		return -EINVAL;
	}
	for (; unit && unit >= units && v < UINT64_MAX / 1024; unit--)
		v *= 1024;
	*(uint64_t *)to = v;
	return 0;
}

static int set_list(const struct given *g, void *to, struct err *e)
{
	struct option_list *l = to;
	const char **grown = realloc(l->v, (size_t)(l->n + 1) * sizeof(*grown));

	if (!grown)
		return err_sys(e, ENOMEM, "%s", g->as);
	l->v = grown;
	l->v[l->n++] = g->value;
	return 0;
}

static int set_value(const struct option_row *row, const struct given *g, void *opts, struct err *e)
{
	void *to = (char *)opts + row->offset;
	struct addr a;

	switch (row->type) {
	case OPT_FLAG:
		*(bool *)to = true;
		return 0;
	case OPT_INT:
		return set_int(row, g, to, e);
	case OPT_DURATION:
		return set_duration(row, g, to, e);
	case OPT_STRING:
	case OPT_MAYBE:
		*(const char **)to = g->value ? g->value : "";
		return 0;
	case OPT_LIST:
		return set_list(g, to, e);
	case OPT_SIZE:
		return set_size(g, to, e);
	case OPT_ADDR:
		if (addr_parse(g->value, &a))
			return err_set(e, EINVAL, "%s %s: not an IPv4 or IPv6 address", g->as, g->value);
		*(struct addr *)to = a;
		return 0;
	case OPT_KERNEL:
		return set_kernel(g, to, e);
	}
	return 0;
}

static const struct option_row *row_of_letter(const struct command *c, char letter)
{
	const struct option_row *row;

	for (row = c->rows; row->name; row++)
		if (row->letter == letter)
			return row;
	return NULL;
}

static const struct option_row *row_of_name(const struct command *c, const char *name, size_t len)
{
	const struct option_row *row;

	for (row = c->rows; row->name; row++)
		if (strlen(row->name) == len && !memcmp(row->name, name, len))
			return row;
	return NULL;
}

/* Where the parser stands. */
struct parser {
	const struct command *c;
	int argc;
	char **argv;
	int i; /* the argument at hand */
	void *opts;
	struct err *e;
};

static bool wants_value(const struct option_row *row)
{
	return row->type != OPT_FLAG && row->type != OPT_MAYBE;
}

/* The value of an option that needs one: what came with it, else the next argument. */
static int take(struct parser *p, const struct option_row *row, struct given *g)
{
	int r;

	if (wants_value(row) && !g->value) {
		if (p->i + 1 >= p->argc) {
			err_set(p->e, EINVAL, "%s: needs a value, %s", g->as, row->arg);
			return usage(p->c, p->e);
		}
		g->value = p->argv[++p->i];
	}
	r = set_value(row, g, p->opts, p->e);
	p->e->exit_code = r ? 2 : 0;
	return r;
}

static int unknown_long(const struct parser *p, const char *name, size_t len)
{
	const struct option_row *row;
	struct suggest s;
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)len, name);
	suggest_init(&s, word);
	for (row = p->c->rows; row->name; row++)
		suggest_feed(&s, row->name);
	suggest_feed(&s, "help");
	err_set(p->e, EINVAL, "--%.*s: no such option", (int)len, name);
	usage(p->c, p->e);
	if (s.best)
		err_remedy(p->e, "did you mean --%s?", s.best);
	return -EINVAL;
}

/* "--name", "--name=V", "--name V".  Returns 1 when --help was printed. */
static int parse_long(struct parser *p)
{
	const char *name = p->argv[p->i] + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = row_of_name(p->c, name, len);
	struct given g = { .value = equals ? equals + 1 : NULL };
	char as[64];

	if (!row && !strcmp(name, "help")) {
		options_help(p->c, stdout);
		return 1;
	}
	if (!row)
		return unknown_long(p, name, len);
	snprintf(as, sizeof(as), "--%s", row->name);
	g.as = as;
	if (row->type == OPT_FLAG && g.value) {
		err_set(p->e, EINVAL, "%s: takes no value", as);
		return usage(p->c, p->e);
	}
	return take(p, row, &g);
}

/* "-n5", "-n 5", "-qv", "-qn5".  Returns 1 when --help was printed. */
static int parse_letters(struct parser *p)
{
	const char *letter = p->argv[p->i] + 1;
	const struct option_row *row;
	struct given g;
	char as[3] = "-";
	int r;

	for (; *letter; letter++) {
		row = row_of_letter(p->c, *letter);
		if (!row && *letter == 'h') {
			options_help(p->c, stdout);
			return 1;
		}
		if (!row) {
			err_set(p->e, EINVAL, "-%c: no such option", *letter);
			return usage(p->c, p->e);
		}
		as[1] = *letter;
		g = (struct given){ .as = as };
		if (!wants_value(row)) {
			set_value(row, &g, p->opts, p->e);
			continue;
		}
		if (letter[1])
			g.value = letter + 1;
		r = take(p, row, &g);
		return r;
	}
	return 0;
}

int options_parse(const struct command *c, int argc, char **argv, void *opts, int *ret_first, struct err *e)
{
	struct parser p = { .c = c, .argc = argc, .argv = argv, .i = 1, .opts = opts, .e = e };
	bool words_only = false;
	int n = 0, r;

	/* Words move to the front as they are found, over arguments already used, and to the end when all is read. */
	for (; p.i < argc; p.i++) {
		if (words_only || argv[p.i][0] != '-' || !argv[p.i][1]) {
			words_only |= c->stop_at_word;
			argv[1 + n++] = argv[p.i];
			continue;
		}
		if (!strcmp(argv[p.i], "--")) {
			words_only = true;
			continue;
		}
		r = argv[p.i][1] == '-' ? parse_long(&p) : parse_letters(&p);
		if (r)
			return r;
	}
	memmove(argv + argc - n, argv + 1, (size_t)n * sizeof(*argv));
	*ret_first = argc - n;
	return 0;
}

/* Each line of text, escaped, after `before`. */
static void print_lines(const char *before, const char *text)
{
	struct buf b = { 0 };
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		buf_str(&b, before);
		buf_escaped(&b, text, len);
		buf_char(&b, '\n');
	}
	fputs(buf_text(&b), stderr);
	buf_fini(&b);
}

int report_error(const char *command, const struct err *e, int otherwise)
{
	char before[64];

	/* What is on stdout was said before this. */
	fflush(stdout);
	snprintf(before, sizeof(before), "synsent: %s%s", command ? command : "", command ? ": " : "");
	print_lines(before, e->what);
	print_lines("  ", e->remedy);
	return e->exit_code ? e->exit_code : otherwise;
}
