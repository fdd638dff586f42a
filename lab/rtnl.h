/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_LAB_RTNL_H
#define SYNSENT_LAB_RTNL_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One rtnetlink request (RFC 3549; linux/rtnetlink.h) with its attributes, put
 * together and asked of this thread's network namespace.  512 bytes hold any that
 * are made here; more is a bug (assert).
 */
struct rtnl {
	struct nlmsghdr h;
	char body[512 - sizeof(struct nlmsghdr)];
};

/* flags besides NLM_F_REQUEST and NLM_F_ACK.  The header's struct (ifinfomsg, rtmsg, ...) is copied. */
void rtnl_init(struct rtnl *q, unsigned int type, unsigned int flags, const void *header, size_t len);

void rtnl_attr(struct rtnl *q, unsigned int type, const void *data, size_t len);
void rtnl_attr_u32(struct rtnl *q, unsigned int type, uint32_t value);
void rtnl_attr_text(struct rtnl *q, unsigned int type, const char *text);

/* An attribute that holds others, those that are added until the end: what _begin returned. */
size_t rtnl_begin(struct rtnl *q, unsigned int type);
void rtnl_raw(struct rtnl *q, const void *data, size_t len); /* a struct within, as veth's peer has it */
void rtnl_end(struct rtnl *q, size_t begin);

/* The kernel's answer: 0 or -errno. */
int rtnl_run(const struct rtnl *q);

/* The same for RTM_GETROUTE: *ret_type is the RTN_ type of the route that it told of, or 0. */
int rtnl_ask_route(const struct rtnl *q, uint8_t *ret_type);

#endif
