/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/figures.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/duration.h"

void figures_count(uint64_t n, struct buf *to)
{
	char text[32];
	size_t at = sizeof(text);
	int digits = 0;

	do {
		if (digits && digits % 3 == 0)
			text[--at] = ',';
		text[--at] = (char)('0' + n % 10);
		digits++;
	} while (n /= 10);
	buf_add(to, text + at, sizeof(text) - at);
}

void figures_bytes(uint64_t n, struct buf *to)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double amount = (double)n;
	int unit = 0;

	for (; amount >= 999.5; unit++)
		amount /= 1000;
	buf_fmt(to, "%.*f %s", unit && amount < 9.95, amount, units[unit]);
}

void figures_percent(uint64_t part, uint64_t whole, struct buf *to)
{
	double percent = 100.0 * (double)part / (double)whole;

	if (!part || part == whole)
		buf_str(to, part ? "100 %" : "0 %");
	else if (percent < 0.1)
		buf_str(to, "<0.1 %");
	else if (percent > 99.9)
		buf_str(to, ">99.9 %");
	else
		buf_fmt(to, "%.*f %%", percent < 9.95 || percent >= 99.5, percent);
}

/* n / 10^decimals */
static void fixed(uint64_t n, int decimals, struct buf *to)
{
	char text[32];
	size_t at = sizeof(text);
	int i;

	for (i = 0; n || i <= decimals; i++, n /= 10) {
		if (i && i == decimals)
			text[--at] = '.';
		text[--at] = (char)('0' + n % 10);
	}
	buf_add(to, text + at, sizeof(text) - at);
}

/* Without printf, since lists have one in each line. */
void figures_elapsed(int64_t ns, struct buf *to)
{
	static const struct {
		uint64_t below, unit; /* ns */
		int decimals;
		const char *name;
	} forms[] = {
		{ 9950, 1000, 3, " ms" },
		{ 995000, 10000, 2, " ms" },
		{ 99950000, 100000, 1, " ms" },
		{ 999500000, 1000000, 0, " ms" },
		{ 9995000000, 10000000, 2, " s" },
		{ 99950000000, 100000000, 1, " s" },
		{ UINT64_MAX, 1000000000, 0, " s" },
	};
	uint64_t n = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	int i = 0;

	while (n >= forms[i].below)
		i++;
	if (ns < 0)
		buf_char(to, '-');
	fixed((n + forms[i].unit / 2) / forms[i].unit, forms[i].decimals, to);
	buf_str(to, forms[i].name);
}

void figures_length(int64_t ns, struct buf *to)
{
	int64_t minutes = (ns / NS_PER_S + 30) / 60, hours = minutes / 60;

	if (ns < NS_PER_S)
		figures_elapsed(ns, to);
	else if (ns < 120 * NS_PER_S)
		buf_fmt(to, "%.*f s", ns < 10 * NS_PER_S, (double)ns / NS_PER_S);
	else if (hours < 2)
		buf_fmt(to, "%d min", (int)minutes);
	else if (hours < 48)
		buf_fmt(to, "%d h %d min", (int)hours, (int)(minutes % 60));
	else
		buf_fmt(to, "%d days %d h", (int)(hours / 24), (int)(hours % 24));
}

static int64_t seconds_of(int64_t t_ns)
{
	return t_ns / NS_PER_S - (t_ns % NS_PER_S < 0);
}

static void local(int64_t t_ns, struct tm *ret)
{
	time_t t = (time_t)seconds_of(t_ns);

	if (!localtime_r(&t, ret))
		memset(ret, 0, sizeof(*ret));
}

static void digits(char **at, int n, int value, char end)
{
	int i;

	for (i = n - 1; i >= 0; i--, value /= 10)
		(*at)[i] = (char)('0' + value % 10);
	*at += n;
	if (end)
		*(*at)++ = end;
}

/* As figures_elapsed(). */
void figures_clock(int64_t t_ns, int how, struct buf *to)
{
	char text[32], *at = text;
	struct tm tm;

	local(t_ns, &tm);
	if (how & CLOCK_DATE)
		digits(&at, 4, tm.tm_year + 1900, '-');
	if (how & (CLOCK_DATE | CLOCK_DAY)) {
		digits(&at, 2, tm.tm_mon + 1, '-');
		digits(&at, 2, tm.tm_mday, ' ');
	}
	digits(&at, 2, tm.tm_hour, ':');
	digits(&at, 2, tm.tm_min, 0);
	if (!(how & CLOCK_MINUTE)) {
		*at++ = ':';
		digits(&at, 2, tm.tm_sec, 0);
	}
	if (how & CLOCK_MS) {
		*at++ = '.';
		digits(&at, 3, (int)((t_ns - seconds_of(t_ns) * NS_PER_S) / NS_PER_MS), 0);
	}
	buf_add(to, text, (size_t)(at - text));
}

void figures_zone(int64_t t_ns, struct buf *to)
{
	struct tm tm;

	local(t_ns, &tm);
	if (tm.tm_zone)
		buf_escaped(to, tm.tm_zone, strlen(tm.tm_zone));
}

bool figures_same_day(int64_t a_ns, int64_t b_ns)
{
	struct tm a, b;

	local(a_ns, &a);
	local(b_ns, &b);
	return a.tm_year == b.tm_year && a.tm_yday == b.tm_yday;
}
