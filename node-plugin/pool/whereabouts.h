/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * In which pool a volume was seen last: that pool is asked first, and where the volume is there,
 * no other disk is touched.
 *
 * It is a hint in little memory: one place for each hash of an id, and what came last has it. The
 * hint is right or of no use, since the pool itself shows whether the volume is there. Only a look
 * into all pools notes a volume, and a pool that comes back clears all notes: so a volume that lies
 * in two pools is not noted.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define WHEREABOUTS_COUNT 1024

struct whereabouts {
	atomic_uint notes[WHEREABOUTS_COUNT]; /* 0: none */
};

void whereabouts_note(struct whereabouts *whereabouts, const char *id, size_t pool);

/* False: nothing is noted. */
bool whereabouts_find(struct whereabouts *whereabouts, const char *id, size_t *ret_pool);

void whereabouts_forget(struct whereabouts *whereabouts, const char *id);
void whereabouts_clear(struct whereabouts *whereabouts);
