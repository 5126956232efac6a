/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Snapshots as protobuf has them in answers, read with all of their bounds. For the clients in this
 * folder.
 *
 * What the driver did is not known if its answer cannot be read. ERROR_UNAVAILABLE says so; to the
 * caller ERROR_INTERNAL would mean that there is no snapshot.
 */

#include "base/error.h"
#include "csi.pb-c.h"
#include "csi/snapshot_answer.h"

/* CSI spec, "Size Limits". */
int snapshot_wire_take_string(const char *field, const char *from,
			      char to[static CSI_STRING_BYTES_MAX + 1], struct error *err);

/* To nanoseconds since the epoch; 0 if missing. */
int snapshot_wire_take_time(const Google__Protobuf__Timestamp *from, int64_t *ret_ns,
			    struct error *err);

int snapshot_wire_take(const Csi__V1__Snapshot *from, struct csi_snapshot *to, struct error *err);
