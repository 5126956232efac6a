/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/visiting.h"

#include "folder/folder.h"
#include "pool/pools.h"

struct pool *visiting_pool(struct pools *pools, const char *id)
{
	size_t place;
	bool noted = whereabouts_find(&pools->whereabouts, id, &place) && place < pools->count;
	return noted ? pools->pools[place] : NULL;
}

int visiting_begin(struct pools *pools, const char *id, struct pool_visit *visit, struct error *err)
{
	struct pool *pool = visiting_pool(pools, id);
	return pool ? pool_visit_begin(&pool->visits, pool->site.name, visit, err) : 0;
}

static int visit_of_lock(void *context, const char *id, struct pool_visit *visit, struct error *err)
{
	return visiting_begin(context, id, visit, err);
}

struct noting {
	struct pools *pools;
	size_t place;
};

/* One that lies in two pools is not noted (pool/whereabouts.h). */
static int note_volume(void *context, const char *name, struct error *err)
{
	const struct noting *noting = context;
	struct whereabouts *whereabouts = &noting->pools->whereabouts;
	size_t other;
	if (whereabouts_find(whereabouts, name, &other) && other != noting->place)
		whereabouts_forget(whereabouts, name);
	else
		whereabouts_note(whereabouts, name, noting->place);
	return 0;
}

static void note_volumes(struct pools *pools)
{
	for (size_t i = 0; pools->count > 1 && i < pools->count; i++) {
		struct noting noting = { .pools = pools, .place = i };
		folder_visit(pools->pools[i]->volumes_fd, note_volume, &noting, NULL);
	}
}

void visiting_init(struct pools *pools)
{
	note_volumes(pools);
	pools->locks.visit = visit_of_lock;
	pools->locks.context = pools;
}
