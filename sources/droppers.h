/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_DROPPERS_H
#define SYNSENT_SOURCES_DROPPERS_H

#include <stdint.h>

#include "sources/kallsyms.h"

/*
 * Before Linux 5.18 kfree_skb() has no reason, or few, and is called for packets at the
 * end of their way, too.  In some functions it is called for what they drop alone:
 * who calls it from there tells of a drop, and mostly why.
 *
 * Others are left out where one call stands for more than drops: tcp_v4_rcv() has one for a bad checksum and for what
 * it refuses with an RST, ip_rcv_core() for what was another host's, __netif_receive_skb_core() for what a bond's idle
 * device received.  So are those of modules, whose addresses others may have later, and those that end by a jump into
 * kfree_skb(), whose return address is then their caller's.
 */
struct dropper {
	uint64_t from, len; /* addresses of the kernel */
	const char *reason; /* as kernels that tell it do: "NETFILTER_DROP" */
};

/* Fills in at most `max`; how many.  0: this process is not shown the kernel's addresses. */
int droppers_find(struct kallsyms *k, struct dropper *to, int max);

#endif
