/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_TESTS_UNIT_CAPTURE_FILE_H
#define SYNSENT_TESTS_UNIT_CAPTURE_FILE_H

#include "tests/unit/seen.h"

/* A capture in a directory of its own, and the ways to read it. */

#define SEED 99

/* The last: as it is by default. */
#define N_BUFFER_LENS 5
extern const size_t buffer_lens[N_BUFFER_LENS];

extern char directory[], path[];

/* For cmocka: the directory, and the end of it and of the file. */
int set_up(void **state);
int tear_down(void **state);

void write_file(struct bytes b);
void read_as(struct seen *s, size_t buffer_len, bool look_at_all, bool threaded);

/* Out of a pipe that is written so many bytes at a time. */
void read_pipe(struct seen *s, struct bytes b, size_t at_once, size_t buffer_len, bool threaded);

#endif
