/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/cut.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend/directory.h"
#include "base/clock.h"
#include "base/log.h"
#include "disk/filesystem_grow.h"
#include "folder/folder.h"
#include "folder/subvolume.h"
#include "folder/tree_copy.h"
#include "folder/tree_remove.h"
#include "host/host.h"
#include "volume/mounts.h"

#define IMAGE_NAME "image"
#define IMAGE_MODE 0600
#define DATA_NAME "data"
#define DATA_MODE 0755
#define LINKS_NAME "links"
#define STAT_BLOCK_BYTES 512
#define PASSES_MAX 8
#define PASSES_BEFORE_MAX 4
#define CALM_BYTES (16 << 20)
#define LOCK_WAIT_MS 5000
#define LOCK_POLL_MS 10

static bool is_image(const struct cut *cut)
{
	return cut->source.record.backend == BACKEND_LOOP;
}

static int pass_over_image(struct cut *cut, const struct copy_watch *watch,
			   uint64_t *ret_written_bytes, struct error *err)
{
	if (copy_mark_take(cut->image_fd, &cut->mark, err) < 0)
		return -1;
	return copy_pass(cut->image_fd, cut->copy_fd, watch, ret_written_bytes, err) ? -1 : 0;
}

/* Beforehand, while the volume is in use: until little changes during a pass, so that the last one,
 * for which pods wait, has not much to do but compare. */
static int approach_image(struct cut *cut, struct error *err)
{
	for (int passes = 0; passes < PASSES_BEFORE_MAX; passes++) {
		uint64_t written_bytes = 0;
		if (pass_over_image(cut, cut->watch, &written_bytes, err) < 0)
			return -1;
		if (written_bytes < CALM_BYTES || copy_mark_holds(cut->image_fd, &cut->mark))
			return 0;
	}
	return 0;
}

static int begin_image(struct cut *cut, struct error *err)
{
	if (folder_open_file(cut->source.fd, IMAGE_NAME, O_RDONLY, 0, &cut->image_fd, err) < 0 ||
	    folder_open_file(cut->target_fd, IMAGE_NAME, O_RDWR | O_CREAT, IMAGE_MODE,
			     &cut->copy_fd, err) < 0)
		return -1;
	int outcome = copy_clone(cut->image_fd, cut->copy_fd, err);
	cut->cloneable = outcome == 0;
	return outcome > 0 ? approach_image(cut, err) : outcome;
}

/* What an earlier try left of a tree is not compared: begun again. */
static int copy_tree(int source_fd, int target_fd, const struct copy_watch *watch,
		     struct error *err)
{
	CLEANUP_CLOSE int source_data_fd = -1;
	CLEANUP_CLOSE int data_fd = -1;
	CLEANUP_CLOSE int links_fd = -1;
	struct tree_copy_result result;
	if (folder_open(source_fd, DATA_NAME, &source_data_fd, err) < 0 ||
	    folder_make(target_fd, DATA_NAME, DATA_MODE, &data_fd, err) < 0 ||
	    tree_remove(target_fd, LINKS_NAME, err) < 0 ||
	    folder_make(target_fd, LINKS_NAME, 0700, &links_fd, err) < 0 ||
	    tree_copy(source_data_fd, data_fd, links_fd, watch, &result, err) != 0 ||
	    tree_remove(target_fd, LINKS_NAME, err) < 0)
		return -1;
	if (syncfs(data_fd) < 0)
		return error_errno(err, errno, "syncfs");
	return 0;
}

static int begin_directory(struct cut *cut, struct error *err)
{
	if (folder_open(cut->source.fd, DATA_NAME, &cut->data_fd, err) < 0)
		return -1;
	cut->taken_us = (uint64_t)clock_wall_us();
	cut->cloneable = !cut->other_pool && subvolume_is(cut->data_fd);
	if (cut->cloneable)
		return 0;
	return copy_tree(cut->source.fd, cut->target_fd, cut->watch, err);
}

int cut_begin(struct cut *cut, struct pools *pools, const char *volume_id, int target_fd,
	      const struct copy_watch *watch, struct error *err)
{
	cut->pools = pools;
	cut->watch = watch;
	cut->target_fd = target_fd;
	if (volume_folder_open(pools, volume_id, &cut->source, err) < 0)
		return -1;
	int outcome = is_image(cut) ? begin_image(cut, err) : begin_directory(cut, err);
	return outcome < 0 ? error_not_named(err) : 0;
}

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec) { .tv_nsec = ms * 1000000 }, NULL);
}

/* Calls of the kubelet are short: what was copied for minutes is not given up for one of them. */
static int lock_source(struct cut *cut, struct error *err)
{
	uint64_t deadline_ms = clock_monotonic_ms() + LOCK_WAIT_MS;
	struct error reason = { 0 };
	while (lock_take(&cut->pools->locks, LOCK_VOLUME, cut->source.record.id, &cut->lock,
			 &reason) < 0) {
		if (reason.code != ERROR_BUSY || clock_monotonic_ms() > deadline_ms) {
			*err = reason;
			return -1;
		}
		wait_ms(LOCK_POLL_MS);
	}
	return 0;
}

/* It was not deleted, nor made anew, while it was copied. It may have grown. */
static int check_source(struct cut *cut, struct error *err)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder now = VOLUME_FOLDER_INIT;
	struct stat before, after;
	if (volume_folder_open(cut->pools, cut->source.record.id, &now, err) < 0)
		return error_prefix(err, "while it was copied");
	if (fstat(cut->source.fd, &before) < 0 || fstat(now.fd, &after) < 0 ||
	    before.st_dev != after.st_dev || before.st_ino != after.st_ino)
		return error_set(err, ERROR_NOT_FOUND, "volume %s was deleted while it was copied",
				 cut->source.record.id);
	cut->source.record = now.record;
	return 0;
}

/* A folder in the volume's file system, by whichever of its mounts can be seen: where another one
 * lies over it, that is not what has to be held still. */
static int open_any_mount(struct pools *pools, const char *id, const struct volume_mounts *mounts,
			  int *ret_fd, struct error *err)
{
	struct host *host = pools->host;
	const struct mount *hidden = NULL;
	for (size_t i = 0; i < mounts->table->count; i++) {
		const struct mount *mount = &mounts->table->mounts[i];
		if (!volume_mounts_part(mounts, mount))
			continue;
		int outcome = host->open_mount(host, mount, ret_fd, err);
		if (outcome <= 0)
			return outcome;
		hidden = mount;
	}
	return error_set(err, ERROR_IN_USE,
			 "volume %s is mounted at %s, but something else is to be seen there; "
			 "unmount that first",
			 id, hidden ? hidden->point : "no place");
}

static int freeze_mount(struct cut *cut, const struct volume_mounts *mounts, struct error *err)
{
	int mount_fd = -1;
	if (open_any_mount(cut->pools, cut->source.record.id, mounts, &mount_fd, err) < 0)
		return -1;
	cut->mount_fd = mount_fd;
	struct freeze_target target = {
		.host = cut->pools->host,
		.intents_fd = cut->source.pool->freeze_fd,
		.id = cut->source.record.id,
		.mount_fd = cut->mount_fd,
		.limit_ms = CUT_HOLD_MS,
	};
	return freeze_begin(&target, &cut->freeze, err);
}

/* A block volume has no file system of ours to freeze; what its device keeps in its cache is
 * written to the image. */
static int flush_device(struct cut *cut, struct error *err)
{
	struct loop_device device;
	struct host *host = cut->pools->host;
	int found = host->find_loop(host, cut->image_fd, &device, err);
	if (found <= 0)
		return found;
	cut->in_use = true;
	if (cut->must_rest)
		return error_set(err, ERROR_IN_USE,
				 "volume %s is in use, and what is written to it cannot be held "
				 "back while the others are cut; stop its pod first",
				 cut->source.record.id);
	return host->flush_loop(host, &device, err);
}

static int hold_image(struct cut *cut, struct error *err)
{
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	if (cut->source.record.block)
		return flush_device(cut, err);
	if (volume_mounts_read(cut->pools, cut->source.record.id, &cut->source, &mounts, err) < 0)
		return -1;
	if (volume_mounts_any(&mounts))
		return freeze_mount(cut, &mounts, err);
	return filesystem_grow_hold(cut->image_fd, err) < 0 ? -1 : flush_device(cut, err);
}

int cut_hold(struct cut *cut, struct error *err)
{
	if (lock_source(cut, err) < 0 || check_source(cut, err) < 0)
		return -1;
	cut->deadline_ms = clock_monotonic_ms() + CUT_HOLD_MS;
	return is_image(cut) ? hold_image(cut, err) : 0;
}

static int look_while_held(void *context, uint64_t done_bytes, struct error *err)
{
	const struct cut *cut = context;
	if (clock_monotonic_ms() > cut->deadline_ms)
		return error_set(err, ERROR_IN_USE,
				 "volume %s is too large to be compared within the %d ms for which "
				 "its pods may wait; what was copied is kept for a day: stop the "
				 "pod for the time of the next try, or use a pool on xfs or btrfs, "
				 "which share blocks",
				 cut->source.record.id, CUT_HOLD_MS);
	return cut->watch && cut->watch->look
		       ? cut->watch->look(cut->watch->context, done_bytes, err)
		       : 0;
}

/* The last pass is over something that rests: held still, or not written to while it went. */
static int repeat_passes(struct cut *cut, struct error *err)
{
	struct copy_watch watch = { .look = look_while_held, .context = cut };
	for (int passes = 0; passes < PASSES_MAX; passes++) {
		if (copy_mark_holds(cut->image_fd, &cut->mark))
			return 0;
		if (pass_over_image(cut, &watch, NULL, err) < 0)
			return -1;
		if (!cut->in_use)
			return 0;
		/* Right after a change the next one may not show. */
		if (!cut->mark.certain)
			wait_ms(30);
	}
	return error_set(
		err, ERROR_IN_USE,
		"block volume %s is written to all the time; what was copied is kept for a "
		"day: stop its pod for the time of the next try, or use a pool on xfs or "
		"btrfs, which share blocks",
		cut->source.record.id);
}

static int take_directory(struct cut *cut, struct error *err)
{
	if (!cut->cloneable)
		return 0;
	cut->taken_us = (uint64_t)clock_wall_us();
	if (backend_directory_snapshot(cut->source.fd, cut->target_fd, cut->read_only, err) == 0)
		return 0;
	return error_prefix(err, "snapshot of the subvolume");
}

static int take_image(struct cut *cut, struct error *err)
{
	if (!cut->cloneable)
		return repeat_passes(cut, err);
	int outcome = copy_clone(cut->image_fd, cut->copy_fd, err);
	return outcome <= 0 ? outcome : error_set(err, ERROR_INTERNAL, "the pool no longer clones");
}

int cut_take(struct cut *cut, struct error *err)
{
	if (!is_image(cut))
		return take_directory(cut, err);
	cut->taken_us = (uint64_t)clock_wall_us();
	return take_image(cut, err) < 0 ? -1
					: filesystem_grow_carry(cut->image_fd, cut->copy_fd, err);
}

int cut_release(struct cut *cut, struct error *err)
{
	int outcome = 0;
	struct error reason = { 0 };
	if (cut->freeze)
		outcome = freeze_end(TAKE(cut->freeze), &reason);
	/* Or it keeps the volume from being unmounted. */
	cleanup_close(&cut->mount_fd);
	cut->mount_fd = -1;
	if (cut->image_fd >= 0)
		filesystem_grow_let(cut->image_fd);
	lock_done(&cut->lock);
	cut->lock = (struct lock) { 0 };
	if (outcome == 0)
		return 0;
	*err = reason;
	if (err->code == ERROR_TIMEOUT)
		err->code = ERROR_IN_USE;
	return -1;
}

int cut_finish(struct cut *cut, struct error *err)
{
	if (is_image(cut) && fsync(cut->copy_fd) < 0)
		return error_errno(err, errno, "fsync of the copy");
	if (!is_image(cut) && syncfs(cut->target_fd) < 0)
		return error_errno(err, errno, "syncfs");
	return 0;
}

void cut_done(struct cut *cut)
{
	freeze_abandon(TAKE(cut->freeze));
	cleanup_close(&cut->mount_fd);
	lock_done(&cut->lock);
	cleanup_close(&cut->data_fd);
	cleanup_close(&cut->copy_fd);
	cleanup_close(&cut->image_fd);
	volume_folder_done(&cut->source);
}

int cut_make(struct cut *cut, struct pools *pools, const char *volume_id, int target_fd,
	     const struct copy_watch *watch, struct error *err)
{
	if (cut_begin(cut, pools, volume_id, target_fd, watch, err) < 0 || cut_hold(cut, err) < 0)
		return -1;
	int outcome = cut_take(cut, err);
	struct error reason = { 0 };
	if (cut_release(cut, outcome < 0 ? &reason : err) < 0 || outcome < 0)
		return -1;
	return cut_finish(cut, err);
}

int cut_measure(const struct volume_folder *source, uint64_t *ret_bytes, struct error *err)
{
	struct stat image;
	if (source->record.backend == BACKEND_LOOP) {
		if (fstatat(source->fd, IMAGE_NAME, &image, AT_SYMLINK_NOFOLLOW) < 0)
			return error_errno(err, errno, "stat of the image");
		*ret_bytes = (uint64_t)image.st_blocks * STAT_BLOCK_BYTES;
		return 0;
	}
	CLEANUP_CLOSE int data_fd = -1;
	if (folder_open(source->fd, DATA_NAME, &data_fd, err) < 0)
		return -1;
	return tree_copy_measure(data_fd, ret_bytes, err);
}

static int copy_still_image(int source_fd, int target_fd, const struct copy_watch *watch,
			    struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	CLEANUP_CLOSE int copy_fd = -1;
	if (folder_open_file(source_fd, IMAGE_NAME, O_RDONLY, 0, &image_fd, err) < 0 ||
	    folder_open_file(target_fd, IMAGE_NAME, O_RDWR | O_CREAT, IMAGE_MODE, &copy_fd, err) <
		    0)
		return -1;
	int outcome = copy_clone(image_fd, copy_fd, err);
	if (outcome < 0 || (outcome > 0 && copy_pass(image_fd, copy_fd, watch, NULL, err) != 0) ||
	    filesystem_grow_carry(image_fd, copy_fd, err) < 0)
		return -1;
	if (fsync(copy_fd) < 0)
		return error_errno(err, errno, "fsync of the copy");
	return 0;
}

static int copy_still_directory(int source_fd, int target_fd, bool other_pool,
				const struct copy_watch *watch, struct error *err)
{
	int outcome = other_pool ? 1 : backend_directory_snapshot(source_fd, target_fd, false, err);
	if (outcome > 0)
		return copy_tree(source_fd, target_fd, watch, err);
	if (outcome == 0 && syncfs(target_fd) < 0)
		return error_errno(err, errno, "syncfs");
	return outcome;
}

int cut_copy_still(int source_fd, int target_fd, enum backend_kind backend, bool other_pool,
		   const struct copy_watch *watch, struct error *err)
{
	return backend == BACKEND_LOOP
		       ? copy_still_image(source_fd, target_fd, watch, err)
		       : copy_still_directory(source_fd, target_fd, other_pool, watch, err);
}

struct thawing {
	struct pools *pools;
	struct lock lock; /* of the volume that was asked for last: nobody freezes it now */
};

static int find_mount(void *context, const char *id, int *ret_mount_fd, struct error *err)
{
	struct thawing *thawing = context;
	struct pools *pools = thawing->pools;
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	lock_done(&thawing->lock);
	if (lock_take(&pools->locks, LOCK_VOLUME, id, &thawing->lock, err) < 0 ||
	    volume_folder_peek(pools, id, &folder, err) < 0 ||
	    volume_mounts_read(pools, id, &folder, &mounts, err) < 0)
		return -1;
	/* Never the file system of the pool. */
	if (!volume_mounts_any(&mounts) || mounts.backend != &backend_loop)
		return 1;
	return open_any_mount(pools, id, &mounts, ret_mount_fd, err);
}

void cut_thaw_left(struct pools *pools)
{
	for (size_t i = 0; i < pools->count; i++) {
		unsigned thawed = 0;
		struct error err = { 0 };
		struct thawing thawing = { .pools = pools };
		int outcome = freeze_recover(pools->host, pools->pools[i]->freeze_fd, find_mount,
					     &thawing, &thawed, &err);
		lock_done(&thawing.lock);
		if (outcome < 0 && err.code != ERROR_BUSY)
			log_error("volume may be frozen; thaw it by hand (fsfreeze -u)",
				  LOG_TEXT("pool", pools->pools[i]->site.name), LOG_ERR(&err));
	}
}
