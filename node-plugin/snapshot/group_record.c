/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/group_record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "folder/folder.h"
#include "pool/pools.h"
#include "record/layout.h"
#include "record/record.h"

#define GROUPS_FOLDER_MODE 0700

static bool write_id(const void *record, struct text *value)
{
	text_append_string(value, ((const struct snapshot_group_record *)record)->id);
	return true;
}

static int read_id(const char *value, void *record, struct error *err)
{
	struct snapshot_group_record *group = record;
	return record_read_text(value, group->id, sizeof(group->id), err);
}

static bool write_members(const void *record, struct text *value)
{
	text_printf(value, "%" PRIu64, ((const struct snapshot_group_record *)record)->members);
	return true;
}

static int read_members(const char *value, void *record, struct error *err)
{
	return record_read_number(value, &((struct snapshot_group_record *)record)->members, err);
}

static bool write_created(const void *record, struct text *value)
{
	text_printf(value, "%" PRIu64, ((const struct snapshot_group_record *)record)->created_us);
	return true;
}

static int read_created(const char *value, void *record, struct error *err)
{
	return record_read_number(value, &((struct snapshot_group_record *)record)->created_us,
				  err);
}

static const struct record_field fields[] = {
	{ "id", false, write_id, read_id },
	{ "members", false, write_members, read_members },
	{ "created_us", false, write_created, read_created },
};

static const struct record_format format = {
	.first_line = "kentledge-group-snapshot 1",
	.fields = fields,
	.field_count = sizeof(fields) / sizeof(*fields),
};

/* 1: not in this pool. */
static int read_record_in(struct pool *pool, const char *id,
			  struct snapshot_group_record *ret_record, struct error *err)
{
	struct error reason = { 0 };
	char data[RECORD_BYTES_MAX + 1];
	CLEANUP_CLOSE int fd = -1;
	CLEANUP_FREE char *path = must_printf(LAYOUT_GROUPS "/%s", id);
	if (folder_open_file(pool->site.root_fd, path, O_RDONLY, 0, &fd, &reason) < 0) {
		if (reason.code == ERROR_NOT_FOUND)
			return 1;
		*err = reason;
		return -1;
	}
	ssize_t length = read(fd, data, sizeof(data));
	if (length < 0)
		return error_errno(err, errno, "read %s/%s", pool->site.path, path);
	*ret_record = (struct snapshot_group_record) { .id = "" };
	if (record_read(&format, data, (size_t)length, ret_record, err) < 0)
		return error_prefix(err, "group snapshot %s: the record %s/%s is damaged", id,
				    pool->site.path, path);
	return 0;
}

/* A disk that does not answer is as one that is missing: passed over. */
static int visit_and_read(struct pool *pool, const char *id,
			  struct snapshot_group_record *ret_record, struct error *unseen,
			  struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, unseen) < 0)
		return 1;
	return read_record_in(pool, id, ret_record, err);
}

int snapshot_group_record_read(struct pools *pools, const char *id,
			       struct snapshot_group_record *ret_record, struct error *err)
{
	int outcome = 1;
	size_t seen = pools->count;
	struct error unseen = { 0 };
	for (size_t i = 0; i < seen && outcome == 1; i++)
		outcome = visit_and_read(pools->pools[i], id, ret_record, &unseen, err);
	if (outcome == 1 && unseen.code != ERROR_NONE)
		return error_set(err, ERROR_UNAVAILABLE, "group snapshot %s: %s", id, unseen.text);
	if (outcome == 1 && pools_check_missing(pools, seen, NULL, err) < 0)
		return -1;
	return outcome;
}

static int open_groups(struct pool *pool, int *ret_fd, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	if (folder_make(pool->site.root_fd, LAYOUT_GROUPS, GROUPS_FOLDER_MODE, &fd, err) < 0 ||
	    file_sync_folder(pool->site.root_fd, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int snapshot_group_record_write(struct pool *pool, const struct snapshot_group_record *record,
				struct error *err)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	CLEANUP_CLOSE int fd = -1;
	record_write(&format, record, &text);
	if (open_groups(pool, &fd, err) < 0 ||
	    file_replace_at(fd, record->id, text.data, text.length, 0600, err) < 0)
		return error_prefix(err, "group snapshot %s", record->id);
	return 0;
}

static int remove_in(struct pool *pool, const char *id, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, err) < 0 ||
	    open_groups(pool, &fd, err) < 0)
		return -1;
	if (unlinkat(fd, id, 0) < 0 && errno != ENOENT)
		return error_errno(err, errno, "group snapshot %s: remove its record", id);
	return file_sync_folder(fd, err);
}

/* A pool that does not answer may have the record: without it, what is left of the group would be
 * taken for whole. */
int snapshot_group_record_remove(struct pools *pools, const char *id, struct error *err)
{
	for (size_t i = 0; i < pools->count; i++)
		if (remove_in(pools->pools[i], id, err) < 0)
			return -1;
	return 0;
}
