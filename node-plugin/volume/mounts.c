/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/mounts.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "backend/backends.h"
#include "pool/pools.h"
#include "pool/volume_folder.h"
#include "record/layout.h"

#define LOOP_NODES "/dev/loop" /* and a number: loop_device_path() */
#define UNMOUNTS_MAX 128       /* at one place: more is another program's endless loop */

/* The record says which root a mount of the whole volume has. */
static void settle_roots(struct mount_marks *marks, const struct volume_folder *folder)
{
	bool known = folder->record.id[0] != '\0';
	bool encrypted = folder->record.encryption != ENCRYPTION_NONE;
	for (size_t i = 0; i < marks->count; i++) {
		struct mount_mark *mark = &marks->items[i];
		mark->whole = known && encrypted && mark->encrypted ? mark->encrypted : mark->root;
		mark->or_whole = known ? NULL : mark->encrypted;
	}
}

/* Takes the table. 1: it would have to be whole. */
static int read_marks(const char *id, const struct volume_folder *folder, struct mount_table *table,
		      struct volume_mounts *ret_mounts, struct error *err)
{
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { .table = table };
	if (folder->pool)
		mounts.backend = backend_of_folder(folder->fd);
	int outcome = mounts.backend ? mounts.backend->mark(&folder->pool->site, folder->fd, id,
							    table, &mounts.marks, err)
				     : 0;
	if (outcome)
		return outcome;
	settle_roots(&mounts.marks, folder);
	*ret_mounts = mounts;
	mounts.table = NULL;
	return 0;
}

int volume_mounts_read(struct pools *pools, const char *id, const struct volume_folder *folder,
		       struct volume_mounts *ret_mounts, struct error *err)
{
	struct mount_table *table = NULL;
	if (pools->host->read_mounts(pools->host, &table, err) < 0)
		return -1;
	return read_marks(id, folder, table, ret_mounts, err);
}

/* NULL: the kernel does not say. */
static struct mount_table *look_at(struct host *host, const char *const *paths)
{
	CLEANUP(mount_table_freep) struct mount_table *table = mount_table_new_part();
	for (; *paths; paths++)
		if (host->look_at_mount(host, *paths, table) > 0)
			return NULL;
	return TAKE(table);
}

int volume_mounts_read_at(struct pools *pools, const char *id, const struct volume_folder *folder,
			  const char *const *paths, struct volume_mounts *ret_mounts,
			  struct error *err)
{
	struct mount_table *part = look_at(pools->host, paths);
	int outcome = part ? read_marks(id, folder, part, ret_mounts, err) : 1;
	return outcome > 0 ? volume_mounts_read(pools, id, folder, ret_mounts, err) : outcome;
}

void volume_mounts_done(struct volume_mounts *mounts)
{
	mount_table_free(mounts->table);
	mounts->table = NULL;
}

static bool is_btrfs_of(const struct mount *mount, const char *source)
{
	return strcmp(mount->type, "btrfs") == 0 && strcmp(mount->source, source) == 0;
}

static bool is_on_device(const struct mount_mark *mark, const struct mount *mount)
{
	return mount->device == mark->device || (mark->source && is_btrfs_of(mount, mark->source));
}

static bool is_whole(const struct mount_mark *mark, const struct mount *mount)
{
	if (!is_on_device(mark, mount))
		return false;
	return strcmp(mount->root, mark->whole) == 0 ||
	       (mark->or_whole && strcmp(mount->root, mark->or_whole) == 0);
}

static bool is_part(const struct mount_mark *mark, const struct mount *mount)
{
	size_t length = strlen(mark->root);
	if (!is_on_device(mark, mount) || strncmp(mount->root, mark->root, length) != 0)
		return false;
	/* "/" of a device is above everything in it; "…/data" is not above "…/database". */
	return length == 1 || mount->root[length] == '\0' || mount->root[length] == '/';
}

const struct mount_mark *volume_mounts_mark(const struct volume_mounts *mounts,
					    const struct mount *mount)
{
	for (size_t i = 0; i < mounts->marks.count; i++)
		if (is_whole(&mounts->marks.items[i], mount))
			return &mounts->marks.items[i];
	return NULL;
}

bool volume_mounts_own(const struct volume_mounts *mounts, const struct mount *mount)
{
	return volume_mounts_mark(mounts, mount) != NULL;
}

bool volume_mounts_part(const struct volume_mounts *mounts, const struct mount *mount)
{
	for (size_t i = 0; i < mounts->marks.count; i++)
		if (is_part(&mounts->marks.items[i], mount))
			return true;
	return false;
}

const struct mount *volume_mounts_any(const struct volume_mounts *mounts)
{
	assert(!mounts->table->is_part);
	for (size_t i = 0; mounts->marks.count && i < mounts->table->count; i++)
		if (volume_mounts_part(mounts, &mounts->table->mounts[i]))
			return &mounts->table->mounts[i];
	return NULL;
}

const struct mount *volume_mounts_writable(const struct volume_mounts *mounts)
{
	assert(!mounts->table->is_part);
	for (size_t i = 0; i < mounts->table->count; i++) {
		const struct mount *mount = &mounts->table->mounts[i];
		if (volume_mounts_part(mounts, mount) && !mount_has_option(mount->options, "ro"))
			return mount;
	}
	return NULL;
}

bool volume_mounts_is_node(const struct volume_mounts *mounts, const struct mount *mount)
{
	dev_t device;
	const char *root = mount_table_root(mounts->table, LOOP_NODES, &device);
	size_t length = root ? strlen(root) : 0;
	return root && mount->device == device && strncmp(mount->root, root, length) == 0 &&
	       isdigit((unsigned char)mount->root[length]);
}

/* The whole image of an encrypted volume, its folder and all: what is left at the staging path by a
 * process that ended within kernel_mount_part(). */
static bool is_uncut(const struct volume_mounts *mounts, const struct mount *mount)
{
	for (size_t i = 0; i < mounts->marks.count; i++) {
		const struct mount_mark *mark = &mounts->marks.items[i];
		if (is_on_device(mark, mount) && strcmp(mount->root, mark->root) == 0)
			return true;
	}
	return false;
}

/* The volume lies at this point, at the top or below other mounts. */
static bool lies_at(const struct volume_mounts *mounts, const char *point)
{
	assert(!mounts->table->is_part);
	for (size_t i = 0; i < mounts->table->count; i++) {
		const struct mount *mount = &mounts->table->mounts[i];
		if (strcmp(mount->point, point) == 0 &&
		    (volume_mounts_own(mounts, mount) || is_uncut(mounts, mount)))
			return true;
	}
	return false;
}

const struct mount *volume_mounts_elsewhere(const struct volume_mounts *mounts, const char *point,
					    const char *other_point)
{
	assert(!mounts->table->is_part);
	for (size_t i = 0; i < mounts->table->count; i++) {
		const struct mount *mount = &mounts->table->mounts[i];
		if (volume_mounts_own(mounts, mount) && strcmp(mount->point, point) != 0 &&
		    strcmp(mount->point, other_point) != 0)
			return mount;
	}
	return NULL;
}

static bool lies_in(const struct pool *pool, const struct volume_mounts *mounts,
		    const struct mount *mount)
{
	const struct mount *pool_mount = mount_table_covering(mounts->table, pool->site.path);
	const char *below = strstr(mount->root, "/" LAYOUT_VOLUMES "/");
	return pool_mount && mount->device == pool_mount->device && below;
}

/* A directory volume of a pool that is missing by now (pool/pools.h), whose disk was let go of
 * while it was mounted. */
static bool is_of_missing_pool(struct pools *pools, const char *id, const struct mount *mount)
{
	char end[ID_MAX + 32];
	int length = snprintf(end, sizeof(end), "/" LAYOUT_VOLUME_DATA, id);
	size_t root_length = strlen(mount->root);
	return length < (int)sizeof(end) && root_length >= (size_t)length &&
	       strcmp(mount->root + root_length - (size_t)length, end) == 0 &&
	       pools_check_missing(pools, pools->count, NULL, NULL) < 0;
}

/* Of a volume whose folder is gone nothing is known but that it was a loop device or lay in the
 * pool; the kubelet must still be able to clear its places. */
static bool may_be_ours(struct pools *pools, const struct volume_mounts *mounts,
			const struct mount *mount)
{
	/* Ours once, of a device that released the image: its node leads to nothing, or to what is
	 * not the volume's. */
	if (volume_mounts_is_node(mounts, mount))
		return !mounts->backend || mounts->backend->device;
	if (mounts->backend)
		return false;
	if (mount_loop_number(mount) >= 0)
		return true;
	for (size_t i = 0; i < pools->count; i++)
		if (lies_in(pools->pools[i], mounts, mount))
			return true;
	return false;
}

static int check_ours(struct pools *pools, const char *id, const struct volume_mounts *mounts,
		      const struct mount *top, struct error *err)
{
	if (lies_at(mounts, top->point) || may_be_ours(pools, mounts, top) ||
	    (!mounts->backend && is_of_missing_pool(pools, id, top)))
		return 0;
	return error_set(err, ERROR_IN_USE,
			 "%s is a mount of %s (%s), not of volume %s; it is left alone", top->point,
			 top->source, top->type, id);
}

/* What is not simply the volume's, seen in the light of all mounts. */
static int check_again(struct pools *pools, const char *id, const struct volume_folder *folder,
		       const char *path, struct error *err)
{
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	if (volume_mounts_read(pools, id, folder, &mounts, err) < 0)
		return -1;
	const struct mount *top = mount_table_at(mounts.table, path);
	return top ? check_ours(pools, id, &mounts, top, err) : 1;
}

/* 1: nothing is mounted there. 0: one mount is gone. */
static int clear_one(struct pools *pools, const char *id, const struct volume_folder *folder,
		     const char *path, struct error *err)
{
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	const char *const paths[] = { path, NULL };
	if (volume_mounts_read_at(pools, id, folder, paths, &mounts, err) < 0)
		return -1;
	const struct mount *top = mount_table_at(mounts.table, path);
	if (!top)
		return 1;
	int outcome =
		volume_mounts_own(&mounts, top) ? 0 : check_again(pools, id, folder, path, err);
	return outcome ? outcome : pools->host->unmount(pools->host, path, err);
}

int volume_mounts_clear(struct pools *pools, const char *id, const struct volume_folder *folder,
			const char *path, struct error *err)
{
	for (int unmounted = 0; unmounted < UNMOUNTS_MAX; unmounted++) {
		int outcome = clear_one(pools, id, folder, path, err);
		if (outcome < 0)
			return -1;
		if (outcome > 0)
			return unmounted == 0;
		if (pools->host->is_unmounted(pools->host, path))
			return 0;
	}
	return error_set(err, ERROR_INTERNAL, "%s: more than %d mounts are stacked there", path,
			 UNMOUNTS_MAX);
}
