/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_OPTIONS_TEXT_H
#define SYNSENT_CLI_OPTIONS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option_row;

/* "1 to 127", "10ms to 24h".  False, and `to` left alone, for a row without a range. */
bool options_range_text(const struct option_row *row, char *to, size_t len);

#endif
