/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "lab/far_http.h"

#define TEXTS_MAX(len) (((len) / FAR_HTTP_SHORTEST + 1) * FAR_HTTP_TEXT_MAX)

/* All that is said to the input when it comes in pieces of so many bytes.  Returns its length. */
static size_t all_said(const uint8_t *data, size_t size, size_t piece, char *to)
{
	struct http_request h = { 0 };
	struct far_http_answer a;
	bool over = false;
	size_t len = 0, at, n;

	for (at = 0; at < size; at += n) {
		struct bytes in = bytes_of(data + at, piece < size - at ? piece : size - at);

		n = in.len;
		while (far_http_feed(&h, &in, &a)) {
			MUST(!over && a.len > 0 && a.len <= FAR_HTTP_TEXT_MAX);
			MUST(!strncmp(a.text, "HTTP/1.1 ", 9) && strlen(a.text) >= a.len);
			MUST(len + a.len <= TEXTS_MAX(at + n));
			memcpy(to + len, a.text, a.len);
			len += a.len;
			over = a.close;
		}
		MUST(!in.len);
	}
	return len;
}

/* What the first bytes tell stays true with more of them. */
static void check_start(const uint8_t *data, size_t size)
{
	enum far_http_start now, before = FAR_HTTP_MAYBE;
	size_t len;

	for (len = 0; len <= size && len <= 2 * FAR_HTTP_START_MAX; len++) {
		now = far_http_looks(bytes_of(data, len));
		MUST(before == FAR_HTTP_MAYBE || now == before);
		MUST(len < FAR_HTTP_START_MAX || now != FAR_HTTP_MAYBE);
		before = now;
	}
}

/* An input is what a client sends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 3, 64 };
	char *whole = malloc(TEXTS_MAX(size)), *cut = malloc(TEXTS_MAX(size));
	size_t i, len;

	MUST(whole && cut);
	check_start(data, size);
	len = all_said(data, size, size ? size : 1, whole);
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		MUST(all_said(data, size, pieces[i], cut) == len && !memcmp(whole, cut, len));
	free(whole);
	free(cut);
	return 0;
}
