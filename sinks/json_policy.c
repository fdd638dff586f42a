/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/json_policy.h"

#include <stdio.h>

#include "util/duration.h"

void json_policy(struct json *j, const struct policy *p)
{
	bool old = p->kernel && p->kernel < KERNEL_VERSION_OF(3, 1); /* TCP_TIMEOUT_INIT was 3 s */
	char kernel[32];

	json_key(j, "policy");
	json_begin_object(j);
	json_key_int(j, "retries", p->retries);
	json_key_int(j, "linear", p->linear);
	if (p->syncnt)
		json_key_int(j, "syncnt", p->syncnt);
	if (p->user_timeout_ms)
		json_key_int(j, "user_timeout_ms", p->user_timeout_ms);
	json_key_int(j, "rto_max_ms", p->rto_max_ms);
	json_key(j, "first_rto_ms");
	json_ms(j, p->rto_first_j ? schedule_jiffies_ns(p->rto_first_j, p->hz) : (old ? 3000 : 1000) * NS_PER_MS);
	json_key_int(j, "hz", p->hz);
	if (p->kernel) {
		snprintf(kernel, sizeof(kernel), "%u.%u", p->kernel >> 16, p->kernel >> 8 & 0xff);
		json_key_string(j, "kernel", kernel);
	}
	json_end(j);
}
