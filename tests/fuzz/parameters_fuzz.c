/* SPDX-License-Identifier: Apache-2.0 */
/*
 * StorageClass parameters, mount flags and the name of a volume: lines of "key=value". What is
 * refused says why; an id that comes out is safe.
 */
#include "record/parameters.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mount/flags.h"
#include "record/id.h"

#define LINES_MAX 80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	char id[ID_MAX + 1];
	struct error err = { 0 };
	int outcome = id_of_name(name, id, &err);
	if (outcome == 0 && !id_is_valid(id))
		abort();
	if (outcome < 0 && err.code != ERROR_INVALID)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(size + 1024);
	struct pairs pairs = { 0 };
	char *flags[LINES_MAX];
	size_t count = 0;
	char *next = arena_copy(arena, data, size);
	while (next && count < LINES_MAX) {
		char *line = next;
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		flags[count++] = line;
		check_name(line);
		char *equals = strchr(line, '=');
		if (equals) {
			char *key = arena_copy(arena, line, (size_t)(equals - line));
			pairs_set(&pairs, arena, key, equals + 1);
		}
	}
	struct parameters parameters;
	struct mount_flags mount_flags;
	struct error err = { 0 };
	if (parameters_parse(&pairs, &parameters, &err) < 0 && err.code != ERROR_INVALID)
		abort();
	if (mount_flags_parse(flags, count, &mount_flags, &err) < 0 && err.code != ERROR_INVALID)
		abort();
	return 0;
}
