/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The one node that has the data of a group snapshot, or on which it is to be made. All of its
 * volumes have to be on it: volumes of several nodes cannot be cut at one moment.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "cluster/cluster.h"
#include "cluster/group_content.h"
#include "cluster/snapshot_node.h"

/* Of the volumes of these handles. ERROR_INVALID: they are on several nodes; the text names their
 * claims by node. ERROR_NOT_FOUND: our driver has no PersistentVolume of a handle. What *ret_node
 * points to lives in the arena. */
int group_node_of_volumes(struct cluster *cluster, const char *const *handles, size_t count,
			  struct arena *arena, struct snapshot_node *ret_node, struct error *err);

/* As snapshot_node_find(): what is noted on the content counts, else its volumes do. The error is
 * that of group_node_of_volumes(), and is one even if a node is noted, as long as no group is known
 * to be made. */
int group_node_find(struct cluster *cluster, const struct group_content *content,
		    struct arena *arena, struct snapshot_node *ret_node, struct error *err);
