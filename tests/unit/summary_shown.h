/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_SUMMARY_SHOWN_H
#define SYNSENT_TESTS_UNIT_SUMMARY_SHOWN_H

#include <jansson.h>

#include "sinks/summary.h"

/* What is said of a summary, looked at. */

#define MS ((int64_t)1000000)
#define S ((int64_t)1000000000)
#define START (1700000000 * S)

/* A scene, by its name. */
void play(const char *name, struct summary **ret, struct summary_facts *f);

/* Lines of 80 columns at most, each ended, and as many as fit a screen. */
void assert_fits(const char *text);

/* One object; to be given back. */
json_t *parse(const char *text);

#endif
