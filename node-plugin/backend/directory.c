/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/directory.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/directory_copy.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "folder/folder.h"
#include "folder/subvolume.h"
#include "folder/tree_copy.h"
#include "host/host.h"
#include "record/layout.h"

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
		return folder_make(folder_fd, LAYOUT_DATA, DATA_MODE, ret_fd, err);
	CLEANUP_CLOSE int fd = -1;
	if (subvolume_create(folder_fd, LAYOUT_DATA, err) < 0 ||
	    folder_open(folder_fd, LAYOUT_DATA, &fd, err) < 0)
		return -1;
	if (fchmod(fd, DATA_MODE) < 0)
		return error_errno(err, errno, "chmod of " LAYOUT_DATA);
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

/* A subvolume is copied first and held to its size then; the files of a folder are copied into one
 * that is held already, so that they count. */
static int prepare_copy(const struct backend_site *site, const struct backend_copy *copy,
			struct volume_record *record, struct error *err)
{
	if (!copy->other_pool && backend_directory_copy_is_possible(copy->source_fd))
		return 0;
	return make(site, copy->target_fd, record, copy->watch, err) < 0 ? -1 : 1;
}

static int fit_copy(const struct backend_site *site, int folder_fd, struct volume_record *record,
		    struct error *err)
{
	CLEANUP_CLOSE int data_fd = -1;
	if (folder_open(folder_fd, LAYOUT_DATA, &data_fd, err) < 0 ||
	    hold(site, data_fd, record, err) < 0)
		return -1;
	return make_last(data_fd, err);
}

static int measure(int folder_fd, const struct copy_watch *watch, uint64_t *ret_bytes,
		   struct error *err)
{
	CLEANUP_CLOSE int data_fd = -1;
	if (folder_open(folder_fd, LAYOUT_DATA, &data_fd, err) < 0)
		return -1;
	return tree_copy_measure(data_fd, watch, ret_bytes, err);
}

static int held_bytes(int folder_fd, uint64_t *ret_bytes, struct error *err)
{
	return measure(folder_fd, NULL, ret_bytes, err);
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
	if (folder_open(folder_fd, LAYOUT_DATA, &data_fd, err) < 0)
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

/* A limit can be lost with the power, or be changed by hand: so the record's limit is set again at
 * each mount. */
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
		 const struct backend_staging *staging, struct error *err)
{
	const struct mount_flags *flags = staging->flags;
	if (flags->option_count)
		return error_set(
			err, ERROR_INVALID,
			"mount_flags: \"%s\": a directory volume has no file system of its "
			"own to give it to",
			flags->options[0]);
	CLEANUP_CLOSE int data_fd = -1;
	if (folder_open(folder_fd, LAYOUT_DATA, &data_fd, err) < 0 ||
	    renew_limit(site, data_fd, record, err) < 0)
		return -1;
	return site->host->bind(site->host, data_fd, staging->path, flags->attributes, err);
}

/* Without a quota its size is a number, which the record has already. */
static int grow(const struct backend_site *site, int folder_fd, const struct volume_record *record,
		struct error *err)
{
	struct quota quota = quota_of(record);
	CLEANUP_CLOSE int data_fd = -1;
	if (quota.kind == QUOTA_NONE)
		return 0;
	if (folder_open(folder_fd, LAYOUT_DATA, &data_fd, err) < 0 ||
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
	mark.root = arena_printf(table->arena, "%s/" LAYOUT_VOLUME_DATA,
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
	if (file_read_at(folder_fd, LAYOUT_RECORD, RECORD_BYTES_MAX, &data, &length, NULL) < 0)
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
 * and the record must name a project before it is forgotten. While the folder has the
 * project, no other folder can get it. */
static int forget(const struct backend_site *site, int folder_fd, bool half_made, struct error *err)
{
	struct volume_record record = { 0 };
	struct quota quota = { .kind = QUOTA_NONE };
	struct error reason = { 0 };
	CLEANUP_CLOSE int data_fd = -1;
	if (folder_open(folder_fd, LAYOUT_DATA, &data_fd, &reason) < 0)
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
	.data_name = LAYOUT_DATA,
	.device = false,
	.continues_copies = false,
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
	.copy_begin = backend_directory_copy_begin,
	.copy_take = backend_directory_copy_take,
	.copy_finish = backend_directory_copy_finish,
	.copy_still = backend_directory_copy_still,
	.prepare_copy = prepare_copy,
	.fit_copy = fit_copy,
	.measure = measure,
	.held_bytes = held_bytes,
};
