/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/confine_landlock.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same number on every architecture that we build for (5.13). */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1U

int confine_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	if (abi < 0)
		return -errno;
	return abi > 0 ? (int)abi : -EOPNOTSUPP;
}

struct confine_rights confine_landlock_rights(int abi)
{
	/* Rights are numbered as they came: so many low bits are known to an ABI. */
	static const struct {
		int fs, net, scoped;
	} bits[CONFINE_LANDLOCK_ABI_KNOWN + 1] = {
		[1] = { 13, 0, 0 },  /* 5.13: execute to make_sym */
		[2] = { 14, 0, 0 },  /* 5.19: refer */
		[3] = { 15, 0, 0 },  /* 6.2: truncate */
		[4] = { 15, 2, 0 },  /* 6.7: bind_tcp, connect_tcp */
		[5] = { 16, 2, 0 },  /* 6.10: ioctl_dev */
		[6] = { 16, 2, 2 },  /* 6.12: abstract_unix_socket, signal */
		[7] = { 16, 2, 2 },  /* 6.15: flags for audit */
		[8] = { 16, 2, 2 },  /* 7.0: a flag for all threads */
		[9] = { 17, 2, 2 },  /* 7.1: resolve_unix */
		[10] = { 17, 4, 2 }, /* 7.2: bind_udp, connect_send_udp */
	};
	struct confine_rights r = { 0, 0, 0 };

	if (abi < 1)
		return r;
	if (abi > CONFINE_LANDLOCK_ABI_KNOWN)
		abi = CONFINE_LANDLOCK_ABI_KNOWN;
	r.fs = (1ULL << bits[abi].fs) - 1;
	r.net = (1ULL << bits[abi].net) - 1;
	r.scoped = (1ULL << bits[abi].scoped) - 1;
	return r;
}

int confine_landlock(int abi)
{
	struct confine_rights rights = confine_landlock_rights(abi);
	int fd, r;

	fd = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);
	if (fd < 0)
		return -errno;
	r = syscall(SYS_landlock_restrict_self, fd, 0) ? -errno : 0;
	close(fd);
	return r;
}
