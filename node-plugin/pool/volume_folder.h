/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A volume's folder, held open, with its record read; and in which pool it lies.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "pool/pools.h"
#include "pool/record_file.h"
#include "record/volume_record.h"

struct volume_folder {
	struct pool *pool; /* NULL: no such volume */
	int fd;
	struct volume_record record;
};

#define VOLUME_FOLDER_INIT                                                                         \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* ERROR_NOT_FOUND if there is no such volume, ERROR_UNAVAILABLE if it may be in a pool that is
 * missing (pool/pools.h); ERROR_INTERNAL if its record is damaged, with its path and what to do. */
int volume_folder_open(struct pools *pools, const char *id, struct volume_folder *ret_folder,
		       struct error *err);
void volume_folder_done(struct volume_folder *folder);

/* Without the record. Without a volume: pool is NULL and fd -1. */
int volume_folder_peek(struct pools *pools, const char *id, struct volume_folder *ret_folder,
		       struct error *err);

/* For unpublish: finds the volume even while another pool cannot be read. */
int volume_folder_peek_to_leave(struct pools *pools, const char *id,
				struct volume_folder *ret_folder, struct error *err);

/* The same for a volume that may lie in this pool alone. */
int volume_folder_open_in(struct pool *pool, const char *id, struct volume_folder *ret_folder,
			  struct error *err);
int volume_folder_peek_in(struct pool *pool, const char *id, struct volume_folder *ret_folder,
			  struct error *err);

/* Reads the record of a folder that was peeked at, or what the record is by now. */
int volume_folder_read(struct volume_folder *folder, const char *id, struct error *err);

/* The record of a volume that is being made: it and its folder are fsynced. */
int volume_folder_write_first(int folder_fd, const struct volume_record *record, struct error *err);

/* Replaces the record, durably; *folder has the new one then. */
int volume_folder_write(struct volume_folder *folder, const struct volume_record *record,
			struct error *err);

#define CLEANUP_VOLUME_FOLDER CLEANUP(volume_folder_done)
