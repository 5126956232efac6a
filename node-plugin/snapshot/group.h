/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Snapshots of several volumes, all of one moment.
 *
 *	absent --create--> whole --delete--> absent
 *
 * Each member is a snapshot like others (snapshot/snapshot.h) that names its group in its record;
 * the group itself is a small record <pool>/groups/<id>, in the pool of its first member, written
 * after all members are durable. So members without that record are of a group that was being made,
 * or removed, when the process ended: no group owns them, and create, delete, the start of the
 * plugin and the return of a pool remove them.
 *
 * All volumes are held before the first is cut, in the order of their ids (volume/cut.h). A mounted
 * volume's file system is frozen meanwhile. A directory, or a block volume that is in use, cannot
 * be frozen, so a group cannot include it.
 *
 * Each function takes the group's lock: ERROR_BUSY if another one has it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "folder/copy.h"
#include "record/id.h"
#include "record/snapshot_record.h"

struct pools;

#define SNAPSHOT_GROUP_MEMBERS_MAX 64

struct snapshot_group {
	char id[ID_MAX + 1];
	uint64_t created_us;		 /* wall clock */
	struct snapshot_record *members; /* by the ids of their volumes */
	size_t member_count;
};

#define SNAPSHOT_GROUP_INIT                                                                        \
	{                                                                                          \
		.members = NULL                                                                    \
	}

void snapshot_group_done(struct snapshot_group *group);

/* Makes it, or finds what the same call made before (1). ERROR_EXISTS if the name is taken by a
 * group of other volumes; ERROR_NOT_FOUND if there is no such volume; ERROR_IN_USE names one that
 * cannot be held. */
int snapshot_group_create(struct pools *pools, const char *name, const char *const *volumes,
			  size_t count, const struct copy_watch *watch,
			  struct snapshot_group *ret_group, struct error *err);

/* ERROR_NOT_FOUND if there is none; ERROR_UNAVAILABLE while it, or one of its members, may be in a
 * pool that is missing. */
int snapshot_group_find(struct pools *pools, const char *id, struct snapshot_group *ret_group,
			struct error *err);

/* With its members. members: their ids, as the caller knows them; ERROR_INVALID if they are others.
 * 1: there was none. */
int snapshot_group_delete(struct pools *pools, const char *id, const char *const *members,
			  size_t count, struct error *err);

/* The ids are those of the members, in any order, all of them; else ERROR_INVALID. */
int snapshot_group_check_members(const struct snapshot_group *group, const char *const *members,
				 size_t count, struct error *err);

/* Removes members of groups that are not whole and that no call is making; of groups that may be
 * whole in a pool that is missing, none. *ret_count says how many those were. */
int snapshot_group_recover(struct pools *pools, size_t *ret_count, struct error *err);

#define CLEANUP_SNAPSHOT_GROUP CLEANUP(snapshot_group_done)
