/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/subvolume.h"

#include <endian.h>
#include <errno.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "folder/btrfs_item.h"
#include "folder/folder.h"
#include "folder/inode_flags.h"
#include "folder/subvolume_nested.h"

bool subvolume_is_possible(int fd)
{
	struct statfs fs;
	return fstatfs(fd, &fs) == 0 && fs.f_type == BTRFS_SUPER_MAGIC;
}

bool subvolume_is(int fd)
{
	struct stat folder;
	return fstat(fd, &folder) == 0 && S_ISDIR(folder.st_mode) &&
	       folder.st_ino == BTRFS_FIRST_FREE_OBJECTID && subvolume_is_possible(fd);
}

static int set_name(char *target, size_t target_size, const char *name, struct error *err)
{
	size_t length = strlen(name);
	if (length == 0 || length > BTRFS_VOL_NAME_MAX || length >= target_size)
		return error_set(err, ERROR_INVALID, "subvolume \"%s\": not a name", name);
	memcpy(target, name, length + 1);
	return 0;
}

int subvolume_create(int folder_fd, const char *name, struct error *err)
{
	struct btrfs_ioctl_vol_args args = { 0 };
	if (set_name(args.name, sizeof(args.name), name, err) < 0)
		return -1;
	if (ioctl(folder_fd, BTRFS_IOC_SUBVOL_CREATE, &args) < 0)
		return error_errno(err, errno, "make subvolume %s", name);
	return 0;
}

int subvolume_snapshot(int source_fd, int folder_fd, const char *name, bool read_only,
		       struct error *err)
{
	struct btrfs_ioctl_vol_args_v2 args = { .fd = source_fd,
						.flags = read_only ? BTRFS_SUBVOL_RDONLY : 0 };
	if (set_name(args.name, sizeof(args.name), name, err) < 0)
		return -1;
	if (ioctl(folder_fd, BTRFS_IOC_SNAP_CREATE_V2, &args) < 0)
		return error_errno(err, errno, "make snapshot %s of a subvolume", name);
	return 0;
}

static int id_of(int fd, uint64_t *ret_id, struct error *err)
{
	struct btrfs_ioctl_ino_lookup_args args = { .objectid = BTRFS_FIRST_FREE_OBJECTID };
	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args) < 0)
		return error_errno(err, errno, "id of subvolume");
	*ret_id = args.treeid;
	return 0;
}

/* Behind the header of a ROOT_REF: in which folder of subvolume `id` it lies, and its name. */
static char *path_of(int fd, uint64_t id, const struct btrfs_ioctl_search_args *args)
{
	const char *item = args->buf + sizeof(struct btrfs_ioctl_search_header);
	struct btrfs_root_ref ref;
	struct btrfs_ioctl_ino_lookup_args lookup = { .treeid = id };
	memcpy(&ref, item, sizeof(ref));
	lookup.objectid = le64toh(ref.dirid);
	/* "" of the uppermost folder, else with a slash at the end. */
	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &lookup) < 0)
		lookup.name[0] = '\0';
	return must_printf("%s%.*s", lookup.name, (int)le16toh(ref.name_len), item + sizeof(ref));
}

int subvolume_find_nested(int fd, char **ret_path, struct error *err)
{
	uint64_t id = 0;
	struct btrfs_ioctl_search_args args;
	if (id_of(fd, &id, err) < 0)
		return -1;
	int found = btrfs_item_find_nested(fd, id, 0, &args, err);
	if (found > 0)
		*ret_path = path_of(fd, id, &args);
	return found;
}

static int destroy(int folder_fd, const char *name)
{
	struct btrfs_ioctl_vol_args args = { 0 };
	if (set_name(args.name, sizeof(args.name), name, NULL) < 0) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return ioctl(folder_fd, BTRFS_IOC_SNAP_DESTROY, &args);
}

/* A mark of the subvolume's own folder, or of the one it lies in, may be what refuses. */
static int destroy_marked(int folder_fd, const char *name, int fd)
{
	if (destroy(folder_fd, name) == 0)
		return 0;
	if (errno != EPERM)
		return -1;
	bool changed = inode_flags_clear(folder_fd);
	changed |= inode_flags_clear(fd);
	errno = EPERM;
	return changed ? destroy(folder_fd, name) : -1;
}

int subvolume_delete(int folder_fd, const char *name, struct error *err)
{
	/* Not into a mount of that name: the ioctl would take what is below it. */
	CLEANUP_CLOSE int fd = -1;
	uint64_t id = 0;
	if (folder_open(folder_fd, name, &fd, NULL) < 0 || !subvolume_is(fd))
		return 1;
	if (destroy_marked(folder_fd, name, fd) == 0)
		return 0;
	if (errno != ENOTEMPTY)
		return error_errno(err, errno, "remove subvolume %s", name);
	if (id_of(fd, &id, err) < 0 || subvolume_nested_delete(fd, id, err) < 0)
		return error_prefix(err, "remove subvolume %s", name);
	if (destroy_marked(folder_fd, name, fd) < 0)
		return error_errno(err, errno, "remove subvolume %s", name);
	return 0;
}

int subvolume_sync(int fd, struct error *err)
{
	/* In a subvolume that is not on the disk yet, fsync(2) has to commit all of btrfs. Unlike
	 * syncfs(2) it leaves alone what pods have yet to write; BTRFS_IOC_START_SYNC would, too,
	 * but at times waits for the next commit by the clock, up to 30 seconds. */
	if (fsync(fd) < 0)
		return error_errno(err, errno, "fsync of a subvolume");
	return 0;
}

int subvolume_enable_quota(int fd, struct error *err)
{
	struct btrfs_ioctl_quota_ctl_args args = { .cmd = BTRFS_QUOTA_CTL_ENABLE };
	if (ioctl(fd, BTRFS_IOC_QUOTA_CTL, &args) < 0 && errno != EEXIST)
		return error_errno(err, errno, "enable btrfs quotas");
	return 0;
}

int subvolume_mend_quota(int fd, struct error *err)
{
	struct btrfs_ioctl_search_args args;
	struct btrfs_key key = { .type = BTRFS_QGROUP_STATUS_KEY };
	struct btrfs_qgroup_status_item status;
	int found = btrfs_item_find(fd, BTRFS_QUOTA_TREE_OBJECTID, &key, 0, &args);
	if (found < 0 && errno != ENOENT)
		return error_errno(err, errno, "look whether btrfs quotas are right");
	if (found <= 0)
		return 0;
	memcpy(&status, args.buf + sizeof(struct btrfs_ioctl_search_header), sizeof(status));
	uint64_t flags = le64toh(status.flags);
	if (!(flags & BTRFS_QGROUP_STATUS_FLAG_INCONSISTENT) ||
	    (flags & BTRFS_QGROUP_STATUS_FLAG_RESCAN))
		return 0;
	struct btrfs_ioctl_quota_rescan_args rescan = { 0 };
	if (ioctl(fd, BTRFS_IOC_QUOTA_RESCAN, &rescan) < 0 && errno != EINPROGRESS)
		return error_errno(err, errno, "rescan btrfs quotas");
	return 1;
}

int subvolume_limit(int fd, uint64_t limit_bytes, struct error *err)
{
	uint64_t id = 0;
	if (id_of(fd, &id, err) < 0)
		return -1;
	struct btrfs_ioctl_qgroup_limit_args args = {
		.qgroupid = id,
		.lim = { .flags = BTRFS_QGROUP_LIMIT_MAX_RFER, .max_rfer = limit_bytes },
	};
	if (ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, &args) < 0)
		return error_errno(err, errno, "set the limit of a qgroup");
	return 0;
}

/* Copies the qgroup's item of this type. ERROR_NOT_FOUND if it has none: quotas are off. */
static int read_item(int fd, uint64_t id, uint8_t type, void *ret_item, size_t size,
		     struct error *err)
{
	struct btrfs_ioctl_search_args args;
	struct btrfs_key key = { .type = type, .offset = id };
	int found = btrfs_item_find(fd, BTRFS_QUOTA_TREE_OBJECTID, &key, id, &args);
	if (found < 0 && errno != ENOENT)
		return error_errno(err, errno, "read a qgroup");
	if (found <= 0)
		return error_set(err, ERROR_NOT_FOUND, "subvolume %llu has no qgroup",
				 (unsigned long long)id);
	memcpy(ret_item, args.buf + sizeof(struct btrfs_ioctl_search_header), size);
	return 0;
}

int subvolume_usage(int fd, struct quota_usage *ret_usage, struct error *err)
{
	struct btrfs_qgroup_info_item info;
	struct btrfs_qgroup_limit_item limit;
	uint64_t id = 0;
	if (id_of(fd, &id, err) < 0 ||
	    read_item(fd, id, BTRFS_QGROUP_INFO_KEY, &info, sizeof(info), err) < 0 ||
	    read_item(fd, id, BTRFS_QGROUP_LIMIT_KEY, &limit, sizeof(limit), err) < 0)
		return -1;
	bool limited = le64toh(limit.flags) & BTRFS_QGROUP_LIMIT_MAX_RFER;
	*ret_usage = (struct quota_usage) {
		.limit_bytes = limited ? le64toh(limit.max_rfer) : 0,
		.used_bytes = le64toh(info.rfer),
		.own_bytes = le64toh(info.excl),
	};
	return 0;
}
