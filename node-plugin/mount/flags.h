/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The mountOptions of a StorageClass, sorted by who obeys them: the mount ("noatime", "ro") or the
 * file system ("discard", "commit=30"). Nothing is dropped: what neither the list below nor the
 * kernel knows is refused, with the kernel's own reason.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define MOUNT_FLAGS_MAX 64

struct mount_flags {
	uint64_t attributes;		      /* MOUNT_ATTR_… of mount_setattr(2) to set */
	bool read_only;			      /* "ro": the mount and the file system */
	const char *options[MOUNT_FLAGS_MAX]; /* for the file system; borrowed */
	size_t option_count;
};

/* The attributes that a mount has, by its options in mountinfo, but for strictatime. */
uint64_t mount_flags_of_options(const char *options);

/* The same of a bind mount of a mount with `base` that is given `attributes` besides. */
uint64_t mount_flags_beside(uint64_t base, uint64_t attributes);

/* One flag is one option. ERROR_INVALID for an empty one, a space, comma or control character in
 * one, or too many. A later flag overrides an earlier one. */
int mount_flags_parse(char *const *flags, size_t count, struct mount_flags *ret_flags,
		      struct error *err);
