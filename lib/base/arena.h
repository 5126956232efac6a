/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Memory that is released all at once.
 *
 * What is parsed together is freed together: a message of a call, an object of the API. Such things
 * are allocated in an arena one after the other and freed with it. Not thread-safe; running out of
 * memory ends the process, as with must_alloc().
 */

#include <stddef.h>

#include "base/cleanup.h"

struct arena;

/* first_bytes: the size of the first block; later ones double. */
struct arena *arena_new(size_t first_bytes);
void arena_free(struct arena *arena);

/* Zeroes all that was handed out, so that freed memory holds no secrets. The content is lost. */
void arena_wipe(struct arena *arena);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);

/* Copies into the arena; NULL stays NULL. */
char *arena_strdup(struct arena *arena, const char *string);
char *arena_copy(struct arena *arena, const void *data, size_t length); /* and a NUL behind it */
__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *arena, const char *format,
							 ...);

DEFINE_CLEANUP(struct arena *, arena_free);
