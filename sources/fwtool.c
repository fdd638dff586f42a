/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/fwtool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/duration.h"

static int complaint(const char *name, const struct spawn_result *res, struct err *e)
{
	char why[256];

	snprintf(why, sizeof(why), "%s", buf_text(&res->err));
	why[strcspn(why, "\n")] = 0;
	return err_set(e, strstr(why, "not permitted") ? EPERM : EIO, "%s failed (status %d): %s", name, res->status,
		       why);
}

int fwtool_run(const struct fwtool *t, struct spawn_result *ret, struct err *e)
{
	const struct spawn s = { .argv = t->argv,
				 .input = t->input,
				 .timeout_ns = 10 * NS_PER_S,
				 .in_child = t->in_child,
				 .output_max = FWTOOL_OUTPUT_MAX };
	const char *name = t->argv[0];
	int r = spawn_run(&s, ret, e);

	if (r == -ENOENT) {
		if (e)
			e->exit_code = 77;
		err_remedy(e, "  install it: apt-get install %s", t->package);
	}
	if (r)
		return r;
	if (ret->timed_out)
		return err_set(e, ETIMEDOUT, "%s did not end within 10 s", name);
	if (ret->status)
		return complaint(name, ret, e);
	return ret->cut ? err_set(e, EFBIG, "%s printed more than %u MiB", name, FWTOOL_OUTPUT_MAX >> 20) : 0;
}
