/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_SCREEN_COLUMNS_H
#define SYNSENT_SINKS_SCREEN_COLUMNS_H

#include <stdbool.h>

#define SCREEN_COLUMNS_OF_A_LIST 12

/* A column of a list. */
struct screen_column {
	const char *title; /* at most `min` columns of ASCII */
	int min, max;	   /* width; what a wide screen has left over is shared out up to max */
	int spare;	   /* the highest of these goes first where the screen is narrow; 0: it stays in any case */
	bool right;	   /* figures: to the right */
};

/*
 * The width of each of the n <= SCREEN_COLUMNS_OF_A_LIST columns on a screen
 * that wide, 0 for one that is left out.  Columns with the same `spare` go
 * from the last to the first.
 */
void screen_columns_fit(const struct screen_column *c, int n, int width, int *ret_widths);

/* Blanks before column i, which has some width: none before the first. */
int screen_columns_gap(const struct screen_column *c, const int *widths, int i);

#endif
