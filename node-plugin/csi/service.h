/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The CSI services of the plugin as rows of the server's table (rpc/server.h). Handlers translate:
 * a request into what volume/volume.h knows, an outcome into a response.
 *
 * One table a file. What is not announced and not in a table is answered UNIMPLEMENTED.
 */

#include <stddef.h>

#include "rpc/server.h"

#define CSI_SERVICE_IDENTITY "csi.v1.Identity"
#define CSI_SERVICE_CONTROLLER "csi.v1.Controller"
#define CSI_SERVICE_GROUP_CONTROLLER "csi.v1.GroupController"
#define CSI_SERVICE_SNAPSHOT_METADATA "csi.v1.SnapshotMetadata"
#define CSI_SERVICE_NODE "csi.v1.Node"

/* Served on the unix socket alone: Node is for the kubelet, SnapshotMetadata for backup programs of
 * this node. The others are for the provisioner too, over TCP. */
#define CSI_LOCAL_IDENTITY false
#define CSI_LOCAL_CONTROLLER false
#define CSI_LOCAL_GROUP_CONTROLLER false
#define CSI_LOCAL_SNAPSHOT_METADATA true
#define CSI_LOCAL_NODE true

/* A row of a table: CSI_METHOD(NODE, NodeGetInfo, node_get_info). The handler has the snake's name,
 * and so have the descriptors that protobuf makes. */
#define CSI_METHOD(service, method, snake)                                                         \
	RPC_METHOD(CSI_SERVICE_##service, method, Csi__V1__##method##Request,                      \
		   csi__v1__##snake##_request__descriptor, Csi__V1__##method##Response,            \
		   csi__v1__##snake##_response__descriptor, snake, CSI_LOCAL_##service)

/* The same for one that is over soon, and on which the end of a pod may depend: it does not wait
 * for the calls of the other methods (rpc/server.h). */
#define CSI_QUICK_METHOD(service, method, snake)                                                   \
	RPC_METHOD_IN(RPC_LANE_QUICK, CSI_SERVICE_##service, method, Csi__V1__##method##Request,   \
		      csi__v1__##snake##_request__descriptor, Csi__V1__##method##Response,         \
		      csi__v1__##snake##_response__descriptor, snake, CSI_LOCAL_##service)

#define CSI_STREAM(service, method, snake)                                                         \
	RPC_STREAM(CSI_SERVICE_##service, method, Csi__V1__##method##Request,                      \
		   csi__v1__##snake##_request__descriptor,                                         \
		   csi__v1__##snake##_response__descriptor, snake, CSI_LOCAL_##service)

size_t csi_attach_methods(const struct rpc_method **ret_methods);
size_t csi_identity_methods(const struct rpc_method **ret_methods);
size_t csi_capabilities_methods(const struct rpc_method **ret_methods);
size_t csi_volume_methods(const struct rpc_method **ret_methods);
size_t csi_list_methods(const struct rpc_method **ret_methods);
size_t csi_expand_methods(const struct rpc_method **ret_methods);
size_t csi_modify_methods(const struct rpc_method **ret_methods);
size_t csi_snapshot_methods(const struct rpc_method **ret_methods);
size_t csi_group_methods(const struct rpc_method **ret_methods);
size_t csi_metadata_methods(const struct rpc_method **ret_methods);
size_t csi_health_methods(const struct rpc_method **ret_methods);
size_t csi_node_methods(const struct rpc_method **ret_methods);
