/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An inline ephemeral volume as the kubelet asks for it: all that a claim and a class would say
 * stands in the volumeAttributes of the pod, which come as volume_context.
 *
 *	size			a quantity; 1Gi if it is missing
 *	fsType			as in the class
 *	backend, enforce, provisioning, pool
 */

#include <stdbool.h>

#include "base/pairs.h"
#include "volume/access.h"
#include "volume/create.h"

/* By csi.storage.k8s.io/ephemeral, which the kubelet adds (CSIDriver: podInfoOnMount). */
bool csi_ephemeral_is(const struct pairs *context);

/* access may get its file system from fsType. ERROR_INVALID names the attribute. The strings are
 * borrowed from the pairs, whose entries are reordered. */
int csi_ephemeral_spec(const char *volume_id, struct pairs *context, struct access *access,
		       struct volume_spec *ret_spec, struct error *err);
