/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The file systems that a volume can have, how they are made, and which one lies in an image.
 *
 * A file system is made once, in an image that no pod has used yet. Nothing is ever formatted
 * later: an image in which the expected file system is not found is an error for a person.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define FILESYSTEM_DEFAULT "ext4"
#define FILESYSTEM_TYPE_MAX 32

struct copy_watch;

struct filesystem {
	const char *type;
	uint64_t minimum_bytes;
	const char *const *maker; /* argv; the image is CHILD_KEPT_FD */
};

/* ERROR_INVALID names fs_type and what is known. "" stands for the default. */
int filesystem_find(const char *type, const struct filesystem **ret_filesystem, struct error *err);

/* In an image of zeros, which is left half made where this fails. watch, which may be NULL, can end
 * the work (disk/process.h). */
int filesystem_make(const char *type, int image_fd, const struct copy_watch *watch,
		    struct error *err);

/* One whose files can be encrypted (disk/fscrypt.h): ERROR_INVALID for a type that cannot. */
int filesystem_check_encryption(const char *type, struct error *err);
int filesystem_make_encrypted(const char *type, int image_fd, const struct copy_watch *watch,
			      struct error *err);

/* Looks for the wanted type first and, only where that is not found, for the others: a pod can
 * write another one's mark into the journal of its own. *ret_type is "" if it is none of those.
 * More than one at once, none of them wanted, is an error. */
int filesystem_probe(int image_fd, const char *wanted, char ret_type[static FILESYSTEM_TYPE_MAX],
		     struct error *err);
