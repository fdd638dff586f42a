/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_OPTIONS_H
#define SYNSENT_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "util/err.h"

/*
 * Option rows: parser, --help, the man page's OPTIONS and the shell completion
 * all come from them.  A row writes into the command's own options struct, at
 * `offset`, a value of the type that `type` names.
 */
enum option_type {
	OPT_FLAG,     /* bool */
	OPT_INT,      /* int, within min..max */
	OPT_DURATION, /* int64_t ns, within min..max (ns) */
	OPT_STRING,   /* const char *, points into argv */
	OPT_ADDR,     /* struct addr */
	OPT_KERNEL,   /* uint32_t KERNEL_VERSION_OF */
	OPT_SIZE,     /* uint64_t bytes: "64M"; K, M and G are powers of 1024 */
	OPT_LIST,     /* struct option_list: each time it is given adds one */
	OPT_MAYBE,    /* const char *: what follows "=" in the long form; "" when given without */
};

/* Zero-initialised it is empty.  The texts point into argv; the array is the caller's to free. */
struct option_list {
	const char **v;
	int n;
};

struct option_row {
	char letter;	  /* 0: none */
	const char *name; /* long name, without dashes */
	enum option_type type;
	size_t offset;
	int64_t min, max;		   /* for OPT_INT and OPT_DURATION; both 0: any value that is not negative */
	const char *arg;		   /* "N", "TIME", "FILE", ...; NULL for flags */
	const char *help;		   /* one or more sentences, no full stop at the end of the last */
	const char *const *(*words)(void); /* values for completion, NULL-terminated; NULL: by arg */
};

struct command {
	const char *name;
	const char *usage;	       /* after the name: "[OPTION]... [-- CMD [ARG]...]" */
	const char *summary;	       /* one line */
	const char *about;	       /* a paragraph or two */
	const char *examples;	       /* lines "command\n    what it does\n" */
	bool stop_at_word;	       /* the first word ends the options: what follows is another program's */
	const struct option_row *rows; /* ended by name == NULL; --help is added */
	/* argv[0] is the command's name.  Returns the exit status. */
	int (*run)(const struct command *c, int argc, char **argv);
};

/* Parses argv[1..] into the struct at `opts`.  Stops at "--" or, when `stop_at_word`, at the first word.  Words are
 * gathered at argv[*ret_first..argc-1]; what stood before them is used up.  --help prints and returns 1 (exit 0); a
 * usage error returns -EINVAL with e filled (e->exit_code 2); otherwise 0. */
int options_parse(const struct command *c, int argc, char **argv, void *opts, int *ret_first, struct err *e);

/* --help */
void options_help(const struct command *c, FILE *to);

/* One entry of the main page's COMMANDS section, in scdoc. */
void options_scdoc_summary(const struct command *c, FILE *to);

/* The OPTIONS section of the man page, in scdoc. */
void options_scdoc(const struct command *c, FILE *to);

/* The EXAMPLES section, in scdoc. */
void options_scdoc_examples(const struct command *c, FILE *to);

/* A bash completion script for all commands (ended by NULL). */
void options_bash(const struct command *const *commands, FILE *to);

/* Prints "synsent: <command>: what" and the remedy, indented, on stderr.  Returns e->exit_code, or `otherwise` when 0.
 */
int report_error(const char *command, const struct err *e, int otherwise);

#endif
