/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a change of the VolumeAttributesClass writes, as strategic merge patches. Pure.
 *
 * Those of a claim are for its status and hold for one resource version alone (ERROR_CONFLICT).
 * They touch the fields and conditions of modification and no others, so that a growth may go on
 * beside it. All are yours; NULL: there is nothing to write.
 */

#include <json-c/json.h>
#include <stdbool.h>

#include "cluster/persistent_volume.h"
#include "kube/claim.h"

/* Before the node is called with the parameters of the target. */
struct json_object *modify_patch_begin(const struct claim *claim, const char *target);

/* The volume has the target's parameters. */
struct json_object *modify_patch_done(const struct claim *claim, const char *target);

/* The node refused. code: "InvalidArgument". */
struct json_object *modify_patch_failed(const struct claim *claim, bool infeasible,
					const char *code, const char *message);

/* There is no class of the target's name. */
struct json_object *modify_patch_await(const struct claim *claim, const char *target);

/* The target cannot be sent to the node at all. */
struct json_object *modify_patch_reject(const struct claim *claim, const char *target,
					const char *code, const char *message);

/* The user has taken the change back. */
struct json_object *modify_patch_cancel(const struct claim *claim);

/* For the PersistentVolume. */
struct json_object *modify_patch_volume(const struct persistent_volume *volume, const char *target);
