/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/fault_args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/fault_icmp.h"
#include "util/buf.h"
#include "util/duration.h"
#include "util/suggest.h"

#define COUNT_MAX 1000000

int fault_bad_word(const char *what, const char *given, const char *const *words, struct err *e)
{
	struct buf list = { 0 };
	struct suggest s;
	int i;

	suggest_init(&s, given);
	for (i = 0; words[i]; i++) {
		suggest_feed(&s, words[i]);
		buf_fmt(&list, "%s%s", i ? ", " : "", words[i]);
	}
	if (*given)
		err_set(e, EINVAL, "'%s' is no %s", given, what);
	else
		err_set(e, EINVAL, "a %s is missing", what);
	if (s.best)
		err_remedy(e, "did you mean %s?", s.best);
	else
		err_remedy(e, "there are: %s", buf_text(&list));
	buf_fini(&list);
	return -EINVAL;
}

int fault_read_count(const char *arg, struct fault *f, struct err *e)
{
	size_t digits = strspn(arg, "0123456789");
	long n = digits && digits < 10 && !arg[digits] ? strtol(arg, NULL, 10) : 0;

	if (n < 1 || n > COUNT_MAX)
		return err_set(e, EINVAL, "'%s' is not a number of packets: 1 to %d", arg, COUNT_MAX);
	f->n = (int)n;
	return 0;
}

int fault_read_bad_ack(const char *arg, struct fault *f, struct err *e)
{
	static const char *const words[] = { "bad-ack", NULL };

	if (strcmp(arg, words[0]))
		return fault_bad_word("kind of answer", arg, words, e);
	if (f->kind == FAULT_RST)
		f->kind = FAULT_RST_BAD_ACK;
	return 0;
}

int fault_read_icmp(const char *arg, struct fault *f, struct err *e)
{
	return fault_icmp_set(arg, f) ? 0 : fault_bad_word("kind of ICMP error", arg, fault_icmp_words(), e);
}

static int read_duration(const char *text, size_t len, int64_t *ret, struct err *e)
{
	char copy[64];

	if (len < sizeof(copy)) {
		memcpy(copy, text, len);
		copy[len] = 0;
		if (!duration_parse(copy, ret))
			return 0;
	}
	return err_set(e, EINVAL, "'%.*s' is not a duration, such as 100ms or 2s", len < 64 ? (int)len : 64, text);
}

int fault_read_delay(const char *arg, struct fault *f, struct err *e)
{
	static const char *const signs[] = { "\xc2\xb1", "+-", "+/-" };
	const char *sign = NULL;
	size_t i, len = 0;
	int r;

	for (i = 0; i < sizeof(signs) / sizeof(signs[0]) && !sign; i++) {
		sign = strstr(arg, signs[i]);
		len = strlen(signs[i]);
	}
	r = read_duration(arg, sign ? (size_t)(sign - arg) : strlen(arg), &f->delay_ns, e);
	if (r || !sign)
		return r;
	r = read_duration(sign + len, strlen(sign + len), &f->jitter_ns, e);
	if (!r && f->jitter_ns > f->delay_ns)
		return err_set(e, EINVAL, "'%s': the delay would be less than nothing", arg);
	return r;
}

/* "30%", "0.25%", "30" */
int fault_read_loss(const char *arg, struct fault *f, struct err *e)
{
	size_t whole = strspn(arg, "0123456789"), decimals = 0, i;
	const char *end = arg + whole;
	uint32_t ppm = 0;

	if (*end == '.') {
		decimals = strspn(end + 1, "0123456789");
		end += 1 + decimals;
		if (!decimals || decimals > 4)
			whole = 0;
	}
	if (*end == '%')
		end++;
	if (!whole || whole > 3 || *end)
		return err_set(e, EINVAL, "'%s' is not a share of packets: 0%% to 100%%, with four decimals at most",
			       arg);
	for (i = 0; i < whole; i++)
		ppm = ppm * 10 + (uint32_t)(arg[i] - '0');
	for (i = 0; i < 4; i++)
		ppm = ppm * 10 + (i < decimals ? (uint32_t)(arg[whole + 1 + i] - '0') : 0);
	if (ppm > 1000000)
		return err_set(e, EINVAL, "'%s' is more than all packets", arg);
	f->loss_ppm = ppm;
	return 0;
}

int fault_read_option(const char *arg, struct fault *f, struct err *e)
{
	static const char *const words[] = { "sack", "timestamps", "mptcp", "tfo", "ecn", NULL };
	int i;

	for (i = 0; words[i]; i++) {
		if (!strcmp(words[i], arg)) {
			f->option = (enum fault_option)i;
			return 0;
		}
	}
	return fault_bad_word("TCP option", arg, words, e);
}

/* drop|reject[:in|:out] */
int fault_read_firewall(const char *arg, struct fault *f, struct err *e)
{
	static const char *const verdicts[] = { "drop", "reject", NULL }, *const chains[] = { "in", "out", NULL };
	size_t len = strcspn(arg, ":");
	const char *chain = arg[len] ? arg + len + 1 : "out";
	char verdict[32] = "";

	if (len < sizeof(verdict))
		memcpy(verdict, arg, len);
	f->reject = !strcmp(verdict, "reject");
	if (!f->reject && strcmp(verdict, "drop"))
		return fault_bad_word("firewall's verdict", verdict[0] ? verdict : arg, verdicts, e);
	f->input = !strcmp(chain, "in");
	return f->input || !strcmp(chain, "out") ? 0 : fault_bad_word("direction", chain, chains, e);
}
