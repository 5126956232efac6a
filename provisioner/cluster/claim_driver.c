/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/claim_driver.h"

#include "base/same.h"
#include "cluster/persistent_volume.h"
#include "csi/names.h"

bool claim_is_of_our_driver(struct cluster *cluster, const struct claim *claim)
{
	CLEANUP(object_unrefp)
	struct object *volume = cluster_get(cluster, CLUSTER_VOLUMES, "", claim->volume_name);
	return volume ? persistent_volume_is_ours(persistent_volume_of(volume))
		      : same(claim_provisioner(claim), CSI_DRIVER_NAME);
}
