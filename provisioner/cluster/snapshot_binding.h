/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A VolumeSnapshot and its content: whether they are each other's, and whether the status of the
 * first says what the second does. Pure.
 */

#include "cluster/snapshot.h"
#include "cluster/snapshot_content.h"

/* Each names the other. content may be NULL. */
bool snapshot_is_bound_to(const struct snapshot *snapshot, const struct snapshot_content *content);

/* The status says something else than the content. */
bool snapshot_status_differs(const struct snapshot *snapshot,
			     const struct snapshot_content *content);

/* It belongs to a group snapshot, with which it is made and deleted. */
bool snapshot_is_member(const struct snapshot *snapshot);
