/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What CreateVolume is asked for a claim of a class. Pure: the same claim and class always ask for
 * the same volume, under the same name, so that a call whose answer was lost can be repeated.
 */

#include "base/arena.h"
#include "base/error.h"
#include "cluster/class.h"
#include "csi/client.h"
#include "kube/claim.h"

/* "pvc-<uid>": the name of the volume, of its PersistentVolume, and its id at our node plugin. */
const char *claim_volume_name(const struct claim *claim, struct arena *arena);

/* Leaves topology, source, mutable parameters and secrets empty. ERROR_INVALID, _RANGE or
 * _UNSUPPORTED names the field of the claim or the parameter of the class that cannot be served.
 * Strings are borrowed from both or live in the arena. */
int claim_request_build(const struct claim *claim, const struct class *class, struct arena *arena,
			struct csi_create_volume_request *ret_request, struct error *err);
