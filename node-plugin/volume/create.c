/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Making a volume: reserve its size, build it under a temporary name, then let it appear whole.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backend/backends.h"
#include "base/file.h"
#include "base/log.h"
#include "folder/folder.h"
#include "pool/choice.h"
#include "pool/pools.h"
#include "pool/room.h"
#include "pool/unfinished.h"
#include "pool/visiting.h"
#include "pool/volume_folder.h"
#include "record/io_limits.h"
#include "record/layout.h"
#include "volume/content.h"
#include "volume/ephemeral_policy.h"
#include "volume/size.h"
#include "volume/unwanted.h"
#include "volume/volume.h"

#define VOLUME_FOLDER_MODE 0700
#define POD_MODE 0600

static int taken(const struct volume_record *record, const char *what, const char *has,
		 const char *asked, struct error *err)
{
	return error_set(err, ERROR_EXISTS,
			 "volume %s exists already, and its %s is \"%s\", not \"%s\"", record->name,
			 what, has, asked);
}

/* A volume made by an earlier call serves this one if it is what this one asks for. */
static int check_existing(const struct volume_record *record, const struct volume_spec *spec,
			  const char *fs_type, struct error *err)
{
	if (strcmp(record->name, spec->name) != 0)
		return taken(record, "name", record->name, spec->name, err);
	if (record->ephemeral != (spec->ephemeral != NULL))
		return taken(record, "lifecycle", record->ephemeral ? "Ephemeral" : "Persistent",
			     spec->ephemeral ? "Ephemeral" : "Persistent", err);
	if (record->block != spec->block)
		return taken(record, "volumeMode", record->block ? "Block" : "Filesystem",
			     spec->block ? "Block" : "Filesystem", err);
	if (record->backend != spec->parameters.backend)
		return taken(record, "backend", backend_kind_name(record->backend),
			     backend_kind_name(spec->parameters.backend), err);
	if (record->enforce != spec->parameters.enforce)
		return taken(record, "enforce", record->enforce ? "true" : "false",
			     record->enforce ? "false" : "true", err);
	if (record->provisioning != spec->parameters.provisioning)
		return taken(record, "provisioning", provisioning_name(record->provisioning),
			     provisioning_name(spec->parameters.provisioning), err);
	if (strcmp(record->fs_type, fs_type) != 0)
		return taken(record, "fs_type", record->fs_type, fs_type, err);
	if (!io_limits_equal(&record->limits, &spec->limits))
		return error_set(err, ERROR_EXISTS,
				 "volume %s exists already, and its limits are not those of "
				 "mutable_parameters",
				 record->name);
	if (record->encryption != spec->parameters.encryption)
		return taken(record, "encryption", encryption_name(record->encryption),
			     encryption_name(spec->parameters.encryption), err);
	if (!capacity_fits_range(&spec->range, record->size_bytes))
		return error_set(err, ERROR_EXISTS,
				 "volume %s exists already, and its size of %" PRIu64
				 " bytes does not lie in the capacity_range asked for",
				 record->name, record->size_bytes);
	return 0;
}

static int check_existing_source(const struct volume_record *record, const struct volume_spec *spec,
				 struct error *err)
{
	if (record->source.kind == spec->source.kind &&
	    strcmp(record->source.id, spec->source.id) == 0)
		return 0;
	return error_set(err, ERROR_EXISTS,
			 "volume %s exists already, and its content comes from %s, not from %s",
			 record->name, record->source.id[0] ? record->source.id : "nowhere",
			 spec->source.id[0] ? spec->source.id : "nowhere");
}

static int check_existing_pool(const struct volume_folder *folder, const struct volume_spec *spec,
			       struct error *err)
{
	const char *asked = spec->parameters.pool;
	if (asked && strcmp(asked, folder->pool->site.name) != 0)
		return taken(&folder->record, "pool", folder->pool->site.name, asked, err);
	return 0;
}

static void fill_record(const struct volume_spec *spec, const char *id, const char *fs_type,
			uint64_t size_bytes, struct volume_record *ret_record)
{
	struct volume_record record = {
		.backend = spec->parameters.backend,
		.size_bytes = size_bytes,
		.enforce = spec->parameters.enforce,
		.provisioning = spec->parameters.provisioning,
		.limits = spec->limits,
		.block = spec->block,
		.encryption = spec->parameters.encryption,
		.ephemeral = spec->ephemeral != NULL,
	};
	snprintf(record.id, sizeof(record.id), "%s", id);
	snprintf(record.name, sizeof(record.name), "%s", spec->name);
	snprintf(record.fs_type, sizeof(record.fs_type), "%s", fs_type);
	if (spec->parameters.claim_namespace && spec->parameters.claim_name)
		snprintf(record.claim, sizeof(record.claim), "%s/%s",
			 spec->parameters.claim_namespace, spec->parameters.claim_name);
	*ret_record = record;
}

/* Where a volume is made, and what of. */
struct making {
	struct pools *pools;
	struct pool *pool;
	const struct volume_content *content; /* NULL: it is empty */
	const char *pod_path;		      /* NULL: it is not ephemeral */
	const struct copy_watch *watch;
};

static int write_pod(int folder_fd, const char *path, struct error *err)
{
	return file_write_at(folder_fd, LAYOUT_POD, path, strlen(path), POD_MODE, err);
}

/* The record is written last; with it the folder is fsynced. */
static int fill_folder(const struct making *making, int folder_fd, struct volume_record *record,
		       struct error *err)
{
	struct pool *pool = making->pool;
	const struct backend *backend = backend_of_kind(record->backend);
	int outcome = making->content
			      ? volume_content_copy(making->pools, making->content, pool, folder_fd,
						    record, making->watch, err)
			      : backend->make(&pool->site, folder_fd, record, making->watch, err);
	if (outcome < 0 || (making->pod_path && write_pod(folder_fd, making->pod_path, err) < 0))
		return -1;
	return volume_folder_write_first(folder_fd, record, err);
}

static int appear(struct pool *pool, const char *temporary, const char *id, struct error *err)
{
	if (renameat2(pool->tmp_fd, temporary, pool->volumes_fd, id, RENAME_NOREPLACE) < 0)
		return error_errno(err, errno, "rename to volumes/%s", id);
	return 0;
}

/* -1: there is no volume. */
static int build(const struct making *making, struct volume_record *record, struct error *err)
{
	struct pool *pool = making->pool;
	char temporary[POOL_NAME_MAX];
	CLEANUP_CLOSE int folder_fd = -1;
	bool unfinished = making->content && backend_of_kind(record->backend)->continues_copies;
	int opened;
	if (unfinished) {
		pool_unfinished_name("volume", record->id, temporary);
		opened = pool_unfinished_open(pool, temporary, &folder_fd, err);
	} else {
		pool_temporary_name(pool, record->id, temporary);
		opened = folder_make(pool->tmp_fd, temporary, VOLUME_FOLDER_MODE, &folder_fd, err);
	}
	if (opened < 0)
		return -1;
	if (fill_folder(making, folder_fd, record, err) == 0 &&
	    appear(pool, temporary, record->id, err) == 0)
		return 0;
	struct error reason = { 0 };
	/* A retry goes on; IN_USE is a source that could not be held still for long enough. */
	if (unfinished &&
	    (err->code == ERROR_CANCELLED || err->code == ERROR_BUSY || err->code == ERROR_IN_USE))
		return -1;
	if (pool_remove(pool, pool->tmp_fd, temporary, &reason) < 0)
		log_warning("half-made volume stays until the next start",
			    LOG_TEXT("volume", record->id), LOG_ERR(&reason));
	return -1;
}

/* With the size reserved. */
static int build_or_release(const struct making *making, struct volume_record *record,
			    struct error *err)
{
	if (build(making, record, err) < 0) {
		pool_release(making->pool, record->size_bytes, record->ephemeral);
		error_prefix(err, "make volume %s", record->id);
		/* A source that is gone is what the caller named. */
		return making->content ? -1 : error_not_named(err);
	}
	return 0;
}

/* 1: there is one that serves. 0: there is none. */
static int find_existing(struct pools *pools, const char *id, const struct volume_spec *spec,
			 const char *fs_type, struct volume_folder *ret_folder, struct error *err)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	CLEANUP_VOLUME_FOLDER struct volume_folder any = VOLUME_FOLDER_INIT;
	struct error reason = { 0 };
	/* In a disk that does not answer it may be as in one that is missing (pool/pools.h). */
	if (volume_folder_peek(pools, id, &any, &reason) < 0 && reason.code != ERROR_UNAVAILABLE) {
		*err = reason;
		return -1;
	}
	if (!any.pool)
		return 0;
	if (volume_folder_open(pools, id, &folder, err) < 0 ||
	    check_existing(&folder.record, spec, fs_type, err) < 0 ||
	    check_existing_source(&folder.record, spec, err) < 0 ||
	    check_existing_pool(&folder, spec, err) < 0)
		return -1;
	*ret_folder = folder;
	folder.fd = -1;
	return 1;
}

/* At least as large as its source, and just so large if nothing else is asked for. */
static int choose_size(const struct volume_spec *spec, const struct volume_content *content,
		       uint64_t minimum_bytes, uint64_t *ret_bytes, struct error *err)
{
	struct capacity_range range = spec->range;
	if (content && range.required_bytes < content->size_bytes)
		range.required_bytes = content->size_bytes;
	if (content && range.limit_bytes && range.limit_bytes < content->size_bytes)
		return error_set(err, ERROR_RANGE,
				 "capacity_range: limit_bytes: the source has %" PRIu64 " bytes",
				 content->size_bytes);
	return capacity_choose(&range, minimum_bytes, ret_bytes, err);
}

static int choose_and_build(struct pools *pools, const struct volume_spec *spec, const char *id,
			    const char *fs_type, uint64_t minimum_bytes,
			    struct volume_folder *folder, struct error *err)
{
	CLEANUP_VOLUME_CONTENT struct volume_content content = VOLUME_CONTENT_INIT;
	bool copied = spec->source.kind != SOURCE_NONE;
	uint64_t size_bytes = 0;
	if (copied && volume_content_open(pools, &spec->source, &content, err) < 0)
		return -1;
	if (choose_size(spec, copied ? &content : NULL, minimum_bytes, &size_bytes, err) < 0)
		return -1;
	fill_record(spec, id, fs_type, size_bytes, &folder->record);
	if (copied && volume_content_check(&content, &folder->record, err) < 0)
		return -1;
	if (spec->ephemeral && ephemeral_policy_check(spec->ephemeral, &folder->record,
						      spec->parameters.pool, err) < 0)
		return -1;
	struct pool_wish wish = { .parameters = &spec->parameters,
				  .promise = { .bytes = size_bytes,
					       .elsewhere = spec->elsewhere && !copied },
				  .source = content.pool };
	if (spec->ephemeral) {
		wish.promise.ephemeral = true;
		wish.promise.share_percent = spec->ephemeral->share_percent;
		wish.among = spec->ephemeral->pools;
	}
	if (pool_choice_reserve(pools, &wish, &folder->pool, err) < 0)
		return -1;
	struct making making = { .pools = pools,
				 .pool = folder->pool,
				 .content = copied ? &content : NULL,
				 .pod_path = spec->pod_path,
				 .watch = spec->watch };
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (visiting_begin_in(pools, folder->pool, id, &visit, err) < 0) {
		pool_release(folder->pool, size_bytes, spec->ephemeral);
		return -1;
	}
	if (spec->chosen)
		*spec->chosen = folder->pool;
	return build_or_release(&making, &folder->record, err);
}

/* A look into all pools notes where it is: the calls that follow touch no other disk. */
static void note_whereabouts(struct pools *pools, const char *id)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder any = VOLUME_FOLDER_INIT;
	if (pools->count > 1)
		volume_folder_peek(pools, id, &any, NULL);
}

static int make(struct pools *pools, const struct volume_spec *spec,
		struct volume_record *ret_record, struct error *err)
{
	const char *fs_type = spec->block ? "" : spec->fs_type;
	uint64_t minimum_bytes = 0;
	char id[ID_MAX + 1];
	if (id_of_name(spec->name, id, err) < 0 ||
	    volume_size_minimum(&spec->parameters, spec->block, &fs_type, &minimum_bytes, err) < 0)
		return -1;
	if (spec->parameters.encryption != ENCRYPTION_NONE &&
	    filesystem_check_encryption(fs_type, err) < 0)
		return -1;
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	int found = find_existing(pools, id, spec, fs_type, &folder, err);
	if (found < 0 ||
	    (!found && choose_and_build(pools, spec, id, fs_type, minimum_bytes, &folder, err) < 0))
		return -1;
	/* One that is found, too: whoever made it may have died, or failed, before this. */
	if (file_sync_folder(folder.pool->volumes_fd, err) < 0)
		return error_prefix(err, "volume %s", id);
	note_whereabouts(pools, id);
	*ret_record = folder.record;
	return found;
}

/* That of the source; when that is gone, of the volume that an earlier call made from it. "": there
 * is neither. */
static void inherit_fs_type(struct pools *pools, const struct volume_spec *spec,
			    char ret_type[static VOLUME_FS_TYPE_MAX + 1])
{
	CLEANUP_VOLUME_CONTENT struct volume_content content = VOLUME_CONTENT_INIT;
	CLEANUP_VOLUME_FOLDER struct volume_folder made = VOLUME_FOLDER_INIT;
	char id[ID_MAX + 1];
	ret_type[0] = '\0';
	if (volume_content_open(pools, &spec->source, &content, NULL) == 0)
		memcpy(ret_type, content.fs_type, sizeof(content.fs_type));
	else if (id_of_name(spec->name, id, NULL) == 0 &&
		 volume_folder_open(pools, id, &made, NULL) == 0)
		memcpy(ret_type, made.record.fs_type, sizeof(made.record.fs_type));
}

int volume_make(struct pools *pools, const struct volume_spec *spec,
		struct volume_record *ret_record, struct error *err)
{
	struct volume_spec asked = *spec;
	char inherited[VOLUME_FS_TYPE_MAX + 1];
	/* Whoever names no file system gets that of the source. */
	if (spec->source.kind != SOURCE_NONE && !spec->fs_type[0]) {
		inherit_fs_type(pools, spec, inherited);
		asked.fs_type = inherited;
	}
	if (spec->block)
		parameters_of_device(&asked.parameters);
	return make(pools, &asked, ret_record, err);
}

int volume_create(struct pools *pools, const struct volume_spec *spec,
		  struct volume_record *ret_record, struct error *err)
{
	CLEANUP_LOCK struct lock lock = { 0 };
	struct unwanted unwanted;
	struct volume_spec asked = *spec;
	char id[ID_MAX + 1];
	if (id_of_name(spec->name, id, err) < 0 ||
	    lock_take(&pools->locks, LOCK_VOLUME, id, &lock, err) < 0)
		return -1;
	unwanted_init(&unwanted, &lock, spec->watch);
	asked.watch = &unwanted.watch;
	return volume_make(pools, &asked, ret_record, err);
}
