/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The calls of a CSI Controller service that are about snapshots, for callers that do not know
 * protobuf. Strings and pairs of a request are borrowed for the call.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pairs.h"
#include "csi/names.h"

struct rpc_channel;

/* A snapshot as its maker describes it. */
struct csi_snapshot {
	char id[CSI_STRING_BYTES_MAX + 1];
	char source_volume[CSI_STRING_BYTES_MAX + 1];
	char group[CSI_STRING_BYTES_MAX + 1]; /* the group snapshot that it is a member of, or "" */
	int64_t taken_ns;		      /* since the epoch; 0: not said */
	uint64_t size_bytes; /* of the least volume to restore it into; 0: not said */
	bool ready;	     /* a volume can be made of it */
};

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
