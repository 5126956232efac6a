/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/quota.h"

#include <inttypes.h>
#include <unistd.h>

#include "folder/project_quota.h"
#include "folder/subvolume.h"

int quota_probe(int fd, enum quota_kind *ret_kind, struct error *err)
{
	if (subvolume_is_possible(fd)) {
		*ret_kind = QUOTA_BTRFS;
		return 0;
	}
	if (project_quota_probe(fd, err) < 0)
		return -1;
	*ret_kind = QUOTA_PROJECT;
	return 0;
}

static int set_limit(int fd, const struct quota *quota, uint64_t limit_bytes, struct error *err)
{
	if (quota->kind == QUOTA_BTRFS)
		return subvolume_limit(fd, limit_bytes, err);
	return project_quota_limit(fd, (uint32_t)quota->project_id, limit_bytes, err);
}

int quota_limit(int fd, const struct quota *quota, uint64_t limit_bytes, struct error *err)
{
	struct quota_usage usage;
	if (set_limit(fd, quota, limit_bytes, err) < 0 || quota_read(fd, quota, &usage, err) < 0)
		return -1;
	if (usage.limit_bytes != limit_bytes)
		return error_set(err, ERROR_INTERNAL,
				 "a quota of %" PRIu64 " bytes was set, and %" PRIu64
				 " are read back",
				 limit_bytes, usage.limit_bytes);
	return 0;
}

int quota_begin(int fd, enum quota_kind kind, uint64_t limit_bytes, struct quota *ret_quota,
		struct error *err)
{
	struct quota quota = { .kind = kind };
	uint32_t project_id = 0;
	if (kind == QUOTA_BTRFS && subvolume_enable_quota(fd, err) < 0)
		return -1;
	if (kind == QUOTA_PROJECT && project_quota_begin(fd, &project_id, err) < 0)
		return -1;
	quota.project_id = project_id;
	if (quota_limit(fd, &quota, limit_bytes, err) < 0)
		return -1;
	*ret_quota = quota;
	return 0;
}

int quota_read(int fd, const struct quota *quota, struct quota_usage *ret_usage, struct error *err)
{
	if (quota->kind == QUOTA_BTRFS)
		return subvolume_usage(fd, ret_usage, err);
	return project_quota_usage(fd, (uint32_t)quota->project_id, ret_usage, err);
}

int quota_mend(int fd, struct error *err)
{
	return subvolume_is_possible(fd) ? subvolume_mend_quota(fd, err) : 0;
}

int quota_find(int fd, struct quota *ret_quota, struct error *err)
{
	struct error reason = { 0 };
	uint32_t project_id = 0;
	*ret_quota = (struct quota) { .kind = QUOTA_NONE };
	if (subvolume_is(fd)) {
		ret_quota->kind = QUOTA_BTRFS;
		return 0;
	}
	/* Where there are no projects, the folder has none. */
	if (project_quota_probe(fd, &reason) < 0)
		return 0;
	if (project_quota_of(fd, &project_id, err) < 0)
		return -1;
	if (project_id)
		*ret_quota = (struct quota) { .kind = QUOTA_PROJECT, .project_id = project_id };
	return 0;
}

int quota_forget(int fd, const struct quota *quota, struct error *err)
{
	/* A qgroup goes with its subvolume. */
	if (quota->kind != QUOTA_PROJECT)
		return 0;
	return project_quota_limit(fd, (uint32_t)quota->project_id, 0, err);
}
