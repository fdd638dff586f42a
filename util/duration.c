/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/duration.h"

#include <errno.h>
#include <string.h>

#define DURATION_MAX_NS (100LL * 24 * 3600 * NS_PER_S)

static int64_t unit_ns(const char *unit)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "", NS_PER_S }, { "s", NS_PER_S },	  { "ms", NS_PER_MS },	    { "us", NS_PER_US },
		{ "ns", 1 },	  { "m", 60 * NS_PER_S }, { "h", 3600 * NS_PER_S },
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i].name))
			return units[i].ns;
	return 0;
}

/* Integer arithmetic throughout: "0.3s" is 300 ms exactly. */
int duration_parse(const char *text, int64_t *ret_ns)
{
	const char *whole = text, *end = text, *fraction = NULL;
	int64_t ns = 0, unit, scale;

	while (*end >= '0' && *end <= '9')
		end++;
	if (*end == '.') {
		fraction = ++end;
		while (*end >= '0' && *end <= '9')
			end++;
	}
	if (end == text || (fraction && fraction == end) || (fraction && fraction == whole + 1))
		return -EINVAL;
	unit = unit_ns(end);
	if (!unit)
		return -EINVAL;
	for (; *whole >= '0' && *whole <= '9'; whole++) {
		ns = ns * 10 + (*whole - '0');
		if (ns > DURATION_MAX_NS / unit)
			return -ERANGE;
	}
	ns *= unit;
	for (scale = unit / 10; fraction && fraction < end && scale; fraction++, scale /= 10)
		ns += (*fraction - '0') * scale;
	*ret_ns = ns;
	return 0;
}
