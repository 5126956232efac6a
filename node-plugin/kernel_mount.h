/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mounting by fsopen(2), fsmount(2), open_tree(2) and move_mount(2): a mount is made complete
 * with all its attributes and then put in place in one step, and the kernel says in words what it
 * does not like.
 */

#include <stdint.h>

#include "base/error.h"
#include "mount_flags.h"

int kernel_mount(unsigned loop_number, const char *type, const struct mount_flags *flags,
		 const char *target, struct error *err);
int kernel_bind(int source_fd, const char *target, uint64_t attributes, struct error *err);
int kernel_unmount(const char *target, struct error *err);
