/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_RUN_POLICY_H
#define SYNSENT_CLI_RUN_POLICY_H

#include "cli/options.h"
#include "lab/run.h"

/*
 * --policy "retries=2,linear=0", "default", "net.ipv4.tcp_ecn=1": fills c->settings,
 * and c->inherit with the host's settings, read into *in, unless the kernel's
 * defaults are wanted.  0 or -EINVAL (e->exit_code 2).
 */
int run_policy(const struct option_list *texts, struct inherit *in, struct run_config *c, struct err *e);

#endif
