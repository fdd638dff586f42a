/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/attempt_json.h"
#include "sinks/json.h"
#include "sinks/rfc3339.h"
#include "sinks/zeek.h"

#define S INT64_C(1000000000)

static void commas(void **state)
{
	struct buf b = { 0 };
	struct json j;

	json_init(&j, &b);
	json_begin_object(&j);
	json_key_int(&j, "a", INT64_MIN);
	json_key(&j, "b");
	json_begin_array(&j);
	json_begin_array(&j);
	json_end(&j);
	json_begin_object(&j);
	json_end(&j);
	json_uint(&j, UINT64_MAX);
	json_bool(&j, true);
	json_bool(&j, false);
	json_nothing(&j);
	json_text(&j, NULL);
	json_text(&j, "");
	json_end(&j);
	json_key_string(&j, "absent", NULL);
	json_key_string(&j, "empty", "");
	json_key_string(&j, "c", "d");
	json_end(&j);
	assert_string_equal(buf_text(&b), "{\"a\":-9223372036854775808,\"b\":[[],{},18446744073709551615,true,false,"
					  "null,null,\"\"],\"c\":\"d\"}");
	buf_fini(&b);
}

static void strings(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "plain", "\"plain\"" },
		{ "a\"b\\c/", "\"a\\\"b\\\\c/\"" },
		{ "\n\t\r\x01\x1b[31m\x7f", "\"\\n\\t\\u000d\\u0001\\u001b[31m\\u007f\"" },
		{ "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80", "\"caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80\"" },
		{ "\xc2\x9b\xe2\x80\xae", "\"\\u009b\\u202e\"" },
		/* cut, stray, overlong, surrogate, beyond Unicode, 0xff */
		{ "\xc3", "\"\xef\xbf\xbd\"" },
		{ "\x80z", "\"\xef\xbf\xbdz\"" },
		{ "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xe6\x97q", "\"\xef\xbf\xbd\xef\xbf\xbdq\"" },
		{ "\xff", "\"\xef\xbf\xbd\"" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };
		struct json j;

		json_init(&j, &b);
		json_text(&j, rows[i].in);
		assert_string_equal(buf_text(&b), rows[i].out);
		buf_fini(&b);
	}
}

static void milliseconds(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 1024000000, "1024" },
		{ 1009500000, "1009.5" },
		{ 1, "0.000001" },
		{ -1500000, "-1.5" },
		{ 10010, "0.01001" },
		{ -1, "-0.000001" },
		{ INT64_MIN, "-9223372036854.775808" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };
		struct json j;

		json_init(&j, &b);
		json_ms(&j, rows[i].ns);
		assert_string_equal(buf_text(&b), rows[i].text);
		buf_fini(&b);
	}
}

static void times(void **state)
{
	char text[RFC3339_LEN];

	assert_string_equal(rfc3339(0, text), "1970-01-01T00:00:00.000000000Z");
	assert_string_equal(rfc3339(1767323045 * S + 6, text), "2026-01-02T03:04:05.000000006Z");
	assert_string_equal(rfc3339(951782399 * S + 999999999, text), "2000-02-28T23:59:59.999999999Z");
	assert_string_equal(rfc3339(951868799 * S, text), "2000-02-29T23:59:59.000000000Z");
	assert_string_equal(rfc3339(951868800 * S, text), "2000-03-01T00:00:00.000000000Z");
	assert_string_equal(rfc3339(4107542399 * S, text), "2100-02-28T23:59:59.000000000Z");
	assert_string_equal(rfc3339(4107542400 * S, text), "2100-03-01T00:00:00.000000000Z");
	assert_string_equal(rfc3339(-1, text), "1969-12-31T23:59:59.999999999Z");
	assert_string_equal(rfc3339(INT64_MAX, text), "2262-04-11T23:47:16.854775807Z");
}

static void flow_of(struct attempt *a, const char *client, const char *server)
{
	assert_int_equal(endpoint_parse(client, &a->flow.client), 0);
	assert_int_equal(endpoint_parse(server, &a->flow.server), 0);
}

static void expect_json(const struct attempt *a, const struct verdict *v, const struct attempt_json_opts *o,
			const char *text)
{
	struct buf b = { 0 };

	attempt_json(a, v, o, &b);
	assert_string_equal(buf_text(&b), text);
	buf_fini(&b);
}

static void least(void **state)
{
	struct attempt *a = calloc(1, sizeof(*a));
	struct verdict v = { .outcome = OUTCOME_PENDING, .gave_up_by = GAVE_UP_NOBODY };
	struct attempt_json_opts o = { 0 };

	assert_non_null(a);
	expect_json(
		a, &v, &o,
		"{\"v\":1,\"event\":{\"start\":\"1970-01-01T00:00:00.000000000Z\",\"duration\":0,"
		"\"provider\":\"synsent\"},\"network\":{\"transport\":\"tcp\"},\"synsent\":{\"outcome\":\"pending\","
		"\"gave_up_by\":\"nobody\",\"confidence\":\"unknown\",\"evidence\":[],\"syns_ns\":[],\"replies\":[]}}\n");
	free(a);
}

static void most(void **state)
{
	struct attempt *a = calloc(1, sizeof(*a));
	struct verdict v = { .outcome = OUTCOME_TIMED_OUT,
			     .gave_up_by = GAVE_UP_KERNEL,
			     .limit = LIMIT_SYN_RETRIES,
			     .confidence = CONFIDENCE_CERTAIN,
			     .error = ETIMEDOUT,
			     .elapsed_ns = 7 * S + 5,
			     .n_evidence = 2,
			     .evidence = { "one", "tw\"o" },
			     .headline = "the kernel gave up",
			     .advice = "wait" };
	struct attempt_json_opts o = { .scaled = true, .source = "lab", .scenario = "drop" };

	assert_non_null(a);
	flow_of(a, "[2001:db8::1]:60632", "[2001:db8::2]:443");
	a->isn = 4000000000u;
	a->has_isn = true;
	a->syns_seen = true;
	a->n_syns = 2;
	a->syn_ns[0] = 1767323045 * S + 6;
	a->syn_ns[1] = a->syn_ns[0] + 1009000000;
	a->n_replies = 2;
	a->replies[0] = (struct reply){ .t_ns = a->syn_ns[0] + 7,
					.kind = REPLY_SYN_ACK,
					.ignored = IGNORED_WRONG_ACK,
					.from = a->flow.server.addr };
	a->replies[1] = (struct reply){ .t_ns = a->syn_ns[0] + 8,
					.kind = REPLY_ICMP,
					.icmp_family = 6,
					.icmp_type = 1,
					.icmp_code = 0,
					.ttl = 63 };
	a->pid = 42;
	memcpy(a->comm, "curl", 5);
	a->own_timer = true;
	a->own_timer_ns = 9 * S;
	a->winner_ns = 1767323046 * S; /* of what was not abandoned nothing is told of it */
	a->n_drops = 2;
	a->drops[0] = (struct drop){ .place = DROP_LOCAL_INPUT,
				     .packets = 2,
				     .reason = "NETFILTER_DROP",
				     .function = "nft_do_chain",
				     .rule = "tcp dport 443 drop",
				     .rule_by = RULE_BY_COUNTER };
	a->drops[1] = (struct drop){ .place = DROP_PATH_OR_PEER, .reply = true };
	expect_json(
		a, &v, &o,
		"{\"v\":1,\"event\":{\"start\":\"2026-01-02T03:04:05.000000006Z\",\"end\":\"2026-01-02T03:04:12.000000011Z\","
		"\"duration\":7000000005,\"provider\":\"synsent\",\"dataset\":\"lab\"},"
		"\"client\":{\"address\":\"2001:db8::1\",\"port\":60632},\"server\":{\"address\":\"2001:db8::2\",\"port\":443},"
		"\"network\":{\"transport\":\"tcp\",\"type\":\"ipv6\"},\"process\":{\"pid\":42,\"executable\":{\"name\":"
		"\"curl\"}},\"error\":{\"type\":\"ETIMEDOUT\"},\"synsent\":{\"outcome\":\"timed-out\",\"gave_up_by\":\"kernel\","
		"\"limit\":\"syn-retries\",\"confidence\":\"certain\",\"headline\":\"the kernel gave up\",\"advice\":\"wait\","
		"\"evidence\":[\"one\",\"tw\\\"o\"],\"syns_ns\":[0,1009000000],\"replies\":[{\"kind\":\"syn-ack\",\"t_ns\":7,"
		"\"accepted\":false,\"ignored\":\"wrong ack\",\"from\":\"2001:db8::2\"},{\"kind\":\"icmp\",\"t_ns\":8,"
		"\"accepted\":true,\"icmp\":{\"type\":1,\"code\":0},\"ttl\":63}],\"own_timer_ns\":9000000000,"
		"\"drop\":{\"place\":\"local-input\",\"reason\":\"NETFILTER_DROP\",\"function\":\"nft_do_chain\","
		"\"rule\":\"tcp dport 443 drop\",\"rule_by\":\"counter\",\"packets\":2,\"reply\":false},\"drops\":[{\"place\":\"local-input\","
		"\"reason\":\"NETFILTER_DROP\",\"function\":\"nft_do_chain\",\"rule\":\"tcp dport 443 drop\",\"rule_by\":\"counter\",\"packets\":2,"
		"\"reply\":false},{\"place\":\"path-or-peer\",\"reply\":true}],\"isn\":4000000000,\"scaled\":true,"
		"\"scenario\":\"drop\"},\"zeek\":{\"conn_state\":\"S1\"}}\n");
	free(a);
}

static void policies(void **state)
{
	struct attempt *a = calloc(1, sizeof(*a));
	struct verdict v = { .outcome = OUTCOME_PENDING };
	struct attempt_json_opts o = { 0 };
	struct buf b = { 0 };

	assert_non_null(a);
	a->n_syns = 1;
	a->has_policy = true;
	a->policy =
		(struct policy){ .retries = 2, .rto_max_ms = 120000, .hz = 250, .kernel = KERNEL_VERSION_OF(6, 18) };
	attempt_json(a, &v, &o, &b);
	assert_non_null(strstr(buf_text(&b), "\"predicted\":{\"syns_ns\":[0,1000000000,3000000000],"
					     "\"gives_up_ns\":7000000000,\"exact\":false},"
					     "\"policy\":{\"retries\":2,\"linear\":0,\"rto_max_ms\":120000,"
					     "\"first_rto_ms\":1000,\"hz\":250,\"kernel\":\"6.18\"}}"));
	buf_reset(&b);
	a->policy.rto_first_j = 3;
	a->policy.hz = 1024;
	a->policy.syncnt = 4;
	a->policy.user_timeout_ms = 5000;
	attempt_json(a, &v, &o, &b);
	assert_non_null(strstr(buf_text(&b),
			       "\"policy\":{\"retries\":2,\"linear\":0,\"syncnt\":4,\"user_timeout_ms\":5000,"
			       "\"rto_max_ms\":120000,\"first_rto_ms\":2.929688,\"hz\":1024,"));
	buf_fini(&b);
	free(a);
}

/* What the packets were, and what Zeek calls that. */
static void zeek(void **state)
{
	enum { NOTHING, SYN_ACK = 1, RST = 2, ACK = 4, CRST = 8, CFIN = 16, SFIN = 32, CHECKSUM = 64 };
	static const struct {
		int seen;
		const char *state;
	} rows[] = {
		{ NOTHING, "S0" },
		{ SYN_ACK | ACK, "S1" },
		{ SYN_ACK, "S1" },
		{ SYN_ACK | CHECKSUM, "S0" },
		{ RST | CHECKSUM, "S0" },
		{ RST, "REJ" },
		{ SYN_ACK | ACK | RST, "RSTR" },
		{ SYN_ACK | CRST, "RSTO" },
		{ CRST, "RSTOS0" },
		{ SYN_ACK | ACK | CFIN | SFIN, "SF" },
		{ SYN_ACK | ACK | CFIN, "S2" },
		{ SYN_ACK | ACK | SFIN, "S3" },
		{ CFIN, "SH" },
	};
	struct verdict v = { .outcome = OUTCOME_TIMED_OUT };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct attempt *a = calloc(1, sizeof(*a));
		int seen = rows[i].seen;

		assert_non_null(a);
		a->n_syns = 1;
		a->syns_seen = true;
		if (seen & SYN_ACK)
			a->replies[a->n_replies++].kind = REPLY_SYN_ACK;
		if (seen & RST)
			a->replies[a->n_replies++].kind = REPLY_RST;
		if (seen & CHECKSUM)
			a->replies[0].ignored = IGNORED_CHECKSUM;
		a->ack_ns = seen & ACK;
		a->client_rst_ns = seen & CRST;
		a->fin_ns[0] = seen & CFIN;
		a->fin_ns[1] = seen & SFIN;
		assert_string_equal(zeek_conn_state(a, &v), rows[i].state);
		free(a);
	}
}

static void zeek_without_packets(void **state)
{
	struct attempt *a = calloc(1, sizeof(*a));
	struct verdict v = { .outcome = OUTCOME_FAILED };

	assert_non_null(a);
	assert_null(zeek_conn_state(a, &v));
	a->n_syns = 3;
	assert_string_equal(zeek_conn_state(a, &v), "S0");
	v.outcome = OUTCOME_ESTABLISHED;
	assert_string_equal(zeek_conn_state(a, &v), "S1");
	v.outcome = OUTCOME_REFUSED;
	v.gave_up_by = GAVE_UP_PEER;
	assert_string_equal(zeek_conn_state(a, &v), "REJ");
	v.gave_up_by = GAVE_UP_NETWORK; /* by ICMP */
	assert_string_equal(zeek_conn_state(a, &v), "S0");
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas),   cmocka_unit_test(strings), cmocka_unit_test(milliseconds),
		cmocka_unit_test(times),    cmocka_unit_test(least),   cmocka_unit_test(most),
		cmocka_unit_test(policies), cmocka_unit_test(zeek),    cmocka_unit_test(zeek_without_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
