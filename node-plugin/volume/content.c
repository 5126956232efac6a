/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/content.h"

#include <string.h>

#include "backend/backends.h"
#include "backend/copy.h"
#include "folder/folder.h"
#include "pool/pools.h"
#include "pool/snapshot_folder.h"
#include "pool/volume_folder.h"
#include "volume/cut.h"

static int open_snapshot(struct pools *pools, const char *id, struct volume_folder *ret_folder,
			 struct error *err)
{
	CLEANUP_SNAPSHOT_FOLDER struct snapshot_folder snapshot = SNAPSHOT_FOLDER_INIT;
	if (snapshot_folder_open(pools, id, &snapshot, err) < 0)
		return -1;
	struct volume_record record = {
		.backend = snapshot.record.backend,
		.block = snapshot.record.block,
		.encryption = snapshot.record.encryption,
		.size_bytes = snapshot.record.size_bytes,
	};
	memcpy(record.fs_type, snapshot.record.fs_type, sizeof(record.fs_type));
	*ret_folder = (struct volume_folder) { .pool = snapshot.pool,
					       .fd = TAKE_FD(snapshot.fd),
					       .record = record };
	return 0;
}

int volume_content_open(struct pools *pools, const struct volume_source *source,
			struct volume_content *ret_content, struct error *err)
{
	struct volume_content content = { .source = *source, .folder = VOLUME_FOLDER_INIT };
	int outcome = source->kind == SOURCE_SNAPSHOT
			      ? open_snapshot(pools, source->id, &content.folder, err)
			      : volume_folder_open(pools, source->id, &content.folder, err);
	if (outcome < 0)
		return error_prefix(err, "volume_content_source");
	*ret_content = content;
	return 0;
}

void volume_content_done(struct volume_content *content)
{
	volume_folder_done(&content->folder);
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
	const struct volume_record *has = &content->folder.record;
	if (has->block != record->block)
		return differs(content, "volumeMode", has->block ? "Block" : "Filesystem",
			       record->block ? "Block" : "Filesystem", err);
	if (has->backend != record->backend)
		return differs(content, "backend", backend_kind_name(has->backend),
			       backend_kind_name(record->backend), err);
	if (strcmp(has->fs_type, record->fs_type) != 0)
		return differs(content, "fs_type", has->fs_type, record->fs_type, err);
	if (has->encryption != record->encryption)
		return differs(content, "encryption", encryption_name(has->encryption),
			       encryption_name(record->encryption), err);
	return 0;
}

/* Of a snapshot whose files are copied one by one some may be missing, if it was deleted
 * meanwhile. */
static int check_still_there(const struct volume_content *content, struct error *err)
{
	const struct volume_folder *folder = &content->folder;
	if (folder_presence(folder->pool->snapshots_fd, content->source.id, folder->fd) ==
	    FOLDER_THERE)
		return 0;
	return error_set(err, ERROR_NOT_FOUND,
			 "volume_content_source: %s was deleted while it was copied",
			 content->source.id);
}

/* The size was chosen before the source was held: one that grew meanwhile would be cut off. */
static int copy_volume(struct volume_content *content, struct pools *pools,
		       const struct backend_copy *copy, struct error *err)
{
	CLEANUP_CUT struct cut cut = CUT_INIT;
	uint64_t size_bytes = content->folder.record.size_bytes;
	cut.pools = pools;
	cut.source = content->folder;
	content->folder.fd = -1;
	cut.copy.target_fd = copy->target_fd;
	cut.copy.watch = copy->watch;
	cut.copy.other_pool = copy->other_pool;
	if (cut_make(&cut, err) < 0)
		return -1;
	if (cut.source.record.size_bytes <= size_bytes)
		return 0;
	return error_set(err, ERROR_BUSY,
			 "volume_content_source: %s grew while it was copied; try again",
			 content->source.id);
}

static int copy_snapshot(const struct volume_content *content, const struct backend_copy *copy,
			 struct error *err)
{
	if (backend_of_kind(content->folder.record.backend)->copy_still(copy, err) < 0)
		return -1;
	return check_still_there(content, err);
}

int volume_content_copy(struct volume_content *content, const struct volume_content_target *target,
			struct volume_record *record, struct error *err)
{
	const struct backend_site *site = &target->pool->site;
	const struct backend *backend = backend_of_kind(content->folder.record.backend);
	const struct backend_copy copy = { .id = content->source.id,
					   .source_fd = content->folder.fd,
					   .target_fd = target->folder_fd,
					   .watch = target->watch,
					   .other_pool = target->pool != content->folder.pool };
	record->source = content->source;
	int prepared = backend->prepare_copy(site, &copy, record, err);
	if (prepared < 0)
		return -1;
	int outcome = content->source.kind == SOURCE_VOLUME
			      ? copy_volume(content, target->pools, &copy, err)
			      : copy_snapshot(content, &copy, err);
	if (outcome < 0)
		return -1;
	return prepared ? 0 : backend->fit_copy(site, target->folder_fd, record, err);
}
