/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/doctor.h"

#include <string.h>

#include "cli/predict_words.h"
#include "util/duration.h"

/* TCP_TIMEWAIT_LEN, include/net/tcp.h */
#define TIMEWAIT_S 60

static void seconds(int64_t jiffies, int hz, struct buf *to)
{
	char text[SECONDS_LEN];

	buf_fmt(to, "%s s", seconds_text(schedule_jiffies_ns(jiffies, hz), text));
}

static void of_retries(const struct host *h, const struct host_setting *s, struct buf *to)
{
	struct schedule n;

	schedule_nominal(&h->policy, &n);
	buf_fmt(to, "%d SYNs, and the kernel gives up after ", n.n);
	seconds(n.end, h->policy.hz, to);
}

static void of_linear(const struct host *h, const struct host_setting *s, struct buf *to)
{
	if (s->value)
		buf_fmt(to, "%ld more SYNs, before the waits double", s->value);
	else
		buf_str(to, "the waits double from the first on");
}

static void of_rto_max(const struct host *h, const struct host_setting *s, struct buf *to)
{
	char text[SECONDS_LEN];

	buf_fmt(to, "no wait between SYNs is above %s s", seconds_text(s->value * NS_PER_MS, text));
}

static void of_synack_retries(const struct host *h, const struct host_setting *s, struct buf *to)
{
	struct schedule n;

	schedule_synack((int)s->value, h->policy.rto_max_ms, h->policy.hz, -1, &n);
	buf_str(to, "a half-open connection is gone after ");
	seconds(n.end, h->policy.hz, to);
}

static void of_syncookies(const struct host *h, const struct host_setting *s, struct buf *to)
{
	buf_str(to, s->value == 0   ? "never: a full SYN queue drops SYNs"
		    : s->value == 1 ? "when the SYN queue is full: it drops no SYN"
				    : "always");
}

/* The last quarter is for clients that the kernel knows (net/ipv4/tcp_input.c tcp_conn_request()). */
static void of_syn_backlog(const struct host *h, const struct host_setting *s, struct buf *to)
{
	const struct host_setting *cookies = host_setting(h, "ipv4/tcp_syncookies");

	if (cookies && cookies->value)
		buf_str(to, "limits nothing, for there are syncookies");
	else
		buf_fmt(to, "%ld half-open connections: more SYNs are dropped, but of known clients",
			s->value - s->value / 4 + 1);
}

static void of_somaxconn(const struct host *h, const struct host_setting *s, struct buf *to)
{
	buf_fmt(to, "an accept queue's limit; full, it drops SYNs");
}

/* It is asked when a handshake's last ACK comes; a SYN is dropped before (net/ipv4/tcp_minisocks.c tcp_check_req()). */
static void of_overflow(const struct host *h, const struct host_setting *s, struct buf *to)
{
	buf_str(to, "a full accept queue is silent: clients wait");
	if (s->value)
		buf_str(to, "; an RST comes only where it fills after the SYN-ACK");
}

static void of_ports(const struct host *h, const struct host_setting *s, struct buf *to)
{
	buf_fmt(to, "%ld connections to one server and port", s->second - s->value + 1 - h->reserved_ports);
	if (h->reserved_ports)
		buf_fmt(to, ", without the %ld of ip_local_reserved_ports", h->reserved_ports);
}

/* net/ipv4/tcp_ipv4.c tcp_twsk_unique(); the delay is a sysctl since 6.14. */
static void of_tw_reuse(const struct host *h, const struct host_setting *s, struct buf *to)
{
	const struct host_setting *timestamps = host_setting(h, "ipv4/tcp_timestamps");
	const struct host_setting *delay = host_setting(h, "ipv4/tcp_tw_reuse_delay");
	const bool may = s->value && !(timestamps && !timestamps->value);
	char text[SECONDS_LEN];

	seconds_text((delay ? delay->value : 1000) * NS_PER_MS, text);
	if (may && s->value == 1)
		buf_fmt(to, "TIME-WAIT holds a port for %s s", text);
	else
		buf_fmt(to, "TIME-WAIT holds a port for %d s%s", TIMEWAIT_S,
			may	   ? ", but on loopback"
			: s->value ? ": tcp_timestamps is 0"
				   : "");
}

static void of_rp_filter(const struct host *h, const struct host_setting *s, struct buf *to)
{
	buf_str(to, s->value == 0   ? "off, where a link does not set it"
		    : s->value == 1 ? "strict: SYNs are dropped, unless the answer leaves by the same link"
				    : "loose: SYNs are dropped, unless there is a way back");
}

static void of_conntrack(const struct host *h, const struct host_setting *s, struct buf *to)
{
	const struct host_setting *count = host_setting(h, "netfilter/nf_conntrack_count");

	buf_fmt(to, "%ld in use; full, it drops SYNs", count ? count->value : 0);
}

static void of_low_ports(const struct host *h, const struct host_setting *s, struct buf *to)
{
	buf_str(to, s->value ? "lower ports need CAP_NET_BIND_SERVICE" : "no port needs CAP_NET_BIND_SERVICE");
}

/* nf_conntrack_count goes with nf_conntrack_max. */
static const struct {
	const char *name;
	void (*effect)(const struct host *h, const struct host_setting *s, struct buf *to);
} effects[] = {
	{ "ipv4/tcp_syn_retries", of_retries },
	{ "ipv4/tcp_syn_linear_timeouts", of_linear },
	{ "ipv4/tcp_rto_max_ms", of_rto_max },
	{ "ipv4/tcp_synack_retries", of_synack_retries },
	{ "ipv4/tcp_syncookies", of_syncookies },
	{ "ipv4/tcp_max_syn_backlog", of_syn_backlog },
	{ "core/somaxconn", of_somaxconn },
	{ "ipv4/tcp_abort_on_overflow", of_overflow },
	{ "ipv4/ip_local_port_range", of_ports },
	{ "ipv4/tcp_tw_reuse", of_tw_reuse },
	{ "ipv4/conf/all/rp_filter", of_rp_filter },
	{ "netfilter/nf_conntrack_max", of_conntrack },
	{ "ipv4/ip_unprivileged_port_start", of_low_ports },
};

bool doctor_effect(const struct host *h, const struct host_setting *s, struct buf *to)
{
	size_t i;

	for (i = 0; s->there && i < sizeof(effects) / sizeof(effects[0]); i++)
		if (!strcmp(effects[i].name, s->name)) {
			effects[i].effect(h, s, to);
			return true;
		}
	return false;
}
