/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/read_pick.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "sinks/attempt_line.h"
#include "util/buf.h"

struct read_pick {
	char text[2 * ENDPOINT_TEXT_LEN + 8];
	uint64_t number; /* 0: by endpoints */
	struct endpoint one, other;
	bool both, taken, failed;
	uint64_t matches, attempts;
	struct attempt attempt;
	struct verdict verdict;
};

static bool parse_endpoints(const char *text, struct read_pick *p)
{
	static const char *const between[] = { " > ", ">", " ", ",", "-" };
	char one[ENDPOINT_TEXT_LEN];
	const char *at;
	size_t i;

	if (!endpoint_parse(text, &p->one))
		return p->one.port != 0;
	for (i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		at = strstr(text, between[i]);
		if (!at || (size_t)(at - text) >= sizeof(one))
			continue;
		memcpy(one, text, (size_t)(at - text));
		one[at - text] = 0;
		p->both = true;
		return !endpoint_parse(one, &p->one) && !endpoint_parse(at + strlen(between[i]), &p->other);
	}
	return false;
}

static bool parse(const char *text, struct read_pick *p)
{
	char *end;

	if (strlen(text) >= sizeof(p->text))
		return false;
	strcpy(p->text, text);
	errno = 0;
	p->number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno)
		return p->number > 0;
	p->number = 0;
	return parse_endpoints(text, p);
}

int read_pick_check(const char *text, struct err *e)
{
	struct read_pick *p = calloc(1, sizeof(*p));
	bool is = p && parse(text, p);

	free(p);
	if (is)
		return 0;
	e->exit_code = 2;
	err_set(e, EINVAL, "--diagram %s: neither the number of an attempt nor endpoints of one", text);
	err_remedy(e, "for example --diagram 17, or --diagram 10.0.0.2:40000, or \"10.0.0.2:40000 > 10.0.0.9:443\"");
	return -EINVAL;
}

struct read_pick *read_pick_new(const char *text)
{
	struct read_pick *p = calloc(1, sizeof(*p));

	if (p)
		parse(text, p);
	return p;
}

void read_pick_free(struct read_pick *p)
{
	free(p);
}

bool read_pick_matches(const struct read_pick *p, const struct digest *d)
{
	const struct endpoint *client = &d->flow.client, *server = &d->flow.server;

	if (p->number)
		return d->number == p->number;
	if (!p->both)
		return endpoint_equal(&p->one, client) || endpoint_equal(&p->one, server);
	return (endpoint_equal(&p->one, client) && endpoint_equal(&p->other, server)) ||
	       (endpoint_equal(&p->one, server) && endpoint_equal(&p->other, client));
}

bool read_pick_wants(struct read_pick *p, const struct digest *d)
{
	bool failed = digest_failed(d), better;

	p->attempts++;
	if (!read_pick_matches(p, d))
		return false;
	p->matches++;
	better = !p->taken || (failed && !p->failed) || (failed == p->failed && d->number < p->attempt.number);
	if (better)
		p->failed = failed;
	return better;
}

void read_pick_take(struct read_pick *p, const struct attempt *a, const struct verdict *v)
{
	p->taken = true;
	p->attempt = *a;
	p->verdict = *v;
}

static int none(const struct read_pick *p, struct outfile *svg, struct err *e)
{
	outfile_abort(svg);
	err_set(e, ENOENT, "there is no attempt %s among %" PRIu64, p->text, p->attempts);
	err_remedy(e, "--all lists them with their numbers");
	e->exit_code = 1;
	return e->exit_code;
}

static void show_text(const struct read_pick *p, const struct story *story, const struct terminal *t)
{
	struct attempt_line_look look = { .color = t->color };
	struct buf line = { 0 };

	if (p->matches > 1)
		printf("%" PRIu64 " attempts match; this is the first%s\n", p->matches,
		       p->failed ? " that failed" : "");
	attempt_line(&p->attempt, &p->verdict, &look, &line);
	printf("%s\n", buf_text(&line));
	buf_fini(&line);
	show_verdict(&p->attempt, &p->verdict, NULL, t);
	putchar('\n');
	show_diagram(story, t);
}

int read_pick_show(struct read_pick *p, const struct terminal *t, struct outfile *svg, bool svg_alone, struct err *e)
{
	struct story *story;
	int r = 0;

	if (!p->taken)
		return none(p, svg, e);
	story = malloc(sizeof(*story));
	if (!story) {
		outfile_abort(svg);
		return -err_sys(e, ENOMEM, "--diagram");
	}
	story_make(&p->attempt, &p->verdict, story);
	if (!svg_alone)
		show_text(p, story, t);
	if (svg && show_svg(story, svg, e))
		r = 4;
	free(story);
	return r;
}
