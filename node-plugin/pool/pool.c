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

#include "backend/backends.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "folder/folder.h"
#include "folder/tree_remove.h"
#include "pool/pulse.h"
#include "record/layout.h"

#define FOLDER_MODE 0700

void pool_temporary_name(struct pool *pool, const char *id, char ret_name[static POOL_NAME_MAX])
{
	pthread_mutex_lock(&pool->mutex);
	uint64_t number = pool->names_given++;
	pthread_mutex_unlock(&pool->mutex);
	snprintf(ret_name, POOL_NAME_MAX, "%.*s.%" PRIu64, ID_MAX, id, number);
}

/* What is right already is not written: a disk that became read-only still serves unmounting. */
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
	if (folder_make(pool->site.root_fd, LAYOUT_VOLUMES, FOLDER_MODE, &pool->volumes_fd, err) <
		    0 ||
	    folder_make(pool->site.root_fd, LAYOUT_TMP, FOLDER_MODE, &pool->tmp_fd, err) < 0 ||
	    folder_make(pool->site.root_fd, LAYOUT_TRASH, FOLDER_MODE, &pool->trash_fd, err) < 0 ||
	    folder_make(pool->site.root_fd, LAYOUT_SNAPSHOTS, FOLDER_MODE, &pool->snapshots_fd,
			err) < 0 ||
	    folder_make(pool->site.root_fd, LAYOUT_FREEZE, FOLDER_MODE, &pool->freeze_fd, err) <
		    0 ||
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

/* Of two threads that empty the trash at the same time, one leaves an entry to the other. Else the
 * project number that one has freed could be a new volume's when the other frees it again. */
static int remove_from(struct pool *pool, int at_fd, const char *name,
		       const struct copy_watch *watch, struct error *err)
{
	CLEANUP_LOCK struct lock removal = { 0 };
	if (at_fd == pool->trash_fd &&
	    lock_take(&pool->removals, LOCK_TRASH, name, &removal, NULL) < 0)
		return 0;
	if (forget(pool, at_fd, name, err) < 0)
		return error_prefix(err, "remove %s", name);
	return tree_remove_watched(at_fd, name, watch, err);
}

int pool_remove(struct pool *pool, int at_fd, const char *name, struct error *err)
{
	return remove_from(pool, at_fd, name, NULL, err);
}

int pool_discard(struct pool *pool, const char *name, struct error *err)
{
	char trash_name[POOL_NAME_MAX];
	pool_temporary_name(pool, "half-made", trash_name);
	if (forget(pool, pool->tmp_fd, name, err) < 0)
		return -1;
	if (renameat(pool->tmp_fd, name, pool->trash_fd, trash_name) < 0)
		return error_errno(err, errno, "rename to trash/");
	return 0;
}

/* A pool without a label is served: only its neighbours cannot notice when it is missing. */
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
	pool_visits_init(&pool->visits, 0);
	if (open_root(pool, place->path, err) < 0 || open_folders(pool, err) < 0)
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
	pool_visits_done(&pool->visits);
	locks_done(&pool->removals);
	pthread_mutex_destroy(&pool->mutex);
	free(pool);
}

struct emptying {
	struct pool *pool;
	const struct copy_watch *watch;
	struct error first; /* why something is left */
};

static int remove_trash(void *context, const char *name, struct error *err)
{
	struct emptying *emptying = context;
	struct error reason = { 0 };
	int fd = emptying->pool->trash_fd;
	if (remove_from(emptying->pool, fd, name, emptying->watch, &reason) < 0 &&
	    emptying->first.code == ERROR_NONE)
		emptying->first = reason;
	return reason.code == ERROR_CANCELLED; /* nor is the rest removed */
}

int pool_empty_trash(struct pool *pool, const struct copy_watch *watch, struct error *err)
{
	struct emptying emptying = { .pool = pool, .watch = watch };
	if (folder_visit(pool->trash_fd, remove_trash, &emptying, err) < 0)
		return -1;
	if (emptying.first.code == ERROR_NONE)
		return 0;
	return error_set(err, emptying.first.code, "pool %s: trash: %s", pool->site.path,
			 emptying.first.text);
}

int pool_check(struct pool *pool, struct error *err)
{
	return pool_pulse_look(&pool->site, pool->volumes_fd, err);
}
