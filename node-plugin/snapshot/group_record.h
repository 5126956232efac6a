/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * That a group snapshot is whole: the file <pool>/groups/<id> (record/record.h), in the pool of
 * its first member. Each member's record names its group.
 *
 *	kentledge-group-snapshot 1
 *	id=groupsnapshot-…
 *	members=2
 *	created_us=1795512345000000
 *	crc32=1c291ca3
 */

#include <stdint.h>

#include "base/error.h"
#include "record/id.h"

struct pool;
struct pools;

struct snapshot_group_record {
	char id[ID_MAX + 1];
	uint64_t members;
	uint64_t created_us;
};

/* 1: in none of the pools. While one is missing that is not known: ERROR_UNAVAILABLE. */
int snapshot_group_record_read(struct pools *pools, const char *id,
			       struct snapshot_group_record *ret_record, struct error *err);

/* Durably. */
int snapshot_group_record_write(struct pool *pool, const struct snapshot_group_record *record,
				struct error *err);

/* From whichever pool has it, durably; it may be gone already. */
int snapshot_group_record_remove(struct pools *pools, const char *id, struct error *err);
