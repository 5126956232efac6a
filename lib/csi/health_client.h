/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a CSI Controller service says of the health of its volumes (CSI 1.13), for callers that know
 * volumes and not protobuf.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"

struct rpc_channel;

/* Numbers of VolumeHealthErrorType. Others, of a later CSI, are left out of answers. */
enum csi_health_status {
	CSI_HEALTH_DEGRADED = 1,
	CSI_HEALTH_INACCESSIBLE = 2,
	CSI_HEALTH_DATA_LOSS = 3,
};

struct csi_health_condition {
	enum csi_health_status status;
	const char *reason;
	const char *message;
};

struct csi_volume_health {
	const char *volume_id;
	struct csi_health_condition *conditions; /* none: nothing is known to be wrong */
	size_t count;
};

/* One page of a list. Free with csi_health_page_free(). */
struct csi_health_page {
	struct arena *arena; /* holds everything, itself included */
	struct csi_volume_health *volumes;
	size_t count;
	const char *next_token; /* "": it is the last one */
};

/* token: "" for the first page. ERROR_BUSY if the token is not valid any more. */
int csi_list_volume_health(struct rpc_channel *channel, const char *token, uint32_t timeout_ms,
			   struct csi_health_page **ret_page, struct error *err);

/* A page of that one volume. ERROR_NOT_FOUND if there is none. */
int csi_get_volume_health(struct rpc_channel *channel, const char *volume_id, uint32_t timeout_ms,
			  struct csi_health_page **ret_page, struct error *err);

void csi_health_page_free(struct csi_health_page *page);

DEFINE_CLEANUP(struct csi_health_page *, csi_health_page_free);
