/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The calls of a kubelet, and of a provisioner on the unix socket, in as few words as tests need.
 * All give 0, or -1 with the error that the plugin answered.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "rpc/channel.h"

struct node_volume {
	const char *name; /* also the id, for names like pvc-1 */
	const char *backend;
	const char *fs_type;	/* "": none named */
	const char *mount_flag; /* NULL: none */
	uint64_t size_bytes;
	const char *provisioning; /* NULL: not told */
	bool enforce;		  /* a directory volume's size must hold */
	const char *pool;	  /* NULL: any */
	bool block;
	const char *encryption;	     /* NULL: not named */
	const char *key;	     /* encryptionKey of the stage secret; NULL: no secret */
	const char *source_snapshot; /* its content; NULL: not that of a snapshot */
	const char *source_volume;   /* NULL: not that of a volume */
};

/* GetPluginInfo: the emptiest of all calls. */
int node_client_plugin_info(struct rpc_channel *channel, struct error *err);
/* Probe: *ret_ready is false while the plugin still looks what the kernel can do. */
int node_client_probe(struct rpc_channel *channel, bool *ret_ready, struct error *err);

/* How many entries ListVolumes and ListSnapshots give. */
int node_client_count_volumes(struct rpc_channel *channel, size_t *ret_count, struct error *err);
int node_client_count_snapshots(struct rpc_channel *channel, size_t *ret_count, struct error *err);

int node_client_create(struct rpc_channel *channel, const struct node_volume *volume,
		       struct error *err);
int node_client_delete(struct rpc_channel *channel, const char *id, struct error *err);
int node_client_snapshot(struct rpc_channel *channel, const char *name, const char *volume,
			 struct error *err);
int node_client_delete_snapshot(struct rpc_channel *channel, const char *id, struct error *err);
int node_client_stage(struct rpc_channel *channel, const struct node_volume *volume,
		      const char *staging, struct error *err);
int node_client_unstage(struct rpc_channel *channel, const char *id, const char *staging,
			struct error *err);
int node_client_publish(struct rpc_channel *channel, const struct node_volume *volume,
			const char *staging, const char *target, bool read_only, struct error *err);
/* An inline ephemeral volume with this attribute besides its size; "": none. */
int node_client_publish_ephemeral(struct rpc_channel *channel, const char *id, const char *size,
				  const char *key, const char *value, const char *target,
				  struct error *err);
int node_client_unpublish(struct rpc_channel *channel, const char *id, const char *target,
			  struct error *err);

/* What GetCapacity says of volumes like this one (its name and size are not asked). */
struct node_capacity {
	uint64_t available_bytes;
	uint64_t maximum_bytes;
	uint64_t minimum_bytes;
};

int node_client_capacity(struct rpc_channel *channel, const struct node_volume *volume,
			 struct node_capacity *ret_capacity, struct error *err);

/* What NodeGetVolumeStats says: total bytes and inodes. */
int node_client_stats(struct rpc_channel *channel, const char *id, const char *path,
		      uint64_t *ret_bytes, uint64_t *ret_inodes, struct error *err);

int node_client_expand(struct rpc_channel *channel, const char *id, uint64_t required_bytes,
		       uint64_t limit_bytes, uint64_t *ret_bytes, bool *ret_node_too,
		       struct error *err);
int node_client_expand_mounted(struct rpc_channel *channel, const char *id, const char *path,
			       uint64_t required_bytes, uint64_t *ret_bytes, struct error *err);
