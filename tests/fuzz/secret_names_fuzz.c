/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of Secrets in a class, and the claim of a user: lines "key=value" of parameters, and
 * after an empty line those of the claim's annotations. A name that comes out is one; and nothing
 * that stands in the claim but its namespace changes the namespace of a Secret.
 */
#include "claim/secret_names.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define LINES_MAX 80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Up to an empty line; returns what follows. */
static char *read_pairs(char *next, struct pairs *pairs, struct arena *arena)
{
	for (int i = 0; next && *next && *next != '\n' && i < LINES_MAX; i++) {
		char *line = next;
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		char *equals = strchr(line, '=');
		if (equals) {
			char *key = arena_copy(arena, line, (size_t)(equals - line));
			pairs_set(pairs, arena, key, equals + 1);
		}
	}
	return next && *next == '\n' ? next + 1 : NULL;
}

static void check_name(const char *name, const char *allowed, size_t length_max)
{
	size_t length = strlen(name);
	if (length == 0 || length > length_max || strspn(name, allowed) != length)
		abort();
	if (strchr("-.", name[0]) || strchr("-.", name[length - 1]) || strstr(name, ".."))
		abort();
}

static void check_names(const struct secret_names *names)
{
	for (int use = 0; use < SECRET_USES; use++) {
		const struct secret_name *secret = &names->of[use];
		if (!secret->name != !secret->namespace)
			abort();
		if (!secret->name)
			continue;
		check_name(secret->name, "abcdefghijklmnopqrstuvwxyz0123456789-.", 253);
		check_name(secret->namespace, "abcdefghijklmnopqrstuvwxyz0123456789-", 63);
	}
}

static int read_names(const struct claim *claim, const struct class *class, struct arena *arena,
		      struct secret_names *ret_names)
{
	struct error err = { 0 };
	int r = secret_names_read(claim, class, arena, ret_names, &err);
	if (r < 0 && (err.code != ERROR_INVALID || !*err.text))
		abort();
	if (r == 0)
		check_names(ret_names);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(size + 1024);
	struct class class = { .object = { .name = "c" } };
	struct claim mine = { .object = { .name = "www", .namespace = "shop", .uid = "u1" } };
	struct claim bare = { .object = { .name = "other", .namespace = "shop", .uid = "u1" } };
	struct secret_names names, others;
	char *rest = read_pairs(arena_copy(arena, data, size), &class.parameters, arena);
	if (rest)
		read_pairs(rest, &mine.object.annotations, arena);
	if (read_names(&mine, &class, arena, &names) < 0 ||
	    read_names(&bare, &class, arena, &others) < 0)
		return 0;
	for (int use = 0; use < SECRET_USES; use++)
		if (names.of[use].name &&
		    strcmp(names.of[use].namespace, others.of[use].namespace) != 0)
			abort();
	return 0;
}
