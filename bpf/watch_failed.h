/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SYNSENT_BPF_WATCH_FAILED_H
#define SYNSENT_BPF_WATCH_FAILED_H

#include "watch_begin.h"
#include "watch_call.h"
#include "watch_owed.h"
#include "watch_process.h"
#include "watch_socket.h"
#include "watch_table.h"
#include "watch_tell.h"

/* A connect() that fails without a SYN.  For watch.bpf.c alone. */

#define ERRNO_LAST 133
#define EINTR 4
#define EISCONN 106
#define EALREADY 114
#define EINPROGRESS 115

/* An error that may be one of a connect() that sent no SYN; in the others it goes on, or has been over for long. */
static __always_inline bool is_failure(long ret)
{
	return ret < 0 && ret >= -ERRNO_LAST && ret != -EINPROGRESS && ret != -EINTR && ret != -EALREADY &&
	       ret != -EISCONN && !is_of_an_attempt((__s32)-ret);
}

/*
 * Or that of an attempt whose end was missed, or one that a program gave for the kernel.  Most attempts that fail have
 * ECONNREFUSED: for the few that a cgroup's program gives, not all of them are looked at, nor for any where those are
 * only counted.
 */
static __always_inline bool is_looked_at(long ret)
{
	if (ret >= 0 || ret < -ERRNO_LAST)
		return false;
	if (ret == -ECONNREFUSED)
		return n_untold || (!plain_refused && is_filtered());
	return is_failure(ret) || is_of_an_attempt((__s32)-ret) || n_untold;
}

/* ECONNABORTED: someone else had taken the error before. */
static __always_inline void tell_by_return(__u64 key, struct watch_attempt *a, __s32 error)
{
	await_no_return(a);
	if (error != ECONNABORTED) {
		a->by = WATCH_KERNEL;
		a->error = error;
	}
	if (!(a->flags & WATCH_FILTERED))
		tell_gone(a);
	forget_key(key);
}

/*
 * `sure`: that socket was the call's.  Where it is not, or the socket had an attempt before, an error that ends
 * attempts is taken for one's end: to tell one twice would be worse than not to tell of a call that a program refused.
 */
static __noinline int tell_failed(const struct sock *sk, __u64 key, const struct address *to, __s32 error, bool sure)
{
	__u32 zero = 0;
	struct watch_attempt *a = find_key(key);
	__s32 owed, to_caller = take_owed(key_of_caller());

	if (a) {
		/* else one that goes on, or that was missed to end: what comes next tells of it */
		if (a->flags & WATCH_UNTOLD)
			tell_by_return(key, a, error);
		return 0;
	}
	if (!is_failure(-(long)error) && !(is_of_an_attempt(error) && sure && is_unused(sk)))
		return 0;
	owed = take_owed(key);
	if (owed == error)
		return 0;
	a = bpf_map_lookup_elem(&synsent_scratch, &zero);
	if (!a)
		return 0;
	*a = nothing;
	if (!read_server(to, &a->flow) || to_caller == error_to(&a->flow, error))
		return 0;
	a->how = WATCH_NOT_BEGUN;
	a->by = WATCH_KERNEL;
	a->error = error;
	a->start_ns = a->end_ns = bpf_ktime_get_ns();
	if (owed == OWED_FOR_PORT)
		a->flags |= WATCH_PORT;
	/* net/ipv6/tcp_ipv6.c tcp_v6_connect() */
	if (a->flow.family == 4 && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6 &&
	    BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_ipv6only))
		a->flags |= WATCH_V6ONLY;
	a->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	read_process(a);
	if (is_wanted_netns(a->netns) && is_wanted_process(a))
		watch_tell(a);
	return 0;
}

static __noinline int note_failed_call(const struct pt_regs *regs, __s32 error)
{
	struct address to = { 0 };
	struct connect_call call;
	const struct sock *sk;

	if (!read_connect(regs, &call))
		return 0;
	sk = sock_of(call.fd);
	if (!sk)
		forgive(key_of_caller());
	if (!sk || bpf_probe_read_user(to.b, 16, (const void *)call.address) ||
	    (family_of(&to) == AF_INET6 && bpf_probe_read_user(to.b, sizeof(to.b), (const void *)call.address)))
		return 0;
	take_none_if_short(&to, call.len);
	return tell_failed(sk, key_of_number((__u64)connecting_one(sk)), &to, error, has_own_files());
}

#endif
