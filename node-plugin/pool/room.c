/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/room.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "backend/backends.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/quantity.h"
#include "disk/extents.h"
#include "folder/folder.h"
#include "host/host.h"
#include "pool/snapshot_folder.h"
#include "pool/volume_folder.h"
#include "record/layout.h"

/* A damaged record counts with what its data can grow to, as an inline volume's where the data has
 * a pod's mark, and is an error all the same: *ret_promise is set in any case. */
static int promised_to_volume(struct pool *pool, const char *id, struct pool_promise *ret_promise,
			      struct error *err)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	*ret_promise = (struct pool_promise) { 0 };
	if (volume_folder_open_in(pool, id, &folder, err) == 0) {
		ret_promise->bytes = folder.record.size_bytes;
		ret_promise->ephemeral = folder.record.ephemeral;
		return 0;
	}
	const struct backend *backend = NULL;
	if (volume_folder_peek_in(pool, id, &folder, NULL) == 0 && folder.pool)
		backend = backend_of_folder(folder.fd);
	ret_promise->bytes = backend ? backend->size_bytes(folder.fd) : 0;
	/* When it ends, it is taken from this share again (volume/ephemeral.c). */
	ret_promise->ephemeral =
		folder.pool && faccessat(folder.fd, LAYOUT_POD, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return -1;
}

static uint64_t allocated_by_volume(struct pool *pool, const char *id)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	if (volume_folder_peek_in(pool, id, &folder, NULL) < 0 || !folder.pool)
		return 0;
	const struct backend *backend = backend_of_folder(folder.fd);
	if (!backend)
		return 0;
	uint64_t bytes = backend->allocated_bytes(&pool->site, folder.fd);
	CLEANUP_VOLUME_FOLDER struct volume_folder whole = VOLUME_FOLDER_INIT;
	if (!backend->own_bytes || volume_folder_open_in(pool, id, &whole, NULL) < 0 ||
	    whole.record.source.kind == SOURCE_NONE)
		return bytes;
	/* What a clone shares with its source is counted there. */
	uint64_t own_bytes = backend->own_bytes(folder.fd);
	return own_bytes < bytes ? own_bytes : bytes;
}

/* A damaged one counts with what its image holds. */
static int promised_to_snapshot(struct pool *pool, const char *id, uint64_t *ret_bytes,
				struct error *err)
{
	CLEANUP_SNAPSHOT_FOLDER struct snapshot_folder folder = SNAPSHOT_FOLDER_INIT;
	if (snapshot_folder_open_in(pool, id, &folder, err) == 0) {
		*ret_bytes = folder.record.held_bytes;
		return 0;
	}
	CLEANUP_CLOSE int fd = -1;
	*ret_bytes = 0;
	if (folder_open(pool->snapshots_fd, id, &fd, NULL) == 0)
		*ret_bytes = extents_held_bytes(fd, LAYOUT_IMAGE);
	return -1;
}

static uint64_t allocated_by_snapshot(struct pool *pool, const char *id)
{
	CLEANUP_SNAPSHOT_FOLDER struct snapshot_folder folder = SNAPSHOT_FOLDER_INIT;
	if (snapshot_folder_open_in(pool, id, &folder, NULL) < 0)
		return 0;
	const struct backend *backend = backend_of_kind(folder.record.backend);
	uint64_t bytes = folder.record.held_bytes;
	if (folder.record.shared)
		bytes = backend->own_bytes ? backend->own_bytes(folder.fd) : 0;
	return bytes < folder.record.held_bytes ? bytes : folder.record.held_bytes;
}

/* With the mutex held, or while the pool is opened. */
static void add_promise(struct pool *pool, const struct pool_promise *promise)
{
	pool->promised_bytes += promise->bytes;
	if (promise->ephemeral)
		pool->ephemeral_bytes += promise->bytes;
}

static int count_volume(void *context, const char *name, struct error *err)
{
	struct pool *pool = context;
	struct pool_promise promise;
	struct error reason = { 0 };
	if (promised_to_volume(pool, name, &promise, &reason) < 0)
		log_error("volume cannot be read; it is left as it is", LOG_TEXT("volume", name),
			  LOG_ERR(&reason));
	add_promise(pool, &promise);
	pool->volume_count++;
	return 0;
}

static int count_snapshot(void *context, const char *name, struct error *err)
{
	struct pool *pool = context;
	uint64_t bytes = 0;
	struct error reason = { 0 };
	if (promised_to_snapshot(pool, name, &bytes, &reason) < 0)
		log_error("snapshot cannot be read; it is left as it is",
			  LOG_TEXT("snapshot", name), LOG_ERR(&reason));
	pool->promised_bytes += bytes;
	return 0;
}

int pool_room_count(struct pool *pool, struct error *err)
{
	return folder_visit(pool->volumes_fd, count_volume, pool, err) < 0 ||
			       folder_visit(pool->snapshots_fd, count_snapshot, pool, err) < 0
		       ? -1
		       : 0;
}

/* Without the mutex: a disk that hangs must not block calls that only read the numbers. */
static int read_space(struct pool *pool, struct capacity_space *ret_space, struct error *err)
{
	struct host_usage usage;
	if (pool->site.host->usage(pool->site.host, pool->site.root_fd, &usage, err) < 0)
		return error_prefix(err, "pool %s", pool->site.path);
	*ret_space = (struct capacity_space) {
		.total_bytes = usage.total_bytes,
		.available_bytes = usage.available_bytes,
		.reserve_bytes = usage.total_bytes / 100 * pool->reserve_percent,
	};
	return 0;
}

struct allocation {
	struct pool *pool;
	uint64_t bytes;
};

static int add_volume(void *context, const char *name, struct error *err)
{
	struct allocation *allocation = context;
	allocation->bytes += allocated_by_volume(allocation->pool, name);
	return 0;
}

static int add_snapshot(void *context, const char *name, struct error *err)
{
	struct allocation *allocation = context;
	allocation->bytes += allocated_by_snapshot(allocation->pool, name);
	return 0;
}

/* The exact figure, for which every volume has to be read. Without the mutex, as read_space(). */
static int count_space(struct pool *pool, struct capacity_space *ret_space, struct error *err)
{
	struct allocation allocation = { .pool = pool };
	if (folder_visit(pool->volumes_fd, add_volume, &allocation, err) < 0 ||
	    folder_visit(pool->snapshots_fd, add_snapshot, &allocation, err) < 0)
		return -1;
	struct capacity_space space;
	if (read_space(pool, &space, err) < 0)
		return -1;
	space.allocated_bytes = allocation.bytes;
	pthread_mutex_lock(&pool->mutex);
	pool->counted_bytes = allocation.bytes;
	pthread_mutex_unlock(&pool->mutex);
	*ret_space = space;
	return 0;
}

static int refuse(const struct pool *pool, const struct capacity_space *space, uint64_t bytes,
		  bool elsewhere, struct error *err)
{
	char asked[QUANTITY_TEXT_MAX], ever[QUANTITY_TEXT_MAX], room[QUANTITY_TEXT_MAX];
	quantity_format_bytes(bytes, asked);
	quantity_format_about(capacity_ever(space), ever);
	quantity_format_about(capacity_room(space), room);
	if (bytes > capacity_ever(space))
		return error_set(err, elsewhere ? ERROR_EXHAUSTED : ERROR_RANGE,
				 "capacity_range: %s can never fit in pool %s of this node, which "
				 "holds about %s for volumes",
				 asked, pool->site.name, ever);
	return error_set(err, ERROR_EXHAUSTED,
			 "no room for %s in pool %s of this node: about %s are left for volumes",
			 asked, pool->site.name, room);
}

/* For people: in whole MiB. */
static void format_mib(uint64_t bytes, char text[static QUANTITY_TEXT_MAX])
{
	quantity_format_bytes(bytes >> 20 << 20, text);
}

/* Inline volumes have no administrator's class: their room is a share that no claim can take, and
 * that takes none of the claims'. */
static int check_share(const struct pool *pool, const struct capacity_space *space,
		       const struct pool_promise *promise, struct error *err)
{
	char asked[QUANTITY_TEXT_MAX], share[QUANTITY_TEXT_MAX], promised[QUANTITY_TEXT_MAX];
	uint64_t share_bytes = capacity_ever(space) / 100 * promise->share_percent;
	if (!promise->ephemeral || pool->ephemeral_bytes + promise->bytes <= share_bytes)
		return 0;
	quantity_format_bytes(promise->bytes, asked);
	format_mib(share_bytes, share);
	format_mib(pool->ephemeral_bytes, promised);
	return error_set(
		err, ERROR_EXHAUSTED,
		"no room for %s among the inline volumes in pool %s of this node: together "
		"they may hold %s (%u percent), and %s are promised already",
		asked, pool->site.name, share, promise->share_percent, promised);
}

/* With the mutex held: what the disk said is compared with what is promised by now. 1: there is no
 * room. */
static int promise_in(struct pool *pool, struct capacity_space *space,
		      const struct pool_promise *promise, struct error *err)
{
	space->promised_bytes = pool->promised_bytes;
	if (check_share(pool, space, promise, err) < 0)
		return -1;
	if (promise->bytes > capacity_room(space))
		return 1;
	add_promise(pool, promise);
	return 0;
}

static int try_promise(struct pool *pool, struct capacity_space *space,
		       const struct pool_promise *promise, bool is_volume, struct error *err)
{
	pthread_mutex_lock(&pool->mutex);
	int outcome = promise_in(pool, space, promise, err);
	pool->volume_count += is_volume && outcome == 0;
	pthread_mutex_unlock(&pool->mutex);
	return outcome;
}

static int reserve(struct pool *pool, const struct pool_promise *promise, bool is_volume,
		   struct error *err)
{
	struct capacity_space space;
	if (read_space(pool, &space, err) < 0)
		return -1;
	/* Without what the images hold already the room looks smaller than it is: if it suffices
	 * even so, thousands of volumes need not be looked at. */
	int outcome = try_promise(pool, &space, promise, is_volume, err);
	if (outcome <= 0)
		return outcome;
	if (count_space(pool, &space, err) < 0)
		return -1;
	outcome = try_promise(pool, &space, promise, is_volume, err);
	return outcome <= 0 ? outcome
			    : refuse(pool, &space, promise->bytes, promise->elsewhere, err);
}

int pool_hold(struct pool *pool, uint64_t bytes, struct error *err)
{
	return reserve(pool, &(struct pool_promise) { .bytes = bytes, .elsewhere = true }, false,
		       err);
}

void pool_change_hold(struct pool *pool, uint64_t from_bytes, uint64_t to_bytes)
{
	pthread_mutex_lock(&pool->mutex);
	pool->promised_bytes -=
		from_bytes < pool->promised_bytes ? from_bytes : pool->promised_bytes;
	pool->promised_bytes += to_bytes;
	pthread_mutex_unlock(&pool->mutex);
}

int pool_reserve(struct pool *pool, const struct pool_promise *promise, struct error *err)
{
	return reserve(pool, promise, true, err);
}

int pool_reserve_growth(struct pool *pool, uint64_t bytes, struct error *err)
{
	return reserve(pool, &(struct pool_promise) { .bytes = bytes }, false, err);
}

/* With the mutex held. A volume that came back by hand since the start was not counted. */
static void release(struct pool *pool, uint64_t bytes)
{
	pool->promised_bytes -= bytes < pool->promised_bytes ? bytes : pool->promised_bytes;
}

void pool_release_growth(struct pool *pool, uint64_t bytes)
{
	pthread_mutex_lock(&pool->mutex);
	release(pool, bytes);
	pthread_mutex_unlock(&pool->mutex);
}

void pool_release(struct pool *pool, uint64_t bytes, bool ephemeral)
{
	pthread_mutex_lock(&pool->mutex);
	release(pool, bytes);
	if (ephemeral)
		pool->ephemeral_bytes -=
			bytes < pool->ephemeral_bytes ? bytes : pool->ephemeral_bytes;
	pool->volume_count -= pool->volume_count > 0;
	pthread_mutex_unlock(&pool->mutex);
}

int pool_space(struct pool *pool, struct capacity_space *ret_space, struct error *err)
{
	struct capacity_space space;
	if (count_space(pool, &space, err) < 0)
		return -1;
	pthread_mutex_lock(&pool->mutex);
	space.promised_bytes = pool->promised_bytes;
	pthread_mutex_unlock(&pool->mutex);
	*ret_space = space;
	return 0;
}

uint64_t pool_room_estimate(struct pool *pool)
{
	struct capacity_space space = { 0 };
	if (read_space(pool, &space, NULL) < 0)
		return 0;
	pthread_mutex_lock(&pool->mutex);
	space.allocated_bytes = pool->counted_bytes;
	space.promised_bytes = pool->promised_bytes;
	pthread_mutex_unlock(&pool->mutex);
	return capacity_room(&space);
}

uint64_t pool_volume_count(struct pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	uint64_t count = pool->volume_count;
	pthread_mutex_unlock(&pool->mutex);
	return count;
}

uint64_t pools_volume_count(struct pools *pools)
{
	uint64_t count = 0;
	for (size_t i = 0; i < pools->count; i++)
		count += pool_volume_count(pools->pools[i]);
	return count;
}
