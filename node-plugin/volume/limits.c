/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/limits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "backend/backends.h"
#include "backend/loop_image.h"
#include "base/text.h"
#include "disk/loop_device.h"
#include "host/throttle.h"
#include "pool/pools.h"
#include "pool/volume_folder.h"
#include "record/io_limits.h"
#include "volume/volume.h"

static int set_for(struct pools *pools, const struct mount *mount, int number,
		   const struct io_limits *limits, struct error *err)
{
	char pod[THROTTLE_POD_MAX];
	if (!throttle_pod_of_target(mount->point, pod))
		return 1; /* the staging path */
	int outcome = throttle_set(pools->node->throttle, pod,
				   makedev(LOOP_MAJOR, (unsigned)number), limits, err);
	return outcome < 0 ? -1 : 0; /* a pod without a cgroup gets one: the limiter looks again */
}

/* A volume that is limited, and the device that is mounted of it. */
struct limited {
	int number;
	struct volume_record record;
};

struct limited_list {
	struct limited *items;
	size_t count;
};

static void limited_list_done(struct limited_list *list)
{
	free(list->items);
}

static const struct limited *find_limited(const struct limited_list *list, int number)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].number == number)
			return &list->items[i];
	return NULL;
}

/* The number of the device that a pod has at this mount; -1: none. */
static int number_at(const struct mount *mount)
{
	char pod[THROTTLE_POD_MAX];
	return throttle_pod_of_target(mount->point, pod) ? mount_loop_number(mount) : -1;
}

/* Of all that are mounted for pods. This touches disks, so it comes before the mutex is taken; a
 * volume of a disk that does not answer is left out (pool/pulse.h). */
static void read_limited(struct pools *pools, const struct mount_table *table,
			 struct limited_list *list)
{
	for (size_t i = 0; i < table->count; i++) {
		struct limited next = { .number = number_at(&table->mounts[i]) };
		char id[ID_MAX + 1];
		if (next.number < 0 || find_limited(list, next.number) ||
		    !loop_image_volume_of((unsigned)next.number, id) ||
		    volume_find(pools, id, &next.record, NULL) < 0 ||
		    io_limits_are_none(&next.record.limits))
			continue;
		list->items = must_realloc(list->items, (list->count + 1) * sizeof(*list->items));
		list->items[list->count++] = next;
	}
}

/* With the mutex held. A device that passed to another image meanwhile is not limited. */
static bool still_has(const struct limited *limited)
{
	char id[ID_MAX + 1];
	return loop_image_volume_of((unsigned)limited->number, id) &&
	       strcmp(id, limited->record.id) == 0;
}

/* With the mutex held. */
static int apply(struct pools *pools, const struct limited_list *list, unsigned *count,
		 struct error *err)
{
	int result = 0;
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	if (pools->host->read_mounts(pools->host, &table, err) < 0)
		return -1;
	for (size_t i = 0; i < table->count; i++) {
		const struct mount *mount = &table->mounts[i];
		struct error reason = { 0 };
		const struct limited *limited = find_limited(list, number_at(mount));
		if (!limited || !still_has(limited))
			continue;
		*count += 1;
		if (set_for(pools, mount, limited->number, &limited->record.limits, &reason) < 0 &&
		    result == 0) {
			result = -1;
			*err = reason;
		}
	}
	return result;
}

/* With the mutex held: of one volume, whose record the caller has. */
static int apply_one(struct pools *pools, const struct volume_record *record, struct error *err)
{
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	CLEANUP(limited_list_done) struct limited_list list = { 0 };
	unsigned count = 0;
	if (pools->host->read_mounts(pools->host, &table, err) < 0)
		return -1;
	for (size_t i = 0; i < table->count; i++) {
		struct limited next = { .number = number_at(&table->mounts[i]), .record = *record };
		if (next.number < 0 || find_limited(&list, next.number) || !still_has(&next))
			continue;
		list.items = must_realloc(list.items, (list.count + 1) * sizeof(*list.items));
		list.items[list.count++] = next;
	}
	return apply(pools, &list, &count, err);
}

static int lock_and_apply_one(struct pools *pools, const struct volume_record *record,
			      struct error *err)
{
	struct throttle *throttle = pools->node->throttle;
	pthread_mutex_lock(&throttle->mutex);
	throttle->changes++;
	int outcome = apply_one(pools, record, err);
	pthread_mutex_unlock(&throttle->mutex);
	return outcome;
}

int volume_limits_check(const struct pools *pools, bool has_device, const struct io_limits *limits,
			struct error *err)
{
	if (io_limits_are_none(limits))
		return 0;
	if (!has_device)
		return error_set(err, ERROR_INVALID,
				 "mutable_parameters: a directory volume shares the disk of its "
				 "pool and has no device that could be limited; use backend: "
				 "\"loop\"");
	if (throttle_check(pools->node->throttle, err) < 0)
		return error_prefix(err, "mutable_parameters");
	return 0;
}

int volume_modify(struct pools *pools, const char *id, const struct io_limits *limits,
		  struct error *err)
{
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	if (lock_take(&pools->locks, LOCK_VOLUME, id, &lock, err) < 0 ||
	    volume_folder_open(pools, id, &folder, err) < 0 ||
	    volume_limits_check(pools, backend_of_kind(folder.record.backend)->device, limits,
				err) < 0)
		return -1;
	struct volume_record record = folder.record;
	bool same = io_limits_equal(&record.limits, limits);
	record.limits = *limits;
	if (volume_folder_write(&folder, &record, err) < 0)
		return error_not_named(err);
	if (pools->node->throttle->kind != THROTTLE_NONE &&
	    lock_and_apply_one(pools, &record, err) < 0) {
		error_prefix(err, "volume %s: limits", id);
		return error_not_named(err);
	}
	return same;
}

int volume_limits_apply(struct pools *pools, const struct volume_folder *folder, struct error *err)
{
	if (io_limits_are_none(&folder->record.limits) ||
	    lock_and_apply_one(pools, &folder->record, err) == 0)
		return 0;
	error_prefix(err, "volume %s: limits", folder->record.id);
	return error_not_named(err);
}

int volume_limits_apply_all(struct pools *pools, unsigned *ret_count, struct error *err)
{
	struct throttle *throttle = pools->node->throttle;
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	CLEANUP(limited_list_done) struct limited_list list = { 0 };
	*ret_count = 0;
	if (throttle->kind == THROTTLE_NONE)
		return 0;
	pthread_mutex_lock(&throttle->mutex);
	uint64_t changes = throttle->changes;
	pthread_mutex_unlock(&throttle->mutex);
	if (pools->host->read_mounts(pools->host, &table, err) < 0)
		return -1;
	read_limited(pools, table, &list);
	pthread_mutex_lock(&throttle->mutex);
	/* A call that set limits since knows better than what was read; the next look is soon. */
	bool known = throttle->changes == changes;
	int outcome = known ? apply(pools, &list, ret_count, err) : 0;
	pthread_mutex_unlock(&throttle->mutex);
	if (!known)
		*ret_count = (unsigned)list.count;
	return outcome;
}

int volume_limits_device_at(struct pools *pools, const char *id, const char *point)
{
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	struct volume_record record;
	if (volume_find(pools, id, &record, NULL) < 0 || io_limits_are_none(&record.limits) ||
	    pools->host->read_mounts(pools->host, &table, NULL) < 0)
		return -1;
	const struct mount *mount = mount_table_at(table, point);
	return mount ? mount_loop_number(mount) : -1;
}

int volume_limits_lift(struct pools *pools, int number, const char *point, struct error *err)
{
	static const struct io_limits none = { 0 };
	const struct mount gone = { .point = point };
	if (number < 0 || pools->node->throttle->kind == THROTTLE_NONE)
		return 0;
	pthread_mutex_lock(&pools->node->throttle->mutex);
	int outcome = set_for(pools, &gone, number, &none, err);
	pthread_mutex_unlock(&pools->node->throttle->mutex);
	return outcome < 0 ? -1 : 0;
}
