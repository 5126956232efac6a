/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/limits.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "backend/backends.h"
#include "backend/loop_image.h"
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

/* With the mutex held: of one volume, or of all that have limits. */
static int apply(struct pools *pools, const struct mount_table *table,
		 const struct volume_record *only, unsigned *count, struct error *err)
{
	int result = 0;
	for (size_t i = 0; i < table->count; i++) {
		const struct mount *mount = &table->mounts[i];
		struct volume_record record;
		struct error reason = { 0 };
		char id[ID_MAX + 1], pod[THROTTLE_POD_MAX];
		int number = mount_loop_number(mount);
		if (number < 0 || !throttle_pod_of_target(mount->point, pod) ||
		    !loop_image_volume_of((unsigned)number, id) ||
		    (only && strcmp(id, only->id) != 0))
			continue;
		if (!only && (volume_find(pools, id, &record, &reason) < 0 ||
			      io_limits_are_none(&record.limits)))
			continue;
		*count += 1;
		if (set_for(pools, mount, number, only ? &only->limits : &record.limits, &reason) <
			    0 &&
		    result == 0) {
			result = -1;
			*err = reason;
		}
	}
	return result;
}

static int look_and_apply(struct pools *pools, const struct volume_record *only, unsigned *count,
			  struct error *err)
{
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	pthread_mutex_lock(&pools->node->throttle->mutex);
	int outcome = pools->host->read_mounts(pools->host, &table, err);
	if (outcome == 0)
		outcome = apply(pools, table, only, count, err);
	pthread_mutex_unlock(&pools->node->throttle->mutex);
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
	unsigned count = 0;
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
	    look_and_apply(pools, &record, &count, err) < 0) {
		error_prefix(err, "volume %s: limits", id);
		return error_not_named(err);
	}
	return same;
}

int volume_limits_apply(struct pools *pools, const struct volume_folder *folder, struct error *err)
{
	unsigned count = 0;
	if (io_limits_are_none(&folder->record.limits) ||
	    look_and_apply(pools, &folder->record, &count, err) == 0)
		return 0;
	error_prefix(err, "volume %s: limits", folder->record.id);
	return error_not_named(err);
}

int volume_limits_apply_all(struct pools *pools, unsigned *ret_count, struct error *err)
{
	*ret_count = 0;
	if (pools->node->throttle->kind == THROTTLE_NONE)
		return 0;
	return look_and_apply(pools, NULL, ret_count, err);
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
