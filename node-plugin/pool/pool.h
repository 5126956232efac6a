/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A folder in which volumes of this node live.
 *
 *	<pool>/pool			by what it is known again (pool/label.h)
 *	<pool>/neighbours/<id>		and the others of this node
 *	<pool>/volumes/<id>/record	what the volume is (record/volume_record.h)
 *	<pool>/volumes/<id>/image	its data: a loop volume's disk, sparse
 *	<pool>/volumes/<id>/data/	its data: a directory volume
 *	<pool>/volumes/<id>/pod		of an ephemeral one: where its pod has it
 *	<pool>/snapshots/<id>/		a snapshot: its record, and data as of a volume
 *	<pool>/groups/<id>		that a group snapshot is whole (snapshot/group.h)
 *	<pool>/freeze/<id>		a volume that is held still now (volume/freeze.h)
 *	<pool>/tmp/<id>.<n>/		a volume that is being made
 *	<pool>/tmp/+<kind>.<id>/	a copy that may be gone on with, for a day
 *	<pool>/trash/<id>.<n>/		a volume that is being removed
 *
 * A volume is made under tmp/ and renamed to volumes/ when it is whole; it is renamed to trash/
 * before anything of it is removed. So what is in volumes/ is complete, and after a crash the rest
 * is rubbish: pool_open() moves tmp/ to trash/, and pool_empty_trash() removes that.
 *
 * One process has a pool at a time (flock(2) on its folder; it ends with the process). What has
 * been promised to volumes is counted here, from their records at start.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/site.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "host/host.h"
#include "pool/capacity.h"
#include "pool/label.h"
#include "pool/lock.h"
#include "pool/place.h"
#include "record/id.h"

struct pool {
	struct backend_site site;
	struct pool_label label; /* its id is "" if it cannot be written */
	unsigned order;		 /* on the command line */
	unsigned reserve_percent;
	int volumes_fd;
	int tmp_fd;
	int trash_fd;
	int snapshots_fd;
	int freeze_fd;

	struct locks removals; /* from trash/, by name */

	pthread_mutex_t mutex; /* for all below */
	uint64_t promised_bytes;
	uint64_t counted_bytes; /* what the images held when that was counted last */
	uint64_t volume_count;
	uint64_t names_given;
};

/* Makes the folders that are missing (the pool itself too, but not its parent). host is borrowed.
 * ERROR_IN_USE if another process has the pool. */
int pool_open(const struct pool_place *place, struct host *host, struct pool **ret_pool,
	      struct error *err);
void pool_close(struct pool *pool);

/* Counts bytes as promised. ERROR_EXHAUSTED if there is no room now. If there would be none on an
 * empty disk either: ERROR_EXHAUSTED where another node may serve, else ERROR_RANGE. */
int pool_reserve(struct pool *pool, uint64_t bytes, bool elsewhere, struct error *err);
void pool_release(struct pool *pool, uint64_t bytes);

/* The same for what is no volume, a snapshot: it is not counted as one. */
int pool_hold(struct pool *pool, uint64_t bytes, struct error *err);

/* What was held with so many bytes counts with so many now (0: it is gone), room or not. */
void pool_change_hold(struct pool *pool, uint64_t from_bytes, uint64_t to_bytes);

/* Roughly what may be promised now, at the price of one system call: what the images hold is taken
 * from the last time it was counted. */
uint64_t pool_room_estimate(struct pool *pool);

/* As pool_reserve(), for a volume that is counted already and grows by so many bytes, or does not
 * grow after all. */
int pool_reserve_growth(struct pool *pool, uint64_t bytes, struct error *err);
void pool_release_growth(struct pool *pool, uint64_t bytes);

/* As it is now; counts what the images hold. */
int pool_space(struct pool *pool, struct capacity_space *ret_space, struct error *err);

uint64_t pool_volume_count(struct pool *pool);

#define POOL_NAME_MAX (ID_MAX + 32)

/* A name for tmp/ or trash/ that was not given before. */
void pool_temporary_name(struct pool *pool, const char *id, char ret_name[static POOL_NAME_MAX]);

/* The name in tmp/ of a copy that a later call goes on with; and the kind and id of such a name,
 * false if it is none. */
void pool_unfinished_name(const char *kind, const char *id, char ret_name[static POOL_NAME_MAX]);
bool pool_unfinished_parse(const char *name, char ret_kind[static POOL_NAME_MAX],
			   const char **ret_id);

/* Opens such a copy, or makes its folder; it is kept for a day from now on. */
int pool_unfinished_open(struct pool *pool, const char *name, int *ret_fd, struct error *err);

/* It was neither opened nor written to for a day. */
bool pool_unfinished_is_old(struct pool *pool, const char *name);

/* Removes at_fd/name, the folder of a volume in tmp/ or trash/, and what is kept of it elsewhere.
 * 0, too, where somebody else is just removing it from trash/. */
int pool_remove(struct pool *pool, int at_fd, const char *name, struct error *err);

/* Goes through trash/; what resists is left there and is the error. */
int pool_empty_trash(struct pool *pool, struct error *err);

/* The pool works: its folder is there and can be written to. */
int pool_check(struct pool *pool, struct error *err);

DEFINE_CLEANUP(struct pool *, pool_close);
