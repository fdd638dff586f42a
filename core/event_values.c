/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/event_values.h"

#include <string.h>

/* Decimal digits, all of the text; false on anything else, or above max. */
static bool parse_uint(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || v > (UINT64_MAX - (uint64_t)(*s - '0')) / 10)
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

static bool parse_int(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t v;

	if (!parse_uint(s + negative, negative ? -(uint64_t)min : (uint64_t)max, &v) || (negative && min > 0))
		return false;
	*ret = negative ? (int64_t)-v : (int64_t)v;
	return true;
}

bool event_time_parse(char *s, int64_t *ret)
{
	char *dot = strchr(s, '.');
	uint64_t seconds, ns = 0;
	size_t digits = 0;

	if (dot) {
		*dot = 0;
		digits = strlen(dot + 1);
		if (!digits || digits > 9 || !parse_uint(dot + 1, 999999999, &ns))
			return false;
		for (; digits < 9; digits++)
			ns *= 10;
	}
	if (!parse_uint(s, (uint64_t)EVENT_TIME_MAX / 1000000000 - 1, &seconds))
		return false;
	*ret = (int64_t)(seconds * 1000000000 + ns);
	return true;
}

static bool parse_flags(const char *s, int64_t *ret)
{
	uint64_t v;

	if (parse_uint(s, UINT16_MAX, &v)) {
		*ret = (int64_t)v;
		return true;
	}
	for (v = 0; *s; s++) {
		const char *at = strchr(EVENT_FLAGS, *s);

		if (!at || v >> (at - EVENT_FLAGS) & 1)
			return false;
		v |= UINT64_C(1) << (at - EVENT_FLAGS);
	}
	*ret = (int64_t)v;
	return true;
}

/* "6.18" or "6.18.44" */
static bool parse_kernel(char *s, int64_t *ret)
{
	char *minor = strchr(s, '.'), *patch;
	uint64_t a, b, c = 0;

	if (!minor)
		return false;
	*minor++ = 0;
	patch = strchr(minor, '.');
	if (patch)
		*patch++ = 0;
	if (!parse_uint(s, UINT16_MAX, &a) || !parse_uint(minor, 255, &b) || (patch && !parse_uint(patch, 255, &c)))
		return false;
	*ret = (int64_t)(a << 16 | b << 8 | c);
	return true;
}

static bool parse_number(const struct event_field *f, const char *s, int64_t *ret)
{
	int bits = f->size * 8;
	uint64_t v;

	if (f->type == FIELD_INT) {
		int64_t max = f->max ? f->max : bits == 32 ? INT32_MAX : INT64_MAX;
		int64_t min = f->max ? f->min : bits == 32 ? INT32_MIN : INT64_MIN;

		return parse_int(s, min, max, ret);
	}
	if (!parse_uint(s, f->type == FIELD_BOOL ? 1 : bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1, &v))
		return false;
	*ret = (int64_t)v;
	return true;
}

bool event_value_set(struct event *ev, const struct event_field *f, char *text)
{
	char *at = (char *)ev + f->offset;
	size_t len = strlen(text);
	struct addr a;
	uint64_t u;
	int64_t v = -1;

	switch (f->type) {
	case FIELD_STRING:
		if (len >= f->size)
			return false;
		memcpy(at, text, len + 1);
		return true;
	case FIELD_ADDR:
		if (addr_parse(text, &a) < 0)
			return false;
		memcpy(at, &a, sizeof(a));
		return true;
	case FIELD_FLAGS:
		if (!parse_flags(text, &v))
			return false;
		break;
	case FIELD_KERNEL:
		if (!parse_kernel(text, &v))
			return false;
		break;
	case FIELD_ERRNO:
	case FIELD_STATE:
		v = event_field_value(f->type, text);
		if (v < 0 && parse_uint(text, f->type == FIELD_ERRNO ? EVENT_ERRNO_MAX : UINT8_MAX, &u))
			v = (int64_t)u;
		break;
	case FIELD_PLACE:
	case FIELD_CAUSE:
		v = event_field_value(f->type, text);
		break;
	default:
		if (!parse_number(f, text, &v))
			return false;
		event_field_set(ev, f, v);
		return true;
	}
	if (v < 0)
		return false;
	event_field_set(ev, f, v);
	return true;
}
