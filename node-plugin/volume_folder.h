/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A volume's folder in the pool, held open, with its record read.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "pool.h"
#include "volume_record.h"

#define VOLUME_RECORD_NAME "record"

struct volume_folder {
	int fd;
	struct volume_record record;
};

#define VOLUME_FOLDER_INIT                                                                         \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* ERROR_NOT_FOUND if there is no such volume; ERROR_INTERNAL if its record is damaged: names the
 * file and says what to do. */
int volume_folder_open(struct pool *pool, const char *id, struct volume_folder *ret_folder,
		       struct error *err);
void volume_folder_done(struct volume_folder *folder);

/* Without the record. *ret_fd is -1 if there is no such volume. */
int volume_folder_peek(struct pool *pool, const char *id, int *ret_fd, struct error *err);

#define CLEANUP_VOLUME_FOLDER CLEANUP(volume_folder_done)
