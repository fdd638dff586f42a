/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_FAULT_ARGS_H
#define SYNSENT_LAB_FAULT_ARGS_H

#include "lab/fault.h"

/* What comes after "NAME:" in a fault.  ret->kind is set already.  Each returns 0 or -EINVAL with e filled. */
typedef int fault_arg(const char *arg, struct fault *ret, struct err *e);

fault_arg fault_read_count;    /* "2" */
fault_arg fault_read_bad_ack;  /* "bad-ack" */
fault_arg fault_read_icmp;     /* "host" */
fault_arg fault_read_delay;    /* "100ms+-20ms" */
fault_arg fault_read_loss;     /* "2.5%" */
fault_arg fault_read_option;   /* "sack" */
fault_arg fault_read_firewall; /* "drop", "reject:in" */

/* "'given' is no WHAT", or that one is missing when it is "", with the nearest of the words or all of them. */
int fault_bad_word(const char *what, const char *given, const char *const *words, struct err *e);

#endif
