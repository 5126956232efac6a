/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/create.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/backends.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "pool/lock.h"
#include "pool/pools.h"
#include "pool/room.h"
#include "pool/snapshot_folder.h"
#include "pool/unfinished.h"
#include "volume/cut.h"

/* One of the snapshots that are made together. */
struct member {
	const struct snapshot_spec *spec;
	struct snapshot_record record;
	struct lock lock;
	struct pool_visit visit; /* to the pool of its source */
	struct cut cut;
	struct pool *pool; /* where it is made; NULL: nowhere yet */
	int folder_fd;
	char temporary[POOL_NAME_MAX];
	uint64_t reserved_bytes;
	bool unsure; /* not all pools could be looked into */
	bool found;
	bool appeared;
};

struct batch {
	struct pools *pools;
	const struct copy_watch *watch;
	struct member *members;
	size_t count;
	bool held; /* all were; what ends with ERROR_IN_USE then was not still, or not for long
		      enough */
	bool keep; /* what was copied is worth going on from */
};

static void member_done(struct member *member)
{
	cut_done(&member->cut);
	lock_done(&member->lock);
	cleanup_close(&member->folder_fd);
	pool_visit_end(&member->visit);
}

static void remove_half_made(struct member *member)
{
	struct error reason = { 0 };
	if (pool_remove(member->pool, member->pool->tmp_fd, member->temporary, &reason) < 0)
		log_warning("half-made snapshot stays until the next start",
			    LOG_TEXT("snapshot", member->record.id), LOG_ERR(&reason));
}

static void batch_done(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct member *member = &batch->members[i];
		bool made = member->pool && !member->found && !member->appeared;
		if (made && member->reserved_bytes)
			pool_change_hold(member->pool, member->reserved_bytes, 0);
		if (made && !batch->keep && member->folder_fd >= 0)
			remove_half_made(member);
		member_done(member);
	}
	free(batch->members);
}

static int check_existing(const struct snapshot_record *record, const struct snapshot_spec *spec,
			  struct error *err)
{
	if (strcmp(record->source_volume, spec->source_volume) != 0)
		return error_set(err, ERROR_EXISTS,
				 "snapshot %s exists already, of volume %s, not of %s",
				 record->name, record->source_volume, spec->source_volume);
	if (strcmp(record->name, spec->name) != 0 || strcmp(record->group, spec->group) != 0)
		return error_set(err, ERROR_EXISTS,
				 "snapshot %s exists already, under another name or in another "
				 "group snapshot",
				 record->name);
	return 0;
}

static int find_existing(struct batch *batch, struct member *member, struct error *err)
{
	CLEANUP_SNAPSHOT_FOLDER struct snapshot_folder folder = SNAPSHOT_FOLDER_INIT;
	struct error reason = { 0 };
	if (snapshot_folder_open(batch->pools, member->record.id, &folder, &reason) < 0) {
		/* A snapshot lies in the pool of its source. One of this name in a pool that is
		 * missing or does not answer is of another volume. */
		member->unsure = reason.code == ERROR_UNAVAILABLE;
		if (reason.code == ERROR_NOT_FOUND || member->unsure)
			return 0;
		*err = reason;
		return -1;
	}
	if (check_existing(&folder.record, member->spec, err) < 0)
		return -1;
	member->record = folder.record;
	member->pool = folder.pool;
	member->found = true;
	return 0;
}

static int lock_member(struct batch *batch, struct member *member, struct error *err)
{
	if (id_of_name(member->spec->name, member->record.id, err) < 0)
		return -1;
	if (lock_take(&batch->pools->locks, LOCK_SNAPSHOT, member->record.id, &member->lock, err) <
	    0)
		return -1;
	return find_existing(batch, member, err);
}

static void fill_record(struct member *member, const struct volume_record *source)
{
	struct snapshot_record *record = &member->record;
	snprintf(record->name, sizeof(record->name), "%s", member->spec->name);
	snprintf(record->source_volume, sizeof(record->source_volume), "%s", source->id);
	snprintf(record->fs_type, sizeof(record->fs_type), "%s", source->fs_type);
	snprintf(record->group, sizeof(record->group), "%s", member->spec->group);
	record->backend = source->backend;
	record->size_bytes = source->size_bytes;
	record->block = source->block;
	record->encryption = source->encryption;
}

static int open_temporary(struct member *member, const struct backend *backend, struct error *err)
{
	pool_unfinished_name("snapshot", member->record.id, member->temporary);
	if (!backend->continues_copies &&
	    pool_remove(member->pool, member->pool->tmp_fd, member->temporary, err) < 0)
		return -1;
	return pool_unfinished_open(member->pool, member->temporary, &member->folder_fd, err);
}

/* The pool of the source answers now, and may not have when the snapshot was looked for. */
static int check_still_none(const struct member *member, struct pool *pool, struct error *err)
{
	CLEANUP_SNAPSHOT_FOLDER struct snapshot_folder folder = SNAPSHOT_FOLDER_INIT;
	struct error reason = { 0 };
	if (!member->unsure ||
	    (snapshot_folder_open_in(pool, member->record.id, &folder, &reason) < 0 &&
	     reason.code == ERROR_NOT_FOUND))
		return 0;
	return error_set(err, ERROR_UNAVAILABLE, "pool %s answers again just now; try again",
			 pool->site.name);
}

static int begin_member(struct batch *batch, struct member *member, struct error *err)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder source = VOLUME_FOLDER_INIT;
	uint64_t bytes = 0;
	if (volume_folder_open(batch->pools, member->spec->source_volume, &source, err) < 0)
		return error_prefix(err, "source_volume_id");
	if (pool_visit_begin(&source.pool->visits, source.pool->site.name, &member->visit, err) <
		    0 ||
	    check_still_none(member, source.pool, err) < 0)
		return -1;
	const struct backend *backend = backend_of_kind(source.record.backend);
	if (backend->measure(source.fd, batch->watch, &bytes, err) < 0 ||
	    pool_hold(source.pool, bytes, err) < 0)
		return error_not_named(err);
	member->pool = source.pool;
	member->reserved_bytes = bytes;
	fill_record(member, &source.record);
	if (open_temporary(member, backend, err) < 0)
		return error_not_named(err);
	struct cut *cut = &member->cut;
	cut->pools = batch->pools;
	cut->source = source;
	source.fd = -1;
	cut->copy.target_fd = member->folder_fd;
	cut->copy.watch = batch->watch;
	cut->copy.read_only = true;
	cut->must_rest = member->spec->group[0] != '\0';
	return cut_begin(cut, err);
}

static int count_held(struct member *member, struct error *err)
{
	struct snapshot_record *record = &member->record;
	record->shared = member->cut.copy.cloneable;
	record->created_us = member->cut.copy.taken_us;
	return member->cut.backend->held_bytes(member->folder_fd, &record->held_bytes, err);
}

static int appear(struct member *member, struct error *err)
{
	if (renameat2(member->pool->tmp_fd, member->temporary, member->pool->snapshots_fd,
		      member->record.id, RENAME_NOREPLACE) < 0)
		return error_errno(err, errno, "rename to snapshots/%s", member->record.id);
	member->appeared = true;
	pool_change_hold(member->pool, member->reserved_bytes, member->record.held_bytes);
	return 0;
}

static int finish_member(struct member *member, struct error *err)
{
	/* It may have grown since the copying began. */
	member->record.size_bytes = member->cut.source.record.size_bytes;
	if (cut_finish(&member->cut, err) < 0 || count_held(member, err) < 0 ||
	    snapshot_folder_write(member->folder_fd, &member->record, err) < 0)
		return -1;
	return 0;
}

/* Releases all of them, whatever failed; the first error counts. */
static int release_all(struct batch *batch, int outcome, struct error *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct error reason = { 0 };
		if (cut_release(&batch->members[i].cut, &reason) < 0 && outcome == 0) {
			*err = reason;
			outcome = -1;
		}
	}
	return outcome;
}

static int take_all(struct batch *batch, struct error *err)
{
	int outcome = 0;
	for (size_t i = 0; i < batch->count && outcome == 0; i++)
		outcome = cut_hold(&batch->members[i].cut, err);
	batch->held = outcome == 0;
	for (size_t i = 0; i < batch->count && outcome == 0; i++)
		outcome = cut_take(&batch->members[i].cut, err);
	return release_all(batch, outcome, err);
}

static int make_all(struct batch *batch, struct error *err)
{
	int outcome = 0;
	for (size_t i = 0; i < batch->count && outcome == 0; i++)
		outcome = begin_member(batch, &batch->members[i], err);
	if (outcome == 0)
		outcome = take_all(batch, err);
	for (size_t i = 0; i < batch->count && outcome == 0; i++)
		outcome = finish_member(&batch->members[i], err);
	for (size_t i = 0; i < batch->count && outcome == 0; i++)
		outcome = appear(&batch->members[i], err);
	if (outcome < 0)
		batch->keep = err->code == ERROR_CANCELLED || err->code == ERROR_BUSY ||
			      (batch->held && err->code == ERROR_IN_USE);
	return outcome;
}

static int check_all_or_none(const struct batch *batch, size_t *ret_found, struct error *err)
{
	size_t found = 0;
	for (size_t i = 0; i < batch->count; i++)
		found += batch->members[i].found;
	if (found && found != batch->count)
		return error_set(err, ERROR_EXISTS,
				 "%zu of %zu snapshots exist already: they are not of one moment "
				 "with the others; delete them",
				 found, batch->count);
	*ret_found = found;
	return 0;
}

static int sync_one(const struct member *member, struct error *err)
{
	struct pool *pool = member->pool;
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, err) < 0 ||
	    file_sync_folder(pool->snapshots_fd, err) < 0)
		return error_prefix(err, "snapshot %s", member->record.id);
	return 0;
}

static int sync_all(struct batch *batch, struct error *err)
{
	for (size_t i = 0; i < batch->count; i++)
		if (sync_one(&batch->members[i], err) < 0)
			return -1;
	return 0;
}

int snapshot_create_all(struct pools *pools, const struct snapshot_specs *specs,
			const struct copy_watch *watch, struct snapshot_record *ret_records,
			struct error *err)
{
	CLEANUP(batch_done) struct batch batch = { .pools = pools, .watch = watch };
	size_t count = specs->count;
	batch.members = must_alloc(count * sizeof(*batch.members));
	for (; batch.count < count; batch.count++)
		batch.members[batch.count] = (struct member) { .spec = &specs->items[batch.count],
							       .cut = CUT_INIT,
							       .folder_fd = -1 };
	for (size_t i = 0; i < count; i++)
		if (lock_member(&batch, &batch.members[i], err) < 0)
			return -1;
	size_t found = 0;
	if (check_all_or_none(&batch, &found, err) < 0 || (!found && make_all(&batch, err) < 0))
		return -1;
	/* Those that are found, too: the call that made them may have ended before this. */
	if (sync_all(&batch, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		ret_records[i] = batch.members[i].record;
	return found > 0;
}

int snapshot_create(struct pools *pools, const struct snapshot_spec *spec,
		    const struct copy_watch *watch, struct snapshot_record *ret_record,
		    struct error *err)
{
	const struct snapshot_specs one = { .items = spec, .count = 1 };
	return snapshot_create_all(pools, &one, watch, ret_record, err);
}
