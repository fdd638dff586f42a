/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/read_progress.h"

#include <stdio.h>

#include "util/clock.h"
#include "util/duration.h"

#define PROGRESS_AFTER_NS NS_PER_S
#define PROGRESS_EVERY_NS (NS_PER_S / 5)

bool read_progress_due(const struct read_progress *p)
{
	int64_t now;

	if (!p->terminal->progress)
		return false;
	now = clock_mono_ns();
	return now - p->begun_ns >= PROGRESS_AFTER_NS && now - p->shown_ns >= PROGRESS_EVERY_NS;
}

void read_progress_show(struct read_progress *p, uint64_t done, uint64_t size)
{
	int64_t now = clock_mono_ns();
	double rate = (double)done / ((double)(now - p->begun_ns) / 1e9);
	char line[120];
	int n;

	p->shown_ns = now;
	n = snprintf(line, sizeof(line), "read %.2f", (double)done / 1e9);
	if (size >= done && size)
		n += snprintf(line + n, sizeof(line) - (size_t)n, " of %.2f", (double)size / 1e9);
	n += snprintf(line + n, sizeof(line) - (size_t)n, " GB, %.2f GB/s", rate / 1e9);
	if (size > done && rate > 0 && !p->endless)
		snprintf(line + n, sizeof(line) - (size_t)n, ", %.0f s left", (double)(size - done) / rate);
	terminal_progress(p->terminal, line);
}
