/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options_text.h"

#include <limits.h>
#include <string.h>

#include "cli/options.h"
#include "util/duration.h"

#define WIDTH 80
#define HELP_COLUMN_MAX 28

static void duration_text(int64_t ns, char *to, size_t len)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "h", 3600 * NS_PER_S }, { "m", 60 * NS_PER_S }, { "s", NS_PER_S },
		{ "ms", NS_PER_MS },	  { "us", NS_PER_US },	  { "ns", 1 },
	};
	size_t i = 0;

	while (i < sizeof(units) / sizeof(units[0]) - 1 && (ns % units[i].ns || ns < units[i].ns))
		i++;
	snprintf(to, len, "%lld%s", (long long)(ns / units[i].ns), ns ? units[i].name : "");
}

bool options_range_text(const struct option_row *row, char *to, size_t len)
{
	char min[32], max[32];

	if (!row->min && !row->max)
		return false;
	if (row->type == OPT_DURATION) {
		duration_text(row->min, min, sizeof(min));
		duration_text(row->max, max, sizeof(max));
	} else if (row->type == OPT_INT) {
		snprintf(min, sizeof(min), "%lld", (long long)row->min);
		snprintf(max, sizeof(max), "%lld", (long long)row->max);
	} else {
		return false;
	}
	snprintf(to, len, "%s to %s", min, max);
	return true;
}

/* Prints text word by word from column `at`, later lines from column `indent`; ends the line. */
static void print_wrapped(FILE *to, const char *text, int at, int indent)
{
	const char *gap = "";
	int len;

	while (*text) {
		len = (int)strcspn(text, " \n");
		if (len && *gap && at + 1 + len > WIDTH) {
			fprintf(to, "\n%*s", indent, "");
			at = indent;
			gap = "";
		}
		if (len) {
			fprintf(to, "%s%.*s", gap, len, text);
			at += (int)strlen(gap) + len;
			gap = " ";
		}
		text += len;
		while (*text == ' ' || (*text == '\n' && text[1] != '\n' && text[1] != ' '))
			text++;
		if (*text == '\n') {
			/* A blank line, or one that is indented and so stays as it is. */
			while (*text == '\n') {
				fputc('\n', to);
				text++;
			}
			len = *text == ' ' ? (int)strcspn(text, "\n") : 0;
			fprintf(to, "%*s%.*s", indent, "", len, text);
			text += len;
			at = indent;
			gap = len ? "\n" : "";
		}
	}
	fputc('\n', to);
}

/* A value that may be left out is written to the name: "[=WHAT]". */
static const char *arg_gap(const struct option_row *row)
{
	return row->type == OPT_MAYBE ? "" : " ";
}

/* "  -n, --retries N", "      --linear N" */
static int row_width(const struct option_row *row)
{
	return 6 + 2 + (int)strlen(row->name) + (row->arg ? (int)strlen(arg_gap(row)) + (int)strlen(row->arg) : 0);
}

/* The words of its help, and its range. */
static void row_help(const struct option_row *row, char *to, size_t len)
{
	char range[80];

	if (options_range_text(row, range, sizeof(range)))
		snprintf(to, len, "%s (%s)", row->help, range);
	else
		snprintf(to, len, "%s", row->help);
}

static void print_row(FILE *to, const struct option_row *row, int column)
{
	char text[1024];
	int width = row_width(row);

	if (row->letter)
		fprintf(to, "  -%c, --%s", row->letter, row->name);
	else
		fprintf(to, "      --%s", row->name);
	if (row->arg)
		fprintf(to, "%s%s", arg_gap(row), row->arg);
	if (width + 2 > column)
		fprintf(to, "\n%*s", column, "");
	else
		fprintf(to, "%*s", column - width, "");
	row_help(row, text, sizeof(text));
	print_wrapped(to, text, column, column);
}

static bool letter_taken(const struct command *c, char letter)
{
	const struct option_row *row;

	for (row = c->rows; row->name; row++)
		if (row->letter == letter)
			return true;
	return false;
}

static struct option_row help_row(const struct command *c)
{
	return (struct option_row){
		.letter = letter_taken(c, 'h') ? 0 : 'h', .name = "help", .type = OPT_FLAG, .help = "this text"
	};
}

/* A command stays on its line, since it is there to be pasted; what is said of it is wrapped. */
static void print_examples(const char *text, FILE *to)
{
	char line[512];
	const char *said;
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		said = line + strspn(line, " ");
		if (said == line) {
			fprintf(to, "  %s\n", line);
		} else {
			fprintf(to, "%*s", 6, "");
			print_wrapped(to, said, 6, 6);
		}
	}
}

void options_help(const struct command *c, FILE *to)
{
	const struct option_row *row, help = help_row(c);
	int column = row_width(&help) + 2, width;

	for (row = c->rows; row->name; row++) {
		width = row_width(row) + 2;
		if (width > column && width <= HELP_COLUMN_MAX)
			column = width;
	}
	fprintf(to, "Usage: synsent %s %s\n", c->name, c->usage);
	print_wrapped(to, c->summary, 0, 0);
	if (c->about) {
		fputc('\n', to);
		print_wrapped(to, c->about, 0, 0);
	}
	fputs("\nOptions:\n", to);
	for (row = c->rows; row->name; row++)
		print_row(to, row, column);
	print_row(to, &help, column);
	if (!c->examples)
		return;
	fputs("\nExamples:\n", to);
	print_examples(c->examples, to);
}

/* Text with scdoc's own signs made harmless. */
static void scdoc_text(FILE *to, const char *text, int len)
{
	int i;

	for (i = 0; i < len && text[i]; i++) {
		if (strchr("_*\\`#[]|", text[i]) || ((text[i] == '-' || text[i] == '.') && !i))
			fputc('\\', to);
		fputc(text[i], to);
	}
}

static void scdoc_row(FILE *to, const struct option_row *row)
{
	char text[1024];

	if (row->letter)
		fprintf(to, "*-%c*, ", row->letter);
	fprintf(to, "*--%s*", row->name);
	if (row->arg) {
		/* within a word an underscore is one */
		fputs(row->type == OPT_MAYBE ? "" : " _", to);
		scdoc_text(to, row->arg, INT_MAX);
		fputs(row->type == OPT_MAYBE ? "" : "_", to);
	}
	fputs("\n\t", to);
	row_help(row, text, sizeof(text));
	scdoc_text(to, text, INT_MAX);
	fputs("\n\n", to);
}

void options_scdoc_summary(const struct command *c, FILE *to)
{
	fprintf(to, "*synsent %s* ", c->name);
	scdoc_text(to, c->usage, INT_MAX);
	fputs("\n\t", to);
	scdoc_text(to, c->summary, INT_MAX);
	fputs("\n\n", to);
}

void options_scdoc(const struct command *c, FILE *to)
{
	const struct option_row *row, help = help_row(c);

	fputs("# OPTIONS\n\n", to);
	for (row = c->rows; row->name; row++)
		scdoc_row(to, row);
	scdoc_row(to, &help);
}

void options_scdoc_examples(const struct command *c, FILE *to)
{
	const char *line, *text;
	int len;

	if (!c->examples)
		return;
	fputs("# EXAMPLES\n\n", to);
	for (line = c->examples; *line; line += len + (line[len] == '\n')) {
		len = (int)strcspn(line, "\n");
		text = line + strspn(line, " ");
		if (text == line + len || !*text)
			continue;
		if (text > line)
			fputc('\t', to);
		else
			fputc('*', to);
		scdoc_text(to, text, len - (int)(text - line));
		fputs(text > line ? "\n\n" : "*\n", to);
	}
}
