/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How a folder is held to a size, where its file system can do that: on btrfs the folder is a
 * subvolume and has a qgroup of its own (folder/subvolume.h); on xfs and ext4 all that is made in
 * it belongs to one project (folder/project_quota.h). Writing beyond the limit fails with EDQUOT
 * or ENOSPC.
 *
 *	made --limit--> held --forget--> free
 *
 * The limit and what counts against it are kept by the file system, and asked of it at each call.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "folder/quota_usage.h"

enum quota_kind {
	QUOTA_NONE,
	QUOTA_BTRFS,
	QUOTA_PROJECT,
};

struct quota {
	enum quota_kind kind;
	uint64_t project_id; /* of QUOTA_PROJECT */
};

/* How folders can be held in the file system of fd. -1: in no way; *err says why and what to do. */
int quota_probe(int fd, enum quota_kind *ret_kind, struct error *err);

/* Holds a new, empty folder to this size, and looks whether that is so. The folder must be a
 * subvolume where kind is QUOTA_BTRFS. */
int quota_begin(int fd, enum quota_kind kind, uint64_t limit_bytes, struct quota *ret_quota,
		struct error *err);

/* Changes the limit of a folder, and looks whether that is so. */
int quota_limit(int fd, const struct quota *quota, uint64_t limit_bytes, struct error *err);

int quota_read(int fd, const struct quota *quota, struct quota_usage *ret_usage, struct error *err);

/* From time to time: starts a rescan in the file system of fd where its usage is inconsistent. 1:
 * it runs. */
int quota_mend(int fd, struct error *err);

/* What quota_begin() left at a new folder that no pod has used yet. */
int quota_find(int fd, struct quota *ret_quota, struct error *err);

/* Before the folder is removed: what is kept of it outside of it is given back. */
int quota_forget(int fd, const struct quota *quota, struct error *err);
