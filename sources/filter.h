/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_FILTER_H
#define SYNSENT_SOURCES_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/err.h"

/*
 * A filter in libpcap's language (pcap-filter(7)), for packets of any link type.
 * It is compiled for each of them beforehand, since afterwards nothing may be
 * opened that names of hosts and services are looked up in.
 */
struct filter;

/* 0, or -EINVAL when it is wrong for every link type. */
int filter_new(const char *text, struct filter **ret, struct err *e);
void filter_free(struct filter *f);

/* 1: it passes, 0: it does not, -1: for this link type the filter has no meaning, as filter_why() says. */
int filter_match(const struct filter *f, int linktype, struct bytes frame, uint32_t on_wire);
const char *filter_why(const struct filter *f, int linktype);

/* Whether one of such packets may pass, which differ in the bytes from unknown_from up to unknown_end and may have any
 * there.  False is certain (filter_reach()); it is false, too, where the filter has no meaning. */
bool filter_may_match(const struct filter *f, int linktype, struct bytes frame, size_t unknown_from,
		      size_t unknown_end);

#endif
