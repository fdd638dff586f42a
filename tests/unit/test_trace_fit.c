/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sources/trace_fit.h"

/* The names of those that are loaded, each with a blank after it. */
static const char *loaded(uint32_t have)
{
	static char names[256];
	const char *name;
	bool load;
	int i;

	names[0] = 0;
	for (i = 0; (name = trace_fit_program(i, have, &load)); i++)
		if (load)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s ", name);
	return names;
}

/* tp_btf programs read the arguments that they name: one that a kernel does not give makes it refuse the program. */
static void drops(void **state)
{
	assert_int_equal(trace_fit_drops(3, true, 9), TRACE_FIT_REASONS); /* 5.18 */
	assert_int_equal(trace_fit_drops(4, true, 0), TRACE_FIT_REASONS); /* 6.15: and whose socket */
	assert_int_equal(trace_fit_drops(3, false, 9), TRACE_FIT_PLACES); /* 5.17 */
	assert_int_equal(trace_fit_drops(3, false, 0), 0);
	assert_int_equal(trace_fit_drops(2, true, 9), TRACE_FIT_PLACES);
	assert_int_equal(trace_fit_drops(2, false, 9), TRACE_FIT_PLACES);
	assert_int_equal(trace_fit_drops(2, false, 0), 0);
	assert_int_equal(trace_fit_drops(0, false, 9), 0);
	assert_string_equal(loaded(TRACE_FIT_REASONS), "synsent_drop synsent_drop_in ");
	assert_string_equal(loaded(TRACE_FIT_PLACES), "synsent_drop_at ");
	assert_string_equal(loaded(0), "");
	assert_int_equal(trace_fit_told(TRACE_FIT_REASONS | TRACE_FIT_CALLS), TRACE_DROPS_ALL);
	assert_int_equal(trace_fit_told(TRACE_FIT_PLACES | TRACE_FIT_CALLS), TRACE_DROPS_SOME);
	assert_int_equal(trace_fit_told(TRACE_FIT_CALLS), TRACE_DROPS_NONE);
	assert_null(trace_drops_unseen(TRACE_DROPS_ALL));
	assert_non_null(strstr(trace_drops_unseen(TRACE_DROPS_SOME), "Linux 5.18"));
	assert_non_null(strstr(trace_drops_unseen(TRACE_DROPS_NONE), trace_drops_unseen(TRACE_DROPS_SOME)));
}

/* What connect() returns is told once, by a function or by system calls; each of the others by itself. */
static void others(void **state)
{
	assert_string_equal(loaded(TRACE_FIT_CALLS | TRACE_FIT_FUNCTIONS), "synsent_connect ");
	assert_string_equal(loaded(TRACE_FIT_CALLS | TRACE_FIT_SYSCALLS), "synsent_exit ");
	assert_string_equal(loaded(TRACE_FIT_FUNCTIONS), "");
	assert_string_equal(loaded(TRACE_FIT_SYSCALLS), "");
	assert_string_equal(loaded(TRACE_FIT_CONNTRACK | TRACE_FIT_FUNCTIONS), "synsent_forgotten ");
	assert_string_equal(loaded(TRACE_FIT_CONNTRACK | TRACE_FIT_SYSCALLS), "");
	assert_string_equal(loaded(TRACE_FIT_DESCRIPTORS), "synsent_earlier ");
	assert_string_equal(loaded(TRACE_FIT_CALLS | TRACE_FIT_FUNCTIONS | TRACE_FIT_CONNTRACK | TRACE_FIT_DESCRIPTORS |
				   TRACE_FIT_REASONS),
			    "synsent_connect synsent_forgotten synsent_earlier synsent_drop synsent_drop_in ");
	assert_null(trace_fit_program(-1, 0, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
