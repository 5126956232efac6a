/* SPDX-License-Identifier: Apache-2.0 */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "disk/filesystem_check.h"
#include "disk/filesystem_grow.h"
#include "disk/fscrypt.h"
#include "disk/loop_discard.h"
#include "disk/process.h"
#include "mount/kernel_mount.h"
#include "mount/look.h"

#define RENEW_TIMEOUT_MS 60000
#define MOUNTINFO "/proc/self/mountinfo"
#define MOUNTINFO_BYTES_MAX (64 << 20)

static int read_mounts(struct host *host, struct mount_table **ret_table, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;
	if (file_read(MOUNTINFO, MOUNTINFO_BYTES_MAX, &text, &length, err) < 0)
		return -1;
	return mount_table_parse(text, length, ret_table, err);
}

static int look_at_mount(struct host *host, const char *path, struct mount_table *table)
{
	return mount_look(path, table);
}

/* statx(2): the attribute is there since Linux 5.8, as the mask says. */
static bool is_unmounted(struct host *host, const char *path)
{
	struct statx found;
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, 0,
		  &found) < 0)
		return errno == ENOENT;
	return (found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
	       !(found.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int mount_device(struct host *host, const struct loop_device *device, const char *type,
			const struct mount_flags *flags, const char *target, struct error *err)
{
	return kernel_mount(device->number, type, flags, target, err);
}

static int mount_encrypted(struct host *host, const struct loop_device *device, const char *type,
			   const struct mount_flags *flags, const struct secret *secret,
			   const char *target, struct error *err)
{
	CLEANUP_CLOSE int mount_fd = -1;
	CLEANUP_CLOSE int folder_fd = -1;
	if (fscrypt_check_secret(secret, err) < 0)
		return -1;
	int outcome = kernel_mount_nowhere(device->number, type, flags, &mount_fd, err);
	if (outcome)
		return outcome;
	CLEANUP_CLOSE int root_fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return error_errno(err, errno, "open the root of the image");
	if (fscrypt_open(root_fd, secret, &folder_fd, err) < 0)
		return -1;
	return kernel_mount_part(mount_fd, FSCRYPT_FOLDER, target, err);
}

static int open_target(const char *target, struct error *err)
{
	int fd = open(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : error_errno(err, errno, "open %s", target);
}

static int unlock(struct host *host, const char *target, const struct secret *secret,
		  struct error *err)
{
	CLEANUP_CLOSE int folder_fd = open_target(target, err);
	return folder_fd < 0 ? -1 : fscrypt_unlock(folder_fd, secret, err);
}

static int lock(struct host *host, const char *target, struct error *err)
{
	CLEANUP_CLOSE int folder_fd = open_target(target, err);
	return folder_fd < 0 || fscrypt_lock(folder_fd, err) < 0 ? -1 : 0;
}

static int bind_folder(struct host *host, int source_fd, const char *target, uint64_t attributes,
		       struct error *err)
{
	return kernel_bind(source_fd, target, attributes, err);
}

static int bind_device(struct host *host, const struct loop_device *device, const char *target,
		       uint64_t attributes, struct error *err)
{
	char path[LOOP_DEVICE_PATH_MAX];
	loop_device_path(device->number, path);
	CLEANUP_CLOSE int node_fd = open(path, O_PATH | O_CLOEXEC);
	if (node_fd < 0)
		return error_errno(err, errno, "open %s", path);
	return kernel_bind(node_fd, target, attributes, err);
}

static int unmount(struct host *host, const char *target, struct error *err)
{
	return kernel_unmount(target, err);
}

static int find_loop(struct host *host, int image_fd, struct loop_device *ret_device,
		     struct error *err)
{
	return loop_device_find(image_fd, ret_device, err);
}

static int find_loops(struct host *host, int image_fd, struct loop_devices *ret_devices,
		      struct error *err)
{
	return loop_device_find_all(image_fd, ret_devices, err);
}

static int attach_loop(struct host *host, int image_fd, bool discards,
		       struct loop_device *ret_device, struct error *err)
{
	return loop_device_attach(image_fd, discards, ret_device, err);
}

static int keep_loop(struct host *host, int image_fd, bool read_only, bool discards,
		     struct loop_device *ret_device, struct error *err)
{
	return loop_device_keep(image_fd, read_only, discards, ret_device, err);
}

static int detach_loop(struct host *host, int image_fd, struct loop_device *ret_device,
		       struct error *err)
{
	return loop_device_detach(image_fd, ret_device, err);
}

static int resize_loop(struct host *host, int image_fd, struct error *err)
{
	return loop_device_resize(image_fd, err);
}

static int set_discard(struct host *host, const struct loop_device *device, bool allowed,
		       struct error *err)
{
	return loop_discard_set(device->number, allowed, err);
}

static unsigned remove_spent_loops(struct host *host)
{
	return loop_discard_remove_spent();
}

static int make_filesystem(struct host *host, const char *type, int image_fd,
			   const struct copy_watch *watch, struct error *err)
{
	return filesystem_make(type, image_fd, watch, err);
}

static int make_encrypted(struct host *host, const char *type, int image_fd,
			  const struct copy_watch *watch, struct error *err)
{
	return filesystem_make_encrypted(type, image_fd, watch, err);
}

static int probe_filesystem(struct host *host, int image_fd, const char *wanted,
			    char ret_type[static FILESYSTEM_TYPE_MAX], struct error *err)
{
	return filesystem_probe(image_fd, wanted, ret_type, err);
}

static int check_filesystem(struct host *host, const char *type, int image_fd, bool refused,
			    const struct copy_watch *watch, struct error *err)
{
	return filesystem_check(type, image_fd, refused, watch, err);
}

static bool grows_mounted(struct host *host, const char *type)
{
	return filesystem_grows_mounted(type);
}

static int grow_mounted(struct host *host, const char *type, int mount_fd, struct error *err)
{
	return filesystem_grow_mounted(type, mount_fd, err);
}

static int grow_image(struct host *host, const char *type, int image_fd,
		      const struct copy_watch *watch, struct error *err)
{
	return filesystem_grow_image(type, image_fd, watch, err);
}

static int usage(struct host *host, int fd, struct host_usage *ret_usage, struct error *err)
{
	struct statvfs vfs;
	if (fstatvfs(fd, &vfs) < 0)
		return error_errno(err, errno, "statvfs");
	uint64_t unit = vfs.f_frsize;
	*ret_usage = (struct host_usage) {
		.total_bytes = vfs.f_blocks * unit,
		.available_bytes = vfs.f_bavail * unit,
		.used_bytes = (vfs.f_blocks - vfs.f_bfree) * unit,
		.total_inodes = vfs.f_files,
		.available_inodes = vfs.f_favail,
		.used_inodes = vfs.f_files - vfs.f_ffree,
	};
	return 0;
}

static int probe_quota(struct host *host, int fd, enum quota_kind *ret_kind, struct error *err)
{
	return quota_probe(fd, ret_kind, err);
}

static int begin_quota(struct host *host, int fd, enum quota_kind kind, uint64_t limit_bytes,
		       struct quota *ret_quota, struct error *err)
{
	return quota_begin(fd, kind, limit_bytes, ret_quota, err);
}

static int limit_quota(struct host *host, int fd, const struct quota *quota, uint64_t limit_bytes,
		       struct error *err)
{
	return quota_limit(fd, quota, limit_bytes, err);
}

static int read_quota(struct host *host, int fd, const struct quota *quota,
		      struct quota_usage *ret_usage, struct error *err)
{
	return quota_read(fd, quota, ret_usage, err);
}

static int mend_quota(struct host *host, int fd, struct error *err)
{
	return quota_mend(fd, err);
}

static int find_quota(struct host *host, int fd, struct quota *ret_quota, struct error *err)
{
	return quota_find(fd, ret_quota, err);
}

static int forget_quota(struct host *host, int fd, const struct quota *quota, struct error *err)
{
	return quota_forget(fd, quota, err);
}

static int open_mount(struct host *host, const struct mount *mount, int *ret_fd, struct error *err)
{
	return kernel_mount_open(mount, ret_fd, err);
}

static int freeze(struct host *host, int mount_fd, struct error *err)
{
	/* Most of it is written before writers have to wait. */
	if (syncfs(mount_fd) < 0)
		return error_errno(err, errno, "syncfs");
	if (ioctl(mount_fd, FIFREEZE, 0) == 0)
		return 0;
	if (errno == EBUSY)
		return error_set(err, ERROR_BUSY,
				 "its file system is frozen already by another process; thaw it "
				 "(fsfreeze -u) or wait");
	if (errno == EOPNOTSUPP)
		return error_set(err, ERROR_UNSUPPORTED, "its file system cannot be frozen");
	return error_errno(err, errno, "FIFREEZE");
}

static int thaw(struct host *host, int mount_fd, struct error *err)
{
	if (ioctl(mount_fd, FITHAW, 0) == 0)
		return 0;
	return errno == EINVAL ? 1 : error_errno(err, errno, "FITHAW");
}

static int renew_filesystem(struct host *host, const char *type, int image_fd, struct error *err)
{
	/* btrfs takes two devices of one name for parts of one file system. xfs is mounted without
	 * a look at that (mount/kernel_mount.c), ext4 does not care. */
	static const char *const renew[] = { "btrfstune", "-f", "-m", "/proc/self/fd/3", NULL };
	const struct process process = {
		.argv = renew,
		.kept_fd = image_fd,
		.timeout_ms = RENEW_TIMEOUT_MS,
	};
	return strcmp(type, "btrfs") == 0 ? process_run(&process, err) : 0;
}

static int flush_loop(struct host *host, const struct loop_device *device, struct error *err)
{
	char path[LOOP_DEVICE_PATH_MAX];
	loop_device_path(device->number, path);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "open %s", path);
	if (fsync(fd) < 0)
		return error_errno(err, errno, "fsync of %s", path);
	return 0;
}

static int check_device(const char *path, struct error *err)
{
	if (access(path, R_OK | W_OK) < 0)
		return error_set(err, ERROR_IN_USE, "%s cannot be used (%s): loop volumes need it",
				 path, strerror(errno));
	return 0;
}

static int check(struct host *host, struct error *err)
{
	return check_device("/dev/loop-control", err);
}

struct host *host_linux(void)
{
	static struct host host = {
		.read_mounts = read_mounts,
		.look_at_mount = look_at_mount,
		.is_unmounted = is_unmounted,
		.mount = mount_device,
		.mount_encrypted = mount_encrypted,
		.unlock = unlock,
		.lock = lock,
		.bind = bind_folder,
		.bind_device = bind_device,
		.unmount = unmount,
		.find_loop = find_loop,
		.find_loops = find_loops,
		.attach_loop = attach_loop,
		.keep_loop = keep_loop,
		.detach_loop = detach_loop,
		.resize_loop = resize_loop,
		.set_discard = set_discard,
		.remove_spent_loops = remove_spent_loops,
		.make_filesystem = make_filesystem,
		.make_encrypted = make_encrypted,
		.probe_filesystem = probe_filesystem,
		.check_filesystem = check_filesystem,
		.grows_mounted = grows_mounted,
		.grow_mounted = grow_mounted,
		.grow_image = grow_image,
		.usage = usage,
		.probe_quota = probe_quota,
		.begin_quota = begin_quota,
		.limit_quota = limit_quota,
		.read_quota = read_quota,
		.mend_quota = mend_quota,
		.find_quota = find_quota,
		.forget_quota = forget_quota,
		.open_mount = open_mount,
		.freeze = freeze,
		.thaw = thaw,
		.flush_loop = flush_loop,
		.renew_filesystem = renew_filesystem,
		.check = check,
	};
	return &host;
}
