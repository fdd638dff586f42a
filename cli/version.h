/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_VERSION_H
#define SYNSENT_CLI_VERSION_H

#include <stdio.h>

/* --version: our version, libpcap's, and whether eBPF is built in. */
void version_print(FILE *to);

#endif
