/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tcpdump.h"

#include <stdlib.h>
#include <time.h>

#include "packet/ip.h"
#include "packet/tcpdump_print.h"
#include "util/duration.h"

#define IPV4_HEADER_LEN 20

struct tcpdump {
	struct tcpdump_opts opts;
	struct conversations *conversations;
};

struct tcpdump *tcpdump_new(const struct tcpdump_opts *o)
{
	struct tcpdump *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->opts = *o;
	if (!o->absolute) {
		t->conversations = conversations_new(o->seed);
		if (!t->conversations) {
			free(t);
			return NULL;
		}
	}
	return t;
}

void tcpdump_free(struct tcpdump *t)
{
	if (!t)
		return;
	conversations_free(t->conversations);
	free(t);
}

void print_addresses(const struct printer *pr)
{
	char src[ADDR_TEXT_LEN], dst[ADDR_TEXT_LEN];

	buf_fmt(pr->to, "%s > %s", addr_format(&pr->p->src, src), addr_format(&pr->p->dst, dst));
}

static void print_time(const struct tcpdump *t, int64_t t_ns, struct buf *to)
{
	int us = (int)(t_ns % NS_PER_S / NS_PER_US);
	time_t s = (time_t)(t_ns / NS_PER_S);
	struct tm tm;

	if (t_ns >= 0 && (t->opts.utc ? gmtime_r(&s, &tm) : localtime_r(&s, &tm)))
		buf_fmt(to, "%02d:%02d:%02d.%06d ", tm.tm_hour, tm.tm_min, tm.tm_sec, us);
	else
		buf_str(to, "[Error converting time] ");
}

static const char *type_below_tags(const struct packet *p)
{
	const struct path_step *s = p->path.steps;
	int i = 0, n = p->path.n < PATH_STEPS_MAX ? p->path.n : PATH_STEPS_MAX;

	while (i < n && s[i].kind == PATH_VLAN)
		i++;
	if (i < n && s[i].kind == PATH_MPLS)
		return "MPLS unicast";
	if (i < n && s[i].kind == PATH_PPPOE)
		return "PPPoE S";
	return (i < n ? s[i].src.family : p->ip_version) == 6 ? "IPv6" : "IPv4";
}

static void print_link(const struct tcpdump *t, const struct packet *p, struct buf *to)
{
	static const char *const directions[] = { "In", "B", "M", "P", "Out" };
	const char *name;
	int i;

	if (p->linktype == LINK_LINUX_SLL2) {
		name = t->opts.if_name ? t->opts.if_name(p->if_index) : NULL;
		buf_fmt(to, "%-5s %-3s ", name ? name : "?",
			p->direction < sizeof(directions) / sizeof(directions[0]) ? directions[p->direction] : "?");
	}
	if (p->linktype != LINK_LINUX_SLL && p->linktype != LINK_LINUX_SLL2)
		return;
	for (i = 0; i < p->vlans; i++)
		buf_fmt(to, "ethertype %s, ", i < p->vlans - 1 ? "802.1Q" : type_below_tags(p));
}

/* After the addresses: the transport's own part. */
static bool print_transport(struct printer *pr, bool addresses_printed)
{
	const struct packet *p = pr->p;

	if (pr->tunnel)
		return print_tunnel(pr, addresses_printed);
	if (p->protocol == PROTO_TCP)
		return print_tcp(pr, addresses_printed);
	if (p->ip_version == 4 && p->protocol == PROTO_ICMP)
		return print_icmp(pr);
	if (p->ip_version == 6 && p->protocol == PROTO_ICMPV6)
		return print_icmpv6(pr);
	return true;
}

static bool print_chain(struct printer *pr, uint8_t first_protocol)
{
	bool stop = false, ports_follow = first_protocol == PROTO_TCP || first_protocol == PROTO_UDP ||
					  first_protocol == PROTO_DCCP || first_protocol == PROTO_SCTP;

	if (!ports_follow) {
		print_addresses(pr);
		buf_str(pr->to, ": ");
	}
	if (!print_extensions(pr, &stop))
		return false;
	return stop ? !pr->tunnel : print_transport(pr, !ports_follow);
}

static bool print_ipv4(struct printer *pr)
{
	const struct packet *p = pr->p;
	uint32_t header_len = (p->ip.p[0] & 15u) * 4;

	pr->protocol = "ip";
	if (header_len < IPV4_HEADER_LEN) {
		buf_fmt(pr->to, "bad-hlen %u", header_len);
		return true;
	}
	if (p->ip_on_wire < p->ip_total)
		buf_fmt(pr->to, "truncated-ip - %u bytes missing! ", p->ip_total - p->ip_on_wire);
	if (p->ip_total < header_len) {
		buf_fmt(pr->to, "bad-len %u", p->ip_total);
		return !pr->tunnel;
	}
	if (p->ip_fragment) {
		print_addresses(pr);
		buf_fmt(pr->to, ": ip-proto-%u", p->protocol);
		return true;
	}
	if (p->ip.len < header_len) {
		buf_fmt(pr->to, " [remaining caplen(%zu) < header length(%u)]", p->ip.len, header_len);
		return false;
	}
	return print_chain(pr, p->ip.p[9]);
}

static bool print_ipv6(struct printer *pr)
{
	const struct packet *p = pr->p;

	pr->protocol = "ip6";
	if (p->ip_on_wire < p->ip_total)
		buf_fmt(pr->to, "truncated-ip6 - %u bytes missing!", p->ip_total - p->ip_on_wire);
	/* To tcpdump a length of 0 is no length; only a jumbogram may have it. */
	if (!p->ip_total && p->ip.p[6] == PROTO_TCP) {
		pr->protocol = "tcp";
		print_addresses(pr);
		buf_char(pr->to, ':');
		return false;
	}
	return print_chain(pr, p->ip.p[6]);
}

bool print_ip(struct printer *pr)
{
	const struct packet *p = pr->p;

	if (p->ip_version == 4) {
		buf_str(pr->to, "IP ");
		return print_ipv4(pr);
	}
	if (p->ip_version == 6) {
		buf_str(pr->to, "IP6 ");
		return print_ipv6(pr);
	}
	/* Cut within the header. */
	pr->protocol = p->ip.len && p->ip.p[0] >> 4 == 6 ? "ip6" : "ip";
	if (p->ip.len && p->ip.p[0] >> 4 != 6)
		buf_str(pr->to, "IP ");
	return !p->ip.len;
}

void tcpdump_line(struct tcpdump *t, int64_t t_ns, const struct packet *p, struct buf *to)
{
	struct printer pr = { .to = to, .p = p, .protocol = "ip", .conversations = t->conversations };

	print_time(t, t_ns, to);
	print_link(t, p, to);
	if (print_around(&pr) && !print_ip(&pr))
		buf_fmt(to, " [|%s]", pr.protocol);
}
