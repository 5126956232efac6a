/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A project: a number that files on xfs and ext4 carry, and that their file system counts and
 * limits together. A folder hands its project down to all that is made in it.
 *
 * Numbers of ours begin with 'K' and are taken where the file system says that nothing has them: no
 * file, no limit. So which ones are free is known after a restart as before it. The number is given
 * to the folder before the limit is set: so a half-made folder shows which limit to remove.
 *
 * A process that owns a file may change its project, unless it lives in a user namespace
 * (ioctl_xfs_fsgetxattr(2)); the file then counts elsewhere. So the quota holds against programs
 * that write too much, not against a pod author who evades it on purpose.
 */

#include <stdint.h>

#include "base/error.h"
#include "folder/quota_usage.h"

#define PROJECT_QUOTA_FIRST 0x4b000000U
#define PROJECT_QUOTA_COUNT 0x01000000U

/* The file system of fd counts projects and holds them to their limits. ERROR_UNSUPPORTED says what
 * is missing. */
int project_quota_probe(int fd, struct error *err);

/* Gives the new, empty folder a number that nothing else has. */
int project_quota_begin(int fd, uint32_t *ret_project_id, struct error *err);

/* The number of a folder; 0: none. */
int project_quota_of(int fd, uint32_t *ret_project_id, struct error *err);

/* How many inodes a folder of that size may have: one for 16 KiB, as mkfs.ext4 makes them for its
 * disk. So the folders of a pool, which are promised its bytes once, cannot use up the inodes of
 * the others with empty files, and a folder takes what an image of its size does. 0 bytes: no
 * limit. */
#define PROJECT_QUOTA_BYTES_PER_INODE 16384
#define PROJECT_QUOTA_INODES_MIN 1024

uint64_t project_quota_inodes(uint64_t limit_bytes);

/* What quotactl(2) is given for that size. */
struct if_dqblk;
void project_quota_block(uint64_t limit_bytes, struct if_dqblk *ret_block);

/* Of bytes, and of inodes with them. 0: no limit. fd is any file of the file system. */
int project_quota_limit(int fd, uint32_t project_id, uint64_t limit_bytes, struct error *err);

int project_quota_usage(int fd, uint32_t project_id, struct quota_usage *ret_usage,
			struct error *err);
