/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mounting by fsopen(2), fsmount(2), open_tree(2) and move_mount(2): a mount is made complete with
 * all its attributes and then put in place in one step, and the kernel returns the reason of a
 * refusal as text.
 */

#include <stdint.h>

#include "base/error.h"
#include "mount/flags.h"
#include "mount/table.h"

/* At target, an existing folder. ERROR_INVALID with the kernel's words for an option. 1: the kernel
 * found the file system damaged; *err has its words. An ext4 that fails becomes read-only, unless
 * the options say otherwise; one that holds nothing but lost+found loses that. */
int kernel_mount(unsigned loop_number, const char *type, const struct mount_flags *flags,
		 const char *target, struct error *err);

/* The same for the file system's root, mounted at no place: it goes with *ret_mount_fd. */
int kernel_mount_nowhere(unsigned loop_number, const char *type, const struct mount_flags *flags,
			 int *ret_mount_fd, struct error *err);

/* A folder in the root of such a mount becomes visible at target, and nothing else of the file
 * system. Kernels before 6.15 cannot cut a part out of a mount that is nowhere; there the whole is
 * at target for a moment, and stays there if the process ends in that moment. */
int kernel_mount_part(int mount_fd, const char *folder, const char *target, struct error *err);

/* As such a kernel does it. */
int kernel_mount_part_at_target(int mount_fd, const char *folder, const char *target,
				struct error *err);

/* The root of this very mount, a folder. 1: the place shows something else, or it is no folder. */
int kernel_mount_open(const struct mount *mount, int *ret_fd, struct error *err);

/* What source_fd is open on, a folder or a file, at target, which is the like; attributes are
 * MOUNT_ATTR_… of mount_setattr(2), besides those of the source. */
int kernel_bind(int source_fd, const char *target, uint64_t attributes, struct error *err);

/* The uppermost mount at target; nothing is done where there is none. One that is in use is tried
 * for a moment, then ERROR_IN_USE. */
int kernel_unmount(const char *target, struct error *err);
