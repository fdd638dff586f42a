/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NFT_H
#define SYNSENT_SOURCES_NFT_H

#include "util/err.h"
#include "util/spawn.h"

/*
 * Runs nft in this thread's network namespace, for at most 10 s.  `input` is its
 * stdin, or NULL; in_child as in struct spawn.  0 when it ended well; -ENOENT
 * when it is not installed (then e has exit code 77 and the remedy), -EPERM,
 * -ETIMEDOUT, -EFBIG when it printed more than NFT_OUTPUT_MAX, -EIO for what it
 * complained of.  The result needs spawn_result_fini() in every case.
 */
#define NFT_OUTPUT_MAX (64U << 20)

int nft_run(const char *const *argv, const char *input, void (*in_child)(void), struct spawn_result *ret,
	    struct err *e);

#endif
