/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whose a claim is: the driver of its volume; where that is gone, or was never made, the one that
 * kube-controller-manager has named for the claim. */

#include <stdbool.h>

#include "cluster/cluster.h"
#include "kube/claim.h"

/* Watched for it: volumes. */
bool claim_is_of_our_driver(struct cluster *cluster, const struct claim *claim);
