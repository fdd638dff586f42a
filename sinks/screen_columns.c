/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/screen_columns.h"

int screen_columns_gap(const struct screen_column *c, const int *widths, int i)
{
	int before = i - 1;

	while (before >= 0 && !widths[before])
		before--;
	if (before < 0)
		return 0;
	/* figures have blanks of their own to the left */
	return c[i].right && !c[before].right ? 1 : 2 - (c[i].right && c[before].right);
}

static int total(const struct screen_column *c, int n, const int *widths)
{
	int sum = 0, i;

	for (i = 0; i < n; i++)
		if (widths[i])
			sum += widths[i] + screen_columns_gap(c, widths, i);
	return sum;
}

/* Takes the one that can be spared best away. */
static bool leave_one_out(const struct screen_column *c, int n, int *widths)
{
	int i, which = -1;

	for (i = 0; i < n; i++)
		if (widths[i] && c[i].spare && (which < 0 || c[i].spare >= c[which].spare))
			which = i;
	if (which >= 0)
		widths[which] = 0;
	return which >= 0;
}

void screen_columns_fit(const struct screen_column *c, int n, int width, int *ret_widths)
{
	int i, left;
	bool grew = true;

	for (i = 0; i < n; i++)
		ret_widths[i] = c[i].min;
	while (total(c, n, ret_widths) > width && leave_one_out(c, n, ret_widths))
		;
	left = width - total(c, n, ret_widths);
	while (left > 0 && grew) {
		grew = false;
		for (i = 0; i < n && left > 0; i++) {
			if (!ret_widths[i] || ret_widths[i] >= c[i].max)
				continue;
			ret_widths[i]++;
			left--;
			grew = true;
		}
	}
}
