/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/project_quota.h"

#include <errno.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES_MAX 10000 /* numbers in a row that are taken */

/* glibc has no function for it (quotactl(2)). */
static int control(int fd, unsigned command, uint32_t project_id, void *address)
{
	return (int)syscall(SYS_quotactl_fd, fd, QCMD(command, PRJQUOTA), project_id, address);
}

int project_quota_probe(int fd, struct error *err)
{
	struct fs_quota_statv state = { .qs_version = FS_QSTATV_VERSION1 };
	if (control(fd, Q_XGETQSTATV, 0, &state) < 0)
		state.qs_flags = 0;
	if ((state.qs_flags & FS_QUOTA_PDQ_ACCT) && (state.qs_flags & FS_QUOTA_PDQ_ENFD))
		return 0;
	return error_set(err, ERROR_UNSUPPORTED,
			 "its file system is not mounted with project quota (xfs and ext4: mount "
			 "option prjquota; ext4 also needs the feature project)");
}

/* A number that the file system knows nothing of has neither files nor a limit. */
static int read_block(int fd, uint32_t project_id, struct if_dqblk *ret_block, struct error *err)
{
	struct if_dqblk block = { 0 };
	if (control(fd, Q_GETQUOTA, project_id, &block) < 0 && errno != ENOENT)
		return error_errno(err, errno, "read the quota of project %u", project_id);
	*ret_block = block;
	return 0;
}

static int is_free(int fd, uint32_t project_id, struct error *err)
{
	struct if_dqblk block;
	if (read_block(fd, project_id, &block, err) < 0)
		return -1;
	return !block.dqb_bhardlimit && !block.dqb_bsoftlimit && !block.dqb_ihardlimit &&
	       !block.dqb_isoftlimit && !block.dqb_curspace && !block.dqb_curinodes;
}

/* Inode numbers differ, so most folders get the first that is tried. */
static int choose(int fd, uint32_t *ret_project_id, struct error *err)
{
	struct stat folder;
	if (fstat(fd, &folder) < 0)
		return error_errno(err, errno, "stat");
	for (uint64_t tries = 0; tries < TRIES_MAX; tries++) {
		uint32_t project_id = PROJECT_QUOTA_FIRST +
				      (uint32_t)((folder.st_ino + tries) % PROJECT_QUOTA_COUNT);
		int free = is_free(fd, project_id, err);
		if (free < 0)
			return -1;
		if (free) {
			*ret_project_id = project_id;
			return 0;
		}
	}
	return error_set(err, ERROR_EXHAUSTED, "no number is free for a project quota");
}

static int assign(int fd, uint32_t project_id, struct error *err)
{
	struct fsxattr attributes;
	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return error_errno(err, errno, "read the project of a folder");
	attributes.fsx_projid = project_id;
	attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	if (ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0)
		return error_errno(err, errno, "give a folder to project %u", project_id);
	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return error_errno(err, errno, "read the project of a folder");
	if (attributes.fsx_projid != project_id || !(attributes.fsx_xflags & FS_XFLAG_PROJINHERIT))
		return error_set(err, ERROR_UNSUPPORTED,
				 "a folder that was given to project %u is not in it", project_id);
	return 0;
}

int project_quota_begin(int fd, uint32_t *ret_project_id, struct error *err)
{
	/* From the moment a folder has it, a number is taken; until then only this says so. */
	static pthread_mutex_t choosing = PTHREAD_MUTEX_INITIALIZER;
	uint32_t project_id = 0;
	pthread_mutex_lock(&choosing);
	int outcome = choose(fd, &project_id, err);
	if (outcome == 0)
		outcome = assign(fd, project_id, err);
	pthread_mutex_unlock(&choosing);
	if (outcome == 0)
		*ret_project_id = project_id;
	return outcome;
}

int project_quota_of(int fd, uint32_t *ret_project_id, struct error *err)
{
	struct fsxattr attributes;
	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return error_errno(err, errno, "read the project of a folder");
	*ret_project_id = attributes.fsx_projid;
	return 0;
}

uint64_t project_quota_inodes(uint64_t limit_bytes)
{
	uint64_t inodes = limit_bytes / PROJECT_QUOTA_BYTES_PER_INODE;
	if (!limit_bytes)
		return 0;
	return inodes < PROJECT_QUOTA_INODES_MIN ? PROJECT_QUOTA_INODES_MIN : inodes;
}

void project_quota_block(uint64_t limit_bytes, struct if_dqblk *ret_block)
{
	*ret_block = (struct if_dqblk) {
		.dqb_bhardlimit = limit_bytes / QIF_DQBLKSIZE,
		.dqb_ihardlimit = project_quota_inodes(limit_bytes),
		.dqb_valid = QIF_BLIMITS | QIF_ILIMITS,
	};
}

int project_quota_limit(int fd, uint32_t project_id, uint64_t limit_bytes, struct error *err)
{
	struct if_dqblk block;
	project_quota_block(limit_bytes, &block);
	if (control(fd, Q_SETQUOTA, project_id, &block) < 0)
		return error_errno(err, errno, "set the quota of project %u", project_id);
	return 0;
}

int project_quota_usage(int fd, uint32_t project_id, struct quota_usage *ret_usage,
			struct error *err)
{
	struct if_dqblk block;
	if (read_block(fd, project_id, &block, err) < 0)
		return -1;
	*ret_usage = (struct quota_usage) {
		.limit_bytes = block.dqb_bhardlimit * QIF_DQBLKSIZE,
		.used_bytes = block.dqb_curspace,
		.own_bytes = block.dqb_curspace,
		.outdated = block.dqb_ihardlimit !=
			    project_quota_inodes(block.dqb_bhardlimit * QIF_DQBLKSIZE),
	};
	return 0;
}
