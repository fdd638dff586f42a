/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/report_forms.h"

#define FLOW_LEN 65536

typedef void report_form(const struct report *r, struct report_out *o);

struct report_file {
	struct outfile *out;
	report_form *form;
};

static report_form *form_of(const char *path)
{
	static const struct {
		const char *ending;
		report_form *form;
	} forms[] = { { ".json", report_json }, { ".xml", report_xml }, { ".tap", report_tap } };
	const char *dot = strrchr(path, '.');
	size_t i;

	for (i = 0; dot && i < sizeof(forms) / sizeof(forms[0]); i++)
		if (!strcmp(dot, forms[i].ending))
			return forms[i].form;
	return NULL;
}

static int refuse(const char *path, struct err *e)
{
	if (!strcmp(path, "-"))
		err_set(e, EINVAL, "--report -: a report goes to a file, since standard output is the command's");
	else
		err_set(e, EINVAL, "--report %s: its name does not tell the form", path);
	err_remedy(e, "name a file that ends in .json, .xml (JUnit) or .tap");
	if (e)
		e->exit_code = 2;
	return -EINVAL;
}

int report_create(const char *path, struct report_file **ret, struct err *e)
{
	report_form *form = form_of(path);
	struct report_file *f;
	int r;

	if (!form)
		return refuse(path, e);
	f = calloc(1, sizeof(*f));
	if (!f)
		return err_sys(e, ENOMEM, "--report");
	f->form = form;
	r = outfile_create(path, &f->out, e);
	if (r) {
		free(f);
		return r;
	}
	*ret = f;
	return 0;
}

static void move_on(struct report_out *o)
{
	if (!o->error && o->text.failed)
		o->error = err_sys(o->e, ENOMEM, "--report");
	if (!o->error)
		o->error = outfile_write(o->file, buf_text(&o->text), o->text.len, o->e);
	buf_reset(&o->text);
}

void report_flow(struct report_out *o)
{
	if (o->text.len >= FLOW_LEN)
		move_on(o);
}

int report_finish(struct report_file *f, const struct report *r, struct err *e)
{
	struct report_out o = { .file = f->out, .e = e };

	f->form(r, &o);
	move_on(&o);
	if (o.error)
		outfile_abort(f->out);
	else
		o.error = outfile_close(f->out, e);
	buf_fini(&o.text);
	free(f);
	return o.error;
}

void report_abort(struct report_file *f)
{
	if (!f)
		return;
	outfile_abort(f->out);
	free(f);
}
