/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_STORY_WORDS_H
#define SYNSENT_CORE_STORY_WORDS_H

#include <stdint.h>

#include "core/words.h"

/* What an ICMP error says, in two or three words (RFC 792, 1122, 1812, 4443); "" for those without a name here. */
const char *story_icmp_text(uint8_t family, uint8_t type, uint8_t code);

/* "kernel gave up", "by the peer", ...; "" when nobody did or it is unknown. */
const char *story_gave_up_text(enum gave_up_by g);

#endif
