/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A folder of the pool, bind-mounted: as fast as the disk. Its size is a quota of the pool's file
 * system where there is one; else nothing keeps it from growing, which the class has to accept. On
 * btrfs the folder is a subvolume, held to a size or not, so that it can be copied at once.
 */

#include "backend/directory.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "folder/folder.h"
#include "folder/subvolume.h"
#include "host/host.h"
#include "record/layout.h"

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

static int check_pool(const struct backend_site *site, const struct parameters *parameters,
		      struct error *err)
{
	struct error reason = { 0 };
	enum quota_kind kind = QUOTA_NONE;
	if (!parameters->enforce ||
	    site->host->probe_quota(site->host, site->root_fd, &kind, &reason) == 0)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "parameter enforce: the size of a directory cannot be enforced in pool "
			 "%s: %s. Say enforce: \"false\" to accept that, or use backend: \"loop\"",
			 site->name, reason.text);
}

static int make_data(int folder_fd, int *ret_fd, struct error *err)
{
	if (!subvolume_is_possible(folder_fd))
		return folder_make(folder_fd, DATA_NAME, DATA_MODE, ret_fd, err);
	CLEANUP_CLOSE int fd = -1;
	if (subvolume_create(folder_fd, DATA_NAME, err) < 0 ||
	    folder_open(folder_fd, DATA_NAME, &fd, err) < 0)
		return -1;
	if (fchmod(fd, DATA_MODE) < 0)
		return error_errno(err, errno, "chmod of " DATA_NAME);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int hold(const struct backend_site *site, int data_fd, struct volume_record *record,
		struct error *err)
{
	enum quota_kind kind = QUOTA_NONE;
	struct quota quota = { .kind = QUOTA_NONE };
	if (record->enforce && record->size_bytes < BACKEND_DIRECTORY_HELD_BYTES_MIN)
		return error_set(err, ERROR_RANGE,
				 "capacity_range: a directory volume that is held to its size has "
				 "at least %llu bytes",
				 BACKEND_DIRECTORY_HELD_BYTES_MIN);
	if (record->enforce && (site->host->probe_quota(site->host, data_fd, &kind, err) < 0 ||
				site->host->begin_quota(site->host, data_fd, kind,
							record->size_bytes, &quota, err) < 0))
		return error_prefix(err, "quota");
	record->quota = quota.kind;
	record->project_id = quota.project_id;
	return 0;
}

static int make_last(int data_fd, struct error *err)
{
	return subvolume_is(data_fd) ? subvolume_sync(data_fd, err)
				     : file_sync_folder(data_fd, err);
}

static int make(const struct backend_site *site, int folder_fd, struct volume_record *record,
		const struct copy_watch *watch, struct error *err)
{
	CLEANUP_CLOSE int data_fd = -1;
	if (make_data(folder_fd, &data_fd, err) < 0 || hold(site, data_fd, record, err) < 0)
		return -1;
	return make_last(data_fd, err);
}

static int check_whole(int data_fd, struct error *err)
{
	CLEANUP_FREE char *path = NULL;
	int found = subvolume_find_nested(data_fd, &path, err);
	if (found <= 0)
		return found;
	return error_set(
		err, ERROR_IN_USE,
		"%s is a subvolume of btrfs in the volume, and would be an empty folder in "
		"the copy; make it a plain folder, or remove it",
		path);
}

int backend_directory_snapshot(int source_fd, int folder_fd, bool read_only, struct error *err)
{
	CLEANUP_CLOSE int data_fd = -1;
	if (folder_open(source_fd, DATA_NAME, &data_fd, err) < 0)
		return -1;
	if (!subvolume_is(data_fd))
		return 1;
	if (check_whole(data_fd, err) < 0)
		return -1;
	return subvolume_snapshot(data_fd, folder_fd, DATA_NAME, read_only, err);
}

int backend_directory_hold(const struct backend_site *site, int folder_fd,
			   struct volume_record *record, struct error *err)
{
	CLEANUP_CLOSE int data_fd = -1;
	if (folder_open(folder_fd, DATA_NAME, &data_fd, err) < 0 ||
	    hold(site, data_fd, record, err) < 0)
		return -1;
	return make_last(data_fd, err);
}

static struct quota quota_of(const struct volume_record *record)
{
	return (struct quota) { .kind = record->quota, .project_id = record->project_id };
}

static int read_usage(const struct backend_site *site, int folder_fd,
		      const struct volume_record *record, struct quota_usage *ret_usage,
		      struct error *err)
{
	struct quota quota = quota_of(record);
	CLEANUP_CLOSE int data_fd = -1;
	if (folder_open(folder_fd, DATA_NAME, &data_fd, err) < 0)
		return -1;
	return site->host->read_quota(site->host, data_fd, &quota, ret_usage, err);
}

static int usage(const struct backend_site *site, int folder_fd, const struct volume_record *record,
		 struct host_usage *usage_of_pool, struct error *err)
{
	struct quota_usage held;
	if (record->quota == QUOTA_NONE)
		return 0;
	if (read_usage(site, folder_fd, record, &held, err) < 0)
		return -1;
	uint64_t left = held.limit_bytes > held.used_bytes ? held.limit_bytes - held.used_bytes : 0;
	usage_of_pool->total_bytes = held.limit_bytes;
	usage_of_pool->used_bytes = held.used_bytes;
	if (usage_of_pool->available_bytes > left)
		usage_of_pool->available_bytes = left;
	return 0;
}

/* A limit can be lost with the power, or be changed by hand: what the record says holds for who
 * mounts it. */
static int renew_limit(const struct backend_site *site, int data_fd,
		       const struct volume_record *record, struct error *err)
{
	struct quota quota = quota_of(record);
	struct quota_usage held;
	if (quota.kind == QUOTA_NONE)
		return 0;
	if (site->host->read_quota(site->host, data_fd, &quota, &held, NULL) == 0 &&
	    held.limit_bytes == record->size_bytes && !held.outdated)
		return 0;
	if (site->host->limit_quota(site->host, data_fd, &quota, record->size_bytes, err) < 0)
		return error_prefix(err, "quota");
	return 0;
}

static int stage(const struct backend_site *site, int folder_fd, const struct volume_record *record,
		 const char *staging_path, const struct mount_flags *flags,
		 const struct secret *secret, struct error *err)
{
	if (flags->option_count)
		return error_set(
			err, ERROR_INVALID,
			"mount_flags: \"%s\": a directory volume has no file system of its "
			"own to give it to",
			flags->options[0]);
	CLEANUP_CLOSE int data_fd = -1;
	if (folder_open(folder_fd, DATA_NAME, &data_fd, err) < 0 ||
	    renew_limit(site, data_fd, record, err) < 0)
		return -1;
	return site->host->bind(site->host, data_fd, staging_path, flags->attributes, err);
}

/* Without a quota its size is a number, which the record has already. */
static int grow(const struct backend_site *site, int folder_fd, const struct volume_record *record,
		struct error *err)
{
	struct quota quota = quota_of(record);
	CLEANUP_CLOSE int data_fd = -1;
	if (quota.kind == QUOTA_NONE)
		return 0;
	if (folder_open(folder_fd, DATA_NAME, &data_fd, err) < 0 ||
	    site->host->limit_quota(site->host, data_fd, &quota, record->size_bytes, err) < 0)
		return -1;
	return make_last(data_fd, err);
}

static void undo_growth(const struct backend_site *site, int folder_fd,
			const struct volume_record *record)
{
	grow(site, folder_fd, record, NULL); /* an error is there already */
}

static int grow_mounted(const struct backend_site *site, int folder_fd,
			const struct volume_record *record, const char *path, struct error *err)
{
	return 0;
}

/* The folder's place in its file system: where the pool lies in what is mounted there, and then
 * down. That is the root which each bind mount of it shows. */
static int mark(const struct backend_site *site, int folder_fd, const char *id,
		struct mount_table *table, struct mount_marks *ret_marks, struct error *err)
{
	struct mount_mark mark = { 0 };
	if (site->host->look_at_mount(site->host, site->path, table) > 0)
		return 1;
	const char *root = mount_table_root(table, site->path, &mark.device);
	if (!root)
		return error_set(err, ERROR_INTERNAL, "the mount table has no place for the pool");
	mark.root = arena_printf(table->arena, "%s/volumes/%s/" DATA_NAME,
				 strcmp(root, "/") == 0 ? "" : root, id);
	ret_marks->items[0] = mark;
	ret_marks->count = 1;
	return 0;
}

static int release(const struct backend_site *site, int folder_fd, struct error *err)
{
	return 0;
}

static int read_record(int folder_fd, struct volume_record *ret_record)
{
	CLEANUP_FREE char *data = NULL;
	size_t length = 0;
	if (file_read_at(folder_fd, RECORD_FILE_NAME, RECORD_BYTES_MAX, &data, &length, NULL) < 0)
		return -1;
	return volume_record_parse(data, length, ret_record, NULL);
}

static uint64_t allocated_bytes(const struct backend_site *site, int folder_fd)
{
	struct volume_record record;
	struct quota_usage held;
	if (read_record(folder_fd, &record) < 0 || record.quota == QUOTA_NONE ||
	    read_usage(site, folder_fd, &record, &held, NULL) < 0)
		return 0;
	return held.own_bytes < record.size_bytes ? held.own_bytes : record.size_bytes;
}

/* What only its record could tell. */
static uint64_t size_bytes(int folder_fd)
{
	return 0;
}

/* A pod may have given its folder to another volume's project: once it was used, both the folder
 * and the record must name a project before it is forgotten. And while the folder has it, nobody
 * else can get it. */
static int forget(const struct backend_site *site, int folder_fd, bool half_made, struct error *err)
{
	struct volume_record record = { 0 };
	struct quota quota = { .kind = QUOTA_NONE };
	struct error reason = { 0 };
	CLEANUP_CLOSE int data_fd = -1;
	if (folder_open(folder_fd, DATA_NAME, &data_fd, &reason) < 0)
		return 0; /* gone already, or not there yet */
	if (site->host->find_quota(site->host, data_fd, &quota, err) < 0)
		return -1;
	if (quota.kind == QUOTA_NONE)
		return 0;
	bool ours =
		half_made || (read_record(folder_fd, &record) == 0 && record.quota == quota.kind &&
			      record.project_id == quota.project_id);
	return ours ? site->host->forget_quota(site->host, data_fd, &quota, err) : 0;
}

const struct backend backend_directory = {
	.data_name = DATA_NAME,
	.check_fs_type = check_fs_type,
	.check_pool = check_pool,
	.make = make,
	.usage = usage,
	.stage = stage,
	.grow = grow,
	.undo_growth = undo_growth,
	.grow_mounted = grow_mounted,
	.mark = mark,
	.release = release,
	.allocated_bytes = allocated_bytes,
	.size_bytes = size_bytes,
	.forget = forget,
};
