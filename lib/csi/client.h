/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The calls of a CSI Controller service (CSI spec 1.13), for callers that know volumes and not
 * protobuf. Strings and pairs of a request are borrowed for the call; what comes back is yours.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/pairs.h"

struct rpc_channel;

/* Numbers of VolumeCapability.AccessMode.Mode. */
enum csi_access_mode {
	CSI_ACCESS_UNKNOWN = 0,
	CSI_SINGLE_NODE_WRITER = 1,
	CSI_SINGLE_NODE_READER_ONLY = 2,
	CSI_MULTI_NODE_READER_ONLY = 3,
	CSI_MULTI_NODE_SINGLE_WRITER = 4,
	CSI_MULTI_NODE_MULTI_WRITER = 5,
	CSI_SINGLE_NODE_SINGLE_WRITER = 6,
	CSI_SINGLE_NODE_MULTI_WRITER = 7,
};

struct csi_capability {
	enum csi_access_mode access_mode;
	bool block;	     /* raw block device, else a mount with: */
	const char *fs_type; /* NULL: the driver's default */
	char *const *mount_flags;
	size_t mount_flag_count;
};

enum csi_source_kind {
	CSI_SOURCE_NONE, /* an empty volume */
	CSI_SOURCE_VOLUME,
	CSI_SOURCE_SNAPSHOT,
};

/* What the content of a volume is copied from. */
struct csi_source {
	enum csi_source_kind kind;
	const char *id;
};

struct csi_create_volume_request {
	const char *name;
	uint64_t required_bytes;
	uint64_t limit_bytes; /* 0: none */
	const struct csi_capability *capabilities;
	size_t capability_count;
	struct pairs parameters;
	struct pairs mutable_parameters; /* of a VolumeAttributesClass */
	struct pairs secrets; /* lie where their owner wipes them: nothing of them is copied here */
	struct pairs segments; /* requisite and preferred topology: one, of the chosen node */
	struct csi_source source;
};

/* A volume as its maker describes it. Free with csi_volume_free(). */
struct csi_volume {
	struct arena *arena; /* holds everything, itself included */
	const char *id;
	uint64_t capacity_bytes; /* 0: as requested */
	struct pairs context;
	struct pairs segments;		  /* accessible topology (the first one) */
	enum csi_source_kind source_kind; /* what its content was copied from */
};

int csi_create_volume(struct rpc_channel *channel, const struct csi_create_volume_request *request,
		      uint32_t timeout_ms, struct csi_volume **ret_volume, struct error *err);
void csi_volume_free(struct csi_volume *volume);

/* A volume that is not there counts as deleted. secrets: NULL for none. */
int csi_delete_volume(struct rpc_channel *channel, const char *volume_id,
		      const struct pairs *secrets, uint32_t timeout_ms, struct error *err);

struct csi_expand_volume_request {
	const char *volume_id;
	uint64_t required_bytes;
	const struct csi_capability *capability; /* what it is used as */
	struct pairs secrets;			 /* as those of a creation */
};

struct csi_expansion {
	uint64_t capacity_bytes; /* after the growth */
	bool node_required;	 /* the kubelet must call NodeExpandVolume */
};

/* Grows a volume to at least that size. */
int csi_expand_volume(struct rpc_channel *channel, const struct csi_expand_volume_request *request,
		      uint32_t timeout_ms, struct csi_expansion *ret_expansion, struct error *err);

struct csi_modify_volume_request {
	const char *volume_id;
	struct pairs parameters; /* all that may change, in their new state */
	struct pairs secrets;	 /* as those of a creation */
};

/* Gives a volume other mutable parameters. */
int csi_modify_volume(struct rpc_channel *channel, const struct csi_modify_volume_request *request,
		      uint32_t timeout_ms, struct error *err);

/* What is free for volumes of these parameters on the server's node. ret_volume_max_bytes is 0
 * where the driver names no maximum. */
int csi_get_capacity(struct rpc_channel *channel, const struct pairs *parameters,
		     const struct csi_capability *capability, uint32_t timeout_ms,
		     uint64_t *ret_free_bytes, uint64_t *ret_volume_max_bytes, struct error *err);

DEFINE_CLEANUP(struct csi_volume *, csi_volume_free);
