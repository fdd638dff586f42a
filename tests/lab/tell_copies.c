/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "sources/copies.h"
#include "sources/namespaces.h"

/* For tests/lab/copies.py: whether the network namespace that this is in makes copies of packets. */
int main(void)
{
	struct namespaces *n = namespaces_new();

	if (!n)
		return 1;
	puts(copies_are_made(n, 0) ? "copies" : "none");
	namespaces_free(n);
	return 0;
}
