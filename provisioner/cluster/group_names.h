/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The words by which group snapshots are written down in the cluster. Kubernetes'
 * snapshot-controller and external-snapshotter use the same ones, so that either may continue what
 * ours began.
 *
 * The controller's part turns a VolumeGroupSnapshot into a VolumeGroupSnapshotContent; the
 * sidecar's part turns the content into snapshots on a node; then the controller's part makes a
 * VolumeSnapshot and its content for each member.
 *
 * Names of the members follow from the group's uid and the volume's handle alone, so that a
 * repeated step finds what the first one made.
 */

#include "cluster/snapshot_names.h"

#define GROUP_API_PREFIX "groupsnapshot.storage.k8s.io/" /* then the version */
#define GROUP_API_VERSION "groupsnapshot.storage.k8s.io/v1"
#define GROUP_OLDER_API_VERSION                                                                    \
	"groupsnapshot.storage.k8s.io/v1beta2" /* where v1 is not served                           \
						*/
#define GROUP_PREFIX "groupsnapshot.storage.kubernetes.io/"

/* Names of what is made for a VolumeGroupSnapshot: these and its uid. */
#define GROUP_CONTENT_NAME_PREFIX "groupsnapcontent-"
#define GROUP_CSI_NAME_PREFIX "groupsnapshot" /* then "-"; --groupsnapshot-name-prefix */

/* Names of its members: these and group_member_hash(). */
#define GROUP_MEMBER_NAME_PREFIX "snapshot-"
#define GROUP_MEMBER_CONTENT_NAME_PREFIX "snapcontent-"

/* Finalizers, all of the controller's part. That of the members is SNAPSHOT_GROUP_FINALIZER. */
#define GROUP_CONTENT_FINALIZER GROUP_PREFIX "volumegroupsnapshotcontent-bound-protection"
#define GROUP_BOUND_FINALIZER GROUP_PREFIX "volumegroupsnapshot-bound-protection"

/* Annotations of a group content; the value of the first two is SNAPSHOT_YES. A member's content
 * has SNAPSHOT_GROUP_HANDLE_ANNOTATION. The node that has the data is noted by
 * SNAPSHOT_MANAGED_BY_LABEL and SNAPSHOT_NODE_ANNOTATION, as on a snapshot's content. */
#define GROUP_BEING_CREATED_ANNOTATION                                                             \
	GROUP_PREFIX "volumegroupsnapshot-being-created" /* sidecar                                \
							  */
#define GROUP_BEING_DELETED_ANNOTATION                                                             \
	GROUP_PREFIX "volumegroupsnapshot-being-deleted" /* controller */
#define GROUP_DELETION_SECRET_NAME_ANNOTATION GROUP_PREFIX "deletion-secret-name"
#define GROUP_DELETION_SECRET_NAMESPACE_ANNOTATION GROUP_PREFIX "deletion-secret-namespace"

/* On a class: "true" makes it the default for volumes of its driver. */
#define GROUP_CLASS_DEFAULT_ANNOTATION GROUP_PREFIX "is-default-class"

/* Hex SHA-256 of the group's uid followed by the handle of the member's volume. */
#define GROUP_MEMBER_HASH_BYTES 65 /* with its end */
void group_member_hash(const char *group_uid, const char *handle,
		       char ret_hash[static GROUP_MEMBER_HASH_BYTES]);
