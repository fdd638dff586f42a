/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/rfc3339.h"

#include <stdio.h>

#define NS_PER_DAY (86400LL * 1000000000LL)

/* Years are counted from March, so that the leap day is the last of its year and months have a regular length. */
static void date_of(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
	int64_t since = days + 719468;				   /* days since 0000-03-01 */
	int64_t cycle = since / 146097, in_cycle = since % 146097; /* of 400 years */
	int64_t year = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
	int64_t in_year = in_cycle - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153; /* 0: March */

	*ret_day = (int)(in_year - (153 * month + 2) / 5 + 1);
	*ret_month = (int)(month < 10 ? month + 3 : month - 9);
	*ret_year = (int)(cycle * 400 + year + (month >= 10));
}

char *rfc3339(int64_t t_ns, char to[RFC3339_LEN])
{
	int64_t days = t_ns / NS_PER_DAY, ns = t_ns % NS_PER_DAY;
	int year, month, day, seconds;

	if (ns < 0) {
		ns += NS_PER_DAY;
		days--;
	}
	seconds = (int)(ns / 1000000000);
	date_of(days, &year, &month, &day);
	snprintf(to, RFC3339_LEN, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", year, month, day, seconds / 3600,
		 seconds / 60 % 60, seconds % 60, (int)(ns % 1000000000));
	return to;
}
