/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/readiness.h"

#include "host/host.h"
#include "host/node_features.h"
#include "pool/pools.h"

int readiness_check(struct pools *pools, struct error *err)
{
	if (pools_check(pools, err) < 0)
		return -1;
	return pools->host->check(pools->host, err);
}

int readiness_probe(struct pools *pools, const struct node_features *features, bool *ret_known,
		    struct error *err)
{
	bool known = atomic_load(&features->known);
	if (readiness_check(pools, err) < 0 ||
	    (known && node_features_require(features, FEATURE_EXT4, err) < 0))
		return -1;
	*ret_known = known;
	return 0;
}
