/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What growth writes, as strategic merge patches. Pure.
 *
 * Those of a claim are for its status and hold for one resource version alone (ERROR_CONFLICT).
 * They touch the conditions of growth and no others. All are yours.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "cluster/persistent_volume.h"
#include "kube/claim.h"

/* Before the node is asked for a size. repeats: it is the one that was asked for last, so what an
 * earlier attempt has written stays. NULL: there is nothing to write. */
struct json_object *growth_patch_begin(const struct claim *claim, uint64_t target_bytes,
				       bool repeats);

/* The volume has grown; the kubelet has to grow the file system. */
struct json_object *growth_patch_pending(const struct claim *claim);

/* The claim has its new size. */
struct json_object *growth_patch_done(const struct claim *claim, uint64_t capacity_bytes);

/* The node refused. NULL: the claim says so already. */
struct json_object *growth_patch_failed(const struct claim *claim, bool infeasible,
					const char *message);

/* It is not known how the attempt ended. NULL: there is nothing to write. */
struct json_object *growth_patch_unknown(const struct claim *claim);

/* For the PersistentVolume, whose capacity never shrinks. previous_bytes: the claim's capacity, if
 * the kubelet has to grow the file system; 0: it has not. NULL: there is nothing to write. */
struct json_object *growth_patch_volume(const struct persistent_volume *volume,
					uint64_t capacity_bytes, uint64_t previous_bytes);
