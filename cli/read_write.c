/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/read_write.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/words.h"
#include "sinks/pcapng.h"
#include "util/buf.h"

#define INTERFACES_MAX 32
#define SNAPLEN 262144

/* A packet as it waits: this, then its bytes. */
struct kept {
	int64_t t_ns;
	uint32_t attempt, caplen, on_wire;
	int32_t linktype;
	uint16_t flags;
	uint8_t kind, icmp_type, icmp_code, icmp_family;
	bool duplicate;
};

struct chosen {
	int64_t start_ns;
	uint32_t syns; /* written so far */
	uint32_t text; /* in texts */
	bool begun;
};

struct read_write {
	char *path;
	struct outfile *out;
	FILE *spool;
	uint64_t memory;
	uint32_t *index; /* by attempt: place in `chosen` + 1 */
	size_t n_index;
	struct chosen *chosen;
	size_t n_chosen, cap_chosen;
	struct buf texts; /* each with its NUL; many attempts share one */
	uint32_t last_text;
	struct err err; /* the first thing that went wrong */
	int linktypes[INTERFACES_MAX];
	int n_linktypes;
};

static int open_spool(struct read_write *w, struct err *e)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), saved = errno;
	const char *dir = getenv("TMPDIR");

	if (dir && *dir) {
		if (fd >= 0)
			close(fd);
		fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		saved = errno;
	}
	w->spool = fd < 0 ? tmpfile() : fdopen(fd, "w+");
	if (w->spool)
		return 0;
	err_sys(e, saved, "-w needs a temporary file in %s", dir && *dir ? dir : "/tmp");
	err_remedy(e, "TMPDIR names another directory");
	return -saved;
}

int read_write_new(const char *path, uint64_t memory, struct read_write **ret, struct err *e)
{
	struct read_write *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_sys(e, ENOMEM, "%s", path);
	w->memory = memory;
	w->path = strdup(path);
	r = outfile_create(path, &w->out, e);
	if (!r)
		r = open_spool(w, e);
	if (r) {
		outfile_abort(w->out);
		w->out = NULL;
		read_write_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void read_write_free(struct read_write *w)
{
	if (!w)
		return;
	if (w->spool)
		fclose(w->spool);
	free(w->index);
	free(w->chosen);
	buf_fini(&w->texts);
	free(w->path);
	free(w);
}

struct outfile *read_write_outfile(const struct read_write *w)
{
	return w->out;
}

static void fail(struct read_write *w, int code, const char *what)
{
	if (w->err.what[0])
		return;
	err_sys(&w->err, code, "%s: %s", w->path, what);
	w->err.exit_code = 4;
}

void read_write_packet(struct read_write *w, const struct read_packet *p)
{
	const struct sighting *s = p->sighting;
	struct kept k;

	if (w->err.what[0] || !s->attempt)
		return;
	memset(&k, 0, sizeof(k));
	k.t_ns = p->captured->t_ns;
	k.attempt = s->attempt;
	k.caplen = (uint32_t)p->captured->frame.len;
	k.on_wire = p->captured->on_wire;
	k.linktype = p->captured->linktype;
	k.flags = s->flags;
	k.kind = (uint8_t)s->kind;
	k.icmp_type = s->icmp_type;
	k.icmp_code = s->icmp_code;
	k.icmp_family = s->family;
	k.duplicate = s->duplicate;
	if (fwrite(&k, sizeof(k), 1, w->spool) != 1 ||
	    (k.caplen && fwrite(p->captured->frame.p, k.caplen, 1, w->spool) != 1))
		fail(w, errno ? errno : EIO, "its packets could not be kept in a temporary file");
}

static bool grow(struct read_write *w, uint32_t number)
{
	size_t n = w->n_index ? w->n_index : 1024, cap = w->cap_chosen ? 2 * w->cap_chosen : 1024;
	uint32_t *index;
	struct chosen *chosen;

	while (n <= number)
		n *= 2;
	if (n > w->n_index) {
		index = realloc(w->index, n * sizeof(*index));
		if (!index)
			return false;
		memset(index + w->n_index, 0, (n - w->n_index) * sizeof(*index));
		w->index = index;
		w->n_index = n;
	}
	if (w->n_chosen == w->cap_chosen) {
		chosen = realloc(w->chosen, cap * sizeof(*chosen));
		if (!chosen)
			return false;
		w->chosen = chosen;
		w->cap_chosen = cap;
	}
	return w->n_index * sizeof(*index) + w->cap_chosen * sizeof(*chosen) + w->texts.cap <= w->memory;
}

/* Attempts in a row often have the same verdict. */
static uint32_t add_text(struct read_write *w, const struct verdict *v)
{
	char text[400];
	int n = snprintf(text, sizeof(text), "%s: %s (%s)", outcome_word(v->outcome), v->headline,
			 confidence_word(v->confidence));

	if (w->n_chosen && !strcmp(text, w->texts.data + w->last_text))
		return w->last_text;
	w->last_text = (uint32_t)w->texts.len;
	buf_add(&w->texts, text, (size_t)(n < (int)sizeof(text) ? n + 1 : (int)sizeof(text)));
	return w->last_text;
}

void read_write_choose(struct read_write *w, const struct attempt *a, const struct verdict *v)
{
	if (w->err.what[0])
		return;
	if (!grow(w, a->number)) {
		fail(w, ENOMEM, "too many attempts were chosen");
		err_remedy(&w->err, "choose fewer by a filter or --since and --until, or give more --memory");
		return;
	}
	w->chosen[w->n_chosen] = (struct chosen){ .start_ns = attempt_start_ns(a), .text = add_text(w, v) };
	w->index[a->number] = (uint32_t)++w->n_chosen;
	if (w->texts.failed)
		fail(w, ENOMEM, "too many attempts were chosen");
}

static void name_packet(const struct kept *k, struct chosen *c, char *to, size_t len)
{
	bool syn = k->kind == SIGHTING_SEGMENT && k->flags & TCP_SYN, ack = k->flags & TCP_ACK;

	if (k->kind == SIGHTING_ICMP)
		snprintf(to, len, "icmp%s %u/%u", k->icmp_family == 6 ? "6" : "", k->icmp_type, k->icmp_code);
	else if (syn && !ack && !k->duplicate)
		snprintf(to, len, "SYN %" PRIu32, c->syns++);
	else if (syn)
		snprintf(to, len, "%s", ack ? "SYN-ACK" : "SYN");
	else
		snprintf(to, len, "%s", k->flags & TCP_RST ? "RST" : "ACK");
}

/* The first packet of an attempt tells its verdict too. */
static void comment(struct read_write *w, const struct kept *k, struct chosen *c, struct buf *to)
{
	char name[32];

	buf_reset(to);
	name_packet(k, c, name, sizeof(name));
	buf_fmt(to, "attempt %" PRIu32 ": %s", k->attempt, name);
	if (k->duplicate)
		buf_str(to, ", a duplicate of the capture");
	else if (c->begun)
		buf_fmt(to, ", %.6f s after SYN 0", (double)(k->t_ns - c->start_ns) / 1e9);
	if (!c->begun)
		buf_fmt(to, "; %s", w->texts.data + c->text);
	c->begun = true;
}

static int interface_of(struct read_write *w, struct pcapng *p, int linktype, uint32_t *ret, struct err *e)
{
	int i = 0, r;

	while (i < w->n_linktypes && w->linktypes[i] != linktype)
		i++;
	*ret = (uint32_t)i;
	if (i < w->n_linktypes)
		return 0;
	if (i == INTERFACES_MAX)
		return err_set(e, EINVAL, "%s: too many link types", w->path);
	r = pcapng_interface(p, linktype, NULL, e);
	w->linktypes[w->n_linktypes++] = linktype;
	return r;
}

static int write_kept(struct read_write *w, struct pcapng *p, struct err *e)
{
	struct buf note = { 0 };
	uint8_t *frame = malloc(SNAPLEN);
	struct chosen *c;
	uint32_t interface;
	struct kept k;
	int r = frame ? 0 : err_sys(e, ENOMEM, "%s", w->path);

	while (!r && fread(&k, sizeof(k), 1, w->spool) == 1) {
		if (k.caplen && (k.caplen > SNAPLEN || fread(frame, k.caplen, 1, w->spool) != 1)) {
			r = err_set(e, EIO, "%s: the temporary file is damaged", w->path);
			break;
		}
		if (k.attempt >= w->n_index || !w->index[k.attempt])
			continue;
		c = &w->chosen[w->index[k.attempt] - 1];
		comment(w, &k, c, &note);
		r = interface_of(w, p, k.linktype, &interface, e);
		if (!r)
			r = pcapng_packet_of(p, interface, k.t_ns, frame, k.caplen, k.on_wire, buf_text(&note), e);
	}
	if (!r && ferror(w->spool))
		r = err_sys(e, EIO, "%s: the temporary file", w->path);
	buf_fini(&note);
	free(frame);
	return r;
}

int read_write_end(struct read_write *w, const char *comment, struct err *e)
{
	struct pcapng_opts o = { .path = w->path, .file = w->out, .comment = comment, .linktype = -1 };
	struct pcapng *p;
	int r;

	w->out = NULL; /* pcapng's from here on */
	if (w->err.what[0]) {
		*e = w->err;
		outfile_abort(o.file);
		return -EIO;
	}
	if (fflush(w->spool) || fseek(w->spool, 0, SEEK_SET)) {
		outfile_abort(o.file);
		return err_sys(e, errno, "%s: the temporary file", w->path);
	}
	r = pcapng_create(&o, &p, e);
	if (r)
		return r;
	r = write_kept(w, p, e);
	if (r) {
		pcapng_abort(p);
		return r;
	}
	return pcapng_close(p, e);
}
