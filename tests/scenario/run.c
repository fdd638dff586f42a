/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays every script of a directory through the tracker, the verdict and the
 * story, and compares what came out with NAME.expected: `run DIRECTORY
 * [NAME...]`.  With SYNSENT_BLESS=1 it writes the expectations anew: read them
 * before they are committed, for they are to be right, not just what came out.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"

#define SEED 20260102

/* The whole file; false, with the text left empty, when it cannot be read. */
static bool read_file(const char *dir, const char *name, const char *suffix, struct buf *to)
{
	char path[4096], part[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	f = fopen(path, "r");
	if (!f)
		return false;
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(to, part, n);
	fclose(f);
	return true;
}

static bool write_file(const char *dir, const char *name, const struct buf *b)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.expected", dir, name);
	f = fopen(path, "w");
	if (!f || fwrite(b->data, 1, b->len, f) != b->len || fclose(f)) {
		perror(path);
		return false;
	}
	return true;
}

/* The first line in which the two differ. */
static void show_difference(const char *name, const char *expected, const char *got)
{
	int line = 1;

	for (;;) {
		size_t a = strcspn(expected, "\n"), b = strcspn(got, "\n");

		if (a != b || memcmp(expected, got, a) || !expected[a] || !got[b]) {
			fprintf(stderr, "%s.expected:%d\n  expected  %.*s\n  got       %.*s\n", name, line, (int)a,
				expected, (int)b, got);
			return;
		}
		expected += a + 1;
		got += b + 1;
		line++;
	}
}

static bool run(const char *dir, const char *name)
{
	struct buf text = { 0 }, expected = { 0 }, got = { 0 };
	struct script s = { 0 };
	const char *why = "cannot be read";
	bool ok = false;
	int line = 0;

	if (!read_file(dir, name, ".events", &text) || (line = script_read(buf_text(&text), text.len, &s, &why))) {
		fprintf(stderr, "%s.events:%d: %s\n", name, line, why);
	} else if (!dump_script(&s, SEED, &got)) {
		fprintf(stderr, "%s: no memory\n", name);
	} else if (getenv("SYNSENT_BLESS")) {
		ok = write_file(dir, name, &got);
	} else {
		read_file(dir, name, ".expected", &expected);
		ok = !strcmp(buf_text(&expected), buf_text(&got));
		if (!ok)
			show_difference(name, buf_text(&expected), buf_text(&got));
	}
	script_fini(&s);
	buf_fini(&text);
	buf_fini(&expected);
	buf_fini(&got);
	return ok;
}

/* The names that a directory entry stands for: a script; an expectation too, so that none outlives its script. */
static bool is_ours(const struct dirent *e, char name[256])
{
	const char *dot = strrchr(e->d_name, '.');
	char path[256];

	if (!dot || dot == e->d_name || (strcmp(dot, ".events") && strcmp(dot, ".expected")))
		return false;
	snprintf(path, sizeof(path), "%.*s", (int)(dot - e->d_name), e->d_name);
	memcpy(name, path, sizeof(path));
	return true;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int run_all(const char *path)
{
	static char names[2000][256];
	int n = 0, i, wrong = 0, scripts = 0;
	struct dirent *e;
	DIR *d = opendir(path);

	if (!d) {
		perror(path);
		return 2;
	}
	while ((e = readdir(d)) && n < 2000)
		n += is_ours(e, names[n]);
	closedir(d);
	qsort(names, (size_t)n, sizeof(names[0]), compare);
	for (i = 0; i < n; i++) {
		if (i && !strcmp(names[i], names[i - 1]))
			continue;
		scripts++;
		wrong += !run(path, names[i]);
	}
	printf("%d scripts, %d not as expected\n", scripts, wrong);
	return wrong || !scripts;
}

int main(int argc, char **argv)
{
	int i, wrong = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: %s DIRECTORY [NAME...]\n", argv[0]);
		return 2;
	}
	if (argc == 2)
		return run_all(argv[1]);
	for (i = 2; i < argc; i++)
		wrong += !run(argv[1], argv[i]);
	return wrong > 0;
}
