/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the filter of conntrack's events lets through: by the kernel, of datagrams that are made as it makes events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sources/conntrack_events.h"

struct told {
	uint32_t status;
	uint8_t protocol;
	bool timeout, tuple, has_status;
};

#define REFUSED ((struct told){ IPS_CONFIRMED | IPS_DST_NAT | IPS_DYING, IPPROTO_TCP, true, true, true })

static void make(const struct told *t, struct nlput *m)
{
	const struct nfgenmsg of = { .nfgen_family = AF_INET };
	const uint8_t address[4] = { 10, 0, 0, 1 };
	size_t tuple, nest;
	uint16_t type;

	nlput_begin(m, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, 0, 0, &of, sizeof(of));
	for (type = CTA_TUPLE_ORIG; type <= CTA_TUPLE_REPLY && t->tuple; type++) {
		tuple = nlput_nest(m, type);
		nest = nlput_nest(m, CTA_TUPLE_IP);
		nlput_attr(m, CTA_IP_V4_SRC, address, sizeof(address));
		nlput_attr(m, CTA_IP_V4_DST, address, sizeof(address));
		nlput_end_nest(m, nest);
		nest = nlput_nest(m, CTA_TUPLE_PROTO);
		nlput_attr(m, CTA_PROTO_NUM, &t->protocol, 1);
		nlput_end_nest(m, nest);
		nlput_end_nest(m, tuple);
	}
	nlput_u32be(m, CTA_ID, 1);
	if (t->has_status)
		nlput_u32be(m, CTA_STATUS, t->status);
	if (t->timeout)
		nlput_u32be(m, CTA_TIMEOUT, 119);
	nlput_end(m);
}

static bool passes(struct told t, bool timeout)
{
	struct sock_filter code[CONNTRACK_EVENTS_FILTER_MAX];
	struct sock_fprog filter = { .filter = code };
	struct nlput m = { 0 };
	char got[1024];
	ssize_t n;
	int fd[2];

	filter.len = (uint16_t)conntrack_events_filter(timeout, code);
	assert_in_range(filter.len, 1, CONNTRACK_EVENTS_FILTER_MAX);
	make(&t, &m);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(setsockopt(fd[1], SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)), 0);
	send(fd[0], m.b.data, m.b.len, 0); /* EPERM, where it does not pass */
	n = recv(fd[1], got, sizeof(got), 0);
	if (n >= 0)
		assert_int_equal(n, m.b.len); /* whole */
	close(fd[0]);
	close(fd[1]);
	buf_fini(&m.b);
	return n >= 0;
}

static void refused(void **state)
{
	struct told t = REFUSED;

	assert_true(passes(t, true));
	assert_true(passes(t, false));
	t.status = IPS_SRC_NAT;
	assert_true(passes(t, true));
}

static void others(void **state)
{
	struct told t = REFUSED;

	t.status = IPS_CONFIRMED | IPS_DYING | IPS_DST_NAT_DONE | IPS_SRC_NAT_DONE;
	assert_false(passes(t, true));
	t.status = IPS_DST_NAT | IPS_SEEN_REPLY;
	assert_false(passes(t, true));
	t = REFUSED;
	t.protocol = IPPROTO_UDP;
	assert_false(passes(t, true));
	assert_false(passes(t, false));
	/* it ended by itself */
	t = REFUSED;
	t.timeout = false;
	assert_false(passes(t, true));
	assert_true(passes(t, false));
}

static void incomplete(void **state)
{
	struct told t = REFUSED;

	t.has_status = false;
	assert_false(passes(t, false));
	t = REFUSED;
	t.tuple = false;
	assert_false(passes(t, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(others),
		cmocka_unit_test(incomplete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
