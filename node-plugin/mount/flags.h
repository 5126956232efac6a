/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The mountOptions of a StorageClass, as mount(8) takes them after -o, sorted by what they apply
 * to: the mount ("noatime", "ro") or the file system ("discard", "commit=30"). An item may hold
 * several options separated by commas; a value in double quotes may hold a comma, as an SELinux
 * context does. Options for readers of fstab(5) alone ("nofail", "_netdev", "x-...") are dropped,
 * as mount(8) drops them. The kernel refuses what neither it nor this list knows, with its own
 * reason.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define MOUNT_FLAGS_MAX 64
#define MOUNT_FLAGS_TEXT_MAX 4096 /* of all options for the file system */

struct mount_flags {
	uint64_t attributes;		      /* MOUNT_ATTR_… of mount_setattr(2) to set */
	bool read_only;			      /* "ro": the mount and the file system */
	const char *options[MOUNT_FLAGS_MAX]; /* for the file system; in `text` */
	size_t option_count;
	char text[MOUNT_FLAGS_TEXT_MAX];
	size_t text_length;
};

/* The attributes that a mount has, by its options in mountinfo, but for strictatime. */
uint64_t mount_flags_of_options(const char *options);

/* The same of a bind mount of a mount with `base` that is given `attributes` besides. */
uint64_t mount_flags_beside(uint64_t base, uint64_t attributes);

/* ERROR_INVALID for an empty option, a space or control character in one, a quote that does not
 * end, or too many. A later option overrides an earlier one. The result must not be copied. */
int mount_flags_parse(char *const *flags, size_t count, struct mount_flags *ret_flags,
		      struct error *err);
