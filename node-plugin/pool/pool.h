/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A folder in which volumes of this node live.
 *
 *	<pool>/pool			the label by which the pool is recognised (pool/label.h)
 *	<pool>/neighbours/<id>		the labels of the others of this node
 *	<pool>/volumes/<id>/record	what the volume is (record/volume_record.h)
 *	<pool>/volumes/<id>/image	its data: a loop volume's disk, sparse
 *	<pool>/volumes/<id>/data/	its data: a directory volume
 *	<pool>/volumes/<id>/pod		of an ephemeral one: where its pod has it
 *	<pool>/snapshots/<id>/		a snapshot: its record, and data as of a volume
 *	<pool>/groups/<id>		that a group snapshot is whole (snapshot/group.h)
 *	<pool>/freeze/<id>		a volume that is frozen now (volume/freeze.h)
 *	<pool>/tmp/<id>.<n>/		a volume that is being made
 *	<pool>/tmp/+<kind>.<id>/	a copy that is continued (pool/unfinished.h)
 *	<pool>/trash/<id>.<n>/		a volume that is being removed
 *
 * A volume is made under tmp/ and renamed to volumes/ when it is whole; it is renamed to trash/
 * before anything of it is removed. So what is in volumes/ is complete, and after a crash the rest
 * can be removed: pool_unfinished_discard() moves tmp/ to trash/, and pool_empty_trash() removes
 * that.
 *
 * One process has a pool at a time (flock(2) on its folder; it ends with the process). pool/pools.h
 * are all of them; pools_open() opens them; pool/room.h counts what is promised.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/site.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "host/host.h"
#include "pool/label.h"
#include "pool/lock.h"
#include "pool/place.h"
#include "pool/visit.h"
#include "record/id.h"

struct pool_pulse;
struct trash;
struct copy_watch;

struct pool {
	struct backend_site site;
	struct pool_label label; /* its id is "" if it cannot be written */
	unsigned order;		 /* on the command line */
	unsigned reserve_percent;
	bool shares_disk; /* with the node (pool/sharing.h) */
	int volumes_fd;
	int tmp_fd;
	int trash_fd;
	int snapshots_fd;
	int freeze_fd;

	struct locks removals;	   /* from trash/, by name */
	struct trash *trash;	   /* pool/trash.h; NULL: nothing is removed aside */
	struct pool_pulse *pulse;  /* pool/pulse.h; NULL: it has none */
	struct pool_visits visits; /* without a limit at first */

	pthread_mutex_t mutex; /* for all below; never held while the disk is touched */
	uint64_t promised_bytes;
	uint64_t ephemeral_bytes; /* of the promised: to inline volumes */
	uint64_t counted_bytes;	  /* what the images held when that was counted last */
	uint64_t volume_count;
	unsigned taken_count; /* as counted last by volume/attachment.c */
	uint64_t names_given;
};

/* Makes the folders that are missing (the pool itself too, but not its parent). host is borrowed.
 * Nothing is counted yet (pool/room.h). ERROR_IN_USE if another process has the pool. */
int pool_open(const struct pool_place *place, struct host *host, struct pool **ret_pool,
	      struct error *err);
void pool_close(struct pool *pool);

#define POOL_NAME_MAX (ID_MAX + 32)

/* A name for tmp/ or trash/ that was not given before. */
void pool_temporary_name(struct pool *pool, const char *id, char ret_name[static POOL_NAME_MAX]);

/* Removes at_fd/name, the folder of a volume in tmp/ or trash/, and what is kept of it elsewhere.
 * Also 0 while another thread removes it from trash/. */
int pool_remove(struct pool *pool, int at_fd, const char *name, struct error *err);

/* Moves a half-made volume from tmp/ to trash/, after giving back what is kept of it elsewhere: in
 * the trash it can no longer be seen that no pod has used it. */
int pool_discard(struct pool *pool, const char *name, struct error *err);

/* Goes through trash/; what resists is left there and is the error. watch, which may be NULL, ends
 * the removal of what is being removed (folder/tree_remove.h). */
int pool_empty_trash(struct pool *pool, const struct copy_watch *watch, struct error *err);

/* The pool works: its folder is there and can be written to. */
int pool_check(struct pool *pool, struct error *err);

DEFINE_CLEANUP(struct pool *, pool_close);
