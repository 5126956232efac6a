/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Names that both ends of a CSI call must spell the same.
 */

/* The driver: in CSIDriver, CSINode, StorageClass.provisioner, PersistentVolume. */
#define CSI_DRIVER_NAME "kentledge.io"

/* Topology segment: the node on whose disk a volume lies. */
#define CSI_TOPOLOGY_KEY "topology.kentledge.io/node"

/* StorageClass parameters under this prefix are for the provisioner and stay out of the
 * parameters of CreateVolume, but for those that it adds itself. */
#define CSI_PARAMETER_PREFIX "csi.storage.k8s.io/"
#define CSI_PARAMETER_FS_TYPE CSI_PARAMETER_PREFIX "fstype"
#define CSI_PARAMETER_CLAIM_NAME CSI_PARAMETER_PREFIX "pvc/name"
#define CSI_PARAMETER_CLAIM_NAMESPACE CSI_PARAMETER_PREFIX "pvc/namespace"
#define CSI_PARAMETER_VOLUME_NAME CSI_PARAMETER_PREFIX "pv/name"
#define CSI_PARAMETER_SNAPSHOT_NAME CSI_PARAMETER_PREFIX "volumesnapshot/name"
#define CSI_PARAMETER_SNAPSHOT_NAMESPACE CSI_PARAMETER_PREFIX "volumesnapshot/namespace"
#define CSI_PARAMETER_SNAPSHOT_CONTENT_NAME CSI_PARAMETER_PREFIX "volumesnapshotcontent/name"
#define CSI_PARAMETER_GROUP_NAME CSI_PARAMETER_PREFIX "volumegroupsnapshot/name"
#define CSI_PARAMETER_GROUP_NAMESPACE CSI_PARAMETER_PREFIX "volumegroupsnapshot/namespace"
#define CSI_PARAMETER_GROUP_CONTENT_NAME CSI_PARAMETER_PREFIX "volumegroupsnapshotcontent/name"

/* PersistentVolume attribute that names its provisioner (volume context). */
#define CSI_CONTEXT_PROVISIONER_IDENTITY "storage.kubernetes.io/csiProvisionerIdentity"

/* What the two ends call each other in their certificates (DNS names). */
#define CSI_NODE_TLS_NAME "kentledge-node"
#define CSI_PROVISIONER_TLS_NAME "kentledge-provisioner"

/* CSI spec, "Size Limits": what a field may hold unless it says otherwise. */
#define CSI_STRING_BYTES_MAX 128
#define CSI_MAP_BYTES_MAX 4096
#define CSI_NODE_ID_BYTES_MAX 256
