/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The calls of a CSI Controller service that are about snapshots, for callers that do not know
 * protobuf. Strings and pairs of a request are borrowed for the call.
 */

#include <stdint.h>

#include "base/error.h"
#include "base/pairs.h"
#include "csi/snapshot_answer.h"

struct rpc_channel;

struct csi_create_snapshot_request {
	const char *name;
	const char *source_volume;
	struct pairs parameters;
	struct pairs secrets; /* lie where their owner wipes them */
};

/* ERROR_UNAVAILABLE: no answer, or one that cannot be read; there may be a snapshot. */
int csi_create_snapshot(struct rpc_channel *channel,
			const struct csi_create_snapshot_request *request, uint32_t timeout_ms,
			struct csi_snapshot *ret_snapshot, struct error *err);

/* What names a snapshot in the calls below. */
struct csi_snapshot_request {
	const char *id;
	struct pairs secrets;
};

/* A snapshot that is not there counts as deleted. */
int csi_delete_snapshot(struct rpc_channel *channel, const struct csi_snapshot_request *request,
			uint32_t timeout_ms, struct error *err);

/* ERROR_NOT_FOUND: the driver has no such snapshot. */
int csi_get_snapshot(struct rpc_channel *channel, const struct csi_snapshot_request *request,
		     uint32_t timeout_ms, struct csi_snapshot *ret_snapshot, struct error *err);
