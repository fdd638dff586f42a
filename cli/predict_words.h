/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_PREDICT_WORDS_H
#define SYNSENT_CLI_PREDICT_WORDS_H

#include <stdint.h>

struct buf;

#define SECONDS_LEN 24
#define SPAN_LEN 64

/* "131", "2.5", "1.004": to the millisecond, without needless zeros. */
char *seconds_text(int64_t ns, char to[SECONDS_LEN]);

/* "133.3 to 135.3 s", rounded to two digits below 10 s, to one above. */
char *span_text(int64_t min_ns, int64_t max_ns, char to[SPAN_LEN]);

/* Adds text broken at blanks to 80 columns: the first line after `lead`, the others under it.  Ends the line. */
void add_wrapped(struct buf *to, const char *lead, const char *text);

/* The same, broken only after commas. */
void add_items(struct buf *to, const char *lead, const char *text);

#endif
