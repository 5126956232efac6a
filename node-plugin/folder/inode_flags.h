/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The flags by which a file or folder resists its removal: immutable and append-only
 * (ioctl_iflags(2)). A pod with CAP_LINUX_IMMUTABLE can set them in its volume.
 */

#include <stdbool.h>

/* Of what fd has open. True: it had one of them, and has none now. */
bool inode_flags_clear(int fd);

/* Of at_fd/name, if that is a file or a folder; nothing else is opened, and no link followed. */
bool inode_flags_clear_at(int at_fd, const char *name);
