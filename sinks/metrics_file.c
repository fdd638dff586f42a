/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/metrics_file.h"

#include <errno.h>

#include "util/outfile.h"

int metrics_file_write(const char *path, const struct buf *text, struct err *e)
{
	struct outfile *o;
	int r;

	if (text->failed)
		return err_sys(e, ENOMEM, "metrics for %s", path);
	r = outfile_create(path, &o, e);
	if (r)
		return r;
	/* The first error is kept, and given again at the end. */
	outfile_write(o, buf_text(text), text->len, e);
	return outfile_close(o, e);
}
