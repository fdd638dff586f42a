/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/nft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/duration.h"

static int complaint(const struct spawn_result *res, struct err *e)
{
	char why[256];

	snprintf(why, sizeof(why), "%s", buf_text(&res->err));
	why[strcspn(why, "\n")] = 0;
	return err_set(e, strstr(why, "not permitted") ? EPERM : EIO, "nft failed (status %d): %s", res->status, why);
}

int nft_run(const char *const *argv, const char *input, void (*in_child)(void), struct spawn_result *ret, struct err *e)
{
	const struct spawn s = { .argv = argv,
				 .input = input,
				 .timeout_ns = 10 * NS_PER_S,
				 .in_child = in_child,
				 .output_max = NFT_OUTPUT_MAX };
	int r = spawn_run(&s, ret, e);

	if (r == -ENOENT) {
		if (e)
			e->exit_code = 77;
		err_remedy(e, "  install it: apt-get install nftables");
	}
	if (r)
		return r;
	if (ret->timed_out)
		return err_set(e, ETIMEDOUT, "nft did not end within 10 s");
	if (ret->status)
		return complaint(ret, e);
	return ret->cut ? err_set(e, EFBIG, "nft printed more than %u MiB", NFT_OUTPUT_MAX >> 20) : 0;
}
