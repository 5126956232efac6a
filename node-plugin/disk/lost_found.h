/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The folder lost+found, which mkfs.ext4 makes in the root of a file system and cannot leave out.
 * Programs such as initdb refuse a root that is not empty.
 */

/* Removes it where the root holds nothing else, so that a new volume is empty when its first pod
 * comes. Folders that have been larger than a new file system's are left alone. e2fsck makes the
 * folder again when it needs one. Failure leaves it there: that is no reason to refuse a mount.
 * root_fd may be O_PATH. */
void lost_found_remove(int root_fd);
