/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/predict_words.h"

#include <stdio.h>
#include <string.h>

#include "util/buf.h"
#include "util/duration.h"

#define WIDTH 80

char *seconds_text(int64_t ns, char to[SECONDS_LEN])
{
	int64_t ms = (ns + NS_PER_MS / 2) / NS_PER_MS;
	int n = snprintf(to, SECONDS_LEN, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));

	while (to[n - 1] == '0')
		to[--n] = '\0';
	if (to[n - 1] == '.')
		to[--n] = '\0';
	return to;
}

char *span_text(int64_t min_ns, int64_t max_ns, char to[SPAN_LEN])
{
	int digits = max_ns < 10 * NS_PER_S ? 2 : 1;
	int64_t per_s = digits == 2 ? 100 : 10, unit = NS_PER_S / per_s;
	int64_t lo = (min_ns + unit / 2) / unit, hi = (max_ns + unit / 2) / unit;
	int n = 0;

	if (lo != hi)
		n = snprintf(to, SPAN_LEN, "%lld.%0*lld to ", (long long)(lo / per_s), digits, (long long)(lo % per_s));
	snprintf(to + n, (size_t)(SPAN_LEN - n), "%lld.%0*lld s", (long long)(hi / per_s), digits,
		 (long long)(hi % per_s));
	return to;
}

/* `separator` ends with a blank, where a line may break. */
static void wrap(struct buf *to, const char *lead, const char *text, const char *separator)
{
	size_t indent = strlen(lead), at = indent, len;
	const char *next;

	buf_str(to, lead);
	for (; *text; text = next) {
		next = strstr(text, separator);
		len = next ? (size_t)(next - text) + strlen(separator) - 1 : strlen(text);
		next = text + len + (next != NULL);
		if (at > indent && at + 1 + len > WIDTH) {
			buf_char(to, '\n');
			buf_repeat(to, " ", indent);
			at = indent;
		} else if (at > indent) {
			buf_char(to, ' ');
			at++;
		}
		buf_add(to, text, len);
		at += len;
	}
	buf_char(to, '\n');
}

void add_wrapped(struct buf *to, const char *lead, const char *text)
{
	wrap(to, lead, text, " ");
}

void add_items(struct buf *to, const char *lead, const char *text)
{
	wrap(to, lead, text, ", ");
}
