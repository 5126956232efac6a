/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/attachment.h"

#include <sys/mount.h>

#include "base/file.h"
#include "folder/folder.h"
#include "pool/pools.h"
#include "pool/volume_folder.h"
#include "volume/mounts.h"
#include "volume/volume.h"

/* A call that is about to take a place. It is counted by the calls that came after it: two must not
 * both take the last one, and no lock is held while disks are asked. */
struct attaching {
	struct attaching *next;
};

static void begin_attaching(struct pools *pools, struct attaching *mine)
{
	pthread_mutex_lock(&pools->mutex);
	mine->next = pools->attaching;
	pools->attaching = mine;
	pthread_mutex_unlock(&pools->mutex);
}

static void end_attaching(struct pools *pools, const struct attaching *mine)
{
	pthread_mutex_lock(&pools->mutex);
	struct attaching **link = &pools->attaching;
	while (*link != mine)
		link = &(*link)->next;
	*link = mine->next;
	pthread_mutex_unlock(&pools->mutex);
}

static unsigned count_earlier(struct pools *pools, const struct attaching *mine)
{
	unsigned count = 0;
	pthread_mutex_lock(&pools->mutex);
	for (const struct attaching *other = mine->next; other; other = other->next)
		count++;
	pthread_mutex_unlock(&pools->mutex);
	return count;
}

struct counting {
	struct pool *pool;
	unsigned count;
	unsigned unreadable; /* of them */
};

static int visit_volume(void *context, const char *name, struct error *err)
{
	struct counting *counting = context;
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	CLEANUP_VOLUME_FOLDER struct volume_folder whole = VOLUME_FOLDER_INIT;
	struct error reason = { 0 };
	if (!folder_is(counting->pool->volumes_fd, name) ||
	    (volume_folder_peek_in(counting->pool, name, &folder, NULL) == 0 && !folder.pool))
		return 0; /* just deleted, or no volume */
	if (volume_folder_open_in(counting->pool, name, &whole, &reason) == 0) {
		/* Ephemeral ones are never attached, but each is a pod's. */
		counting->count += whole.record.attached != ATTACHED_NO || whole.record.ephemeral;
		return 0;
	}
	/* Deleted meanwhile, or replaced. */
	if (reason.code == ERROR_NOT_FOUND || reason.code == ERROR_BUSY)
		return 0;
	counting->count++; /* a pod may have it */
	counting->unreadable++;
	return 0;
}

/* The records tell. Of a disk that does not answer they are remembered. */
static int count_in(struct pool *pool, struct counting *ret_counting, struct error *err)
{
	struct counting counting = { .pool = pool };
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	bool answers = pool_visit_begin(&pool->visits, pool->site.name, &visit, NULL) == 0;
	if (answers && folder_visit(pool->volumes_fd, visit_volume, &counting, err) < 0)
		return error_prefix(err, "pool %s: volumes", pool->site.path);
	pthread_mutex_lock(&pool->mutex);
	if (answers)
		pool->taken_count = counting.count;
	counting.count = pool->taken_count;
	pthread_mutex_unlock(&pool->mutex);
	*ret_counting = counting;
	return 0;
}

/* Asked only where there is a limit. */
static int count_taken(struct pools *pools, struct counting *ret_counting, struct error *err)
{
	struct counting sum = { 0 };
	for (size_t i = 0; i < pools->count; i++) {
		struct counting counting;
		if (count_in(pools->pools[i], &counting, err) < 0)
			return -1;
		sum.count += counting.count;
		sum.unreadable += counting.unreadable;
	}
	*ret_counting = sum;
	return 0;
}

static int check_room(struct pools *pools, const struct attaching *mine, struct error *err)
{
	struct counting taken = { 0 };
	unsigned earlier = 1;
	if (!pools->node->max_volumes)
		return 0;
	/* Twice: one of the earlier calls may be counted by its record too, and is not the next
	 * time. */
	for (unsigned tries = 0; tries < 2 && earlier; tries++) {
		earlier = count_earlier(pools, mine);
		if (count_taken(pools, &taken, err) < 0)
			return -1;
		if (taken.count + earlier < pools->node->max_volumes)
			return 0;
	}
	if (taken.unreadable)
		return error_set(
			err, ERROR_EXHAUSTED,
			"%u volumes are attached to this node or may be, since the record "
			"of %u of them is damaged, and it takes no more (--max-volumes=%u)",
			taken.count, taken.unreadable, pools->node->max_volumes);
	return error_set(err, ERROR_EXHAUSTED,
			 "%u volumes are attached to this node, and it takes no more "
			 "(--max-volumes=%u)",
			 taken.count, pools->node->max_volumes);
}

static int attach_one_more(struct pools *pools, struct volume_folder *folder,
			   enum attachment attached, struct error *err)
{
	struct volume_record record = folder->record;
	record.attached = attached;
	struct attaching mine;
	begin_attaching(pools, &mine);
	int outcome = check_room(pools, &mine, err);
	if (outcome == 0)
		outcome = volume_folder_write(folder, &record, err);
	end_attaching(pools, &mine);
	return outcome;
}

int attachment_make(struct pools *pools, const char *id, const struct access *access,
		    bool read_only, struct error *err)
{
	enum attachment asked = read_only ? ATTACHED_RO : ATTACHED_RW;
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	if (lock_take(&pools->locks, LOCK_VOLUME, id, &lock, err) < 0 ||
	    volume_folder_open(pools, id, &folder, err) < 0)
		return -1;
	if (volume_check_access(&folder.record, access, err) < 0)
		return error_not_named(err);
	if (folder.record.attached == asked) {
		/* The call that wrote that may have ended before it was durable. */
		if (file_sync_folder(folder.fd, err) < 0)
			return error_prefix(err, "volume %s", id);
		return 1;
	}
	if (folder.record.attached != ATTACHED_NO)
		return error_set(err, ERROR_EXISTS,
				 "volume %s is attached already, %s; readonly differs", id,
				 read_only ? "writable" : "read-only");
	if (attach_one_more(pools, &folder, asked, err) < 0)
		return error_not_named(err);
	return 0;
}

/* A block volume is staged by its device alone. */
static bool is_kept(const struct volume_mounts *mounts)
{
	for (size_t i = 0; i < mounts->marks.count; i++)
		if (mounts->marks.items[i].kept)
			return true;
	return false;
}

static int check_unmounted(struct pools *pools, const struct volume_folder *folder,
			   struct error *err)
{
	const char *id = folder->record.id;
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	if (volume_mounts_read(pools, id, folder, &mounts, err) < 0)
		return -1;
	const struct mount *mount = volume_mounts_any(&mounts);
	if (mount)
		return error_set(
			err, ERROR_IN_USE,
			"volume %s is in use: it is mounted at %s; NodeUnstageVolume comes "
			"first",
			id, mount->point);
	if (folder->record.block && is_kept(&mounts))
		return error_set(err, ERROR_IN_USE,
				 "block volume %s is in use: it is staged; NodeUnstageVolume comes "
				 "first",
				 id);
	return 0;
}

int attachment_end(struct pools *pools, const char *id, struct error *err)
{
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct error reason = { 0 };
	if (lock_take(&pools->locks, LOCK_VOLUME, id, &lock, err) < 0)
		return -1;
	if (volume_folder_open(pools, id, &folder, &reason) < 0) {
		if (reason.code == ERROR_NOT_FOUND)
			return 1; /* it was deleted, and that asks for none */
		*err = reason;
		return -1;
	}
	if (folder.record.attached == ATTACHED_NO)
		return file_sync_folder(folder.fd, err) < 0 ? -1 : 1;
	struct volume_record record = folder.record;
	record.attached = ATTACHED_NO;
	if (check_unmounted(pools, &folder, err) < 0 ||
	    volume_folder_write(&folder, &record, err) < 0)
		return error_not_named(err);
	return 0;
}

int attachment_obey(const struct pools *pools, const struct volume_record *record,
		    struct mount_flags *flags, struct error *err)
{
	if (!pools->node->attach || record->ephemeral)
		return 0;
	if (record->attached == ATTACHED_NO)
		return error_set(err, ERROR_IN_USE,
				 "volume %s is not attached: ControllerPublishVolume comes first "
				 "(the plugin runs with --attach)",
				 record->id);
	if (record->attached == ATTACHED_RO) {
		flags->read_only = true;
		flags->attributes |= MOUNT_ATTR_RDONLY;
	}
	return 0;
}

int attachment_check_none(const struct pools *pools, const struct volume_record *record,
			  struct error *err)
{
	if (!pools->node->attach || record->attached == ATTACHED_NO)
		return 0;
	return error_set(err, ERROR_IN_USE,
			 "volume %s is in use: it is attached; ControllerUnpublishVolume comes "
			 "first",
			 record->id);
}
