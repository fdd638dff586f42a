/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_RUN_LIST_H
#define SYNSENT_CLI_RUN_LIST_H

#include "cli/options.h"

/* `synsent run --list`, under the policy that --policy gives: each fault, and what connect() gets and when.  The exit
 * status. */
int run_list(const struct option_list *policies);

#endif
