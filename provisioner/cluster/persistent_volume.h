/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A PersistentVolume: the cluster's record of a volume, whose data is on one node.
 *
 *	pending --binder--> bound --claim deleted--> released --reclaimed--> gone
 *
 * The phases are the binder's (kube-controller-manager); the provisioner creates the object and
 * deletes it again. Our finalizer keeps an object whose policy is Delete until its data is gone, so
 * that deleting the object first does not leave the data behind.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cluster/node_selector.h"
#include "kube/object.h"

#define PERSISTENT_VOLUME_PROVISIONED_BY_ANNOTATION "pv.kubernetes.io/provisioned-by"
#define PERSISTENT_VOLUME_SECRET_NAME_ANNOTATION                                                   \
	"volume.kubernetes.io/provisioner-deletion-secret-name"
#define PERSISTENT_VOLUME_SECRET_NAMESPACE_ANNOTATION                                              \
	"volume.kubernetes.io/provisioner-deletion-secret-namespace"
/* The claim's status.capacity before the volume grew. The binder and the kubelet read it, so that
 * the file system is grown even if another claim is bound to the volume first. */
#define PERSISTENT_VOLUME_PRE_RESIZE_ANNOTATION "volume.alpha.kubernetes.io/pre-resize-capacity"
#define PERSISTENT_VOLUME_MODIFY_SECRET_NAME_ANNOTATION                                            \
	"volume.kubernetes.io/controller-modify-secret-name"
#define PERSISTENT_VOLUME_MODIFY_SECRET_NAMESPACE_ANNOTATION                                       \
	"volume.kubernetes.io/controller-modify-secret-namespace"
#define PERSISTENT_VOLUME_FINALIZER "external-provisioner.volume.kubernetes.io/finalizer"

enum persistent_volume_phase {
	PERSISTENT_VOLUME_PENDING,   /* also: no phase yet */
	PERSISTENT_VOLUME_AVAILABLE, /* waits for a claim */
	PERSISTENT_VOLUME_BOUND,
	PERSISTENT_VOLUME_RELEASED, /* its claim is gone */
	PERSISTENT_VOLUME_FAILED,
};

struct persistent_volume {
	struct object object;
	enum persistent_volume_phase phase;
	int64_t phase_since_s;	       /* status.lastPhaseTransitionTime; 0: not known */
	bool delete_released;	       /* persistentVolumeReclaimPolicy: Delete */
	const char *driver;	       /* spec.csi.driver; NULL: not a CSI volume */
	const char *handle;	       /* spec.csi.volumeHandle */
	struct node_selector affinity; /* spec.nodeAffinity.required: where the data can be used */
	const char *class_name;	       /* or NULL */
	const char *claim_namespace;   /* spec.claimRef; NULL: none */
	const char *claim_name;
	const char *claim_uid; /* NULL: reserved by a user, not bound yet */
	uint64_t capacity_bytes;
	unsigned access_modes; /* enum claim_access_mode */
	bool block;	       /* spec.volumeMode: Block */
	const char *fs_type;   /* spec.csi.fsType; or NULL */
	const char **mount_options;
	size_t mount_option_count;
	const char *attributes_class_name; /* spec.volumeAttributesClassName; or NULL */
	const char *expand_secret;	   /* spec.csi.controllerExpandSecretRef; NULL: none */
	const char *expand_secret_namespace;
};

extern const struct kind persistent_volume_kind;

/* Our driver serves it. */
bool persistent_volume_is_ours(const struct persistent_volume *volume);

struct claim;

/* Its claimRef is this very claim. */
bool persistent_volume_is_of(const struct persistent_volume *volume, const struct claim *claim);

static inline struct persistent_volume *persistent_volume_of(struct object *object)
{
	return (struct persistent_volume *)object;
}
