/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/read.h"
#include "sources/capture.h"
#include "util/buf.h"

static bool is_file(const char *word)
{
	struct stat st;

	if (!strcmp(word, "-") || !stat(word, &st))
		return true;
	/* there may be one, behind a directory that is closed, or by a link to itself; opening it will tell */
	return errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG && strchr(word, '/');
}

static int add(struct read_files *f, const char *path, struct err *e)
{
	char **grown = realloc(f->paths, (f->n + 1) * sizeof(*grown)), *copy = strdup(path);

	if (grown)
		f->paths = grown;
	if (!grown || !copy) {
		free(copy);
		return err_sys(e, ENOMEM, "read");
	}
	f->paths[f->n++] = copy;
	return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int add_directory(struct read_files *f, char *path, struct err *e)
{
	char *paths[] = { path, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *entry;
	int r = 0;

	if (!fts)
		return err_sys(e, errno, "%s", path);
	while (!r && (entry = fts_read(fts))) {
		if (entry->fts_info == FTS_F && capture_is_one(entry->fts_accpath))
			r = add(f, entry->fts_path, e);
		else if (entry->fts_info == FTS_F)
			f->skipped++;
		else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
			buf_fmt(&f->closed, "%s: %s\n", entry->fts_path, strerror(entry->fts_errno));
	}
	fts_close(fts);
	return r;
}

/* All files are open at once, since none can be opened once reading has begun. */
static int raise_open_files(size_t n, struct err *e)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) || n + 64 <= l.rlim_cur)
		return 0;
	l.rlim_cur = l.rlim_max;
	if (!setrlimit(RLIMIT_NOFILE, &l) && n + 64 <= l.rlim_cur)
		return 0;
	err_set(e, EMFILE, "%zu files are too many to be open at once", n);
	err_remedy(e, "`ulimit -n %zu` as root, or fewer files", n + 64);
	return -EMFILE;
}

static int no_files(const struct read_files *f, struct err *e)
{
	e->exit_code = 2;
	if (!f->filter) {
		err_set(e, EINVAL, "a capture file is wanted, or - for standard input");
		err_remedy(e, "for example `synsent read incident.pcap`; `synsent read --help` has more");
	} else {
		err_set(e, ENOENT, "%s: no such file", f->filter);
		err_remedy(e, "or, if it is a filter: after it a capture file is wanted, or - for standard input");
	}
	return -EINVAL;
}

/* As tcpdump has it, and as no file is called. */
static bool is_of_filter(const char *word)
{
	static const char *const words[] = { "host", "net", "port", "portrange", "src", "dst", "ip",
					     "ip6",  "tcp", "icmp", "icmp6",	 "and", "or",  "not" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			return true;
	return strpbrk(word, " [") && !strchr(word, '/');
}

static int filter_behind(const char *word, struct err *e)
{
	e->exit_code = 2;
	err_set(e, ENOENT, "%s: no such file", word);
	err_remedy(e, "if it is of a filter: that stands before the files, as in 'port 443' FILE");
	return -ENOENT;
}

int read_files_find(char **words, int n, bool recursive, struct read_files *ret, struct err *e)
{
	struct buf filter = { 0 };
	struct stat st;
	int i, r = 0, n_stdin = 0;

	*ret = (struct read_files){ .filter = NULL };
	for (i = 0; i < n && !is_file(words[i]); i++)
		buf_fmt(&filter, "%s%s", i ? " " : "", words[i]);
	if (i)
		ret->filter = strdup(buf_text(&filter));
	buf_fini(&filter);
	if (i == n)
		return no_files(ret, e);
	for (; !r && i < n; i++) {
		if (!is_file(words[i]) && is_of_filter(words[i]))
			r = filter_behind(words[i], e);
		else if (recursive && !stat(words[i], &st) && S_ISDIR(st.st_mode))
			r = add_directory(ret, words[i], e);
		else
			r = add(ret, words[i], e);
	}
	for (i = 0; (size_t)i < ret->n; i++)
		n_stdin += !strcmp(ret->paths[i], "-");
	if (!r && n_stdin > 1)
		return read_misuse(e, "standard input can be read only once", "leave one - out");
	if (!r && !ret->n && ret->closed.len) {
		e->exit_code = 3;
		return err_set(e, EACCES, "%.*s", (int)ret->closed.len - 1, buf_text(&ret->closed));
	}
	if (!r && !ret->n) {
		e->exit_code = 3;
		return err_set(e, ENOENT, "%s: no capture files in it", words[n - 1]);
	}
	return r ? r : raise_open_files(ret->n, e);
}

void read_files_fini(struct read_files *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		free(f->paths[i]);
	free(f->paths);
	free(f->filter);
	buf_fini(&f->closed);
}
