/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CORE_PAIRING_FOREIGN_H
#define SYNSENT_CORE_PAIRING_FOREIGN_H

#include "core/pairing.h"

/*
 * What something in between sent, in words; where that is not sure, what one
 * capture alone has of the other side; "" where there is nothing.
 * Private to core/pairing*.c.
 */
struct pair_foreign {
	char what[240];
	char why[200];
	const char *advice; /* never NULL */
	bool unsure;	    /* it may have passed the other capture, which lacks it */
	bool proxy;	    /* neither SYN nor SYN-ACK passed: both were made in between */
};

void pair_foreign(const struct pair_report *r, struct pair_foreign *ret);

#endif
