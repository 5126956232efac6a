/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the content of a new volume is copied from: a snapshot, or another volume as it is now.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "folder/copy.h"
#include "pool/volume_folder.h"
#include "record/volume_record.h"

struct volume_content {
	struct volume_source source;

	/* Of the source, opened once. The record says what its data is; of a snapshot the rest is
	 * empty. Its size is the least that the new volume can have. */
	struct volume_folder folder;
};

#define VOLUME_CONTENT_INIT                                                                        \
	{                                                                                          \
		.folder = VOLUME_FOLDER_INIT                                                       \
	}

/* ERROR_NOT_FOUND names the source. */
int volume_content_open(struct pools *pools, const struct volume_source *source,
			struct volume_content *ret_content, struct error *err);
void volume_content_done(struct volume_content *content);

/* The volume that the record describes can have this content: ERROR_INVALID names what differs. */
int volume_content_check(const struct volume_content *content, const struct volume_record *record,
			 struct error *err);

/* Where it is copied to. */
struct volume_content_target {
	struct pools *pools;
	struct pool *pool;
	int folder_fd;
	const struct copy_watch *watch;
};

/* Makes the data of a new volume, durably, as large as the record says and held to that; a file
 * system in it grows when it is mounted (backend/loop.c). Continues an image left by an earlier
 * attempt. Content can be copied once. */
int volume_content_copy(struct volume_content *content, const struct volume_content_target *target,
			struct volume_record *record, struct error *err);

#define CLEANUP_VOLUME_CONTENT CLEANUP(volume_content_done)
