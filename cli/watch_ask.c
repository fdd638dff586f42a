/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_ask.h"

#include <stdint.h>
#include <stdlib.h>

#include "sources/namespaces.h"
#include "util/clock.h"
#include "util/duration.h"

struct watch_ask {
	struct namespaces *namespaces;
	int64_t second_ns; /* CLOCK_MONOTONIC: since when questions are counted */
	int asked;
};

struct watch_ask *watch_ask_new(void)
{
	struct watch_ask *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->namespaces = namespaces_new();
	if (w->namespaces)
		return w;
	free(w);
	return NULL;
}

void watch_ask_free(struct watch_ask *w)
{
	if (!w)
		return;
	namespaces_free(w->namespaces);
	free(w);
}

struct namespaces *watch_ask_begin(struct watch_ask *w)
{
	int64_t now = clock_mono_ns();

	if (now - w->second_ns >= NS_PER_S) {
		w->second_ns = now;
		w->asked = 0;
	}
	return w->asked++ < WATCH_ASKS_PER_S ? w->namespaces : NULL;
}
