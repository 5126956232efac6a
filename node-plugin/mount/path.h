/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A path that the kubelet names for a mount: the staging path or a target. The kubelet makes its
 * parent; the plugin makes its last element. The parent is taken without links, so that the path
 * can be compared with what the mount table shows.
 */

#include <limits.h>

#include "base/error.h"

struct mount_path {
	char text[PATH_MAX]; /* parent without links, and the last element */
	const char *name;    /* the last element, in text */
};

/* field names it in errors. ERROR_INVALID for what is not an absolute path to a place of its own,
 * ERROR_NOT_FOUND if the parent does not exist. */
int mount_path_resolve(const char *path, const char *field, struct mount_path *ret_path,
		       struct error *err);

/* The same for a place where something is going to be mounted: ERROR_IN_USE, a precondition, if the
 * parent does not exist. And where the folder itself has to be there, too, which the caller of CSI
 * makes (staging_target_path). */
int mount_path_require(const char *path, const char *field, struct mount_path *ret_path,
		       struct error *err);
int mount_path_require_folder(const char *path, const char *field, struct mount_path *ret_path,
			      struct error *err);

/* The same for a place where something may be mounted. 1: nothing is, since the parent does not
 * exist. */
int mount_path_find(const char *path, const char *field, struct mount_path *ret_path,
		    struct error *err);

/* The target's folder: made if it is missing (CSI: the plugin makes target_path). A file or a link
 * of that name is an error. 1: it was there already. */
int mount_path_make(const struct mount_path *path, struct error *err);

/* The same for a file, the target of a raw device: one that is there must be empty. */
int mount_path_make_file(const struct mount_path *path, struct error *err);

/* Removes the empty folder or file; one that is not there is fine. What is in it stays:
 * ERROR_IN_USE. */
int mount_path_remove(const struct mount_path *path, struct error *err);
