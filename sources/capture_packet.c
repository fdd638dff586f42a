/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/stat.h>

#include "sources/capture_inside.h"
#include "sources/mapguard.h"

/* The walk saw that all of it is there; but what is mapped may be other bytes by now. */
static void pcap_packet(const struct capture *c, const struct stretch *s, const uint8_t *record, struct captured *ret)
{
	size_t room = (size_t)(s->walk.end - record) - c->pcap.record_len;
	struct pcapfile_record r = { 0 };

	pcapfile_record(&c->pcap, bytes_of(record, (size_t)(s->walk.end - record)), &r);
	*ret = (struct captured){ .frame = bytes_of(record + c->pcap.record_len, r.caplen < room ? r.caplen : room),
				  .on_wire = r.len,
				  .linktype = c->pcap.linktype,
				  .t_ns = r.t_ns,
				  .odd_time = r.odd_time,
				  .odd_len = r.odd_len };
}

static void pcapng_packet(const struct capture *c, const struct stretch *s, const uint8_t *record, struct captured *ret)
{
	struct bytes b = bytes_of(record, (size_t)(s->walk.end - record));
	const struct pcapngfile_interface *i = pcapngfile_interface(c->pcapng, s->section_base, 0);
	struct pcapngfile_packet p = { .has_time = false };

	pcapngfile_packet(b, s->section_swapped, i->snaplen, &p);
	if (p.interface < s->walk.n_interfaces)
		i = pcapngfile_interface(c->pcapng, s->section_base, p.interface);
	ret->frame = p.frame;
	ret->on_wire = p.len;
	ret->linktype = i->linktype;
	ret->options = p.options;
	ret->no_time = !p.has_time;
	if (p.has_time)
		ret->t_ns = pcapngfile_time_ns(i, p.time, &ret->odd_time);
	ret->odd_len = p.len < p.frame.len;
}

void slot_packet(const struct capture *c, const struct stretch *s, const uint8_t *record, struct captured *ret)
{
	if (c->format == FORMAT_PCAP) {
		pcap_packet(c, s, record, ret);
		return;
	}
	*ret = (struct captured){ .linktype = -1 };
	pcapng_packet(c, s, record, ret);
}

void capture_packet(struct capture *c, const struct stretch *s, const struct walk_list *l, uint32_t i,
		    struct captured *ret)
{
	const struct walk_list *before;

	slot_packet(c, s, s->walk.base + (l->entries[i] >> 32), ret);
	if (s->times && ret->no_time)
		ret->t_ns = s->times[i];
	if (!(l->entries[i] & WALK_LOOK))
		return;
	ret->number = s->first_number + (l->entries[i] & (WALK_LOOK - 1));
	for (before = s->walk.lists; before < l; before++)
		ret->number += before->packets;
}

bool capture_is_intact(struct capture *c, const struct captured *p)
{
	struct stat st;

	/* what lay beyond the new end may have no frame at all */
	if (!c->map || !mapguard_hit(c->guard) || p->frame.p < c->map || p->frame.p >= c->map + c->map_len)
		return true;
	return !fstat(c->fd, &st) && (size_t)(p->frame.p - c->map) + p->frame.len <= (size_t)st.st_size;
}

void capture_packet_remarks(struct capture *c, const struct captured *p)
{
	struct capture_remark r = { .packet = p->number };
	struct bytes options = p->options;

	/* The order of bytes is that of the section, which may be over in the file, but not in the stretch that is
	 * used. */
	while (c->on_remark && pcapngfile_comment(&options, c->slots[c->given].stretch.section_swapped, &r.text))
		c->on_remark(&r, c->remark_user);
}
