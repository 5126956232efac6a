/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is being made lies in <pool>/tmp/. A copy that takes long is continued by the call that
 * repeats it, so it survives a restart of the plugin, and is kept for a day:
 *
 *	<pool>/tmp/<id>.<n>/		is being made; discarded at the next start
 *	<pool>/tmp/+<kind>.<id>/	a copy that a later call continues
 */

#include <stdbool.h>

#include "base/error.h"
#include "pool/pool.h"
#include "pool/pools.h"

/* The name in tmp/ of such a copy; and the kind and id of a name, false if it is none. */
void pool_unfinished_name(const char *kind, const char *id, char ret_name[static POOL_NAME_MAX]);
bool pool_unfinished_parse(const char *name, char ret_kind[static POOL_NAME_MAX],
			   const char **ret_id);

/* Opens such a copy, or makes its folder; it is kept for a day from now on. */
int pool_unfinished_open(struct pool *pool, const char *name, int *ret_fd, struct error *err);

/* It was neither opened nor written to for a day. */
bool pool_unfinished_is_old(struct pool *pool, const char *name);

/* At start: moves what cannot be continued to trash/. What resists is logged and stays. */
int pool_unfinished_discard(struct pool *pool, struct error *err);

/* Removes the copy for this snapshot or volume from tmp/ of every pool; what resists is found among
 * the orphans. With its lock held. */
void pool_unfinished_remove(struct pools *pools, const char *kind, const char *id);

/* Removes all copies in this pool that no call works on and that no call continued for a day. */
void pool_unfinished_remove_abandoned(struct pools *pools, struct pool *pool);
