/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SOURCES_MODULES_H
#define SYNSENT_SOURCES_MODULES_H

/* Which modules of the kernel are loaded: a question to what is not would load it. */
enum module_is {
	MODULE_LOADED,
	MODULE_NOT_LOADED, /* or no module: built in, or not there at all */
	MODULE_NONE,	   /* the kernel has no modules, so nothing can be loaded */
};

/* name: "nf_tables"; list: MODULES_LIST, or one like it. */
#define MODULES_LIST "/proc/modules"
enum module_is module_is(const char *list, const char *name);

#endif
