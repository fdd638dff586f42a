/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/read.h"

int read_misuse(struct err *e, const char *what, const char *remedy)
{
	err_set(e, EINVAL, "%s", what);
	err_remedy(e, "%s", remedy);
	e->exit_code = 2;
	return -EINVAL;
}

bool read_is_word(const char *word, const char *const *words)
{
	while (*words && strcmp(*words, word))
		words++;
	return *words != NULL;
}

int read_check_output(const char *path, const struct read_files *files, struct err *e)
{
	struct stat out, in;
	size_t i;

	if (!path || stat(path, &out))
		return 0;
	for (i = 0; i < files->n; i++) {
		bool is_stdin = !strcmp(files->paths[i], "-");

		if ((is_stdin ? fstat(STDIN_FILENO, &in) : stat(files->paths[i], &in)) || in.st_dev != out.st_dev ||
		    in.st_ino != out.st_ino)
			continue;
		e->exit_code = 2;
		err_set(e, EINVAL, "%s is read, so it is not written", path);
		err_remedy(e, "give the output another name");
		return -EINVAL;
	}
	return 0;
}

const char *const *read_sandbox_words(void)
{
	static const char *const words[] = { "require", "try", "off", NULL };

	return words;
}

enum confine_mode read_sandbox_mode(const char *word)
{
	return !strcmp(word, "require") ? CONFINE_REQUIRE : !strcmp(word, "off") ? CONFINE_OFF : CONFINE_TRY;
}

uint64_t read_seed(void)
{
	const char *fixed = getenv("SYNSENT_SEED");
	uint64_t seed = 0;

	if (fixed)
		return strtoull(fixed, NULL, 0);
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint64_t)time(NULL);
	return seed;
}

int read_exit_status(const char *command, int status, int committed, struct err *e)
{
	if (status == 128 + SIGPIPE)
		return status; /* nobody reads any more: no news */
	if (status < 0 || e->what[0])
		return report_error(command, e, status < 0 ? 4 : status);
	return committed ? report_error(command, e, 4) : status;
}
