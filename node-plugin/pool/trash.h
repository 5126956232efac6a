/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The trash of a pool, and the thread that empties it aside from the calls that fill it.
 *
 * A volume or snapshot is deleted when its rename into trash/ is durable. What is small is removed
 * at once then, by the same call. Many files, or many blocks, take longer than a caller waits, so a
 * thread of the pool's own removes it: it runs with the lowest priority (nice 19, ioprio class
 * idle), one folder at a time, and only while the trash holds something. After each 128 entries it
 * rests for as long as they took. What a process leaves there, the next one removes.
 *
 * What was promised to the volume is given back with the rename. That promises nothing twice: the
 * room of a pool is what its disk has free now, less the promises (pool/capacity.h), and the disk's
 * blocks are free when they are. A call that needs more than that room waits a little for the
 * trash.
 */

#include <stdbool.h>
#include <stdint.h>

struct pool;
struct trash;

/* For pool->trash. */
struct trash *trash_new(void);

/* Ends the removal that is under way, after the entry that is being removed. */
void trash_free(struct trash *trash);

/* For what lies in trash/ under this name, durably: removes it, or has it removed. */
void trash_remove(struct pool *pool, const char *name);

/* Has all that is in trash/ removed. What resists is logged, and tried again the next time. */
void trash_empty_soon(struct pool *pool);

/* Something is being removed. */
bool trash_is_busy(struct pool *pool);

/* Waits until that is over. False: the time is. */
bool trash_wait(struct pool *pool, uint64_t ms);
