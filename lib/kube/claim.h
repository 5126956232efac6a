/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A PersistentVolumeClaim: a user's request for a volume.
 */

#include <stdbool.h>
#include <stdint.h>

#include "kube/object.h"

/* Written by Kubernetes itself; see kube-controller-manager's persistentvolume controller and
 * kube-scheduler's VolumeBinding. */
#define CLAIM_PROVISIONER_ANNOTATION "volume.kubernetes.io/storage-provisioner"
#define CLAIM_PROVISIONER_BETA_ANNOTATION "volume.beta.kubernetes.io/storage-provisioner"
#define CLAIM_SELECTED_NODE_ANNOTATION "volume.kubernetes.io/selected-node"

enum claim_access_mode {
	CLAIM_READ_WRITE_ONCE = 1 << 0,
	CLAIM_READ_ONLY_MANY = 1 << 1,
	CLAIM_READ_WRITE_MANY = 1 << 2,
	CLAIM_READ_WRITE_ONCE_POD = 1 << 3,
};

struct claim {
	struct object object;
	const char *phase;	 /* "Pending", "Bound", "Lost" */
	const char *class_name;	 /* spec.storageClassName, else the beta annotation; NULL: none */
	const char *volume_name; /* "" until bound */
	unsigned access_modes;	 /* of enum claim_access_mode */
	uint64_t request_bytes;
	uint64_t limit_bytes; /* 0: none */
	bool block;	      /* spec.volumeMode: Block */
	bool has_selector;
	const char *data_source_kind; /* spec.dataSourceRef.kind or spec.dataSource.kind; or NULL */
	const char *attributes_class_name; /* spec.volumeAttributesClassName; or NULL */
};

extern const struct kind claim_kind;

static inline struct claim *claim_of(struct object *object)
{
	return (struct claim *)object;
}
