/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/echo.h"

#define US INT64_C(1000)
#define TICKS_MORE 1000 /* for what a capture's times are wrong by */

bool echo_is_refused(uint32_t first, uint32_t last, int64_t since_ns, uint32_t tsecr)
{
	int64_t span = (int32_t)(last - first), at = (int32_t)(tsecr - first);

	if (!tsecr || span < 0) /* an echo of 0 is none; SYNs out of order */
		return false;
	if (since_ns < 0)
		since_ns = 0;
	return at < 0 || at > span + since_ns / US * 11 / 10 + TICKS_MORE;
}
