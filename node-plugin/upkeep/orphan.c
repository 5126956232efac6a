/* SPDX-License-Identifier: Apache-2.0 */
#include "upkeep/orphan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/backends.h"
#include "backend/loop_image.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "disk/loop_device.h"
#include "folder/folder.h"
#include "pool/pools.h"
#include "pool/trash.h"
#include "pool/volume_folder.h"
#include "record/id.h"
#include "record/layout.h"

#define REMOVED "//deleted" /* of a root in mountinfo that has no name any more (proc(5)) */
#define REMOVAL_S 10	    /* what is in the trash for so long is not just being removed */

static const char *const kind_names[] = {
	[ORPHAN_NO_RECORD] = "no_record",
	[ORPHAN_BAD_RECORD] = "bad_record",
	[ORPHAN_NO_DATA] = "no_data",
	[ORPHAN_STRAY] = "stray",
	[ORPHAN_HALF_MADE] = "half_made",
	[ORPHAN_TRASH] = "trash",
	[ORPHAN_LOOP] = "loop",
	[ORPHAN_MOUNT_GONE] = "mount_gone",
	[ORPHAN_MOUNT_OUTSIDE] = "mount_outside",
};

static struct metric orphans_metric = {
	.name = "kentledge_orphans",
	.help = "Things of the pools that nothing explains.",
	.type = METRIC_GAUGE,
	.labels = { "kind" },
};

/* Takes the path over. */
static void add(struct orphans *orphans, enum orphan_kind kind, char *path)
{
	if (orphans->count == orphans->capacity) {
		orphans->capacity = orphans->capacity ? orphans->capacity * 2 : 16;
		orphans->items =
			must_realloc(orphans->items, orphans->capacity * sizeof(*orphans->items));
	}
	orphans->items[orphans->count++] = (struct orphan) { .kind = kind, .path = path };
}

void orphans_done(struct orphans *orphans)
{
	for (size_t i = 0; i < orphans->count; i++)
		free(orphans->items[i].path);
	free(orphans->items);
	*orphans = (struct orphans) { 0 };
}

struct visit {
	const struct orphan_search *search;
	struct pool *pool;
	const char *folder; /* of the pool: "volumes" */
	int folder_fd;
	struct orphans *orphans;
	const struct mount_table *mounts;
};

static void add_here(struct visit *visit, enum orphan_kind kind, const char *name)
{
	add(visit->orphans, kind,
	    must_printf("%s/%s/%s", visit->pool->site.path, visit->folder, name));
}

static bool is_missing(int fd, const char *name)
{
	return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

/* What is wrong with what it holds; ORPHAN_KINDS: nothing. */
static enum orphan_kind judge(const struct visit *visit, const char *name, int fd)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder read = VOLUME_FOLDER_INIT;
	struct error reason = { 0 };
	if (is_missing(fd, LAYOUT_RECORD))
		return ORPHAN_NO_RECORD;
	if (volume_folder_open_in(visit->pool, name, &read, &reason) < 0 &&
	    reason.code == ERROR_INTERNAL)
		return ORPHAN_BAD_RECORD;
	return backend_of_folder(fd) ? ORPHAN_KINDS : ORPHAN_NO_DATA;
}

static int look_at_volume(void *context, const char *name, struct error *err)
{
	struct visit *visit = context;
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	if (!id_is_valid(name) || !folder_is(visit->folder_fd, name)) {
		if (!is_missing(visit->folder_fd, name))
			add_here(visit, ORPHAN_STRAY, name);
		return 0;
	}
	if (volume_folder_peek_in(visit->pool, name, &folder, NULL) < 0 || !folder.pool)
		return 0; /* just deleted, or the disk cannot be read */
	enum orphan_kind kind = judge(visit, name, folder.fd);
	/* What is deleted while we look goes piece by piece. */
	if (kind != ORPHAN_KINDS &&
	    folder_presence(visit->folder_fd, name, folder.fd) == FOLDER_THERE)
		add_here(visit, kind, name);
	return 0;
}

static int look_at_snapshot(void *context, const char *name, struct error *err)
{
	struct visit *visit = context;
	CLEANUP_CLOSE int fd = -1;
	if (!folder_is(visit->folder_fd, name)) {
		if (!is_missing(visit->folder_fd, name))
			add_here(visit, ORPHAN_STRAY, name);
		return 0;
	}
	if (folder_open(visit->folder_fd, name, &fd, NULL) == 0 && is_missing(fd, LAYOUT_RECORD) &&
	    folder_presence(visit->folder_fd, name, fd) == FOLDER_THERE)
		add_here(visit, ORPHAN_NO_RECORD, name);
	return 0;
}

static int look_at_half_made(void *context, const char *name, struct error *err)
{
	struct visit *visit = context;
	struct stat st;
	if (fstatat(visit->folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ctim.tv_sec < visit->search->started_s)
		add_here(visit, ORPHAN_HALF_MADE, name);
	return 0;
}

static int look_at_trash(void *context, const char *name, struct error *err)
{
	struct visit *visit = context;
	struct stat st;
	if (trash_is_busy(visit->pool))
		return 0;
	if (fstatat(visit->folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ctim.tv_sec + REMOVAL_S < clock_wall_s())
		add_here(visit, ORPHAN_TRASH, name);
	return 0;
}

static int visit_folder(struct visit *visit, const char *folder, folder_visitor *look,
			struct error *err)
{
	struct error reason = { 0 };
	CLEANUP_CLOSE int fd = -1;
	if (folder_open(visit->pool->site.root_fd, folder, &fd, &reason) < 0) {
		if (reason.code == ERROR_NOT_FOUND)
			return 0;
		*err = reason;
		return -1;
	}
	visit->folder = folder;
	visit->folder_fd = fd;
	return folder_visit(fd, look, visit, err);
}

static int visit_pool(struct visit *visit, struct error *err)
{
	if (visit_folder(visit, LAYOUT_VOLUMES, look_at_volume, err) < 0 ||
	    visit_folder(visit, LAYOUT_SNAPSHOTS, look_at_snapshot, err) < 0 ||
	    visit_folder(visit, LAYOUT_TMP, look_at_half_made, err) < 0)
		return -1;
	return visit_folder(visit, LAYOUT_TRASH, look_at_trash, err);
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

static bool lies_in_pools(const struct pools *pools, const char *path)
{
	for (size_t i = 0; i < pools->count; i++)
		if (is_below(path, pools->pools[i]->site.path))
			return true;
	return false;
}

static bool ends_with(const char *path, const char *end)
{
	size_t length = strlen(path);
	return length > strlen(end) && strcmp(path + length - strlen(end), end) == 0;
}

/* As a file system or, for a block volume, as the device's own node. */
static bool is_of_device(const struct mount *mount, const char *device)
{
	return strcmp(mount->source, device) == 0 ||
	       strcmp(mount->root, device + strlen("/dev")) == 0;
}

/* Its image has no name any more, and nothing of it is mounted here. Should another mount namespace
 * still have it, the kernel waits for that (LOOP_CLR_FD: loop(4)). While we hold the device, its
 * number cannot pass to another image. */
static bool let_go(unsigned number, const char *device, const struct loop_image *image)
{
	CLEANUP(loop_image_done) struct loop_image now = { 0 };
	CLEANUP_CLOSE int fd = open(device, O_RDONLY | O_CLOEXEC);
	loop_image_read(number, &now);
	if (fd < 0 || !loop_image_equal(&now, image) || ioctl(fd, LOOP_CLR_FD) < 0)
		return false;
	log_info("loop device of a deleted image detached", LOG_TEXT("device", device),
		 LOG_TEXT("image", image->path));
	return true;
}

static void add_mount(struct visit *visit, const struct mount *mount, bool deleted)
{
	const char *kubelet = visit->search->kubelet_folder;
	if (deleted)
		add(visit->orphans, ORPHAN_MOUNT_GONE, must_strdup(mount->point));
	else if (kubelet && !is_below(mount->point, kubelet))
		add(visit->orphans, ORPHAN_MOUNT_OUTSIDE, must_strdup(mount->point));
}

static void look_at_mounts(struct visit *visit, const char *device, bool deleted, bool *ret_mounted)
{
	for (size_t i = 0; i < visit->mounts->count; i++) {
		const struct mount *mount = &visit->mounts->mounts[i];
		if (!is_of_device(mount, device))
			continue;
		*ret_mounted = true;
		add_mount(visit, mount, deleted);
	}
}

static int look_at_loop(void *context, const char *name, struct error *err)
{
	struct visit *visit = context;
	CLEANUP(loop_image_done) struct loop_image image = { 0 };
	char device[LOOP_DEVICE_PATH_MAX];
	unsigned number;
	char rest;
	bool mounted = false;
	if (sscanf(name, "loop%u%c", &number, &rest) != 1)
		return 0;
	loop_device_path(number, device);
	loop_image_read(number, &image);
	if (!image.path || !lies_in_pools(visit->search->pools, image.path))
		return 0;
	look_at_mounts(visit, device, image.deleted, &mounted);
	if (image.deleted && !mounted && !let_go(number, device, &image))
		add(visit->orphans, ORPHAN_LOOP, must_strdup(device));
	return 0;
}

/* A directory volume is the pool's own folder, to be seen elsewhere. */
static void visit_binds(struct visit *visit, const char *pool_path)
{
	dev_t device;
	const char *root = mount_table_root(visit->mounts, pool_path, &device);
	if (!root)
		return;
	size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
	for (size_t i = 0; i < visit->mounts->count; i++) {
		const struct mount *mount = &visit->mounts->mounts[i];
		const char *below = mount->root + length;
		if (mount->device != device || strncmp(mount->root, root, length) != 0)
			continue;
		if (is_below(below, "/" LAYOUT_TRASH))
			add_mount(visit, mount, true);
		else if (is_below(below, "/" LAYOUT_VOLUMES))
			add_mount(visit, mount, ends_with(below, REMOVED));
	}
}

static void visit_all_binds(struct visit *visit)
{
	const struct pools *pools = visit->search->pools;
	for (size_t i = 0; i < pools->count; i++)
		visit_binds(visit, pools->pools[i]->site.path);
}

static int visit_loops(struct visit *visit, struct error *err)
{
	CLEANUP_CLOSE int sys_block_fd = open(LOOP_SYSFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sys_block_fd < 0)
		return error_errno(err, errno, "open %s", LOOP_SYSFS);
	return folder_visit(sys_block_fd, look_at_loop, visit, err);
}

int orphans_find_mounted(const struct orphan_search *search, struct orphans *orphans,
			 struct error *err)
{
	CLEANUP(mount_table_freep) struct mount_table *mounts = NULL;
	struct visit visit = { .search = search, .orphans = orphans };
	struct host *host = search->pools->host;
	if (host->read_mounts(host, &mounts, err) < 0)
		return -1;
	visit.mounts = mounts;
	visit_all_binds(&visit);
	return visit_loops(&visit, err);
}

void orphans_find_in(const struct orphan_search *search, struct pool *pool, struct orphans *orphans)
{
	struct visit visit = { .search = search, .pool = pool, .orphans = orphans };
	struct error reason = { 0 };
	/* pools_check() reports a disk that is missing. */
	if (pool->site.root_fd >= 0 && visit_pool(&visit, &reason) < 0)
		log_debug("pool cannot be searched for orphans", LOG_TEXT("pool", pool->site.path),
			  LOG_ERR(&reason));
}

void orphans_add_all(struct orphans *orphans, const struct orphans *more)
{
	for (size_t i = 0; i < more->count; i++)
		add(orphans, more->items[i].kind, must_strdup(more->items[i].path));
}

bool orphans_have(const struct orphans *orphans, const struct orphan *orphan)
{
	for (size_t i = 0; i < orphans->count; i++)
		if (orphans->items[i].kind == orphan->kind &&
		    strcmp(orphans->items[i].path, orphan->path) == 0)
			return true;
	return false;
}

static void set_gauges(const struct orphans *now)
{
	double counts[ORPHAN_KINDS] = { 0 };
	for (size_t i = 0; i < now->count; i++)
		counts[now->items[i].kind]++;
	for (size_t kind = 0; kind < ORPHAN_KINDS; kind++)
		metric_set(&orphans_metric, &kind_names[kind], counts[kind]);
}

void orphans_report(const struct orphans *before, const struct orphans *now)
{
	for (size_t i = 0; i < now->count; i++)
		if (!orphans_have(before, &now->items[i]))
			log_warning("orphan found",
				    LOG_TEXT("kind", kind_names[now->items[i].kind]),
				    LOG_TEXT("path", now->items[i].path));
	for (size_t i = 0; i < before->count; i++)
		if (!orphans_have(now, &before->items[i]))
			log_info("orphan gone", LOG_TEXT("kind", kind_names[before->items[i].kind]),
				 LOG_TEXT("path", before->items[i].path));
	set_gauges(now);
}
