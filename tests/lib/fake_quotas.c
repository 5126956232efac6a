/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_parts.h"

#include <assert.h>
#include <errno.h>
#include <sys/stat.h>

#include "fake_host.h"

static int probe_quota(struct host *host, int fd, enum quota_kind *ret_kind, struct error *err)
{
	if (!fake_of(host)->can_quota)
		return error_set(err, ERROR_UNSUPPORTED, "the fake kernel has no quota");
	*ret_kind = QUOTA_PROJECT;
	return 0;
}

static int mend_quota(struct host *host, int fd, struct error *err)
{
	return 0;
}

static int find_quota(struct host *host, int fd, struct quota *ret_quota, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	struct stat folder;
	if (fstat(fd, &folder) < 0)
		return error_errno(err, errno, "folder");
	*ret_quota = (struct quota) { .kind = QUOTA_NONE };
	for (unsigned i = 1; i < FAKE_QUOTAS_MAX; i++)
		if (fake->quotas[i].inode == folder.st_ino)
			*ret_quota = (struct quota) { .kind = QUOTA_PROJECT, .project_id = i };
	return 0;
}

static int limit_quota(struct host *host, int fd, const struct quota *quota, uint64_t limit_bytes,
		       struct error *err)
{
	struct fake_host *fake = fake_of(host);
	assert(quota->kind == QUOTA_PROJECT && quota->project_id < FAKE_QUOTAS_MAX);
	if (fake_begin_step(fake, "limit of a quota", err) < 0)
		return -1;
	fake->quotas[quota->project_id].limit_bytes = limit_bytes;
	return fake_end_step(fake);
}

static unsigned free_project(const struct fake_host *fake)
{
	unsigned number = 1;
	while (number < FAKE_QUOTAS_MAX &&
	       (fake->quotas[number].inode || fake->quotas[number].limit_bytes))
		number++;
	assert(number < FAKE_QUOTAS_MAX);
	return number;
}

static int begin_quota(struct host *host, int fd, enum quota_kind kind, uint64_t limit_bytes,
		       struct quota *ret_quota, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	struct stat folder;
	struct quota old;
	if (fake_begin_step(fake, "project of a folder", err) < 0)
		return -1;
	if (fstat(fd, &folder) < 0 || find_quota(host, fd, &old, err) < 0)
		return error_errno(err, errno, "folder");
	if (old.kind != QUOTA_NONE)
		fake->quotas[old.project_id].inode = 0; /* of a folder that is gone */
	struct quota quota = { .kind = kind, .project_id = free_project(fake) };
	fake->quotas[quota.project_id].inode = folder.st_ino;
	fake_end_step(fake);
	if (limit_quota(host, fd, &quota, limit_bytes, err) < 0)
		return -1;
	*ret_quota = quota;
	return 0;
}

static int read_quota(struct host *host, int fd, const struct quota *quota,
		      struct quota_usage *ret_usage, struct error *err)
{
	const struct fake_quota *found = &fake_of(host)->quotas[quota->project_id];
	*ret_usage = (struct quota_usage) { .limit_bytes = found->limit_bytes,
					    .used_bytes = found->used_bytes,
					    .own_bytes = found->used_bytes };
	return 0;
}

static int forget_quota(struct host *host, int fd, const struct quota *quota, struct error *err)
{
	return limit_quota(host, fd, quota, 0, err);
}

unsigned fake_host_quota_count(const struct fake_host *fake)
{
	unsigned count = 0;
	for (unsigned i = 0; i < FAKE_QUOTAS_MAX; i++)
		count += fake->quotas[i].limit_bytes != 0;
	return count;
}

void fake_quotas_fill(struct host *host)
{
	host->probe_quota = probe_quota;
	host->begin_quota = begin_quota;
	host->limit_quota = limit_quota;
	host->read_quota = read_quota;
	host->mend_quota = mend_quota;
	host->find_quota = find_quota;
	host->forget_quota = forget_quota;
}
