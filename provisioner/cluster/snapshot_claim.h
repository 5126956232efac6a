/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a claim is to snapshots: it is restored from one, or is the source of some and bears a
 * finalizer meanwhile.
 */

#include "base/text.h"
#include "cluster/persistent_volume.h"
#include "kube/claim.h"
#include "kube/object_store.h"

/* The snapshot of its namespace that a pending claim is made from; NULL: it is not. A claim of
 * another namespace is not served, and must not keep the snapshot. */
const struct claim_data_source *snapshot_claim_source(const struct claim *claim);

bool snapshot_claim_is_protected(const struct object *claim);

/* Groups the claims that restore from a snapshot by it, and those that are protected. */
object_index_fn snapshot_claim_index;

#define SNAPSHOT_CLAIM_PROTECTED "*snapshotted" /* the group of these */

/* The group of pending claims that restore from the snapshot. Yours. */
char *snapshot_claim_restores(const char *namespace, const char *snapshot);

/* Why no snapshot can be made of it now, for the reader of an event: "is not bound …". NULL: one
 * can. Each may be NULL. */
const char *snapshot_claim_obstacle(const struct claim *claim,
				    const struct persistent_volume *volume);
