/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether a volume is healthy (CSI VolumeCondition): looked up at each call, and cheap enough to be
 * asked of every volume of a list. The text says what is wrong and what a person can do. Abnormal
 * are
 *
 *	- its image or folder is missing, or the image is smaller than the volume;
 *	- the image was removed, or cannot be read, below a mounted file system;
 *	- the mounted file system has noted errors, was shut down or became read-only;
 *	- the pool's disk is full while a thin image has still to grow.
 */

#include <stdbool.h>

#include "base/error.h"
#include "mount/table.h"
#include "record/volume_record.h"

#define CONDITION_TEXT_MAX 512

struct pools;

struct condition {
	bool abnormal;
	char text[CONDITION_TEXT_MAX]; /* never empty */
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

void condition_look(const struct condition_view *view, const struct volume_record *record,
		    struct condition *ret_condition);

#define CLEANUP_CONDITION_VIEW CLEANUP(condition_view_done)
