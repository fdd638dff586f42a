/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/story_words.h"

#include <stddef.h>

static const struct {
	uint8_t family, type, code;
	const char *text;
} icmp_texts[] = {
	{ 4, 3, 0, "net unreachable" },	 { 4, 3, 1, "host unreachable" },     { 4, 3, 2, "protocol unreachable" },
	{ 4, 3, 3, "port unreachable" }, { 4, 3, 4, "fragmentation needed" }, { 4, 3, 9, "net prohibited" },
	{ 4, 3, 10, "host prohibited" }, { 4, 3, 13, "admin prohibited" },    { 4, 11, 0, "TTL exceeded" },
	{ 6, 1, 0, "no route" },	 { 6, 1, 1, "admin prohibited" },     { 6, 1, 3, "address unreachable" },
	{ 6, 1, 4, "port unreachable" }, { 6, 1, 5, "source policy" },	      { 6, 1, 6, "reject route" },
	{ 6, 2, 0, "packet too big" },	 { 6, 3, 0, "hop limit exceeded" },
};

const char *story_icmp_text(uint8_t family, uint8_t type, uint8_t code)
{
	size_t i;

	for (i = 0; i < sizeof(icmp_texts) / sizeof(icmp_texts[0]); i++)
		if (icmp_texts[i].family == family && icmp_texts[i].type == type && icmp_texts[i].code == code)
			return icmp_texts[i].text;
	return "";
}

const char *story_gave_up_text(enum gave_up_by g)
{
	switch (g) {
	case GAVE_UP_KERNEL:
		return "kernel gave up";
	case GAVE_UP_APPLICATION:
		return "application gave up";
	case GAVE_UP_SIGNAL:
		return "by a signal";
	case GAVE_UP_PEER:
		return "by the peer";
	case GAVE_UP_NETWORK:
		return "by the network";
	default:
		return "";
	}
}
