/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_METRICS_LISTEN_H
#define SYNSENT_SINKS_METRICS_LISTEN_H

#include "core/addr.h"
#include "util/err.h"

/*
 * Reads where metrics are to be served: "9464" and ":9464" are 127.0.0.1, as is
 * "localhost:9464"; else an address is named, "192.0.2.1:9464", "[::1]:9464", and
 * only by "0.0.0.0:9464" or "[::]:9464" all.  Port 0 is any free one.  0 or -EINVAL, with e.exit_code 2.
 */
int metrics_listen_parse(const char *text, struct endpoint *ret, struct err *e);

/* A listening socket there that does not block, or -errno. */
int metrics_listen_open(const struct endpoint *at, struct err *e);

#endif
