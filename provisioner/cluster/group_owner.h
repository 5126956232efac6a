/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The VolumeGroupSnapshot that owns a VolumeSnapshot, as its ownerReferences say. Pure.
 *
 * An editor of the namespace may write any owner, and a deletion with --cascade=orphan strips the
 * true one. So the owner alone decides nothing beyond the snapshot's own namespace.
 */

#include "kube/object.h"

/* Of that uid; uid NULL: of any. NULL: the snapshot has no such owner. */
const struct owner *group_owner_find(const struct object *snapshot, const char *uid);
