/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/snapshot.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "pool/id_list.h"
#include "pool/pools.h"
#include "pool/snapshot_folder.h"

int snapshot_find(struct pools *pools, const char *id, struct snapshot_record *ret_record,
		  struct error *err)
{
	CLEANUP_SNAPSHOT_FOLDER struct snapshot_folder folder = SNAPSHOT_FOLDER_INIT;
	if (snapshot_folder_open(pools, id, &folder, err) < 0)
		return -1;
	*ret_record = folder.record;
	return 0;
}

static bool is_wanted(struct pools *pools, const char *id, const struct snapshot_filter *filter,
		      struct snapshot_record *ret_record)
{
	struct error reason = { 0 };
	if (snapshot_find(pools, id, ret_record, &reason) == 0)
		return !filter->source_volume[0] ||
		       strcmp(filter->source_volume, ret_record->source_volume) == 0;
	if (reason.code != ERROR_NOT_FOUND)
		log_warning("snapshot left out of the list", LOG_TEXT("snapshot", id),
			    LOG_ERR(&reason));
	return false;
}

int snapshot_list(struct pools *pools, const struct snapshot_filter *filter,
		  struct snapshot_record **ret_records, size_t *ret_count, bool *ret_more,
		  struct error *err)
{
	CLEANUP_ID_LIST struct id_list list = { .after = filter->after };
	for (size_t i = 0; i < pools->count; i++) {
		struct pool *pool = pools->pools[i];
		CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
		/* As with a pool that is missing, the list has the others. */
		if (pool_visit_begin(&pool->visits, pool->site.name, &visit, NULL) < 0)
			continue;
		if (id_list_add(&list, pool->snapshots_fd, err) < 0)
			return error_prefix(err, "pool %s: snapshots", pool->site.path);
	}
	id_list_sort(&list);
	CLEANUP_FREE struct snapshot_record *records = NULL;
	struct snapshot_record record;
	size_t count = 0;
	bool more = false;
	for (size_t i = 0; i < list.count && !more; i++) {
		if (!is_wanted(pools, list.ids[i], filter, &record))
			continue;
		more = count == filter->max;
		if (more)
			break;
		records = must_realloc(records, (count + 1) * sizeof(*records));
		records[count++] = record;
	}
	*ret_records = TAKE(records);
	*ret_count = count;
	*ret_more = more;
	return 0;
}
