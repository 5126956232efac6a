/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The image of a block volume's snapshot, open for reading: what snapshot/extent_map.h walks over.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "pool/snapshot_folder.h"

struct pools;

struct snapshot_image {
	struct pool_visit visit;
	struct snapshot_folder folder;
	int fd;
};

#define SNAPSHOT_IMAGE_INIT                                                                        \
	{                                                                                          \
		.folder = SNAPSHOT_FOLDER_INIT, .fd = -1                                           \
	}

/* *ret_image starts as SNAPSHOT_IMAGE_INIT and stays where it is: it is a visitor of the snapshot's
 * pool. ERROR_NOT_FOUND if there is no such snapshot, ERROR_INVALID if its volume has a file
 * system: such an image is read through its file system (CSI spec, "SnapshotMetadata Service"). */
int snapshot_image_open(struct pools *pools, const char *id, struct snapshot_image *ret_image,
			struct error *err);
void snapshot_image_done(struct snapshot_image *image);

#define CLEANUP_SNAPSHOT_IMAGE CLEANUP(snapshot_image_done)
