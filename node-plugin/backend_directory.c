/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A folder of the pool, bind-mounted. As fast as the disk, but nothing keeps it from growing.
 */

#include <string.h>

#include "backend.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "folder.h"
#include "pool.h"

#define DATA_NAME "data"
#define DATA_MODE 0755 /* as the root of a new ext4 */

static int check_fs_type(const char *fs_type, const char **ret_type, uint64_t *ret_minimum_bytes,
			 struct error *err)
{
	if (fs_type[0])
		return error_set(err, ERROR_INVALID,
				 "fs_type \"%s\": a directory volume has the file system of its "
				 "pool; leave it out, or use backend: \"loop\"",
				 fs_type);
	*ret_type = "";
	*ret_minimum_bytes = 0;
	return 0;
}

static int make(struct pool *pool, int folder_fd, const struct volume_record *record,
		struct error *err)
{
	int data_fd CLEANUP_CLOSE = -1;
	if (folder_make(folder_fd, DATA_NAME, DATA_MODE, &data_fd, err) < 0)
		return -1;
	return file_sync_folder(data_fd, err);
}

static int stage(struct pool *pool, int folder_fd, const struct volume_record *record,
		 const char *staging_path, const struct mount_flags *flags, struct error *err)
{
	if (flags->option_count)
		return error_set(
			err, ERROR_INVALID,
			"mount_flags: \"%s\": a directory volume has no file system of its "
			"own to give it to",
			flags->options[0]);
	int data_fd CLEANUP_CLOSE = -1;
	if (folder_open(folder_fd, DATA_NAME, &data_fd, err) < 0)
		return -1;
	return pool->host->bind(pool->host, data_fd, staging_path, flags->attributes, err);
}

/* The folder's place in its file system: where the pool lies in what is mounted there, and then
 * down. That is the root which each bind mount of it shows. */
static int mark(struct pool *pool, int folder_fd, const char *id, const struct mount_table *table,
		struct mount_mark *ret_mark, struct error *err)
{
	const struct mount *mount = mount_table_covering(table, pool->path);
	if (!mount)
		return error_set(err, ERROR_INTERNAL, "the mount table has no place for the pool");
	const char *root = strcmp(mount->root, "/") == 0 ? "" : mount->root;
	const char *below =
		strcmp(mount->point, "/") == 0 ? pool->path : pool->path + strlen(mount->point);
	*ret_mark = (struct mount_mark) {
		.device = mount->device,
		.root = arena_printf(table->arena, "%s%s/volumes/%s/" DATA_NAME, root, below, id),
	};
	return 1;
}

static int release(struct pool *pool, int folder_fd, struct error *err)
{
	return 0;
}

static uint64_t uncounted_bytes(int folder_fd)
{
	return 0;
}

const struct backend backend_directory = {
	.data_name = DATA_NAME,
	.check_fs_type = check_fs_type,
	.make = make,
	.stage = stage,
	.mark = mark,
	.release = release,
	.allocated_bytes = uncounted_bytes,
	.size_bytes = uncounted_bytes,
};
