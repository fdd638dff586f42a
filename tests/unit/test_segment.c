// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices of one namespace, so that no number for another has to be asked of the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/if_link.h>

#include "sources/segment.h"

static struct linkmap_device devices[32];
static struct linkmap map;
static struct segment got;

static int begin(void **state)
{
	map = (struct linkmap){ .v = devices };
	return 0;
}

/* Which has that place's number, from 1. */
static uint32_t add(const char *kind, uint32_t link, uint32_t master, uint32_t number)
{
	struct link_seen l = { .ifindex = (uint32_t)map.n + 1, .link = link, .master = master, .number = number };

	strcpy(l.kind, kind);
	devices[map.n++] = (struct linkmap_device){ .netns = 7, .is = l };
	return l.ifindex;
}

/* Two devices; the first one's number. */
static uint32_t pair(uint32_t master_a, uint32_t master_b)
{
	uint32_t a = (uint32_t)map.n + 1;

	add("veth", a + 1, master_a, 0);
	add("veth", a, master_b, 0);
	return a;
}

/* What a frame by `from` comes to, as bits of numbers. */
static uint32_t ends(uint32_t from)
{
	uint32_t bits = 0;
	int i;

	segment_find(&map, (int)from - 1, &got);
	for (i = 0; i < got.n; i++) {
		assert_false(bits & 1U << devices[got.v[i]].is.ifindex);
		bits |= 1U << devices[got.v[i]].is.ifindex;
	}
	return bits;
}

#define BIT(n) (1U << (n))

static void pairs(void **state)
{
	uint32_t a = pair(0, 0), b = pair(0, 0);

	assert_int_equal(ends(a), BIT(a + 1));
	assert_int_equal(ends(b + 1), BIT(b));
	assert_int_equal(got.left, -1);
	assert_false(got.unsure);
}

static void hardware(void **state)
{
	uint32_t a = add("", 0, 0, 0), tun = add("tun", 0, 0, 0);

	assert_int_equal(ends(a), 0);
	assert_int_equal(got.left, (int)a - 1);
	assert_int_equal(ends(tun), 0);
	assert_int_equal(got.left, (int)tun - 1);
}

/* To all ports, and to the bridge itself; a bridge's own frame not to itself. */
static void bridges(void **state)
{
	uint32_t bridge = add("bridge", 0, 0, 0), a = pair(bridge, 0), b = pair(bridge, 0);

	add("", 0, bridge, 0);
	assert_int_equal(ends(a + 1), BIT(bridge) | BIT(b + 1));
	assert_int_equal(got.left, map.n - 1);
	assert_int_equal(ends(bridge), BIT(a + 1) | BIT(b + 1));
}

static void bonds(void **state)
{
	uint32_t bond = add("bond", 0, 0, 0), other = add("bond", 0, 0, 0);

	pair(bond, other);
	pair(bond, other);
	assert_int_equal(ends(bond), BIT(other));
}

/* The slaves of a VRF are devices of their own. */
static void vrfs(void **state)
{
	uint32_t vrf = add("vrf", 0, 0, 0), a = pair(vrf, 0);

	pair(vrf, 0);
	assert_int_equal(ends(a + 1), BIT(a));
}

/* What one sends comes to its siblings, and not to the device that they are made upon. */
static void macvlans(void **state)
{
	uint32_t a = pair(0, 0), one = add("macvlan", a, 0, MACVLAN_MODE_BRIDGE),
		 two = add("macvlan", a, 0, MACVLAN_MODE_BRIDGE), three = add("macvlan", a, 0, MACVLAN_MODE_PRIVATE);

	assert_int_equal(ends(one), BIT(two) | BIT(a + 1));
	assert_int_equal(ends(three), BIT(a + 1));
	assert_int_equal(ends(a), BIT(a + 1));
	assert_int_equal(ends(a + 1), BIT(a) | BIT(one) | BIT(two) | BIT(three));
}

static void ipvlans(void **state)
{
	uint32_t a = add("", 0, 0, 0), one = add("ipvlan", a, 0, 0), two = add("ipvlan", a, 0, 0);

	assert_int_equal(ends(one), BIT(two));
	assert_int_equal(got.left, (int)a - 1);
}

/* A tag takes a frame to those of the same VLAN alone, through a bridge too. */
static void vlans(void **state)
{
	uint32_t bridge = add("bridge", 0, 0, 0), a = pair(bridge, 0), b = pair(bridge, 0),
		 one = add("vlan", a + 1, 0, 7), two = add("vlan", b + 1, 0, 7), three = add("vlan", b + 1, 0, 8);

	assert_int_equal(ends(one), BIT(two));
	assert_int_equal(ends(three), 0);
	assert_int_equal(ends(a + 1), BIT(bridge) | BIT(b + 1));
}

static void vxlans(void **state)
{
	uint32_t one = add("vxlan", 0, 0, 42), two = add("vxlan", 0, 0, 42);

	add("vxlan", 0, 0, 43);
	assert_int_equal(ends(one), BIT(two));
	assert_true(got.unsure);
}

/* Bridges in a ring: it ends. */
static void rings(void **state)
{
	uint32_t a = add("bridge", 0, 0, 0), b = add("bridge", 0, 0, 0), c;

	pair(a, b);
	pair(a, b);
	c = pair(a, 0);
	assert_int_equal(ends(c + 1), BIT(a) | BIT(b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(pairs, begin),	cmocka_unit_test_setup(hardware, begin),
		cmocka_unit_test_setup(bridges, begin), cmocka_unit_test_setup(bonds, begin),
		cmocka_unit_test_setup(vrfs, begin),	cmocka_unit_test_setup(macvlans, begin),
		cmocka_unit_test_setup(ipvlans, begin), cmocka_unit_test_setup(vlans, begin),
		cmocka_unit_test_setup(vxlans, begin),	cmocka_unit_test_setup(rings, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
