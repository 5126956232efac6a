/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What we ask of the kernel and of the system's programs: mounts, loop devices, file systems. One
 * table of functions, so that a test can replace the kernel, fail any step, and inspect the result.
 * host/linux.c is the real one.
 *
 * Files in the pool are not part of it: they behave the same in tests (folder/folder.h).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "disk/filesystem.h"
#include "disk/loop_device.h"
#include "folder/quota.h"
#include "mount/flags.h"
#include "mount/table.h"

struct copy_watch;

struct host_usage {
	uint64_t total_bytes;
	uint64_t available_bytes;
	uint64_t used_bytes;
	uint64_t total_inodes;
	uint64_t available_inodes;
	uint64_t used_inodes;
};

struct host {
	int (*read_mounts)(struct host *host, struct mount_table **ret_table, struct error *err);

	/* As in mount/look.h. */
	int (*look_at_mount)(struct host *host, const char *path, struct mount_table *table);

	/* A folder in what is mounted there. 1: something else is to be seen at that place by now,
	 * or it is no folder. */
	int (*open_mount)(struct host *host, const struct mount *mount, int *ret_fd,
			  struct error *err);

	/* Nothing is mounted at path; false where the kernel does not say. At the price of one
	 * system call, however long the table is. */
	bool (*is_unmounted)(struct host *host, const char *path);

	/* Mounts the file system on the device at target, an existing folder. Errors carry the
	 * kernel's own reason: ERROR_INVALID if that is an option. 1: the kernel found it damaged,
	 * as *err says. */
	int (*mount)(struct host *host, const struct loop_device *device, const char *type,
		     const struct mount_flags *flags, const char *target, struct error *err);

	/* The same for an encrypted volume: its folder alone, opened with the secret
	 * (disk/fscrypt.h).
	 */
	int (*mount_encrypted)(struct host *host, const struct loop_device *device,
			       const char *type, const struct mount_flags *flags,
			       const struct secret *secret, const char *target, struct error *err);

	/* Of one that is mounted at target: the secret is the right one, and its key is there. */
	int (*unlock)(struct host *host, const char *target, const struct secret *secret,
		      struct error *err);

	/* The kernel forgets the key. */
	int (*lock)(struct host *host, const char *target, struct error *err);

	/* What source_fd is open on becomes visible at target too, as a mount with these
	 * attributes (MOUNT_ATTR_…) besides those of the source: in one step, never writable for
	 * a moment. */
	int (*bind)(struct host *host, int source_fd, const char *target, uint64_t attributes,
		    struct error *err);

	/* The same with the device's node; target is a file. */
	int (*bind_device)(struct host *host, const struct loop_device *device, const char *target,
			   uint64_t attributes, struct error *err);

	/* The uppermost mount at target. */
	int (*unmount)(struct host *host, const char *target, struct error *err);

	/* As in disk/loop_device.h. */
	int (*find_loop)(struct host *host, int image_fd, struct loop_device *ret_device,
			 struct error *err);
	int (*find_loops)(struct host *host, int image_fd, struct loop_devices *ret_devices,
			  struct error *err);
	int (*attach_loop)(struct host *host, int image_fd, bool discards,
			   struct loop_device *ret_device, struct error *err);
	int (*keep_loop)(struct host *host, int image_fd, bool read_only, bool discards,
			 struct loop_device *ret_device, struct error *err);
	int (*detach_loop)(struct host *host, int image_fd, struct loop_device *ret_device,
			   struct error *err);

	int (*resize_loop)(struct host *host, int image_fd, struct error *err);

	/* As in disk/loop_discard.h. */
	int (*set_discard)(struct host *host, const struct loop_device *device, bool allowed,
			   struct error *err);
	unsigned (*remove_spent_loops)(struct host *host);

	/* As in disk/filesystem.h. */
	int (*make_filesystem)(struct host *host, const char *type, int image_fd,
			       const struct copy_watch *watch, struct error *err);
	int (*make_encrypted)(struct host *host, const char *type, int image_fd,
			      const struct copy_watch *watch, struct error *err);
	int (*probe_filesystem)(struct host *host, int image_fd, const char *wanted,
				char ret_type[static FILESYSTEM_TYPE_MAX], struct error *err);

	/* As in disk/filesystem_check.h. */
	int (*check_filesystem)(struct host *host, const char *type, int image_fd, bool refused,
				const struct copy_watch *watch, struct error *err);

	/* As in disk/filesystem_grow.h. */
	bool (*grows_mounted)(struct host *host, const char *type);
	int (*grow_mounted)(struct host *host, const char *type, int mount_fd, struct error *err);
	int (*grow_image)(struct host *host, const char *type, int image_fd,
			  const struct copy_watch *watch, struct error *err);

	/* Of the file system in which fd lies. */
	int (*usage)(struct host *host, int fd, struct host_usage *ret_usage, struct error *err);

	/* As in folder/quota.h. */
	int (*probe_quota)(struct host *host, int fd, enum quota_kind *ret_kind, struct error *err);
	int (*begin_quota)(struct host *host, int fd, enum quota_kind kind, uint64_t limit_bytes,
			   struct quota *ret_quota, struct error *err);
	int (*limit_quota)(struct host *host, int fd, const struct quota *quota,
			   uint64_t limit_bytes, struct error *err);
	int (*read_quota)(struct host *host, int fd, const struct quota *quota,
			  struct quota_usage *ret_usage, struct error *err);
	int (*mend_quota)(struct host *host, int fd, struct error *err);
	int (*find_quota)(struct host *host, int fd, struct quota *ret_quota, struct error *err);
	int (*forget_quota)(struct host *host, int fd, const struct quota *quota,
			    struct error *err);

	/* Holds the file system in which mount_fd lies still, after writing out all that is in its
	 * cache: ERROR_BUSY if it is frozen already, ERROR_UNSUPPORTED if it cannot be. thaw: 1 if
	 * it was not frozen. */
	int (*freeze)(struct host *host, int mount_fd, struct error *err);
	int (*thaw)(struct host *host, int mount_fd, struct error *err);

	/* Gives the file system in an image that is a copy an identity of its own, where the kernel
	 * distinguishes file systems by that. */
	int (*renew_filesystem)(struct host *host, const char *type, int image_fd,
				struct error *err);

	/* What the device has in its cache is written to its image. */
	int (*flush_loop)(struct host *host, const struct loop_device *device, struct error *err);

	/* What we need is there: ERROR_IN_USE (a precondition) names what is missing. */
	int (*check)(struct host *host, struct error *err);
};

/* The real one; static, nothing to free. */
struct host *host_linux(void);
