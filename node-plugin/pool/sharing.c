/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/sharing.h"

#include <string.h>

#include "base/log.h"
#include "disk/image_blocks.h"
#include "mount/table.h"

#define ROOT "/"

/* The mounts in which these paths end. */
static int read_mounts(struct host *host, const char *const *paths, size_t count,
		       struct mount_table **ret_table, struct error *err)
{
	CLEANUP(mount_table_freep) struct mount_table *table = mount_table_new_part();
	for (size_t i = 0; i < count; i++)
		if (host->look_at_mount(host, paths[i], table) > 0)
			return host->read_mounts(host, ret_table, err);
	*ret_table = TAKE(table);
	return 0;
}

/* "/ostree/deploy/…/var/lib/kentledge" at "/var/lib/kentledge" counts, too, and a subvolume. */
static bool is_bound_from_root(const struct mount *mount)
{
	size_t point_length = strlen(mount->point), root_length = strlen(mount->root);
	return point_length > 1 && root_length >= point_length &&
	       strcmp(mount->root + root_length - point_length, mount->point) == 0;
}

/* With what: a word for the log; NULL: it is the pool's own. */
static const char *find_sharer(const struct mount_table *table, const char *path,
			       const char *kubelet_folder)
{
	const struct mount *mount = mount_table_covering(table, path);
	const struct mount *root = mount_table_covering(table, ROOT);
	const struct mount *kubelet =
		kubelet_folder ? mount_table_covering(table, kubelet_folder) : NULL;
	if (mount && kubelet && mount->device == kubelet->device)
		return "kubelet";
	if (mount && ((root && mount->device == root->device) || is_bound_from_root(mount)))
		return "root";
	return mount ? NULL : "unknown";
}

static void decide(struct pool *pool, const char *sharer)
{
	pool->shares_disk = sharer != NULL;
	if (pool->reserve_percent == POOL_RESERVE_AUTO)
		pool->reserve_percent =
			pool->shares_disk ? POOL_RESERVE_PERCENT_SHARED : POOL_RESERVE_PERCENT_OWN;
	if (sharer)
		log_warning("pool shares its disk with the node: images, logs and emptyDirs can "
			    "take what is promised to volumes; give it a disk of its own",
			    LOG_TEXT("pool", pool->site.name), LOG_TEXT("path", pool->site.path),
			    LOG_TEXT("with", sharer),
			    LOG_UINT("reserve_percent", pool->reserve_percent));
	else
		log_info("pool has a disk of its own", LOG_TEXT("pool", pool->site.name),
			 LOG_UINT("reserve_percent", pool->reserve_percent));
}

void pool_sharing_look(struct pool *pool, const char *kubelet_folder)
{
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	struct error err = { 0 };
	const char *const paths[] = { pool->site.path, ROOT, kubelet_folder };
	const char *sharer = "unknown";
	if (read_mounts(pool->site.host, paths, kubelet_folder ? 3 : 2, &table, &err) < 0)
		log_warning("cannot find out whether the pool shares its disk; it counts as shared",
			    LOG_TEXT("pool", pool->site.name), LOG_ERR(&err));
	else
		sharer = find_sharer(table, pool->site.path, kubelet_folder);
	decide(pool, sharer);
}

bool pool_sharing_endangers(const struct pool *pool)
{
	return pool->shares_disk && image_blocks_stay(pool->site.root_fd);
}
