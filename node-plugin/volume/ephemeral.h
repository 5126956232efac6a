/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A volume that lives as long as one pod (CSI inline volume): made, mounted at the pod's target and
 * removed again by the two calls of a node. It has no PersistentVolume. Its record says what it is
 * before anything is mounted, so any call that comes after a crash finds it.
 */

#include "base/error.h"
#include "volume/publication.h"

struct pool;
struct pools;
struct volume_folder;
struct volume_spec;

/* Makes the volume and mounts it at the target, without staging. 1: it was there already. */
int volume_ephemeral_publish(struct pools *pools, const struct volume_spec *spec,
			     const struct volume_publication *publication, struct error *err);

/* Removes it, with its lock held: the end of volume_unpublish(). The folder is as
 * volume_folder_peek_to_leave() gives it; a damaged record does not prevent the removal. 1: there
 * was none of that kind, or it is in a pool that is missing. */
int volume_ephemeral_end(struct pools *pools, const char *id, struct volume_folder *folder,
			 struct error *err);

/* Removes those of this pool whose end was missed, for instance while their pool was missing:
 * ephemeral volumes that are mounted nowhere, and whose pod no longer has a folder below the
 * kubelet's (NULL: not known, then none is removed). What resists is tried again the next time. */
void volume_ephemeral_remove_left(struct pools *pools, struct pool *pool,
				  const char *kubelet_folder);
