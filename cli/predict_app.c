/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/predict_app.h"

enum cut app_cut_of(int64_t app_ns, int64_t nominal_ns, int64_t min_ns, int64_t max_ns, int hz)
{
	/* connect() is called somewhere within its jiffy, so a SYN may come up to one jiffy sooner after it */
	int64_t soonest_ns = min_ns ? min_ns - schedule_jiffies_ns(1, hz) : 0;

	if (max_ns < app_ns)
		return CUT_LEAVES;
	if (soonest_ns < app_ns)
		return CUT_EITHER;
	return nominal_ns <= app_ns ? CUT_BARELY : CUT_GONE;
}

void app_cut(const struct schedule *nominal, const struct schedule_range *r, int hz, int64_t app_ns,
	     struct app_cut *ret)
{
	struct app_cut a = { .near = -1 };
	enum cut c;
	int i;

	for (i = 0; i < r->n; i++) {
		int64_t nominal_ns = i < nominal->n ? schedule_jiffies_ns(nominal->syn[i], hz) : r->syn[i].min_ns;

		c = app_cut_of(app_ns, nominal_ns, r->syn[i].min_ns, r->syn[i].max_ns, hz);
		if (c == CUT_LEAVES && i < r->n_min)
			a.sent = i + 1;
		if (c <= CUT_EITHER)
			a.sent_max = i + 1;
		if ((c == CUT_EITHER || c == CUT_BARELY) && a.near < 0) {
			a.near = i;
			a.near_how = c;
		}
	}
	a.end = app_cut_of(app_ns, schedule_jiffies_ns(nominal->end, hz), r->end.min_ns, r->end.max_ns, hz);
	*ret = a;
}

const char *cut_word(enum cut c)
{
	return c == CUT_LEAVES ? "sent" : c == CUT_EITHER ? "either" : "cut";
}
