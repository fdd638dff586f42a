/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/names_inside.h"

#include <stdio.h>
#include <string.h>

static size_t in_front_of(const char *name, const char *suffix)
{
	size_t len = strlen(name), own = strlen(suffix);

	return len > own && !strcmp(name + len - own, suffix) ? len - own : 0;
}

/* The labels, last first, are the dotted quad. */
static bool reverse4(const char *name, size_t len, struct addr *ret)
{
	char labels[16], text[20];
	char *part[4], *rest;
	int i;

	if (len >= sizeof(labels))
		return false;
	memcpy(labels, name, len);
	labels[len] = 0;
	rest = labels;
	for (i = 0; i < 4; i++) {
		part[i] = strsep(&rest, ".");
		if (!part[i])
			return false;
	}
	if (rest)
		return false;
	snprintf(text, sizeof(text), "%s.%s.%s.%s", part[3], part[2], part[1], part[0]);
	return !addr_parse(text, ret) && ret->family == 4;
}

static bool reverse6(const char *name, size_t len, struct addr *ret)
{
	static const char digits[] = "0123456789abcdef";
	struct addr a = { 6, { 0 } };
	int i;

	if (len != 63)
		return false;
	for (i = 0; i < 32; i++) {
		const char *digit = memchr(digits, name[62 - 2 * i], 16);

		if (!digit || (i && name[63 - 2 * i] != '.'))
			return false;
		a.b[i / 2] = (uint8_t)(a.b[i / 2] << 4 | (digit - digits));
	}
	*ret = a;
	return true;
}

bool names_reverse(const char *canonical, struct addr *ret)
{
	return reverse4(canonical, in_front_of(canonical, ".in-addr.arpa"), ret) ||
	       reverse6(canonical, in_front_of(canonical, ".ip6.arpa"), ret);
}
