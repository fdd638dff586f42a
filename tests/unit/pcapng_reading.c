/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/pcapng_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

struct reading reading(void)
{
	struct reading r = { .file = pcapngfile_new() };

	assert_non_null(r.file);
	return r;
}

void reading_end(struct reading *r)
{
	pcapngfile_free(r->file);
	buf_fini(&r->b);
}

enum pcapngfile_result take(struct reading *r)
{
	struct bytes b = made_bytes(&r->b);
	enum pcapngfile_result result;

	assert_true(bytes_skip(&b, r->at));
	result = pcapngfile_take(r->file, b, &r->block);
	if (result == PCAPNGFILE_OK)
		r->at += r->block.len;
	return result;
}

void take_kind(struct reading *r, enum pcapngfile_kind kind)
{
	enum pcapngfile_result result = take(r);

	if (result != PCAPNGFILE_OK)
		fail_msg("byte %zu: result %d, %s", r->at, (int)result, r->block.why ? r->block.why : "");
	assert_int_equal(r->block.kind, kind);
}

void take_damaged(struct reading *r, const char *why)
{
	assert_int_equal(take(r), PCAPNGFILE_DAMAGED);
	assert_non_null(r->block.why);
	if (!strstr(r->block.why, why))
		fail_msg("\"%s\" is not about \"%s\"", r->block.why, why);
	reading_end(r);
}

void take_packet(struct reading *r, struct bytes frame, uint32_t len, uint32_t interface, uint64_t time)
{
	const struct pcapngfile_packet *p = &r->block.packet;
	const struct pcapngfile_interface *first;
	struct pcapngfile_packet again;
	size_t begin = r->at;

	take_kind(r, PCAPNGFILE_PACKET);
	assert_int_equal(p->frame.len, frame.len);
	assert_memory_equal(p->frame.p, frame.p, frame.len);
	assert_int_equal(p->len, len);
	assert_int_equal(p->interface, interface);
	assert_int_equal(p->has_time, time != 0);
	assert_int_equal(p->time, time);
	first = pcapngfile_interface(r->file, pcapngfile_base(r->file), 0);
	memset(&again, 0xff, sizeof(again));
	assert_true(pcapngfile_packet(bytes_of(r->b.data + begin, r->b.len - begin), pcapngfile_swapped(r->file),
				      first->snaplen, &again));
	assert_ptr_equal(again.frame.p, p->frame.p);
	assert_int_equal(again.frame.len, p->frame.len);
	assert_int_equal(again.time, p->time);
	assert_int_equal(again.interface, p->interface);
	assert_int_equal(again.options.len, p->options.len);
}

struct bytes option_u8(struct buf *b, bool swapped, uint16_t code, uint8_t v)
{
	buf_reset(b);
	made_option(b, swapped, code, bytes_of(&v, 1));
	return made_bytes(b);
}

struct reading in_section(bool swapped)
{
	struct reading r = reading();

	made_section(&r.b, swapped, NO_OPTIONS);
	made_interface(&r.b, swapped, 1, 0, NO_OPTIONS);
	take_kind(&r, PCAPNGFILE_SECTION);
	take_kind(&r, PCAPNGFILE_INTERFACE);
	return r;
}
