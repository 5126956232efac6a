/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The VolumeSnapshotContent that is made for a snapshot. Pure.
 */

#include <json-c/json.h>

#include "snapshot/plan.h"

/* "snapcontent-<uid>", by which no snapshot gets two contents; of a member of a group the one that
 * its group makes. Yours. */
char *snapshot_manifest_name(const struct snapshot *snapshot);

/* ERROR_INVALID names the parameter of the class. */
int snapshot_manifest(const struct snapshot_view *view, const struct snapshot_class *class,
		      struct json_object **ret_json, struct error *err);
