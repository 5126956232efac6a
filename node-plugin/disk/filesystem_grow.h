/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Growing a file system into a disk that became larger than it is.
 *
 * Mounted, the kernel does it while pods write: xfs and btrfs always, ext4 if we
 * have CAP_SYS_RESOURCE. An ext4 that is not mounted is grown in its image by e2fsprogs.
 * Either may be asked for again: it looks how large the file system is and does what is left to do.
 */

#include <stdbool.h>

#include "base/error.h"

struct copy_watch;

/* The kernel would grow it for us. */
bool filesystem_grows_mounted(const char *type);

/* The file system in which mount_fd lies, into its whole device. 1: it is as large as it can be.
 * ERROR_IN_USE where the kernel does not let us: it grows in its image, when it is not mounted. */
int filesystem_grow_mounted(const char *type, int mount_fd, struct error *err);

/* In an image; only what does not grow mounted can. 1: it is as large as it can be. ERROR_IN_USE
 * where it is mounted after all, or could be: it has a loop device. ERROR_BUSY while a program that
 * an earlier process started still works on the image. watch, which may be NULL, can end the check
 * that comes first, but not the growth itself. */
int filesystem_grow_image(const char *type, int image_fd, const struct copy_watch *watch,
			  struct error *err);

/* Keeps such a program from beginning, as long as image_fd is open or until filesystem_grow_let():
 * ERROR_BUSY while one is at it. */
int filesystem_grow_hold(int image_fd, struct error *err);
void filesystem_grow_let(int image_fd);

/* Copies the mark of a growth that was killed, since it is true of the image's copy, too. */
int filesystem_grow_carry(int image_fd, int copy_fd, struct error *err);
