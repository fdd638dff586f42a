/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "core/pairing_words.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const char *word(const char *const *words, size_t n, size_t i)
{
	return i < n ? words[i] : "?";
}

const char *pairing_kind_word(enum pairing_kind k)
{
	static const char *const words[] = { "syn", "syn-ack", "ack", "rst", "client-rst", "icmp" };

	return word(words, LEN(words), k);
}

const char *pair_fate_word(enum pair_fate f)
{
	static const char *const words[] = { "arrived", "died", "between", "unseen", "uncovered", "copy" };

	return word(words, LEN(words), f);
}

const char *pair_sort_word(enum pair_sort s)
{
	static const char *const words[] = { "both", "lost", "uncovered", "elsewhere", "unsent", "others", "again" };

	return word(words, LEN(words), s);
}

const char *pairing_how_word(enum pairing_how h)
{
	static const char *const words[] = { "", "exact", "isn", "addresses", "mark" };

	return word(words, LEN(words), h);
}

char *pair_span(int64_t ns, char to[PAIR_SPAN_LEN])
{
	int64_t us = ns / 1000;

	if (us < 100000 && us > -100000)
		snprintf(to, PAIR_SPAN_LEN, "%s%" PRId64 ".%02" PRId64 " ms", us < 0 ? "-" : "",
			 (us < 0 ? -us : us) / 1000, (us < 0 ? -us : us) % 1000 / 10);
	else
		snprintf(to, PAIR_SPAN_LEN, "%" PRId64 ".%02" PRId64 " s", us / 1000000,
			 (us < 0 ? -us : us) % 1000000 / 10000);
	return to;
}
