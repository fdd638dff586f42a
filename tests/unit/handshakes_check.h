/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_HANDSHAKES_CHECK_H
#define SYNSENT_TESTS_UNIT_HANDSHAKES_CHECK_H

#include "core/handshakes.h"

/* The attempts of a capture against a model of them that goes through a list (handshakes_model.c). */

/* What comes of these, fed in several ways. */
void check(const struct sighting *events, size_t n);

#endif
