/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "util/clock.h"
#include "util/suggest.h"

/* One line per command. */
/* clang-format off */
const struct command *const commands[] = {
	&command_lab,
	&command_run,
	&command_watch,
	&command_read,
	&command_diff,
	&command_predict,
	&command_connect,
	&command_listen,
	&command_explain,
	&command_doctor,
	&command_help,
	NULL,
};
/* clang-format on */

const struct command *command_find(const char *name, struct err *e)
{
	struct suggest s;
	int i;

	suggest_init(&s, name);
	for (i = 0; commands[i]; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
		suggest_feed(&s, commands[i]->name);
	}
	err_set(e, EINVAL, "%s: no such command", name);
	e->exit_code = 2;
	if (s.best)
		err_remedy(e, "did you mean `synsent %s`?", s.best);
	else
		err_remedy(e, "`synsent --help` lists the commands");
	return NULL;
}

static int bad_option(const char *option)
{
	struct err e = { .exit_code = 2 };

	err_set(&e, EINVAL, "%s: no such option before a command", option);
	err_remedy(&e, "`synsent --help` lists the commands, `synsent COMMAND --help` a command's options");
	return report_error(NULL, &e, 2);
}

static int dispatch(int argc, char **argv)
{
	const struct command *c;
	struct err e = { 0 };
	char *help[] = { (char *)command_help.name, NULL };

	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return command_help.run(&command_help, 1, help);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		version_print(stdout);
		return 0;
	}
	if (argv[1][0] == '-')
		return bad_option(argv[1]);
	c = command_find(argv[1], &e);
	if (!c)
		return report_error(NULL, &e, 2);
	return c->run(c, argc - 1, argv + 1);
}

/*
 * A standard stream that the caller closed must not become one of our sockets, to which messages would go then.  What
 * stands in its place fails as a closed one does, and is closed again for the programs that we run.
 */
static void hold_standard_streams(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

static bool is_gone(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 && p.revents & (POLLERR | POLLHUP);
}

/* Whoever does not read what is told on stderr any more wants the data all the same; without a reader of those it ends.
 */
static void on_broken_pipe(int signal)
{
	int before = errno;

	if (is_gone(STDOUT_FILENO) || !is_gone(STDERR_FILENO)) {
		sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
		raise(signal); /* when this has returned */
	}
	errno = before;
}

static void outlive_stderr(void)
{
	struct sigaction own = { .sa_handler = on_broken_pipe, .sa_flags = SA_RESTART }, before;

	if (!sigaction(SIGPIPE, NULL, &before) && before.sa_handler == SIG_DFL)
		sigaction(SIGPIPE, &own, NULL);
}

static void on_file_too_large(int signal)
{
	(void)signal;
}

/* A file that has come to the limit on its size (ulimit -f) is an error like a full disk, which ends nothing at once.
 * Programs that we run get the default back: it is no SIG_IGN. */
static void outlive_large_files(void)
{
	struct sigaction own = { .sa_handler = on_file_too_large, .sa_flags = SA_RESTART }, before;

	if (!sigaction(SIGXFSZ, NULL, &before) && before.sa_handler == SIG_DFL)
		sigaction(SIGXFSZ, &own, NULL);
}

int main(int argc, char **argv)
{
	int status;

	hold_standard_streams();
	outlive_stderr();
	outlive_large_files();
	clock_enter();
	status = dispatch(argc, argv);

	/* Data that did not reach stdout (a full disk) must not end as success.  That nobody reads any more is no news.
	 */
	if (status != 128 + SIGPIPE && (ferror(stdout) | fflush(stdout) || terminal_failed())) {
		struct err e = { 0 };
		int code = terminal_failed() ? terminal_failed() : errno;

		terminal_error(code ? code : EIO, &e);
		status = report_error(NULL, &e, 4);
	}
	return status;
}
