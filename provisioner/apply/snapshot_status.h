/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is written into the status of a VolumeSnapshot, and of a VolumeGroupSnapshot, which is
 * alike. Pure.
 */

#include <json-c/json.h>
#include <stdint.h>

#include "cluster/snapshot.h"
#include "cluster/snapshot_content.h"

void snapshot_status_set_time(struct json_object *json, const char *key, int64_t time_s);

/* message NULL: nothing is wrong any more. time_s 0: now. */
void snapshot_status_set_error(struct json_object *status, const char *message, int64_t time_s);

/* What the content says, as a merge patch for this version of the snapshot. */
struct json_object *snapshot_status_patch(const struct snapshot *snapshot,
					  const struct snapshot_content *content);
