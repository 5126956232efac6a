/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Two pools on a fake host, fast and bulk, each on a disk of its own of 100 GiB that can be pulled
 * out and put back: what tests of missing pools need. The disks are folders in one under /tmp.
 * Where something cannot be done the test fails.
 */

#include <stddef.h>

#include "fake_host.h"
#include "pool/place.h"
#include "pool/pools.h"

struct pools_scene {
	char folder[64]; /* has room for what is the caller's; goes with the scene */
	char fast_disk[96], bulk_disk[96];
	char fast_path[128], bulk_path[128]; /* the pools on them */
	char pulled[96];		     /* the disk that was pulled out: no more than one */
	struct fake_host *fake;
	/* How pools are opened: the caller may change it before. What it names is borrowed. */
	struct pool_place places[2]; /* fast, bulk */
	enum pool_policy policy;
	const char *notes; /* NULL: only neighbours know of pools */
	unsigned visits_max;
	struct pools *pools;
};

/* The disks are there and empty; no pool is open. */
void pools_scene_init(struct pools_scene *scene);
void pools_scene_done(struct pools_scene *scene);

/* Opens the first one or two, as pools_open(); closes what was open, as a restarted plugin. */
int pools_scene_open(struct pools_scene *scene, size_t count, struct error *err);

/* Opens both, of which so many are there. */
void pools_scene_open_both(struct pools_scene *scene, size_t there);

/* One of those that are open. */
struct pool *pools_scene_pool(const struct pools_scene *scene, const char *name);

/* As an unmounted disk: where it should be there is an empty folder. Open pools stay open. */
void pools_scene_pull_out(const struct pools_scene *scene, const char *disk);
void pools_scene_put_back(const struct pools_scene *scene, const char *disk);
