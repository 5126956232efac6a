/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/health.h"

#include <inttypes.h>
#include <sys/statvfs.h>

#include "pool/pools.h"
#include "pool/pulse.h"

static void add_missing(void *context, const char *name, const char *reason)
{
	struct text *missing = context;
	text_printf(missing, "%spool %s is missing: %s", missing->length ? "; " : "", name, reason);
}

static int check(struct pool *pool, struct error *err)
{
	return pool->pulse ? pool_pulse_check(pool->pulse, err) : pool_check(pool, err);
}

static void look_at_room(struct pool *pool, struct pool_health *health)
{
	struct statvfs disk;
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, NULL) < 0 ||
	    fstatvfs(pool->volumes_fd, &disk) < 0)
		return;
	uint64_t room_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (room_bytes < POOL_FULL_BYTES)
		text_printf(&health->full, "%spool %s (%s) is full: %" PRIu64 " bytes are free",
			    health->full.length ? "; " : "", pool->site.name, pool->site.path,
			    room_bytes);
}

void pool_health_look(struct pools *pools, struct pool_health *ret_health)
{
	pools_visit_missing(pools, add_missing, &ret_health->missing);
	for (size_t i = 0; i < pools->count; i++) {
		struct pool *pool = pools->pools[i];
		struct text *failing = &ret_health->failing;
		struct error reason = { 0 };
		if (check(pool, &reason) < 0)
			text_printf(failing, "%spool %s: %s", failing->length ? "; " : "",
				    pool->site.name, reason.text);
		else
			look_at_room(pool, ret_health);
	}
}

void pool_health_done(struct pool_health *health)
{
	text_done(&health->missing);
	text_done(&health->failing);
	text_done(&health->full);
}
