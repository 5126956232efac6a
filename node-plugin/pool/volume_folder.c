/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/volume_folder.h"

#include "base/file.h"
#include "folder/folder.h"
#include "pool/record_file.h"
#include "pool/visiting.h"
#include "record/layout.h"

int volume_folder_peek_in(struct pool *pool, const char *id, struct volume_folder *ret_folder,
			  struct error *err)
{
	struct error reason = { 0 };
	*ret_folder = (struct volume_folder)VOLUME_FOLDER_INIT;
	if (!id_is_valid(id))
		return 0; /* we never made such an id */
	int fd = -1;
	if (folder_open(pool->volumes_fd, id, &fd, &reason) == 0)
		*ret_folder = (struct volume_folder) { .pool = pool, .fd = fd };
	else if (reason.code != ERROR_NOT_FOUND)
		return error_set(err, ERROR_INTERNAL, "volume %s: %s", id, reason.text);
	return 0;
}

/* pool/pools.h says how that can be. */
static int say_twice(const char *id, const struct pool *one, const struct pool *other,
		     struct error *err)
{
	return error_set(err, ERROR_INTERNAL,
			 "volume %s is there twice: %s/" LAYOUT_VOLUME " and %s/" LAYOUT_VOLUME
			 ". Both are "
			 "untouched; move the one away that no pod has used",
			 id, one->site.path, id, other->site.path, id);
}

/* Where it is there, the other pools need not be asked: only a look into all of them notes it. */
static bool peek_where_it_was(struct pools *pools, const char *id, struct volume_folder *ret_folder)
{
	struct pool *pool = visiting_pool(pools, id);
	return pool && volume_folder_peek_in(pool, id, ret_folder, NULL) == 0 && ret_folder->pool;
}

static int visit_and_peek(struct pool *pool, const char *id, struct volume_folder *ret_folder,
			  struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, err) < 0)
		return -1;
	return volume_folder_peek_in(pool, id, ret_folder, err);
}

/* Of those that can be looked at; *ret_reason is the first other one's. */
static int peek_all(struct pools *pools, const char *id, struct volume_folder *ret_folder,
		    struct error *ret_reason, struct error *err)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder found = VOLUME_FOLDER_INIT;
	size_t count = pools->count, place = 0;
	*ret_folder = (struct volume_folder)VOLUME_FOLDER_INIT;
	if (peek_where_it_was(pools, id, ret_folder))
		return 0;
	for (size_t i = 0; i < count; i++) {
		CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
		struct error reason = { 0 };
		if (visit_and_peek(pools->pools[i], id, &folder, &reason) < 0 &&
		    ret_reason->code == ERROR_NONE)
			*ret_reason = reason;
		if (folder.pool && found.pool)
			return say_twice(id, found.pool, folder.pool, err);
		if (folder.pool) {
			found = folder;
			folder.fd = -1;
			place = i;
		}
	}
	/* One that came back meanwhile was not asked, and the notes are cleared after it is there.
	 */
	if (found.pool && ret_reason->code == ERROR_NONE && pools->count == count)
		whereabouts_note(&pools->whereabouts, id, place);
	*ret_folder = found;
	found.fd = -1;
	return 0;
}

int volume_folder_peek(struct pools *pools, const char *id, struct volume_folder *ret_folder,
		       struct error *err)
{
	struct error reason = { 0 };
	if (peek_all(pools, id, ret_folder, &reason, err) < 0)
		return -1;
	/* A disk that does not answer is as one that is missing (pool/pools.h): what lies in
	 * another pool is served. */
	if (reason.code == ERROR_NONE || (ret_folder->pool && reason.code == ERROR_UNAVAILABLE))
		return 0;
	volume_folder_done(ret_folder);
	*ret_folder = (struct volume_folder)VOLUME_FOLDER_INIT;
	return error_set(err, reason.code, "%s", reason.text);
}

int volume_folder_peek_to_leave(struct pools *pools, const char *id,
				struct volume_folder *ret_folder, struct error *err)
{
	struct error reason = { 0 };
	if (peek_all(pools, id, ret_folder, &reason, err) < 0)
		return -1;
	if (ret_folder->pool || reason.code == ERROR_NONE)
		return 0;
	return error_set(err, reason.code, "%s", reason.text);
}

static int parse(const char *data, size_t length, void *record, struct error *err)
{
	return volume_record_parse(data, length, record, err);
}

static int read_record(struct pool *pool, const char *id, int fd, struct volume_record *ret_record,
		       struct error *err)
{
	struct volume_record record;
	const struct record_file file = { pool->site.path, "volume", id, pool->volumes_fd, fd };
	if (record_file_read(&file, parse, &record, record.id, err) < 0)
		return -1;
	*ret_record = record;
	return 0;
}

int volume_folder_read(struct volume_folder *folder, const char *id, struct error *err)
{
	return read_record(folder->pool, id, folder->fd, &folder->record, err);
}

int volume_folder_open_in(struct pool *pool, const char *id, struct volume_folder *ret_folder,
			  struct error *err)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	if (volume_folder_peek_in(pool, id, &folder, err) < 0)
		return -1;
	if (!folder.pool)
		return error_set(err, ERROR_NOT_FOUND, "volume %s does not exist in pool %s", id,
				 pool->site.name);
	if (volume_folder_read(&folder, id, err) < 0)
		return -1;
	*ret_folder = folder;
	folder.fd = -1;
	return 0;
}

int volume_folder_open(struct pools *pools, const char *id, struct volume_folder *ret_folder,
		       struct error *err)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	size_t seen = pools->count;
	if (volume_folder_peek(pools, id, &folder, err) < 0)
		return -1;
	if (!folder.pool)
		return pools_not_found(pools, seen, "volume", id, err);
	if (volume_folder_read(&folder, id, err) < 0)
		return -1;
	*ret_folder = folder;
	folder.fd = -1;
	return 0;
}

int volume_folder_write_first(int folder_fd, const struct volume_record *record, struct error *err)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	volume_record_format(record, &text);
	return file_write_at(folder_fd, LAYOUT_RECORD, text.data, text.length, LAYOUT_RECORD_MODE,
			     err);
}

int volume_folder_write(struct volume_folder *folder, const struct volume_record *record,
			struct error *err)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	volume_record_format(record, &text);
	if (file_replace_at(folder->fd, LAYOUT_RECORD, text.data, text.length, LAYOUT_RECORD_MODE,
			    err) < 0)
		return -1;
	folder->record = *record;
	return 0;
}

void volume_folder_done(struct volume_folder *folder)
{
	cleanup_close(&folder->fd);
	folder->fd = -1;
}
