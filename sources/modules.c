/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/modules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum module_is module_is(const char *list, const char *name)
{
	const size_t n = strlen(name);
	enum module_is is = MODULE_NOT_LOADED;
	FILE *f = fopen(list, "re");
	char line[256];
	int at_begin = 1;

	if (!f)
		return errno == ENOENT ? MODULE_NONE : MODULE_NOT_LOADED;
	while (fgets(line, sizeof(line), f)) { /* who uses a module may be a long list */
		if (at_begin && !strncmp(line, name, n) && line[n] == ' ')
			is = MODULE_LOADED;
		at_begin = strchr(line, '\n') != NULL;
	}
	fclose(f);
	return is;
}
