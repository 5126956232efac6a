/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a volume's data is made of. Each kind is a table of functions over the volume's folder;
 * what is common to all kinds (names, records, locks, publishing) is in volume/.
 */

#include <stdbool.h>
#include <stdint.h>

#include "backend/site.h"
#include "base/error.h"
#include "disk/loop_device.h"
#include "mount/flags.h"
#include "mount/table.h"
#include "record/parameters.h"
#include "record/volume_record.h"

struct backend_copy;
struct copy_watch;
struct host_usage;
struct secret;

/* By what a volume's mounts are recognised in a mount table: as a file system or a folder in one,
 * or as the node of its device, which is a file of devtmpfs. */
struct mount_mark {
	dev_t device;
	const char *root; /* of the volume in that device's file system; in the table's arena */
	bool node;
	bool read_only; /* the node's device is */
	bool kept;	/* the device is: a block volume is staged (disk/loop_device.h) */

	/* btrfs shows a device number of its own: its mounts show only this. NULL: none. */
	const char *source;

	/* The folder in it that alone is mounted if the volume is encrypted. NULL: there is none.
	 */
	const char *encrypted;

	/* volume_mounts_read() sets these from the record: the root where the whole volume is
	 * mounted, and another that it may have while the record is not known. */
	const char *whole;
	const char *or_whole;
};

#define MOUNT_MARKS_MAX (2 * LOOP_DEVICES_MAX)

struct mount_marks {
	struct mount_mark items[MOUNT_MARKS_MAX];
	size_t count; /* 0: it cannot be mounted now */
};

struct backend_staging {
	const char *path;
	const struct mount_flags *flags;
	const struct secret *secret;	/* of an encrypted volume */
	const struct copy_watch *watch; /* of a check that takes long; may be NULL */
};

struct backend {
	/* The entry in the folder that holds the data: it shows the kind even without a record. */
	const char *data_name;

	/* The data is attached as a device of its own, which has a file system of its own or is the
	 * pod's. Else it is a part of the pool's file system. */
	bool device;

	/* A copy that was not finished is kept, and a later call continues it. */
	bool continues_copies;

	/* The least that a volume with this file system can have. ERROR_INVALID for a type that
	 * this kind does not have. *ret_type is what "" stands for. */
	int (*check_fs_type)(const char *fs_type, const char **ret_type,
			     uint64_t *ret_minimum_bytes, struct error *err);

	/* The pool can hold such a volume to its size, or the class does not ask for it.
	 * ERROR_INVALID says what to do. */
	int (*check_pool)(const struct backend_site *site, const struct parameters *parameters,
			  struct error *err);

	/* Puts the data into a new folder, durably, and into the record how it is held to its
	 * size. watch, which may be NULL, is asked where that takes long. */
	int (*make)(const struct backend_site *site, int folder_fd, struct volume_record *record,
		    const struct copy_watch *watch, struct error *err);

	/* Makes what was read of the mounted file system that of the volume. NULL: it is that. */
	int (*usage)(const struct backend_site *site, int folder_fd,
		     const struct volume_record *record, struct host_usage *usage,
		     struct error *err);

	/* Mounts it where it is not mounted yet. */
	int (*stage)(const struct backend_site *site, int folder_fd,
		     const struct volume_record *record, const struct backend_staging *staging,
		     struct error *err);

	/* Makes the data as large as the record says, durably; nothing is done to data that is.
	 * When that fails, undo_growth() gives back what it took beyond the size that the record
	 * says. */
	int (*grow)(const struct backend_site *site, int folder_fd,
		    const struct volume_record *record, struct error *err);
	void (*undo_growth)(const struct backend_site *site, int folder_fd,
			    const struct volume_record *record);

	/* Grows what is mounted at path, and the device below it, to the size of the data.
	 * ERROR_IN_USE where that must wait until it is staged the next time. */
	int (*grow_mounted)(const struct backend_site *site, int folder_fd,
			    const struct volume_record *record, const char *path,
			    struct error *err);

	/* Attaches it as a device that stays until release(); of a block volume only. Held by
	 * *ret_device until loop_device_done(). 1: it was attached already. */
	int (*keep)(const struct backend_site *site, int folder_fd,
		    const struct volume_record *record, bool read_only,
		    struct loop_device *ret_device, struct error *err);

	/* What its mounts are known by now. 1: the table is a part, and has to be whole. */
	int (*mark)(const struct backend_site *site, int folder_fd, const char *id,
		    struct mount_table *table, struct mount_marks *ret_marks, struct error *err);

	/* Detaches what was needed for mounting, where nothing of it is mounted any more.
	 * ERROR_IN_USE if another process still holds it. */
	int (*release)(const struct backend_site *site, int folder_fd, struct error *err);

	/* What the data holds of the disk (0: not counted), and what it can grow to. */
	uint64_t (*allocated_bytes)(const struct backend_site *site, int folder_fd);
	uint64_t (*size_bytes)(int folder_fd);

	/* Before the folder of a volume in tmp/ (half_made) or trash/ is removed: gives back what
	 * is kept of it outside of the folder. Nothing may be there, or only a part. */
	int (*forget)(const struct backend_site *site, int folder_fd, bool half_made,
		      struct error *err);

	/* A copy of data that may be in use (backend/copy.h). `held` is asked, instead of the
	 * copy's own watch, for what take() does while pods wait. */
	int (*copy_begin)(struct backend_copy *copy, struct error *err);
	int (*copy_take)(struct backend_copy *copy, const struct copy_watch *held,
			 struct error *err);
	int (*copy_finish)(struct backend_copy *copy, struct error *err);

	/* A copy of data that nothing changes, from beginning to end, durably. */
	int (*copy_still)(const struct backend_copy *copy, struct error *err);

	/* Before and after the data of a new volume is copied from elsewhere: it is to be as large
	 * as the record says, held to that, and durable, as by make(). 1: prepare_copy() has done
	 * all, and fit_copy() is not needed. */
	int (*prepare_copy)(const struct backend_site *site, const struct backend_copy *copy,
			    struct volume_record *record, struct error *err);
	int (*fit_copy)(const struct backend_site *site, int folder_fd,
			struct volume_record *record, struct error *err);

	/* What the data holds of the disk now: the most that a copy of it takes. held_bytes() is
	 * the same for a copy that is finished. Either may walk through all files; watch, which may
	 * be NULL, is asked meanwhile. */
	int (*measure)(int folder_fd, const struct copy_watch *watch, uint64_t *ret_bytes,
		       struct error *err);
	int (*held_bytes)(int folder_fd, uint64_t *ret_bytes, struct error *err);

	/* What it holds and shares with no other data. NULL: allocated_bytes() counts no more than
	 * that. */
	uint64_t (*own_bytes)(int folder_fd);
};
