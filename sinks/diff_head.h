/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_DIFF_HEAD_H
#define SYNSENT_SINKS_DIFF_HEAD_H

#include "sinks/diff.h"
#include "sinks/summary_block.h"

/* Rows about the two captures and what lies between them.  Private to sinks/diff*.c. */

void head_files(struct block *b, const struct diff_facts *f);
void head_clocks(struct block *b, const struct diff_facts *f);
void head_between(struct block *b, const struct diff_facts *f);

/* The two are one. */
void head_same(struct block *b, const struct diff_facts *f);

/* Nothing is paired: why that may be. */
void head_nothing(struct block *b, const struct diff_facts *f);

#endif
