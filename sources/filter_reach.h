/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_FILTER_REACH_H
#define SYNSENT_SOURCES_FILTER_REACH_H

#include <stdbool.h>

#include "util/bytes.h"

struct bpf_insn; /* libpcap's */

/*
 * Whether a filter's program (BSD's BPF: pcap(3PCAP), net/core/filter.c) may accept a packet of which some bytes alone
 * are known: those from `unknown_from` up to `unknown_end` may be any.  The program is run with every value known
 * or not known, and goes both ways at a comparison of which it is not known how it ends.  So false is certain, and true
 * may be wrong, as for two ports that cannot both be.
 */
bool filter_reach(const struct bpf_insn *program, unsigned int n, struct bytes packet, size_t unknown_from,
		  size_t unknown_end);

#endif
