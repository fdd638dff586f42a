/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -code;
	va_start(ap, fmt);
	vsnprintf(e->what, sizeof(e->what), fmt, ap);
	va_end(ap);
	return -code;
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	size_t len;
	const char *text = strerrordesc_np(code);

	if (!e)
		return -code;
	va_start(ap, fmt);
	vsnprintf(e->what, sizeof(e->what), fmt, ap);
	va_end(ap);
	len = strlen(e->what);
	snprintf(e->what + len, sizeof(e->what) - len, ": %s", text ? text : "unknown error");
	return -code;
}

void err_remedy(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return;
	va_start(ap, fmt);
	vsnprintf(e->remedy, sizeof(e->remedy), fmt, ap);
	va_end(ap);
}

void err_wrap(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->what)];
	va_list ap;
	size_t len;

	if (!e)
		return;
	memcpy(old, e->what, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->what, sizeof(e->what), fmt, ap);
	va_end(ap);
	len = strlen(e->what);
	snprintf(e->what + len, sizeof(e->what) - len, ": %s", old);
}
