/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_RFC3339_H
#define SYNSENT_SINKS_RFC3339_H

#include <stdint.h>

#define RFC3339_LEN 40 /* ample: the text has 30 characters */

/* "2026-01-02T03:04:05.000000006Z": ns since 1970 in UTC, whatever the locale and the time zone.  Returns `to`. */
char *rfc3339(int64_t t_ns, char to[RFC3339_LEN]);

#endif
