/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The CSI services of the plugin as rows of the server's table (rpc/server.h). Handlers translate:
 * a request into what volume.h knows, an outcome into a response. Identity, Controller and
 * GroupController are also for the provisioner, over TCP; Node is for the kubelet and
 * SnapshotMetadata for backup programs of this node.
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
size_t csi_node_methods(const struct rpc_method **ret_methods);
