/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_RUN_LIST_H
#define SYNSENT_CLI_RUN_LIST_H

#include "cli/options.h"

/*
 * `synsent run --list`, under the policy that --policy gives: each fault, and what connect() gets and when; with json
 * (that of --json, which may name no file) as an object per fault.  The exit status.
 */
int run_list(const struct option_list *policies, const char *json);

#endif
