/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The calls of a CSI GroupController service: snapshots of several volumes at one moment. For
 * callers that do not know protobuf. Strings and pairs of a request are borrowed for the call.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "csi/snapshot_client.h"

/* So many snapshots an answer may have; our node plugin makes no more in a group. */
#define CSI_GROUP_MEMBERS_MAX 64

struct csi_group_snapshot {
	char id[CSI_STRING_BYTES_MAX + 1];
	int64_t taken_ns; /* since the epoch; 0: not said */
	bool ready;	  /* volumes can be made of all of its snapshots */
	struct csi_snapshot members[CSI_GROUP_MEMBERS_MAX];
	size_t member_count;
};

struct csi_create_group_request {
	const char *name;
	const char *const *source_volumes;
	size_t source_count;
	struct pairs parameters;
	struct pairs secrets; /* lie where their owner wipes them */
};

/* ERROR_UNAVAILABLE: no answer, or one that cannot be read; there may be a group. */
int csi_create_group_snapshot(struct rpc_channel *channel,
			      const struct csi_create_group_request *request, uint32_t timeout_ms,
			      struct csi_group_snapshot *ret_group, struct error *err);

/* What names a group in the calls below: its id and those of all its snapshots. */
struct csi_group_request {
	const char *id;
	const char *const *snapshots;
	size_t snapshot_count;
	struct pairs secrets;
};

/* With its snapshots. A group that is not there counts as deleted. */
int csi_delete_group_snapshot(struct rpc_channel *channel, const struct csi_group_request *request,
			      uint32_t timeout_ms, struct error *err);

/* ERROR_NOT_FOUND: the driver has no such group. ERROR_INVALID: its snapshots are others. */
int csi_get_group_snapshot(struct rpc_channel *channel, const struct csi_group_request *request,
			   uint32_t timeout_ms, struct csi_group_snapshot *ret_group,
			   struct error *err);
