/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A pool in a folder of its own under /tmp, on a fake host, with a place for the kubelet beside it:
 * what most tests of volumes need.
 */

#include <limits.h>
#include <stdbool.h>

#include "fake_host.h"
#include "host/node_settings.h"
#include "pool/pools.h"
#include "volume/access.h"
#include "volume/create.h"
#include "volume/ephemeral_policy.h"

struct pool_scene {
	char folder[64];
	char staging[128];
	char target[128];
	struct fake_host *fake;
	struct node_settings settings;
	struct pools *pools;
	struct pool *pool; /* the only one of them */
};

void pool_scene_init(struct pool_scene *scene);

/* Fails the test if anything is left in tmp/ or trash/. */
void pool_scene_done(struct pool_scene *scene);

/* As a restarted plugin: closes the pool, opens it again, and empties its trash. */
void pool_scene_restart(struct pool_scene *scene);

/* Entries of a folder of the pool, such as "volumes". */
unsigned pool_scene_count(const struct pool_scene *scene, const char *folder);

/* 1 GiB, loop, ext4. */
struct volume_spec pool_scene_spec(const char *name);

/* Makes it; fails the test where it is not made, or was there before. */
void pool_scene_create(const struct pool_scene *scene, const char *name);

/* Inline volumes may be anything. */
extern const struct ephemeral_policy pool_scene_ephemeral;

/* A writer with no wishes. */
extern const struct access pool_scene_writer;
