/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/read_progress.h"

#include "sinks/figures.h"
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
	struct buf line = { 0 };

	p->shown_ns = now;
	buf_str(&line, "read ");
	figures_bytes(done, &line);
	if (p->endless) {
		buf_str(&line, " so far, and waiting for more; Ctrl-C ends it");
	} else {
		if (size >= done && size) {
			buf_str(&line, " of ");
			figures_bytes(size, &line);
		}
		buf_str(&line, ", ");
		figures_bytes((uint64_t)rate, &line);
		buf_str(&line, "/s");
	}
	if (size > done && rate > 0 && !p->endless) {
		buf_str(&line, ", ");
		figures_length((int64_t)((double)(size - done) / rate * 1e9), &line);
		buf_str(&line, " left");
	}
	terminal_progress(p->terminal, buf_text(&line));
	buf_fini(&line);
}
