/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources/kallsyms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"

#define BYTES_MAX ((size_t)32 << 20)

/* 12 bytes: a uint64_t would make it 16. */
struct function {
	uint32_t high, low; /* its address */
	uint32_t name;	    /* where it is among the names */
};

struct kallsyms {
	const char *symbols, *modules;
	struct buf names; /* each with its NUL */
	struct function *functions;
	size_t n, cap;
	uint64_t modules_then; /* modules_now(), when they were read */
	int readings;
};

struct kallsyms *kallsyms_new(const char *symbols, const char *modules)
{
	struct kallsyms *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->symbols = symbols;
	k->modules = modules;
	return k;
}

static void forget(struct kallsyms *k)
{
	buf_fini(&k->names);
	free(k->functions);
	k->functions = NULL;
	k->n = k->cap = 0;
}

void kallsyms_free(struct kallsyms *k)
{
	if (!k)
		return;
	forget(k);
	free(k);
}

int kallsyms_readings(const struct kallsyms *k)
{
	return k->readings;
}

static uint64_t address_of(const struct function *f)
{
	return (uint64_t)f->high << 32 | f->low;
}

/* Another number for other modules, or other places of them (FNV-1a); how many use them is left out. */
static uint64_t modules_now(const struct kallsyms *k)
{
	char line[4096], text[192], name[64], at[32];
	uint64_t hash = 0xcbf29ce484222325;
	FILE *f = fopen(k->modules, "re");
	const char *s;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %*s %*s %*s %*s %31s", name, at) != 2)
			continue;
		snprintf(text, sizeof(text), "%s %s\n", name, at);
		for (s = text; *s; s++)
			hash = (hash ^ (uint8_t)*s) * 0x100000001b3;
	}
	if (f)
		fclose(f);
	return hash;
}

/* False: there is no room for it. */
static bool add(struct kallsyms *k, uint64_t address, const char *name, size_t len)
{
	if (k->n == k->cap) {
		size_t cap = k->cap ? k->cap + k->cap / 4 : 65536;
		struct function *more = realloc(k->functions, cap * sizeof(*more));

		if (!more)
			return false;
		k->functions = more;
		k->cap = cap;
	}
	if (len >= KALLSYMS_NAME_LEN)
		len = KALLSYMS_NAME_LEN - 1;
	k->functions[k->n++] = (struct function){ .high = (uint32_t)(address >> 32),
						  .low = (uint32_t)address,
						  .name = (uint32_t)k->names.len };
	buf_add(&k->names, name, len);
	buf_char(&k->names, 0);
	return !k->names.failed && k->cap * sizeof(*k->functions) + k->names.cap <= BYTES_MAX;
}

/* By address; of several that have the same the first of the file is the first. */
static int compare(const void *a, const void *b)
{
	const struct function *x = a, *y = b;
	uint64_t p = address_of(x), q = address_of(y);

	if (p != q)
		return p < q ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

/* What the compiler puts before functions is none; nothing runs there that could be asked for. */
static bool is_function(char type, const char *name)
{
	type |= 32;
	return (type == 't' || type == 'w') && strncmp(name, "__pfx_", 6) && strncmp(name, "__cfi_", 6);
}

/* Lines "ffffffff81000000 T name", with "\t[module]" after it. */
static void read_all(struct kallsyms *k)
{
	FILE *f = fopen(k->symbols, "re");
	bool room = true;
	char *line = NULL;
	size_t size = 0;

	forget(k);
	k->readings++;
	k->modules_then = modules_now(k);
	while (room && f && getline(&line, &size, f) > 0) {
		char *rest;
		uint64_t at = strtoull(line, &rest, 16);

		if (at && rest[0] == ' ' && rest[1] && rest[2] == ' ' && is_function(rest[1], rest + 3))
			room = add(k, at, rest + 3, strcspn(rest + 3, "\t\n"));
	}
	free(line);
	if (f)
		fclose(f);
	if (room && k->n)
		qsort(k->functions, k->n, sizeof(*k->functions), compare);
	else
		forget(k); /* rather none than some */
}

/* The last function that is not above; of several with one address the first. */
static const struct function *find(const struct kallsyms *k, uint64_t address)
{
	size_t low = 0, high = k->n; /* those below `low` are not above the address, those from `high` on are */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address_of(&k->functions[middle]) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 1 && address_of(&k->functions[low - 2]) == address_of(&k->functions[low - 1]))
		low--;
	return low ? &k->functions[low - 1] : NULL;
}

void kallsyms_prepare(struct kallsyms *k)
{
	if (!k->readings)
		read_all(k);
}

static bool is_named(const char *is, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(is, name, len) && (!is[len] || is[len] == '.');
}

bool kallsyms_find(struct kallsyms *k, const char *name, size_t *at, uint64_t *ret_from, uint64_t *ret_len)
{
	size_t i, end;

	kallsyms_prepare(k);
	for (i = *at; i < k->n; i++) {
		if (!is_named(buf_text(&k->names) + k->functions[i].name, name))
			continue;
		for (end = i + 1; end < k->n && address_of(&k->functions[end]) == address_of(&k->functions[i]); end++)
			;
		if (end == k->n)
			break; /* how long it is is not known */
		*ret_from = address_of(&k->functions[i]);
		*ret_len = address_of(&k->functions[end]) - *ret_from;
		*at = i + 1;
		return true;
	}
	return false;
}

const char *kallsyms_function(struct kallsyms *k, uint64_t address)
{
	const struct function *f;
	bool fresh = !k->readings;

	if (fresh)
		read_all(k);
	if (!k->n)
		return "";
	f = find(k, address);
	if (!fresh && (!f || address - address_of(f) > KALLSYMS_FAR || modules_now(k) != k->modules_then)) {
		read_all(k);
		f = find(k, address);
	}
	return f ? buf_text(&k->names) + f->name : "";
}
