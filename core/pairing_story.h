/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_PAIRING_STORY_H
#define SYNSENT_CORE_PAIRING_STORY_H

#include "core/pairing_words.h"
#include "core/story.h"

/* An attempt as both captures have it, as a story to be drawn: the lines are the two captures. */
void pair_story(const struct pair_report *r, const struct pair_words *w, struct story *ret);

#endif
