/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A StorageClass: how the administrator wants volumes to be made. Claims name a class; the class
 * names the provisioner, the parameters and the nodes. All of it but mountOptions and
 * reclaimPolicy's effect on existing volumes is immutable, though a class may be deleted and made
 * again with other content.
 */

#include <stdbool.h>
#include <stddef.h>

#include "kube/object.h"

/* One key of a node's labels and the values that will do. */
struct topology_rule {
	const char *key;
	const char **values;
	size_t value_count;
};

/* All of its rules must hold. */
struct topology_term {
	struct topology_rule *rules;
	size_t rule_count;
};

struct class
{
	struct object object;
	const char *provisioner;
	struct pairs parameters;
	bool delete_released; /* reclaimPolicy Delete, which is also the default */
	bool wait_for_first_consumer;
	const char **mount_options;
	size_t mount_option_count;
	struct topology_term *topologies; /* allowedTopologies: one of them must hold; none: any */
	size_t topology_count;
};

extern const struct kind class_kind;

/* A node with these labels may hold volumes of the class. */
bool class_allows(const struct class *class, const struct pairs *node_labels);

static inline struct class *class_of(struct object *object)
{
	return (struct class *)object;
}
