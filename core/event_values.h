/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_EVENT_VALUES_H
#define SYNSENT_CORE_EVENT_VALUES_H

#include "core/event_fields.h"

/* Text to values, for the reader of core/event_text.h.  The text is cut up on the way; false: it is no such value. */

/* "12", "12.5", "12.000000001": seconds since 1970, up to EVENT_TIME_MAX */
bool event_time_parse(char *text, int64_t *ret_ns);

/* Sets one field; the event is left alone when the field cannot hold the value. */
bool event_value_set(struct event *ev, const struct event_field *f, char *text);

#endif
