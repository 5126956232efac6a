/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the content of a new volume is copied from: a snapshot, or another volume as it is now.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "folder/copy.h"
#include "record/volume_record.h"

struct pool;
struct pools;

struct volume_content {
	struct volume_source source;
	struct pool *pool;
	int fd; /* its folder */
	enum backend_kind backend;
	char fs_type[VOLUME_FS_TYPE_MAX + 1];
	bool block;
	enum encryption encryption;
	uint64_t size_bytes; /* the least that the new volume can have */
};

#define VOLUME_CONTENT_INIT                                                                        \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* ERROR_NOT_FOUND names the source. */
int volume_content_open(struct pools *pools, const struct volume_source *source,
			struct volume_content *ret_content, struct error *err);
void volume_content_done(struct volume_content *content);

/* The volume that the record describes can have this content: ERROR_INVALID names what differs. */
int volume_content_check(const struct volume_content *content, const struct volume_record *record,
			 struct error *err);

/* Makes the data of a new volume in folder_fd, durably, as large as the record says and held to
 * that; a file system in it grows when it is mounted (backend/loop.c). Continues an image left
 * by an earlier attempt. */
int volume_content_copy(struct pools *pools, const struct volume_content *content,
			struct pool *pool, int folder_fd, struct volume_record *record,
			const struct copy_watch *watch, struct error *err);

#define CLEANUP_VOLUME_CONTENT CLEANUP(volume_content_done)
