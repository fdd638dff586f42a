/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/read.h"
#include "util/duration.h"

#define HALF_A_DAY_NS (12 * 3600 * NS_PER_S)

/* What a text says of an instant. */
struct when {
	bool relative, epoch, has_date, has_zone;
	int64_t ns; /* relative or epoch: all of it; else the part of a second */
	struct tm tm;
	int zone_s;
};

static int wrong(const char *option, const char *text, struct err *e)
{
	e->exit_code = 2;
	err_set(e, EINVAL, "%s \"%s\": not a time", option, text);
	err_remedy(e, "a time is written 17:02:13, 2026-11-26T17:02:13Z, @1700000000, or +30s after the first packet");
	return -EINVAL;
}

/* ".5" and the like; moves *at. */
static int64_t fraction(const char **at)
{
	int64_t unit = NS_PER_S / 10, ns = 0;

	if (**at != '.')
		return 0;
	for (++*at; **at >= '0' && **at <= '9'; ++*at, unit /= 10)
		ns += (**at - '0') * unit;
	return ns;
}

static bool parse_zone(const char *text, struct when *w)
{
	int hours, minutes, used = 0;

	w->has_zone = *text != 0;
	if (!*text || !strcmp(text, "Z"))
		return true;
	if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 ||
	    text[1 + used])
		return false;
	w->zone_s = (hours * 60 + minutes) * 60 * (*text == '-' ? -1 : 1);
	return true;
}

static bool parse_clock(const char *text, struct when *w)
{
	int used = 0;

	if (sscanf(text, "%2d:%2d%n", &w->tm.tm_hour, &w->tm.tm_min, &used) != 2)
		return false;
	text += used;
	if (*text == ':') {
		if (sscanf(text, ":%2d%n", &w->tm.tm_sec, &used) != 1)
			return false;
		text += used;
	}
	w->ns = fraction(&text);
	return w->tm.tm_hour >= 0 && w->tm.tm_hour < 24 && w->tm.tm_min >= 0 && w->tm.tm_min < 60 &&
	       w->tm.tm_sec >= 0 && w->tm.tm_sec < 61 && parse_zone(text, w);
}

static bool parse_epoch(const char *text, struct when *w)
{
	long long s;
	int used = 0;

	if (*text < '0' || *text > '9' || sscanf(text, "%18lld%n", &s, &used) != 1 || s > INT64_MAX / NS_PER_S - 1)
		return false;
	text += used;
	w->epoch = true;
	w->ns = s * NS_PER_S;
	w->ns += fraction(&text);
	return !*text;
}

static bool parse(const char *text, struct when *w)
{
	int used = 0;

	*w = (struct when){ .tm.tm_isdst = -1 };
	if (*text == '+') {
		w->relative = true;
		return !duration_parse(text + 1, &w->ns);
	}
	if (*text == '@')
		return parse_epoch(text + 1, w);
	if (sscanf(text, "%4d-%2d-%2d%n", &w->tm.tm_year, &w->tm.tm_mon, &w->tm.tm_mday, &used) == 3) {
		w->has_date = true;
		w->tm.tm_year -= 1900;
		w->tm.tm_mon--;
		text += used;
		if (!*text)
			return true;
		if (*text != 'T' && *text != ' ')
			return false;
		text++;
	}
	return parse_clock(text, w);
}

int read_when_check(const char *since, const char *until, struct err *e)
{
	struct when w;

	if (since && !parse(since, &w))
		return wrong("--since", since, e);
	if (until && !parse(until, &w))
		return wrong("--until", until, e);
	return 0;
}

static int64_t instant(struct when *w)
{
	time_t t = w->has_zone ? timegm(&w->tm) - w->zone_s : mktime(&w->tm);

	return (int64_t)t * NS_PER_S + w->ns;
}

int read_when_parse(const char *option, const char *text, int64_t first_ns, int64_t *ret_ns, struct err *e)
{
	time_t first = (time_t)(first_ns / NS_PER_S);
	struct when w;
	struct tm day;

	if (!parse(text, &w))
		return wrong(option, text, e);
	if (w.relative || w.epoch) {
		*ret_ns = w.relative ? first_ns + w.ns : w.ns;
		return 0;
	}
	if (!w.has_date && (w.has_zone ? gmtime_r(&first, &day) : localtime_r(&first, &day))) {
		w.tm.tm_year = day.tm_year;
		w.tm.tm_mon = day.tm_mon;
		w.tm.tm_mday = day.tm_mday;
	}
	*ret_ns = instant(&w);
	if (!w.has_date && *ret_ns < first_ns - HALF_A_DAY_NS) { /* the capture goes on past midnight */
		w.tm.tm_mday++;
		w.tm.tm_isdst = -1;
		*ret_ns = instant(&w);
	}
	return 0;
}

int read_when_limits(const char *since, const char *until, int64_t first_ns, int64_t *ret_since_ns,
		     int64_t *ret_until_ns, struct err *e)
{
	int r = 0;

	*ret_since_ns = INT64_MIN;
	*ret_until_ns = INT64_MAX;
	if (since)
		r = read_when_parse("--since", since, first_ns, ret_since_ns, e);
	if (!r && until)
		r = read_when_parse("--until", until, first_ns, ret_until_ns, e);
	if (r || *ret_since_ns < *ret_until_ns)
		return r;
	e->exit_code = 2;
	err_set(e, EINVAL, "--until %s is not later than --since %s: nothing lies between them", until, since);
	err_remedy(e, "a time of day is that next to the capture's begin; with a date it is exact");
	return -EINVAL;
}
