/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/trace_fit.h"

#include <stddef.h>

static const struct {
	const char *name;
	uint32_t needs; /* all of these */
} programs[] = {
	{ "synsent_connect", TRACE_FIT_CALLS | TRACE_FIT_FUNCTIONS },
	{ "synsent_exit", TRACE_FIT_CALLS | TRACE_FIT_SYSCALLS },
	{ "synsent_forgotten", TRACE_FIT_CONNTRACK | TRACE_FIT_FUNCTIONS },
	{ "synsent_earlier", TRACE_FIT_DESCRIPTORS },
	{ "synsent_drop", TRACE_FIT_REASONS },
	{ "synsent_drop_in", TRACE_FIT_REASONS },
	{ "synsent_drop_at", TRACE_FIT_PLACES },
};

uint32_t trace_fit_drops(int arguments, bool rules, int places)
{
	/* the packet, where it was freed, and then why */
	if (arguments >= 3 && rules)
		return TRACE_FIT_REASONS;
	return arguments >= 2 && places > 0 ? TRACE_FIT_PLACES : 0;
}

enum trace_drops trace_fit_told(uint32_t have)
{
	if (have & TRACE_FIT_REASONS)
		return TRACE_DROPS_ALL;
	return have & TRACE_FIT_PLACES ? TRACE_DROPS_SOME : TRACE_DROPS_NONE;
}

const char *trace_drops_unseen(enum trace_drops d)
{
	static const char *const why[] = {
		[TRACE_DROPS_SOME] = "this kernel does not tell why it drops a packet, as Linux 5.18 does",
		[TRACE_DROPS_NONE] = "this kernel does not tell why it drops a packet, as Linux 5.18 does, nor this "
				     "process where its functions are (/proc/kallsyms)",
	};

	return why[d];
}

const char *trace_fit_program(int i, uint32_t have, bool *ret_load)
{
	if (i < 0 || i >= (int)(sizeof(programs) / sizeof(programs[0])))
		return NULL;
	*ret_load = (have & programs[i].needs) == programs[i].needs;
	return programs[i].name;
}
