/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_METRICS_FILE_H
#define SYNSENT_SINKS_METRICS_FILE_H

#include "util/buf.h"
#include "util/err.h"

/*
 * Writes a text of metrics to a file that is whole whenever it is read (util/outfile.h): for node_exporter's textfile
 * collector, which reads what is named *.prom in its directory, in PROMETHEUS_TEXT and no other format, as another
 * user. An earlier file stays when this fails.  0 or -errno.
 */
int metrics_file_write(const char *path, const struct buf *text, struct err *e);

#endif
