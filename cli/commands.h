/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_CLI_COMMANDS_H
#define SYNSENT_CLI_COMMANDS_H

#include "cli/options.h"

/* Each in its own cmd_NAME.c. */
extern const struct command command_lab;
extern const struct command command_run;
extern const struct command command_watch;
extern const struct command command_read;
extern const struct command command_diff;
extern const struct command command_predict;
extern const struct command command_connect;
extern const struct command command_listen;
extern const struct command command_explain;
extern const struct command command_doctor;
extern const struct command command_help;

/* All of them, in the order in which help lists them; ended by NULL. */
extern const struct command *const commands[];

/* The command of that name.  NULL with e filled, the nearest name as its remedy, when there is none. */
const struct command *command_find(const char *name, struct err *e);

#endif
