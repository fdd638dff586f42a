/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NFPUT_H
#define SYNSENT_SOURCES_NFPUT_H

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "sources/nlput.h"

/* Begins a message of nf_tables: NFT_MSG_NEWRULE, ...; `family` is an NFPROTO_, `flags` are besides NLM_F_REQUEST. */
static inline void nfput_begin(struct nlput *m, uint16_t message, uint8_t family, uint16_t flags)
{
	const struct nfgenmsg h = { .nfgen_family = family, .version = NFNETLINK_V0 };

	nlput_begin(m, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message), (uint16_t)(NLM_F_REQUEST | flags), 1, &h,
		    sizeof(h));
}

#endif
