/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * All the pools of this node. A volume is known by its id alone and lies in one of them; which one
 * is found by looking, as a restarted plugin would. The pool in which it was seen last is asked
 * first (pool/whereabouts.h).
 *
 * The locks of volumes are common to all pools: two calls with one name must not make two volumes.
 *
 * Pools lie on several disks, and one of these may be missing when the plugin starts: not plugged
 * in, not mounted, not readable. The pools that are there are served all the same. That a pool is
 * missing is known from the command line, from its neighbours, each of which records the labels of
 * the others, and from the node's own record of them (pool/label.h). So an empty folder, in which a
 * disk should be mounted, is not taken for a new pool, and a pool that --pool no longer names is
 * not forgotten, also when it was the only one.
 *
 *	named --opened--> there
 *	  |                 ^
 *	  |                 +--the disk is back (looked for every few minutes)--+
 *	  +--its disk is missing--> missing ------------------------------------+
 *
 * While a pool is missing,
 *	- a volume that is in none of the others may be in that one: it is ERROR_UNAVAILABLE, never
 *	  ERROR_NOT_FOUND, which would let DeleteVolume answer that its data is gone;
 *	- staging and target paths are unmounted as usual: that takes the kernel's mounts only;
 *	- new volumes are made in the others. Should the missing pool hold one of the same
 *	  name, made by a call whose answer was lost, then both stay as they are once the disk
 *	  is back, and calls for the volume fail with an error that names the two, except for
 *	  unpublish: only a person can tell which one was used;
 *	- lists and capacities cover the pools that are there.
 * A pool whose disk does not answer counts as missing for as long (pool/pulse.h, pool/visit.h).
 *
 * A pool that will never come back is given up by removing its label from its neighbours and from
 * the node's record.
 *
 * If no pool is there at all, the plugin does not start.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/host.h"
#include "host/node_settings.h"
#include "pool/lock.h"
#include "pool/place.h"
#include "pool/pool.h"
#include "pool/whereabouts.h"

/* Which one of the pools that serve gets a new volume. */
enum pool_policy {
	POOL_POLICY_MOST_ROOM,
	POOL_POLICY_FIRST, /* in the order of the command line, as long as there is room */
};

struct attaching;
struct pool_missing;

struct pools {
	struct locks locks;
	struct host *host;
	const struct node_settings *node; /* borrowed */
	enum pool_policy policy;
	const char *kubelet_folder; /* borrowed; NULL: not known */
	int notes_fd;		    /* -1: nothing is noted */
	struct pool *pools[POOLS_MAX];
	atomic_size_t count; /* grows when a missing one comes back */
	unsigned visits_max; /* in one pool at once; 0: no limit */
	struct whereabouts whereabouts;

	pthread_mutex_t mutex;	     /* for what is below */
	struct attaching *attaching; /* volume/attachment.c; the latest first */
	struct pool_missing *missing;
};

void pools_close(struct pools *pools);

/* NULL if none has that name, or it is missing. */
struct pool *pools_find(struct pools *pools, const char *name);

/* Calls back for each missing one. */
typedef void pools_missing_visitor(void *context, const char *name, const char *reason);
void pools_visit_missing(struct pools *pools, pools_missing_visitor *visit, void *context);

/* 0, or -1 if the pool of this name is missing or its disk does not answer (NULL: if any is so):
 * ERROR_UNAVAILABLE with the reason and what to do. seen: how many pools were there when the caller
 * began to look; one that came back since was not looked into, and is ERROR_UNAVAILABLE too. */
int pools_check_missing(struct pools *pools, size_t seen, const char *name, struct error *err);

/* For something that was found in none of the `seen` pools, say "volume" "pvc-1": ERROR_NOT_FOUND,
 * or ERROR_UNAVAILABLE while it may be in a missing one. */
int pools_not_found(struct pools *pools, size_t seen, const char *what, const char *id,
		    struct error *err);

/* "fast, bulk": yours. */
char *pools_names(struct pools *pools);

/* At least one pool works (pool_check()). Asked aside, so that a disk that hangs is an error. */
int pools_check(struct pools *pools, struct error *err);

DEFINE_CLEANUP(struct pools *, pools_close);
