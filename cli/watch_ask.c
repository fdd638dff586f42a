/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch_ask.h"

#include <stdint.h>
#include <stdlib.h>

#include "sources/namespaces.h"
#include "sources/procs.h"
#include "util/clock.h"
#include "util/duration.h"

#define ANSWERS 64

struct answer {
	int64_t at_ns; /* CLOCK_MONOTONIC; 0: none */
	uint32_t netns;
	int question;
	bool is;
};

struct watch_ask {
	struct namespaces *namespaces;
	int64_t second_ns; /* CLOCK_MONOTONIC: since when questions are counted */
	int asked;
	int64_t took_ns;	   /* what was asked in that second */
	struct procs_wanted owner; /* as it was found last, or not */
	int64_t owner_ns;	   /* CLOCK_MONOTONIC: when that was */
	int64_t walks_again_ns;	   /* not before */
	struct answer answers[ANSWERS];
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
		w->took_ns = 0;
	}
	return w->asked++ < WATCH_ASKS_PER_S && w->took_ns < WATCH_ASK_NS_PER_S ? w->namespaces : NULL;
}

void watch_ask_end(struct watch_ask *w, int64_t began_ns)
{
	w->took_ns += clock_mono_ns() - began_ns;
}

bool watch_ask_owner(struct watch_ask *w, uint32_t inode, struct procs_wanted *ret)
{
	int64_t now = clock_mono_ns();
	int32_t last = w->owner.pid;

	if (inode != w->owner.inode || now - w->owner_ns >= NS_PER_S) {
		if (now < w->walks_again_ns)
			return false;
		w->owner = (struct procs_wanted){ .inode = inode };
		procs_socket_owners(&w->owner, 1, last);
		w->owner_ns = clock_mono_ns();
		w->walks_again_ns = w->owner_ns + (w->owner_ns - now) * WATCH_OWNER_PAUSE;
	}
	if (!w->owner.pid)
		return false;
	*ret = w->owner;
	return true;
}

static size_t place_of(uint32_t netns, int question)
{
	return (netns * 2 + (uint32_t)question) % ANSWERS;
}

bool watch_ask_kept(const struct watch_ask *w, uint32_t netns, int question, bool *ret)
{
	const struct answer *a = &w->answers[place_of(netns, question)];

	if (!a->at_ns || a->netns != netns || a->question != question || clock_mono_ns() - a->at_ns > NS_PER_S)
		return false;
	*ret = a->is;
	return true;
}

void watch_ask_keep(struct watch_ask *w, uint32_t netns, int question, bool answer)
{
	w->answers[place_of(netns, question)] =
		(struct answer){ .at_ns = clock_mono_ns(), .netns = netns, .question = question, .is = answer };
}
