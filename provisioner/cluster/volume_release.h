/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether a volume was released: its claim is gone, and its policy says that its data go too. The
 * role "reclaim" deletes the data then, and the role "nodes" the record of one whose node is gone.
 */

#include <stdbool.h>

#include "cluster/persistent_volume.h"
#include "kube/claim.h"

/* Pure. claim: the one that claimRef names; NULL: not there. */
bool volume_wants_reclaim(const struct persistent_volume *volume, const struct claim *claim);

/* Pure. That claim has the volume: its uid stands in claimRef, and it names the volume. A claim of
 * the same name but another uid is another claim (Kubernetes behaviour). */
bool volume_is_used_by(const struct persistent_volume *volume, const struct claim *claim);
