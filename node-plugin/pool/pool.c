/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/backend.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/quantity.h"
#include "folder/folder.h"
#include "snapshot/snapshot.h"
#include "volume/volume.h"

#define FOLDER_MODE 0700
#define UNFINISHED_MARK '+' /* no id begins so */
#define UNFINISHED_KEPT_S (24 * 3600L)

void pool_temporary_name(struct pool *pool, const char *id, char ret_name[static POOL_NAME_MAX])
{
	pthread_mutex_lock(&pool->mutex);
	uint64_t number = pool->names_given++;
	pthread_mutex_unlock(&pool->mutex);
	snprintf(ret_name, POOL_NAME_MAX, "%.*s.%" PRIu64, ID_MAX, id, number);
}

/* What is right already is not written: a disk that became read-only still serves the pods that
 * have to go. */
static int keep_others_out(struct pool *pool, struct error *err)
{
	struct stat root;
	if (fstat(pool->site.root_fd, &root) == 0 && (root.st_mode & 07777) == FOLDER_MODE)
		return 0;
	if (fchmod(pool->site.root_fd, FOLDER_MODE) < 0)
		return error_errno(err, errno, "pool %s: chmod", pool->site.path);
	return 0;
}

/* The pool's own name in the folder in which it lies. */
static int sync_parent(struct pool *pool, struct error *err)
{
	CLEANUP_CLOSE int parent_fd =
		openat(pool->site.root_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent_fd < 0)
		return error_errno(err, errno, "pool %s: open the folder above", pool->site.path);
	return file_sync_folder(parent_fd, err);
}

static int open_root(struct pool *pool, const char *path, struct error *err)
{
	if (mkdir(path, FOLDER_MODE) < 0 && errno != EEXIST)
		return error_errno(err, errno, "make pool %s", path);
	if (!realpath(path, pool->site.path))
		return error_errno(err, errno, "pool %s", path);
	pool->site.root_fd = open(pool->site.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pool->site.root_fd < 0)
		return error_errno(err, errno, "open pool %s", path);
	if (flock(pool->site.root_fd, LOCK_EX | LOCK_NB) < 0)
		return error_set(err, ERROR_IN_USE, "pool %s is in use by another process", path);
	if (keep_others_out(pool, err) < 0)
		return -1;
	return sync_parent(pool, err);
}

static int open_folders(struct pool *pool, struct error *err)
{
	if (folder_make(pool->site.root_fd, "volumes", FOLDER_MODE, &pool->volumes_fd, err) < 0 ||
	    folder_make(pool->site.root_fd, "tmp", FOLDER_MODE, &pool->tmp_fd, err) < 0 ||
	    folder_make(pool->site.root_fd, "trash", FOLDER_MODE, &pool->trash_fd, err) < 0 ||
	    folder_make(pool->site.root_fd, "snapshots", FOLDER_MODE, &pool->snapshots_fd, err) <
		    0 ||
	    folder_make(pool->site.root_fd, "freeze", FOLDER_MODE, &pool->freeze_fd, err) < 0 ||
	    file_sync_folder(pool->site.root_fd, err) < 0)
		return error_prefix(err, "pool %s", pool->site.path);
	return 0;
}

/* A number that no earlier process gave: leftovers of its names may still be in trash/. */
static uint64_t first_number(void)
{
	return (uint64_t)clock_wall_us() * 1000;
}

/* Gives back what is kept of a volume outside of its folder. */
static int forget(struct pool *pool, int at_fd, const char *name, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	struct error reason = { 0 };
	if (folder_open(at_fd, name, &fd, &reason) < 0)
		return 0; /* no folder: nothing of ours */
	const struct backend *backend = backend_of_folder(fd);
	return backend ? backend->forget(&pool->site, fd, at_fd == pool->tmp_fd, err) : 0;
}

/* Of two who empty the trash at the same time, one leaves it to the other. Else the number of a
 * quota that the one has given back could be a new volume's when the other gives it back. */
int pool_remove(struct pool *pool, int at_fd, const char *name, struct error *err)
{
	CLEANUP_LOCK struct lock removal = { 0 };
	if (at_fd == pool->trash_fd &&
	    lock_take(&pool->removals, LOCK_TRASH, name, &removal, NULL) < 0)
		return 0;
	if (forget(pool, at_fd, name, err) < 0)
		return error_prefix(err, "remove %s", name);
	return folder_remove_tree(at_fd, name, err);
}

void pool_unfinished_name(const char *kind, const char *id, char ret_name[static POOL_NAME_MAX])
{
	snprintf(ret_name, POOL_NAME_MAX, "%c%s.%s", UNFINISHED_MARK, kind, id);
}

bool pool_unfinished_parse(const char *name, char ret_kind[static POOL_NAME_MAX],
			   const char **ret_id)
{
	const char *dot = strchr(name, '.');
	if (name[0] != UNFINISHED_MARK || !dot || strlen(name) >= POOL_NAME_MAX ||
	    !id_is_valid(dot + 1))
		return false;
	snprintf(ret_kind, POOL_NAME_MAX, "%.*s", (int)(dot - name) - 1, name + 1);
	*ret_id = dot + 1;
	return true;
}

int pool_unfinished_open(struct pool *pool, const char *name, int *ret_fd, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	if (folder_make(pool->tmp_fd, name, FOLDER_MODE, &fd, err) < 0)
		return -1;
	if (futimens(fd, NULL) < 0)
		return error_errno(err, errno, "touch %s", name);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Of a folder or file in tmp/; 0 if it is not there. */
static int64_t changed_s(struct pool *pool, const char *path)
{
	struct stat st;
	return fstatat(pool->tmp_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mtim.tv_sec;
}

bool pool_unfinished_is_old(struct pool *pool, const char *name)
{
	char image[POOL_NAME_MAX + 16];
	const int64_t then_s = clock_wall_s() - UNFINISHED_KEPT_S;
	snprintf(image, sizeof(image), "%s/%s", name, backend_loop.data_name);
	return changed_s(pool, name) <= then_s && changed_s(pool, image) <= then_s;
}

static bool may_be_gone_on_with(struct pool *pool, const char *name)
{
	return name[0] == UNFINISHED_MARK && !pool_unfinished_is_old(pool, name);
}

static int discard_half_made(void *context, const char *name, struct error *err)
{
	struct pool *pool = context;
	if (may_be_gone_on_with(pool, name))
		return 0;
	char trash_name[POOL_NAME_MAX];
	pool_temporary_name(pool, "half-made", trash_name);
	struct error reason = { 0 };
	/* Here, since in the trash nobody knows any more that no pod has seen it. */
	if (forget(pool, pool->tmp_fd, name, &reason) == 0) {
		if (renameat(pool->tmp_fd, name, pool->trash_fd, trash_name) == 0) {
			log_info("half-made volume discarded", LOG_TEXT("name", name));
			return 0;
		}
		error_errno(&reason, errno, "rename to trash/");
	}
	log_warning("half-made volume stays until the next start", LOG_TEXT("name", name),
		    LOG_ERR(&reason));
	return 0;
}

static int count_promise(void *context, const char *name, struct error *err)
{
	struct pool *pool = context;
	uint64_t bytes = 0;
	struct error reason = { 0 };
	if (volume_promised_bytes(pool, name, &bytes, &reason) < 0)
		log_error("volume cannot be read; it is left as it is", LOG_TEXT("volume", name),
			  LOG_ERR(&reason));
	pool->promised_bytes += bytes;
	pool->volume_count++;
	return 0;
}

static int count_snapshot(void *context, const char *name, struct error *err)
{
	struct pool *pool = context;
	uint64_t bytes = 0;
	struct error reason = { 0 };
	if (snapshot_promised_bytes(pool, name, &bytes, &reason) < 0)
		log_error("snapshot cannot be read; it is left as it is",
			  LOG_TEXT("snapshot", name), LOG_ERR(&reason));
	pool->promised_bytes += bytes;
	return 0;
}

/* A pool without a label is served: what is lost is only that others could miss it. */
static void read_label(struct pool *pool)
{
	struct error err = { 0 };
	if (pool_label_read(pool->site.root_fd, &pool->label, &err) != 0 &&
	    pool_label_make(pool->site.root_fd, pool->site.name, &pool->label, &err) < 0)
		log_warning("pool cannot be labelled", LOG_TEXT("pool", pool->site.name),
			    LOG_ERR(&err));
	snprintf(pool->label.name, sizeof(pool->label.name), "%s", pool->site.name);
}

int pool_open(const struct pool_place *place, struct host *host, struct pool **ret_pool,
	      struct error *err)
{
	CLEANUP(pool_closep) struct pool *pool = must_alloc(sizeof(*pool));
	snprintf(pool->site.name, sizeof(pool->site.name), "%s", place->name);
	pool->site.host = host;
	pool->order = place->order;
	pool->reserve_percent = place->reserve_percent;
	pool->site.root_fd = pool->volumes_fd = pool->tmp_fd = pool->trash_fd = -1;
	pool->snapshots_fd = pool->freeze_fd = -1;
	pool->names_given = first_number();
	pthread_mutex_init(&pool->mutex, NULL);
	locks_init(&pool->removals);
	if (open_root(pool, place->path, err) < 0 || open_folders(pool, err) < 0 ||
	    folder_visit(pool->tmp_fd, discard_half_made, pool, err) < 0 ||
	    folder_visit(pool->volumes_fd, count_promise, pool, err) < 0 ||
	    folder_visit(pool->snapshots_fd, count_snapshot, pool, err) < 0)
		return -1;
	read_label(pool);
	*ret_pool = TAKE(pool);
	return 0;
}

void pool_close(struct pool *pool)
{
	if (!pool)
		return;
	cleanup_close(&pool->freeze_fd);
	cleanup_close(&pool->snapshots_fd);
	cleanup_close(&pool->trash_fd);
	cleanup_close(&pool->tmp_fd);
	cleanup_close(&pool->volumes_fd);
	cleanup_close(&pool->site.root_fd);
	locks_done(&pool->removals);
	pthread_mutex_destroy(&pool->mutex);
	free(pool);
}

/* With the mutex held. */
static int read_space(struct pool *pool, struct capacity_space *ret_space, struct error *err)
{
	struct host_usage usage;
	if (pool->site.host->usage(pool->site.host, pool->site.root_fd, &usage, err) < 0)
		return error_prefix(err, "pool %s", pool->site.path);
	*ret_space = (struct capacity_space) {
		.total_bytes = usage.total_bytes,
		.available_bytes = usage.available_bytes,
		.promised_bytes = pool->promised_bytes,
		.reserve_bytes = usage.total_bytes / 100 * pool->reserve_percent,
	};
	return 0;
}

struct allocation {
	struct pool *pool;
	uint64_t bytes;
};

static int add_allocated(void *context, const char *name, struct error *err)
{
	struct allocation *allocation = context;
	allocation->bytes += volume_allocated_bytes(allocation->pool, name);
	return 0;
}

static int add_snapshot(void *context, const char *name, struct error *err)
{
	struct allocation *allocation = context;
	allocation->bytes += snapshot_allocated_bytes(allocation->pool, name);
	return 0;
}

/* The whole truth, at the price of a look at every volume. With the mutex held. */
static int count_space(struct pool *pool, struct capacity_space *ret_space, struct error *err)
{
	struct allocation allocation = { .pool = pool };
	if (folder_visit(pool->volumes_fd, add_allocated, &allocation, err) < 0 ||
	    folder_visit(pool->snapshots_fd, add_snapshot, &allocation, err) < 0)
		return -1;
	struct capacity_space space;
	if (read_space(pool, &space, err) < 0)
		return -1;
	space.allocated_bytes = pool->counted_bytes = allocation.bytes;
	*ret_space = space;
	return 0;
}

/* For a person, to whom whole MiB say more. */
static void format_mib(uint64_t bytes, char text[static QUANTITY_TEXT_MAX])
{
	quantity_format_bytes(bytes >> 20 << 20, text);
}

static int refuse(const struct pool *pool, const struct capacity_space *space, uint64_t bytes,
		  bool elsewhere, struct error *err)
{
	char asked[QUANTITY_TEXT_MAX], ever[QUANTITY_TEXT_MAX], room[QUANTITY_TEXT_MAX],
		promised[QUANTITY_TEXT_MAX];
	quantity_format_bytes(bytes, asked);
	format_mib(capacity_ever(space), ever);
	format_mib(capacity_room(space), room);
	format_mib(space->promised_bytes, promised);
	if (bytes > capacity_ever(space))
		return error_set(err, elsewhere ? ERROR_EXHAUSTED : ERROR_RANGE,
				 "capacity_range: %s can never fit in pool %s of this node, which "
				 "holds %s for volumes",
				 asked, pool->site.name, ever);
	return error_set(err, ERROR_EXHAUSTED,
			 "no room for %s in pool %s of this node: %s are left for volumes (%s are "
			 "promised already)",
			 asked, pool->site.name, room, promised);
}

static int reserve(struct pool *pool, uint64_t bytes, bool elsewhere, struct error *err)
{
	struct capacity_space space;
	if (read_space(pool, &space, err) < 0)
		return -1;
	/* Without what the images hold already the room looks smaller than it is: if it suffices
	 * even so, nobody needs to look at thousands of volumes. */
	if (bytes > capacity_room(&space) && count_space(pool, &space, err) < 0)
		return -1;
	if (bytes > capacity_room(&space))
		return refuse(pool, &space, bytes, elsewhere, err);
	pool->promised_bytes += bytes;
	return 0;
}

int pool_hold(struct pool *pool, uint64_t bytes, struct error *err)
{
	pthread_mutex_lock(&pool->mutex);
	int outcome = reserve(pool, bytes, true, err);
	pthread_mutex_unlock(&pool->mutex);
	return outcome;
}

void pool_change_hold(struct pool *pool, uint64_t from_bytes, uint64_t to_bytes)
{
	pthread_mutex_lock(&pool->mutex);
	pool->promised_bytes -=
		from_bytes < pool->promised_bytes ? from_bytes : pool->promised_bytes;
	pool->promised_bytes += to_bytes;
	pthread_mutex_unlock(&pool->mutex);
}

int pool_reserve(struct pool *pool, uint64_t bytes, bool elsewhere, struct error *err)
{
	pthread_mutex_lock(&pool->mutex);
	int outcome = reserve(pool, bytes, elsewhere, err);
	pool->volume_count += outcome == 0;
	pthread_mutex_unlock(&pool->mutex);
	return outcome;
}

int pool_reserve_growth(struct pool *pool, uint64_t bytes, struct error *err)
{
	pthread_mutex_lock(&pool->mutex);
	int outcome = reserve(pool, bytes, false, err);
	pthread_mutex_unlock(&pool->mutex);
	return outcome;
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

void pool_release(struct pool *pool, uint64_t bytes)
{
	pthread_mutex_lock(&pool->mutex);
	release(pool, bytes);
	pool->volume_count -= pool->volume_count > 0;
	pthread_mutex_unlock(&pool->mutex);
}

int pool_space(struct pool *pool, struct capacity_space *ret_space, struct error *err)
{
	pthread_mutex_lock(&pool->mutex);
	int outcome = count_space(pool, ret_space, err);
	pthread_mutex_unlock(&pool->mutex);
	return outcome;
}

uint64_t pool_room_estimate(struct pool *pool)
{
	struct capacity_space space = { 0 };
	pthread_mutex_lock(&pool->mutex);
	if (read_space(pool, &space, NULL) == 0)
		space.allocated_bytes = pool->counted_bytes;
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

struct emptying {
	struct pool *pool;
	struct error first; /* why something is left */
};

static int remove_trash(void *context, const char *name, struct error *err)
{
	struct emptying *emptying = context;
	struct error reason = { 0 };
	if (pool_remove(emptying->pool, emptying->pool->trash_fd, name, &reason) < 0 &&
	    emptying->first.code == ERROR_NONE)
		emptying->first = reason;
	return 0;
}

int pool_empty_trash(struct pool *pool, struct error *err)
{
	struct emptying emptying = { .pool = pool };
	if (folder_visit(pool->trash_fd, remove_trash, &emptying, err) < 0)
		return -1;
	if (emptying.first.code == ERROR_NONE)
		return 0;
	return error_set(err, emptying.first.code, "pool %s: trash: %s", pool->site.path,
			 emptying.first.text);
}

int pool_check(struct pool *pool, struct error *err)
{
	struct stat held, named;
	if (stat(pool->site.path, &named) < 0)
		return error_set(err, ERROR_IN_USE, "pool %s: %s", pool->site.path,
				 strerror(errno));
	if (fstat(pool->site.root_fd, &held) < 0 || held.st_dev != named.st_dev ||
	    held.st_ino != named.st_ino)
		return error_set(err, ERROR_IN_USE,
				 "pool %s is another folder than at start; restart the plugin",
				 pool->site.path);
	if (faccessat(pool->volumes_fd, ".", W_OK, 0) < 0)
		return error_set(err, ERROR_IN_USE, "pool %s: volumes: %s", pool->site.path,
				 strerror(errno));
	return 0;
}
