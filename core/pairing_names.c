/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "core/pairing_words.h"

#define RANGES_MAX 4 /* in a list of SYNs */
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
	static const char *const words[] = { "both",   "lost",	 "uncovered", "elsewhere",
					     "unsent", "others", "unseen",    "again" };

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

/* The SYN after that one has the same fate. */
static bool comes_after(const struct pair_report *r, int i, enum pair_fate fate)
{
	int n = r->packets[i].n;

	while (++i < r->n_packets)
		if (r->packets[i].kind == PAIRING_SYN && r->packets[i].fate == fate && r->packets[i].at_client)
			return r->packets[i].n == n + 1;
	return false;
}

char *pair_syns(const struct pair_report *r, enum pair_fate fate, char to[PAIR_SYNS_LEN])
{
	int first[RANGES_MAX], last[RANGES_MAX], n = 0, i, at = 0;
	const char *gap;

	for (i = 0; i < r->n_packets; i++) {
		const struct pair_packet *k = &r->packets[i];

		if (k->kind != PAIRING_SYN || k->fate != fate || !k->at_client)
			continue;
		if (n && k->n == last[n - 1] + 1 && (last[n - 1] > first[n - 1] || comes_after(r, i, fate))) {
			last[n - 1]++;
			continue;
		}
		if (n == RANGES_MAX)
			break;
		first[n] = last[n] = k->n;
		n++;
	}
	if (i < r->n_packets || r->more_packets) {
		snprintf(to, PAIR_SYNS_LEN, "%u of %u SYNs", r->counts[PAIRING_SYN].fate[fate],
			 r->counts[PAIRING_SYN].sent);
		return to;
	}
	at = snprintf(to, PAIR_SYNS_LEN, "SYN");
	for (i = 0; i < n; i++) {
		gap = !i ? " " : i == n - 1 ? " and " : ", ";
		at += snprintf(to + at, PAIR_SYNS_LEN - (size_t)at, "%s%d", gap, first[i]);
		if (last[i] > first[i])
			at += snprintf(to + at, PAIR_SYNS_LEN - (size_t)at, " to %d", last[i]);
	}
	return to;
}
