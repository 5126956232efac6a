/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where a volume is mounted: the mount table of this moment, and which of its entries are the
 * volume's. Works without the volume's record, and for a volume that is gone.
 */

#include <stdbool.h>

#include "backend/backend.h"
#include "mount/table.h"

struct pools;
struct volume_folder;

struct volume_mounts {
	struct mount_table *table;
	const struct backend *backend; /* NULL: no such volume, or no data in its folder */
	struct mount_marks marks;
};

/* The folder is as volume_folder_peek() gives it. */
int volume_mounts_read(struct pools *pools, const char *id, const struct volume_folder *folder,
		       struct volume_mounts *ret_mounts, struct error *err);

/* The same of some places alone, up to a NULL: which mount is at them, and whether it is the
 * volume's. What asks for any mount of the volume, or for others at a place, needs all of them. */
int volume_mounts_read_at(struct pools *pools, const char *id, const struct volume_folder *folder,
			  const char *const *paths, struct volume_mounts *ret_mounts,
			  struct error *err);
void volume_mounts_done(struct volume_mounts *mounts);

/* The mark which shows that the whole volume is mounted there, not a part of it; NULL if it is
 * not. */
const struct mount_mark *volume_mounts_mark(const struct volume_mounts *mounts,
					    const struct mount *mount);

bool volume_mounts_own(const struct volume_mounts *mounts, const struct mount *mount);

/* The volume or something of it is what is mounted there. */
bool volume_mounts_part(const struct volume_mounts *mounts, const struct mount *mount);

/* Any mount of the volume or of a part of it (a subPath); NULL if there is none. */
const struct mount *volume_mounts_any(const struct volume_mounts *mounts);

/* The same for one that can be written to. */
const struct mount *volume_mounts_writable(const struct volume_mounts *mounts);

/* It is the node of some loop device, whether of this volume or not: of a device that is gone, only
 * the node is left. */
bool volume_mounts_is_node(const struct volume_mounts *mounts, const struct mount *mount);

/* A mount of the volume at a point that is neither of the two; NULL if there is none. */
const struct mount *volume_mounts_elsewhere(const struct volume_mounts *mounts, const char *point,
					    const char *other_point);

/* Unmounts until path is no longer a mount point. Returns 1 if it was not one from the start.
 * ERROR_IN_USE if something other than the volume is mounted there: that is left alone. */
int volume_mounts_clear(struct pools *pools, const char *id, const struct volume_folder *folder,
			const char *path, struct error *err);

#define CLEANUP_VOLUME_MOUNTS CLEANUP(volume_mounts_done)
