/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The PersistentVolume that records a volume which was made for a claim, as JSON for the API. Pure.
 */

#include <json-c/json.h>

#include "cluster/class.h"
#include "csi/client.h"
#include "kube/claim.h"

/* request: what was asked; volume: what was made; identity: who we are (volumeAttributes). The
 * result is yours. */
struct json_object *volume_manifest(const struct claim *claim, const struct class *class,
				    const struct csi_create_volume_request *request,
				    const struct csi_volume *volume, const char *identity);
