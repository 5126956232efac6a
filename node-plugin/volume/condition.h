/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is wrong with a volume (CSI VolumeHealth): looked up at each call, and cheap enough to be
 * asked of every volume of a list. Each condition has a status, a reason for programs, and a text
 * that says what is wrong and what a person can do. The reasons are
 *
 *	- PoolMissing (INACCESSIBLE): the volume may lie in a pool that is missing or silent;
 *	- VolumeUnreadable (INACCESSIBLE): its folder cannot be opened, or is there twice;
 *	- RecordDamaged (INACCESSIBLE): its record cannot be used;
 *	- DataMissing (DATA_LOSS): the record stands, and the image or folder is gone;
 *	- ImageShort (DEGRADED): the image is smaller than the volume;
 *	- BlocksLost (DEGRADED): an image lacks blocks that it had set aside;
 *	- FileSystemShutDown (INACCESSIBLE): of the mounted file system;
 *	- FileSystemReadOnly (DEGRADED): it became so after an error;
 *	- FileSystemErrors (DEGRADED): ext4 has noted errors;
 *	- ReadError (DEGRADED): the device below a mounted file system cannot be read;
 *	- PoolFull (DEGRADED): a thin image has to grow, and the pool's disk is full.
 *
 * No two conditions of a volume have the same reason.
 */

#include <stdbool.h>

#include "base/error.h"
#include "mount/table.h"
#include "record/volume_record.h"

#define CONDITION_TEXT_MAX 512
#define CONDITIONS_MAX 8 /* more cannot hold at once */

struct pools;

enum condition_status {
	CONDITION_DEGRADED,
	CONDITION_INACCESSIBLE,
	CONDITION_DATA_LOSS,
};

struct condition {
	enum condition_status status;
	const char *reason; /* static */
	char text[CONDITION_TEXT_MAX];
};

/* Of one volume; none: nothing is known to be wrong. */
struct conditions {
	struct condition items[CONDITIONS_MAX];
	size_t count;
	bool ephemeral; /* the volume is */
};

/* A loop device that is mounted somewhere, and the volume whose image it shows. */
struct condition_device {
	unsigned number;
	const struct mount *mount; /* the first one of it, in the table */
	char id[ID_MAX + 1];
};

/* Those things that are the same for all volumes of a list. */
struct condition_view {
	struct pools *pools;
	struct mount_table *table;
	struct condition_device *devices;
	size_t device_count;
};

int condition_view_init(struct pools *pools, struct condition_view *ret_view, struct error *err);
void condition_view_done(struct condition_view *view);

/* -1 if it cannot be said: ERROR_NOT_FOUND if there is no such volume. */
int condition_look(const struct condition_view *view, const char *id,
		   struct conditions *ret_conditions, struct error *err);

#define CLEANUP_CONDITION_VIEW CLEANUP(condition_view_done)
