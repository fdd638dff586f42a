/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/fault_icmp.h"

#include <string.h>

#define ABSENT (-1)

enum { UNREACHABLE4 = 3, EXCEEDED4 = 11 };
enum { UNREACHABLE6 = 1, TOO_BIG6 = 2, EXCEEDED6 = 3, PARAMETER6 = 4 };

/* RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1; RFC 4443 section 3. */
/* clang-format off */
#define KINDS(row) \
	row("net", UNREACHABLE4, 0, UNREACHABLE6, 0) \
	row("host", UNREACHABLE4, 1, UNREACHABLE6, 3) \
	row("port", UNREACHABLE4, 3, UNREACHABLE6, 4) \
	row("proto", UNREACHABLE4, 2, PARAMETER6, 1) \
	row("admin", UNREACHABLE4, 13, UNREACHABLE6, 1) \
	row("net-admin", UNREACHABLE4, 9, UNREACHABLE6, 1) \
	row("host-admin", UNREACHABLE4, 10, UNREACHABLE6, 1) \
	row("frag", UNREACHABLE4, 4, TOO_BIG6, 0) \
	row("ttl", EXCEEDED4, 0, EXCEEDED6, 0) \
	row("noroute", ABSENT, 0, UNREACHABLE6, 0) \
	row("addr", ABSENT, 0, UNREACHABLE6, 3) \
	row("policy", ABSENT, 0, UNREACHABLE6, 5) \
	row("reject-route", ABSENT, 0, UNREACHABLE6, 6) \
	row("too-big", ABSENT, 0, TOO_BIG6, 0) \
	row("hop-limit", ABSENT, 0, EXCEEDED6, 0)
/* clang-format on */

#define ROW(word, type4, code4, type6, code6) { type4, code4, type6, code6 },
#define WORD(word, type4, code4, type6, code6) word,

static const struct kind {
	int type4, code4, type6, code6;
} kinds[] = { KINDS(ROW) };

static const char *const words[] = { KINDS(WORD) NULL };

const char *const *fault_icmp_words(void)
{
	return words;
}

bool fault_icmp_set(const char *word, struct fault *ret)
{
	const struct kind *k = kinds;
	int i;

	for (i = 0; words[i] && strcmp(words[i], word); i++)
		k++;
	if (!words[i])
		return false;
	ret->has_icmp4 = k->type4 != ABSENT;
	ret->has_icmp6 = true;
	ret->icmp4_type = ret->has_icmp4 ? (uint8_t)k->type4 : 0;
	ret->icmp4_code = (uint8_t)k->code4;
	ret->icmp6_type = (uint8_t)k->type6;
	ret->icmp6_code = (uint8_t)k->code6;
	return true;
}
