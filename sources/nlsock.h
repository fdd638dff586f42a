/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_NLSOCK_H
#define SYNSENT_SOURCES_NLSOCK_H

#include <stddef.h>
#include <sys/types.h>

/* Datagrams of netlink sockets, to and from the kernel. */

/* 0 or -errno. */
int nlsock_send(int fd, const void *data, size_t len);

/*
 * One datagram; another process's is passed over.  `flags` are recvmsg()'s:
 * MSG_DONTWAIT, or 0.  Its length, or -errno; -EAGAIN: none is there, or none
 * came in the socket's time; -ENOBUFS: some were lost; -EMSGSIZE: it did not fit.
 */
ssize_t nlsock_receive(int fd, void *to, size_t max, int flags);

#endif
