/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The words by which snapshots are written down in the cluster. Kubernetes' snapshot-controller and
 * external-snapshotter use the same ones, so that either may continue what ours began.
 *
 * The controller's part turns a VolumeSnapshot into a VolumeSnapshotContent; the sidecar's part
 * turns the content into a snapshot on a node. Each line says which of them writes it.
 */

#define SNAPSHOT_API_VERSION "snapshot.storage.k8s.io/v1"
#define SNAPSHOT_PREFIX "snapshot.storage.kubernetes.io/"

/* Names of what is made for a VolumeSnapshot: these and its uid. */
#define SNAPSHOT_CONTENT_NAME_PREFIX "snapcontent-"
#define SNAPSHOT_CSI_NAME_PREFIX "snapshot" /* then "-"; --snapshot-name-prefix */

/* Finalizers, all of the controller's part. */
#define SNAPSHOT_CONTENT_FINALIZER SNAPSHOT_PREFIX "volumesnapshotcontent-bound-protection"
#define SNAPSHOT_SOURCE_FINALIZER SNAPSHOT_PREFIX "volumesnapshot-as-source-protection"
#define SNAPSHOT_BOUND_FINALIZER SNAPSHOT_PREFIX "volumesnapshot-bound-protection"
#define SNAPSHOT_GROUP_FINALIZER SNAPSHOT_PREFIX "volumesnapshot-in-group-protection"
#define SNAPSHOT_CLAIM_FINALIZER SNAPSHOT_PREFIX "pvc-as-source-protection"

/* Annotations of a content; the value of the first two is SNAPSHOT_YES. */
#define SNAPSHOT_BEING_CREATED_ANNOTATION                                                          \
	SNAPSHOT_PREFIX "volumesnapshot-being-created" /* sidecar */
#define SNAPSHOT_BEING_DELETED_ANNOTATION                                                          \
	SNAPSHOT_PREFIX "volumesnapshot-being-deleted" /* controller */
#define SNAPSHOT_DELETION_SECRET_NAME_ANNOTATION SNAPSHOT_PREFIX "deletion-secret-name"
#define SNAPSHOT_DELETION_SECRET_NAMESPACE_ANNOTATION SNAPSHOT_PREFIX "deletion-secret-namespace"
#define SNAPSHOT_ALLOW_MODE_CHANGE_ANNOTATION                                                      \
	SNAPSHOT_PREFIX "allow-volume-mode-change" /* the administrator's */
#define SNAPSHOT_YES "yes"

/* On a content: the node that has the snapshot, once by its name, as upstream's controller writes
 * it in its distributed mode, and once by our driver's id of it, which outlives the Node. */
#define SNAPSHOT_MANAGED_BY_LABEL SNAPSHOT_PREFIX "managed-by"
#define SNAPSHOT_NODE_ANNOTATION "kentledge.io/node"

/* On a VolumeSnapshot or VolumeGroupSnapshot: the driver by which it is made, written with its
 * first finalizer. Where its content is gone nothing else says whose it is. */
#define SNAPSHOT_DRIVER_ANNOTATION "kentledge.io/driver"

/* On a content that is a member of a group snapshot. */
#define SNAPSHOT_GROUP_HANDLE_ANNOTATION "groupsnapshot.storage.k8s.io/volumeGroupSnapshotHandle"

/* On a class: "true" makes it the default for volumes of its driver. */
#define SNAPSHOT_CLASS_DEFAULT_ANNOTATION SNAPSHOT_PREFIX "is-default-class"
