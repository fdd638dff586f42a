/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of tc's filters may drop, as rtnetlink tells of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>

#include "sources/netprogs_parse.h"
#include "sources/nlget.h"
#include "sources/nlput.h"

static struct netprog p;

/* One of this kind, with an action of that kind; 0: gact has none. */
static bool may_drop(const char *kind, uint16_t actions, const char *action, int what, uint32_t program)
{
	const struct tcmsg tc = { .tcm_ifindex = 3, .tcm_handle = 1, .tcm_info = TC_H_MAKE(7 << 16, 0) };
	const struct tc_gact gact = { .action = what };
	struct nlput m = { 0 };
	struct nlget got;
	size_t options, all, one, of_action;
	struct bytes b;
	bool found;

	nlput_begin(&m, RTM_NEWTFILTER, 0, 1, &tc, sizeof(tc));
	nlput_text(&m, TCA_KIND, kind);
	options = nlput_nest(&m, TCA_OPTIONS);
	if (program)
		nlput_attr(&m, TCA_BPF_ID, &program, sizeof(program));
	if (action) {
		all = nlput_nest(&m, actions);
		one = nlput_nest(&m, 1);
		nlput_text(&m, TCA_ACT_KIND, action);
		of_action = nlput_nest(&m, TCA_ACT_OPTIONS);
		nlput_attr(&m, TCA_GACT_PARMS, &gact, sizeof(gact));
		nlput_end_nest(&m, of_action);
		nlput_end_nest(&m, one);
		nlput_end_nest(&m, all);
	}
	nlput_end_nest(&m, options);
	nlput_end(&m);
	b = bytes_of(m.b.data, m.b.len);
	assert_true(nlget_message(&b, &got));
	found = netprogs_of_filter(got.payload, &p);
	buf_fini(&m.b);
	return found;
}

static void filters(void **test)
{
	assert_true(may_drop("flower", TCA_FLOWER_ACT, "gact", TC_ACT_SHOT, 0));
	assert_int_equal(p.kind, NETPROG_TC_FILTER);
	assert_string_equal(p.mode, "flower");
	assert_int_equal(p.ifindex, 3);
	assert_int_equal(p.priority, 7);
	assert_false(may_drop("flower", TCA_FLOWER_ACT, "gact", TC_ACT_OK, 0));
	assert_false(may_drop("flower", TCA_FLOWER_ACT, "mirred", TC_ACT_SHOT, 0));
	assert_false(may_drop("flower", TCA_FLOWER_ACT, NULL, 0, 0));
	assert_true(may_drop("matchall", TCA_MATCHALL_ACT, "police", 0, 0));
}

static void programs(void **test)
{
	assert_true(may_drop("bpf", TCA_BPF_ACT, NULL, 0, 42));
	assert_int_equal(p.kind, NETPROG_TC);
	assert_int_equal(p.id, 42);
	/* of classic BPF: its action drops, or nothing does */
	assert_true(may_drop("bpf", TCA_BPF_ACT, "gact", TC_ACT_SHOT, 0));
	assert_int_equal(p.kind, NETPROG_TC_FILTER);
	assert_string_equal(p.mode, "bpf");
	assert_false(may_drop("bpf", TCA_BPF_ACT, NULL, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(filters), cmocka_unit_test(programs) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
