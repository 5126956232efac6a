/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/content.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/backends.h"
#include "backend/copy.h"
#include "pool/pools.h"
#include "pool/snapshot_folder.h"
#include "pool/volume_folder.h"
#include "volume/cut.h"

static int open_snapshot(struct pools *pools, const char *id, struct volume_content *content,
			 struct error *err)
{
	CLEANUP_SNAPSHOT_FOLDER struct snapshot_folder folder = SNAPSHOT_FOLDER_INIT;
	if (snapshot_folder_open(pools, id, &folder, err) < 0)
		return -1;
	content->pool = folder.pool;
	content->backend = folder.record.backend;
	content->block = folder.record.block;
	content->encryption = folder.record.encryption;
	content->size_bytes = folder.record.size_bytes;
	memcpy(content->fs_type, folder.record.fs_type, sizeof(content->fs_type));
	content->fd = TAKE_FD(folder.fd);
	return 0;
}

static int open_volume(struct pools *pools, const char *id, struct volume_content *content,
		       struct error *err)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	if (volume_folder_open(pools, id, &folder, err) < 0)
		return -1;
	content->pool = folder.pool;
	content->backend = folder.record.backend;
	content->block = folder.record.block;
	content->encryption = folder.record.encryption;
	content->size_bytes = folder.record.size_bytes;
	memcpy(content->fs_type, folder.record.fs_type, sizeof(content->fs_type));
	content->fd = TAKE_FD(folder.fd);
	return 0;
}

int volume_content_open(struct pools *pools, const struct volume_source *source,
			struct volume_content *ret_content, struct error *err)
{
	struct volume_content content = { .source = *source, .fd = -1 };
	int outcome = source->kind == SOURCE_SNAPSHOT
			      ? open_snapshot(pools, source->id, &content, err)
			      : open_volume(pools, source->id, &content, err);
	if (outcome < 0)
		return error_prefix(err, "volume_content_source");
	*ret_content = content;
	return 0;
}

void volume_content_done(struct volume_content *content)
{
	cleanup_close(&content->fd);
	content->fd = -1;
}

static int differs(const struct volume_content *content, const char *what, const char *has,
		   const char *asked, struct error *err)
{
	return error_set(err, ERROR_INVALID,
			 "volume_content_source: the %s of %s is \"%s\", not \"%s\": use a class "
			 "like that of the source",
			 what, content->source.id, has, asked);
}

int volume_content_check(const struct volume_content *content, const struct volume_record *record,
			 struct error *err)
{
	if (content->block != record->block)
		return differs(content, "volumeMode", content->block ? "Block" : "Filesystem",
			       record->block ? "Block" : "Filesystem", err);
	if (content->backend != record->backend)
		return differs(content, "backend", backend_kind_name(content->backend),
			       backend_kind_name(record->backend), err);
	if (strcmp(content->fs_type, record->fs_type) != 0)
		return differs(content, "fs_type", content->fs_type, record->fs_type, err);
	if (content->encryption != record->encryption)
		return differs(content, "encryption", encryption_name(content->encryption),
			       encryption_name(record->encryption), err);
	return 0;
}

/* Of a snapshot whose files are copied one by one some may be missing, if it was deleted
 * meanwhile. */
static int check_still_there(struct pools *pools, const struct volume_content *content,
			     struct error *err)
{
	CLEANUP_VOLUME_CONTENT struct volume_content now = VOLUME_CONTENT_INIT;
	struct stat before, after;
	if (volume_content_open(pools, &content->source, &now, err) < 0)
		return -1;
	if (fstat(content->fd, &before) < 0 || fstat(now.fd, &after) < 0)
		return error_errno(err, errno, "stat");
	if (before.st_dev != after.st_dev || before.st_ino != after.st_ino)
		return error_set(err, ERROR_NOT_FOUND,
				 "volume_content_source: %s was deleted while it was copied",
				 content->source.id);
	return 0;
}

/* The size was chosen before the source was held: one that grew meanwhile would be cut off. */
static int copy_volume(struct pools *pools, const struct volume_content *content,
		       const struct backend_copy *copy, struct error *err)
{
	CLEANUP_CUT struct cut cut = CUT_INIT;
	cut.copy.other_pool = copy->other_pool;
	if (cut_make(&cut, pools, content->source.id, copy->target_fd, copy->watch, err) < 0)
		return -1;
	if (cut.source.record.size_bytes <= content->size_bytes)
		return 0;
	return error_set(err, ERROR_BUSY,
			 "volume_content_source: %s grew while it was copied; try again",
			 content->source.id);
}

static int copy_snapshot(struct pools *pools, const struct volume_content *content,
			 const struct backend_copy *copy, struct error *err)
{
	if (backend_of_kind(content->backend)->copy_still(copy, err) < 0)
		return -1;
	return check_still_there(pools, content, err);
}

int volume_content_copy(struct pools *pools, const struct volume_content *content,
			struct pool *pool, int folder_fd, struct volume_record *record,
			const struct copy_watch *watch, struct error *err)
{
	const struct backend *backend = backend_of_kind(content->backend);
	const struct backend_copy copy = { .id = content->source.id,
					   .source_fd = content->fd,
					   .target_fd = folder_fd,
					   .watch = watch,
					   .other_pool = pool != content->pool };
	record->source = content->source;
	int prepared = backend->prepare_copy(&pool->site, &copy, record, err);
	if (prepared < 0)
		return -1;
	int outcome = content->source.kind == SOURCE_VOLUME
			      ? copy_volume(pools, content, &copy, err)
			      : copy_snapshot(pools, content, &copy, err);
	if (outcome < 0)
		return -1;
	return prepared ? 0 : backend->fit_copy(&pool->site, folder_fd, record, err);
}
