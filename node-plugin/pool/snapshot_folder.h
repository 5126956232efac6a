/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A snapshot's folder in the pool, held open, with its record read: <pool>/snapshots/<id>/ with
 * `record` and the data as a volume has it, an `image` or a folder `data`.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "pool/pools.h"
#include "pool/record_file.h"
#include "record/snapshot_record.h"

struct snapshot_folder {
	struct pool *pool; /* NULL: no such snapshot */
	int fd;
	struct snapshot_record record;
};

#define SNAPSHOT_FOLDER_INIT                                                                       \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* ERROR_NOT_FOUND if there is no such snapshot, ERROR_UNAVAILABLE if it may be in a pool that is
 * missing or does not answer; ERROR_INTERNAL if its record is damaged: names the
 * file and says what to do. */
int snapshot_folder_open(struct pools *pools, const char *id, struct snapshot_folder *ret_folder,
			 struct error *err);
int snapshot_folder_open_in(struct pool *pool, const char *id, struct snapshot_folder *ret_folder,
			    struct error *err);
void snapshot_folder_done(struct snapshot_folder *folder);

/* Into a folder that is being made. */
int snapshot_folder_write(int folder_fd, const struct snapshot_record *record, struct error *err);

#define CLEANUP_SNAPSHOT_FOLDER CLEANUP(snapshot_folder_done)
