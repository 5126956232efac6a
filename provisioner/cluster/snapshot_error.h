/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What went wrong with a snapshot last, as the statuses of a VolumeSnapshot and of its content say
 * it (VolumeSnapshotError).
 */

#include <json-c/json.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct snapshot_error {
	const char *message; /* NULL: nothing went wrong */
	int64_t time_s;	     /* 0: not said */
};

/* json: the object of the API; reads its "status.error". */
int snapshot_error_parse(struct json_object *json, struct arena *arena,
			 struct snapshot_error *ret_error, struct error *err);
