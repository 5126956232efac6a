/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Files, loop devices and mounts of the pools that no volume or snapshot explains: left by a crash,
 * by a disk error or by a person. The search reads the disk and asks the kernel. What it finds is
 * logged when it appears and when it goes, and counted in kentledge_orphans{kind}.
 *
 *	no_record	a folder of a volume or snapshot without a record
 *	bad_record	one whose record cannot be used
 *	no_data		a volume with a record but without an image or folder of data
 *	stray		what is no folder of a volume among the volumes
 *	half_made	in tmp/, made before this process started
 *	trash		in trash/, and resists its removal
 *	loop		a loop device of an image that is deleted, mounted nowhere
 *	mount_gone	a mount of a volume that is deleted
 *	mount_outside	a mount of a volume at a place that is not below the kubelet's folder
 *
 * Nothing is removed that could hold data. A loop device of a deleted image, which nothing uses, is
 * detached; the sweep empties the trash, and the next start clears tmp/. All else is left to a
 * person (docs/ORPHANS.md).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct pool;
struct pools;

enum orphan_kind {
	ORPHAN_NO_RECORD,
	ORPHAN_BAD_RECORD,
	ORPHAN_NO_DATA,
	ORPHAN_STRAY,
	ORPHAN_HALF_MADE,
	ORPHAN_TRASH,
	ORPHAN_LOOP,
	ORPHAN_MOUNT_GONE,
	ORPHAN_MOUNT_OUTSIDE,
	ORPHAN_KINDS,
};

struct orphan {
	enum orphan_kind kind;
	char *path; /* of the file, the device or the mount */
};

struct orphans {
	struct orphan *items;
	size_t count;
	size_t capacity;
};

struct orphan_search {
	struct pools *pools;
	const char *kubelet_folder; /* NULL: not known, any place will do */
	int64_t started_s;	    /* of this process, on the wall clock */
};

/* Adds what lies in this pool. What cannot be looked at now is left out: it is not an orphan. */
void orphans_find_in(const struct orphan_search *search, struct pool *pool,
		     struct orphans *orphans);

/* Adds what is attached or mounted of any pool: by what the kernel says, without touching a disk,
 * unless there is a device to be detached. */
int orphans_find_mounted(const struct orphan_search *search, struct orphans *orphans,
			 struct error *err);

void orphans_add_all(struct orphans *orphans, const struct orphans *more);
void orphans_done(struct orphans *orphans);

bool orphans_have(const struct orphans *orphans, const struct orphan *orphan);

/* Logs what came and what went, and sets the gauges. */
void orphans_report(const struct orphans *before, const struct orphans *now);

#define CLEANUP_ORPHANS CLEANUP(orphans_done)
