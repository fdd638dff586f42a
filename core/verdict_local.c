/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/verdict_local.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/verdict_say.h"

/* What TCP refuses whatever the routes are: net/ipv4/tcp_ipv4.c tcp_v4_connect(), net/ipv6/tcp_ipv6.c tcp_v6_connect()
 */
static const char *not_for_tcp(const struct attempt *a)
{
	static const uint8_t all[4] = { 255, 255, 255, 255 };
	const struct addr *to = &a->flow.server.addr;

	if (a->to_broadcast || (to->family == 4 && !memcmp(to->b, all, sizeof(all))))
		return "broadcast";
	return (to->family == 4 && to->b[0] >> 4 == 14) || (to->family == 6 && to->b[0] == 255) ? "multicast" : NULL;
}

static bool is_link_local(const struct addr *to)
{
	return to->family == 6 && to->b[0] == 0xfe && (to->b[1] & 0xc0) == 0x80;
}

/* net/ipv6/tcp_ipv6.c tcp_v6_connect(); a program may give EINVAL, too. */
static void no_interface(const struct attempt *a, struct verdict *v)
{
	if (a->traced)
		v->confidence = CONFIDENCE_LIKELY;
	say_headline(v, "a link-local address goes with an interface, and connect() had none, or not the socket's");
	say_remedy(v, "give the interface with it, as fe80::1%%eth0 (sin6_scope_id)");
}

const char *route_command(const struct attempt *a, char to[ROUTE_COMMAND_LEN])
{
	char address[ADDR_TEXT_LEN];

	snprintf(to, ROUTE_COMMAND_LEN, "`ip route get %s`", addr_format(&a->flow.server.addr, address));
	return to;
}

static bool is_of_routes(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES || error == EINVAL;
}

/* A program may have given the routes' error: of a cgroup, by bpf_set_retval(), or seccomp. */
static bool is_in_doubt(const struct attempt *a, const struct verdict *v)
{
	return a->traced && is_of_routes(v->error) && (!a->route_asked || a->route_error != v->error);
}

static void doubt(const struct attempt *a, struct verdict *v)
{
	char command[ROUTE_COMMAND_LEN];

	v->confidence = CONFIDENCE_LIKELY;
	if (!a->route_asked) {
		say_evidence(v, "the routes of its network namespace could not be asked, or not of so many at once");
		return;
	}
	if (a->route_error)
		say_evidence(v, "the routes of its network namespace, asked afterwards, give %s",
			     errno_name(a->route_error));
	else
		say_evidence(v, "the routes of its network namespace, asked afterwards, have a way to the server");
	say_advice(v,
		   "%s and `ip rule`, whose rules may ask for the user or a mark; a device or a source address that "
		   "the socket is bound to; and programs that refuse connect(): of a cgroup (`bpftool cgroup tree`), "
		   "a seccomp filter, a security module",
		   route_command(a, command));
}

static void no_route(const struct attempt *a, struct verdict *v)
{
	const char *kind = not_for_tcp(a);
	char command[ROUTE_COMMAND_LEN];

	if (a->v6only) {
		say_headline(v, "the socket is for IPv6 alone, and the server's address is one of IPv4");
		say_remedy(v, "clear IPV6_V6ONLY, do not bind it to an address of IPv6, or use a socket of IPv4");
		return;
	}
	if (kind) {
		say_headline(v, "that is a %s address, and TCP cannot connect to one", kind);
		say_remedy(v, "give the address of a single host");
		return;
	}
	say_headline(v, a->route_asked && !a->route_error
				? "this socket had no route to the server, or a program refused its connect()"
				: "this host has no route to the server");
	say_advice(v, "%s, and whether the interface is up", route_command(a, command));
	if (is_in_doubt(a, v))
		doubt(a, v);
}

static void refused_by_route(const struct attempt *a, struct verdict *v)
{
	bool in_doubt = is_in_doubt(a, v);
	char command[ROUTE_COMMAND_LEN];

	if (v->error == EINVAL && is_link_local(&a->flow.server.addr)) {
		no_interface(a, v);
		return;
	}
	if (v->error == EHOSTUNREACH) {
		say_headline(v, "a route of this host says unreachable, or a program does");
		say_advice(v, "%s; cgroup programs: `bpftool cgroup tree`", route_command(a, command));
	} else if (v->error == EACCES) {
		say_headline(v, "a route of type prohibit, or a sandbox or security module, forbids it on this host");
		say_advice(v, "%s and `ip rule`", route_command(a, command));
	} else if (a->route_asked && !a->route_error) {
		say_headline(
			v,
			"this host's kernel refused: a route of type blackhole for this socket, a bad address, or a program");
	} else {
		say_headline(v, "this host's kernel refused: a route of type blackhole, or a bad address");
		say_advice(v, "%s: a blackhole route gives EINVAL", route_command(a, command));
	}
	if (in_doubt)
		doubt(a, v);
	else if (a->route_asked)
		say_headline(v, "a route of this host, of type %s, refuses it",
			     v->error == EHOSTUNREACH ? "unreachable"
			     : v->error == EACCES     ? "prohibit"
						      : "blackhole");
}

/* Without a SYN the kernel has none of the errors that end an attempt. */
static void refused_by_program(const struct attempt *a, struct verdict *v)
{
	say_headline(v, "connect() failed on this host");
	if (!a->traced)
		return;
	v->confidence = CONFIDENCE_LIKELY;
	say_headline(v, "a program refused its connect(): of a cgroup, a seccomp filter or a security module");
	say_advice(v, "`bpftool cgroup tree` has the programs of cgroups; `Seccomp` in /proc/PID/status");
}

/*
 * Programs refuse a call before the socket goes to SYN-SENT, as IPv6 does without a source address; a source port is
 * looked for afterwards (net/ipv4/tcp_ipv4.c tcp_v4_connect(), net/ipv6/tcp_ipv6.c tcp_v6_connect()).
 */
static void not_available(const struct attempt *a, struct verdict *v)
{
	char command[ROUTE_COMMAND_LEN];

	if (a->route_asked && a->route_error == EADDRNOTAVAIL) {
		if (a->no_ipv6) {
			say_headline(v, "no address of IPv6 in its network namespace: IPv6 is off there, likely");
			say_remedy(
				v,
				"net.ipv6.conf.all.disable_ipv6, if IPv6 is wanted there; else such a client goes on "
				"with an address of IPv4, and this costs no time");
			return;
		}
		say_headline(v, "this host has no source address for it");
		say_advice(v, "%s, and `ip -6 addr` of its interface", route_command(a, command));
		return;
	}
	say_headline(v, a->port_sought ? "no free source port on this host"
				       : "no free source port or address on this host");
	say_remedy(v,
		   "widen net.ipv4.ip_local_port_range, or have fewer sockets in SYN-SENT and TIME-WAIT (`ss -tan`)");
	if (!a->traced)
		return;
	if (a->port_sought) {
		say_evidence(v, "its connect() had come to SYN-SENT, where the kernel looks for a source port");
		return;
	}
	refused_by_program(a, v);
	if (a->flow.server.addr.family == 6 && !a->route_asked)
		say_headline(v, "a program refused its connect(), or this host has no source address for it");
	say_evidence(v, "its socket was not seen to go to SYN-SENT, where the kernel looks for a source port");
}

void failed_locally(const struct attempt *a, struct verdict *v)
{
	bool unreachable = v->error == ENETUNREACH || v->error == EHOSTUNREACH;

	say_conclusion(v, unreachable ? OUTCOME_UNREACHABLE : OUTCOME_FAILED, GAVE_UP_KERNEL, LIMIT_NONE,
		       CONFIDENCE_CERTAIN);
	switch (v->error) {
	case ENETUNREACH:
		no_route(a, v);
		break;
	case EHOSTUNREACH:
	case EACCES:
	case EINVAL:
		refused_by_route(a, v);
		break;
	case EADDRNOTAVAIL:
		not_available(a, v);
		break;
	case EPERM:
		say_headline(v,
			     "this host's policy forbids it: a sandbox, a cgroup program, a security module or IPsec");
		say_advice(
			v,
			"`bpftool cgroup tree` has the programs of cgroups, `ip xfrm policy` IPsec's; what a security "
			"module refused is in the audit log or in `journalctl -k`");
		break;
	case ECONNREFUSED:
	case ETIMEDOUT:
	case ECONNRESET:
	case ECONNABORTED:
		refused_by_program(a, v);
		break;
	default:
		say_headline(v, "connect() failed on this host: %s", errno_text(v->error));
	}
	say_evidence(v, "connect() returned %s at once and no SYN left the host", errno_name(v->error));
}
