/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The PersistentVolume that records a volume which was made for a claim, as JSON for the API. Pure.
 */

#include <json-c/json.h>

#include "claim/secret_names.h"
#include "cluster/class.h"
#include "csi/client.h"
#include "kube/claim.h"

/* All that it is made from. */
struct volume_origin {
	const struct claim *claim;
	const struct class *class;
	const struct csi_create_volume_request *request; /* what was asked for */
	const struct secret_names *secrets;
	const struct csi_volume *volume; /* what was made */
	const char *identity;		 /* ours, in volumeAttributes */
	bool publish_readonly;		 /* mark a volume of a claim that may only read */
};

/* The result is yours. */
struct json_object *volume_manifest(const struct volume_origin *origin);
