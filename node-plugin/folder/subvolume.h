/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A subvolume: a folder of btrfs that can be copied and removed as a whole, whatever is in it, and
 * that can be held to a size.
 *
 * The size is that of its qgroup, which btrfs makes with the subvolume once quotas are enabled. It
 * counts what the subvolume refers to, shared or not, and its tables. What a pod does with
 * subvolumes of its own inside it has qgroups of its own and does not count.
 *
 * A removal is durable, and frees its space, after the next commit of the file system; a snapshot
 * is durable at once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "folder/quota_usage.h"

/* fd lies in btrfs. */
bool subvolume_is_possible(int fd);

/* fd is the uppermost folder of a subvolume. */
bool subvolume_is(int fd);

/* ERROR_EXISTS if there is something of that name. */
int subvolume_create(int folder_fd, const char *name, struct error *err);

/* A copy of the subvolume that source_fd is, as it is now, which shares its data until either
 * changes. */
int subvolume_snapshot(int source_fd, int folder_fd, const char *name, bool read_only,
		       struct error *err);

/* There are subvolumes in the one that fd is: 1, and *ret_path, yours, is the way to one of them. A
 * snapshot has empty folders in their places. */
int subvolume_find_nested(int fd, char **ret_path, struct error *err);

/* With all that is in it, subvolumes too. A mount in it is detached, what lies in that mount is not
 * touched. 1: folder_fd/name is no subvolume, or not there. The space comes back in the background.
 */
int subvolume_delete(int folder_fd, const char *name, struct error *err);

/* Makes a new subvolume durable, with what is in its uppermost folder. A limit that was set after
 * that is durable from the next commit on, half a minute later by default. */
int subvolume_sync(int fd, struct error *err);

/* Turns quotas on in the file system of fd, if they are not. */
int subvolume_enable_quota(int fd, struct error *err);

/* The kernel gives up counting when that costs too much, as for the removal of a large subvolume;
 * then limits no longer hold as they should. 1: that was so, and a rescan runs in the background.
 * Where quotas are off, there is nothing to do. */
int subvolume_mend_quota(int fd, struct error *err);

/* Quotas must be on. What is written beyond the limit fails with EDQUOT. */
int subvolume_limit(int fd, uint64_t limit_bytes, struct error *err);
int subvolume_usage(int fd, struct quota_usage *ret_usage, struct error *err);
