/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether a pool's disk is its own.
 *
 * A pool on the file system of the node's root, or of the kubelet's folder, shares it with images,
 * logs and emptyDirs. They can use up space that is promised to volumes and not written yet, and
 * the kubelet removes images and evicts pods when little is free (image garbage collection at 85 %
 * used; hard eviction at nodefs.available<10%, imagefs.available<15%), whatever filled the disk. So
 * such a pool is reported (a warning when it is opened, a metric), and its reserve is larger unless
 * the administrator has chosen one.
 *
 * In a container "/" is not the node's root. But a folder of the node's root file system is mounted
 * there at its own path: that mount shows the same path as its root, while a disk of its own shows
 * "/".
 *
 * What is compared are mounted file systems. Two on one store, such as datasets of a zpool or thin
 * logical volumes, count as two disks.
 */

#include <stdbool.h>

#include "pool/pool.h"

#define POOL_RESERVE_PERCENT_OWN 5
#define POOL_RESERVE_PERCENT_SHARED 20 /* less is free only where the kubelet acts */

/* Finds it out, notes it in the pool, warns, and decides a reserve that is POOL_RESERVE_AUTO. A
 * disk of which it cannot be known counts as shared. For a pool that no other thread uses yet: what
 * an open pool lies on does not change. kubelet_folder: NULL: not known. */
void pool_sharing_look(struct pool *pool, const char *kubelet_folder);

/* Whether the data of a thin image is in danger there and that of a reserved one is not: others
 * write to the disk, and blocks that are set aside are those that are written to. */
bool pool_sharing_endangers(const struct pool *pool);
