/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/summary_shown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sinks/diagram_layout.h"
#include "tests/unit/summary_scenes.h"

void play(const char *name, struct summary **ret, struct summary_facts *f)
{
	const struct scene *sc = scenes;

	while (strcmp(sc->name, name))
		sc++;
	*ret = summary_new(0x5eed);
	assert_non_null(*ret);
	sc->play(*ret, f);
}

void assert_fits(const char *text)
{
	const char *line, *end;
	int lines = 0;

	for (line = text; *line; line = end + 1, lines++) {
		end = strchr(line, '\n');
		assert_non_null(end);
		if (diagram_columns(line, (size_t)(end - line)) > 80)
			fail_msg("too wide: %.*s", (int)(end - line), line);
		if (end > line && end[-1] == ' ')
			fail_msg("a blank at the end: %.*s", (int)(end - line), line);
	}
	if (lines < 1 || lines > 24)
		fail_msg("%d lines:\n%s", lines, text);
}

json_t *parse(const char *text)
{
	json_t *j;
	json_error_t e;

	j = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &e);
	if (!j)
		fail_msg("%s: %s", e.text, text);
	assert_int_equal(json_integer_value(json_object_get(j, "v")), 1);
	return j;
}
