/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over the files of a directory: `replay DIRECTORY`.  With
 * any compiler; libFuzzer is needed to find new inputs only.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define INPUT_MAX (1 << 20)

/* An exact copy, so that a memory checker sees a read behind the end.  Returns 0 or -errno. */
static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	static uint8_t read_to[INPUT_MAX];
	uint8_t *exact;
	size_t len;
	int r;

	if (!f)
		return -errno;
	len = fread(read_to, 1, sizeof(read_to), f);
	r = ferror(f) ? -EIO : 0;
	fclose(f);
	exact = malloc(len ? len : 1);
	if (r || !exact) {
		free(exact);
		return r ? r : -ENOMEM;
	}
	memcpy(exact, read_to, len);
	LLVMFuzzerTestOneInput(exact, len);
	/* Every way of cutting it short, too. */
	while (len--) {
		uint8_t *shorter = realloc(exact, len ? len : 1);

		if (shorter)
			exact = shorter;
		LLVMFuzzerTestOneInput(exact, len);
	}
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	char path[4096];
	int n = 0, r;
	DIR *d;

	d = argc == 2 ? opendir(argv[1]) : NULL;
	if (!d) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		r = run_file(path);
		if (r) {
			fprintf(stderr, "%s: %s\n", path, strerror(-r));
			return 1;
		}
		n++;
	}
	closedir(d);
	printf("%d inputs, each at every length\n", n);
	return n ? 0 : 1;
}
