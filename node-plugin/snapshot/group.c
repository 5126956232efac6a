/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/group.h"

#include <fcntl.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backends.h"
#include "base/text.h"
#include "folder/folder.h"
#include "pool/lock.h"
#include "pool/pools.h"
#include "pool/volume_folder.h"
#include "snapshot/create.h"
#include "snapshot/delete.h"
#include "snapshot/group_record.h"
#include "snapshot/snapshot.h"

void snapshot_group_done(struct snapshot_group *group)
{
	free(group->members);
	group->members = NULL;
}

static int compare_members(const void *a, const void *b)
{
	return strcmp(((const struct snapshot_record *)a)->source_volume,
		      ((const struct snapshot_record *)b)->source_volume);
}

/* Of whatever snapshots name the group. */
static int find_members(struct pools *pools, struct snapshot_group *group, struct error *err)
{
	const struct snapshot_filter all = { .after = "", .source_volume = "", .max = SIZE_MAX };
	CLEANUP_FREE struct snapshot_record *records = NULL;
	size_t count = 0, kept = 0;
	bool more;
	if (snapshot_list(pools, &all, &records, &count, &more, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (strcmp(records[i].group, group->id) == 0)
			records[kept++] = records[i];
	if (kept)
		qsort(records, kept, sizeof(*records), compare_members);
	group->member_count = kept;
	group->members = TAKE(records);
	return 0;
}

static void set_id(struct snapshot_group *group, const char *id)
{
	*group = (struct snapshot_group)SNAPSHOT_GROUP_INIT;
	snprintf(group->id, sizeof(group->id), "%s", id);
}

/* 1: there is none. */
static int load(struct pools *pools, const char *id, struct snapshot_group *ret_group,
		struct error *err)
{
	struct snapshot_group_record record;
	size_t seen = pools->count;
	set_id(ret_group, id);
	int outcome = snapshot_group_record_read(pools, id, &record, err);
	if (outcome != 0)
		return outcome;
	if (find_members(pools, ret_group, err) < 0)
		return -1;
	ret_group->created_us = record.created_us;
	if (ret_group->member_count < record.members &&
	    pools_check_missing(pools, seen, NULL, err) < 0)
		return error_prefix(err, "group snapshot %s", id);
	if (ret_group->member_count != record.members)
		return error_set(
			err, ERROR_INTERNAL,
			"group snapshot %s: %zu of its %" PRIu64
			" snapshots can be read; look at the log for the others, or delete it",
			id, ret_group->member_count, record.members);
	return 0;
}

static int lock_group(struct pools *pools, const char *id, struct lock *lock, struct error *err)
{
	return lock_take(&pools->locks, LOCK_GROUP, id, lock, err);
}

int snapshot_group_find(struct pools *pools, const char *id, struct snapshot_group *ret_group,
			struct error *err)
{
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	bool valid = id_is_valid(id);
	/* Or one whose members are just being removed is taken for damaged. */
	if (valid && lock_group(pools, id, &lock, err) < 0)
		return -1;
	int outcome = valid ? load(pools, id, &group, err) : 1;
	if (outcome < 0)
		return -1;
	if (outcome == 1)
		return error_set(err, ERROR_NOT_FOUND, "group snapshot %s does not exist", id);
	*ret_group = group;
	group.members = NULL;
	return 0;
}

static bool has_member(const struct snapshot_group *group, const char *id)
{
	for (size_t i = 0; i < group->member_count; i++)
		if (strcmp(group->members[i].id, id) == 0)
			return true;
	return false;
}

static bool names_member(const char *const *members, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(members[i], id) == 0)
			return true;
	return false;
}

static int check_foreign(const struct snapshot_group *group, const char *const *members,
			 size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (!has_member(group, members[i]))
			return error_set(err, ERROR_INVALID,
					 "snapshot_ids: %s is not in group snapshot %s", members[i],
					 group->id);
	return 0;
}

static int check_named(const struct snapshot_group *group, const char *const *members, size_t count,
		       struct error *err)
{
	for (size_t i = 0; i < group->member_count; i++)
		if (!names_member(members, count, group->members[i].id))
			return error_set(err, ERROR_INVALID,
					 "snapshot_ids: %s is in group snapshot %s, but not named",
					 group->members[i].id, group->id);
	return 0;
}

int snapshot_group_check_members(const struct snapshot_group *group, const char *const *members,
				 size_t count, struct error *err)
{
	return check_foreign(group, members, count, err) < 0
		       ? -1
		       : check_named(group, members, count, err);
}

static int delete_members(struct pools *pools, const struct snapshot_group *group,
			  struct error *err)
{
	for (size_t i = 0; i < group->member_count; i++)
		if (snapshot_delete(pools, group->members[i].id, group->id, err) < 0)
			return error_prefix(err, "group snapshot %s", group->id);
	return 0;
}

/* Of a group without a record. */
static int delete_strays(struct pools *pools, const char *id, size_t *ret_count, struct error *err)
{
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	set_id(&group, id);
	if (find_members(pools, &group, err) < 0 || delete_members(pools, &group, err) < 0)
		return -1;
	*ret_count = group.member_count;
	return 0;
}

int snapshot_group_delete(struct pools *pools, const char *id, const char *const *members,
			  size_t count, struct error *err)
{
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	struct snapshot_group_record record;
	if (!id_is_valid(id))
		return 1; /* we never made such an id */
	if (lock_group(pools, id, &lock, err) < 0)
		return -1;
	size_t seen = pools->count;
	set_id(&group, id);
	int found = snapshot_group_record_read(pools, id, &record, err);
	if (found < 0 || find_members(pools, &group, err) < 0)
		return -1;
	/* A member may be in a pool that is missing: it would come back without its group. */
	if (found == 0 && group.member_count < record.members &&
	    pools_check_missing(pools, seen, NULL, err) < 0)
		return error_prefix(err, "group snapshot %s", id);
	if (found == 0 && check_named(&group, members, count, err) < 0)
		return -1;
	/* The name of one that cannot be read is lost. */
	if (found == 0 && group.member_count >= record.members &&
	    check_foreign(&group, members, count, err) < 0)
		return -1;
	/* The record first: from then on there is no group, whatever is left of it. */
	if (snapshot_group_record_remove(pools, id, err) < 0 ||
	    delete_members(pools, &group, err) < 0)
		return -1;
	return found;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int sort_volumes(const char *const *volumes, size_t count, const char **ret_sorted,
			struct error *err)
{
	memcpy(ret_sorted, volumes, count * sizeof(*volumes));
	qsort(ret_sorted, count, sizeof(*ret_sorted), compare_names);
	for (size_t i = 1; i < count; i++)
		if (strcmp(ret_sorted[i - 1], ret_sorted[i]) == 0)
			return error_set(err, ERROR_INVALID, "source_volume_ids: %s is named twice",
					 ret_sorted[i]);
	return 0;
}

static int check_same(const struct snapshot_group *group, const char *const *sorted, size_t count,
		      struct error *err)
{
	bool same = group->member_count == count;
	for (size_t i = 0; i < count && same; i++)
		same = strcmp(group->members[i].source_volume, sorted[i]) == 0;
	if (same)
		return 0;
	return error_set(err, ERROR_EXISTS, "group snapshot %s exists already, of other volumes",
			 group->id);
}

static int check_device_free(struct host *host, const struct volume_folder *folder,
			     struct error *err)
{
	struct loop_device device;
	CLEANUP_CLOSE int fd = -1;
	if (folder_open_file(folder->fd, backend_of_kind(folder->record.backend)->data_name,
			     O_RDONLY, 0, &fd, err) < 0)
		return -1;
	int found = host->find_loop(host, fd, &device, err);
	if (found != 1)
		return found;
	return error_set(err, ERROR_IN_USE,
			 "source_volume_ids: %s is a block volume and in use: what a pod writes to "
			 "it cannot be held back while the others are cut; stop its pod first",
			 folder->record.id);
}

/* That it can stand still while the others are cut. */
static int check_volume(struct pools *pools, const char *id, struct error *err)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	if (volume_folder_open(pools, id, &folder, err) < 0)
		return error_prefix(err, "source_volume_ids");
	if (!backend_of_kind(folder.record.backend)->device)
		return error_set(err, ERROR_IN_USE,
				 "source_volume_ids: %s is a directory: it has no file system of "
				 "its own that could stand still while the others are cut",
				 id);
	return folder.record.block ? check_device_free(pools->host, &folder, err) : 0;
}

/* The same each time the group is made, and no other snapshot's. */
static char *member_name(const char *group_id, const char *volume_id)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	CLEANUP_FREE char *both = must_printf("%s/%s", group_id, volume_id);
	CLEANUP_TEXT struct text name = TEXT_INIT;
	SHA256((const unsigned char *)both, strlen(both), digest);
	text_append_string(&name, "groupsnapshot-");
	for (size_t i = 0; i < sizeof(digest); i++)
		text_printf(&name, "%02x", digest[i]);
	return must_strdup(text_string(&name));
}

static uint64_t earliest(const struct snapshot_group *group)
{
	uint64_t created_us = group->members[0].created_us;
	for (size_t i = 1; i < group->member_count; i++)
		if (group->members[i].created_us < created_us)
			created_us = group->members[i].created_us;
	return created_us;
}

/* Into group->members, which have their places. */
static int make_members(struct pools *pools, const char *const *sorted,
			const struct copy_watch *watch, struct snapshot_group *group,
			struct error *err)
{
	struct snapshot_spec specs[SNAPSHOT_GROUP_MEMBERS_MAX];
	char *names[SNAPSHOT_GROUP_MEMBERS_MAX];
	size_t count = group->member_count;
	for (size_t i = 0; i < count; i++) {
		names[i] = member_name(group->id, sorted[i]);
		specs[i] = (struct snapshot_spec) { .name = names[i],
						    .source_volume = sorted[i],
						    .group = group->id };
	}
	const struct snapshot_specs all = { .items = specs, .count = count };
	int outcome = snapshot_create_all(pools, &all, watch, group->members, err);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	return outcome < 0 ? -1 : 0;
}

static struct pool *pool_of(struct pools *pools, const char *volume_id)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	if (volume_folder_peek(pools, volume_id, &folder, NULL) == 0 && folder.pool)
		return folder.pool;
	return pools->pools[0];
}

static int make_group(struct pools *pools, const char *const *sorted,
		      const struct copy_watch *watch, struct snapshot_group *group,
		      struct error *err)
{
	size_t strays;
	for (size_t i = 0; i < group->member_count; i++)
		if (check_volume(pools, sorted[i], err) < 0)
			return -1;
	if (delete_strays(pools, group->id, &strays, err) < 0)
		return -1;
	if (make_members(pools, sorted, watch, group, err) < 0) {
		struct error reason = { 0 };
		delete_strays(pools, group->id, &strays, &reason);
		return -1;
	}
	struct snapshot_group_record record = { .members = group->member_count };
	snprintf(record.id, sizeof(record.id), "%s", group->id);
	record.created_us = group->created_us = earliest(group);
	return snapshot_group_record_write(pool_of(pools, sorted[0]), &record, err);
}

int snapshot_group_create(struct pools *pools, const char *name, const char *const *volumes,
			  size_t count, const struct copy_watch *watch,
			  struct snapshot_group *ret_group, struct error *err)
{
	const char *sorted[SNAPSHOT_GROUP_MEMBERS_MAX];
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	char id[ID_MAX + 1];
	if (count == 0 || count > SNAPSHOT_GROUP_MEMBERS_MAX)
		return error_set(err, ERROR_INVALID,
				 "source_volume_ids: %zu volumes; a group has 1 to %d", count,
				 SNAPSHOT_GROUP_MEMBERS_MAX);
	if (sort_volumes(volumes, count, sorted, err) < 0 || id_of_name(name, id, err) < 0 ||
	    lock_group(pools, id, &lock, err) < 0)
		return -1;
	int outcome = load(pools, id, &group, err);
	if (outcome < 0 || (outcome == 0 && check_same(&group, sorted, count, err) < 0))
		return -1;
	if (outcome == 1) {
		group.member_count = count;
		group.members = must_alloc(count * sizeof(*group.members));
		if (make_group(pools, sorted, watch, &group, err) < 0)
			return -1;
	}
	*ret_group = group;
	group.members = NULL;
	return outcome == 0;
}

/* The first member that is met takes all the others of its group along. */
static int recover_group(struct pools *pools, const char *id, size_t *count, struct error *err)
{
	CLEANUP_LOCK struct lock lock = { 0 };
	struct snapshot_group_record record;
	struct error reason = { 0 };
	size_t strays = 0;
	if (lock_group(pools, id, &lock, NULL) < 0)
		return 0;
	/* A record that is damaged, or in a pool that is missing, is not no record. */
	if (snapshot_group_record_read(pools, id, &record, &reason) != 1)
		return 0;
	int outcome = delete_strays(pools, id, &strays, err);
	*count += strays;
	return outcome;
}

int snapshot_group_recover(struct pools *pools, size_t *ret_count, struct error *err)
{
	const struct snapshot_filter all = { .after = "", .source_volume = "", .max = SIZE_MAX };
	CLEANUP_FREE struct snapshot_record *records = NULL;
	size_t count = 0;
	bool more;
	*ret_count = 0;
	if (snapshot_list(pools, &all, &records, &count, &more, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (records[i].group[0] &&
		    recover_group(pools, records[i].group, ret_count, err) < 0)
			return -1;
	return 0;
}
