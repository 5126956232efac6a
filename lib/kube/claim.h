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

#define CLAIM_ACCESS_MODE_COUNT 4

/* By the number of the bit: "ReadWriteOnce", … */
extern const char *const claim_access_mode_names[CLAIM_ACCESS_MODE_COUNT];

/* status.allocatedResourceStatuses.storage: how far a growth has come (core/v1
 * ClaimResourceStatus). The controller that grows the volume writes its own states and
 * NODE_PENDING, the kubelet the others. */
enum claim_growth {
	CLAIM_GROWTH_NONE,
	CLAIM_GROWTH_CONTROLLER_IN_PROGRESS,
	CLAIM_GROWTH_CONTROLLER_INFEASIBLE,
	CLAIM_GROWTH_NODE_PENDING,
	CLAIM_GROWTH_NODE_IN_PROGRESS,
	CLAIM_GROWTH_NODE_INFEASIBLE,
	CLAIM_GROWTH_OTHER, /* of a later Kubernetes */
};

/* status.modifyVolumeStatus.status: how far a change of the VolumeAttributesClass has come (core/v1
 * PersistentVolumeClaimModifyVolumeStatus). */
enum claim_modify {
	CLAIM_MODIFY_NONE,
	CLAIM_MODIFY_PENDING, /* the class is missing */
	CLAIM_MODIFY_IN_PROGRESS,
	CLAIM_MODIFY_INFEASIBLE,
	CLAIM_MODIFY_OTHER, /* of a later Kubernetes */
};

/* The types of conditions that belong to growth and to modification, as bits. */
enum claim_condition {
	CLAIM_RESIZING = 1 << 0,
	CLAIM_FILE_SYSTEM_RESIZE_PENDING = 1 << 1,
	CLAIM_CONTROLLER_RESIZE_ERROR = 1 << 2,
	CLAIM_NODE_RESIZE_ERROR = 1 << 3,
	CLAIM_MODIFYING = 1 << 4,
	CLAIM_MODIFY_ERROR = 1 << 5,
};

#define CLAIM_CONDITION_COUNT 6

#define CLAIM_GROWTH_CONDITIONS                                                                    \
	(CLAIM_RESIZING | CLAIM_FILE_SYSTEM_RESIZE_PENDING | CLAIM_CONTROLLER_RESIZE_ERROR |       \
	 CLAIM_NODE_RESIZE_ERROR)
#define CLAIM_MODIFY_CONDITIONS (CLAIM_MODIFYING | CLAIM_MODIFY_ERROR)

/* By the number of the bit: "Resizing", … */
extern const char *const claim_condition_names[CLAIM_CONDITION_COUNT];

enum claim_data_source_kind {
	CLAIM_FROM_CLAIM,    /* a PersistentVolumeClaim: a clone of its volume */
	CLAIM_FROM_SNAPSHOT, /* a VolumeSnapshot */
	CLAIM_FROM_OTHER,    /* what a populator fills a volume from */
};

/* What the volume shall be made from: spec.dataSource, or spec.dataSourceRef where that is empty.
 * The API server keeps the two alike, and lets neither be changed. */
struct claim_data_source {
	enum claim_data_source_kind kind;
	const char *kind_name; /* "VolumeSnapshot" */
	const char *name;
	const char *namespace; /* of dataSourceRef; NULL: the claim's own */
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
	const struct claim_data_source *data_source; /* NULL: an empty volume */
	const char *attributes_class_name;	     /* spec.volumeAttributesClassName; or NULL */

	uint64_t capacity_bytes;  /* status.capacity.storage */
	uint64_t allocated_bytes; /* status.allocatedResources.storage; 0: none */
	enum claim_growth growth;
	unsigned conditions;	  /* CLAIM_… of those whose status is True */
	const char *resize_error; /* the message of CLAIM_CONTROLLER_RESIZE_ERROR, cut at
				   * ERROR_TEXT_MAX; or NULL */

	const char *current_attributes_class; /* status.currentVolumeAttributesClassName; or NULL */
	const char *modify_target; /* status.modifyVolumeStatus.targetVolume…; or NULL */
	enum claim_modify modify;
	const char *modify_error;	 /* as resize_error, of CLAIM_MODIFY_ERROR */
	const char *modify_error_reason; /* its reason; or NULL */
	const char *health; /* status.healthStatus: claim_health_join(); NULL: nothing wrong */
};

/* At most so many conditions does the API server take (core/v1 VolumeHealthStatus). */
#define CLAIM_HEALTH_MAX 16

/* "Degraded PoolFull" and the like, sorted and with commas between: two sets of adverse conditions
 * are equal if these texts are. Sorts words. NULL for none. */
const char *claim_health_join(const char **words, size_t count, struct arena *arena);

extern const struct kind claim_kind;

/* A list of access modes, as CLAIM_READ_… bits. */
int claim_read_access_modes(struct json_object *json, const char *path, struct arena *arena,
			    unsigned *ret_modes, struct error *err);

/* The driver that kube-controller-manager has named for it, in both annotations, or in the beta one
 * alone (older releases); NULL: none yet. */
const char *claim_provisioner(const struct claim *claim);

static inline struct claim *claim_of(struct object *object)
{
	return (struct claim *)object;
}
