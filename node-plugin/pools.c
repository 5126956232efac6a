/* SPDX-License-Identifier: Apache-2.0 */
#include "pools.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int pools_open(const struct pool_place *places, size_t count, struct host *host,
	       unsigned reserve_percent, struct pools **ret_pools, struct error *err)
{
	struct pools *pools CLEANUP(pools_closep) = must_alloc(sizeof(*pools));
	pools->host = host;
	volume_locks_init(&pools->locks);
	for (; pools->count < count; pools->count++)
		if (pool_open(&places[pools->count], host, reserve_percent,
			      &pools->pools[pools->count], err) < 0)
			return -1;
	*ret_pools = TAKE(pools);
	return 0;
}

void pools_close(struct pools *pools)
{
	if (!pools)
		return;
	for (size_t i = 0; i < pools->count; i++)
		pool_close(pools->pools[i]);
	volume_locks_done(&pools->locks);
	free(pools);
}

struct pool *pools_find(struct pools *pools, const char *name)
{
	for (size_t i = 0; i < pools->count; i++)
		if (strcmp(pools->pools[i]->name, name) == 0)
			return pools->pools[i];
	return NULL;
}

static int no_such_pool(struct pools *pools, const char *name, struct error *err)
{
	struct text names CLEANUP_TEXT = TEXT_INIT;
	for (size_t i = 0; i < pools->count; i++)
		text_printf(&names, "%s%s", i ? ", " : "", pools->pools[i]->name);
	return error_set(err, ERROR_INVALID,
			 "parameter pool: this node has no pool \"%s\"; it has %s", name,
			 names.data);
}

int pools_choose(struct pools *pools, const char *name, struct pool **ret_pool, struct error *err)
{
	struct pool *pool = name ? pools_find(pools, name) : pools->pools[0];
	if (!pool)
		return no_such_pool(pools, name, err);
	*ret_pool = pool;
	return 0;
}

int pools_check(struct pools *pools, struct error *err)
{
	for (size_t i = 0; i < pools->count; i++)
		if (pool_check(pools->pools[i], err) < 0)
			return -1;
	return 0;
}

uint64_t pools_volume_count(struct pools *pools)
{
	uint64_t count = 0;
	for (size_t i = 0; i < pools->count; i++)
		count += pool_volume_count(pools->pools[i]);
	return count;
}
