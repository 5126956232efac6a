/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/filesystem_grow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/filesystem_size.h"
#include "disk/image_mark.h"
#include "disk/loop_device.h"
#include "disk/process.h"
#include "folder/copy.h"

#define IMAGE "/proc/self/fd/3"
/* As for a check before a mount (disk/filesystem_check.c). */
#define PROGRAM_TIMEOUT_MS (6 * 3600 * 1000)
#define CHECKED_AND_REPAIRED 1 /* e2fsck(8): "File system errors corrected" */

/* Documentation/filesystems/ext4: EXT4_IOC_RESIZE_FS takes the new number of blocks. */
#define EXT4_RESIZE_FS _IOW('f', 16, uint64_t)

/* struct xfs_fsop_geom_v1 and struct xfs_growfs_data, which are not among the kernel's exported
 * headers (ioctl_xfs_fsgeometry(2), xfs_growfs(8)). */
struct xfs_geometry {
	uint32_t block_bytes;
	uint32_t rt_extent_blocks;
	uint32_t group_blocks;
	uint32_t group_count;
	uint32_t log_blocks;
	uint32_t sector_bytes;
	uint32_t inode_bytes;
	uint32_t inode_percent;
	uint64_t data_blocks;
	uint64_t rest[9];
};

struct xfs_growth {
	uint64_t new_blocks;
	uint32_t inode_percent;
};

#define XFS_GEOMETRY _IOR('X', 100, struct xfs_geometry)
#define XFS_GROW_DATA _IOW('X', 110, struct xfs_growth)
#define XFS_GROUP_BLOCKS_MIN 64

static bool may_use_resources(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective & CAP_TO_MASK(CAP_SYS_RESOURCE);
}

bool filesystem_grows_mounted(const char *type)
{
	return strcmp(type, "ext4") != 0 || may_use_resources();
}

static int device_bytes(int device_fd, uint64_t *ret_bytes, struct error *err)
{
	if (ioctl(device_fd, BLKGETSIZE64, ret_bytes) < 0)
		return error_errno(err, errno, "size of the device");
	return 0;
}

/* The loop device on which the file system lies; btrfs has a device number of its own. */
static int open_device(int mount_fd, struct error *err)
{
	struct stat mounted;
	char path[LOOP_DEVICE_PATH_MAX];
	if (fstat(mount_fd, &mounted) < 0)
		return error_errno(err, errno, "stat of the mount");
	if (major(mounted.st_dev) != LOOP_MAJOR)
		return error_set(err, ERROR_INTERNAL, "the file system lies on no loop device");
	loop_device_path(minor(mounted.st_dev), path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : error_errno(err, errno, "open %s", path);
}

static int grow_ext4(int mount_fd, struct error *err)
{
	struct filesystem_size size;
	uint64_t disk_bytes = 0;
	CLEANUP_CLOSE int device_fd = open_device(mount_fd, err);
	/* The kernel keeps a mounted ext4's superblock in the cache that we read here. */
	if (device_fd < 0 || device_bytes(device_fd, &disk_bytes, err) < 0 ||
	    filesystem_size_read("ext4", device_fd, &size, err) < 0)
		return -1;
	uint64_t wanted = filesystem_size_within(&size, disk_bytes);
	if (wanted <= size.bytes)
		return 1;
	uint64_t blocks = wanted / size.block_bytes;
	if (ioctl(mount_fd, EXT4_RESIZE_FS, &blocks) == 0)
		return 0;
	if (errno == EPERM || errno == EOPNOTSUPP)
		return error_set(
			err, ERROR_IN_USE,
			"ext4 cannot grow here while it is mounted (%s); it grows when the "
			"volume is staged the next time, once all pods that use it have stopped",
			errno == EPERM ? "the plugin lacks CAP_SYS_RESOURCE" : strerror(errno));
	return error_errno(err, errno, "EXT4_IOC_RESIZE_FS");
}

static int grow_xfs(int mount_fd, struct error *err)
{
	struct xfs_geometry geometry;
	uint64_t disk_bytes = 0;
	CLEANUP_CLOSE int device_fd = open_device(mount_fd, err);
	if (device_fd < 0 || device_bytes(device_fd, &disk_bytes, err) < 0)
		return -1;
	if (ioctl(mount_fd, XFS_GEOMETRY, &geometry) < 0)
		return error_errno(err, errno, "XFS_IOC_FSGEOMETRY_V1");
	struct filesystem_size size = {
		.bytes = geometry.data_blocks * geometry.block_bytes,
		.block_bytes = geometry.block_bytes,
		.group_blocks = geometry.group_blocks,
		.tail_blocks = XFS_GROUP_BLOCKS_MIN,
	};
	uint64_t wanted = filesystem_size_within(&size, disk_bytes);
	if (wanted <= size.bytes)
		return 1;
	struct xfs_growth growth = {
		.new_blocks = wanted / size.block_bytes,
		.inode_percent = geometry.inode_percent,
	};
	if (ioctl(mount_fd, XFS_GROW_DATA, &growth) < 0)
		return error_errno(err, errno, "XFS_IOC_FSGROWFSDATA");
	return 0;
}

/* Its one device has the id 1 (mkfs.btrfs(8)). */
static int grow_btrfs(int mount_fd, struct error *err)
{
	struct btrfs_ioctl_dev_info_args device = { .devid = 1 };
	if (ioctl(mount_fd, BTRFS_IOC_DEV_INFO, &device) < 0)
		return error_errno(err, errno, "BTRFS_IOC_DEV_INFO");
	uint64_t disk_bytes = 0;
	CLEANUP_CLOSE int device_fd = open((const char *)device.path, O_RDONLY | O_CLOEXEC);
	if (device_fd < 0)
		return error_errno(err, errno, "open %s", (const char *)device.path);
	if (device_bytes(device_fd, &disk_bytes, err) < 0)
		return -1;
	struct filesystem_size size = { .bytes = device.total_bytes, .block_bytes = 4096 };
	if (filesystem_size_within(&size, disk_bytes) <= size.bytes)
		return 1;
	struct btrfs_ioctl_vol_args growth = { .name = "1:max" };
	if (ioctl(mount_fd, BTRFS_IOC_RESIZE, &growth) < 0)
		return error_errno(err, errno, "BTRFS_IOC_RESIZE");
	return 0;
}

int filesystem_grow_mounted(const char *type, int mount_fd, struct error *err)
{
	if (strcmp(type, "ext4") == 0)
		return grow_ext4(mount_fd, err);
	if (strcmp(type, "xfs") == 0)
		return grow_xfs(mount_fd, err);
	if (strcmp(type, "btrfs") == 0)
		return grow_btrfs(mount_fd, err);
	return error_set(err, ERROR_UNSUPPORTED, "a file system %s cannot be grown", type);
}

static const char *const repair_ext4[] = { "e2fsck", "-f", "-y", IMAGE, NULL };
static const char *const check_ext4[] = { "e2fsck", "-f", "-p", IMAGE, NULL };
static const char *const resize_ext4[] = { "resize2fs", IMAGE, NULL };

static int run_e2fsck(const char *const *argv, int image_fd, const struct copy_watch *watch,
		      struct error *err)
{
	const struct process process = {
		.argv = argv,
		.kept_fd = image_fd,
		.timeout_ms = PROGRAM_TIMEOUT_MS,
		.memory_mib = PROCESS_MEMORY_MUCH_MIB,
		.status_max = CHECKED_AND_REPAIRED,
		.watch = watch,
	};
	return process_run(&process, err);
}

/* Without a watch: it moves blocks of files out of the way of larger tables, and writes last where
 * they are. Ended between the two it would leave a file system that e2fsck cannot complete without
 * loss. */
static int run_resize2fs(int image_fd, struct error *err)
{
	const struct process process = {
		.argv = resize_ext4,
		.kept_fd = image_fd,
		.timeout_ms = PROGRAM_TIMEOUT_MS,
		.memory_mib = PROCESS_MEMORY_MUCH_MIB,
	};
	return process_run(&process, err);
}

/* resize2fs wants a file system that has just been checked, for good reason. What it left half done
 * when it was killed are the descriptors of groups that nothing lies in yet: e2fsck repairs them,
 * but not without being told to. Any other damage is for a person. */
static int check(int image_fd, bool half_done, const struct copy_watch *watch, struct error *err)
{
	struct error reason = { 0 };
	const char *const *thorough = half_done ? repair_ext4 : check_ext4;
	if (run_e2fsck(check_ext4, image_fd, watch, &reason) == 0)
		return 0;
	if (half_done && reason.code == ERROR_INTERNAL &&
	    run_e2fsck(repair_ext4, image_fd, watch, &reason) == 0)
		return 0;
	if (reason.code == ERROR_INTERNAL) {
		image_mark_put_superblock_back(image_fd);
		if (run_e2fsck(thorough, image_fd, watch, &reason) == 0)
			return 0;
	}
	if (process_was_cut_short(&reason)) {
		*err = reason;
		return error_prefix(err, "check before growing");
	}
	image_mark_clear(image_fd, IMAGE_MARK_SUPERBLOCK, NULL);
	return error_set(err, reason.code,
			 "check before growing; run e2fsck on the image by hand: %s", reason.text);
}

static int check_and_resize(int image_fd, bool half_done, const struct copy_watch *watch,
			    struct error *err)
{
	if (image_mark_keep_superblock(image_fd, err) < 0 ||
	    check(image_fd, half_done, watch, err) < 0 ||
	    image_mark_set_growing(image_fd, err) < 0 || run_resize2fs(image_fd, err) < 0)
		return -1;
	if (fsync(image_fd) < 0)
		return error_errno(err, errno, "fsync of the image");
	if (image_mark_clear(image_fd, IMAGE_MARK_SUPERBLOCK, err) < 0)
		return -1;
	return image_mark_clear(image_fd, IMAGE_MARK_GROWING, err);
}

/* resize2fs cannot be ended, so a place for long work is taken before it begins. */
static int expect(const struct copy_watch *watch, uint64_t bytes, struct error *err)
{
	return watch && watch->expect ? watch->expect(watch->context, bytes, err) : 0;
}

static int grow_ext4_image(int image_fd, const struct copy_watch *watch, struct error *err)
{
	struct filesystem_size size;
	struct stat image;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "stat of the image");
	if (filesystem_size_read("ext4", image_fd, &size, err) < 0)
		return -1;
	bool half_done = image_mark_is_growing(image_fd);
	if (!half_done && filesystem_size_within(&size, (uint64_t)image.st_size) <= size.bytes)
		return 1;
	struct loop_device device = { 0 };
	int found = loop_device_find(image_fd, &device, err);
	if (found > 0)
		return error_set(err, half_done ? ERROR_BUSY : ERROR_IN_USE,
				 "/dev/loop%u has the image open", device.number);
	if (found < 0 || expect(watch, (uint64_t)image.st_size, err) < 0)
		return -1;
	return check_and_resize(image_fd, half_done, watch, err);
}

int filesystem_grow_hold(int image_fd, struct error *err)
{
	return image_mark_lock(image_fd, LOCK_SH, err);
}

void filesystem_grow_let(int image_fd)
{
	image_mark_unlock(image_fd);
}

int filesystem_grow_carry(int image_fd, int copy_fd, struct error *err)
{
	return image_mark_carry(image_fd, copy_fd, IMAGE_MARK_SUPERBLOCK, err) < 0
		       ? -1
		       : image_mark_carry(image_fd, copy_fd, IMAGE_MARK_GROWING, err);
}

int filesystem_grow_image(const char *type, int image_fd, const struct copy_watch *watch,
			  struct error *err)
{
	if (strcmp(type, "ext4") != 0)
		return error_set(err, ERROR_UNSUPPORTED,
				 "a file system %s grows only while it is mounted", type);
	/* The program that we run inherits the lock and keeps it, should we die before it. */
	if (image_mark_lock(image_fd, LOCK_EX, err) < 0)
		return -1;
	struct error local = { 0 };
	int outcome = grow_ext4_image(image_fd, watch, err ? err : &local);
	image_mark_unlock(image_fd);
	return outcome;
}
