/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_SCREEN_MODEL_H
#define SYNSENT_SINKS_SCREEN_MODEL_H

#include "core/story.h"
#include "sinks/screen.h"
#include "sinks/screen_rates.h"

/* What sinks/screen*.c share, and nobody else. */

struct screen_pending {
	uint64_t id;
	int64_t start_ns;
	int n_syns;	 /* that left */
	int n_due;	 /* that leave in all, if nothing answers; 0: not known */
	int64_t next_ns; /* when the next leaves; 0: none, or not known */
	int64_t end_ns;	 /* when the kernel, or the client's own timer where it told of one, gives up; 0: not known */
	bool exact;	 /* else both are nominal: up to an eighth too early */
	struct attempt a;
};

struct screen_failure {
	uint64_t id; /* 1, 2, 3 ...; 0: none here */
	int64_t ended_ns, elapsed_ns;
	struct endpoint server;
	int32_t pid;
	char comm[16];
	int n_syns;
	enum outcome outcome;
	enum gave_up_by gave_up_by;
	char headline[160]; /* the verdict's */
	char why[240];	    /* screen_why() */
};

struct screen_kept {
	uint64_t id; /* the failure's */
	struct attempt a;
};

enum screen_pane { SCREEN_PANE_PENDING, SCREEN_PANE_FAILURES, SCREEN_PANE_SERVERS, SCREEN_PANES };

#define SCREEN_LIST_MAX 1024 /* of any list */
#define SCREEN_ORDERS 5	     /* ... by which it can be sorted */

/* A line of a list, in the order shown. */
struct screen_item {
	uint64_t id;
	const void *of; /* struct screen_pending, screen_failure or screen_rate */
};

/* Where the user is in a list. */
struct screen_list {
	int order;   /* by which it is sorted */
	int n, all;  /* that pass the filter; all there are */
	int top, at; /* the first item on the screen, and the one chosen */
	uint64_t id; /* of the chosen one, which is followed when others come and go; 0: whatever stands first */
	int rows;    /* as last drawn */
	struct screen_item *items;
};

struct screen_counts {
	uint64_t established, failed, pending, lost;
};

/* One attempt that is looked at closely. */
struct screen_detail {
	bool open, waits;
	bool seen, gone; /* it is among those that wait now; it is not, and nothing was told of its end */
	uint64_t id;	 /* of the attempt: screen_attempt_id() */
	struct attempt a;
	int top, left, lines, rows;
};

struct screen {
	char what[128];
	const char *untold;
	bool utf8;
	int64_t since_ns;
	struct screen_counts counts;
	struct screen_rates *rates;

	struct screen_pending *pending;
	int n_pending;
	int latest; /* the one that began last; -1: not known */
	uint64_t pending_all;
	struct screen_failure *failures;
	struct screen_kept *kept;
	uint64_t first_failure, next_failure; /* ids: what was cleared, and what was not there yet, are outside */

	/* What is shown; it stays as it is while paused. */
	bool paused;
	int64_t now_ns;
	struct screen_counts shown;
	uint64_t shown_failure; /* the id after the last */
	struct screen_rate *servers;
	int n_servers;
	uint64_t forgotten;

	enum screen_pane focus;
	struct screen_list lists[SCREEN_PANES];
	char filter[64];
	bool of_server; /* the filter is a server that was entered: back is to the servers */
	bool typing, help;
	int help_top;
	struct screen_detail detail;
	struct story *story;
	char said[256];
	bool dirty, hurried; /* since the last frame something came, a key was pressed */
	int64_t drawn_ns;
	struct buf scratch;
};

/* screen.c: the same as long as it is followed. */
uint64_t screen_attempt_id(const struct attempt *a);
const struct screen_kept *screen_kept_of(const struct screen *s, uint64_t failure);
void screen_clear(struct screen *s);

/* screen_pending.c: when its next SYN and its end are due. */
void screen_pending_predict(struct screen_pending *p);

/* screen_view.c: what each list shows, filtered and sorted.  `screen_move` chooses another item. */
void screen_view(struct screen *s);
void screen_move(struct screen_list *l, int by);
const struct screen_item *screen_chosen(const struct screen *s);
const char *screen_order_name(enum screen_pane p, int order);

/* screen_cells.c: "curl[9120]", escaped. */
void screen_process(const char *comm, size_t size, int32_t pid, struct buf *to);

/* screen_lists.c: `top`, or where the first of those lines on the screen can stand next to it, so that no row is empty
 * that could be filled. */
int screen_top(int top, int lines, int rows);

/* The rows [row, end) of a frame for one list, `alone` or beside others. */
void screen_list_draw(struct screen *s, enum screen_pane p, bool alone, struct screen_frame *f, int row, int end);

/* screen_why.c: what came of its SYNs, as a line of watch has it; and for a failure's row what its other columns do
 * not say, the place of a drop first. */
void screen_silence(const struct attempt *a, struct buf *to);
void screen_why(const struct attempt *a, const struct verdict *v, struct buf *to);

/* screen_told.c: the chosen item in a sentence. */
void screen_tell(const struct screen *s, struct buf *to);

/* screen_detail.c, screen_help.c: in place of the lists. */
void screen_detail_open(struct screen *s, const struct attempt *a, bool waits);
void screen_detail_draw(struct screen *s, struct screen_frame *f, int row, int end);
void screen_help_draw(struct screen *s, struct screen_frame *f, int row, int end);

#endif
