/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/far_http.h"

/*
 * The answers to what a client sends, a word each: "200" with its body, "200-" without
 * one, "100", "400", ...; "." when the connection is over.
 */
static const char *answers(const char *sent, size_t len)
{
	static char text[256];
	struct bytes in = bytes_of(sent, len);
	struct http_request h = { 0 };
	struct far_http_answer a;
	bool body, length;

	text[0] = 0;
	while (far_http_feed(&h, &in, &a)) {
		char answer[FAR_HTTP_TEXT_MAX + 1];

		assert_in_range(a.len, 1, FAR_HTTP_TEXT_MAX);
		memcpy(answer, a.text, a.len);
		answer[a.len] = 0;
		body = strstr(answer, "\r\n\r\n")[4];
		length = strstr(answer, "\r\nContent-Length: ");
		sprintf(text + strlen(text), "%s%.3s%s%s", text[0] ? " " : "", answer + 9,
			!body && !strncmp(answer + 9, "200", 3) ? length ? "-" : "--" : "", a.close ? "." : "");
		if (body)
			assert_int_equal(strlen(strstr(answer, "\r\n\r\n") + 4),
					 atoi(strstr(answer, "Length: ") + strlen("Length: ")));
		/* the one answer that says nothing of it is to CONNECT */
		assert_true(a.close == (strstr(answer, "Connection: close\r\n") != NULL) || !length);
	}
	assert_int_equal(in.len, 0);
	return text;
}

static void requests(void **state)
{
	static const struct {
		const char *sent, *want;
	} t[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200" },
		{ "GET / HTTP/1.1\r\nHost: a\r\n", "" },
		{ "GET / HTTP/1.1\nHost: a\n\n", "200" },
		{ "\r\n\r\nGET / HTTP/1.1\r\n\r\n", "200" },
		{ "GET / HTTP/1.1\r\n\r\nPATCH /a%20b?c=d HTTP/1.1\r\n\r\nFOO * HTTP/1.1\r\n\r\n", "200 200 200" },
		{ "HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", "200- 200" },
		{ "HEADS / HTTP/1.1\r\n\r\n", "200" },
		{ "HEAD / HTTP/1.0\r\n\r\n", "200-." },
		{ "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n", "200." },
		{ "GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n", "200." },
		{ "GET / HTTP/1.1\r\nCONNECTION:foo,\tClose , x\r\n\r\n", "200." },
		{ "GET / HTTP/1.1\r\nConnection: closed\r\n\r\n", "200" },
		{ "GET / HTTP/1.1\r\nX-Connection: close\r\n\r\n", "200" },
		{ "GET / HTTP/1.2\r\n\r\n", "200" },
		{ "CONNECT a:443 HTTP/1.1\r\n\r\n\x16\x03\x01", "200--." },
		{ "POST / HTTP/1.1\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		  "200 200" },
		{ "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell", "" },
		{ "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\n\r\n", "200 200" },
		{ "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1 \r\n\r\nx", "200" },
		{ "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", "100" },
		{ "PUT / HTTP/1.1\r\nContent-Length: 2\r\nexpect: 100-Continue\r\n\r\nabGET / HTTP/1.1\r\n\r\n",
		  "100 200 200" },
		{ "GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n", "200" },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "200." },
		{ "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nGET", "200." },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (strcmp(answers(t[i].sent, strlen(t[i].sent)), t[i].want))
			fail_msg("%s%s, not %s", t[i].sent, answers(t[i].sent, strlen(t[i].sent)), t[i].want);
}

/* No request; nothing behind it is read. */
static void refused(void **state)
{
	static const struct {
		const char *sent, *want;
	} t[] = {
		{ "GET /\r\n", "400." },
		{ "GET / HTTP/1.1 \r\n", "400." },
		{ "GET / http/1.1\r\n", "400." },
		{ "GET /HTTP/1.1\r\n", "400." },
		{ "GET HTTP/1.1\r\n", "400." },
		{ " / HTTP/1.1\r\n", "400." },
		{ "GET / HTTP/1.x\r\n", "400." },
		{ "GET / HTTP/11.1\r\n", "400." },
		{ "PRI * HTTP/2.0\r\n\r\n", "505." },
		{ "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "400." },
		{ "GET / HTTP/1.1\r\nA : b\r\n\r\n", "400." },
		{ "GET / HTTP/1.1\r\nA\r\n\r\n", "400." },
		{ "GET / HTTP/1.1\r\n: b\r\n\r\n", "400." },
		{ "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400." },
		{ "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", "400." },
		{ "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400." },
		{ "POST / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n", "400." },
		{ "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", "400." },
		{ "POST / HTTP/1.1\r\nContent-Length: 1000000000000000000\r\n\r\n", "400." },
		{ "\x16\x03\x01\n", "400." },
	};
	static const char nul[] = "GET / HTTP/1.1\r\nA: b\0c\r\n";
	char text[200];
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		snprintf(text, sizeof(text), "%sGET / HTTP/1.1\r\n\r\n", t[i].sent);
		if (strcmp(answers(text, strlen(text)), t[i].want))
			fail_msg("%s%s, not %s", text, answers(text, strlen(text)), t[i].want);
	}
	assert_string_equal(answers(nul, sizeof(nul) - 1), "400.");
}

/* A line longer than what is kept of it, and a head longer than what is read. */
static void sizes(void **state)
{
	static char text[2 * HTTP_HEAD_MAX];
	int len, n;

	for (n = 100; n < 1200; n += n < 450 || n > 560 ? 5 : 1) {
		len = snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\nCookie: %0*d\r\n\r\nHEAD / HTTP/1.1\r\n\r\n",
			       n, 0, n, 0);
		assert_string_equal(answers(text, (size_t)len), "200 200-");
	}
	len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nConnection: %0600d, close\r\n\r\n", 0);
	assert_string_equal(answers(text, (size_t)len), "200.");
	len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nContent-Length: %0600d\r\n\r\n", 0);
	assert_string_equal(answers(text, (size_t)len), "400.");
	for (n = 0; n < 2; n++) {
		len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nA: %0*d\r\n\r\n", HTTP_HEAD_MAX - 23 + n, 0);
		assert_int_equal(len, HTTP_HEAD_MAX + n);
		assert_string_equal(answers(text, (size_t)len), n ? "431." : "200");
	}
	/* empty lines in front of a request are no way round it */
	memset(text, '\n', sizeof(text));
	assert_string_equal(answers(text, sizeof(text)), "431.");
}

static void starts(void **state)
{
	static const struct {
		const char *text;
		enum far_http_start want;
	} t[] = {
		{ "", FAR_HTTP_MAYBE },	       { "G", FAR_HTTP_MAYBE },	    { "GET", FAR_HTTP_MAYBE },
		{ "GET ", FAR_HTTP_IS },       { "GET / ", FAR_HTTP_IS },   { "GETX", FAR_HTTP_ISNT },
		{ "get ", FAR_HTTP_ISNT },     { "P", FAR_HTTP_MAYBE },	    { "PI", FAR_HTTP_ISNT },
		{ "OPTIONS", FAR_HTTP_MAYBE }, { "OPTIONS ", FAR_HTTP_IS }, { "CONNECT ", FAR_HTTP_ISNT },
		{ "C", FAR_HTTP_ISNT },	       { "PATCH ", FAR_HTTP_IS },   { "DELETE ", FAR_HTTP_IS },
		{ "HEAD ", FAR_HTTP_IS },      { "PUT ", FAR_HTTP_IS },	    { "POST ", FAR_HTTP_IS },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (far_http_looks(bytes_of(t[i].text, strlen(t[i].text))) != t[i].want)
			fail_msg("%s", t[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(refused),
		cmocka_unit_test(sizes),
		cmocka_unit_test(starts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
