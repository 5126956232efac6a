/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/create.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backend/backends.h"
#include "base/file.h"
#include "base/log.h"
#include "folder/folder.h"
#include "host/node_settings.h"
#include "pool/choice.h"
#include "pool/pools.h"
#include "pool/room.h"
#include "pool/sharing.h"
#include "pool/unfinished.h"
#include "pool/visiting.h"
#include "pool/volume_folder.h"
#include "record/io_limits.h"
#include "record/layout.h"
#include "volume/content.h"
#include "volume/ephemeral_policy.h"
#include "volume/size.h"
#include "volume/unwanted.h"

#define VOLUME_FOLDER_MODE 0700
#define POD_MODE 0600

/* One call: filled from the top to the bottom. */
struct making {
	struct pools *pools;
	const char *id;
	const struct volume_spec *spec;
	struct parameters parameters; /* the spec's; of a block volume those of a device */
	bool copied;		      /* its content comes from a source */
	bool found;		      /* an earlier call made the volume */
	struct volume_folder folder;  /* the volume: as found, or where and as what it is made */
	struct volume_content content;
	const char *fs_type;
	uint64_t minimum_bytes;
	bool continued; /* the folder in tmp/ stays for a retry to continue */
	char temporary[POOL_NAME_MAX];
};

static void making_done(struct making *making)
{
	volume_content_done(&making->content);
	volume_folder_done(&making->folder);
}

static int taken(const struct volume_record *record, const char *what, const char *has,
		 const char *asked, struct error *err)
{
	return error_set(err, ERROR_EXISTS,
			 "volume %s exists already, and its %s is \"%s\", not \"%s\"", record->name,
			 what, has, asked);
}

/* A volume made by an earlier call serves this one if it is what this one asks for. */
static int check_kind(const struct making *making, struct error *err)
{
	const struct volume_record *record = &making->folder.record;
	const struct volume_spec *spec = making->spec;
	const struct parameters *parameters = &making->parameters;
	if (strcmp(record->name, spec->name) != 0)
		return taken(record, "name", record->name, spec->name, err);
	if (record->ephemeral != (spec->ephemeral != NULL))
		return taken(record, "lifecycle", record->ephemeral ? "Ephemeral" : "Persistent",
			     spec->ephemeral ? "Ephemeral" : "Persistent", err);
	if (record->block != spec->block)
		return taken(record, "volumeMode", record->block ? "Block" : "Filesystem",
			     spec->block ? "Block" : "Filesystem", err);
	if (record->backend != parameters->backend)
		return taken(record, "backend", backend_kind_name(record->backend),
			     backend_kind_name(parameters->backend), err);
	if (record->enforce != parameters->enforce)
		return taken(record, "enforce", record->enforce ? "true" : "false",
			     record->enforce ? "false" : "true", err);
	if (!parameters->provisioning_open && record->provisioning != parameters->provisioning)
		return taken(record, "provisioning", provisioning_name(record->provisioning),
			     provisioning_name(parameters->provisioning), err);
	if (strcmp(record->fs_type, making->fs_type) != 0)
		return taken(record, "fs_type", record->fs_type, making->fs_type, err);
	if (!io_limits_equal(&record->limits, &spec->limits))
		return error_set(err, ERROR_EXISTS,
				 "volume %s exists already, and its limits are not those of "
				 "mutable_parameters",
				 record->name);
	if (record->encryption != parameters->encryption)
		return taken(record, "encryption", encryption_name(record->encryption),
			     encryption_name(parameters->encryption), err);
	if (!capacity_fits_range(&spec->range, record->size_bytes))
		return error_set(err, ERROR_EXISTS,
				 "volume %s exists already, and its size of %" PRIu64
				 " bytes does not lie in the capacity_range asked for",
				 record->name, record->size_bytes);
	return 0;
}

static int check_source(const struct making *making, struct error *err)
{
	const struct volume_record *record = &making->folder.record;
	const struct volume_spec *spec = making->spec;
	if (record->source.kind == spec->source.kind &&
	    strcmp(record->source.id, spec->source.id) == 0)
		return 0;
	return error_set(err, ERROR_EXISTS,
			 "volume %s exists already, and its content comes from %s, not from %s",
			 record->name, record->source.id[0] ? record->source.id : "nowhere",
			 spec->source.id[0] ? spec->source.id : "nowhere");
}

static int check_pool(const struct making *making, struct error *err)
{
	const char *asked = making->parameters.pool;
	const char *has = making->folder.pool->site.name;
	if (asked && strcmp(asked, has) != 0)
		return taken(&making->folder.record, "pool", has, asked, err);
	return 0;
}

static int check_existing(const struct making *making, struct error *err)
{
	if (check_kind(making, err) < 0 || check_source(making, err) < 0)
		return -1;
	return check_pool(making, err);
}

static void fill_record(struct making *making, uint64_t size_bytes)
{
	const struct volume_spec *spec = making->spec;
	const struct parameters *parameters = &making->parameters;
	struct volume_record record = {
		.backend = parameters->backend,
		.size_bytes = size_bytes,
		.enforce = parameters->enforce,
		.provisioning = parameters->provisioning,
		.limits = spec->limits,
		.block = spec->block,
		.encryption = parameters->encryption,
		.ephemeral = spec->ephemeral != NULL,
	};
	snprintf(record.id, sizeof(record.id), "%s", making->id);
	snprintf(record.name, sizeof(record.name), "%s", spec->name);
	snprintf(record.fs_type, sizeof(record.fs_type), "%s", making->fs_type);
	if (parameters->claim_namespace && parameters->claim_name)
		snprintf(record.claim, sizeof(record.claim), "%s/%s", parameters->claim_namespace,
			 parameters->claim_name);
	making->folder.record = record;
}

static int write_pod(int folder_fd, const char *path, struct error *err)
{
	return file_write_at(folder_fd, LAYOUT_POD, path, strlen(path), POD_MODE, err);
}

static int make_data(struct making *making, int folder_fd, struct error *err)
{
	struct volume_record *record = &making->folder.record;
	const struct volume_spec *spec = making->spec;
	struct pool *pool = making->folder.pool;
	const struct volume_content_target target = {
		.pool = pool,
		.pools = making->pools,
		.folder_fd = folder_fd,
		.watch = spec->watch,
	};
	if (making->copied)
		return volume_content_copy(&making->content, &target, record, err);
	return backend_of_kind(record->backend)
		->make(&pool->site, folder_fd, record, spec->watch, err);
}

/* The record is written last; with it the folder is fsynced. */
static int fill_folder(struct making *making, int folder_fd, struct error *err)
{
	const char *pod_path = making->spec->pod_path;
	if (make_data(making, folder_fd, err) < 0 ||
	    (pod_path && write_pod(folder_fd, pod_path, err) < 0))
		return -1;
	return volume_folder_write_first(folder_fd, &making->folder.record, err);
}

static int appear(const struct making *making, struct error *err)
{
	const struct pool *pool = making->folder.pool;
	if (renameat2(pool->tmp_fd, making->temporary, pool->volumes_fd, making->id,
		      RENAME_NOREPLACE) < 0)
		return error_errno(err, errno, "rename to volumes/%s", making->id);
	return 0;
}

static int open_temporary(struct making *making, int *ret_fd, struct error *err)
{
	struct pool *pool = making->folder.pool;
	if (making->continued) {
		pool_unfinished_name("volume", making->id, making->temporary);
		return pool_unfinished_open(pool, making->temporary, ret_fd, err);
	}
	pool_temporary_name(pool, making->id, making->temporary);
	return folder_make(pool->tmp_fd, making->temporary, VOLUME_FOLDER_MODE, ret_fd, err);
}

/* A retry continues it; IN_USE is a source that could not be held still for long enough. */
static bool is_kept(const struct making *making, const struct error *err)
{
	return making->continued && (err->code == ERROR_CANCELLED || err->code == ERROR_BUSY ||
				     err->code == ERROR_IN_USE);
}

/* -1: there is no volume. */
static int build(struct making *making, struct error *err)
{
	struct pool *pool = making->folder.pool;
	CLEANUP_CLOSE int folder_fd = -1;
	making->continued =
		making->copied && backend_of_kind(making->folder.record.backend)->continues_copies;
	if (open_temporary(making, &folder_fd, err) < 0)
		return -1;
	if (fill_folder(making, folder_fd, err) == 0 && appear(making, err) == 0)
		return 0;
	struct error reason = { 0 };
	if (!is_kept(making, err) &&
	    pool_remove(pool, pool->tmp_fd, making->temporary, &reason) < 0)
		log_warning("half-made volume stays until the next start",
			    LOG_TEXT("volume", making->id), LOG_ERR(&reason));
	return -1;
}

/* At least as large as its source, and just so large if nothing else is asked for. */
static int choose_size(const struct making *making, uint64_t *ret_bytes, struct error *err)
{
	struct capacity_range range = making->spec->range;
	uint64_t source_bytes = making->copied ? making->content.folder.record.size_bytes : 0;
	if (range.limit_bytes && range.limit_bytes < source_bytes)
		return error_set(err, ERROR_RANGE,
				 "capacity_range: limit_bytes: the source has %" PRIu64 " bytes",
				 source_bytes);
	if (range.required_bytes < source_bytes)
		range.required_bytes = source_bytes;
	return capacity_choose(&range, making->minimum_bytes, ret_bytes, err);
}

static int reserve(struct making *making, uint64_t size_bytes, struct error *err)
{
	const struct ephemeral_policy *policy = making->spec->ephemeral;
	struct pool_wish wish = {
		.parameters = &making->parameters,
		.promise = { .bytes = size_bytes,
			     .elsewhere = making->spec->elsewhere && !making->copied },
		.source = making->content.folder.pool,
	};
	if (policy) {
		wish.promise.ephemeral = true;
		wish.promise.share_percent = policy->share_percent;
		wish.among = policy->pools;
	}
	return pool_choice_reserve(making->pools, &wish, &making->folder.pool, err);
}

/* When the pool is known. Inline volumes have no class; theirs is the policy's. */
static void choose_provisioning(struct making *making)
{
	struct volume_record *record = &making->folder.record;
	const struct node_settings *node = making->pools->node;
	if (!making->parameters.provisioning_open || record->backend != BACKEND_LOOP ||
	    record->ephemeral)
		return;
	if (!node->provisioning_auto)
		record->provisioning = node->provisioning;
	else if (pool_sharing_endangers(making->folder.pool))
		record->provisioning = PROVISIONING_RESERVED;
}

/* Without a place at the pool's disk (pool/visiting.h) nothing is begun. */
static int visit_and_build(struct making *making, struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	CLEANUP_POOL_VISIT struct pool_visit source_visit = { 0 };
	struct pool *source = making->content.folder.pool;
	if (pool_visit_begin(&making->folder.pool->visits, making->folder.pool->site.name, &visit,
			     err) < 0 ||
	    (source &&
	     pool_visit_begin(&source->visits, source->site.name, &source_visit, err) < 0))
		return -1;
	if (making->spec->chosen)
		*making->spec->chosen = making->folder.pool;
	if (build(making, err) == 0)
		return 0;
	error_prefix(err, "make volume %s", making->id);
	/* A source that is gone is what the caller named. */
	return making->copied ? -1 : error_not_named(err);
}

static int check_policy(const struct making *making, struct error *err)
{
	const struct ephemeral_policy *policy = making->spec->ephemeral;
	if (!policy)
		return 0;
	return ephemeral_policy_check(policy, &making->folder.record, making->parameters.pool, err);
}

static int choose_and_build(struct making *making, struct error *err)
{
	uint64_t size_bytes = 0;
	if (choose_size(making, &size_bytes, err) < 0)
		return -1;
	fill_record(making, size_bytes);
	if (volume_size_check_whole(&making->folder.record, size_bytes, err) < 0)
		return -1;
	if (making->copied &&
	    volume_content_check(&making->content, &making->folder.record, err) < 0)
		return -1;
	if (check_policy(making, err) < 0 || reserve(making, size_bytes, err) < 0)
		return -1;
	choose_provisioning(making);
	if (visit_and_build(making, err) == 0)
		return 0;
	pool_release(making->folder.pool, size_bytes, making->folder.record.ephemeral);
	return -1;
}

/* In a disk that does not answer it may be as in one that is missing (pool/pools.h). */
static int find(struct making *making, struct error *err)
{
	struct error reason = { 0 };
	if (volume_folder_peek(making->pools, making->id, &making->folder, &reason) < 0 &&
	    reason.code != ERROR_UNAVAILABLE) {
		*err = reason;
		return -1;
	}
	making->found = making->folder.pool != NULL;
	return making->found ? volume_folder_read(&making->folder, making->id, err) : 0;
}

/* A look into all pools notes where it is: the calls that follow touch no other disk. */
static void note_whereabouts(struct pools *pools, const char *id)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder any = VOLUME_FOLDER_INIT;
	if (pools->count > 1)
		volume_folder_peek(pools, id, &any, NULL);
}

/* The file system that is asked for; else that of the source, which may be gone once the volume is
 * made; else the default. */
static int choose_fs_type(struct making *making, struct error *err)
{
	const struct volume_spec *spec = making->spec;
	making->fs_type = spec->block ? "" : spec->fs_type;
	if (!spec->block && !spec->fs_type[0] && making->copied)
		making->fs_type = making->found ? making->folder.record.fs_type
						: making->content.folder.record.fs_type;
	if (volume_size_minimum(&making->parameters, spec->block, &making->fs_type,
				&making->minimum_bytes, err) < 0)
		return -1;
	return making->parameters.encryption == ENCRYPTION_NONE
		       ? 0
		       : filesystem_check_encryption(making->fs_type, err);
}

int volume_create_locked(struct pools *pools, const char *id, const struct volume_spec *spec,
			 struct volume_record *ret_record, struct error *err)
{
	CLEANUP(making_done)
	struct making making = {
		.pools = pools,
		.id = id,
		.spec = spec,
		.parameters = spec->parameters,
		.copied = spec->source.kind != SOURCE_NONE,
		.folder = VOLUME_FOLDER_INIT,
		.content = VOLUME_CONTENT_INIT,
	};
	if (spec->block)
		parameters_of_device(&making.parameters);
	if (find(&making, err) < 0 ||
	    (making.copied && !making.found &&
	     volume_content_open(pools, &spec->source, &making.content, err) < 0) ||
	    choose_fs_type(&making, err) < 0)
		return -1;
	if ((making.found ? check_existing(&making, err) : choose_and_build(&making, err)) < 0)
		return -1;
	/* One that was found, too: the call that made it may have ended before this. */
	if (file_sync_folder(making.folder.pool->volumes_fd, err) < 0)
		return error_prefix(err, "volume %s", id);
	note_whereabouts(pools, id);
	*ret_record = making.folder.record;
	return making.found;
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
	return volume_create_locked(pools, id, &asked, ret_record, err);
}
