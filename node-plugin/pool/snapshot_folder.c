/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/snapshot_folder.h"

#include "base/file.h"
#include "folder/folder.h"
#include "pool/record_file.h"
#include "pool/visit.h"

static int parse(const char *data, size_t length, void *record, struct error *err)
{
	return snapshot_record_parse(data, length, record, err);
}

static int read_record(struct pool *pool, const char *id, int fd,
		       struct snapshot_record *ret_record, struct error *err)
{
	struct snapshot_record record;
	const struct record_file file = { pool->site.path, "snapshot", id, pool->snapshots_fd, fd };
	if (record_file_read(&file, parse, &record, record.id, err) < 0)
		return -1;
	*ret_record = record;
	return 0;
}

/* 1: not in this pool. */
static int open_in(struct pool *pool, const char *id, struct snapshot_folder *ret_folder,
		   struct error *err)
{
	CLEANUP_SNAPSHOT_FOLDER struct snapshot_folder folder = SNAPSHOT_FOLDER_INIT;
	struct error reason = { 0 };
	if (!id_is_valid(id))
		return 1; /* we never made such an id */
	if (folder_open(pool->snapshots_fd, id, &folder.fd, &reason) < 0) {
		if (reason.code == ERROR_NOT_FOUND)
			return 1;
		return error_set(err, ERROR_INTERNAL, "snapshot %s: %s", id, reason.text);
	}
	folder.pool = pool;
	if (read_record(pool, id, folder.fd, &folder.record, err) < 0)
		return -1;
	*ret_folder = folder;
	folder.fd = -1;
	return 0;
}

int snapshot_folder_open_in(struct pool *pool, const char *id, struct snapshot_folder *ret_folder,
			    struct error *err)
{
	int outcome = open_in(pool, id, ret_folder, err);
	if (outcome > 0)
		return error_set(err, ERROR_NOT_FOUND, "snapshot %s does not exist on this node",
				 id);
	return outcome;
}

static int visit_and_open(struct pool *pool, const char *id, struct snapshot_folder *ret_folder,
			  struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, err) < 0)
		return -1;
	return open_in(pool, id, ret_folder, err);
}

/* A disk that does not answer is as one that is missing (pool/pools.h): what lies in another pool
 * is served. */
int snapshot_folder_open(struct pools *pools, const char *id, struct snapshot_folder *ret_folder,
			 struct error *err)
{
	size_t seen = pools->count;
	struct error unseen = { 0 };
	for (size_t i = 0; i < seen; i++) {
		struct error reason = { 0 };
		int outcome = visit_and_open(pools->pools[i], id, ret_folder, &reason);
		if (outcome == 0)
			return 0;
		if (outcome < 0 && reason.code != ERROR_UNAVAILABLE)
			return error_set(err, reason.code, "%s", reason.text);
		if (outcome < 0)
			unseen = reason;
	}
	if (unseen.code != ERROR_NONE)
		return error_set(err, ERROR_UNAVAILABLE, "snapshot %s: %s", id, unseen.text);
	return pools_not_found(pools, seen, "snapshot", id, err);
}

void snapshot_folder_done(struct snapshot_folder *folder)
{
	cleanup_close(&folder->fd);
	folder->fd = -1;
}

int snapshot_folder_write(int folder_fd, const struct snapshot_record *record, struct error *err)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	snapshot_record_format(record, &text);
	return file_replace_at(folder_fd, LAYOUT_RECORD, text.data, text.length, LAYOUT_RECORD_MODE,
			       err);
}
