/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which claims are needed by a group that is being cut: their volumes stand in a
 * VolumeGroupSnapshotContent that has no handle yet.
 */

#include "cluster/cluster.h"
#include "cluster/group_content.h"
#include "kube/claim.h"

/* Groups these contents, which are few at any time. */
object_index_fn group_cut_index;

bool group_cut_is_under_way(const struct group_content *content);

/* Watched for it: contents of groups, by that index; volumes. */
bool group_cut_needs(struct cluster *cluster, const struct claim *claim);
