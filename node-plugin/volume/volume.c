/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/volume.h"

#include <string.h>

#include "backend/backends.h"
#include "base/log.h"
#include "base/text.h"
#include "mount/path.h"
#include "pool/id_list.h"
#include "pool/pools.h"
#include "pool/visiting.h"
#include "pool/volume_folder.h"
#include "volume/mounts.h"

int volume_find(struct pools *pools, const char *id, struct volume_record *ret_record,
		struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	if (visiting_begin(pools, id, &visit, err) < 0 ||
	    volume_folder_open(pools, id, &folder, err) < 0)
		return -1;
	*ret_record = folder.record;
	return 0;
}

int volume_check_access(const struct volume_record *record, const struct access *access,
			struct error *err)
{
	if (access->block != record->block)
		return error_set(err, ERROR_IN_USE, "volume_capability: %s: volume %s was made %s",
				 access->block ? "block" : "mount", record->id,
				 record->block ? "as a raw block device (volumeMode: Block)"
					       : "with a file system (volumeMode: Filesystem)");
	if (access->fs_type[0] && strcmp(access->fs_type, record->fs_type) != 0)
		return error_set(
			err, ERROR_IN_USE, "volume_capability: fs_type \"%s\": volume %s has %s",
			access->fs_type, record->id,
			record->fs_type[0] ? record->fs_type : "the file system of its pool");
	struct mount_flags flags;
	return mount_flags_parse(access->mount_flags, access->mount_flag_count, &flags, err);
}

static int not_mounted(const char *id, const char *path, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "volume_path: volume %s is not mounted at %s", id,
			 path);
}

int volume_usage(struct pools *pools, const char *id, const char *path,
		 struct host_usage *ret_usage, struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	struct mount_path point;
	if (visiting_begin(pools, id, &visit, err) < 0 ||
	    volume_folder_open(pools, id, &folder, err) < 0)
		return -1;
	if (mount_path_resolve(path, "volume_path", &point, NULL) < 0)
		return not_mounted(id, path, err);
	if (volume_mounts_read_at(pools, id, &folder, (const char *const[]) { point.text, NULL },
				  &mounts, err) < 0)
		return -1;
	const struct mount *top = mount_table_at(mounts.table, point.text);
	if (!top || !volume_mounts_own(&mounts, top))
		return not_mounted(id, path, err);
	if (folder.record.block) {
		*ret_usage = (struct host_usage) { .total_bytes = folder.record.size_bytes };
		return 0;
	}
	CLEANUP_CLOSE int fd = -1;
	/* Others may have unmounted it since: what lay below it is not the volume. */
	int gone = pools->host->open_mount(pools->host, top, &fd, err);
	if (gone)
		return gone > 0 ? not_mounted(id, path, err) : error_not_named(err);
	struct host_usage usage;
	const struct backend *backend = backend_of_kind(folder.record.backend);
	if (pools->host->usage(pools->host, fd, &usage, err) < 0 ||
	    (backend->usage &&
	     backend->usage(&folder.pool->site, folder.fd, &folder.record, &usage, err) < 0))
		return error_not_named(err);
	*ret_usage = usage;
	return 0;
}

/* False for one that was deleted meanwhile, is ephemeral, or whose record is damaged. */
static bool read_listed(struct pools *pools, const char *id, struct volume_record *ret_record)
{
	struct error reason = { 0 };
	if (volume_find(pools, id, ret_record, &reason) == 0)
		return !ret_record->ephemeral;
	if (reason.code != ERROR_NOT_FOUND)
		log_warning("volume left out of the list", LOG_TEXT("volume", id),
			    LOG_ERR(&reason));
	return false;
}

int volume_list_ids(struct pools *pools, struct id_list *list, struct error *err)
{
	for (size_t i = 0; i < pools->count; i++) {
		struct pool *pool = pools->pools[i];
		CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
		/* As with a pool that is missing, the list has the others. */
		if (pool_visit_begin(&pool->visits, pool->site.name, &visit, NULL) < 0)
			continue;
		if (id_list_add(list, pool->volumes_fd, err) < 0)
			return error_prefix(err, "pool %s: volumes", pool->site.path);
	}
	id_list_sort(list);
	return 0;
}

int volume_list(struct pools *pools, const char *after, size_t max,
		struct volume_record **ret_records, size_t *ret_count, bool *ret_more,
		struct error *err)
{
	CLEANUP_ID_LIST struct id_list list = { .after = after };
	if (volume_list_ids(pools, &list, err) < 0)
		return -1;
	size_t wanted = max < list.count ? max : list.count;
	/* And one, which shows that there is more. */
	struct volume_record *records = must_alloc((wanted + 1) * sizeof(*records));
	size_t count = 0;
	for (size_t seen = 0; seen < list.count && count <= wanted; seen++)
		if (read_listed(pools, list.ids[seen], &records[count]))
			count++;
	*ret_records = records;
	*ret_more = count > wanted;
	*ret_count = *ret_more ? wanted : count;
	return 0;
}
