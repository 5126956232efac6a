/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A CSIStorageCapacity: how much room volumes of one class have on one node. The scheduler reads
 * these before it selects a node for a pod with an unbound claim, and we write them.
 *
 * The class and the node of an object never change; another pair is another object. Ours bear two
 * labels: the driver's, and one that says who manages them. What another program manages is not
 * ours, even if it is about our driver.
 */

#include <stdbool.h>
#include <stdint.h>

#include "csi/names.h"
#include "kube/object.h"

#define STORAGE_CAPACITY_DRIVER_LABEL "csi.storage.k8s.io/drivername"
#define STORAGE_CAPACITY_MANAGER_LABEL "csi.storage.k8s.io/managed-by"
#define STORAGE_CAPACITY_MANAGER "kentledge-provisioner"
#define STORAGE_CAPACITY_SELECTOR                                                                  \
	STORAGE_CAPACITY_DRIVER_LABEL                                                              \
	"=" CSI_DRIVER_NAME "," STORAGE_CAPACITY_MANAGER_LABEL "=" STORAGE_CAPACITY_MANAGER

/* What is said of the room. A member that is absent differs from one that is 0. */
struct room {
	bool has_capacity;
	bool has_maximum;
	uint64_t capacity_bytes;
	uint64_t maximum_bytes; /* of one volume */
};

struct storage_capacity {
	struct object object;
	const char *class_name;
	const char *node_id; /* NULL: its topology is not one node, as ours always is */
	struct room room;
};

extern const struct kind storage_capacity_kind;

static inline struct storage_capacity *storage_capacity_of(struct object *object)
{
	return (struct storage_capacity *)object;
}
