/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "lab/fault.h"

static void check_scope(const struct fault_scope *s)
{
	struct endpoint server = { .addr = s->addrs[0], .port = s->port ? s->port : 80 };

	MUST(s->n_addrs <= 1);
	MUST(s->family == 0 || s->family == 4 || s->family == 6);
	MUST(memchr(s->host, 0, sizeof(s->host)));
	MUST(s->n_addrs <= !!s->host[0]);
	MUST(!s->n_addrs || fault_concerns(s, &server));
	server.addr.b[0] ^= 1;
	MUST(!s->host[0] || !fault_concerns(s, &server));
}

static void check_fault(const char *text)
{
	struct fault f, again;
	struct err e = { 0 };

	if (fault_parse(text, &f, &e)) {
		MUST(e.what[0] && e.exit_code == 2);
		return;
	}
	MUST(f.kind > FAULT_NONE && f.kind < FAULT_KIND_N);
	MUST(!strcmp(f.text, text));
	MUST(f.loss_ppm <= 1000000);
	MUST(f.jitter_ns >= 0 && f.jitter_ns <= f.delay_ns);
	MUST(f.kind != FAULT_ICMP || f.has_icmp4 || f.has_icmp6);
	check_scope(&f.scope);
	MUST(!fault_parse(f.text, &again, NULL) && !memcmp(&f, &again, sizeof(f)));
}

/* An input is a fault, and a WHERE. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault_scope s;
	struct err e = { 0 };
	char *text = malloc(size + 1);
	int r;

	MUST(text);
	memcpy(text, data, size);
	text[size] = 0;
	check_fault(text);
	r = fault_scope_parse(text, &s, &e);
	MUST(r == 0 || (r == -EINVAL && e.what[0] && e.remedy[0] && e.exit_code == 2));
	if (!r)
		check_scope(&s);
	free(text);
	return 0;
}
