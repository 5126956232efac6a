/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/cut.h"

#include <string.h>
#include <time.h>

#include "backend/backends.h"
#include "base/clock.h"
#include "base/log.h"
#include "disk/filesystem_grow.h"
#include "folder/folder.h"
#include "host/host.h"
#include "volume/mounts.h"

#define LOCK_WAIT_MS 5000
#define LOCK_POLL_MS 10

int cut_begin(struct cut *cut, struct error *err)
{
	cut->backend = backend_of_kind(cut->source.record.backend);
	cut->copy.id = cut->source.record.id;
	cut->copy.source_fd = cut->source.fd;
	return cut->backend->copy_begin(&cut->copy, err) < 0 ? error_not_named(err) : 0;
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

/* It was not deleted, nor replaced by a new one, while it was copied. It may have grown. */
static int check_source(struct cut *cut, struct error *err)
{
	char id[ID_MAX + 1];
	struct volume_folder *source = &cut->source;
	memcpy(id, source->record.id, sizeof(id));
	if (folder_presence(source->pool->volumes_fd, id, source->fd) != FOLDER_THERE)
		return error_set(err, ERROR_NOT_FOUND, "volume %s was deleted while it was copied",
				 id);
	if (volume_folder_read(source, id, err) < 0)
		return error_prefix(err, "while it was copied");
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
	int found = host->find_loop(host, cut->copy.data_fd, &device, err);
	if (found <= 0)
		return found;
	cut->copy.in_use = true;
	if (cut->must_rest)
		return error_set(err, ERROR_IN_USE,
				 "volume %s is in use, and what is written to it cannot be held "
				 "back while the others are cut; stop its pod first",
				 cut->source.record.id);
	return host->flush_loop(host, &device, err);
}

static int hold_device(struct cut *cut, struct error *err)
{
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	if (cut->source.record.block)
		return flush_device(cut, err);
	if (volume_mounts_read(cut->pools, cut->source.record.id, &cut->source, &mounts, err) < 0)
		return -1;
	if (volume_mounts_any(&mounts))
		return freeze_mount(cut, &mounts, err);
	return filesystem_grow_hold(cut->copy.data_fd, err) < 0 ? -1 : flush_device(cut, err);
}

int cut_hold(struct cut *cut, struct error *err)
{
	if (lock_source(cut, err) < 0 || check_source(cut, err) < 0)
		return -1;
	cut->deadline_ms = clock_monotonic_ms() + CUT_HOLD_MS;
	return cut->backend->device ? hold_device(cut, err) : 0;
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
	const struct copy_watch *watch = cut->copy.watch;
	return watch && watch->look ? watch->look(watch->context, done_bytes, err) : 0;
}

int cut_take(struct cut *cut, struct error *err)
{
	const struct copy_watch held = { .look = look_while_held, .context = cut };
	return cut->backend->copy_take(&cut->copy, &held, err);
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
	if (cut->backend && cut->backend->device && cut->copy.data_fd >= 0)
		filesystem_grow_let(cut->copy.data_fd);
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
	return cut->backend->copy_finish(&cut->copy, err);
}

void cut_done(struct cut *cut)
{
	freeze_abandon(TAKE(cut->freeze));
	cleanup_close(&cut->mount_fd);
	lock_done(&cut->lock);
	backend_copy_done(&cut->copy);
	volume_folder_done(&cut->source);
}

int cut_make(struct cut *cut, struct error *err)
{
	if (cut_begin(cut, err) < 0 || cut_hold(cut, err) < 0)
		return -1;
	int outcome = cut_take(cut, err);
	struct error reason = { 0 };
	if (cut_release(cut, outcome < 0 ? &reason : err) < 0 || outcome < 0)
		return -1;
	return cut_finish(cut, err);
}

struct thawing {
	struct pools *pools;
	struct lock lock; /* of the volume that was asked for last: no call freezes it now */
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
	if (!volume_mounts_any(&mounts) || !mounts.backend->device)
		return 1;
	return open_any_mount(pools, id, &mounts, ret_mount_fd, err);
}

void cut_thaw_left(struct pools *pools, struct pool *pool)
{
	unsigned thawed = 0;
	struct error err = { 0 };
	struct thawing thawing = { .pools = pools };
	int outcome =
		freeze_recover(pools->host, pool->freeze_fd, find_mount, &thawing, &thawed, &err);
	lock_done(&thawing.lock);
	if (outcome < 0 && err.code != ERROR_BUSY)
		log_error("volume may be frozen; thaw it by hand (fsfreeze -u)",
			  LOG_TEXT("pool", pool->site.name), LOG_ERR(&err));
}
