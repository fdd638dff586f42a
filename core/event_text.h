/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_EVENT_TEXT_H
#define SYNSENT_CORE_EVENT_TEXT_H

#include <stddef.h>

#include "core/event.h"

struct buf;

/*
 * Events as text, one per line, so that a recorded incident can be read, cut
 * and mended by hand, and a test can be written as a script:
 *
 *   synsent-events 1
 *   0.000000000 segment 127.0.0.1:60632 > 127.0.0.1:12345 flags=S seq=7 ack=0 win=65495 len=0 ttl=64 packet=1
 *   63.625000000 result 127.0.0.1:60632 > 127.0.0.1:12345 error=ETIMEDOUT
 *
 * The first field is seconds since 1970-01-01 UTC (a script may start at 0).
 * A value with blanks is quoted as "...", with \\, \" and \xNN inside.
 * Fields at their default (0, none; core/event_fields.c has them all) are left
 * out.  A policy, a time stamp, a phase or a timer of the client's own is there
 * when any of its fields is; a policy's fields that are missing then are as
 * Linux 6.5 and later have them at HZ 250.
 * `#` starts a comment line.
 */
#define EVENT_TEXT_HEADER "synsent-events 1"

/* Adds one line, newline included. */
void event_format(const struct event *ev, struct buf *to);

/*
 * Reads one line (len bytes, no newline).  Returns 1 when *ret is an event, 0
 * for an empty or comment line, -EINVAL with a static text in *ret_why for a
 * line that is none, or that holds a value no source can mean (a policy out of
 * range, a time after 2116): what is accepted can be computed with.
 * event_parse(event_format(ev)) is ev.
 */
int event_parse(const char *line, size_t len, struct event *ret, const char **ret_why);

#endif
