/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/pcapfile.h"

#include <errno.h>

static const struct {
	uint32_t magic, second_parts, record_len;
} kinds[] = {
	{ 0xa1b2c3d4u, 1000000, 16 },
	{ 0xa1b23c4du, 1000000000, 16 },
	{ 0xa1b2cd34u, 1000000, 24 },
};

static bool find_kind(struct bytes head, struct pcapfile *ret)
{
	uint32_t magic;
	size_t i;

	if (!bytes_u32(&head, false, &magic))
		return false;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (magic != kinds[i].magic && magic != __builtin_bswap32(kinds[i].magic))
			continue;
		ret->swapped = magic != kinds[i].magic;
		ret->second_parts = kinds[i].second_parts;
		ret->record_len = kinds[i].record_len;
		return true;
	}
	return false;
}

bool pcapfile_is(struct bytes head)
{
	struct pcapfile f;

	return find_kind(head, &f);
}

int pcapfile_read(struct bytes head, struct pcapfile *ret, struct err *e)
{
	struct pcapfile f = { 0 };
	uint16_t major, minor;
	uint32_t linktype;

	if (!find_kind(head, &f))
		return err_set(e, EBADMSG, "no pcap file");
	bytes_skip(&head, 4);
	if (!bytes_u16(&head, f.swapped, &major) || !bytes_u16(&head, f.swapped, &minor) || !bytes_skip(&head, 8) ||
	    !bytes_u32(&head, f.swapped, &f.snaplen) || !bytes_u32(&head, f.swapped, &linktype))
		return err_set(e, EBADMSG, "the file header is cut short");
	/* 2.4 since 1998; 2.3 and before had the two lengths swapped in some systems */
	if (major != 2)
		return err_set(e, EBADMSG, "pcap version %u.%u is not known", major, minor);
	f.linktype = (int)(linktype & 0xffff); /* the upper half has the length of a trailing checksum */
	*ret = f;
	return 0;
}
