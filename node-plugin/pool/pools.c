/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/pools.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pool/missing.h"
#include "pool/pulse.h"
#include "pool/trash.h"

struct pool *pools_find(struct pools *pools, const char *name)
{
	for (size_t i = 0; i < pools->count; i++)
		if (strcmp(pools->pools[i]->site.name, name) == 0)
			return pools->pools[i];
	return NULL;
}

void pools_close(struct pools *pools)
{
	if (!pools)
		return;
	for (size_t i = 0; i < pools->count; i++) {
		trash_free(pools->pools[i]->trash);
		pool_pulse_free(pools->pools[i]->pulse);
		pool_close(pools->pools[i]);
	}
	while (pools->missing) {
		struct pool_missing *missing = pools->missing;
		pools->missing = missing->next;
		pool_missing_free(missing);
	}
	cleanup_close(&pools->notes_fd);
	pthread_mutex_destroy(&pools->mutex);
	locks_done(&pools->locks);
	free(pools);
}

void pools_visit_missing(struct pools *pools, pools_missing_visitor *visit, void *context)
{
	pthread_mutex_lock(&pools->mutex);
	for (const struct pool_missing *missing = pools->missing; missing; missing = missing->next)
		visit(context, missing->name, missing->reason);
	pthread_mutex_unlock(&pools->mutex);
}

/* A disk that does not answer is as one that is missing. */
static int check_silent(struct pools *pools, const char *name, struct error *err)
{
	for (size_t i = 0; i < pools->count; i++) {
		struct pool *pool = pools->pools[i];
		if ((!name || strcmp(pool->site.name, name) == 0) && pool->visits.pulse &&
		    pool_pulse_is_silent(pool->pulse))
			return error_set(err, ERROR_UNAVAILABLE,
					 "pool %s: its disk does not answer; try again",
					 pool->site.name);
	}
	return 0;
}

int pools_check_missing(struct pools *pools, size_t seen, const char *name, struct error *err)
{
	pthread_mutex_lock(&pools->mutex);
	const struct pool_missing *missing =
		name ? pool_missing_find(pools->missing, name, NULL) : pools->missing;
	int outcome = 0;
	if (missing)
		outcome = error_set(err, ERROR_UNAVAILABLE, "pool %s is missing: %s", missing->name,
				    missing->reason);
	else if (pools->count > seen)
		outcome = error_set(err, ERROR_UNAVAILABLE, "pool %s came back just now; try again",
				    pools->pools[seen]->site.name);
	pthread_mutex_unlock(&pools->mutex);
	return outcome < 0 ? outcome : check_silent(pools, name, err);
}

int pools_not_found(struct pools *pools, size_t seen, const char *what, const char *id,
		    struct error *err)
{
	if (pools_check_missing(pools, seen, NULL, err) < 0)
		return error_prefix(err, "%s %s is in none of the pools that are there", what, id);
	return error_set(err, ERROR_NOT_FOUND, "%s %s does not exist on this node", what, id);
}

char *pools_names(struct pools *pools)
{
	CLEANUP_TEXT struct text names = TEXT_INIT;
	for (size_t i = 0; i < pools->count; i++)
		text_printf(&names, "%s%s", i ? ", " : "", pools->pools[i]->site.name);
	return text_take(&names);
}

int pools_check(struct pools *pools, struct error *err)
{
	struct error first = { 0 };
	for (size_t i = 0; i < pools->count; i++) {
		struct error reason = { 0 };
		struct pool *pool = pools->pools[i];
		if ((pool->pulse ? pool_pulse_check(pool->pulse, &reason)
				 : pool_check(pool, &reason)) == 0)
			return 0;
		if (first.code == ERROR_NONE)
			first = reason;
	}
	*err = first;
	return -1;
}
