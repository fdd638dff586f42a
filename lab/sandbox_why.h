/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_SANDBOX_WHY_H
#define SYNSENT_LAB_SANDBOX_WHY_H

#include <stdbool.h>

#include "util/err.h"

/* Where the making of a sandbox failed. */
enum sandbox_step {
	SANDBOX_CLONE, /* the namespaces themselves */
	SANDBOX_MAP,   /* the user namespace's maps */
	SANDBOX_CAPS,  /* made, but without power over its network */
	SANDBOX_FORK,
};

/* What the kernel's settings say about user namespaces; -1: there is no such setting. */
struct sandbox_host {
	long max_user_namespaces;
	long max_net_namespaces;
	long max_pid_namespaces;
	long unprivileged_userns_clone;		    /* Debian's */
	long apparmor_restrict_unprivileged_userns; /* Ubuntu's */
};

void sandbox_host_read(struct sandbox_host *ret);

/* Says why no sandbox could be made, and what to do; e->exit_code becomes 77.  Pure.  Returns -code. */
int sandbox_why(const struct sandbox_host *h, enum sandbox_step step, int code, bool root, struct err *e);

#endif
